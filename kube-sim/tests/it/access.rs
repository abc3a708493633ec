use kube_sim::{Denial, KubeSim, KubeSimConfig};
use serde_json::{Value, json};

use crate::client::{CONSUMER, Seen, get, patch, post, send_with, start};

const USER: &str = "system:serviceaccount:ops:kafka-lag";
const REVIEWS: &str = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

async fn get_as(sim: &KubeSim, authorization: &str) -> Seen {
    let headers = [("authorization", authorization)];
    send_with(sim, "GET", CONSUMER, &headers, "").await
}

#[tokio::test]
async fn with_tokens_everybody_else_is_unauthorized() {
    let config = KubeSimConfig::default()
        .token("t0k", USER)
        .deployment("demo", "consumer", 1);
    let sim = KubeSim::start(config).await.unwrap();
    assert_eq!(get_as(&sim, "Bearer t0k").await.status(), 200);
    let expected = (401, "Unauthorized".to_owned(), "Unauthorized".to_owned());
    for wrong in ["Bearer other", "Basic t0k", ""] {
        assert_eq!(get_as(&sim, wrong).await.refusal(), expected, "{wrong}");
    }
    assert!(sim.kubeconfig().contains(r#"user: {"token":"t0k"}"#));
    assert!(!format!("{sim:?}").contains("t0k"));
}

#[tokio::test]
async fn what_is_denied_names_user_verb_resource_and_namespace() {
    let config = KubeSimConfig::default()
        .token("t0k", USER)
        .deny(
            Denial::new()
                .verb("get")
                .resource("deployments")
                .namespace("demo"),
        )
        .deployment("demo", "consumer", 1);
    let sim = KubeSim::start(config).await.unwrap();
    let seen = get_as(&sim, "Bearer t0k").await;
    let message = format!(
        "deployments.apps \"consumer\" is forbidden: User \"{USER}\" cannot get resource \"deployments\" in API group \"apps\" in the namespace \"demo\""
    );
    assert_eq!(seen.refusal(), (403, "Forbidden".to_owned(), message));
}

#[tokio::test]
async fn a_list_a_creation_and_a_subresource_are_denied_in_their_words() {
    let sim = start().await;
    sim.deny(
        Denial::new()
            .verb("list")
            .resource("horizontalpodautoscalers"),
    );
    sim.deny(Denial::new().verb("create").resource("configmaps"));
    sim.deny(Denial::new().verb("patch").resource("deployments/scale"));
    let list = get(
        &sim,
        "/apis/autoscaling/v2/namespaces/demo/horizontalpodautoscalers",
    )
    .await;
    let message = list.refusal().2;
    assert!(message.starts_with("horizontalpodautoscalers.autoscaling is forbidden: User "));
    assert!(message.ends_with("cannot list resource \"horizontalpodautoscalers\" in API group \"autoscaling\" in the namespace \"demo\""));
    let made = post(
        &sim,
        "/api/v1/namespaces/demo/configmaps",
        &json!({"metadata": {"name": "a"}}),
    )
    .await;
    assert!(
        made.refusal()
            .2
            .contains("cannot create resource \"configmaps\" in API group \"\"")
    );
    let scaled = patch(
        &sim,
        &format!("{CONSUMER}/scale"),
        &json!({"spec": {"replicas": 3}}),
    )
    .await;
    assert!(
        scaled
            .refusal()
            .2
            .contains("cannot patch resource \"deployments/scale\"")
    );
    assert_eq!(sim.replicas("demo", "consumer"), Some(2));
    patch(&sim, CONSUMER, &json!({"spec": {"replicas": 3}}))
        .await
        .expect(200);
}

fn review(verb: &str, subresource: &str, namespace: &str) -> Value {
    json!({"spec": {"resourceAttributes": {
        "verb": verb, "group": "apps", "resource": "deployments",
        "subresource": subresource, "namespace": namespace,
    }}})
}

#[tokio::test]
async fn a_review_answers_from_the_same_table() {
    let sim = start().await;
    let denial = Denial::new().verb("patch").resource("deployments/scale");
    sim.deny(denial.namespace("demo"));
    for (review, allowed) in [
        (review("patch", "scale", "demo"), false),
        (review("patch", "scale", "other"), true),
        (review("patch", "", "demo"), true),
        (review("get", "scale", "demo"), true),
    ] {
        let seen = post(&sim, REVIEWS, &review).await.expect(201);
        assert_eq!(seen["kind"], "SelfSubjectAccessReview");
        assert_eq!(seen["status"]["allowed"], allowed, "{review}");
    }
    sim.deny(Denial::new());
    let seen = post(&sim, REVIEWS, &review("get", "", "demo"))
        .await
        .expect(201);
    assert_eq!(seen["status"]["allowed"], false);
    sim.allow_all();
    assert_eq!(get(&sim, CONSUMER).await.status(), 200);
}
