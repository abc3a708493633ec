//! The simulator as its clients see it: over the wire.
#![allow(clippy::unwrap_used)]

mod client;
mod clock;
mod control;
mod credential_faults;
mod errors;
mod faults;
mod kafka;
mod library;
mod metadata;
mod oidc;
mod paging;
mod signatures;
mod sts;
mod temporary;
