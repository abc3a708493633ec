//! Whether a rollout is going on, of any kind that can be scaled.

use lag_core::{Target, WorkloadKind, port::PortError};
use serde::Deserialize;

use super::{resource::Resource, scaler::KubeScaler, workload::WorkloadView};

/// Of a custom resource only what an Argo Rollout has: its `observedGeneration` is a text, and other kinds have nothing of the
/// sort.
#[derive(Debug, Deserialize)]
struct CustomView {
    #[serde(default)]
    status: CustomStatus,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CustomStatus {
    phase: serde_json::Value,
}

impl KubeScaler {
    /// A ReplicaSet has no rollout.
    pub(crate) async fn look_for_rollout(&self, target: &Target) -> Result<bool, PortError> {
        let workload = &target.workload;
        let doing = format!("see whether {workload} is being rolled out");
        let what = Resource::workload(workload);
        match &workload.kind {
            WorkloadKind::ReplicaSet => Ok(false),
            WorkloadKind::Deployment | WorkloadKind::StatefulSet | WorkloadKind::DaemonSet => {
                let view: WorkloadView = self.calls.get(&doing, &what).await?;
                Ok(view.is_rolling(&workload.kind))
            }
            WorkloadKind::Custom { .. } => {
                let view: CustomView = self.calls.get(&doing, &what).await?;
                let phase = view.status.phase.as_str();
                Ok(matches!(phase, Some("Progressing" | "Paused")))
            }
        }
    }
}
