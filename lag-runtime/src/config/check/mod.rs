//! What the staged reaction does, to whom it speaks and what it remembers: the sections `check`, `targets`, `allow`,
//! `notifiers`, `kubernetes` and `kafka`. They are resolved only by programs that react; others accept them unread.

mod entry;
mod notifiers;
mod policy;
mod secret;
mod stages;
mod state;
mod targets;
mod wire;

pub use notifiers::{NotifierConfig, NotifierKind};
pub use secret::{SecretConfig, SecretSource};
pub(super) use state::object;
pub use state::{ObjectName, StatePlace};
pub(super) use wire::{Check, Kafka, Kubernetes, Notifier, Target};

use lag_core::{Language, PromDuration, TargetMap, escalate::PolicyBook};
use std::{path::PathBuf, time::Duration};

use super::{
    ConfigError, Env, File,
    pick::{Found, Picker, between},
};
use crate::args::{KubeArgs, ReactionArgs, ReadArgs};

/// What the staged reaction does.
#[derive(Debug, Clone)]
pub struct CheckConfig {
    /// Where state is kept. Whoever acts needs one.
    pub state: Option<StatePlace>,
    /// Language of the output.
    pub language: Language,
    /// How lag is answered.
    pub policies: PolicyBook,
    /// Which workload a group's reaction may change.
    pub targets: TargetMap,
    /// Who is told.
    pub notifiers: Vec<NotifierConfig>,
    /// How the cluster is reached.
    pub kubernetes: KubernetesConfig,
    /// What is allowed and may yet surprise; for the log.
    pub notices: Vec<String>,
}

/// How the cluster is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KubernetesConfig {
    /// A kubeconfig, instead of `KUBECONFIG`, `~/.kube/config` or the service account of the pod.
    pub kubeconfig: Option<PathBuf>,
    /// Context of the kubeconfig, instead of its current one.
    pub context: Option<String>,
    /// Time for one request.
    pub timeout: Duration,
}

impl CheckConfig {
    /// Resolves flags and file. Pure: `env` is asked for `${NAME}` in the file, and no secret is read. `read` gives
    /// the name of the file and the state directory.
    ///
    /// # Errors
    /// The first mistake, with its place and what would work.
    pub fn resolve(
        args: &ReactionArgs,
        read: &ReadArgs,
        file: &File,
        env: Env<'_>,
    ) -> Result<Self, ConfigError> {
        let path = read.config_file.as_deref();
        let picker = Picker {
            path: path.unwrap_or("configuration file"),
            env,
        };
        let given = picker.one(
            "--lang",
            args.lang.as_deref(),
            "check.language",
            &file.check.language,
        )?;
        let language = language(given, Language::default())?;
        let mut notices = Vec::new();
        Ok(Self {
            state: state::resolve(args, read, file, picker)?,
            language,
            policies: policy::resolve(&file.check, picker, &mut notices)?,
            targets: targets::resolve(file, picker)?,
            notifiers: notifiers::resolve(file, picker, language)?,
            kubernetes: kubernetes(args.kubeconfig.as_deref(), file, picker)?,
            notices,
        })
    }
}

fn language(found: Option<Found>, default: Language) -> Result<Language, ConfigError> {
    found.map_or(Ok(default), |found| {
        found.choose(&[("en", Language::English), ("zh", Language::Chinese)])
    })
}

impl KubernetesConfig {
    /// Resolves flag and file, for programs that do not react.
    ///
    /// # Errors
    /// The first mistake, with its place and what would work.
    pub fn resolve(
        args: &KubeArgs,
        read: &ReadArgs,
        file: &File,
        env: Env<'_>,
    ) -> Result<Self, ConfigError> {
        let path = read.config_file.as_deref();
        let picker = Picker {
            path: path.unwrap_or("configuration file"),
            env,
        };
        kubernetes(args.kubeconfig.as_deref(), file, picker)
    }
}

fn kubernetes(
    given: Option<&str>,
    file: &File,
    picker: Picker<'_>,
) -> Result<KubernetesConfig, ConfigError> {
    let keys = &file.kubernetes;
    let kubeconfig = picker.one(
        "--kubeconfig",
        given,
        "kubernetes.kubeconfig",
        &keys.kubeconfig,
    )?;
    let context = picker.in_file("kubernetes.context", &keys.context)?;
    let timeout = picker.in_file("kubernetes.timeout", &keys.timeout)?;
    let text = |found: Option<Found>| {
        found
            .map(|found| found.text)
            .filter(|text| !text.is_empty())
    };
    Ok(KubernetesConfig {
        kubeconfig: text(kubeconfig).map(PathBuf::from),
        context: text(context),
        timeout: between(timeout, PromDuration::from_secs(10), "100ms", "5m")?,
    })
}
