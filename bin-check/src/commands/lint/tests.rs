//! Kinds, and documents of any shape.

use super::*;
use proptest::prelude::*;
use serde_json::json;

fn setting() -> Setting {
    Setting {
        kubernetes: "1.34".parse().unwrap(),
        partitions: Some(3),
    }
}

fn hpa(metric: &Value) -> Vec<Finding> {
    let document = json!({
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "spec": {
            "scaleTargetRef": {"name": "a"},
            "minReplicas": 1,
            "maxReplicas": 3,
            "metrics": [metric],
            "behavior": {"scaleDown": {"policies": [{"type": "Pods", "value": 1, "periodSeconds": 60}]}},
        },
    });
    examine(&document, setting()).unwrap()
}

fn external(name: &str, selector: &Value, target: &Value) -> Value {
    json!({"type": "External", "external": {"metric": {"name": name, "selector": selector}, "target": target}})
}

#[track_caller]
fn one(found: &[Finding], path: &str, words: &str) {
    let fits = |finding: &&Finding| {
        finding.path == path && format!("{} {}", finding.happens, finding.instead).contains(words)
    };
    assert_eq!(
        found.iter().filter(fits).count(),
        1,
        "{path} {words} in {found:#?}"
    );
}

const LAG: &str = "kafka_consumer_message_accumulation";

#[test]
fn a_right_hpa_has_no_finding() {
    let selector = json!({"matchLabels": {"consumer_group": "g"}});
    let target = json!({"type": "AverageValue", "averageValue": "50k"});
    assert_eq!(hpa(&external(LAG, &selector, &target)), []);
    assert_eq!(
        hpa(&external(
            "sqs_length",
            &json!(null),
            &json!({"type": "Value", "value": 5})
        ))
        .len(),
        1,
        "only a note"
    );
}

#[test]
fn selectors_are_held_against_what_a_cluster_accepts() {
    let target = json!({"type": "AverageValue", "averageValue": "50k"});
    let with = |selector: Value| hpa(&external(LAG, &selector, &target));
    let labels = "spec.metrics[0].external.metric.selector.matchLabels";
    one(
        &with(json!({"matchLabels": {"consumer_group": "订单"}})),
        &format!("{labels}.consumer_group"),
        "consumer_group_alias: ",
    );
    one(
        &with(json!({"matchLabels": {"consumer_group": 5}})),
        &format!("{labels}.consumer_group"),
        "quotes",
    );
    one(
        &with(json!({"matchLabels": {"instance_id": "i"}})),
        "spec.metrics[0].external.metric.selector",
        "names no group",
    );
    one(
        &with(json!({"matchLabels": {}})),
        "spec.metrics[0].external.metric.selector",
        "of all groups",
    );
    let several = json!({"matchExpressions": [{"key": "consumer_group", "operator": "In", "values": ["a", "b"]}]});
    one(
        &with(several),
        "spec.metrics[0].external.metric.selector.matchExpressions[0]",
        "added up",
    );
    let single =
        json!({"matchExpressions": [{"key": "consumer_group", "operator": "In", "values": ["a"]}]});
    assert_eq!(with(single), []);
}

#[test]
fn targets_and_names_that_cannot_be_are_found() {
    let selector = json!({"matchLabels": {"consumer_group": "g"}});
    let with = |name: &str, target: Value| hpa(&external(name, &selector, &target));
    let path = "spec.metrics[0].external";
    one(
        &with(
            "kafka/lag",
            json!({"type": "AverageValue", "averageValue": 1}),
        ),
        &format!("{path}.metric.name"),
        "URL",
    );
    one(
        &with(LAG, json!({"type": "AverageValue", "value": 5})),
        &format!("{path}.target.averageValue"),
        "missing",
    );
    one(
        &with(LAG, json!({"type": "AverageValue", "averageValue": "0"})),
        &format!("{path}.target.averageValue"),
        "more than 0",
    );
    one(
        &with(LAG, json!({"type": "Utilization"})),
        &format!("{path}.target.type"),
        "Utilization",
    );
    one(
        &with(LAG, json!({"type": "Value"})),
        &format!("{path}.target.type"),
        "steady backlog",
    );
    one(
        &with(
            "kafka_lag_recommended_replicas",
            json!({"type": "AverageValue", "averageValue": 5}),
        ),
        &format!("{path}.target.averageValue"),
        "\"1\"",
    );
    one(
        &hpa(
            &json!({"type": "Object", "object": {"metric": {"name": LAG}, "target": {"type": "AverageValue", "averageValue": 1}}}),
        ),
        "spec.metrics[0].type",
        "belongs to none",
    );
}

