//! What requests have really changed, apart from how many there were.

use std::{collections::BTreeMap, fmt};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::{
    object::{self, RESTARTED_AT, number, replicas},
    resource::Role,
    world::Key,
};

/// An object, by its resource (plural), namespace and name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ObjectRef {
    /// For example `deployments`.
    pub resource: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// `deployments/demo/consumer`.
impl fmt::Display for ObjectRef {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}/{}", self.resource, self.namespace, self.name)
    }
}

/// A restart that really began: the pod template changed on a workload that rolls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rollout {
    /// What was restarted.
    pub workload: ObjectRef,
    /// kubectl's annotation after the change, or `spec.restartAt` of an Argo Rollout.
    pub restarted_at: Option<String>,
    /// All annotations of the template after the change.
    pub annotations: BTreeMap<String, String>,
    /// When it began.
    pub at: Timestamp,
}

/// A number that really changed: replicas of a workload, or the minimum of an autoscaler or ScaledObject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScaleChange {
    /// Whose number it is.
    pub object: ObjectRef,
    /// Before.
    pub from: i64,
    /// After.
    pub to: i64,
    /// When it was stored.
    pub at: Timestamp,
}

/// A pod that a request removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RemovedPod {
    /// Which one.
    pub pod: ObjectRef,
    /// By the eviction subresource, which respects budgets, or by DELETE, which does not.
    pub evicted: bool,
    /// When it went.
    pub at: Timestamp,
}

/// Everything that requests have changed since the start or the last reset. Puts by the library or the control API
/// are not in it: they play the rest of the world.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Changes {
    /// Restarts, oldest first.
    pub rollouts: Vec<Rollout>,
    /// Changes of numbers, oldest first.
    pub scale_changes: Vec<ScaleChange>,
    /// Pods, oldest first.
    pub removed_pods: Vec<RemovedPod>,
}

impl Changes {
    pub(crate) fn rolled(&mut self, key: &Key, workload: &Value, at: Timestamp) {
        let annotations: BTreeMap<String, String> =
            object::texts(workload, "/spec/template/metadata/annotations")
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect();
        let restart_at = object::text(workload, "/spec/restartAt").map(str::to_owned);
        self.rollouts.push(Rollout {
            workload: key.to_ref(),
            restarted_at: restart_at.or_else(|| annotations.get(RESTARTED_AT).cloned()),
            annotations,
            at,
        });
    }

    pub(crate) fn written(&mut self, key: &Key, before: &Value, after: &Value, at: Timestamp) {
        let [from, to] = [before, after].map(|object| the_number(key, object));
        if let (Some(from), Some(to)) = (from, to)
            && from != to
        {
            let object = key.to_ref();
            self.scale_changes.push(ScaleChange {
                object,
                from,
                to,
                at,
            });
        }
    }
}

fn the_number(key: &Key, object: &Value) -> Option<i64> {
    match key.resource.role {
        Role::Workload if key.resource.has_scale => Some(replicas(object)),
        Role::ReplicaSet => Some(replicas(object)),
        Role::Autoscaler => Some(number(object, "/spec/minReplicas").unwrap_or(1)),
        Role::ScaledObject => Some(number(object, "/spec/minReplicaCount").unwrap_or(0)),
        _ => None,
    }
}
