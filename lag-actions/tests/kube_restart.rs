//! The rolling restart.
#![allow(clippy::unwrap_used)]

mod kube_script;

use kube_script::{DEPLOYMENT, MARK, Step, fixture, get, rollout, scaler, strategic, target};
use lag_core::{
    Effect, Refusal, Target, WorkloadKind,
    port::{PortError, Scaler},
};
use serde_json::{Value, json};

fn body() -> Value {
    json!({"spec": {"template": {"metadata": {"annotations": {
        "kubectl.kubernetes.io/restartedAt": MARK
    }}}}})
}

fn patch() -> Step {
    strategic(&format!("{DEPLOYMENT}?fieldManager=kafka-lag"), body())
}

fn changed(name: &str, pointer: &str, value: Value) -> Value {
    let mut object = fixture(name);
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    object.pointer_mut(parent).unwrap()[key] = value;
    object
}

async fn restart(target: &Target, steps: Vec<Step>) -> Result<Effect, PortError> {
    let (scaler, script) = scaler(steps);
    let effect = scaler.restart(target, MARK).await;
    script.done(scaler).await;
    effect
}

async fn restart_deployment(found: Value, then: Vec<Step>) -> Result<Effect, PortError> {
    let mut steps = vec![get(DEPLOYMENT).answers(200, found)];
    steps.extend(then);
    restart(&target(WorkloadKind::Deployment), steps).await
}

#[tokio::test]
async fn a_restart_is_kubectls_annotation_with_the_mark() {
    let found = fixture("deployment");
    let then = vec![patch().answers(200, fixture("deployment"))];
    let effect = restart_deployment(found, then).await.unwrap();
    assert_eq!(effect, Effect::Restarted);
}

#[tokio::test]
async fn every_kind_is_restarted_at_its_own_path() {
    for (kind, name, plural) in [
        (WorkloadKind::StatefulSet, "statefulset", "statefulsets"),
        (WorkloadKind::DaemonSet, "daemonset", "daemonsets"),
    ] {
        let path = format!("/apis/apps/v1/namespaces/orders/{plural}/cust");
        let steps = vec![
            get(&path).answers(200, fixture(name)),
            strategic(&format!("{path}?fieldManager=kafka-lag"), body()).answers(200, "{}"),
        ];
        let effect = restart(&target(kind), steps).await.unwrap();
        assert_eq!(effect, Effect::Restarted, "{name}");
    }
}

#[tokio::test]
async fn a_kind_without_a_rollout_is_refused_without_a_request() {
    for (kind, shown) in [
        (WorkloadKind::ReplicaSet, "ReplicaSet"),
        (rollout(), "Rollout"),
    ] {
        let effect = restart(&target(kind), Vec::new()).await.unwrap();
        assert_eq!(effect, Effect::Refused(Refusal::Kind(shown.to_owned())));
    }
}

#[tokio::test]
async fn the_same_mark_twice_restarts_once_even_while_it_rolls_or_is_paused() {
    let annotated = changed(
        "deployment",
        "/spec/template/metadata/annotations",
        json!({"kubectl.kubernetes.io/restartedAt": MARK}),
    );
    let mut rolling = annotated.clone();
    rolling["status"]["observedGeneration"] = 3.into();
    let mut paused = annotated.clone();
    paused["spec"]["paused"] = true.into();
    for found in [annotated, rolling, paused] {
        let effect = restart_deployment(found, Vec::new()).await.unwrap();
        assert_eq!(effect, Effect::AlreadyRestarted);
    }
}

#[tokio::test]
async fn a_restart_by_somebody_else_since_the_decision_is_the_wanted_restart() {
    for later in ["2027-01-01T00:00:00Z", "2027-01-01T08:00:00+08:00"] {
        let mut found = fixture("deployment");
        found["spec"]["template"]["metadata"]["annotations"] =
            json!({"kubectl.kubernetes.io/restartedAt": later});
        let effect = restart_deployment(found, Vec::new()).await.unwrap();
        assert_eq!(effect, Effect::AlreadyRestarted, "{later}");
    }
}

#[tokio::test]
async fn an_older_mark_is_no_reason_not_to_restart() {
    let found = changed(
        "deployment",
        "/spec/template/metadata/annotations",
        json!({"kubectl.kubernetes.io/restartedAt": "2026-11-21T03:00:00Z"}),
    );
    let then = vec![patch().answers(200, "{}")];
    let effect = restart_deployment(found, then).await.unwrap();
    assert_eq!(effect, Effect::Restarted);
}

#[tokio::test]
async fn a_paused_deployment_is_refused_and_not_written_to() {
    let found = changed("deployment", "/spec/paused", true.into());
    let effect = restart_deployment(found, Vec::new()).await.unwrap();
    assert_eq!(effect, Effect::Refused(Refusal::Paused));
}

#[tokio::test]
async fn an_update_strategy_of_on_delete_is_refused() {
    for (kind, name) in [
        (WorkloadKind::StatefulSet, "statefulset"),
        (WorkloadKind::DaemonSet, "daemonset"),
    ] {
        let path = format!("/apis/apps/v1/namespaces/orders/{name}s/cust");
        let found = changed(name, "/spec/updateStrategy", json!({"type": "OnDelete"}));
        let steps = vec![get(&path).answers(200, found)];
        let effect = restart(&target(kind), steps).await.unwrap();
        assert_eq!(effect, Effect::Refused(Refusal::OnDelete), "{name}");
    }
}

