//! What the staged reaction does, to whom it speaks and what it remembers: the sections `check`, `targets`, `allow`,
//! `notifiers` and `kafka`. They are resolved only by programs that react; others accept them unread.

mod notifiers;
mod policy;
pub(super) mod secret;
mod stages;
mod state;
mod targets;
mod wire;

pub(super) use notifiers::resolve as notifiers;
pub use notifiers::{NotifierConfig, NotifierKind};
pub use secret::{SecretConfig, SecretSource};
pub(super) use state::object;
pub use state::{ObjectName, StatePlace};
pub(super) use targets::bounds as bounds_of;
pub(super) use wire::{Check, Kafka, Notifier, Target};

use lag_core::{Language, TargetMap, escalate::PolicyBook};

use super::{
    ConfigError, Env, File, KubernetesConfig, kubernetes,
    pick::{Found, Picker},
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

impl CheckConfig {
    /// Resolves flags and file. Pure: `env` is asked for `${NAME}` in the file, and no secret is read. `read` gives
    /// the name of the file and the state directory.
    ///
    /// # Errors
    /// The first mistake, with its place and what would work.
    pub fn resolve(
        args: &ReactionArgs,
        kube: &KubeArgs,
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
            kubernetes: kubernetes::resolve(kube, file, picker)?,
            notices,
        })
    }
}

pub(super) fn language(found: Option<Found>, default: Language) -> Result<Language, ConfigError> {
    found.map_or(Ok(default), |found| {
        found.choose(&[("en", Language::English), ("zh", Language::Chinese)])
    })
}
