//! Whole objects from the few words that matter.

use serde_json::{Value, json};

/// A workload of this kind with the label `app: <name>`; a DaemonSet runs so many pods, the others are scaled to it.
pub(crate) fn workload(kind: &str, namespace: &str, name: &str, replicas: u32) -> Value {
    let labels = json!({ "app": name });
    let mut spec = json!({
        "replicas": replicas,
        "selector": { "matchLabels": labels },
        "template": {
            "metadata": { "labels": labels },
            "spec": { "containers": [{ "name": "consumer", "image": "consumer:1" }] },
        },
    });
    let mut metadata = json!({ "name": name, "namespace": namespace });
    let api_version = match kind {
        "Rollout" => "argoproj.io/v1alpha1",
        _ => "apps/v1",
    };
    match kind {
        "StatefulSet" => spec["serviceName"] = json!(name),
        "DaemonSet" => {
            spec.as_object_mut().map(|fields| fields.remove("replicas"));
            // How many nodes there are is no field of the object.
            metadata["annotations"] = json!({ NODES: replicas.to_string() });
        }
        _ => {}
    }
    json!({ "apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec })
}

/// How many pods a DaemonSet has.
pub(crate) const NODES: &str = "kube-sim/nodes";

pub(crate) fn autoscaler(
    namespace: &str,
    name: &str,
    target: (&str, &str),
    (least, most): (u32, u32),
) -> Value {
    json!({
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": { "name": name, "namespace": namespace },
        "spec": {
            "scaleTargetRef": reference(target),
            "minReplicas": least,
            "maxReplicas": most,
        },
    })
}

pub(crate) fn scaled_object(
    namespace: &str,
    name: &str,
    target: (&str, &str),
    (least, most): (u32, u32),
) -> Value {
    json!({
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": { "name": name, "namespace": namespace },
        "spec": {
            "scaleTargetRef": reference(target),
            "minReplicaCount": least,
            "maxReplicaCount": most,
            "triggers": [],
        },
    })
}

fn reference((kind, name): (&str, &str)) -> Value {
    let api_version = match kind {
        "Rollout" => "argoproj.io/v1alpha1",
        _ => "apps/v1",
    };
    json!({ "apiVersion": api_version, "kind": kind, "name": name })
}
