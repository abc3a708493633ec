//! Asking what we may do.
#![allow(clippy::unwrap_used)]

mod kube_script;

use kube_script::{Step, cluster, post, target};
use lag_actions::kube::{Needs, StateNeeds, missing_rights};
use lag_core::{OnAutoscaler, RestartWay, Target, WorkloadKind, port::PortErrorKind};
use serde_json::{Value, json};

const REVIEWS: &str = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

/// `verb namespace group resource[/sub] [name]`
fn review(asked: &str, allowed: bool) -> Step {
    let words: Vec<&str> = asked.split(' ').collect();
    let (resource, sub) = match words[3].split_once('/') {
        Some((resource, sub)) => (resource, Some(sub)),
        None => (words[3], None),
    };
    let mut attributes = json!({
        "verb": words[0],
        "namespace": words[1],
        "group": words[2].trim_matches('-'),
        "resource": resource,
    });
    if let Some(sub) = sub {
        attributes["subresource"] = sub.into();
    }
    if let Some(name) = words.get(4) {
        attributes["name"] = Value::from(*name);
    }
    let body = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    });
    post(REVIEWS, body).answers(201, json!({"status": {"allowed": allowed}}))
}

async fn ask(targets: &[Target], needs: &Needs, steps: Vec<Step>) -> Vec<String> {
    let (cluster, script) = cluster(steps);
    let missing = missing_rights(&cluster, targets, needs).await.unwrap();
    script.done(cluster).await;
    missing.iter().map(ToString::to_string).collect()
}

fn all() -> Needs {
    Needs {
        restart: true,
        scale: true,
        events: true,
        state: Some(StateNeeds {
            namespace: "tools".to_owned(),
            config_map: "kafka-lag-state".to_owned(),
            lease: "kafka-lag".to_owned(),
        }),
    }
}

#[tokio::test]
async fn exactly_the_verbs_that_are_used_are_asked_for_and_the_missing_ones_are_rules() {
    let steps = vec![
        review("get orders apps deployments cust", true),
        review("patch orders apps deployments cust", false),
        review("get orders apps deployments/scale cust", false),
        review("patch orders apps deployments/scale cust", false),
        review("list orders autoscaling horizontalpodautoscalers", false),
        review("create orders events.k8s.io events", true),
        review("create tools - configmaps", false),
        review("get tools - configmaps kafka-lag-state", true),
        review("update tools - configmaps kafka-lag-state", false),
        review("create tools coordination.k8s.io leases", true),
        review("get tools coordination.k8s.io leases kafka-lag", true),
        review("update tools coordination.k8s.io leases kafka-lag", true),
    ];
    let missing = ask(&[target(WorkloadKind::Deployment)], &all(), steps).await;
    let expected = [
        "- {apiGroups: [apps], resources: [deployments], resourceNames: [cust], verbs: [patch]} # Role in namespace orders",
        "- {apiGroups: [apps], resources: [deployments/scale], resourceNames: [cust], verbs: [get, patch]} # Role in namespace orders",
        "- {apiGroups: [autoscaling], resources: [horizontalpodautoscalers], verbs: [list]} # Role in namespace orders",
        "- {apiGroups: [\"\"], resources: [configmaps], verbs: [create]} # Role in namespace tools",
        "- {apiGroups: [\"\"], resources: [configmaps], resourceNames: [kafka-lag-state], verbs: [update]} # Role in namespace tools",
    ];
    let mut sorted = missing.clone();
    sorted.sort();
    let mut wanted = expected.map(str::to_owned).to_vec();
    wanted.sort();
    assert_eq!(sorted, wanted);
}

#[tokio::test]
async fn eviction_and_raising_a_minimum_take_other_rights() {
    let target = Target {
        restart: RestartWay::Evict,
        autoscaler: OnAutoscaler::RaiseMin,
        ..target(WorkloadKind::Deployment)
    };
    let needs = Needs {
        restart: true,
        scale: true,
        ..Needs::default()
    };
    let steps = vec![
        review("list orders - pods", true),
        review("create orders - pods/eviction", false),
        review("get orders apps deployments cust", true),
        review("get orders apps deployments/scale cust", true),
        review("patch orders apps deployments/scale cust", true),
        review("list orders apps replicasets", true),
        review("list orders autoscaling horizontalpodautoscalers", true),
        review("patch orders autoscaling horizontalpodautoscalers", true),
        review("get orders keda.sh scaledobjects", true),
        review("patch orders keda.sh scaledobjects", true),
    ];
    // Two groups of one workload ask once.
    let missing = ask(&[target.clone(), target], &needs, steps).await;
    assert_eq!(
        missing,
        [
            "- {apiGroups: [\"\"], resources: [pods/eviction], verbs: [create]} # Role in namespace orders"
        ]
    );
}

#[tokio::test]
async fn a_policy_that_changes_nothing_asks_for_nothing() {
    let missing = ask(
        &[target(WorkloadKind::Deployment)],
        &Needs::default(),
        Vec::new(),
    )
    .await;
    assert!(missing.is_empty());
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_no_missing_right() {
    let attributes = json!({"namespace": "orders", "verb": "create", "group": "events.k8s.io", "resource": "events"});
    let body = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    });
    let (cluster, script) = cluster(vec![
        post(REVIEWS, body).refused("status-503-service-unavailable"),
    ]);
    let needs = Needs {
        events: true,
        ..Needs::default()
    };
    let targets = [target(WorkloadKind::Deployment)];
    let error = missing_rights(&cluster, &targets, &needs).await;
    assert_eq!(error.unwrap_err().kind, PortErrorKind::Unavailable);
    script.done(cluster).await;
}
