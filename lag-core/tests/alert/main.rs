//! What alerts may cause, and that it is caused once.
#![allow(clippy::unwrap_used)]

mod back;
mod captured;
mod enumeration;
mod interleaved;
mod payload;
mod policy;
mod properties;
mod rules;
mod store;
mod world;
