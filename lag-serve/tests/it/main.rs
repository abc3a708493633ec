//! The public face of the crate: one binary, so that it links once.
#![allow(clippy::unwrap_used)]

mod common;
mod handover;
mod json;
mod metrics;
mod pages;
mod properties;
mod scrapes;
mod server;
