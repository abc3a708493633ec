//! The simulator as its clients see it: over the wire.
#![allow(clippy::unwrap_used)]

mod client;
mod clock;
mod control;
mod errors;
mod faults;
mod library;
mod paging;
mod signatures;
