//! The section `scaler`, as written.

use serde::Deserialize;
use serde_saphyr::Spanned;
use std::collections::BTreeMap;

use crate::config::file::{Text, Texts};

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct Scaler {
    pub(super) listen_address: Texts,
    pub(super) ledger: Option<Spanned<Ledger>>,
    pub(super) retention: Text,
    pub(super) firing_for: Text,
    pub(super) labels: Labels,
    pub(super) webhook: Webhook,
    pub(super) targets: Vec<Spanned<Allowed>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Ledger {
    pub(super) configmap: Text,
    pub(super) file: Text,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Labels {
    pub(super) action: Text,
    pub(super) namespace: Text,
    pub(super) deployment: Text,
    pub(super) statefulset: Text,
    pub(super) workload: Texts,
    pub(super) kind: Text,
    pub(super) value: Text,
    pub(super) value_time: Text,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Webhook {
    pub(super) bearer_token_files: Texts,
    pub(super) basic_users: Vec<Spanned<User>>,
    pub(super) body_limit: Text,
    pub(super) deadline: Text,
    pub(super) concurrency: Text,
}

/// `password` is known only to be refused in words that help.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct User {
    pub(super) name: Text,
    pub(super) password: Text,
    pub(super) password_file: Text,
    pub(super) password_variable: Text,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Allowed {
    pub(super) matchers: BTreeMap<String, Spanned<String>>,
    pub(super) namespace: Text,
    pub(super) kind: Text,
    pub(super) name: Text,
    pub(super) min_replicas: Text,
    pub(super) max_replicas: Text,
    pub(super) partitions: Text,
    pub(super) scale_out: Option<Spanned<Step>>,
    pub(super) scale_in: Option<Spanned<Step>>,
    pub(super) set: Text,
    pub(super) restart: Text,
    pub(super) cooldown: Text,
    pub(super) daily_cap: Text,
    pub(super) further: Option<Spanned<Further>>,
    pub(super) scale_back: Option<Spanned<ScaleBack>>,
    pub(super) max_value_age: Text,
    pub(super) autoscaler: Text,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Step {
    pub(super) by: Text,
    pub(super) percent: Text,
    pub(super) per_value: Text,
    pub(super) without: Text,
    pub(super) to: Text,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Further {
    pub(super) every: Text,
    pub(super) at_most: Text,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ScaleBack {
    pub(super) after: Text,
    pub(super) step: Text,
    pub(super) every: Text,
    pub(super) confirm: Text,
}
