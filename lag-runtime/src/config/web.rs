//! Where lag is served.

use super::{
    ConfigError, File,
    pick::{Picker, boolean},
};
use crate::args::Args;

/// Where it is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebConfig {
    /// Addresses to listen on, as written, at least one.
    pub listen_addresses: Vec<String>,
    /// Path of the metrics, as written.
    pub telemetry_path: String,
    /// Whether lag samples carry the time of the datum.
    pub sample_timestamps: bool,
}

pub(super) fn resolve(
    args: &Args,
    file: &File,
    picker: Picker<'_>,
) -> Result<WebConfig, ConfigError> {
    let (web, metrics, args) = (&file.web, &file.metrics, &args.web);
    let listen = picker.many(
        "--web.listen-address",
        &args.listen_address,
        "web.listen_address",
        &web.listen_address,
    )?;
    let mut listen_addresses: Vec<_> = listen.into_iter().map(|found| found.text).collect();
    if listen_addresses.is_empty() {
        listen_addresses.push(":9876".to_owned());
    }
    let path = picker.one(
        "--web.telemetry-path",
        args.telemetry_path.as_deref(),
        "web.telemetry_path",
        &web.telemetry_path,
    )?;
    let telemetry_path = path.map_or_else(|| "/metrics".to_owned(), |found| found.text);
    let stamps = picker.one(
        "--metrics.sample-timestamps",
        args.sample_timestamps.as_deref(),
        "metrics.sample_timestamps",
        &metrics.sample_timestamps,
    )?;
    Ok(WebConfig {
        listen_addresses,
        telemetry_path,
        sample_timestamps: boolean(stamps)?,
    })
}
