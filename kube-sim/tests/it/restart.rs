use kube_sim::Progress;
use serde_json::json;

use crate::client::{
    CONSUMER, MERGE, STRATEGIC, generation, get, patch, restart, send, start, version,
};

const AT: &str = "2026-11-22T11:00:00+08:00";

#[tokio::test]
async fn a_restart_is_one_patch_by_either_type_and_counts_the_generation_up() {
    for content_type in [STRATEGIC, MERGE] {
        let sim = start().await;
        let before = get(&sim, CONSUMER).await.expect(200);
        let path = format!("{CONSUMER}?fieldManager=kafka-lag");
        let body = restart(AT).to_string();
        let after = send(&sim, "PATCH", &path, content_type, &body)
            .await
            .expect(200);
        assert_eq!(generation(&after), generation(&before) + 1);
        let rollouts = sim.rollouts("demo", "consumer");
        assert_eq!(rollouts.len(), 1);
        assert_eq!(rollouts[0].restarted_at.as_deref(), Some(AT));
        assert_eq!(
            rollouts[0].workload.to_string(),
            "deployments/demo/consumer"
        );
    }
}

#[tokio::test]
async fn the_same_value_twice_changes_nothing() {
    let sim = start().await;
    patch(&sim, CONSUMER, &restart(AT)).await.expect(200);
    let once = get(&sim, CONSUMER).await.expect(200);
    let twice = patch(&sim, CONSUMER, &restart(AT)).await.expect(200);
    assert_eq!(once, twice);
    assert_eq!(sim.rollouts("demo", "consumer").len(), 1);
    let stored: Vec<bool> = sim.requests().iter().map(|seen| seen.stored).collect();
    assert_eq!(stored, [true, false, false]);
}

#[tokio::test]
async fn a_label_of_the_workload_is_a_new_version_and_no_new_generation() {
    let sim = start().await;
    let before = get(&sim, CONSUMER).await.expect(200);
    let body = json!({"metadata": {"labels": {"team": "a"}}});
    let after = patch(&sim, CONSUMER, &body).await.expect(200);
    assert_ne!(version(&before), version(&after));
    assert_eq!(generation(&before), generation(&after));
    assert!(sim.rollouts("demo", "consumer").is_empty());
}

#[tokio::test]
async fn the_answer_shows_the_old_status_and_the_next_look_the_new_one() {
    let sim = start().await;
    let answer = patch(&sim, CONSUMER, &restart(AT)).await.expect(200);
    assert_eq!(answer["status"]["observedGeneration"], 1);
    let later = get(&sim, CONSUMER).await.expect(200);
    assert_eq!(later["status"]["observedGeneration"], 2);
    assert_ne!(version(&answer), version(&later));
    for field in [
        "replicas",
        "updatedReplicas",
        "availableReplicas",
        "readyReplicas",
    ] {
        assert_eq!(later["status"][field], 2, "{field}");
    }
}

#[tokio::test]
async fn a_paused_deployment_takes_the_patch_and_rolls_only_when_resumed() {
    let sim = start().await;
    patch(&sim, CONSUMER, &json!({"spec": {"paused": true}}))
        .await
        .expect(200);
    patch(&sim, CONSUMER, &restart(AT)).await.expect(200);
    assert!(sim.rollouts("demo", "consumer").is_empty());
    let seen = get(&sim, CONSUMER).await.expect(200);
    assert_eq!(seen["status"].get("updatedReplicas"), None);
    patch(&sim, CONSUMER, &json!({"spec": {"paused": false}}))
        .await
        .expect(200);
    assert_eq!(sim.rollouts("demo", "consumer").len(), 1);
}

#[tokio::test]
async fn with_on_delete_the_patch_restarts_nothing() {
    let sim = start().await;
    sim.workload("StatefulSet", "demo", "store", 2);
    let path = "/apis/apps/v1/namespaces/demo/statefulsets/store";
    patch(&sim, path, &restart(AT)).await.expect(200);
    assert_eq!(sim.rollouts("demo", "store").len(), 1);
    let on_delete = json!({"spec": {"updateStrategy": {"type": "OnDelete"}}});
    patch(&sim, path, &on_delete).await.expect(200);
    patch(&sim, path, &restart("2026-11-22T12:00:00+08:00"))
        .await
        .expect(200);
    assert_eq!(sim.rollouts("demo", "store").len(), 1);
}

