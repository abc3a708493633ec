//! Kinds, and documents of any shape.

#[path = "refused_tests.rs"]
mod refused;

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
