//! How many replicas workloads have: looked up again and again, read only.

use crate::{
    Cluster, Now,
    request::{Failure, within},
};
use jiff::{SignedDuration, Timestamp};
use kube::{
    Api,
    api::{ApiResource, DynamicObject},
};
use lag_core::{
    Workload, WorkloadKind,
    recommend::{ReplicaCount, ReplicaNotes},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};

/// Looks at workloads every so often. What it has seen is known for two such intervals; what a look could not see is not
/// known, and never 0.
#[derive(Debug)]
pub struct ReplicaWatch {
    cluster: Cluster,
    every: Duration,
    notes: Arc<Mutex<ReplicaNotes>>,
    /// What the log has said of each workload: why it cannot be counted, if so.
    told: BTreeMap<Workload, Option<&'static str>>,
}

impl ReplicaWatch {
    /// A watch that has seen nothing yet.
    #[must_use]
    pub fn new(
        cluster: Cluster,
        workloads: impl IntoIterator<Item = Workload>,
        every: Duration,
    ) -> Self {
        Self {
            cluster,
            every,
            notes: Arc::default(),
            told: workloads.into_iter().map(|found| (found, None)).collect(),
        }
    }

    /// Says what is known of a workload at a time, also while the watch runs.
    pub fn known(&self) -> impl Fn(&Workload, Timestamp) -> Option<ReplicaCount> + use<> {
        let (notes, keep) = (Arc::clone(&self.notes), keep(self.every));
        move |workload, now| {
            let notes = notes.lock().unwrap_or_else(PoisonError::into_inner);
            notes.of(workload, now, keep)
        }
    }

    /// Looks until `end`, at once and then every interval.
    pub async fn run(mut self, now: Now, end: impl Future<Output = ()>) {
        tokio::pin!(end);
        let mut ticks = interval(self.every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            // A look that is dropped midway only reads.
            tokio::select! {
                () = &mut end => return,
                _ = ticks.tick() => {}
            }
            tokio::select! {
                () = &mut end => return,
                () = self.look(&now) => {}
            }
        }
    }

    /// One look at every workload, all at the same time, each with a limit.
    pub async fn look(&mut self, now: &Now) {
        let mut looks = JoinSet::new();
        for workload in self.told.keys().cloned() {
            let cluster = self.cluster.clone();
            looks.spawn(async move {
                let found = count(&cluster, &workload).await;
                (workload, found)
            });
        }
        while let Some(look) = looks.join_next().await {
            let Ok((workload, found)) = look else {
                continue; // it panicked, and age does the rest
            };
            self.tell(&workload, found.as_ref().err());
            let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
            match found {
                Ok(found) => notes.see(&workload, found, now(), keep(self.every)),
                Err(_) => notes.lose(&workload),
            }
        }
    }

    /// One line when it changes whether and why a workload cannot be counted.
    fn tell(&mut self, workload: &Workload, problem: Option<&Problem>) {
        let kind = problem.map(|problem| problem.kind);
        let Some(before) = self.told.insert(workload.clone(), kind) else {
            return;
        };
        match problem {
            Some(Problem { kind, text }) if before != Some(*kind) => tracing::warn!(
                workload = %workload,
                code = kind,
                error = text,
                "replicas cannot be counted; recommendations that need them hold the last number, or give none"
            ),
            None if before.is_some() => {
                tracing::info!(workload = %workload, "replicas are counted again");
            }
            Some(_) | None => {}
        }
    }
}

fn keep(every: Duration) -> SignedDuration {
    SignedDuration::try_from(every.saturating_mul(2)).unwrap_or(SignedDuration::MAX)
}

/// Why a workload cannot be counted.
#[derive(Debug)]
struct Problem {
    kind: &'static str,
    text: String,
}

/// Wanted and ready replicas.
async fn count(cluster: &Cluster, workload: &Workload) -> Result<(u32, u32), Problem> {
    let resource = resource(&workload.kind);
    let api: Api<DynamicObject> =
        Api::namespaced_with(cluster.client.clone(), &workload.namespace, &resource);
    let limit = cluster.call_timeout;
    let found = within(limit, api.get(&workload.name)).await;
    let object = found.map_err(|failure| problem(&failure, workload, &resource.plural))?;
    let (spec, status) = (&object.data["spec"], &object.data["status"]);
    let number = |value: &serde_json::Value| value.as_u64().and_then(|n| u32::try_from(n).ok());
    let WorkloadKind::Custom { .. } = workload.kind else {
        // Fields that are 0 are left out, so only a controller's mark tells 0 from nothing.
        if number(&status["observedGeneration"]).is_none() {
            return Err(unreadable("its controller has written no status yet"));
        }
        let count = |value: &serde_json::Value, absent| match value {
            serde_json::Value::Null => Ok(absent),
            value => number(value).ok_or_else(|| unreadable("its numbers cannot be read")),
        };
        return Ok((
            count(&spec["replicas"], 1)?,
            count(&status["readyReplicas"], 0)?,
        ));
    };
    if let (Some(wanted), Some(ready)) =
        (number(&spec["replicas"]), number(&status["readyReplicas"]))
    {
        return Ok((wanted, ready));
    }
    let found = within(limit, api.get_scale(&workload.name)).await;
    let sub = format!("{}/scale", resource.plural);
    let scale = found.map_err(|failure| problem(&failure, workload, &sub))?;
    let number = |value: i32| u32::try_from(value).ok();
    // A scale leaves out a wanted number of 0.
    let wanted = scale.spec.map_or(0, |spec| spec.replicas.unwrap_or(0));
    let running = scale.status.and_then(|status| number(status.replicas));
    match number(wanted).zip(running) {
        // The API server also writes 0 where the object holds no number.
        Some((1.., 0)) | None => Err(unreadable(
            "neither its status.readyReplicas nor its scale says how many run",
        )),
        Some(count) => Ok(count),
    }
}

fn resource(kind: &WorkloadKind) -> ApiResource {
    let apps = |plural: &str| ("apps".to_owned(), "v1".to_owned(), plural.to_owned());
    let (group, version, plural) = match kind {
        WorkloadKind::Deployment => apps("deployments"),
        WorkloadKind::StatefulSet => apps("statefulsets"),
        WorkloadKind::DaemonSet => apps("daemonsets"),
        WorkloadKind::ReplicaSet => apps("replicasets"),
        WorkloadKind::Custom {
            group,
            version,
            plural,
            ..
        } => (group.clone(), version.clone(), plural.clone()),
    };
    ApiResource {
        group,
        version,
        api_version: kind.api_version(),
        kind: kind.as_str().to_owned(),
        plural,
    }
}

fn unreadable(reason: &str) -> Problem {
    Problem {
        kind: "unreadable",
        text: reason.to_owned(),
    }
}

fn problem(failure: &Failure, workload: &Workload, plural: &str) -> Problem {
    let (kind, advice) = match failure {
        Failure::Refused(status) if matches!(status.code, 401 | 403) => {
            let api = workload.kind.api_version();
            let group = api.split('/').next().unwrap_or_default();
            let advice = format!(
                "; the Role in namespace {} must hold - {{apiGroups: [{group}], resources: [{plural}], verbs: [get]}}",
                workload.namespace
            );
            ("forbidden", advice)
        }
        Failure::Refused(_) if failure.is_not_found() => {
            let advice = "; check the key workload of the rule under recommend".to_owned();
            ("not_found", advice)
        }
        Failure::Refused(_) => ("refused", String::new()),
        Failure::Silent(_) => ("unavailable", String::new()),
    };
    let text = failure.reason() + &advice;
    Problem { kind, text }
}
