//! Flags about logs.

/// What is logged, to stderr.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Log")]
pub struct LogArgs {
    /// error, warn, info, debug or trace [default: info]
    #[arg(long = "log.level", env = "KAFKA_LAG_LOG_LEVEL", value_name = "LEVEL")]
    pub level: Option<String>,
    /// logfmt or json [default: logfmt]
    #[arg(
        long = "log.format",
        env = "KAFKA_LAG_LOG_FORMAT",
        value_name = "FORMAT"
    )]
    pub format: Option<String>,
}
