//! What is read from ScaledObjects.

use super::{a_scaled_object, with};
use crate::manifest::scaled_object;
use jiff::SignedDuration;
use lag_core::simulate::{FallbackBehavior, MetricTarget};
use serde_json::{Value, json};

fn keda_error(pointer: &str, value: Value) -> String {
    let manifest = with(a_scaled_object(), pointer, value);
    let error = scaled_object::read_all("x.yaml", &[manifest]).unwrap_err();
    format!("{error:#}")
}

#[test]
fn a_scaled_object_is_read_whole() {
    let found = scaled_object::read_all("x.yaml", &[a_scaled_object()]).unwrap();
    let keda = &found[0].keda;
    assert_eq!((keda.hpa.bounds.min(), keda.hpa.bounds.max()), (1, 5));
    assert!(keda.sleeps && !keda.missing_is_zero);
    assert_eq!(keda.activation.as_f64(), 10.0);
    assert_eq!((keda.polling.as_secs(), keda.cooldown.as_secs()), (30, 60));
    let fallback = keda.fallback.unwrap();
    assert_eq!((fallback.failure_threshold, fallback.replicas), (3, 4));
    assert_eq!(fallback.behavior, FallbackBehavior::CurrentReplicasIfHigher);
    let behavior = keda.hpa.behavior.as_ref().unwrap();
    assert_eq!(
        behavior.scale_down.stabilization_window,
        SignedDuration::ZERO
    );
}

#[test]
fn each_trigger_keeps_its_numbers_elsewhere() {
    for (kind, key, activation) in [
        ("external-push", "lagThreshold", "activationLagThreshold"),
        ("metrics-api", "targetValue", "activationTargetValue"),
        ("prometheus", "threshold", "activationThreshold"),
        ("kafka", "lagThreshold", "activationLagThreshold"),
    ] {
        let trigger = json!({"type": kind, "metadata": {key: "7", activation: "3"}});
        let manifest = with(a_scaled_object(), "/spec/triggers/0", trigger);
        let found = scaled_object::read_all("x.yaml", &[manifest]).unwrap();
        let keda = &found[0].keda;
        assert_eq!(
            keda.hpa.target,
            MetricTarget::AverageValue(7000.try_into().unwrap())
        );
        assert_eq!(keda.activation.as_f64(), 3.0, "{kind}");
        assert_eq!(keda.missing_is_zero, kind == "prometheus");
    }
}

#[test]
fn a_prometheus_trigger_takes_a_missing_series_for_zero_unless_it_is_told_not_to() {
    let of = |metadata: Value| {
        let trigger = json!({"type": "prometheus", "metadata": metadata});
        let manifest = with(a_scaled_object(), "/spec/triggers/0", trigger);
        scaled_object::read_all("x.yaml", &[manifest])
            .unwrap()
            .remove(0)
    };
    let trap = of(json!({"threshold": "50000"}));
    assert!(
        trap.keda.missing_is_zero && trap.notes[0].contains("ignoreNullValues"),
        "{trap:?}"
    );
    let safe = of(json!({"threshold": "50000", "ignoreNullValues": "false"}));
    assert!(
        !safe.keda.missing_is_zero && safe.notes.is_empty(),
        "{safe:?}"
    );
}

#[test]
fn a_mistake_in_a_scaled_object_is_told_with_its_place_and_what_to_write() {
    let trigger = "/spec/triggers/0";
    for (pointer, value, parts) in [
        (
            "/apiVersion",
            json!("keda.k8s.io/v1alpha1"),
            ["apiVersion is", "keda.sh/v1alpha1"],
        ),
        (
            "/spec/triggers",
            json!([]),
            ["spec.triggers is []", "one trigger"],
        ),
        (
            "/spec/triggers",
            json!([{}, {}]),
            ["spec.triggers has 2 triggers", "leave one in"],
        ),
        (
            trigger,
            json!({"type": "cpu"}),
            [
                "spec.triggers[0].type is \"cpu\"",
                "external, external-push, metrics-api",
            ],
        ),
        (
            trigger,
            json!({"type": "external"}),
            ["metadata.lagThreshold is missing", "above 0"],
        ),
        (
            trigger,
            json!({"type": "external", "metadata": {"lagThreshold": 5}}),
            ["metadata.lagThreshold is 5", "in quotes"],
        ),
        (
            "/spec/triggers/0/metricType",
            json!("Utilization"),
            ["metricType is \"Utilization\"", "AverageValue"],
        ),
        (
            "/spec/idleReplicaCount",
            json!(0),
            ["spec.idleReplicaCount is 0", "minReplicaCount above it"],
        ),
        (
            "/spec/minReplicaCount",
            json!(9),
            ["spec.maxReplicaCount is 5", "which is 9"],
        ),
        (
            "/spec/fallback",
            json!({"replicas": 3}),
            ["spec.fallback.failureThreshold is missing", "whole number"],
        ),
        (
            "/spec/advanced/scalingModifiers",
            json!({"formula": "a"}),
            ["scalingModifiers is", "not simulated"],
        ),
        (
            "/spec/colldownPeriod",
            json!(3),
            [
                "there is no spec.colldownPeriod",
                "did you mean cooldownPeriod?",
            ],
        ),
    ] {
        let error = keda_error(pointer, value);
        assert!(error.starts_with("x.yaml: "), "{error}");
        for part in parts {
            assert!(error.contains(part), "{part:?} is not in: {error}");
        }
    }
}
