//! Who owns a workload's number of replicas.
//!
//! Measured: an HPA takes a number that was set by hand back at its next sync, fifteen seconds later; only its own
//! minimum holds. And KEDA takes back what was changed at an HPA that it has made.

use lag_core::{
    OnAutoscaler, Target,
    escalate::ScaleSubject,
    port::{PortError, Scalable},
};
use serde::Deserialize;

use super::{resource::Resource, scaler::KubeScaler, workload::Metadata};

/// KEDA's annotations for "hands off".
const PAUSED: [&str; 2] = [
    "autoscaling.keda.sh/paused-replicas",
    "autoscaling.keda.sh/paused",
];

#[derive(Debug, Deserialize)]
struct ScaleView {
    metadata: Metadata,
    #[serde(default)]
    spec: ScaleSpec,
}

/// The server leaves a zero out.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ScaleSpec {
    replicas: u32,
}

#[derive(Debug, Deserialize)]
struct Autoscaler {
    metadata: Metadata,
    spec: AutoscalerSpec,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AutoscalerSpec {
    scale_target_ref: ScaleTarget,
    min_replicas: Option<u32>,
    max_replicas: u32,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ScaleTarget {
    #[serde(default)]
    api_version: String,
    kind: String,
    name: String,
}

#[derive(Debug, Deserialize)]
struct ScaledObject {
    metadata: Metadata,
    spec: ScaledObjectSpec,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ScaledObjectSpec {
    min_replica_count: Option<u32>,
    max_replica_count: Option<u32>,
}

impl Autoscaler {
    /// The version of the target's API does not matter, only its group.
    fn scales(&self, target: &Target) -> bool {
        let of = &self.spec.scale_target_ref;
        let group = of
            .api_version
            .split_once('/')
            .map_or("", |(group, _)| group);
        of.kind == target.workload.kind.as_str()
            && of.name == target.workload.name
            && group == Resource::workload(&target.workload).group
    }

    fn scaled_object(&self) -> Option<&str> {
        let mut owners = self.metadata.owner_references.iter();
        owners
            .find(|owner| owner.kind == "ScaledObject")
            .map(|owner| owner.name.as_str())
    }

    /// For people.
    fn shown(&self) -> String {
        match self.scaled_object() {
            Some(name) => format!("ScaledObject/{name}"),
            None => format!("HorizontalPodAutoscaler/{}", self.metadata.name),
        }
    }
}

impl KubeScaler {
    pub(super) async fn read_scale(&self, target: &Target) -> Result<Scalable, PortError> {
        let workload = &target.workload;
        let doing = format!("read the scale of {workload}");
        if !workload.kind.can_scale() {
            let why = format!("a {} has no number of replicas", workload.kind.as_str());
            return Err(super::fault::Fault::invalid(&doing, &why).into());
        }
        let scale: ScaleView = self.calls.get(&doing, &Resource::scale(workload)).await?;
        // A Scale carries the uid of its workload.
        self.remember(workload, &scale.metadata.uid);
        let found = Scalable {
            subject: ScaleSubject::Replicas,
            replicas: scale.spec.replicas,
            at: scale.spec.replicas,
            most: None,
            owner: None,
            version: scale.metadata.resource_version,
        };
        // Without the right to see them this fails: better no scaling than a fight with an autoscaler.
        let all = Resource::autoscalers(&workload.namespace);
        let mut autoscalers: Vec<Autoscaler> = self.calls.list(&doing, &all, None).await?;
        autoscalers.retain(|autoscaler| autoscaler.scales(target));
        match (autoscalers.as_slice(), target.autoscaler) {
            ([], _) => Ok(found),
            ([one], OnAutoscaler::RaiseMin) => self.minimum_of(target, one, found).await,
            (some, _) => {
                // Several fight each other already; none of them is the one to change.
                let owners: Vec<String> = some.iter().map(Autoscaler::shown).collect();
                Ok(Scalable {
                    owner: Some(owners.join(" and ")),
                    ..found
                })
            }
        }
    }

    async fn minimum_of(
        &self,
        target: &Target,
        autoscaler: &Autoscaler,
        found: Scalable,
    ) -> Result<Scalable, PortError> {
        let Some(name) = autoscaler.scaled_object() else {
            return Ok(Scalable {
                subject: ScaleSubject::HpaMin(autoscaler.metadata.name.clone()),
                at: autoscaler.spec.min_replicas.unwrap_or(1),
                most: Some(autoscaler.spec.max_replicas),
                version: autoscaler.metadata.resource_version.clone(),
                ..found
            });
        };
        let doing = format!("read the ScaledObject {name} of {}", target.workload);
        let what = Resource::scaled_objects(&target.workload.namespace).named(name);
        let object: ScaledObject = self.calls.get(&doing, &what).await?;
        let annotations = &object.metadata.annotations;
        let is_paused = PAUSED.iter().any(|key| {
            let value = annotations.get(*key);
            value.is_some_and(|value| value != "false")
        });
        Ok(Scalable {
            subject: ScaleSubject::ScaledObjectMin(name.to_owned()),
            at: object.spec.min_replica_count.unwrap_or(0),
            most: Some(object.spec.max_replica_count.unwrap_or(100)),
            owner: is_paused.then(|| format!("ScaledObject/{name} (paused)")),
            version: object.metadata.resource_version,
            ..found
        })
    }
}
