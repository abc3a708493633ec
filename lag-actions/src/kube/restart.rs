//! The rolling restart, as `kubectl rollout restart` does it.

use lag_core::{Effect, Refusal, RestartWay, Target, WorkloadKind, port::PortError};
use serde_json::json;

use super::{
    call::Write,
    resource::Resource,
    scaler::KubeScaler,
    workload::{RESTARTED_AT, WorkloadView},
};

impl KubeScaler {
    pub(super) async fn restart_by(
        &self,
        target: &Target,
        mark: &str,
    ) -> Result<Effect, PortError> {
        let workload = &target.workload;
        let kind = &workload.kind;
        // A ReplicaSet has no rollout, but its pods come back when they are evicted.
        let by_eviction = target.restart == RestartWay::Evict && *kind == WorkloadKind::ReplicaSet;
        if !kind.can_restart() && !by_eviction {
            return Ok(Effect::Refused(Refusal::Kind(kind.as_str().to_owned())));
        }
        let doing = format!("restart {workload}");
        let what = Resource::workload(workload);
        let view: WorkloadView = self.calls.get(&doing, &what).await?;
        self.remember(workload, &view.metadata.uid);
        match target.restart {
            RestartWay::Evict => self.evict(target, &view, mark).await,
            RestartWay::Rollout => self.roll_out(target, &view, mark).await,
        }
    }

    async fn roll_out(
        &self,
        target: &Target,
        view: &WorkloadView,
        mark: &str,
    ) -> Result<Effect, PortError> {
        let workload = &target.workload;
        // First of all: the rollout that our own earlier try has begun is no reason to refuse.
        if view.was_restarted_since(mark) {
            return Ok(Effect::AlreadyRestarted);
        }
        if let Some(refusal) = view.refusal(&workload.kind) {
            return Ok(Effect::Refused(refusal));
        }
        // Without resourceVersion: the same value twice is one rollout, whatever else has changed meanwhile.
        let body =
            json!({"spec": {"template": {"metadata": {"annotations": {RESTARTED_AT: mark}}}}});
        let doing = format!("restart {workload}");
        let what = Resource::workload(workload);
        self.calls
            .write(&doing, Write::StrategicMerge, &what, &body)
            .await?;
        Ok(Effect::Restarted)
    }
}