#[test]
fn bounds_versions_and_behavior_are_held_against_the_cluster() {
    let found = examine(
        &json!({
            "apiVersion": "autoscaling/v2beta1",
            "kind": "HorizontalPodAutoscaler",
            "spec": {
                "minReplicas": 9, "maxReplicas": 4,
                "metrics": [{"type": "External", "external": {"metricName": LAG, "metricSelector": {}, "targetAverageValue": 5}}],
                "behavior": {
                    "scaleUp": {"tolerance": "0", "stabilizationWindowSeconds": 4000},
                    "scaleDown": {"policies": [{"type": "Pods", "value": 1, "periodSeconds": 3600}]},
                },
            },
        }),
        setting(),
    )
    .unwrap();
    one(&found, "apiVersion", "1.25");
    one(&found, "spec.minReplicas", "9 is more than maxReplicas, 4");
    one(&found, "spec.maxReplicas", "1 get no partition");
    one(&found, "spec.scaleTargetRef", "scales nothing");
    for field in ["metricName", "metricSelector", "targetAverageValue"] {
        one(
            &found,
            &format!("spec.metrics[0].external.{field}"),
            "v2beta1",
        );
    }
    one(&found, "spec.behavior.scaleUp.tolerance", "1.35");
    one(
        &found,
        "spec.behavior.scaleUp.stabilizationWindowSeconds",
        "3600",
    );
    one(
        &found,
        "spec.behavior.scaleDown.policies[0].periodSeconds",
        "1800",
    );
}

