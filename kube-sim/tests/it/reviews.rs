use kube_sim::{Denial, KubeSim, KubeSimConfig};
use serde_json::{Value, json};

use crate::client::{post, put, send};

const TOKENS: &str = "/apis/authentication.k8s.io/v1/tokenreviews";
const ACCESS: &str = "/apis/authorization.k8s.io/v1/subjectaccessreviews";

async fn started() -> KubeSim {
    let config = KubeSimConfig::default().reviewed_token("t0k", "bob", &["readers"]);
    KubeSim::start(config).await.unwrap()
}

fn shows(token: &str) -> Value {
    json!({"spec": {"token": token}})
}

#[tokio::test]
async fn a_token_review_knows_the_tokens_that_were_put() {
    let sim = started().await;
    let known = post(&sim, TOKENS, &shows("t0k")).await.expect(201);
    assert_eq!(known["status"]["authenticated"], true);
    assert_eq!(
        known["status"]["user"],
        json!({"username": "bob", "groups": ["readers"]})
    );
    let unknown = post(&sim, TOKENS, &shows("other")).await.expect(201);
    assert_eq!(unknown["status"].get("authenticated"), None);
    assert!(unknown["status"]["error"].is_string());
    assert_eq!(post(&sim, TOKENS, &json!({})).await.refusal().0, 422);
    assert_eq!(send(&sim, "GET", TOKENS, "", "").await.refusal().0, 405);
    let tokens = json!([{"token": "new", "user": "eve"}]);
    put(&sim, "/-sim/tokens", &tokens).await.expect(200);
    let known = post(&sim, TOKENS, &shows("new")).await.expect(201);
    assert_eq!(known["status"]["user"]["username"], "eve");
}

#[tokio::test]
async fn an_access_review_answers_for_others_from_the_table_of_denials() {
    let sim = started().await;
    sim.deny(Denial::new().user("eve").verb("list").resource("lag"));
    sim.deny(Denial::new().user("eve").resource("/apis"));
    let lag = |user: &str, verb: &str| {
        json!({"spec": {"user": user, "resourceAttributes": {
            "verb": verb, "group": "external.metrics.k8s.io", "version": "v1beta1",
            "resource": "lag", "namespace": "orders",
        }}})
    };
    let path = |path: &str| json!({"spec": {"user": "eve", "nonResourceAttributes": {"path": path, "verb": "get"}}});
    for (review, allowed) in [
        (lag("eve", "list"), false),
        (lag("eve", "get"), true),
        (lag("bob", "list"), true),
        (path("/apis"), false),
        (path("/openapi/v2"), true),
    ] {
        let seen = post(&sim, ACCESS, &review).await.expect(201);
        assert_eq!(seen["kind"], "SubjectAccessReview");
        assert_eq!(seen["status"]["allowed"], allowed, "{review}");
    }
    for wrong in [json!({"spec": {"user": "eve"}}), json!({"spec": {}})] {
        assert_eq!(post(&sim, ACCESS, &wrong).await.refusal().0, 422, "{wrong}");
    }
}

#[tokio::test]
async fn who_may_not_review_is_told_what_is_missing() {
    let sim = started().await;
    sim.deny(Denial::new().verb("create").resource("tokenreviews"));
    let (code, _, message) = post(&sim, TOKENS, &shows("t0k")).await.refusal();
    assert_eq!(code, 403);
    assert!(
        message.contains(
            "cannot create resource \"tokenreviews\" in API group \"authentication.k8s.io\""
        ),
        "{message}"
    );
}
