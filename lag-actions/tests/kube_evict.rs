//! The restart by eviction.
#![allow(clippy::unwrap_used)]

mod kube_script;

use std::{sync::Arc, time::Duration};

use kube_script::{DEPLOYMENT, MARK, Step, UID, fixture, get, post, rollout, scaler, target};
use lag_core::{
    Effect, Refusal, RestartWay, Target, WorkloadKind,
    port::{PortError, PortErrorKind, Scaler},
};
use serde_json::{Value, json};
use tokio::time::Instant;

const SETS: &str = "/apis/apps/v1/namespaces/orders/replicasets?labelSelector=app%3Dcust";
const PODS: &str = "/api/v1/namespaces/orders/pods?labelSelector=app%3Dcust";
const BEFORE: &str = "2026-11-22T02:59:59Z";

fn by_eviction(kind: WorkloadKind) -> Target {
    Target {
        restart: RestartWay::Evict,
        ..target(kind)
    }
}

fn pod(name: &str, owner: &str, created: &str) -> Value {
    json!({
        "metadata": {
            "name": name,
            "uid": format!("uid-{name}"),
            "creationTimestamp": created,
            "ownerReferences": [{"kind": "ReplicaSet", "name": "x", "uid": owner, "controller": true}],
        },
        "status": {"phase": "Running"},
    })
}

fn workload() -> Step {
    get(DEPLOYMENT).answers(200, fixture("deployment"))
}

fn sets() -> Step {
    get(SETS).answers(200, fixture("replicaset-list"))
}

fn pods(items: &[Value]) -> Step {
    get(PODS).answers(200, json!({"items": items}))
}

fn eviction(name: &str) -> Step {
    post(
        &format!("/api/v1/namespaces/orders/pods/{name}/eviction"),
        json!({
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": name, "namespace": "orders"},
        }),
    )
}

fn evicted(name: &str) -> Step {
    eviction(name).answers(201, json!({"kind": "Status", "status": "Success"}))
}

fn old_pods() -> Vec<Value> {
    vec![pod("b", "rs-old", BEFORE), pod("a", "rs-new", BEFORE)]
}

async fn restart(target: &Target, steps: Vec<Step>) -> Result<Effect, PortError> {
    let (scaler, script) = scaler(steps);
    let effect = scaler.restart(target, MARK).await;
    script.done(scaler).await;
    effect
}

async fn restart_deployment(steps: Vec<Step>) -> Result<Effect, PortError> {
    restart(&by_eviction(WorkloadKind::Deployment), steps).await
}

#[tokio::test(start_paused = true)]
async fn pods_are_evicted_one_by_one_and_each_is_replaced_and_ready_before_the_next() {
    let mut unready = fixture("deployment");
    unready["status"]["readyReplicas"] = 1.into();
    let replaced = [pod("b", "rs-old", BEFORE), pod("c", "rs-new", MARK)];
    let mut leaving = pod("a", "rs-new", BEFORE);
    leaving["metadata"]["deletionTimestamp"] = MARK.into();
    let before = Instant::now();
    let effect = restart_deployment(vec![
        workload(),
        sets(),
        pods(&old_pods()),
        evicted("a"),
        // The controller has not seen it yet: its number of ready pods is the one from before.
        sets(),
        pods(&[pod("b", "rs-old", BEFORE), leaving]),
        workload(),
        sets(),
        pods(&replaced),
        get(DEPLOYMENT).answers(200, unready),
        sets(),
        pods(&replaced),
        workload(),
        evicted("b"),
    ])
    .await;
    assert_eq!(effect.unwrap(), Effect::Evicted { pods: 2 });
    assert_eq!(before.elapsed(), Duration::from_secs(6));
}

