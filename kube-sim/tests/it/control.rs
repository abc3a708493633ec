use kube_sim::KubeSim;
use serde_json::{Value, json};

use crate::client::{CONSUMER, get, patch, restart, send, start};

async fn control(sim: &KubeSim, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let seen = send(
        sim,
        method,
        &format!("/-sim{path}"),
        "application/json",
        &body,
    )
    .await;
    (seen.status(), seen.json())
}

#[tokio::test]
async fn objects_are_put_looked_at_and_removed() {
    let sim = start().await;
    let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "demo"}, "data": {"k": "v"}});
    assert_eq!(
        control(&sim, "POST", "/objects", &json!([object])).await.0,
        200
    );
    let path = "/objects/configmaps/demo/a";
    let (_, found) = control(&sim, "GET", path, &Value::Null).await;
    assert_eq!(found["data"]["k"], "v");
    assert_eq!(control(&sim, "DELETE", path, &Value::Null).await.0, 200);
    assert_eq!(control(&sim, "DELETE", path, &Value::Null).await.0, 404);
    let (status, why) = control(&sim, "POST", "/objects", &json!({"kind": "Secret"})).await;
    assert_eq!(status, 400, "{why}");
    let (status, _) = control(
        &sim,
        "PUT",
        "/deployments/demo/more",
        &json!({"replicas": 3}),
    )
    .await;
    assert_eq!((status, sim.replicas("demo", "more")), (200, Some(3)));
}

#[tokio::test]
async fn somebody_else_takes_the_number_back_and_leaves_the_template_alone() {
    let sim = start().await;
    patch(&sim, CONSUMER, &restart("a")).await.expect(200);
    patch(&sim, CONSUMER, &json!({"spec": {"replicas": 4}}))
        .await
        .expect(200);
    let path = "/replicas/demo/consumer";
    let (status, _) = control(&sim, "PUT", path, &json!({"replicas": 2})).await;
    assert_eq!((status, sim.replicas("demo", "consumer")), (200, Some(2)));
    let seen = get(&sim, CONSUMER).await.json();
    let annotations = &seen["spec"]["template"]["metadata"]["annotations"];
    assert_eq!(annotations["kubectl.kubernetes.io/restartedAt"], "a");
    assert_eq!(sim.scale_changes("demo", "consumer").len(), 1);
    assert!(!sim.set_replicas("demo", "nope", 1));
}

#[tokio::test]
async fn what_the_rest_of_the_world_does_is_no_change_by_a_client() {
    let sim = start().await;
    patch(&sim, CONSUMER, &restart("a")).await.expect(200);
    sim.reset();
    let before = get(&sim, CONSUMER).await.json();
    // Another number, and the template without the annotation: pods are made anew.
    let pods = sim.objects("pods", "demo");
    sim.deployment("demo", "consumer", 5);
    let after = get(&sim, CONSUMER).await.json();
    assert_eq!(after["metadata"]["generation"], 3);
    assert_ne!(
        before["metadata"]["resourceVersion"],
        after["metadata"]["resourceVersion"]
    );
    let now = sim.objects("pods", "demo");
    assert!(now.len() == 5 && !now.contains(&pods[0]));
    assert_eq!(sim.changes(), kube_sim::Changes::default());
}

#[tokio::test]
async fn changes_count_restarts_per_workload_and_name_both_numbers() {
    let sim = start().await;
    for at in ["a", "a", "b"] {
        patch(&sim, CONSUMER, &restart(at)).await.expect(200);
    }
    patch(&sim, CONSUMER, &json!({"spec": {"replicas": 4}}))
        .await
        .expect(200);
    let (_, changes) = control(&sim, "GET", "/changes", &Value::Null).await;
    assert_eq!(changes["restarts"], json!({"deployments/demo/consumer": 2}));
    assert_eq!(changes["rollouts"][1]["restarted_at"], "b");
    let scaled = &changes["scale_changes"][0];
    assert_eq!((&scaled["from"], &scaled["to"]), (&json!(2), &json!(4)));
    let (_, requests) = control(&sim, "GET", "/requests", &Value::Null).await;
    assert_eq!(requests.as_array().unwrap().len(), 4);
    assert_eq!(requests[0]["answered"], 200);
    control(&sim, "POST", "/reset", &Value::Null).await;
    let (_, state) = control(&sim, "GET", "/state", &Value::Null).await;
    assert_eq!(
        (&state["rollouts"], &state["requests"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(state["objects"]["deployments"], 1);
}

#[tokio::test]
async fn faults_are_set_listed_and_ended() {
    let sim = start().await;
    let fault = json!({"fault": "status", "code": 503, "method": "GET", "suffix": "/consumer"});
    assert_eq!(control(&sim, "POST", "/faults", &fault).await.0, 200);
    assert_eq!(get(&sim, CONSUMER).await.status(), 503);
    let (_, listed) = control(&sim, "GET", "/faults", &Value::Null).await;
    assert_eq!(
        (&listed[0]["fault"], &listed[0]["matched"]),
        (&json!("status"), &json!(1))
    );
    assert_eq!(
        control(&sim, "DELETE", "/faults", &Value::Null).await.1["removed"],
        1
    );
    assert_eq!(get(&sim, CONSUMER).await.status(), 200);
    for wrong in [
        json!({"fault": "sleep"}),
        json!({"fault": "hang", "metod": "GET"}),
        json!({"fault": "hang", "nth": 0}),
        json!({"fault": "status", "code": 1000}),
        json!([]),
    ] {
        assert_eq!(
            control(&sim, "POST", "/faults", &wrong).await.0,
            400,
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn denials_and_progress_are_set() {
    let sim = start().await;
    let rules = json!([{"verb": "get", "resource": "deployments"}]);
    assert_eq!(
        control(&sim, "PUT", "/denials", &rules).await,
        (
            200,
            json!([
                {"verb": "get", "resource": "deployments", "namespace": null}
            ])
        )
    );
    assert_eq!(get(&sim, CONSUMER).await.status(), 403);
    assert_eq!(control(&sim, "PUT", "/denials", &json!([])).await.0, 200);
    let stuck = json!({"progress": "stuck"});
    assert_eq!(
        control(&sim, "PUT", "/progress/demo/consumer", &stuck)
            .await
            .0,
        200
    );
    patch(&sim, CONSUMER, &restart("a")).await.expect(200);
    assert_eq!(
        get(&sim, CONSUMER).await.json()["status"]["observedGeneration"],
        1
    );
    assert_eq!(
        control(&sim, "PUT", "/progress/demo/nope", &stuck).await.0,
        404
    );
    assert_eq!(
        control(
            &sim,
            "PUT",
            "/progress/demo/consumer",
            &json!({"progress": "x"})
        )
        .await
        .0,
        400
    );
}

#[tokio::test]
async fn a_wrong_path_is_answered_with_the_right_ones() {
    let sim = start().await;
    let (status, body) = control(&sim, "GET", "/nope", &Value::Null).await;
    assert_eq!(status, 404);
    assert!(
        body["routes"]
            .as_array()
            .unwrap()
            .contains(&json!("GET /-sim/state"))
    );
    assert_eq!(control(&sim, "DELETE", "/state", &Value::Null).await.0, 405);
}
