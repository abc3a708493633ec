//! The simulator as its clients see it: over the wire.
#![allow(clippy::unwrap_used)]

mod chat;
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
mod progress;
mod robot_faults;
mod robots;
mod script;
mod signatures;
mod sts;
mod temporary;
