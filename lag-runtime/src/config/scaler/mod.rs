//! What alerts may change, where that is remembered, and who may send them: the section `scaler`. It is resolved only by
//! the program of that name; others accept it unread.

mod targets;
mod webhook;
mod wire;

pub use webhook::{BasicUser, WebhookConfig};
pub(super) use wire::Scaler;

use jiff::SignedDuration;
use lag_core::{
    PromDuration,
    alert::{AlertPolicy, LabelNames},
};
use std::path::PathBuf;

use super::{
    ConfigError, Env, File, KubernetesConfig, NotifierConfig, ObjectName, Written,
    check::{language, notifiers, object},
    entry::Entry,
    file::{Text, Texts},
    kubernetes,
    pick::{Found, Picker, between, boolean},
};
use crate::args::ScalerArgs;

/// What the scaler does.
#[derive(Debug, Clone)]
pub struct ScalerConfig {
    /// Addresses to listen on, as written, at least one.
    pub listen_addresses: Vec<Written>,
    /// A file with TLS and users, as exporters of Prometheus take it.
    pub web_config_file: Option<Written>,
    /// Whether everybody who reaches it may change workloads.
    pub allow_unauthenticated: bool,
    /// Whether the configuration can be read again over HTTP.
    pub enable_lifecycle: bool,
    /// Whether nothing is changed and remembered.
    pub dry_run: bool,
    /// What alerts may do; checked.
    pub policy: AlertPolicy,
    /// Where it is remembered what was done. Whoever acts needs one.
    pub ledger: Option<LedgerPlace>,
    /// Who may send alerts, and how much of them is read.
    pub webhook: WebhookConfig,
    /// Who is told.
    pub notifiers: Vec<NotifierConfig>,
    /// How the cluster is reached.
    pub kubernetes: KubernetesConfig,
    /// CA bundle for messages to people, if not the system's.
    pub ca_file: Option<PathBuf>,
    /// What is allowed and may yet surprise; for the log.
    pub notices: Vec<String>,
}

/// Where it is remembered what was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LedgerPlace {
    /// In a ConfigMap, which replicas share.
    ConfigMap(ObjectName),
    /// In a file, for one process.
    File(PathBuf),
}

impl ScalerConfig {
    /// Resolves flags and file. Pure: `env` is asked for `${NAME}` in the file, and no secret is read.
    ///
    /// # Errors
    /// The first mistake, with its place and what would work.
    pub fn resolve(args: &ScalerArgs, file: &File, env: Env<'_>) -> Result<Self, ConfigError> {
        let path = args.config_file.as_deref();
        let picker = Picker {
            path: path.unwrap_or("configuration file"),
            env,
        };
        let keys = &file.scaler;
        let web = &args.web;
        let given = |flag: &str, text: &Option<String>| {
            let found = picker.one(flag, text.as_deref(), "", &None)?;
            Ok(found.filter(|found| !found.text.trim().is_empty()))
        };
        let flag = |flag: &str, text: &Option<String>| boolean(given(flag, text)?);
        let listen = picker.many(
            "--web.listen-address",
            &web.listen_address,
            "scaler.listen_address",
            &keys.listen_address,
        )?;
        let mut listen_addresses: Vec<_> = listen.into_iter().map(Written::new).collect();
        if listen_addresses.is_empty() {
            let default = Written::default_of("--web.listen-address", "127.0.0.1:9877");
            listen_addresses.push(default);
        }
        let policy = policy(keys, picker)?;
        let written = picker.in_file("check.language", &file.check.language)?;
        let language = language(written, lag_core::Language::default())?;
        let ca_file = picker.in_file("cms.ca_file", &file.cms.ca_file)?;
        let ca_file = ca_file.filter(|found| !found.text.is_empty());
        Ok(Self {
            listen_addresses,
            web_config_file: given("--web.config.file", &web.web_config_file)?.map(Written::new),
            allow_unauthenticated: flag("--web.allow-unauthenticated", &web.allow_unauthenticated)?,
            enable_lifecycle: flag("--web.enable-lifecycle", &web.enable_lifecycle)?,
            dry_run: flag("--dry-run", &args.dry_run)?,
            ledger: ledger(keys, picker)?,
            webhook: webhook::resolve(&keys.webhook, picker)?,
            notifiers: notifiers(file, picker, language)?,
            kubernetes: kubernetes::resolve(&args.kube, file, picker)?,
            ca_file: ca_file.map(|found| found.text.into()),
            notices: targets::surprises(&policy),
            policy,
        })
    }
}

