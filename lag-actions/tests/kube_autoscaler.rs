//! An HPA or a KEDA ScaledObject on the target.
#![allow(clippy::unwrap_used)]

mod kube_script;

use kube_script::{HPAS, SCALE, Step, fixture, get, merge, scaler, target};
use lag_core::{
    Effect, OnAutoscaler, Target, WorkloadKind,
    escalate::ScaleSubject,
    port::{PortErrorKind, Scalable, Scaler},
};
use serde_json::{Value, json};

const SCALED_OBJECT: &str = "/apis/keda.sh/v1alpha1/namespaces/orders/scaledobjects/cust-lag";

fn deployment(autoscaler: OnAutoscaler) -> Target {
    Target {
        autoscaler,
        ..target(WorkloadKind::Deployment)
    }
}

fn reads(hpas: Value) -> Vec<Step> {
    vec![
        get(SCALE).answers(200, fixture("scale")),
        get(HPAS).answers(200, hpas),
    ]
}

async fn read(autoscaler: OnAutoscaler, steps: Vec<Step>) -> Scalable {
    let (scaler, script) = scaler(steps);
    let found = scaler.scalable(&deployment(autoscaler)).await.unwrap();
    script.done(scaler).await;
    found
}

#[tokio::test]
async fn an_hpa_on_the_target_owns_the_number_whatever_the_version_of_its_reference() {
    let found = read(OnAutoscaler::Refuse, reads(fixture("hpa-list-ours"))).await;
    assert_eq!(found.subject, ScaleSubject::Replicas);
    assert_eq!(found.owner.unwrap(), "HorizontalPodAutoscaler/cust");
}

#[tokio::test]
async fn the_hpa_of_a_scaled_object_is_told_by_the_name_of_the_scaled_object() {
    let found = read(OnAutoscaler::Refuse, reads(fixture("hpa-list-of-keda"))).await;
    assert_eq!(found.owner.unwrap(), "ScaledObject/cust-lag");
}

#[tokio::test]
async fn two_hpas_on_one_target_are_both_named_and_neither_is_raised() {
    let mut list = fixture("hpa-list-ours");
    let mut second = list["items"][3].clone();
    second["metadata"]["name"] = "second".into();
    list["items"].as_array_mut().unwrap().push(second);
    let found = read(OnAutoscaler::RaiseMin, reads(list)).await;
    assert_eq!(
        found.owner.unwrap(),
        "HorizontalPodAutoscaler/cust and HorizontalPodAutoscaler/second"
    );
}

#[tokio::test]
async fn without_the_right_to_see_hpas_nothing_is_scaled() {
    let steps = vec![
        get(SCALE).answers(200, fixture("scale")),
        get(HPAS).refused("status-403-forbidden-hpa"),
    ];
    let (scaler, script) = scaler(steps);
    let target = deployment(OnAutoscaler::Refuse);
    let error = scaler.scalable(&target).await.unwrap_err();
    script.done(scaler).await;
    assert_eq!(error.kind, PortErrorKind::Forbidden);
    let rule = "missing rule: - {apiGroups: [autoscaling], resources: [horizontalpodautoscalers], verbs: [list]} \
                # Role in namespace orders";
    assert!(error.to_string().ends_with(rule), "{error}");
}

#[tokio::test]
async fn the_minimum_of_an_hpa_is_raised_over_its_version_and_told_with_its_maximum() {
    let mut steps = reads(fixture("hpa-list-ours"));
    let path = format!("{HPAS}/cust?fieldManager=kafka-lag");
    let body = json!({"metadata": {"resourceVersion": "640"}, "spec": {"minReplicas": 4}});
    steps.push(merge(&path, body).answers(200, "{}"));
    let (scaler, script) = scaler(steps);
    let target = deployment(OnAutoscaler::RaiseMin);
    let found = scaler.scalable(&target).await.unwrap();
    let expected = Scalable {
        subject: ScaleSubject::HpaMin("cust".to_owned()),
        replicas: 2,
        at: 2,
        most: Some(6),
        owner: None,
        version: "640".to_owned(),
    };
    assert_eq!(found, expected);
    let effect = scaler.scale(&target, &found, 4).await.unwrap();
    script.done(scaler).await;
    let autoscaler = "HorizontalPodAutoscaler/cust".to_owned();
    let (from, to) = (2, 4);
    assert_eq!(
        effect,
        Effect::MinimumChanged {
            autoscaler,
            from,
            to
        }
    );
}

#[tokio::test]
async fn an_hpa_without_a_minimum_has_one_of_one() {
    let mut list = fixture("hpa-list-ours");
    let spec = list["items"][3]["spec"].as_object_mut().unwrap();
    spec.remove("minReplicas");
    let found = read(OnAutoscaler::RaiseMin, reads(list)).await;
    assert_eq!(found.at, 1);
}

async fn read_scaled_object(object: Value) -> Scalable {
    let mut steps = reads(fixture("hpa-list-of-keda"));
    steps.push(get(SCALED_OBJECT).answers(200, object));
    read(OnAutoscaler::RaiseMin, steps).await
}

#[tokio::test]
async fn the_minimum_of_a_scaled_object_is_raised_and_not_that_of_its_hpa() {
    let found = read_scaled_object(fixture("scaled-object")).await;
    let expected = Scalable {
        subject: ScaleSubject::ScaledObjectMin("cust-lag".to_owned()),
        replicas: 2,
        at: 1,
        most: Some(8),
        owner: None,
        version: "655".to_owned(),
    };
    assert_eq!(found, expected);
    let body = json!({"metadata": {"resourceVersion": "655"}, "spec": {"minReplicaCount": 3}});
    let path = format!("{SCALED_OBJECT}?fieldManager=kafka-lag");
    let (scaler, script) = scaler(vec![merge(&path, body).answers(200, "{}")]);
    let target = deployment(OnAutoscaler::RaiseMin);
    let effect = scaler.scale(&target, &found, 3).await.unwrap();
    script.done(scaler).await;
    let autoscaler = "ScaledObject/cust-lag".to_owned();
    let (from, to) = (1, 3);
    assert_eq!(
        effect,
        Effect::MinimumChanged {
            autoscaler,
            from,
            to
        }
    );
}

#[tokio::test]
async fn a_scaled_object_without_numbers_has_kedas_own() {
    let mut object = fixture("scaled-object");
    object["spec"] = json!({"scaleTargetRef": {"name": "cust"}});
    let found = read_scaled_object(object).await;
    assert_eq!((found.at, found.most), (0, Some(100)));
}

#[tokio::test]
async fn a_paused_scaled_object_is_left_alone() {
    let mut object = fixture("scaled-object");
    object["metadata"]["annotations"] = json!({"autoscaling.keda.sh/paused-replicas": "0"});
    let found = read_scaled_object(object).await;
    assert_eq!(found.owner.unwrap(), "ScaledObject/cust-lag (paused)");
}
