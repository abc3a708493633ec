//! The sections of the staged reaction, as written. Lists of keys know their line, so that a missing key can be named
//! with one.

use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::config::file::{Text, Texts};

/// Stages, each a list of actions.
pub(super) type Stages = Spanned<Vec<Spanned<Vec<Spanned<String>>>>>;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct Check {
    pub(super) state_file: Text,
    pub(super) state_configmap: Text,
    pub(super) state_lease: Text,
    pub(in crate::config) language: Text,
    pub(super) policy: Option<Spanned<Policy>>,
    pub(super) overrides: Vec<Spanned<Policy>>,
}

/// A policy, or an override with the groups it is for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct Policy {
    pub(super) groups: Texts,
    pub(super) instances: Texts,
    pub(super) breach_above: Text,
    pub(super) recover_at: Text,
    #[serde(rename = "for")]
    pub(super) sustained_for: Text,
    pub(super) min_gap: Text,
    pub(super) daily_cap: Text,
    pub(super) retries: Text,
    pub(super) remind_every: Text,
    pub(super) tell_recovery: Text,
    pub(super) scale_back: Text,
    pub(super) hold_while_draining_within: Text,
    pub(super) confirm: Text,
    pub(super) keep_missing_for: Text,
    pub(super) stages: Option<Stages>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct Target {
    pub(super) groups: Texts,
    pub(super) instances: Texts,
    pub(super) namespace: Text,
    pub(super) kind: Text,
    pub(super) name: Text,
    pub(super) min_replicas: Text,
    pub(super) max_replicas: Text,
    pub(super) partitions: Text,
    pub(super) restart: Text,
    pub(super) autoscaler: Text,
}

/// `url`, `secret` and `bearer` are known only to be refused in words that help.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct Notifier {
    pub(super) name: Text,
    pub(super) kind: Text,
    pub(super) url: Text,
    pub(super) url_file: Text,
    pub(super) url_variable: Text,
    pub(super) secret: Text,
    pub(super) secret_file: Text,
    pub(super) secret_variable: Text,
    pub(super) bearer: Text,
    pub(super) bearer_file: Text,
    pub(super) bearer_variable: Text,
    pub(super) keyword: Text,
    pub(super) at_mobiles: Texts,
    pub(super) at_user_ids: Texts,
    pub(super) at_all: Text,
    pub(super) language: Text,
    pub(super) endpoint: Text,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct Kafka {
    pub(in crate::config) endpoint: Text,
}
