//! Reviews, as the stand-in answers and records them.

use crate::stand_in::started;
use kube_sim::{Denial, FaultKind, KubeSim, KubeSimConfig};
use lag_cluster::KubeReviews;
use lag_core::{
    User,
    port::{Access, PortErrorKind, Reviews},
};
use serde_json::{Value, json};
use std::time::Duration;

const LIMIT: Duration = Duration::from_millis(500);

async fn reviews() -> (KubeSim, KubeReviews) {
    let config = KubeSimConfig::default().reviewed_token("t0k", "bob", &["readers"]);
    let (sim, cluster) = started(config).await;
    (sim, KubeReviews::new(cluster.client, LIMIT))
}

fn eve() -> User {
    User {
        name: "eve".into(),
        groups: vec!["a".into(), "system:authenticated".into()],
        uid: Some("7".into()),
        extra: [("scopes".to_owned(), vec!["x".to_owned()])].into(),
    }
}

fn lag() -> Access {
    Access::Metric {
        namespace: "orders".into(),
        metric: "lag".into(),
    }
}

#[tokio::test]
async fn a_token_is_somebodys_or_nobodys() {
    let (_sim, reviews) = reviews().await;
    let bob = reviews.authenticate("t0k").await.unwrap().unwrap();
    assert_eq!(
        (bob.name.as_str(), bob.groups),
        ("bob", vec!["readers".to_owned()])
    );
    assert_eq!(reviews.authenticate("other").await.unwrap(), None);
}

#[tokio::test]
async fn rights_are_asked_for_as_the_api_server_asks() {
    let (sim, reviews) = reviews().await;
    sim.deny(Denial::new().user("eve").verb("list").resource("lag"));
    assert!(!reviews.authorize(&eve(), &lag()).await.unwrap().allowed);
    let path = Access::Path("/apis".into());
    let verdict = reviews.authorize(&eve(), &path).await.unwrap();
    assert!(verdict.allowed && !verdict.reason.is_empty());
    let specs: Vec<Value> = sim
        .requests()
        .iter()
        .map(|request| serde_json::from_str::<Value>(&request.body).unwrap()["spec"].clone())
        .collect();
    let user = json!({
        "user": "eve", "groups": ["a", "system:authenticated"], "uid": "7", "extra": {"scopes": ["x"]},
    });
    let with = |key: &str, value: Value| {
        let mut spec = user.clone();
        spec[key] = value;
        spec
    };
    let expected = [
        with(
            "resourceAttributes",
            json!({
                "namespace": "orders", "verb": "list", "group": "external.metrics.k8s.io",
                "version": "v1beta1", "resource": "lag",
            }),
        ),
        with(
            "nonResourceAttributes",
            json!({"path": "/apis", "verb": "get"}),
        ),
    ];
    assert_eq!(specs, expected);
}

#[tokio::test]
async fn without_the_right_to_ask_the_cluster_role_is_named() {
    let (sim, reviews) = reviews().await;
    sim.deny(Denial::new().verb("create"));
    let token = reviews.authenticate("t0k").await.unwrap_err();
    let access = reviews.authorize(&eve(), &lag()).await.unwrap_err();
    for error in [token, access] {
        assert_eq!(error.kind, PortErrorKind::Forbidden);
        let text = error.to_string();
        assert!(text.contains("ClusterRole system:auth-delegator"), "{text}");
        assert!(!text.contains("t0k"), "{text}");
    }
}

#[tokio::test]
async fn no_answer_is_an_error_in_time_and_never_a_yes() {
    let (sim, reviews) = reviews().await;
    for fault in [
        FaultKind::Hang,
        FaultKind::Reset,
        FaultKind::status(500, "InternalError", "boom"),
        FaultKind::status(200, "", ""),
    ] {
        sim.clear_faults();
        sim.fault(fault);
        reviews.authenticate("t0k").await.unwrap_err();
        reviews.authorize(&eve(), &lag()).await.unwrap_err();
    }
}
