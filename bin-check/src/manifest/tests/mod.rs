//! What is read from manifests, and what is said about mistakes in them.

mod hpas;
mod scaled_objects;

use super::{documents, hpa, scaled_object};
use lag_core::simulate::MetricTarget;
use proptest::{collection, prelude::*, sample::Index};
use serde_json::{Value, json};

#[test]
fn every_document_of_a_file_is_read_and_empty_ones_are_none() {
    let text = "---\nkind: A\n---\n---\nkind: B\nspec: {n: 5}\n";
    let found = documents("x.yaml", text).unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!(found[1]["spec"]["n"], 5);
    assert!(documents("x.yaml", "a: [").is_err());
}

fn an_hpa() -> Value {
    json!({
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "cust", "namespace": "orders"},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "cust"},
            "minReplicas": 2,
            "maxReplicas": 5,
            "metrics": [{"type": "External", "external": {
                "metric": {"name": "kafka_consumer_lag", "selector": {"matchLabels": {"consumer_group": "a"}}},
                "target": {"type": "AverageValue", "averageValue": "50k"},
            }}],
            "behavior": {
                "scaleUp": {
                    "tolerance": "0",
                    "stabilizationWindowSeconds": 120,
                    "selectPolicy": "Min",
                    "policies": [{"type": "Pods", "value": 1, "periodSeconds": 60}],
                },
                "scaleDown": {"tolerance": "666m", "selectPolicy": "Disabled"},
            },
        },
    })
}

fn a_scaled_object() -> Value {
    json!({
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": {"name": "cust"},
        "spec": {
            "scaleTargetRef": {"name": "cust"},
            "maxReplicaCount": 5,
            "cooldownPeriod": 60,
            "fallback": {"failureThreshold": 3, "replicas": 4, "behavior": "currentReplicasIfHigher"},
            "advanced": {"horizontalPodAutoscalerConfig": {"behavior": {"scaleDown": {"stabilizationWindowSeconds": 0}}}},
            "triggers": [{"type": "external", "metricType": "AverageValue", "metadata": {
                "scalerAddress": "kafka-lag.monitoring.svc:6000",
                "consumerGroup": "a",
                "lagThreshold": "50000",
                "activationLagThreshold": "10",
            }}],
        },
    })
}

/// The manifest with another value at a place; `Null` takes it away.
fn with(mut manifest: Value, pointer: &str, value: Value) -> Value {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = manifest.pointer_mut(parent).unwrap();
    match parent.as_array_mut() {
        Some(list) => list[key.parse::<usize>().unwrap()] = value,
        None => parent[key] = value,
    }
    manifest
}

fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (0_u32..10).prop_map(Value::from),
        "[0-9a-zA-Z.:-]{0,8}".prop_map(Value::from),
        prop_oneof!["External", "Value", "AverageValue", "prometheus", "Pods"]
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            collection::hash_map("[a-zA-Z]{0,12}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Paths to all values of a document.
fn places(value: &Value, at: &str, out: &mut Vec<String>) {
    if !at.is_empty() {
        out.push(at.to_owned());
    }
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                places(value, &format!("{at}/{key}"), out);
            }
        }
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                places(value, &format!("{at}/{index}"), out);
            }
        }
        _ => {}
    }
}

proptest! {
    #[test]
    fn no_value_anywhere_makes_the_readers_panic_or_break_a_promise(
        is_hpa in any::<bool>(), place in any::<Index>(), value in anything(), whole in anything(),
    ) {
        let manifest = if is_hpa { an_hpa() } else { a_scaled_object() };
        let mut all = Vec::new();
        places(&manifest, "", &mut all);
        let changed = with(manifest, &all[place.index(all.len())], value);
        for documents in [vec![changed.clone()], vec![whole, changed]] {
            for file in hpa::read_all("x.yaml", &documents).unwrap_or_default() {
                prop_assert!(file.hpa.bounds.min() <= file.hpa.bounds.max());
            }
            for file in scaled_object::read_all("x.yaml", &documents).unwrap_or_default() {
                prop_assert!(file.keda.hpa.bounds.min() >= 1);
                prop_assert!(file.keda.fallback.is_none() || matches!(file.keda.hpa.target, MetricTarget::AverageValue(_)));
            }
        }
    }
}
