//! Where lag is served.

use std::collections::BTreeSet;

use super::{
    ConfigError, File,
    pick::{Found, Picker, boolean, flag_place},
};
use crate::args::WebArgs;

/// Where it is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebConfig {
    /// Addresses to listen on, as written, at least one.
    pub listen_addresses: Vec<Written>,
    /// Path of the metrics, as written.
    pub telemetry_path: Written,
    /// File with TLS and passwords; plain HTTP that anybody may read without it.
    pub config_file: Option<Written>,
    /// Whether lag samples carry the time of the datum.
    pub sample_timestamps: bool,
    /// By whose names lags are shown beside our own.
    pub compat: BTreeSet<Compat>,
    /// Whether the configuration can be read again over HTTP.
    pub enable_lifecycle: bool,
}

/// Another exporter, whose names dashboards and rules may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Compat {
    /// danielqsj's, which Strimzi and many charts ship.
    KafkaExporter,
    /// klag-exporter, and kafka-lag-exporter before it.
    Klag,
}

/// A value that is read by somebody else, and the place to name when it is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The value.
    pub text: String,
    /// The flag, or the file with line and key.
    pub place: String,
}

impl Written {
    pub(super) fn new(found: Found) -> Self {
        Self {
            text: found.text,
            place: found.place,
        }
    }

    pub(super) fn default_of(flag: &str, text: &str) -> Self {
        Self {
            text: text.to_owned(),
            place: flag_place(flag),
        }
    }
}

pub(super) fn resolve(
    args: &WebArgs,
    file: &File,
    picker: Picker<'_>,
) -> Result<WebConfig, ConfigError> {
    let (web, metrics) = (&file.web, &file.metrics);
    let listen = picker.many(
        "--web.listen-address",
        &args.listen_address,
        "web.listen_address",
        &web.listen_address,
    )?;
    let mut listen_addresses: Vec<_> = listen.into_iter().map(Written::new).collect();
    if listen_addresses.is_empty() {
        listen_addresses.push(Written::default_of("--web.listen-address", ":9876"));
    }
    let path = picker.one(
        "--web.telemetry-path",
        args.telemetry_path.as_deref(),
        "web.telemetry_path",
        &web.telemetry_path,
    )?;
    let telemetry_path = path.map_or_else(
        || Written::default_of("--web.telemetry-path", "/metrics"),
        Written::new,
    );
    let config_file = picker.one(
        "--web.config.file",
        args.web_config_file.as_deref(),
        "web.config_file",
        &web.config_file,
    )?;
    let stamps = picker.one(
        "--metrics.sample-timestamps",
        args.sample_timestamps.as_deref(),
        "metrics.sample_timestamps",
        &metrics.sample_timestamps,
    )?;
    let compat = picker.many(
        "--metrics.compat",
        &args.metrics_compat,
        "metrics.compat",
        &metrics.compat,
    )?;
    let compat = compat.iter().filter(|found| !found.text.trim().is_empty());
    let compat = compat.map(|found| {
        found.choose(&[
            ("kafka-exporter", Compat::KafkaExporter),
            ("klag", Compat::Klag),
        ])
    });
    Ok(WebConfig {
        compat: compat.collect::<Result<_, _>>()?,
        enable_lifecycle: lifecycle(args.enable_lifecycle.as_deref(), picker)?,
        listen_addresses,
        telemetry_path,
        config_file: config_file
            .filter(|found| !found.text.trim().is_empty())
            .map(Written::new),
        sample_timestamps: boolean(stamps)?,
    })
}

/// Only a flag: a file must not say who may have it read.
pub(super) fn lifecycle(given: Option<&str>, picker: Picker<'_>) -> Result<bool, ConfigError> {
    boolean(picker.one("--web.enable-lifecycle", given, "", &None)?)
}
