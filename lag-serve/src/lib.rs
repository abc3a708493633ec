#![doc = include_str!("../README.md")]

mod body;
mod cache;
mod config;
mod exporter;
mod exposition;
#[cfg(feature = "external-metrics")]
pub mod external;
mod json;
#[cfg(feature = "keda")]
pub mod keda;
mod lifecycle;
mod negotiate;
mod pages;
mod routes;
mod status;
pub mod web;

pub use config::{BuildInfo, Compat, ServeConfig};
pub use exporter::{Exporter, Now};
pub use exposition::{Encoding, Format};
pub use lifecycle::{Lifecycle, Swap};
pub use routes::{InvalidTelemetryPath, check_telemetry_path};
