//! The way to an API server, against a stand-in of one.
#![allow(clippy::unwrap_used)]

mod request_header;
mod reviews;
mod stand_in;