#[tokio::test]
async fn a_daemon_set_and_an_argo_rollout_restart_too() {
    let sim = start().await;
    sim.workload("DaemonSet", "demo", "agent", 3);
    sim.workload("Rollout", "demo", "canary", 2);
    let agent = "/apis/apps/v1/namespaces/demo/daemonsets/agent";
    patch(&sim, agent, &restart(AT)).await.expect(200);
    assert_eq!(
        get(&sim, agent).await.json()["status"]["updatedNumberScheduled"],
        3
    );
    let canary = "/apis/argoproj.io/v1alpha1/namespaces/demo/rollouts/canary";
    patch(&sim, canary, &json!({"spec": {"restartAt": AT}}))
        .await
        .expect(200);
    assert_eq!(
        get(&sim, canary).await.json()["status"]["observedGeneration"],
        "2"
    );
    for name in ["agent", "canary"] {
        let rollouts = sim.rollouts("demo", name);
        assert_eq!(rollouts[0].restarted_at.as_deref(), Some(AT), "{name}");
    }
}

#[tokio::test]
async fn a_stuck_rollout_leaves_the_status_behind_until_it_is_told() {
    let sim = start().await;
    sim.set_progress("demo", "consumer", Progress::Stuck);
    patch(&sim, CONSUMER, &restart(AT)).await.expect(200);
    let seen = get(&sim, CONSUMER).await.json();
    assert_eq!(
        (generation(&seen), &seen["status"]["observedGeneration"]),
        (2, &json!(1))
    );
    assert_eq!(sim.rollouts("demo", "consumer").len(), 1);

    sim.set_progress("demo", "consumer", Progress::Rolling);
    let seen = get(&sim, CONSUMER).await.json();
    assert_eq!(seen["status"]["observedGeneration"], 2);
    assert_eq!(seen["status"]["updatedReplicas"], 1);

    sim.set_progress("demo", "consumer", Progress::Failed);
    let seen = get(&sim, CONSUMER).await.json();
    let progressing = &seen["status"]["conditions"][1];
    assert_eq!(progressing["type"], "Progressing");
    assert_eq!(progressing["status"], "False");
    assert_eq!(progressing["reason"], "ProgressDeadlineExceeded");

    sim.set_progress("demo", "consumer", Progress::Instant);
    let seen = get(&sim, CONSUMER).await.json();
    assert_eq!(seen["status"]["updatedReplicas"], 2);
}

#[tokio::test]
async fn json_is_no_type_of_patch() {
    let sim = start().await;
    let body = restart(AT).to_string();
    let seen = send(&sim, "PATCH", CONSUMER, "application/json", &body).await;
    let (status, reason, _) = seen.refusal();
    assert_eq!((status, reason.as_str()), (415, "UnsupportedMediaType"));
    assert!(sim.changes().rollouts.is_empty());
}

#[tokio::test]
async fn a_custom_resource_takes_no_strategic_merge() {
    let sim = start().await;
    sim.workload("Rollout", "demo", "canary", 2);
    let path = "/apis/argoproj.io/v1alpha1/namespaces/demo/rollouts/canary";
    let seen = send(&sim, "PATCH", path, STRATEGIC, "{}").await;
    assert_eq!(seen.refusal().0, 415);
}

#[tokio::test]
async fn what_is_not_simulated_is_said_loudly() {
    let sim = start().await;
    for (content_type, body) in [
        ("application/json-patch+json", "[]"),
        (
            STRATEGIC,
            r#"{"spec":{"template":{"spec":{"containers":[]}}}}"#,
        ),
    ] {
        let (status, _, message) = send(&sim, "PATCH", CONSUMER, content_type, body)
            .await
            .refusal();
        assert_eq!(status, 501);
        assert!(message.contains("kube-sim"), "{message}");
    }
}
