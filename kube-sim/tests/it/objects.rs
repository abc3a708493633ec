use serde_json::json;

use crate::client::{CONFIG_MAPS, CONSUMER, LEASES, get, patch, post, put, send, start, version};

#[tokio::test]
async fn what_does_not_exist_is_named() {
    let sim = start().await;
    let seen = get(&sim, "/apis/apps/v1/namespaces/demo/deployments/nope").await;
    let message = "deployments.apps \"nope\" not found".to_owned();
    assert_eq!(seen.refusal(), (404, "NotFound".to_owned(), message));
    let details = json!({"name": "nope", "group": "apps", "kind": "deployments"});
    assert_eq!(seen.json()["details"], details);
    let seen = get(&sim, &format!("{CONFIG_MAPS}/nope")).await;
    assert_eq!(seen.refusal().2, "configmaps \"nope\" not found");
    for path in [
        CONSUMER.replace("consumer", "nope"),
        format!("{CONFIG_MAPS}/nope"),
    ] {
        assert_eq!(patch(&sim, &path, &json!({})).await.refusal().0, 404);
        assert_eq!(put(&sim, &path, &json!({})).await.refusal().0, 404);
    }
    let scale = format!("{}/scale", CONSUMER.replace("consumer", "nope"));
    let message = "deployments.apps \"nope\" not found";
    assert_eq!(get(&sim, &scale).await.refusal().2, message);
}

#[tokio::test]
async fn a_resource_that_no_group_has_is_not_found() {
    let sim = start().await;
    let body = json!({"metadata": {"name": "a"}});
    let seen = post(&sim, "/apis/apps/v1/namespaces/demo/gizmos", &body).await;
    let message = "the server could not find the requested resource".to_owned();
    assert_eq!(seen.refusal(), (404, "NotFound".to_owned(), message));
    let seen = post(&sim, "/apis/example.com/v1/namespaces/demo/gizmos", &body).await;
    assert_eq!((seen.status(), seen.body()), (404, "404 page not found\n"));
    assert_eq!(get(&sim, "/nonsense").await.status(), 404);
}

#[tokio::test]
async fn an_add_on_exists_once_one_of_its_objects_was_put() {
    let sim = start().await;
    let list = "/apis/keda.sh/v1alpha1/namespaces/demo/scaledobjects";
    assert_eq!(get(&sim, list).await.status(), 404);
    let object = json!({"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": {"name": "a"}});
    assert_eq!(post(&sim, list, &object).await.status(), 404);
    sim.scaled_object("demo", "a", ("Deployment", "consumer"), (1, 2));
    let list = get(&sim, list).await.expect(200);
    assert_eq!(list["items"][0]["kind"], "ScaledObject");
}

#[tokio::test]
async fn the_second_to_create_is_told_that_it_exists() {
    let sim = start().await;
    let state = json!({"metadata": {"name": "kafka-lag-state"}, "data": {"state.json": "{}"}});
    let created = post(&sim, CONFIG_MAPS, &state).await.expect(201);
    assert_eq!(created["kind"], "ConfigMap");
    let seen = post(&sim, CONFIG_MAPS, &state).await;
    let message = "configmaps \"kafka-lag-state\" already exists".to_owned();
    assert_eq!(seen.refusal(), (409, "AlreadyExists".to_owned(), message));
    assert_eq!(sim.configmap("demo", "kafka-lag-state"), Some(created));
}

#[tokio::test]
async fn of_two_writers_with_one_version_the_second_gets_a_conflict() {
    let sim = start().await;
    let state = json!({"metadata": {"name": "s"}, "data": {"a": "0"}});
    let read = post(&sim, CONFIG_MAPS, &state).await.expect(201);
    let path = format!("{CONFIG_MAPS}/s");
    let with = |value: &str| {
        let mut next = read.clone();
        next["data"]["a"] = json!(value);
        next
    };
    let written = put(&sim, &path, &with("1")).await.expect(200);
    assert_ne!(version(&read), version(&written));
    let (status, reason, message) = put(&sim, &path, &with("2")).await.refusal();
    assert_eq!((status, reason.as_str()), (409, "Conflict"));
    assert!(message.starts_with("Operation cannot be fulfilled on configmaps \"s\": "));
    let merge = json!({"metadata": {"resourceVersion": version(&read)}, "data": {"a": "3"}});
    assert_eq!(patch(&sim, &path, &merge).await.refusal().1, "Conflict");
    assert_eq!(sim.configmap("demo", "s").unwrap()["data"]["a"], "1");
}

#[tokio::test]
async fn an_object_of_the_same_name_made_anew_is_another_one() {
    let sim = start().await;
    let state = json!({"metadata": {"name": "s"}});
    let first = post(&sim, CONFIG_MAPS, &state).await.expect(201);
    let path = format!("{CONFIG_MAPS}/s");
    send(&sim, "DELETE", &path, "", "").await.expect(200);
    post(&sim, CONFIG_MAPS, &state).await.expect(201);
    let (status, reason, message) = put(&sim, &path, &first).await.refusal();
    assert_eq!((status, reason.as_str()), (409, "Conflict"));
    assert!(message.contains("UID in precondition"), "{message}");
}

