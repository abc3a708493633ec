//! The restart by eviction: pods of a workload, found by owner, one by one, within its disruption budgets.

use std::{collections::BTreeSet, time::Duration};

use jiff::Timestamp;
use lag_core::{
    Effect, Refusal, Target, Workload, WorkloadKind,
    port::{PortError, PortErrorKind},
};
use serde::Deserialize;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::{
    call::Write,
    fault::Fault,
    resource::Resource,
    scaler::KubeScaler,
    workload::{Metadata, WorkloadView},
};

/// How often a workload is looked at while a replacement starts.
const POLL: Duration = Duration::from_secs(2);

#[derive(Debug, Deserialize)]
struct Owned {
    metadata: Metadata,
    #[serde(default)]
    status: PodStatus,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PodStatus {
    phase: String,
}

impl Owned {
    fn belongs_to(&self, owners: &BTreeSet<String>) -> bool {
        let mut references = self.metadata.owner_references.iter();
        references.any(|owner| owners.contains(&owner.uid))
    }

    /// Neither on its way out nor done.
    fn is_live(&self) -> bool {
        self.metadata.deletion_timestamp.is_none()
            && !matches!(self.status.phase.as_str(), "Succeeded" | "Failed")
    }

    /// Creation times are in seconds, and so are marks: a pod of the very second counts as new. The mark is by our
    /// clock, the creation by the API server's: with a clock that is ahead by minutes, a retry takes the pods that
    /// its own earlier try has brought for old ones.
    fn is_older_than(&self, mark: Timestamp) -> bool {
        let created = self.metadata.creation_timestamp.as_deref();
        created
            .and_then(|at| at.parse::<Timestamp>().ok())
            .is_some_and(|at| at < mark)
    }
}

impl KubeScaler {
    pub(super) async fn evict(
        &self,
        target: &Target,
        view: &WorkloadView,
        mark: &str,
    ) -> Result<Effect, PortError> {
        let workload = &target.workload;
        let doing = format!("restart {workload} by eviction");
        let mark: Timestamp = mark.parse().map_err(|_| {
            let what = format!("{doing}: the mark {mark:?} is no RFC 3339 time");
            PortError::new(PortErrorKind::Invalid, what)
        })?;
        let mut old = self.pods(&doing, workload, view).await?;
        let any = !old.is_empty();
        old.retain(|pod| pod.is_older_than(mark));
        old.sort_by(|a, b| a.metadata.name.cmp(&b.metadata.name));
        // First of all: the pods that our own earlier try has begun to replace are no reason to refuse.
        if any && old.is_empty() {
            return Ok(Effect::AlreadyRestarted);
        }
        if let Some(refusal) = view.refusal_of_eviction(&workload.kind) {
            return Ok(Effect::Refused(refusal));
        }
        let mut evicted = 0;
        for (number, pod) in old.iter().enumerate() {
            let so_far = format!("{doing} (pod {} of {})", number + 1, old.len());
            match self.evict_one(&so_far, workload, &pod.metadata.name).await {
                Ok(was_there) => evicted += u32::from(was_there),
                Err(fault) if !fault.is_disruption() => return Err(fault.into()),
                Err(_) if evicted == 0 => return Ok(Effect::Refused(Refusal::Disruption)),
                Err(_) => break,
            }
            if number + 1 < old.len() && self.calls.print().is_none() {
                self.until_ready(&so_far, workload, view).await?;
            }
        }
        Ok(Effect::Evicted { pods: evicted })
    }

    /// Live pods that the workload owns. The selector alone is not enough: another workload's pods can carry the
    /// same labels.
    async fn pods(
        &self,
        doing: &str,
        workload: &Workload,
        view: &WorkloadView,
    ) -> Result<Vec<Owned>, Fault> {
        let selector = view.spec.selector.query();
        let list = async |what: Resource, owners: &BTreeSet<String>| {
            let mut found: Vec<Owned> = self.calls.list(doing, &what, Some(&selector)).await?;
            found.retain(|object| object.belongs_to(owners));
            Ok::<_, Fault>(found)
        };
        let mut owners = BTreeSet::from([view.metadata.uid.clone()]);
        if workload.kind == WorkloadKind::Deployment {
            let sets = list(Resource::replica_sets(&workload.namespace), &owners).await?;
            owners = sets.into_iter().map(|set| set.metadata.uid).collect();
        }
        let mut pods = list(Resource::pods(&workload.namespace), &owners).await?;
        pods.retain(Owned::is_live);
        Ok(pods)
    }

    /// Whether the pod was still there.
    async fn evict_one(&self, doing: &str, workload: &Workload, pod: &str) -> Result<bool, Fault> {
        let what = Resource::pods(&workload.namespace)
            .named(pod)
            .sub("eviction");
        // Not DELETE, which ignores PodDisruptionBudgets.
        let body = json!({
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": pod, "namespace": workload.namespace},
        });
        match self.calls.write(doing, Write::Create, &what, &body).await {
            Ok(()) => Ok(true),
            Err(fault) if fault.error.kind == PortErrorKind::NotFound => Ok(false),
            Err(fault) => Err(fault),
        }
    }

    /// Waits until the evicted pod is replaced and all are ready. That a replacement exists is asked first: only then
    /// has the controller seen the eviction, and its number of ready pods is not the one from before.
    async fn until_ready(
        &self,
        doing: &str,
        workload: &Workload,
        before: &WorkloadView,
    ) -> Result<(), PortError> {
        let kind = &workload.kind;
        let deadline = Instant::now() + self.settings.ready_timeout;
        loop {
            sleep(POLL).await;
            let live = self.pods(doing, workload, before).await?.len();
            let what = Resource::workload(workload);
            let view: WorkloadView = self.calls.get(doing, &what).await?;
            let wanted = view.wanted(kind);
            let replaced = u32::try_from(live).is_ok_and(|live| live >= wanted);
            if replaced && view.ready(kind) >= wanted {
                return Ok(());
            }
            if Instant::now() >= deadline {
                let waited = self.settings.ready_timeout.as_secs();
                let why = format!(
                    "the pod's replacement is not ready after {waited} s; the pods left are evicted by the next run"
                );
                return Err(Fault::unavailable(doing, &why).into());
            }
        }
    }
}
