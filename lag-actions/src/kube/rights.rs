//! What we may do, asked before it is needed.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use lag_core::{OnAutoscaler, RestartWay, Target, WorkloadKind, port::PortError};
use serde::Deserialize;
use serde_json::json;

use lag_cluster::Cluster;

use super::{call::Calls, resource::Resource};

const REVIEWS: &str = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

/// What a policy makes use of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// Some stage restarts.
    pub restart: bool,
    /// Some stage scales.
    pub scale: bool,
    /// Events are left at the workloads.
    pub events: bool,
    /// State lives in the cluster.
    pub state: Option<StateNeeds>,
}

/// Where state lives in the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateNeeds {
    /// Its namespace.
    pub namespace: String,
    /// Name of the ConfigMap.
    pub config_map: String,
    /// Name of the Lease.
    pub lease: String,
}

/// A right that we need and do not have. Shown as the rule of a Role, in one line to paste.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingRight {
    resource: Resource,
    verbs: Vec<&'static str>,
}

impl MissingRight {
    /// The namespace whose Role needs the rule.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.resource.namespace
    }
}

impl fmt::Display for MissingRight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.resource.rule(&self.verbs).fmt(f)
    }
}

#[derive(Debug, Deserialize)]
struct Review {
    status: ReviewStatus,
}

#[derive(Debug, Deserialize)]
struct ReviewStatus {
    allowed: bool,
}

/// Asks the API server for each right that acting on these targets takes, and for no other.
///
/// # Errors
/// When it does not answer: then nothing is known.
pub async fn missing_rights(
    cluster: &Cluster,
    targets: &[Target],
    needs: &Needs,
) -> Result<Vec<MissingRight>, PortError> {
    let calls = Calls::new(cluster);
    let mut missing: BTreeMap<(Resource, bool), Vec<&'static str>> = BTreeMap::new();
    for (resource, verb) in wanted(targets, needs) {
        if !is_allowed(&calls, &resource, verb).await? {
            // What cannot be pinned to a name is a rule of its own.
            let key = (resource, verb == "create");
            missing.entry(key).or_default().push(verb);
        }
    }
    let rights = missing.into_iter();
    Ok(rights
        .map(|((resource, _), verbs)| MissingRight { resource, verbs })
        .collect())
}

fn wanted(targets: &[Target], needs: &Needs) -> BTreeSet<(Resource, &'static str)> {
    let mut wanted = BTreeSet::new();
    let mut want = |resource: Resource, verbs: &[&'static str]| {
        wanted.extend(verbs.iter().map(|verb| (resource.clone(), *verb)));
    };
    for target in targets {
        let workload = &target.workload;
        let namespace = &workload.namespace;
        if needs.restart {
            match target.restart {
                RestartWay::Rollout if workload.kind.can_restart() => {
                    want(Resource::workload(workload), &["get", "patch"]);
                }
                RestartWay::Rollout => {}
                RestartWay::Evict => {
                    want(Resource::workload(workload), &["get"]);
                    want(Resource::pods(namespace), &["list"]);
                    want(Resource::pods(namespace).sub("eviction"), &["create"]);
                    if workload.kind == WorkloadKind::Deployment {
                        want(Resource::replica_sets(namespace), &["list"]);
                    }
                }
            }
        }
        if needs.scale && workload.kind.can_scale() {
            want(Resource::scale(workload), &["get", "patch"]);
            want(Resource::autoscalers(namespace), &["list"]);
            if target.autoscaler == OnAutoscaler::RaiseMin {
                want(Resource::autoscalers(namespace), &["patch"]);
                want(Resource::scaled_objects(namespace), &["get", "patch"]);
            }
        }
        if needs.events {
            want(Resource::events(namespace), &["create"]);
        }
    }
    if let Some(state) = &needs.state {
        let map = Resource::config_maps(&state.namespace);
        want(map.clone(), &["create"]);
        want(map.named(&state.config_map), &["get", "update"]);
        let lease = Resource::leases(&state.namespace);
        want(lease.clone(), &["create"]);
        want(lease.named(&state.lease), &["get", "update"]);
    }
    wanted
}

async fn is_allowed(
    calls: &Calls,
    resource: &Resource,
    verb: &'static str,
) -> Result<bool, PortError> {
    let (group, plural, sub, name) = resource.attributes();
    let mut attributes = json!({
        "namespace": resource.namespace,
        "verb": verb,
        "group": group,
        "resource": plural,
    });
    if let Some(sub) = sub {
        attributes["subresource"] = sub.into();
    }
    if let Some(name) = name {
        attributes["name"] = name.into();
    }
    let body = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    });
    let doing = format!(
        "ask whether we may {verb} {plural} in {}",
        resource.namespace
    );
    let review: Review = calls.ask(&doing, REVIEWS, &body).await?;
    Ok(review.status.allowed)
}
