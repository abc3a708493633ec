//! What a cluster, our scaler or `simulate` refuses.

use super::*;

#[test]
fn whatever_our_scaler_refuses_is_found_in_its_words() {
    let of = |metadata: Value| {
        let document = json!({
            "apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject",
            "spec": {"scaleTargetRef": {"name": "a"}, "maxReplicaCount": 3, "triggers": [{"type": "external", "metadata": metadata}]},
        });
        examine(&document, setting()).unwrap()
    };
    let right = json!({"scalerAddress": "a:1", "consumerGroup": "g", "lagThreshold": "5"});
    for (key, value, words) in [
        ("sustainSeconds", "1.5", "whole number of seconds"),
        ("maxAgeSeconds", "0", "from 1 to"),
        ("maxAgeSeconds", "-1", "from 1 to"),
        ("lagThreshold", "1e3", "decimal number"),
        ("instanceId", "", "1 to 512 bytes"),
        ("metric", "foo", "lag or recommendedReplicas"),
        ("scalerAddress", "k", "HOST:PORT"),
        ("scalerAddress", "k:0", "HOST:PORT"),
        ("lagTreshold", "5", "did you mean lagThreshold?"),
        ("lagThresholdFromEnv", "LAG", "write one of them"),
    ] {
        let mut metadata = right.clone();
        metadata[key] = json!(value);
        one(
            &of(metadata),
            &format!("spec.triggers[0].metadata.{key}"),
            words,
        );
    }
    // One mistake does not hide the next.
    let found = of(
        json!({"scalerAddress": "kafka-lag:1", "sustainSeconds": "x", "maxAgeSeconds": "0", "lag": "1"}),
    );
    for key in [
        "consumerGroup",
        "lagThreshold",
        "sustainSeconds",
        "maxAgeSeconds",
        "lag",
    ] {
        let path = format!("spec.triggers[0].metadata.{key}");
        let count = found.iter().filter(|finding| finding.path == path).count();
        assert_eq!(count, 1, "{key} in {found:#?}");
    }
}

#[test]
fn the_other_triggers_are_held_against_what_the_exporter_answers() {
    let of = |kind: &str, metadata: Value| {
        let document = json!({
            "apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject",
            "spec": {"scaleTargetRef": {"name": "a"}, "minReplicaCount": 1, "maxReplicaCount": 3, "triggers": [{"type": kind, "metadata": metadata}]},
        });
        examine(&document, setting()).unwrap()
    };
    let query = "max(kafka_consumer_message_accumulation{consumer_group=\"g\"})";
    for threshold in ["0", "-1", "x", "NaN"] {
        let found = of(
            "prometheus",
            json!({"query": query, "threshold": threshold, "ignoreNullValues": "false"}),
        );
        one(&found, "spec.triggers[0].metadata.threshold", "above 0");
    }
    let url = "http://a:9876/api/v1/lag/i/g";
    let found = of(
        "metrics-api",
        json!({"url": url, "valueLocation": "last.lag", "targetValue": "0"}),
    );
    one(
        &found,
        "spec.triggers[0].metadata.valueLocation",
        "write valueLocation: lag",
    );
    one(&found, "spec.triggers[0].metadata.targetValue", "above 0");
}