#[tokio::test(start_paused = true)]
async fn pods_of_another_owner_leaving_pods_and_done_pods_are_left_alone() {
    let mut leaving = pod("leaving", "rs-new", BEFORE);
    leaving["metadata"]["deletionTimestamp"] = BEFORE.into();
    let mut done = pod("done", "rs-new", BEFORE);
    done["status"]["phase"] = "Succeeded".into();
    let mut orphan = pod("orphan", "rs-new", BEFORE);
    orphan["metadata"]["ownerReferences"] = json!([]);
    let same_labels = pod("cust-web", "rs-stranger", BEFORE);
    let ours = pod("a", "rs-new", BEFORE);
    let effect = restart_deployment(vec![
        workload(),
        sets(),
        pods(&[leaving, done, orphan, same_labels, ours]),
        evicted("a"),
    ])
    .await;
    assert_eq!(effect.unwrap(), Effect::Evicted { pods: 1 });
}

#[tokio::test(start_paused = true)]
async fn pods_that_began_after_the_mark_are_restarted_already() {
    let new = |name| pod(name, "rs-new", MARK);
    let half = vec![
        workload(),
        sets(),
        pods(&[new("a"), pod("b", "rs-old", BEFORE)]),
        evicted("b"),
    ];
    let effect = restart_deployment(half).await.unwrap();
    assert_eq!(effect, Effect::Evicted { pods: 1 });
    let whole = vec![workload(), sets(), pods(&[new("a"), new("b")])];
    let effect = restart_deployment(whole).await.unwrap();
    assert_eq!(effect, Effect::AlreadyRestarted);
}

#[tokio::test(start_paused = true)]
async fn a_disruption_budget_stops_the_eviction_and_is_asked_once() {
    let blocked = |name| eviction(name).refused("status-429-disruption-budget");
    let first = vec![workload(), sets(), pods(&old_pods()), blocked("a")];
    let effect = restart_deployment(first).await.unwrap();
    assert_eq!(effect, Effect::Refused(Refusal::Disruption));
    let replaced = [pod("b", "rs-old", BEFORE), pod("c", "rs-new", MARK)];
    let second = vec![
        workload(),
        sets(),
        pods(&old_pods()),
        evicted("a"),
        sets(),
        pods(&replaced),
        workload(),
        blocked("b"),
    ];
    let effect = restart_deployment(second).await.unwrap();
    assert_eq!(effect, Effect::Evicted { pods: 1 });
}

#[tokio::test(start_paused = true)]
async fn too_many_requests_without_a_budget_is_no_disruption() {
    let slower = eviction("a").refused("status-429-too-many-requests");
    let error = restart_deployment(vec![workload(), sets(), pods(&old_pods()), slower]).await;
    let error = error.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::RateLimited);
    let told = "restart orders/Deployment/cust by eviction (pod 1 of 2): ";
    assert!(error.to_string().starts_with(told), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_is_gone_already_is_not_counted() {
    let gone = eviction("a").refused("status-404-not-found");
    let one = [pod("a", "rs-new", BEFORE)];
    let effect = restart_deployment(vec![workload(), sets(), pods(&one), gone]).await;
    assert_eq!(effect.unwrap(), Effect::Evicted { pods: 0 });
}

#[tokio::test(start_paused = true)]
async fn a_replacement_that_does_not_become_ready_leaves_the_other_pods_alone() {
    let mut steps = vec![workload(), sets(), pods(&old_pods()), evicted("a")];
    for _ in 0..30 {
        let mut unready = fixture("deployment");
        unready["status"]["readyReplicas"] = 1.into();
        steps.push(sets());
        steps.push(pods(&old_pods()));
        steps.push(get(DEPLOYMENT).answers(200, unready));
    }
    let error = restart_deployment(steps).await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Unavailable);
    assert!(
        error.to_string().contains("not ready after 60 s"),
        "{error}"
    );
}