fn policy(keys: &Scaler, picker: Picker<'_>) -> Result<AlertPolicy, ConfigError> {
    let defaults = AlertPolicy::default();
    let time = |key: &str, text: &Text, default: SignedDuration, least: &str, most: &str| {
        let found = picker.in_file(key, text)?;
        found.map_or(Ok(default), |found| duration(found, least, most))
    };
    let (retention, firing_for) = (&keys.retention, &keys.firing_for);
    let (kept, fires) = (defaults.retention, defaults.firing_for);
    let policy = AlertPolicy {
        labels: labels(keys, picker, defaults.labels)?,
        firing_for: time("scaler.firing_for", firing_for, fires, "1m", "7d")?,
        retention: time("scaler.retention", retention, kept, "24h", "90d")?,
        targets: targets::resolve(&keys.targets, picker)?,
    };
    policy.check().map_err(|error| {
        // What concerns no single entry has no line.
        let place = match error.place.as_str() {
            "alerts" => format!("{}: scaler", picker.path),
            _ => error.place,
        };
        ConfigError::new(place, error.problem)
    })?;
    if policy.targets.is_empty() {
        return Err(ConfigError::new(
            format!("{}: scaler.targets", picker.path),
            "nothing may be changed: list the workloads that alerts may scale, each with namespace, kind, name and \
             max_replicas",
        ));
    }
    Ok(policy)
}

fn labels(
    keys: &Scaler,
    picker: Picker<'_>,
    defaults: LabelNames,
) -> Result<LabelNames, ConfigError> {
    let keys = &keys.labels;
    let one = |key: &str, text: &Text, default: String| {
        let found = picker.in_file(&format!("scaler.labels.{key}"), text)?;
        found.map_or(Ok(default), |found| label(&found))
    };
    let many = |key: &str, texts: &Texts, default: Vec<String>| {
        let found = picker.many_in_file(&format!("scaler.labels.{key}"), texts)?;
        if texts.is_none() {
            return Ok(default);
        }
        found.iter().map(label).collect()
    };
    Ok(LabelNames {
        action: one("action", &keys.action, defaults.action)?,
        namespace: one("namespace", &keys.namespace, defaults.namespace)?,
        deployment: one("deployment", &keys.deployment, defaults.deployment)?,
        stateful_set: one("statefulset", &keys.statefulset, defaults.stateful_set)?,
        workload: many("workload", &keys.workload, defaults.workload)?,
        kind: one("kind", &keys.kind, defaults.kind)?,
        value: one("value", &keys.value, defaults.value)?,
        value_time: one("value_time", &keys.value_time, defaults.value_time)?,
    })
}

/// A name as Prometheus allows it.
fn label(found: &Found) -> Result<String, ConfigError> {
    if is_label(&found.text) {
        return Ok(found.text.clone());
    }
    Err(found.wrong(format!(
        "{:?} is no name of a label: use letters, digits and _, and no digit first",
        found.text
    )))
}

fn is_label(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn ledger(keys: &Scaler, picker: Picker<'_>) -> Result<Option<LedgerPlace>, ConfigError> {
    let Some(written) = &keys.ledger else {
        return Ok(None);
    };
    let entry = Entry {
        picker,
        name: "scaler.ledger".to_owned(),
        line: written.referenced.line(),
    };
    let configmap = entry.one("configmap", &written.value.configmap)?;
    let file = entry.one("file", &written.value.file)?;
    match (configmap, file) {
        (Some(_), Some(file)) => {
            Err(file
                .wrong("configmap is given, too, and two memories do everything twice: give one"))
        }
        (Some(configmap), None) => Ok(Some(LedgerPlace::ConfigMap(object(&configmap)?))),
        (None, Some(file)) => Ok(Some(LedgerPlace::File(file.text.into()))),
        (None, None) => {
            let problem = "it is missing: write NAMESPACE/NAME, such as kafka-lag/kafka-lag-scaler, or file with a path";
            Err(entry.lacks("configmap", problem))
        }
    }
}

fn duration(found: Found, least: &str, most: &str) -> Result<SignedDuration, ConfigError> {
    let value = between(Some(found), PromDuration::from_secs(0), least, most)?;
    Ok(SignedDuration::try_from(value).unwrap_or(SignedDuration::MAX))
}
