use serde_json::json;

use crate::client::{CONSUMER, generation, get, patch, put, restart, start, version};

fn scale_path() -> String {
    format!("{CONSUMER}/scale")
}

#[tokio::test]
async fn the_scale_has_a_text_for_a_selector_and_the_workload_s_version() {
    let sim = start().await;
    let workload = get(&sim, CONSUMER).await.expect(200);
    let scale = get(&sim, &scale_path()).await.expect(200);
    let own = &workload["metadata"];
    let expected = json!({
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {
            "name": "consumer", "namespace": "demo", "uid": own["uid"],
            "resourceVersion": own["resourceVersion"], "creationTimestamp": own["creationTimestamp"],
        },
        "spec": {"replicas": 2},
        "status": {"replicas": 2, "selector": "app=consumer"},
    });
    assert_eq!(scale, expected);
}

#[tokio::test]
async fn zero_replicas_are_left_out() {
    let sim = start().await;
    patch(&sim, &scale_path(), &json!({"spec": {"replicas": 0}}))
        .await
        .expect(200);
    let scale = get(&sim, &scale_path()).await.expect(200);
    assert_eq!(scale["spec"], json!({}));
    assert_eq!(scale["status"]["replicas"], 0);
    assert_eq!(sim.replicas("demo", "consumer"), Some(0));
}

#[tokio::test]
async fn a_write_with_the_version_just_read_is_taken_and_an_older_one_is_a_conflict() {
    let sim = start().await;
    let read = get(&sim, &scale_path()).await.expect(200);
    let to = |replicas: i64| json!({"metadata": {"resourceVersion": version(&read)}, "spec": {"replicas": replicas}});
    patch(&sim, &scale_path(), &to(4)).await.expect(200);
    let message = "Operation cannot be fulfilled on deployments.apps \"consumer\": the object has been modified; please apply your changes to the latest version and try again";
    let expected = (409, "Conflict".to_owned(), message.to_owned());
    assert_eq!(patch(&sim, &scale_path(), &to(6)).await.refusal(), expected);
    assert_eq!(put(&sim, &scale_path(), &to(6)).await.refusal(), expected);
    assert_eq!(sim.replicas("demo", "consumer"), Some(4));
}

#[tokio::test]
async fn without_a_version_the_last_writer_wins() {
    let sim = start().await;
    for replicas in [3, 5] {
        let body = json!({"spec": {"replicas": replicas}});
        let scale = patch(&sim, &scale_path(), &body).await.expect(200);
        assert_eq!(scale["spec"]["replicas"], replicas);
    }
    let changes: Vec<_> = sim.scale_changes("demo", "consumer");
    let changes: Vec<_> = changes.iter().map(|one| (one.from, one.to)).collect();
    assert_eq!(changes, [(2, 3), (3, 5)]);
    assert!(sim.rollouts("demo", "consumer").is_empty());
}

#[tokio::test]
async fn a_status_update_makes_the_version_old() {
    let sim = start().await;
    let answer = patch(&sim, CONSUMER, &restart("a")).await.expect(200);
    let body = json!({"metadata": {"resourceVersion": version(&answer)}, "spec": {"replicas": 4}});
    assert_eq!(patch(&sim, &scale_path(), &body).await.refusal().0, 409);
}

#[tokio::test]
async fn scaling_counts_the_generation_up_and_names_its_manager_by_subresource() {
    let sim = start().await;
    let path = format!("{}?fieldManager=kafka-lag", scale_path());
    patch(&sim, &path, &json!({"spec": {"replicas": 4}}))
        .await
        .expect(200);
    let workload = get(&sim, CONSUMER).await.expect(200);
    assert_eq!(generation(&workload), 2);
    let manager = &workload["metadata"]["managedFields"][0];
    assert_eq!(manager["manager"], "kafka-lag");
    assert_eq!(manager["operation"], "Update");
    assert_eq!(manager["subresource"], "scale");
}

