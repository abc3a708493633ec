//! A workload as the API server shows it: only what a decision needs.

use std::collections::BTreeMap;

use lag_core::{Refusal, WorkloadKind};
use serde::Deserialize;

/// kubectl's key, so that people and GitOps rules recognise it (kube's own `Api::restart` writes another one).
pub(super) const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";

#[derive(Debug, Deserialize)]
pub(super) struct WorkloadView {
    pub(super) metadata: Metadata,
    pub(super) spec: Spec,
    #[serde(default)]
    status: Status,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Metadata {
    pub(super) name: String,
    pub(super) uid: String,
    pub(super) resource_version: String,
    pub(super) generation: i64,
    pub(super) annotations: BTreeMap<String, String>,
    pub(super) owner_references: Vec<Owner>,
    pub(super) creation_timestamp: Option<String>,
    pub(super) deletion_timestamp: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Owner {
    pub(super) kind: String,
    pub(super) name: String,
    #[serde(default)]
    pub(super) uid: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Spec {
    replicas: Option<u32>,
    #[serde(default)]
    paused: bool,
    #[serde(default)]
    update_strategy: Strategy,
    #[serde(default)]
    pub(super) selector: Selector,
    #[serde(default)]
    template: Template,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Strategy {
    #[serde(rename = "type")]
    kind: String,
    rolling_update: RollingUpdate,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RollingUpdate {
    partition: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Template {
    metadata: Metadata,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Selector {
    match_labels: BTreeMap<String, String>,
    match_expressions: Vec<Expression>,
}

#[derive(Debug, Deserialize)]
struct Expression {
    key: String,
    operator: String,
    #[serde(default)]
    values: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    observed_generation: i64,
    replicas: u32,
    updated_replicas: u32,
    ready_replicas: u32,
    available_replicas: u32,
    desired_number_scheduled: u32,
    updated_number_scheduled: u32,
    number_ready: u32,
    number_available: u32,
    conditions: Vec<Condition>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Condition {
    #[serde(rename = "type")]
    kind: String,
    status: String,
    reason: String,
}

impl WorkloadView {
    /// The mark of the last restart.
    pub(super) fn restarted_at(&self) -> Option<&str> {
        let annotations = &self.spec.template.metadata.annotations;
        annotations.get(RESTARTED_AT).map(String::as_str)
    }

    /// Pods that there should be.
    pub(super) fn wanted(&self, kind: &WorkloadKind) -> u32 {
        match kind {
            WorkloadKind::DaemonSet => self.status.desired_number_scheduled,
            _ => self.spec.replicas.unwrap_or(1),
        }
    }

    /// Pods that are ready.
    pub(super) fn ready(&self, kind: &WorkloadKind) -> u32 {
        match kind {
            WorkloadKind::DaemonSet => self.status.number_ready,
            _ => self.status.ready_replicas,
        }
    }

    /// Why a changed template would restart nothing, or nothing good.
    pub(super) fn refusal(&self, kind: &WorkloadKind) -> Option<Refusal> {
        if self.spec.paused {
            Some(Refusal::Paused)
        } else if self.spec.update_strategy.kind == "OnDelete" {
            Some(Refusal::OnDelete)
        } else {
            self.refusal_of_eviction(kind)
        }
    }

    /// Why no pod should be taken away now. A paused Deployment and `OnDelete` replace evicted pods all the same.
    pub(super) fn refusal_of_eviction(&self, kind: &WorkloadKind) -> Option<Refusal> {
        if self.is_rolling(kind) {
            Some(Refusal::RollingOut)
        } else if self.wanted(kind) == 0 {
            Some(Refusal::AtZero)
        } else {
            None
        }
    }

    /// Whether a rollout is still going on. A slow start-up must not be restarted for ever.
    ///
    /// A rollout that the controller has given up (`ProgressDeadlineExceeded`) does not count: nothing moves any more,
    /// and consumers that hang look exactly so. Restarting it is no endless loop: an episode restarts once, a day has
    /// its cap, and the controller waits its whole deadline (ten minutes by default) before it gives up again.
    fn is_rolling(&self, kind: &WorkloadKind) -> bool {
        let status = &self.status;
        if status.observed_generation < self.metadata.generation {
            return true;
        }
        let wanted = self.wanted(kind);
        // A StatefulSet's pods below the partition keep their revision on purpose.
        let held_back = self.spec.update_strategy.rolling_update.partition;
        let updated = wanted.saturating_sub(held_back.unwrap_or(0));
        let settled = match kind {
            WorkloadKind::DaemonSet => {
                status.updated_number_scheduled == wanted
                    && status.number_ready == wanted
                    && status.number_available == wanted
            }
            // A ReplicaSet has no rollout, hence no number of updated pods.
            _ => {
                (status.updated_replicas >= updated || *kind == WorkloadKind::ReplicaSet)
                    && status.replicas == wanted
                    && status.ready_replicas == wanted
                    && status.available_replicas == wanted
            }
        };
        !settled && !self.is_given_up()
    }

    fn is_given_up(&self) -> bool {
        self.status.conditions.iter().any(|condition| {
            condition.kind == "Progressing"
                && condition.status == "False"
                && condition.reason == "ProgressDeadlineExceeded"
        })
    }
}

impl Selector {
    /// As in the query of a list.
    pub(super) fn query(&self) -> String {
        let labels = self.match_labels.iter();
        let mut parts: Vec<String> = labels
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        parts.extend(self.match_expressions.iter().map(|expression| {
            let key = &expression.key;
            let values = expression.values.join(",");
            match expression.operator.as_str() {
                "In" => format!("{key} in ({values})"),
                "NotIn" => format!("{key} notin ({values})"),
                "DoesNotExist" => format!("!{key}"),
                _ => key.clone(),
            }
        }));
        parts.join(",")
    }
}