#[tokio::test]
async fn a_rollout_that_is_going_on_is_refused_whatever_number_shows_it() {
    for (field, value) in [
        ("observedGeneration", 3),
        ("replicas", 3),
        ("updatedReplicas", 1),
        ("readyReplicas", 1),
        ("availableReplicas", 1),
    ] {
        let mut found = changed("deployment", &format!("/status/{field}"), value.into());
        found["status"]["conditions"] = json!([
            {"type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated"}
        ]);
        let effect = restart_deployment(found, Vec::new()).await.unwrap();
        assert_eq!(effect, Effect::Refused(Refusal::RollingOut), "{field}");
    }
    for field in ["updatedNumberScheduled", "desiredNumberScheduled"] {
        let path = "/apis/apps/v1/namespaces/orders/daemonsets/cust";
        let found = changed("daemonset", &format!("/status/{field}"), 2.into());
        let steps = vec![get(path).answers(200, found)];
        let effect = restart(&target(WorkloadKind::DaemonSet), steps).await;
        let refused = Effect::Refused(Refusal::RollingOut);
        assert_eq!(effect.unwrap(), refused, "{field}");
    }
}

#[tokio::test]
async fn pods_that_fail_long_after_their_rollout_may_be_restarted() {
    let unready = |name: &str| {
        let mut found = changed(name, "/status/readyReplicas", 0.into());
        found["status"]["availableReplicas"] = 0.into();
        found
    };
    let mut found = unready("deployment");
    found["status"]["conditions"] = json!([
        {"type": "Available", "status": "False", "reason": "MinimumReplicasUnavailable"},
        {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}
    ]);
    let then = vec![patch().answers(200, "{}")];
    let effect = restart_deployment(found.clone(), then).await.unwrap();
    assert_eq!(effect, Effect::Restarted);
    // But not while pods of the template before are still there.
    found["status"]["replicas"] = 3.into();
    let effect = restart_deployment(found, Vec::new()).await.unwrap();
    assert_eq!(effect, Effect::Refused(Refusal::RollingOut));

    let path = "/apis/apps/v1/namespaces/orders/statefulsets/cust";
    let mut found = unready("statefulset");
    for (revision, then, expected) in [
        ("cust-6b9f", vec![], Effect::Refused(Refusal::RollingOut)),
        (
            "cust-7c8d",
            vec![strategic(&format!("{path}?fieldManager=kafka-lag"), body()).answers(200, "{}")],
            Effect::Restarted,
        ),
    ] {
        found["status"]["currentRevision"] = revision.into();
        found["status"]["updateRevision"] = "cust-7c8d".into();
        let mut steps = vec![get(path).answers(200, found.clone())];
        steps.extend(then);
        let effect = restart(&target(WorkloadKind::StatefulSet), steps).await;
        assert_eq!(effect.unwrap(), expected, "{revision}");
    }
}

#[tokio::test]
async fn a_missing_number_is_zero_and_so_a_rollout() {
    let mut found = fixture("deployment");
    found["status"] = json!({"observedGeneration": 4});
    let effect = restart_deployment(found, Vec::new()).await.unwrap();
    assert_eq!(effect, Effect::Refused(Refusal::RollingOut));
}

#[tokio::test]
async fn a_rollout_that_the_controller_has_given_up_may_be_restarted() {
    let mut found = changed("deployment", "/status/updatedReplicas", 1.into());
    found["status"]["conditions"] = json!([
        {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
    ]);
    let then = vec![patch().answers(200, "{}")];
    let effect = restart_deployment(found.clone(), then).await.unwrap();
    assert_eq!(effect, Effect::Restarted);
    // But not when the condition speaks of a template before the present one.
    found["status"]["observedGeneration"] = 3.into();
    let effect = restart_deployment(found, Vec::new()).await.unwrap();
    assert_eq!(effect, Effect::Refused(Refusal::RollingOut));
}

#[tokio::test]
async fn pods_below_a_partition_keep_their_revision_and_that_is_no_rollout() {
    let path = "/apis/apps/v1/namespaces/orders/statefulsets/cust";
    let mut found = changed("statefulset", "/status/updatedReplicas", 1.into());
    found["spec"]["updateStrategy"]["rollingUpdate"]["partition"] = 1.into();
    let steps = vec![
        get(path).answers(200, found),
        strategic(&format!("{path}?fieldManager=kafka-lag"), body()).answers(200, "{}"),
    ];
    let effect = restart(&target(WorkloadKind::StatefulSet), steps).await;
    assert_eq!(effect.unwrap(), Effect::Restarted);
}

#[tokio::test]
async fn a_workload_at_zero_stays_there() {
    let mut found = changed("deployment", "/spec/replicas", 0.into());
    found["status"] = json!({"observedGeneration": 4});
    let effect = restart_deployment(found, Vec::new()).await.unwrap();
    assert_eq!(effect, Effect::Refused(Refusal::AtZero));
}