#[tokio::test]
async fn a_dry_run_checks_and_stores_nothing() {
    let sim = start().await;
    let before = get(&sim, CONSUMER).await.expect(200);
    let path = format!("{}?dryRun=All", scale_path());
    let scale = patch(&sim, &path, &json!({"spec": {"replicas": 4}}))
        .await
        .expect(200);
    assert_eq!(scale["spec"]["replicas"], 4);
    let restarted = patch(&sim, &format!("{CONSUMER}?dryRun=All"), &restart("a"))
        .await
        .expect(200);
    assert_eq!(generation(&restarted), 2);
    assert_eq!(get(&sim, CONSUMER).await.expect(200), before);
    assert_eq!(sim.changes(), kube_sim::Changes::default());

    let bad = patch(&sim, &path, &json!({"spec": {"replicas": -1}})).await;
    assert_eq!(bad.refusal().0, 422);
    let old = json!({"metadata": {"resourceVersion": "0"}, "spec": {"replicas": 4}});
    assert_eq!(patch(&sim, &path, &old).await.refusal().0, 409);
    let other = format!("{}?dryRun=Some", scale_path());
    assert_eq!(patch(&sim, &other, &json!({})).await.refusal().0, 422);
}

#[tokio::test]
async fn a_custom_resource_scales_and_a_daemon_set_does_not() {
    let sim = start().await;
    sim.workload("Rollout", "demo", "canary", 2);
    sim.workload("DaemonSet", "demo", "agent", 3);
    let path = "/apis/argoproj.io/v1alpha1/namespaces/demo/rollouts/canary/scale";
    let scale = patch(&sim, path, &json!({"spec": {"replicas": 3}}))
        .await
        .expect(200);
    assert_eq!(scale["spec"]["replicas"], 3);
    let scale = get(&sim, path).await.expect(200);
    assert_eq!(
        scale["status"],
        json!({"replicas": 3, "selector": "app=canary"})
    );
    let path = "/apis/apps/v1/namespaces/demo/daemonsets/agent/scale";
    assert_eq!(get(&sim, path).await.refusal().0, 404);
}

#[tokio::test]
async fn the_minimum_of_an_autoscaler_is_raised_and_never_above_its_maximum() {
    let sim = start().await;
    sim.hpa("demo", "consumer-hpa", ("Deployment", "consumer"), (2, 5));
    let path = "/apis/autoscaling/v2/namespaces/demo/horizontalpodautoscalers/consumer-hpa";
    patch(&sim, path, &json!({"spec": {"minReplicas": 4}}))
        .await
        .expect(200);
    let bad = patch(&sim, path, &json!({"spec": {"minReplicas": 6}}))
        .await
        .refusal();
    assert_eq!((bad.0, bad.1.as_str()), (422, "Invalid"));
    let changes = sim.scale_changes("demo", "consumer-hpa");
    assert_eq!((changes[0].from, changes[0].to, changes.len()), (2, 4, 1));
    let hpa = sim
        .object("horizontalpodautoscalers", "demo", "consumer-hpa")
        .unwrap();
    assert_eq!(hpa["metadata"].get("generation"), None);
}

#[tokio::test]
async fn the_autoscaler_of_a_scaled_object_names_its_owner() {
    let sim = start().await;
    sim.scaled_object("demo", "consumer", ("Deployment", "consumer"), (1, 8));
    let list = "/apis/autoscaling/v2/namespaces/demo/horizontalpodautoscalers";
    let list = get(&sim, list).await.expect(200);
    let owner = &list["items"][0]["metadata"]["ownerReferences"][0];
    assert_eq!(
        (&owner["kind"], &owner["name"]),
        (&json!("ScaledObject"), &json!("consumer"))
    );
    let path = "/apis/keda.sh/v1alpha1/namespaces/demo/scaledobjects/consumer";
    let body = json!({"spec": {"minReplicaCount": 3}});
    let after = patch(&sim, path, &body).await.expect(200);
    assert_eq!(generation(&after), 2);
    let changes = sim.scale_changes("demo", "consumer");
    assert_eq!((changes[0].from, changes[0].to), (1, 3));
}
