//! What stands around the values: discovery, OpenAPI, health, unknown paths and methods.

use super::*;
use lag_core::Board;

fn pretty(reply: &Reply) -> String {
    serde_json::to_string_pretty(&reply.json()).unwrap()
}

#[tokio::test]
async fn discovery_lists_the_metrics_of_the_configuration() {
    let api = Api::new(Board::default());
    let mut shown = String::new();
    for path in ["/apis", "/apis/external.metrics.k8s.io", ROOT] {
        let reply = api.get(path).await;
        assert_eq!(reply.status, 200);
        shown += &format!("{path}\n{}\n", pretty(&reply));
    }
    insta::assert_snapshot!(shown);
}

#[tokio::test]
async fn the_list_of_resources_is_never_empty() {
    let api = Api::with(Board::default(), |config| {
        config.topics = false;
        config.recommends = false;
    });
    let document = api.get(ROOT).await.json();
    let resources = document["resources"].as_array().unwrap();
    let names: Vec<_> = resources.iter().map(|one| one["name"].as_str()).collect();
    assert_eq!(names, [Some(names::LAG)]);
    assert_eq!(resources[0]["verbs"], serde_json::json!(["get"]));
}

#[tokio::test]
async fn openapi_and_version_are_small_and_valid() {
    let api = Api::new(Board::default());
    let v2 = api.get("/openapi/v2").await.json();
    assert_eq!(
        (&v2["swagger"], &v2["info"]["version"]),
        (&"2.0".into(), &"1.2.3".into())
    );
    let v3 = api.get("/openapi/v3").await.json();
    let path = &v3["paths"]["apis/external.metrics.k8s.io/v1beta1"]["serverRelativeURL"];
    let group = api.get(path.as_str().unwrap()).await.json();
    assert_eq!(group["openapi"], "3.0.0");
    let version = api.get("/version").await.json();
    assert_eq!(version["gitVersion"], "v1.2.3");
    assert_eq!(
        (&version["major"], &version["minor"]),
        (&"1".into(), &"2".into())
    );
}

#[tokio::test]
async fn health_and_discovery_never_look_at_the_board() {
    let silent = Board::default().watching("main", [watched(A, &["g"])], now());
    let api = Api::new(silent.clone());
    let discovered = api.get(ROOT).await.body;
    for board in [collect(&silent, "main", failure(A)), every_state()] {
        api.cell.update(|_| board.clone());
        for path in ["/healthz", "/livez", "/readyz"] {
            let reply = ask(&api.router, "GET", path, &[]).await;
            assert_eq!((reply.status.as_u16(), reply.text()), (200, "ok"), "{path}");
            assert!(reply.header("content-type").starts_with("text/plain"));
        }
        assert_eq!(api.get(ROOT).await.body, discovered);
    }
}

#[tokio::test]
async fn json_is_the_answer_to_every_accept() {
    let api = Api::new(every_state());
    let values = format!(
        "{ROOT}/namespaces/x/{}?labelSelector=consumer_group%3Dnobody",
        names::LAG
    );
    let aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;\
                      v=v2beta1;as=APIGroupDiscoveryList";
    for accept in [
        "application/vnd.kubernetes.protobuf, */*",
        "application/vnd.kubernetes.protobuf",
        "application/json;as=Table;v=v1;g=meta.k8s.io",
        "application/yaml",
        aggregated,
    ] {
        for path in ["/apis", ROOT, "/openapi/v2", "/nowhere", values.as_str()] {
            let reply = ask(&api.router, "GET", path, &[("accept", accept)]).await;
            assert_eq!(reply.header("content-type"), "application/json", "{path}");
            assert_ne!(reply.status, 406);
            let kind = reply.json()["kind"].as_str().map(str::to_owned);
            assert_ne!(kind.as_deref(), Some("APIGroupDiscoveryList"));
        }
    }
}

#[tokio::test]
async fn unknown_paths_are_404_with_a_status_and_never_a_redirect() {
    let api = Api::new(every_state());
    for path in [
        "/",
        "/apis/",
        "/api",
        "/metrics",
        "/apis/external.metrics.k8s.io/",
        "/apis/external.metrics.k8s.io/v1",
        "/apis/external.metrics.k8s.io/v1beta1/",
        "/apis/external.metrics.k8s.io/v1beta1/namespaces",
        "/apis/external.metrics.k8s.io/v1beta1/namespaces/x",
        "/apis/external.metrics.k8s.io/v1beta1/namespaces/x/",
        "/apis/external.metrics.k8s.io/v1beta1/namespaces//kafka_consumer_message_accumulation",
        "/apis/external.metrics.k8s.io/v1beta1/namespaces/x/kafka_consumer_message_accumulation/y",
        "/apis/external.metrics.k8s.io/v1beta1/kafka_consumer_message_accumulation",
        "//apis",
    ] {
        let (code, message) = refusal(&api.get(path).await);
        assert_eq!(code, 404, "{path}");
        assert_eq!(message, "the server could not find the requested resource");
    }
}

#[tokio::test]
async fn only_get_and_head_are_answered() {
    let api = Api::new(every_state());
    let values = format!("{ROOT}/namespaces/x/{}", names::LAG);
    for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"] {
        for path in ["/apis", ROOT, "/healthz", values.as_str()] {
            let reply = ask(&api.router, method, path, &[]).await;
            assert_eq!(refusal(&reply).0, 405, "{method} {path}");
            assert_eq!(reply.header("allow"), "GET, HEAD");
        }
    }
    for path in ["/apis", ROOT, "/healthz"] {
        let head = ask(&api.router, "HEAD", path, &[]).await;
        let get = ask(&api.router, "GET", path, &[]).await;
        assert_eq!(head.status, 200);
        assert!(head.body.is_empty());
        assert_eq!(head.header("content-type"), get.header("content-type"));
    }
}

#[tokio::test]
async fn a_watch_is_405_and_other_parameters_are_passed_over() {
    let api = Api::new(every_state());
    let path = |query: &str| format!("{ROOT}/namespaces/x/{}?{query}", names::LAG);
    for query in [
        "watch=true",
        "watch=1&labelSelector=consumer_group%3Dorders",
        "watch",
    ] {
        assert_eq!(refusal(&api.get(&path(query)).await).0, 405, "{query}");
    }
    let selector = "labelSelector=consumer_group%3Dorders%2Cinstance_id%3Dalikafka_pre-cn-a";
    let others = "fieldSelector=a%3Db&limit=1&continue=x&timeoutSeconds=1&pretty=true&watch=false";
    let reply = api.get(&path(&format!("{others}&{selector}"))).await;
    assert_eq!(items(&reply), pairs(&[("a/orders", "182345")]));
}