#[tokio::test]
async fn a_dry_run_creates_and_deletes_nothing() {
    let sim = start().await;
    let list = format!("{CONFIG_MAPS}?dryRun=All");
    let object = json!({"metadata": {"name": "s"}});
    let made = post(&sim, &list, &object).await.expect(201);
    assert_eq!(made["metadata"]["name"], "s");
    assert_eq!(sim.configmap("demo", "s"), None);
    let kept = post(&sim, CONFIG_MAPS, &object).await.expect(201);
    assert_eq!(
        post(&sim, &list, &object).await.refusal().1,
        "AlreadyExists"
    );
    let path = format!("{CONFIG_MAPS}/s?dryRun=All");
    send(&sim, "DELETE", &path, "", "").await.expect(200);
    assert_eq!(sim.configmap("demo", "s"), Some(kept));
}

#[tokio::test]
async fn a_deletion_may_name_the_version_it_means() {
    let sim = start().await;
    let object = json!({"metadata": {"name": "s"}});
    let made = post(&sim, CONFIG_MAPS, &object).await.expect(201);
    let path = format!("{CONFIG_MAPS}/s");
    for (wanted, status) in [("0".to_owned(), 409), (version(&made), 200)] {
        let options = json!({"preconditions": {"resourceVersion": wanted}}).to_string();
        let seen = send(&sim, "DELETE", &path, "application/json", &options).await;
        assert_eq!(seen.status(), status);
    }
    assert_eq!(sim.configmap("demo", "s"), None);
}

#[tokio::test]
async fn one_counter_gives_the_versions_of_all_objects() {
    let sim = start().await;
    let mut last = 0;
    for name in ["a", "b", "c"] {
        for list in [CONFIG_MAPS, LEASES] {
            let made = post(&sim, list, &json!({"metadata": {"name": name}}))
                .await
                .expect(201);
            let version: u64 = version(&made).parse().unwrap();
            assert!(version > last);
            last = version;
        }
    }
}

#[tokio::test]
async fn a_lease_is_taken_and_renewed_only_with_the_version_read() {
    let sim = start().await;
    let lease = json!({"metadata": {"name": "kafka-lag"}, "spec": {
        "holderIdentity": "pod-1", "leaseDurationSeconds": 15,
        "acquireTime": "2026-11-22T03:54:00.000000Z", "renewTime": "2026-11-22T03:54:00.000000Z",
    }});
    let mut held = post(&sim, LEASES, &lease).await.expect(201);
    let path = format!("{LEASES}/kafka-lag");
    let old = held.clone();
    held["spec"]["renewTime"] = json!("2026-11-22T03:54:02.000000Z");
    put(&sim, &path, &held).await.expect(200);
    let mut thief = old;
    thief["spec"]["holderIdentity"] = json!("pod-2");
    assert_eq!(put(&sim, &path, &thief).await.refusal().1, "Conflict");
    assert_eq!(
        sim.lease("demo", "kafka-lag").unwrap()["spec"]["holderIdentity"],
        "pod-1"
    );
    thief["metadata"]
        .as_object_mut()
        .unwrap()
        .remove("resourceVersion");
    let (status, _, message) = put(&sim, &path, &thief).await.refusal();
    assert_eq!(status, 422);
    assert!(message.contains("metadata.resourceVersion"), "{message}");
}

#[tokio::test]
async fn a_body_that_does_not_fit_the_path_is_a_bad_request() {
    let sim = start().await;
    for body in [
        json!({"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "a"}}),
        json!({"metadata": {"name": "a", "namespace": "other"}}),
        json!([]),
    ] {
        assert_eq!(
            post(&sim, CONFIG_MAPS, &body).await.refusal().0,
            400,
            "{body}"
        );
    }
    let other = json!({"metadata": {"name": "other"}});
    assert_eq!(put(&sim, CONSUMER, &other).await.refusal().0, 400);
    let seen = send(&sim, "POST", CONFIG_MAPS, "application/json", "{").await;
    assert_eq!(seen.refusal().1, "BadRequest");
    let seen = send(&sim, "OPTIONS", CONSUMER, "", "").await;
    assert_eq!(seen.refusal().1, "MethodNotAllowed");
}

#[tokio::test]
async fn a_client_cannot_write_status_or_what_the_server_counts() {
    let sim = start().await;
    let before = get(&sim, CONSUMER).await.expect(200);
    let body = json!({
        "metadata": {"uid": before["metadata"]["uid"], "generation": 9, "creationTimestamp": null},
        "status": {"replicas": 9},
    });
    let after = patch(&sim, CONSUMER, &body).await.expect(200);
    assert_eq!(before, after);
}
