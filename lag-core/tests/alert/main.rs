//! What alerts may cause, and that it is caused once.
#![allow(clippy::unwrap_used)]

mod amounts;
mod back;
mod beginning;
mod captured;
mod enumeration;
mod first;
mod interleaved;
mod oracle;
mod payload;
mod policy;
mod properties;
mod rules;
mod selection;
mod store;
mod world;
