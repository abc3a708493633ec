//! Flags, as typed: one group per subsystem, flattened by the binaries. Every flag has an environment variable with
//! the prefix `KAFKA_LAG_`. Values stay text here; [`crate::config`] reads them, so that every mistake, wherever it
//! was made, is reported in one way.

mod budget;
mod credentials;
mod feeds;
mod kube;
mod lease;
mod log;
mod reaction;
mod scaler;
mod source;
mod web;

pub use budget::BudgetArgs;
pub use credentials::CredentialArgs;
pub use feeds::{ExternalMetricsArgs, KedaArgs};
pub use kube::KubeArgs;
pub use lease::LeaseArgs;
pub use log::LogArgs;
pub use reaction::ReactionArgs;
pub use scaler::{ScalerArgs, ScalerWebArgs};
pub use source::{CollectArgs, GroupArgs, LagArgs, SourceArgs};
pub use web::WebArgs;

/// A wrong command line in one line: what is wrong, without usage and tips.
#[must_use]
pub fn in_one_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let useful = text
        .lines()
        .map(|line| line.trim().trim_start_matches("error: "))
        .take_while(|line| !line.starts_with("Usage:"))
        .filter(|line| !line.is_empty() && !line.starts_with("For more information"));
    let useful = useful.collect::<Vec<_>>().join(" ");
    format!("{}; see --help", useful.replace(" tip: ", "; tip: "))
}

/// What a program needs that reads lag and serves it.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Args {
    /// Where lag comes from, and what counts.
    #[command(flatten)]
    pub read: ReadArgs,
    /// Where it is served.
    #[command(flatten)]
    pub web: WebArgs,
    /// What a HorizontalPodAutoscaler reads.
    #[command(flatten)]
    pub external_metrics: ExternalMetricsArgs,
    /// What KEDA reads.
    #[command(flatten)]
    pub keda: KedaArgs,
    /// Where the cluster is, for what needs one.
    #[command(flatten)]
    pub kube: KubeArgs,
    /// How several replicas share the work.
    #[command(flatten)]
    pub lease: LeaseArgs,
}

/// What every program needs that reads lag.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct ReadArgs {
    /// Configuration file (YAML); flags and environment variables override it
    #[arg(
        long = "config.file",
        env = "KAFKA_LAG_CONFIG_FILE",
        value_name = "FILE"
    )]
    pub config_file: Option<String>,
    /// Where lag comes from.
    #[command(flatten)]
    pub source: SourceArgs,
    /// Whose keys are used.
    #[command(flatten)]
    pub credentials: CredentialArgs,
    /// When and how it is collected.
    #[command(flatten)]
    pub collect: CollectArgs,
    /// What counts as a number.
    #[command(flatten)]
    pub lag: LagArgs,
    /// Which groups.
    #[command(flatten)]
    pub group: GroupArgs,
    /// How many calls may be made.
    #[command(flatten)]
    pub budget: BudgetArgs,
    /// What is logged.
    #[command(flatten)]
    pub log: LogArgs,
}
