//! Writing a number: absolute, bounded, and only over the version that was read.

use lag_core::{
    Effect, Target,
    escalate::ScaleSubject,
    port::{PortError, Scalable},
};
use serde_json::json;

use super::{call::Write, fault::Fault, resource::Resource, scaler::KubeScaler};

impl KubeScaler {
    pub(super) async fn write_scale(
        &self,
        target: &Target,
        found: &Scalable,
        to: u32,
    ) -> Result<Effect, PortError> {
        let workload = &target.workload;
        let namespace = &workload.namespace;
        let from = found.at;
        let doing = format!("scale {workload} from {from} to {to}");
        check(&doing, target, found, to)?;
        if from == to {
            return Ok(Effect::AlreadyScaled { at: to });
        }
        let (what, field, effect) = match &found.subject {
            ScaleSubject::Replicas => {
                let effect = Effect::Scaled { from, to };
                (Resource::scale(workload), "replicas", effect)
            }
            ScaleSubject::HpaMin(name) => {
                let autoscaler = format!("HorizontalPodAutoscaler/{name}");
                let effect = Effect::MinimumChanged {
                    autoscaler,
                    from,
                    to,
                };
                let what = Resource::autoscalers(namespace).named(name);
                (what, "minReplicas", effect)
            }
            ScaleSubject::ScaledObjectMin(name) => {
                let autoscaler = format!("ScaledObject/{name}");
                let effect = Effect::MinimumChanged {
                    autoscaler,
                    from,
                    to,
                };
                let what = Resource::scaled_objects(namespace).named(name);
                (what, "minReplicaCount", effect)
            }
        };
        // With the version that was read: without it the last writer wins.
        let body = json!({
            "metadata": {"resourceVersion": found.version},
            "spec": {field: to},
        });
        self.calls.write(&doing, Write::Merge, &what, &body).await?;
        Ok(effect)
    }
}

/// The core decides; this only makes sure that no caller's mistake becomes a write.
fn check(doing: &str, target: &Target, found: &Scalable, to: u32) -> Result<(), Fault> {
    if let Some(owner) = &found.owner {
        let why = format!("{owner} owns the number");
        return Err(Fault::invalid(doing, &why));
    }
    if found.version.is_empty() {
        return Err(Fault::invalid(
            doing,
            "the version that was read is missing",
        ));
    }
    let grows = to > found.at;
    let limit = target.limits().max();
    let limit = found.most.map_or(limit, |most| most.min(limit));
    if grows && to > limit {
        let why = format!("{to} is more than the limit, {limit}");
        return Err(Fault::invalid(doing, &why));
    }
    Ok(())
}
