//! The public face of the crate: one binary, so that it links once.
#![allow(clippy::unwrap_used)]

mod common;
mod json;
mod metrics;
mod pages;
mod properties;
mod recommended;
mod scrapes;
mod server;
