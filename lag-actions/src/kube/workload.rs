//! A workload as the API server shows it: only what a decision needs.

use std::collections::BTreeMap;

use jiff::Timestamp;
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
    current_revision: String,
    update_revision: String,
    conditions: Vec<Condition>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Condition {
    #[serde(rename = "type")]
    kind: String,
    reason: String,
}

impl WorkloadView {
    /// The mark of the last restart.
    pub(super) fn restarted_at(&self) -> Option<&str> {
        let annotations = &self.spec.template.metadata.annotations;
        annotations.get(RESTARTED_AT).map(String::as_str)
    }

    /// Whether a restart of this mark, or a later one by anybody, has begun: then the wanted restart has happened.
    pub(super) fn was_restarted_since(&self, mark: &str) -> bool {
        let found = self.restarted_at();
        let moment = |text: &str| text.parse::<Timestamp>().ok();
        match (found.and_then(moment), moment(mark)) {
            (Some(found), Some(mark)) => found >= mark,
            (_, _) => found == Some(mark),
        }
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
    /// Pods that become unready long after their rollout do not count: consumers that hang look exactly so. Neither
    /// does a rollout that the controller has given up (`ProgressDeadlineExceeded`): nothing moves any more. Restarting
    /// it is no endless loop: an episode restarts once, a day has its cap, and the controller waits its whole deadline
    /// (ten minutes by default) before it gives up again.
    pub(super) fn is_rolling(&self, kind: &WorkloadKind) -> bool {
        if self.status.observed_generation < self.metadata.generation {
            return true;
        }
        !self.is_finished(kind)
            && !self.is_settled(kind)
            && !self.has_progress("ProgressDeadlineExceeded")
    }

    /// Whether the controller says that the last rollout has ended, however its pods are doing now.
    fn is_finished(&self, kind: &WorkloadKind) -> bool {
        let status = &self.status;
        match kind {
            WorkloadKind::Deployment => {
                // The controller keeps the reason of a complete rollout until the template changes again.
                status.updated_replicas == status.replicas
                    && self.has_progress("NewReplicaSetAvailable")
            }
            WorkloadKind::StatefulSet => {
                !status.update_revision.is_empty()
                    && status.current_revision == status.update_revision
            }
            // Pods are replaced one after the other, so the last one is updated when the others are available.
            WorkloadKind::DaemonSet => status.updated_number_scheduled == self.wanted(kind),
            WorkloadKind::ReplicaSet | WorkloadKind::Custom { .. } => false,
        }
    }

    /// Whether everything that should be there is there, updated and available.
    fn is_settled(&self, kind: &WorkloadKind) -> bool {
        let (status, wanted) = (&self.status, self.wanted(kind));
        // A StatefulSet's pods below the partition keep their revision on purpose.
        let held_back = self.spec.update_strategy.rolling_update.partition;
        let updated = wanted.saturating_sub(held_back.unwrap_or(0));
        // A ReplicaSet has no rollout, hence no number of updated pods.
        (status.updated_replicas >= updated || *kind == WorkloadKind::ReplicaSet)
            && status.replicas == wanted
            && status.ready_replicas == wanted
            && status.available_replicas == wanted
    }

    /// What the controller says about the progress of a Deployment.
    fn has_progress(&self, reason: &str) -> bool {
        let mut conditions = self.status.conditions.iter();
        conditions.any(|condition| condition.kind == "Progressing" && condition.reason == reason)
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
