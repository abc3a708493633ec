use kube_sim::{Fault, FaultKind, KubeSim};
use serde_json::{Value, json};

use crate::client::{CONSUMER, get, patch, post, restart, send, start};

const PODS: &str = "/api/v1/namespaces/demo/pods";

async fn pod_names(sim: &KubeSim) -> Vec<String> {
    let list = get(sim, &format!("{PODS}?labelSelector=app%3Dconsumer"))
        .await
        .expect(200);
    let items = list["items"].as_array().unwrap();
    let name = |pod: &Value| pod["metadata"]["name"].as_str().unwrap().to_owned();
    items.iter().map(name).collect()
}

fn eviction(name: &str) -> Value {
    json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": "demo"}})
}

#[tokio::test]
async fn pods_lead_by_owners_to_the_deployment() {
    let sim = start().await;
    let pods = sim.objects("pods", "demo");
    assert_eq!(pods.len(), 2);
    let owner = &pods[0]["metadata"]["ownerReferences"][0];
    assert_eq!(owner["kind"], "ReplicaSet");
    let set = sim
        .object("replicasets", "demo", owner["name"].as_str().unwrap())
        .unwrap();
    assert_eq!(set["metadata"]["uid"], owner["uid"]);
    let above = &set["metadata"]["ownerReferences"][0];
    assert_eq!(
        above["uid"],
        get(&sim, CONSUMER).await.json()["metadata"]["uid"]
    );
}

#[tokio::test]
async fn a_rollout_makes_all_pods_anew_under_a_new_replica_set() {
    let sim = start().await;
    let before = pod_names(&sim).await;
    patch(&sim, CONSUMER, &restart("a")).await.expect(200);
    let after = pod_names(&sim).await;
    assert_eq!(after.len(), 2);
    assert!(after.iter().all(|name| !before.contains(name)));
    let sets = sim.objects("replicasets", "demo");
    let mut sizes: Vec<_> = sets
        .iter()
        .map(|set| set["spec"]["replicas"].as_i64())
        .collect();
    sizes.sort();
    assert_eq!(sizes, [Some(0), Some(2)]);
}

#[tokio::test]
async fn scaling_makes_and_removes_pods_and_keeps_the_others() {
    let sim = start().await;
    let before = pod_names(&sim).await;
    let scale = format!("{CONSUMER}/scale");
    patch(&sim, &scale, &json!({"spec": {"replicas": 4}}))
        .await
        .expect(200);
    let after = pod_names(&sim).await;
    assert_eq!(after.len(), 4);
    assert!(before.iter().all(|name| after.contains(name)));
    patch(&sim, &scale, &json!({"spec": {"replicas": 0}}))
        .await
        .expect(200);
    assert!(pod_names(&sim).await.is_empty());
}

#[tokio::test]
async fn an_eviction_is_granted_with_201_and_the_pod_is_replaced() {
    let sim = start().await;
    let name = pod_names(&sim).await.remove(0);
    let path = format!("{PODS}/{name}/eviction");
    let granted = post(&sim, &path, &eviction(&name)).await.expect(201);
    assert_eq!(granted["status"], "Success");
    let after = pod_names(&sim).await;
    assert!(after.len() == 2 && !after.contains(&name));
    let removed = sim.removed_pods();
    assert_eq!(
        (removed[0].pod.name.as_str(), removed[0].evicted),
        (name.as_str(), true)
    );
    assert_eq!(post(&sim, &path, &eviction(&name)).await.refusal().0, 404);
}

#[tokio::test]
async fn an_eviction_that_a_budget_blocks_is_429_with_its_cause() {
    let sim = start().await;
    sim.fault(
        Fault::new(FaultKind::DisruptionBudget)
            .method("POST")
            .suffix("/eviction"),
    );
    let name = pod_names(&sim).await.remove(0);
    let seen = post(&sim, &format!("{PODS}/{name}/eviction"), &eviction(&name)).await;
    let (status, reason, _) = seen.refusal();
    assert_eq!((status, reason.as_str()), (429, "TooManyRequests"));
    assert_eq!(
        seen.json()["details"]["causes"][0]["reason"],
        "DisruptionBudget"
    );
    // DELETE asks no budget.
    send(&sim, "DELETE", &format!("{PODS}/{name}"), "", "")
        .await
        .expect(200);
    assert!(!sim.removed_pods()[0].evicted);
}

#[tokio::test]
async fn a_dry_run_of_an_eviction_removes_nothing() {
    let sim = start().await;
    let before = pod_names(&sim).await;
    let path = format!("{PODS}/{}/eviction?dryRun=All", before[0]);
    post(&sim, &path, &eviction(&before[0])).await.expect(201);
    assert_eq!(pod_names(&sim).await, before);
    let other = post(&sim, &path, &eviction("other")).await;
    assert_eq!(other.refusal().0, 400);
}

#[tokio::test]
async fn pods_of_a_stateful_set_keep_their_names() {
    let sim = start().await;
    sim.workload("StatefulSet", "demo", "store", 2);
    let path = format!("{PODS}/store-0");
    let before = get(&sim, &path).await.expect(200);
    send(&sim, "DELETE", &path, "", "").await.expect(200);
    let after = get(&sim, &path).await.expect(200);
    assert_ne!(before["metadata"]["uid"], after["metadata"]["uid"]);
}
