use serde_json::json;

use crate::client::{get, start};

#[tokio::test]
async fn a_list_has_a_version_and_items_that_do_not_repeat_their_kind() {
    let sim = start().await;
    sim.deployment("other", "elsewhere", 1);
    let list = get(&sim, "/apis/apps/v1/namespaces/demo/deployments")
        .await
        .expect(200);
    assert_eq!(
        (&list["kind"], &list["apiVersion"]),
        (&json!("DeploymentList"), &json!("apps/v1"))
    );
    assert!(list["metadata"]["resourceVersion"].is_string());
    let items = list["items"].as_array().unwrap();
    assert_eq!(items.len(), 1);
    assert_eq!(items[0].get("kind"), None);
    let all = get(&sim, "/apis/apps/v1/deployments").await.expect(200);
    assert_eq!(all["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn nothing_found_is_an_empty_list() {
    let sim = start().await;
    let path = "/apis/autoscaling/v2/namespaces/demo/horizontalpodautoscalers";
    assert_eq!(get(&sim, path).await.expect(200)["items"], json!([]));
}

#[tokio::test]
async fn selectors_narrow_a_list() {
    let sim = start().await;
    sim.deployment("demo", "other", 3);
    for (query, count) in [
        ("", 5),
        ("?labelSelector=app%3Dconsumer", 2),
        ("?labelSelector=app==other", 3),
        ("?labelSelector=app!%3Dother", 2),
        ("?labelSelector=app=consumer,app=other", 0),
        ("?fieldSelector=metadata.name%3Dnope", 0),
    ] {
        let list = get(&sim, &format!("/api/v1/namespaces/demo/pods{query}"))
            .await
            .expect(200);
        assert_eq!(list["items"].as_array().unwrap().len(), count, "{query}");
    }
    for (query, status) in [
        ("labelSelector=app", 501),
        ("fieldSelector=status.phase=Running", 400),
    ] {
        let seen = get(&sim, &format!("/api/v1/namespaces/demo/pods?{query}")).await;
        assert_eq!(seen.refusal().0, status, "{query}");
    }
}

#[tokio::test]
async fn a_group_says_which_resources_it_has() {
    let sim = start().await;
    let list = get(&sim, "/apis/apps/v1").await.expect(200);
    assert_eq!(list["groupVersion"], "apps/v1");
    let names: Vec<_> = list["resources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].clone())
        .collect();
    assert!(
        names.contains(&json!("deployments/scale")) && !names.contains(&json!("daemonsets/scale"))
    );
    assert_eq!(get(&sim, "/apis/argoproj.io/v1alpha1").await.status(), 404);
    assert_eq!(get(&sim, "/version").await.expect(200)["minor"], "36");
}
