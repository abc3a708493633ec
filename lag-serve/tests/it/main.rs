//! The public face of the crate: one binary, so that it links once.
#![allow(clippy::unwrap_used)]

mod common;
mod compat;
#[cfg(feature = "external-metrics")]
mod external;
mod handover;
mod json;
#[cfg(feature = "keda")]
mod keda;
mod metrics;
mod pages;
mod properties;
mod proto;
mod recommended;
mod scrapes;
mod server;
mod status;
