//! What is logged.

use tracing::level_filters::LevelFilter;

use super::{ConfigError, Env, File, pick::Picker};
use crate::args::LogArgs;

/// What is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogConfig {
    /// The least important level that is written.
    pub level: LevelFilter,
    /// How a line looks.
    pub format: LogFormat,
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// `ts=… level=… msg=… key=value`.
    Logfmt,
    /// One JSON object.
    Json,
}

impl LogConfig {
    /// Resolves flags and file.
    ///
    /// # Errors
    /// The first mistake, with its place and the allowed words.
    pub fn resolve(
        args: &LogArgs,
        file: &File,
        path: Option<&str>,
        env: Env<'_>,
    ) -> Result<Self, ConfigError> {
        const LEVELS: [(&str, LevelFilter); 5] = [
            ("error", LevelFilter::ERROR),
            ("warn", LevelFilter::WARN),
            ("info", LevelFilter::INFO),
            ("debug", LevelFilter::DEBUG),
            ("trace", LevelFilter::TRACE),
        ];
        const FORMATS: [(&str, LogFormat); 2] =
            [("logfmt", LogFormat::Logfmt), ("json", LogFormat::Json)];
        let picker = Picker {
            path: path.unwrap_or("configuration file"),
            env,
        };
        let level = picker.one(
            "--log.level",
            args.level.as_deref(),
            "log.level",
            &file.log.level,
        )?;
        let format = picker.one(
            "--log.format",
            args.format.as_deref(),
            "log.format",
            &file.log.format,
        )?;
        Ok(Self {
            level: level.map_or(Ok(LevelFilter::INFO), |found| found.choose(&LEVELS))?,
            format: format.map_or(Ok(LogFormat::Logfmt), |found| found.choose(&FORMATS))?,
        })
    }
}