#[test]
fn whatever_simulate_refuses_of_an_autoscaler_is_an_error_of_lint() {
    let right = json!({
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "spec": {
            "scaleTargetRef": {"name": "a"}, "minReplicas": 1, "maxReplicas": 3,
            "metrics": [{"type": "External", "external": {
                "metric": {"name": LAG, "selector": {"matchLabels": {"consumer_group": "g"}}},
                "target": {"type": "AverageValue", "averageValue": "5"},
            }}],
            "behavior": {"scaleDown": {"policies": [{"type": "Pods", "value": 1, "periodSeconds": 60}]}},
        },
    });
    assert_eq!(examine(&right, setting()).unwrap(), []);
    let external = "/spec/metrics/0/external";
    let down = "/spec/behavior/scaleDown";
    for (pointer, value, path) in [
        (
            "/spec/metrics/0/type",
            json!("Exernal"),
            "spec.metrics[0].type",
        ),
        (
            "/spec/metrics/0",
            json!({"type": "External"}),
            "spec.metrics[0].external",
        ),
        ("/spec/metrics", json!({"type": "External"}), "spec.metrics"),
        ("/spec/minReplicas", json!("two"), "spec.minReplicas"),
        ("/spec/maxReplicas", json!(0), "spec.maxReplicas"),
        (
            &format!("{down}/policies/0/periodSeconds"),
            json!(0),
            "spec.behavior.scaleDown.policies[0].periodSeconds",
        ),
        (
            &format!("{down}/policies/0/type"),
            json!("Pod"),
            "spec.behavior.scaleDown.policies[0].type",
        ),
        (
            &format!("{down}/policies/0/value"),
            json!(0),
            "spec.behavior.scaleDown.policies[0].value",
        ),
        (
            &format!("{down}/policies"),
            json!([]),
            "spec.behavior.scaleDown.policies",
        ),
        (
            down,
            json!({"tolerance": -1}),
            "spec.behavior.scaleDown.tolerance",
        ),
        (
            "/spec/behavior",
            json!({"scaledown": {}}),
            "spec.behavior.scaledown",
        ),
        (
            &format!("{external}/target"),
            json!({"type": "AverageValue", "averageValue": "5", "value": "5"}),
            "spec.metrics[0].external.target.value",
        ),
        (
            &format!("{external}/metric/selector"),
            json!({"consumer_group": "a"}),
            "spec.metrics[0].external.metric.selector.consumer_group",
        ),
        (
            &format!("{external}/metric/selector"),
            json!({"matchExpressions": [{"key": "consumer_group", "operator": "In", "values": []}]}),
            "spec.metrics[0].external.metric.selector.matchExpressions[0].values",
        ),
        (
            &format!("{external}/metric/selector"),
            json!({"matchExpressions": [{"key": "consumer_group", "operator": "DoesNotExist"}]}),
            "spec.metrics[0].external.metric.selector.matchExpressions[0]",
        ),
    ] {
        let mut document = right.clone();
        *document.pointer_mut(pointer).unwrap() = value;
        let found = examine(&document, setting()).unwrap();
        let errors: Vec<_> = found
            .iter()
            .filter(|finding| finding.severity == finding::Severity::Error)
            .map(|finding| finding.path.as_str())
            .collect();
        assert_eq!(errors, [path], "{pointer}: {found:#?}");
    }
}

#[test]
fn an_old_target_and_an_old_selector_are_read_for_what_they_mean() {
    let path = "spec.metrics[0].external";
    let found = hpa(&json!({"type": "External", "external": {
        "metricName": LAG,
        "metricSelector": {"matchLabels": {"consumer_group": "g"}},
        "targetValue": "50000",
    }}));
    one(&found, &format!("{path}.targetValue"), "climbs to 3");
    one(
        &found,
        &format!("{path}.targetValue"),
        "write external.target: {type: AverageValue",
    );
    let says = |words: &str| {
        found
            .iter()
            .any(|finding| finding.instead.contains(words) || finding.happens.contains(words))
    };
    assert!(!says("type: Value") && !says("of all groups"), "{found:#?}");
    let found = hpa(
        &json!({"type": "External", "external": {"metricName": LAG, "metricSelector": {}, "targetAverageValue": 5}}),
    );
    one(&found, &format!("{path}.metricSelector"), "of all groups");
}

#[test]
fn values_that_our_scaler_refuses_are_found() {
    let of = |metadata: Value| {
        let document = json!({
            "apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject",
            "spec": {"scaleTargetRef": {"name": "a"}, "maxReplicaCount": 3, "triggers": [{"type": "external", "metadata": metadata}]},
        });
        examine(&document, setting()).unwrap()
    };
    let path = "spec.triggers[0].metadata.lagThreshold";
    let recommended = json!({"scalerAddress": "a:1", "consumerGroup": "g", "metric": "recommendedReplicas", "lagThreshold": "1"});
    one(&of(recommended), path, "remove it, the target is 1");
    for wrong in ["50k", "0", "-1", "NaN", "inf", ""] {
        one(
            &of(json!({"scalerAddress": "a:1", "consumerGroup": "g", "lagThreshold": wrong})),
            path,
            "write a decimal number from 0.001",
        );
    }
    let right = of(
        json!({"scalerAddress": "a:1", "consumerGroup": "g", "lagThreshold": "0.5", "activationLagThreshold": "0"}),
    );
    assert!(
        !right
            .iter()
            .any(|finding| finding.path.contains("metadata")),
        "{right:#?}"
    );
}