#[test]
fn the_default_that_a_cluster_writes_out_is_told_as_well() {
    let of = |down: Value| {
        let mut found = Vec::new();
        behavior::lint(
            Some(&json!({"scaleDown": down})),
            "b",
            setting(),
            &mut found,
        );
        found.len()
    };
    assert_eq!(
        of(json!({"policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}]})),
        1
    );
    assert_eq!(
        of(json!({"policies": [{"type": "Percent", "value": 10, "periodSeconds": 15}]})),
        0
    );
    assert_eq!(of(json!({"selectPolicy": "Disabled"})), 0);
}

#[test]
fn a_rule_of_the_adapter_can_do_more_wrong() {
    let with = |rule: Value| examine(&json!({"externalRules": [rule]}), setting()).unwrap();
    let found = with(json!({
        "seriesQuery": "{consumer_group!=\"\"}",
        "resources": {"overrides": {}},
        "metricsQuery": "max(rate(kafka_consumer_lag{<<.LabelMatchers>>}[5m])) by (consumer_group) or vector(0)",
    }));
    one(&found, "externalRules[0].seriesQuery", "names no metric");
    one(&found, "externalRules[0].resources", "no namespaced: false");
    one(&found, "externalRules[0].metricsQuery", "gauge");
    one(&found, "externalRules[0].metricsQuery", "vector(0)");
    for namespaced in [json!("false"), json!(0)] {
        let found = with(json!({
            "seriesQuery": "kafka_consumer_lag", "resources": {"namespaced": namespaced},
            "metricsQuery": "max(<<.Series>>{<<.LabelMatchers>>}) by (consumer_group)",
        }));
        one(
            &found,
            "externalRules[0].resources.namespaced",
            "without quotes",
        );
        assert_eq!(found.len(), 1, "{found:#?}");
    }
    let found = with(json!({
        "seriesQuery": "kafka_consumer_lag", "resources": {"namespaced": false},
        "metricsQuery": "max(<<.Series>>{<<.LabelMatchers>>} by (<<.GroupBy>>)",
    }));
    one(&found, "externalRules[0].metricsQuery", "2 of ( and 1 of )");
    one(
        &found,
        "externalRules[0].metricsQuery",
        "<<.GroupBy>> is empty",
    );
    let found = examine(
        &json!({"externalRules": [{"seriesQuery": "sqs_length", "metricsQuery": "sum(sqs_length)"}]}),
        setting(),
    );
    assert_eq!(found.unwrap().len(), 1, "only the note that it is no lag");
}

#[test]
fn a_scaled_object_that_is_not_ours_is_left_alone() {
    let of = |trigger: Value| {
        let document = json!({
            "apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject",
            "spec": {"scaleTargetRef": {"name": "a"}, "minReplicaCount": 1, "maxReplicaCount": 3, "triggers": [trigger]},
        });
        examine(&document, setting()).unwrap()
    };
    assert_eq!(
        of(json!({"type": "external", "metadata": {"scalerAddress": "other:1", "key": "x"}})).len(),
        1
    );
    assert_eq!(of(json!({"type": "cron", "metadata": {}})).len(), 1);
    let found = of(json!({"type": "metrics-api", "metadata": {"url": "http://a/api/v1/lag/i/g"}}));
    one(&found, "spec.triggers[0].metadata.targetValue", "missing");
    let found = of(
        json!({"type": "external", "metadata": {"scalerAddress": "a:1", "consumerGroupFromEnv": "G", "lagThreshold": "5"}}),
    );
    assert!(
        !found
            .iter()
            .any(|finding| finding.path.contains("metadata")),
        "{found:#?}"
    );
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
fn a_registration_needs_somebody_to_trust() {
    let of = |more: Value| {
        let mut document = json!({
            "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
            "metadata": {"name": "v1beta1.external.metrics.k8s.io"},
            "spec": {
                "group": "external.metrics.k8s.io", "version": "v1beta1", "groupPriorityMinimum": 100, "versionPriority": 100,
                "service": {"name": "a", "namespace": "b"},
            },
        });
        for (key, value) in more.as_object().unwrap() {
            document["spec"][key] = value.clone();
        }
        examine(&document, setting()).unwrap()
    };
    one(
        &of(json!({})),
        "spec.caBundle",
        "certificates of public authorities",
    );
    one(
        &of(json!({"insecureSkipTLSVerify": true})),
        "spec.insecureSkipTLSVerify",
        "anybody",
    );
    one(
        &of(json!({"caBundle": "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t", "service": null})),
        "spec.service.name",
        "Service",
    );
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        Just(json!("Value")),
        Just(json!("External")),
        Just(json!(LAG)),
    ];
    let key = prop_oneof![
        Just("spec".to_owned()),
        Just("metrics".to_owned()),
        Just("external".to_owned()),
        Just("target".to_owned()),
        Just("metric".to_owned()),
        Just("triggers".to_owned()),
        Just("metadata".to_owned()),
        Just("groups".to_owned()),
        Just("rules".to_owned()),
        Just("expr".to_owned()),
        Just("type".to_owned()),
        Just("data".to_owned()),
        Just("selector".to_owned()),
        Just("matchLabels".to_owned()),
        Just("externalRules".to_owned()),
        Just("seriesQuery".to_owned()),
        Just("metricsQuery".to_owned()),
        Just("name".to_owned()),
        "[a-z]{1,6}",
    ];
    leaf.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(key.clone(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_document_is_too_strange(inner in any_value(), kind in 0..6_usize) {
        let mut document = json!({});
        if let Value::Object(map) = &inner {
            document = Value::Object(map.clone());
        }
        if let Some(kind) = ["HorizontalPodAutoscaler", "ScaledObject", "PrometheusRule", "APIService", "ConfigMap"].get(kind) {
            document["kind"] = json!(kind);
        }
        let mut reports = vec![report("f", 1, &document, setting()), report("f", 2, &inner, setting())];
        together::lint(&[document, inner], &mut reports);
        prop_assert!(!finding::text(&reports).is_empty());
    }
}