#[tokio::test]
async fn a_stateful_set_owns_its_pods_itself() {
    let path = "/apis/apps/v1/namespaces/orders/statefulsets/cust";
    let steps = vec![
        get(path).answers(200, fixture("statefulset")),
        pods(&[pod("cust-0", UID, BEFORE), pod("cust-1", "rs-new", BEFORE)]),
        evicted("cust-0"),
    ];
    let target = by_eviction(WorkloadKind::StatefulSet);
    let effect = restart(&target, steps).await.unwrap();
    assert_eq!(effect, Effect::Evicted { pods: 1 });
}

#[tokio::test]
async fn nothing_is_evicted_while_a_rollout_is_going_on() {
    let mut rolling = fixture("deployment");
    rolling["status"]["updatedReplicas"] = 1.into();
    let steps = vec![
        get(DEPLOYMENT).answers(200, rolling),
        sets(),
        pods(&old_pods()),
    ];
    let effect = restart_deployment(steps).await.unwrap();
    assert_eq!(effect, Effect::Refused(Refusal::RollingOut));
}

#[tokio::test]
async fn a_selector_with_expressions_is_passed_on() {
    let mut found = fixture("deployment");
    found["spec"]["selector"]["matchExpressions"] = json!([
        {"key": "tier", "operator": "In", "values": ["a", "b"]},
        {"key": "canary", "operator": "DoesNotExist"},
    ]);
    let query = "labelSelector=app%3Dcust%2Ctier+in+%28a%2Cb%29%2C%21canary";
    let empty = json!({"items": []});
    let sets = format!("/apis/apps/v1/namespaces/orders/replicasets?{query}");
    let pods = format!("/api/v1/namespaces/orders/pods?{query}");
    let steps = vec![
        get(DEPLOYMENT).answers(200, found),
        get(&sets).answers(200, empty.clone()),
        get(&pods).answers(200, empty.clone()),
    ];
    let effect = restart_deployment(steps).await.unwrap();
    assert_eq!(effect, Effect::Evicted { pods: 0 });
}

#[tokio::test]
async fn a_replica_set_has_no_rollout_but_its_pods_can_be_evicted() {
    let path = "/apis/apps/v1/namespaces/orders/replicasets/cust";
    let mut found = fixture("deployment");
    found["status"]
        .as_object_mut()
        .unwrap()
        .remove("updatedReplicas");
    let steps = vec![
        get(path).answers(200, found),
        pods(&[pod("a", UID, BEFORE)]),
        evicted("a"),
    ];
    let target = by_eviction(WorkloadKind::ReplicaSet);
    let effect = restart(&target, steps).await.unwrap();
    assert_eq!(effect, Effect::Evicted { pods: 1 });
    let effect = restart(&by_eviction(rollout()), Vec::new()).await.unwrap();
    assert_eq!(effect, Effect::Refused(Refusal::Kind("Rollout".to_owned())));
}

#[tokio::test]
async fn a_dry_run_of_an_eviction_waits_for_nothing() {
    let tried = |name: &str| {
        let body = json!({
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": name, "namespace": "orders"},
        });
        let path = format!("/api/v1/namespaces/orders/pods/{name}/eviction?dryRun=All");
        post(&path, body).answers(201, "{}")
    };
    let steps = vec![
        workload(),
        sets(),
        pods(&old_pods()),
        tried("a"),
        tried("b"),
    ];
    let (scaler, script) = scaler(steps);
    let scaler = scaler.dry_run(Arc::new(|_| ()));
    let target = by_eviction(WorkloadKind::Deployment);
    let effect = scaler.restart(&target, MARK).await.unwrap();
    script.done(scaler).await;
    assert_eq!(effect, Effect::Evicted { pods: 2 });
}

#[tokio::test]
async fn a_mark_that_is_no_time_evicts_nothing() {
    let (scaler, script) = scaler(vec![workload()]);
    let target = by_eviction(WorkloadKind::Deployment);
    let error = scaler.restart(&target, "episode-1").await.unwrap_err();
    script.done(scaler).await;
    assert_eq!(error.kind, PortErrorKind::Invalid);
}
