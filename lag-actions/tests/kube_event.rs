//! Events, and the dry run.
#![allow(clippy::unwrap_used)]

mod kube_script;

use std::sync::{Arc, Mutex};

use kube_script::{
    DEPLOYMENT, HPAS, MARK, SCALE, UID, fixture, get, merge, post, scaler, strategic, target,
};
use lag_core::{
    Effect, WorkloadKind,
    port::{PortErrorKind, Scaler},
};
use serde_json::{Value, json};

const EVENTS: &str = "/apis/events.k8s.io/v1/namespaces/orders/events";
const NOTE: &str = "lag 162340 > 150000 (group cust_docking_analog): rolling restart";

fn event(number: u128, note: &str, uid: Option<&str>) -> Value {
    let mut regarding = json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "namespace": "orders",
        "name": "cust",
    });
    if let Some(uid) = uid {
        regarding["uid"] = uid.into();
    }
    let nanoseconds = 1_795_319_640_000_000_000 + number; // 2026-11-22T03:54:00Z
    json!({
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"name": format!("cust.{nanoseconds:x}"), "namespace": "orders"},
        "eventTime": "2026-11-22T03:54:00.000000Z",
        "reportingController": "kafka-lag",
        "reportingInstance": "kafka-lag-28231-abcde",
        "type": "Warning",
        "reason": "KafkaLagHigh",
        "action": "KafkaLagHigh",
        "regarding": regarding,
        "note": note,
    })
}

#[tokio::test]
async fn an_event_has_all_that_the_api_server_asks_for_and_the_uid_once_it_is_known() {
    let (scaler, script) = scaler(vec![
        post(EVENTS, event(0, NOTE, None)).answers(201, "{}"),
        get(SCALE).answers(200, fixture("scale")),
        get(HPAS).answers(200, fixture("hpa-list-none-of-ours")),
        post(EVENTS, event(1, NOTE, Some(UID))).answers(201, "{}"),
    ]);
    let target = target(WorkloadKind::Deployment);
    scaler
        .record(&target, "KafkaLagHigh", NOTE, true)
        .await
        .unwrap();
    scaler.scalable(&target).await.unwrap();
    scaler
        .record(&target, "KafkaLagHigh", NOTE, true)
        .await
        .unwrap();
    script.done(scaler).await;
}

#[tokio::test]
async fn a_note_is_cut_to_1024_bytes_at_a_character() {
    let long = "消费".repeat(400);
    let cut: String = long.chars().take(341).collect(); // 1,023 bytes
    let (scaler, script) = scaler(vec![post(EVENTS, event(0, &cut, None)).answers(201, "{}")]);
    let target = target(WorkloadKind::Deployment);
    scaler
        .record(&target, "KafkaLagHigh", &long, true)
        .await
        .unwrap();
    script.done(scaler).await;
}

#[tokio::test]
async fn an_event_that_exists_already_is_ours_and_any_other_refusal_is_told() {
    let refused = |number, name| post(EVENTS, event(number, NOTE, None)).refused(name);
    let (scaler, script) = scaler(vec![
        refused(0, "status-409-already-exists"),
        refused(1, "status-409-conflict"),
        refused(2, "status-422-invalid"),
    ]);
    let target = target(WorkloadKind::Deployment);
    let record = || scaler.record(&target, "KafkaLagHigh", NOTE, true);
    record().await.unwrap();
    assert_eq!(record().await.unwrap_err().kind, PortErrorKind::Conflict);
    let error = record().await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Invalid);
    let text = error.to_string();
    assert!(
        text.contains("reportingController: Required value"),
        "{text}"
    );
    script.done(scaler).await;
}

#[tokio::test]
async fn a_dry_run_prints_each_write_as_it_would_be_sent_and_lets_the_server_try_it() {
    let restart = json!({"spec": {"template": {"metadata": {"annotations": {
        "kubectl.kubernetes.io/restartedAt": MARK
    }}}}});
    let scale = json!({"metadata": {"resourceVersion": "871"}, "spec": {"replicas": 4}});
    let query = "fieldManager=kafka-lag";
    let (scaler, script) = scaler(vec![
        get(DEPLOYMENT).answers(200, fixture("deployment")),
        strategic(&format!("{DEPLOYMENT}?{query}&dryRun=All"), restart).answers(200, "{}"),
        get(SCALE).answers(200, fixture("scale")),
        get(HPAS).answers(200, fixture("hpa-list-none-of-ours")),
        merge(&format!("{SCALE}?{query}&dryRun=All"), scale).answers(200, "{}"),
    ]);
    let printed = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&printed);
    let scaler = scaler.dry_run(Arc::new(move |text| {
        sink.lock().unwrap().push(text.to_owned())
    }));
    let target = target(WorkloadKind::Deployment);
    let effect = scaler.restart(&target, MARK).await.unwrap();
    assert_eq!(effect, Effect::Restarted);
    let found = scaler.scalable(&target).await.unwrap();
    scaler.scale(&target, &found, 4).await.unwrap();
    scaler
        .record(&target, "KafkaLagHigh", NOTE, false)
        .await
        .unwrap();
    script.done(scaler).await;
    let printed = printed.lock().unwrap().clone();
    let expected = format!(
        "PATCH {DEPLOYMENT}?{query}\nContent-Type: application/strategic-merge-patch+json\n{{\"spec\":{{\"template\":\
         {{\"metadata\":{{\"annotations\":{{\"kubectl.kubernetes.io/restartedAt\":\"{MARK}\"}}}}}}}}}}\n"
    );
    assert_eq!(printed[0], expected);
    let expected = format!(
        "PATCH {SCALE}?{query}\nContent-Type: application/merge-patch+json\n{{\"metadata\":{{\"resourceVersion\":\
         \"871\"}},\"spec\":{{\"replicas\":4}}}}\n"
    );
    assert_eq!(printed[1], expected);
    assert!(
        printed[2].starts_with(&format!("POST {EVENTS}\n")),
        "{}",
        printed[2]
    );
    assert_eq!(printed.len(), 3);
}

#[tokio::test]
async fn a_dry_run_that_the_server_refuses_is_refused() {
    let restart = json!({"spec": {"template": {"metadata": {"annotations": {
        "kubectl.kubernetes.io/restartedAt": MARK
    }}}}});
    let path = format!("{DEPLOYMENT}?fieldManager=kafka-lag&dryRun=All");
    let (scaler, script) = scaler(vec![
        get(DEPLOYMENT).answers(200, fixture("deployment")),
        strategic(&path, restart).refused("status-403-forbidden"),
    ]);
    let scaler = scaler.dry_run(Arc::new(|_| ()));
    let target = target(WorkloadKind::Deployment);
    let error = scaler.restart(&target, MARK).await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Forbidden);
    script.done(scaler).await;
}

#[tokio::test]
async fn nothing_of_the_pod_template_is_shown() {
    let (scaler, script) = scaler(vec![get(DEPLOYMENT).answers(200, {
        let mut paused = fixture("deployment");
        paused["spec"]["paused"] = true.into();
        paused
    })]);
    let target = target(WorkloadKind::Deployment);
    let effect = scaler.restart(&target, MARK).await.unwrap();
    let shown = format!("{effect:?} {scaler:?}");
    assert!(!shown.contains("pod-secret"), "{shown}");
    assert!(shown.contains("api.example.com"), "{shown}");
    script.done(scaler).await;
}
