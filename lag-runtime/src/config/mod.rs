//! What will run: flags, environment and file, resolved once and checked against each other.
//!
//! Flags win over `KAFKA_LAG_…` variables (clap does that), these over the variables of the first post, these over the
//! file, and the file over defaults. Nothing reads flags or the file after this.

mod budget;
mod check;
mod cms;
mod collect;
mod credentials;
mod entry;
mod expand;
mod feeds;
mod file;
mod groups;
mod kubernetes;
mod lease;
mod log;
mod object;
mod pick;
mod places;
mod recommend;
mod reload;
mod scaler;
mod sources;
mod web;

pub use budget::BudgetConfig;
pub use check::{
    CheckConfig, NotifierConfig, NotifierKind, ObjectName, SecretConfig, SecretSource, StatePlace,
};
pub use cms::CmsConfig;
pub use collect::{CollectConfig, LagConfig, ScheduleKind};
pub use credentials::{CredentialsConfig, Keys, Role, Triple};
pub use feeds::{ExternalAuth, ExternalMetricsConfig, KedaConfig, ServingPair};
pub use file::File;
pub use kubernetes::KubernetesConfig;
pub use lease::{Advertise, LeaseConfig};
pub use log::{LogConfig, LogFormat};
pub use reload::{Plan, SourcePlan, fixed, fixed_of_scaler, plan};
pub use scaler::{BasicUser, LedgerPlace, ScalerConfig, WebhookConfig};
pub use sources::SourceConfig;
pub use web::{Compat, WebConfig, Written};

use lag_core::recommend::RecommendBook;
use std::fmt;

use crate::args::{Args, ReadArgs};

/// What will run.
#[derive(Debug, Clone)]
pub struct Config {
    /// Regions or accounts, at least one.
    pub sources: Vec<SourceConfig>,
    /// How the cloud is called.
    pub cms: CmsConfig,
    /// When and what is collected.
    pub collect: CollectConfig,
    /// What counts as a number.
    pub lag: LagConfig,
    /// How many calls may be made.
    pub budget: BudgetConfig,
    /// Where it is served.
    pub web: WebConfig,
    /// What a HorizontalPodAutoscaler reads, if that is on.
    pub external_metrics: Option<ExternalMetricsConfig>,
    /// What KEDA reads, if that is on.
    pub keda: Option<KedaConfig>,
    /// Which policy says how many replicas a group should have.
    pub recommend: RecommendBook,
    /// How a cluster is reached, by those that need one.
    pub kubernetes: KubernetesConfig,
    /// How replicas agree which of them asks the cloud; `None` when each asks.
    pub lease: Option<LeaseConfig>,
    /// The Kafka service's own API, instead of the region's; a valid URL. A flag of the program wins over it.
    pub kafka_endpoint: Option<Written>,
    /// What is allowed and may yet surprise; for the log.
    pub notices: Vec<String>,
}

impl Config {
    /// Resolves flags and file. Pure: `env` is asked for the first post's variables and for `${NAME}` in the file.
    ///
    /// # Errors
    /// The first mistake, with its place and what would work.
    pub fn resolve(args: &Args, file: &File, env: Env<'_>) -> Result<Self, ConfigError> {
        let picker = pick::Picker {
            path: args
                .read
                .config_file
                .as_deref()
                .unwrap_or("configuration file"),
            env,
        };
        let cms = cms::resolve(&args.read, file, picker)?;
        let collect = collect::resolve(&args.read, file, picker)?;
        let lag = collect::resolve_lag(&args.read, file, picker, collect)?;
        let budget = budget::resolve(&args.read, file, picker)?;
        let web = web::resolve(&args.web, file, picker)?;
        let lease = lease::resolve(&args.lease, file, picker)?;
        if let (Some(file), Some(_)) = (&web.config_file, &lease) {
            return Err(ConfigError::new(
                file.place.clone(),
                "this does not go together with --lease: other replicas read this one over plain HTTP without a password; \
                 leave one of the two out, or put TLS and passwords into a proxy in front",
            ));
        }
        let mut notices = Vec::new();
        Ok(Self {
            sources: sources::resolve(&args.read, file, picker, &mut notices)?,
            cms,
            collect,
            lag,
            budget,
            web,
            external_metrics: feeds::external_metrics(&args.external_metrics, file, picker)?,
            keda: feeds::keda(&args.keda, file, picker)?,
            recommend: recommend::resolve(file, picker, collect.window)?,
            kubernetes: kubernetes::resolve(&args.kube, file, picker)?,
            lease,
            kafka_endpoint: cms::kafka_endpoint(file, picker)?,
            notices,
        })
    }
}

/// The rules under `recommend` of a file alone, for programs that collect nothing. `path` is for messages.
///
/// # Errors
/// The first mistake in what these rules depend on.
pub fn recommend_rules(
    path: &str,
    file: &File,
    env: Env<'_>,
) -> Result<RecommendBook, ConfigError> {
    let picker = pick::Picker { path, env };
    let collect = collect::resolve(&ReadArgs::default(), file, picker)?;
    recommend::resolve(file, picker, collect.window)
}

/// A mistake in the configuration: one line that names the flag, or the file with line and key, and what would work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    place: String,
    problem: String,
    lacks_instances: bool,
}

impl ConfigError {
    /// Nothing is said about what to read: who starts so may only want to look around.
    #[must_use]
    pub fn lacks_instances(&self) -> bool {
        self.lacks_instances
    }

    /// A mistake at `place`, such as `--cms.region`.
    pub fn new(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            problem: problem.into(),
            lacks_instances: false,
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.problem)
    }
}

impl std::error::Error for ConfigError {}

/// Looks up an environment variable. A function, so that resolving is pure and tests need no environment.
pub type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The environment of the process.
#[must_use]
pub fn process_env(name: &str) -> Option<String> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the shell's environment; everything else gets it as an argument"
    )]
    std::env::var(name).ok()
}
