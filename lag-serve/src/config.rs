//! How the board is served, and by which program.

use jiff::{SignedDuration, Timestamp};
use lag_core::GroupLimits;
use std::sync::Arc;

/// What was built, from what.
#[derive(Debug, Clone, Copy)]
pub struct BuildInfo {
    /// Name of the program, for example `kafka-lag-exporter`.
    pub program: &'static str,
    /// Its version.
    pub version: &'static str,
    /// Commit it was built from, or `unknown`.
    pub revision: &'static str,
    /// Branch it was built from, or `unknown`.
    pub branch: &'static str,
    /// Version of the compiler.
    pub rustversion: &'static str,
}

/// By whose names lags are shown beside our own, for dashboards and rules that were made for another exporter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Compat {
    /// Those of kafka_exporter.
    pub kafka_exporter: bool,
    /// Those of klag-exporter, and of kafka-lag-exporter before it.
    pub klag: bool,
}

/// How the board is served.
#[derive(Debug, Clone)]
pub struct ServeConfig {
    /// Age up to which a number is fresh.
    pub max_age: SignedDuration,
    /// Whether lags carry the time of their datum. Off by default in Prometheus' world: a sample with a timestamp is
    /// not marked stale when it goes away, and stays visible for the look-back of five minutes.
    pub sample_timestamps: bool,
    /// Above which lag a group is in trouble: for the status page, and as a metric.
    pub limits: Arc<GroupLimits>,
    /// By whose names lags are shown beside our own.
    pub compat: Compat,
    /// Path of the metrics; see [`crate::check_telemetry_path`].
    pub telemetry_path: String,
    /// For `/` and the build info metric.
    pub build: BuildInfo,
    /// Namespace and name of the metric behind the lags, for example `acs_kafka/message_accumulation`.
    pub metric: String,
    /// The same for the lags by topic, if they are collected.
    pub topic_metric: Option<String>,
    /// When the configuration was loaded.
    pub config_loaded_at: Timestamp,
}
