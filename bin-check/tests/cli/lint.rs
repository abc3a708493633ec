//! `lint`: every fault of the posts' manifests, one test for each, and how the program ends.

use crate::harness::{Ended, assert_says, program};
use serde_json::{Value, json};
use std::{
    io::Write as _,
    process::{Command, Stdio},
};

fn fixture(name: &str) -> String {
    format!("{}/tests/fixtures/lint/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// The program with a text on stdin.
pub(crate) fn fed(arguments: &[&str], text: &str) -> Ended {
    let mut command: Command = program(arguments);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    Ended {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// What is said about a file: severity, path, what happens, what to write.
fn findings(files: &[&str], flags: &[&str]) -> Vec<[String; 4]> {
    let paths: Vec<_> = files.iter().map(|name| fixture(name)).collect();
    let mut arguments = vec!["lint", "-o", "json"];
    arguments.extend(flags);
    arguments.extend(paths.iter().map(String::as_str));
    let document = Ended::of(&mut program(&arguments)).json();
    let of = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    let documents = document["documents"].as_array().unwrap().iter();
    documents
        .flat_map(|document| document["findings"].as_array().unwrap())
        .map(|finding| ["severity", "path", "happens", "instead"].map(|key| of(finding, key)))
        .collect()
}

/// Exactly one finding of this severity at this path has these words.
#[track_caller]
fn finds(file: &str, severity: &str, path: &str, words: &[&str]) {
    let all = findings(&[file], &[]);
    let fits = |finding: &&[String; 4]| {
        let said = format!("{} {}", finding[2], finding[3]);
        finding[0] == severity && finding[1] == path && words.iter().all(|word| said.contains(word))
    };
    assert_eq!(
        all.iter().filter(fits).count(),
        1,
        "{severity} {path} {words:?} in {all:#?}"
    );
}

#[test]
fn an_api_version_that_is_gone_is_an_error() {
    finds(
        "hpa-first.yaml",
        "error",
        "apiVersion",
        &["v2beta2 is gone since Kubernetes 1.26", "autoscaling/v2"],
    );
}

#[test]
fn pods_is_the_wrong_type_for_a_lag() {
    finds(
        "hpa-first.yaml",
        "error",
        "spec.metrics[0].type",
        &["belongs to no pod", "404", "type: External"],
    );
}

#[test]
fn a_field_of_an_older_version_is_renamed() {
    finds(
        "hpa-first.yaml",
        "error",
        "spec.metrics[0].pods.metricName",
        &["v2beta1", "metric.name"],
    );
}

#[test]
fn pods_with_value_is_refused_by_the_cluster() {
    finds(
        "hpa-first.yaml",
        "error",
        "spec.metrics[0].pods.target.type",
        &["only AverageValue"],
    );
}

#[test]
fn without_policies_scaling_down_is_not_one_by_one() {
    finds(
        "hpa-first.yaml",
        "note",
        "spec.behavior.scaleDown.policies",
        &["go at once", "periodSeconds: 120"],
    );
}

#[test]
fn value_on_a_backlog_climbs_as_was_measured() {
    finds(
        "hpa-last.yaml",
        "error",
        "spec.metrics[0].external.target.type",
        &[
            "above 55,000 climbs to 5",
            "back at 2 only when it is 33,333 or less",
            "averageValue: \"50000\"",
        ],
    );
}

#[test]
fn a_missing_selector_adds_up_all_groups() {
    finds(
        "hpa-last.yaml",
        "warning",
        "spec.metrics[0].external.metric.selector",
        &["orders_message_accumulation are added up", "consumer_group"],
    );
    let said = fed(
        &["lint", "-"],
        "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: a}\nspec:\n  scaleTargetRef: {name: a}\n  maxReplicas: 5\n  metrics:\n  - type: External\n    external: {metric: {name: kafka_consumer_message_accumulation}, target: {type: AverageValue, averageValue: 50k}}\n",
    )
    .with(1);
    assert_says(
        &said,
        &[
            "error    spec.metrics[0].external.metric.selector",
            "adds up",
            "of all groups",
        ],
    );
}

#[test]
fn a_rule_for_pods_and_objects_cannot_serve_a_lag() {
    finds(
        "adapter-first.yaml",
        "error",
        "rules.custom[0]",
        &["custom.metrics.k8s.io", "rules.external"],
    );
}

#[test]
fn a_template_field_that_does_not_exist_is_named() {
    finds(
        "adapter-first.yaml",
        "error",
        "rules.custom[0].metricsQuery",
        &["no <<.LabelSelector>>", "<<.LabelMatchers>>"],
    );
}

#[test]
fn a_lag_has_no_pod_to_group_by() {
    finds(
        "adapter-first.yaml",
        "error",
        "rules.custom[0].metricsQuery",
        &["no label pod"],
    );
}

#[test]
fn without_label_matchers_every_hpa_gets_the_same_number() {
    for rule in 0..2 {
        let path = format!("rules.external[{rule}].metricsQuery");
        finds(
            "adapter-last.yaml",
            "error",
            &path,
            &["same number", "max(<<.Series>>{<<.LabelMatchers>>})"],
        );
    }
}

#[test]
fn a_template_with_namespaced_asks_for_a_label_no_lag_has() {
    finds(
        "adapter-last.yaml",
        "error",
        "rules.external[0].resources",
        &[
            "namespaced: true with template <<.Resource>>",
            "namespaced: false",
        ],
    );
}

#[test]
fn one_name_for_each_group_is_not_needed() {
    finds(
        "adapter-last.yaml",
        "warning",
        "rules.external[1].name.as",
        &["stock_message_accumulation", "selector"],
    );
    finds(
        "adapter-last.yaml",
        "warning",
        "rules.external[1].seriesQuery",
        &["stock_docking_analog alone"],
    );
}

#[test]
fn a_sum_without_by_is_one_number_of_everything() {
    finds(
        "adapter-last.yaml",
        "error",
        "rules.external[0].metricsQuery",
        &["sum without by"],
    );
}

#[test]
fn an_alert_on_a_lag_is_silent_without_one() {
    finds(
        "alert.yaml",
        "note",
        "[0].rules[0]",
        &["missing or old", "KafkaLagDataStale"],
    );
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../deploy/prometheus/rules.yml"
    );
    let both = Ended::of(&mut program(&["lint", &fixture("alert.yaml"), path])).with(0);
    assert!(!both.contains("missing or old"), "{both}");
}

#[test]
fn the_value_in_a_label_makes_a_new_alert_each_time() {
    finds(
        "alert-value-label.yaml",
        "error",
        "groups[0].rules[0].labels.value",
        &["`for` begins anew", "annotations"],
    );
    finds(
        "alert-value-label.yaml",
        "warning",
        "groups[0].rules[0].for",
        &["for: 2m"],
    );
    finds(
        "alert-value-label.yaml",
        "warning",
        "groups[0].rules[0].expr",
        &["twice", "max by"],
    );
}

#[test]
fn rules_of_prometheus_1_are_named() {
    let ended = Ended::of(&mut program(&["lint", &fixture("prometheus-1.rules")]));
    assert_says(&ended.err, &["Prometheus 1", "groups:"]);
    ended.with(1);
}

#[test]
fn the_traps_of_keda_are_found() {
    let file = "scaled-object.yaml";
    finds(
        file,
        "error",
        "spec.triggers[0].metadata.ignoreNullValues",
        &["for 0", "\"false\""],
    );
    finds(
        file,
        "error",
        "spec.triggers[0].metadata.query",
        &["or vector(0)"],
    );
    finds(
        file,
        "warning",
        "spec.triggers[0].metadata.query",
        &["twice"],
    );
    finds(
        file,
        "warning",
        "spec.triggers[0].metadata.query",
        &["names no group"],
    );
    finds(
        file,
        "error",
        "spec.triggers[0].metricType",
        &[
            "above 55,000 climbs to 100",
            "back at 1 only when it is 25,000",
            "AverageValue",
        ],
    );
    finds(
        file,
        "error",
        "spec.triggers[1].metadata.lagTreshold",
        &["did you mean lagThreshold?"],
    );
    finds(
        file,
        "error",
        "spec.triggers[1].metadata.lagTreshold",
        &["not text"],
    );
    finds(
        file,
        "error",
        "spec.triggers[1].metadata.lagThreshold",
        &["missing"],
    );
    finds(
        file,
        "warning",
        "spec.fallback",
        &["currentReplicasIfHigher"],
    );
    finds(file, "warning", "spec.maxReplicaCount", &["100 replicas"]);
    finds(file, "note", "spec.minReplicaCount", &["last replica"]);
    finds(
        file,
        "note",
        "spec.triggers[1].useCachedMetrics",
        &["once a minute"],
    );
}

#[test]
fn a_registration_that_is_refused_is_found() {
    let file = "apiservice.yaml";
    finds(file, "error", "apiVersion", &["apiregistration.k8s.io/v1"]);
    finds(
        file,
        "error",
        "metadata.name",
        &["v1beta1.external.metrics.k8s.io"],
    );
    finds(
        file,
        "error",
        "spec.insecureSkipTLSVerify",
        &["exclude each other"],
    );
    finds(file, "error", "spec.caBundle", &["PEM"]);
    finds(file, "error", "spec.groupPriorityMinimum", &["100"]);
}

#[test]
fn two_autoscalers_of_one_workload_stop_each_other() {
    let all = findings(&["hpa-last.yaml", "scaled-object.yaml"], &[]);
    let both: Vec<_> = all
        .iter()
        .filter(|finding| finding[2].contains("AmbiguousSelector"))
        .collect();
    assert_eq!(both.len(), 2, "{all:#?}");
}

#[test]
fn more_replicas_than_partitions_are_told_when_partitions_are_given() {
    let all = findings(&["hpa-last.yaml"], &["--partitions=3"]);
    let found = all
        .iter()
        .find(|finding| finding[1] == "spec.maxReplicas")
        .unwrap();
    assert_says(&found[2], &["of 5 replicas 2 get no partition"]);
}

#[test]
fn rules_inside_of_a_config_map_are_read() {
    let inner = std::fs::read_to_string(fixture("alert-value-label.yaml")).unwrap();
    let map = json!({"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "rules"}, "data": {"a.yml": inner, "note": "a text"}});
    let said = fed(&["lint", "-"], &map.to_string()).with(1);
    assert_says(
        &said,
        &[
            "-, document 1: ConfigMap rules",
            "error    data[a.yml]: groups[0].rules[0].labels.value",
        ],
    );
}

#[test]
fn the_code_tells_errors_and_with_strict_also_warnings() {
    let good = "apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {name: a}\nspec:\n  scaleTargetRef: {name: a}\n  maxReplicaCount: 5\n  triggers:\n  - type: external\n    metadata: {scalerAddress: 'a:1', consumerGroup: g, lagThreshold: '1'}\n";
    assert_says(
        &fed(&["lint", "-"], good).with(0),
        &["errors: 0, warnings: 1, notes: 3"],
    );
    fed(&["lint", "--strict", "-"], good).with(1);
    fed(&["lint", "-"], &good.replace("lagThreshold", "lagTreshold")).with(1);
    let ended = fed(&["lint", "-"], "kind: Deployment\nmetadata: {name: a}\n");
    assert_says(
        &ended.err,
        &["kafka-lag: -: it has no HorizontalPodAutoscaler, ScaledObject"],
    );
    assert_says(&ended.with(1), &["Deployment a: not looked at"]);
    let ended = fed(&["lint", "-"], "a: [");
    assert_says(&ended.err, &["- is not YAML"]);
    ended.with(1);
    Ended::of(&mut program(&["lint"])).with(3);
    Ended::of(&mut program(&["lint", "--kubernetes=new", "-"])).with(3);
    let ended = Ended::of(&mut program(&["lint", "/nonexistent/hpa.yaml"]));
    assert_says(&ended.err, &["/nonexistent/hpa.yaml cannot be read"]);
    ended.with(1);
}
