//! Flags about serving.

/// Where lag is served.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Web")]
pub struct WebArgs {
    /// Address to listen on; repeatable; :9876 is every interface [default: :9876]
    #[arg(
        long = "web.listen-address",
        env = "KAFKA_LAG_WEB_LISTEN_ADDRESS",
        value_name = "ADDRESS",
        value_delimiter = ','
    )]
    pub listen_address: Vec<String>,
    /// Path of the metrics [default: /metrics]
    #[arg(
        long = "web.telemetry-path",
        env = "KAFKA_LAG_WEB_TELEMETRY_PATH",
        value_name = "PATH"
    )]
    pub telemetry_path: Option<String>,
    /// TLS, client certificates and passwords, in the format of Prometheus' exporter-toolkit (YAML); read again when it changes
    #[arg(
        long = "web.config.file",
        env = "KAFKA_LAG_WEB_CONFIG_FILE",
        value_name = "FILE"
    )]
    pub web_config_file: Option<String>,
    /// Answer POST and PUT /-/reload, which read the configuration file again as SIGHUP does [default: false]
    #[arg(
        long = "web.enable-lifecycle",
        env = "KAFKA_LAG_WEB_ENABLE_LIFECYCLE",
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    pub enable_lifecycle: Option<String>,
    /// Put the time of the datum on every lag sample; Prometheus then shows nothing for data older than 5 minutes [default: false]
    #[arg(
        long = "metrics.sample-timestamps",
        env = "KAFKA_LAG_METRICS_SAMPLE_TIMESTAMPS",
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    pub sample_timestamps: Option<String>,
    /// Show lags also by the names of another exporter: kafka-exporter, klag, or both; repeatable [default: none]
    #[arg(
        long = "metrics.compat",
        env = "KAFKA_LAG_METRICS_COMPAT",
        value_name = "EXPORTER",
        value_delimiter = ','
    )]
    pub metrics_compat: Vec<String>,
}
