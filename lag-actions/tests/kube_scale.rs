//! Reading and writing the number of replicas.
#![allow(clippy::unwrap_used)]

mod kube_script;

use kube_script::{HPAS, SCALE, Step, fixture, get, merge, rollout, scaler, target};
use lag_core::{
    Effect, Target, WorkloadKind,
    escalate::ScaleSubject,
    port::{PortError, PortErrorKind, Scalable, Scaler},
};
use serde_json::{Value, json};

fn found() -> Scalable {
    Scalable {
        subject: ScaleSubject::Replicas,
        replicas: 2,
        at: 2,
        most: None,
        owner: None,
        version: "871".to_owned(),
    }
}

fn patch(path: &str, version: &str, spec: &Value) -> Step {
    merge(
        &format!("{path}?fieldManager=kafka-lag"),
        json!({"metadata": {"resourceVersion": version}, "spec": spec}),
    )
}

async fn read(target: &Target, steps: Vec<Step>) -> Result<Scalable, PortError> {
    let (scaler, script) = scaler(steps);
    let found = scaler.scalable(target).await;
    script.done(scaler).await;
    found
}

async fn write(found: &Scalable, to: u32, steps: Vec<Step>) -> Result<Effect, PortError> {
    let (scaler, script) = scaler(steps);
    let effect = scaler
        .scale(&target(WorkloadKind::Deployment), found, to)
        .await;
    script.done(scaler).await;
    effect
}

#[tokio::test]
async fn without_an_autoscaler_the_number_is_the_workloads_own() {
    let steps = vec![
        get(SCALE).answers(200, fixture("scale")),
        get(HPAS).answers(200, fixture("hpa-list-none-of-ours")),
    ];
    let read = read(&target(WorkloadKind::Deployment), steps).await;
    assert_eq!(read.unwrap(), found());
}

#[tokio::test]
async fn replicas_that_are_left_out_are_zero() {
    let steps = vec![
        get(SCALE).answers(200, fixture("scale-zero")),
        get(HPAS).answers(200, fixture("hpa-list-none-of-ours")),
    ];
    let found = read(&target(WorkloadKind::Deployment), steps).await;
    let found = found.unwrap();
    assert_eq!((found.replicas, found.at), (0, 0));
}

#[tokio::test]
async fn a_kind_of_another_group_is_read_and_written_at_its_own_path() {
    let path = "/apis/argoproj.io/v1alpha1/namespaces/orders/rollouts/cust/scale";
    let spec = json!({"replicas": 4});
    let (scaler, script) = scaler(vec![
        get(path).answers(200, fixture("scale")),
        get(HPAS).answers(200, fixture("hpa-list-none-of-ours")),
        patch(path, "871", &spec).answers(200, "{}"),
    ]);
    let target = target(rollout());
    let found = scaler.scalable(&target).await.unwrap();
    let effect = scaler.scale(&target, &found, 4).await.unwrap();
    assert_eq!(effect, Effect::Scaled { from: 2, to: 4 });
    script.done(scaler).await;
}

#[tokio::test]
async fn a_kind_without_a_number_of_replicas_is_refused_without_a_request() {
    let error = read(&target(WorkloadKind::DaemonSet), Vec::new()).await;
    let error = error.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Invalid);
    assert_eq!(
        error.to_string(),
        "read the scale of orders/DaemonSet/cust: a DaemonSet has no number of replicas"
    );
}

#[tokio::test]
async fn a_number_is_written_over_the_version_that_was_read() {
    let spec = json!({"replicas": 4});
    let steps = vec![patch(SCALE, "871", &spec).answers(200, fixture("scale"))];
    let effect = write(&found(), 4, steps).await.unwrap();
    assert_eq!(effect, Effect::Scaled { from: 2, to: 4 });
}

#[tokio::test]
async fn a_write_over_an_older_version_is_a_conflict_and_not_tried_again() {
    let spec = json!({"replicas": 4});
    let steps = vec![patch(SCALE, "871", &spec).refused("status-409-conflict")];
    let error = write(&found(), 4, steps).await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Conflict);
    let text = error.to_string();
    assert!(
        text.starts_with("scale orders/Deployment/cust from 2 to 4: "),
        "{text}"
    );
    assert!(text.contains("the object has been modified"), "{text}");
}

#[tokio::test]
async fn a_number_that_is_there_already_is_not_written() {
    let effect = write(&found(), 2, Vec::new()).await.unwrap();
    assert_eq!(effect, Effect::AlreadyScaled { at: 2 });
}

#[tokio::test]
async fn nothing_is_written_above_a_limit_or_against_an_owner() {
    let owned = Scalable {
        owner: Some("HorizontalPodAutoscaler/cust".to_owned()),
        ..found()
    };
    let full = Scalable {
        most: Some(3),
        ..found()
    };
    let unversioned = Scalable {
        version: String::new(),
        ..found()
    };
    for (found, to, told) in [
        (owned, 3, "HorizontalPodAutoscaler/cust owns the number"),
        (full, 4, "4 is more than the limit, 3"),
        (found(), 11, "11 is more than the limit, 10"),
        (unversioned, 3, "the version that was read is missing"),
    ] {
        let error = write(&found, to, Vec::new()).await.unwrap_err();
        assert_eq!(error.kind, PortErrorKind::Invalid);
        assert!(error.to_string().ends_with(told), "{error}");
    }
}

#[tokio::test]
async fn a_number_above_the_limit_may_be_made_smaller() {
    let large = Scalable {
        replicas: 20,
        at: 20,
        ..found()
    };
    let spec = json!({"replicas": 15});
    let steps = vec![patch(SCALE, "871", &spec).answers(200, "{}")];
    let effect = write(&large, 15, steps).await.unwrap();
    assert_eq!(effect, Effect::Scaled { from: 20, to: 15 });
}
