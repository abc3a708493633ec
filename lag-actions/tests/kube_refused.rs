//! Every unusual answer: its kind, its words, and that nothing is asked twice.
#![allow(clippy::unwrap_used)]

mod kube_script;

use std::time::Duration;

use kube_script::{
    DEPLOYMENT, HPAS, MARK, SCALE, Step, fixture, get, merge, scaler, strategic, target,
};
use lag_core::{
    Effect, WorkloadKind,
    escalate::ScaleSubject,
    port::{PortError, PortErrorKind, Scalable, Scaler},
};
use serde_json::json;
use tokio::time::Instant;

fn patch() -> Step {
    let annotation = json!({"kubectl.kubernetes.io/restartedAt": MARK});
    strategic(
        &format!("{DEPLOYMENT}?fieldManager=kafka-lag"),
        json!({"spec": {"template": {"metadata": {"annotations": annotation}}}}),
    )
}

async fn restart(steps: Vec<Step>) -> Result<Effect, PortError> {
    let (scaler, script) = scaler(steps);
    let effect = scaler
        .restart(&target(WorkloadKind::Deployment), MARK)
        .await;
    script.done(scaler).await;
    effect
}

async fn patch_refused(name: &str) -> PortError {
    let found = get(DEPLOYMENT).answers(200, fixture("deployment"));
    restart(vec![found, patch().refused(name)])
        .await
        .unwrap_err()
}

#[tokio::test]
async fn a_missing_right_is_passed_on_whole_with_the_rule_that_is_missing() {
    let error = patch_refused("status-403-forbidden").await;
    assert_eq!(error.kind, PortErrorKind::Forbidden);
    assert_eq!(
        error.to_string(),
        "restart orders/Deployment/cust: deployments.apps \"cust\" is forbidden: User \
         \"system:serviceaccount:tools:kafka-lag\" cannot patch resource \"deployments\" in API group \"apps\" in the \
         namespace \"orders\" (403); missing rule: - {apiGroups: [apps], resources: [deployments], resourceNames: \
         [cust], verbs: [patch]} # Role in namespace orders"
    );
}

#[tokio::test]
async fn every_answer_has_its_kind_and_is_asked_for_once() {
    for (name, kind) in [
        ("status-401-unauthorized", PortErrorKind::Forbidden),
        ("status-404-not-found", PortErrorKind::NotFound),
        ("status-409-conflict", PortErrorKind::Conflict),
        ("status-409-already-exists", PortErrorKind::Conflict),
        ("status-415-unsupported-media-type", PortErrorKind::Invalid),
        ("status-422-invalid", PortErrorKind::Invalid),
        ("status-429-too-many-requests", PortErrorKind::RateLimited),
        ("status-503-service-unavailable", PortErrorKind::Unavailable),
    ] {
        let error = patch_refused(name).await;
        assert_eq!(error.kind, kind, "{name}");
        let text = error.to_string();
        let message = fixture(name)["message"].as_str().unwrap().to_owned();
        assert!(
            text.starts_with("restart orders/Deployment/cust: "),
            "{text}"
        );
        assert!(text.contains(&message) && !text.contains('\n'), "{text}");
        // The read before is asked for once as well.
        let error = restart(vec![get(DEPLOYMENT).refused(name)])
            .await
            .unwrap_err();
        assert_eq!(error.kind, kind, "{name}");
    }
}

#[tokio::test]
async fn an_answer_that_is_no_status_is_told_in_one_short_line() {
    let page = format!("<html>\n<h1>Bad\nGateway</h1>{}</html>", "x".repeat(5000));
    let found = get(DEPLOYMENT).answers(502, page);
    let error = restart(vec![found]).await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Unavailable);
    let text = error.to_string();
    assert!(
        text.contains("<h1>Bad Gateway</h1>") && text.contains("(502)"),
        "{text}"
    );
    assert!(text.len() < 300 && !text.contains('\n'), "{text}");
    let error = restart(vec![get(DEPLOYMENT).answers(500, "")]).await;
    assert_eq!(
        error.unwrap_err().to_string(),
        "restart orders/Deployment/cust: the API server answered 500 Internal Server Error"
    );
}

#[tokio::test]
async fn an_answer_that_is_not_understood_is_not_quoted() {
    let found = json!({"metadata": {}, "spec": {"replicas": "pod-secret"}});
    let error = restart(vec![get(DEPLOYMENT).answers(200, found)])
        .await
        .unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Invalid);
    assert!(!error.to_string().contains("pod-secret"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_hangs_ends_after_the_time_of_a_call() {
    let before = Instant::now();
    let error = restart(vec![get(DEPLOYMENT).hangs()]).await.unwrap_err();
    assert_eq!(before.elapsed(), Duration::from_secs(10));
    assert_eq!(error.kind, PortErrorKind::Unavailable);
    assert_eq!(
        error.to_string(),
        "restart orders/Deployment/cust: no answer from the API server within 10 s"
    );
    let found = get(DEPLOYMENT).answers(200, fixture("deployment"));
    let error = restart(vec![found, patch().hangs()]).await.unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("it may have been done all the same"),
        "{error}"
    );
}

#[tokio::test]
async fn reading_and_writing_a_scale_is_never_repeated_either() {
    for name in [
        "status-429-too-many-requests",
        "status-503-service-unavailable",
    ] {
        let steps = vec![get(SCALE).refused(name)];
        let (reader, script) = scaler(steps);
        let target = target(WorkloadKind::Deployment);
        reader.scalable(&target).await.unwrap_err();
        script.done(reader).await;

        let steps = vec![
            get(SCALE).answers(200, fixture("scale")),
            get(HPAS).refused(name),
        ];
        let (reader, script) = scaler(steps);
        reader.scalable(&target).await.unwrap_err();
        script.done(reader).await;

        let body = json!({"metadata": {"resourceVersion": "871"}, "spec": {"replicas": 4}});
        let path = format!("{SCALE}?fieldManager=kafka-lag");
        let (writer, script) = scaler(vec![merge(&path, body).refused(name)]);
        let found = Scalable {
            subject: ScaleSubject::Replicas,
            replicas: 2,
            at: 2,
            most: None,
            owner: None,
            version: "871".to_owned(),
        };
        writer.scale(&target, &found, 4).await.unwrap_err();
        script.done(writer).await;
    }
}

#[tokio::test]
async fn a_name_that_would_change_the_path_is_refused_before_anything_is_sent() {
    let (scaler, script) = scaler(Vec::new());
    let mut target = target(WorkloadKind::Deployment);
    target.workload.name = "cust/../../secrets".to_owned();
    let error = scaler.restart(&target, MARK).await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Invalid);
    script.done(scaler).await;
}
