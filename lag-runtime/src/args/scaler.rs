//! Flags of the scaler.

use super::{KubeArgs, LogArgs};

/// What a program needs that takes alerts and changes workloads.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct ScalerArgs {
    /// Configuration file (YAML) with the section scaler; flags and environment variables override it
    #[arg(
        long = "config.file",
        env = "KAFKA_LAG_CONFIG_FILE",
        value_name = "FILE"
    )]
    pub config_file: Option<String>,
    /// Change nothing and remember nothing; what would be written or sent is logged [default: false]
    #[arg(
        long = "dry-run",
        env = "KAFKA_LAG_DRY_RUN",
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    pub dry_run: Option<String>,
    /// Who may reach it.
    #[command(flatten)]
    pub web: ScalerWebArgs,
    /// Where the cluster is.
    #[command(flatten)]
    pub kube: KubeArgs,
    /// What is logged.
    #[command(flatten)]
    pub log: LogArgs,
}

/// Who may reach the scaler.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Web")]
pub struct ScalerWebArgs {
    /// Address to listen on; repeatable; :9877 is every interface [default: 127.0.0.1:9877]
    #[arg(
        long = "web.listen-address",
        env = "KAFKA_LAG_WEB_LISTEN_ADDRESS",
        value_name = "ADDRESS",
        value_delimiter = ','
    )]
    pub listen_address: Vec<String>,
    /// File with TLS, client certificates and basic users for all pages, as exporters of Prometheus take it
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
    /// Listen beyond loopback although anybody who gets there may change workloads [default: false]
    #[arg(
        long = "web.allow-unauthenticated",
        env = "KAFKA_LAG_WEB_ALLOW_UNAUTHENTICATED",
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    pub allow_unauthenticated: Option<String>,
}
