//! Over HTTP: what the captured bodies lead to, and every answer an API server has.

use crate::world::{
    FIRING, NEWER, PARTLY, RESOLVED, alert, allowed, body, high, per_value, policy, read, resolved,
    results, start, target, with,
};
use kube_sim::{Fault, FaultKind, KubeSim, KubeSimConfig, Progress};
use lag_actions::{
    Now,
    alert::{AlertHands, Answer, MemoryLedger},
    kube::{Cluster, ConnectSettings, Print, connect},
};
use lag_core::{
    OnAutoscaler, WorkloadKind,
    alert::{AlertPolicy, AllowedTarget, Payload},
};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

const SCALE: &str = "/scale";
const MAP: &str = "/api/v1/namespaces/tools/configmaps";

struct World {
    sim: KubeSim,
    cluster: Cluster,
    now: Now,
}

impl World {
    async fn new() -> Self {
        let sim = KubeSimConfig::default().deployment("orders", "cd-consumer", 2);
        let sim = KubeSim::start(sim).await.unwrap();
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("kubeconfig");
        std::fs::write(&file, sim.kubeconfig()).unwrap();
        let settings = ConnectSettings {
            kubeconfig: Some(file),
            call_timeout: Duration::from_millis(400),
            ..ConnectSettings::default()
        };
        let cluster = connect(&settings).await.unwrap();
        let clock = Arc::new(Mutex::new(start()));
        Self {
            sim,
            cluster,
            now: Arc::new(move || *clock.lock().unwrap()),
        }
    }

    fn hands(&self) -> AlertHands {
        with(
            &self.cluster,
            &self.now,
            Duration::from_secs(5),
            Arc::new([]),
        )
    }

    fn numbers(&self) -> Vec<(i64, i64)> {
        let changes = self.sim.scale_changes("orders", "cd-consumer");
        changes.iter().map(|one| (one.from, one.to)).collect()
    }

    fn fault(&self, kind: FaultKind, method: &str, end: &str) {
        let fault = Fault::new(kind).method(method);
        self.sim.fault(if end.starts_with("/api") {
            fault.prefix(end).times(1)
        } else {
            fault.suffix(end).times(1)
        });
    }
}

async fn came_to(
    hands: &AlertHands,
    policy: &AlertPolicy,
    payload: &Payload,
) -> (Answer, Vec<&'static str>) {
    let handled = hands.handle(policy, payload).await;
    (handled.answer, results(&handled))
}

#[tokio::test]
async fn firing_json_is_one_step_for_both_alerts_and_again_a_repeat() {
    let (world, policy) = (World::new().await, policy([allowed()]));
    let hands = world.hands();
    for expected in ["done", "repeat", "repeat"] {
        let found = came_to(&hands, &policy, &read(FIRING)).await;
        assert_eq!(found, (Answer::Done, vec![expected, expected]));
    }
    let found = came_to(&world.hands(), &policy, &read(FIRING)).await;
    assert_eq!(found.1, ["repeat", "repeat"], "another process");
    assert_eq!(world.numbers(), [(2, 3)]);
}

#[tokio::test]
async fn firing_json_by_value_goes_to_what_the_larger_lag_needs() {
    let world = World::new().await;
    let found = came_to(&world.hands(), &per_value(), &read(FIRING)).await;
    assert_eq!(found, (Answer::Done, vec!["done", "done"]));
    assert_eq!(world.numbers(), [(2, 4)]);
}

#[tokio::test]
async fn partly_resolved_json_is_a_step_for_the_one_that_fires() {
    let (world, policy) = (World::new().await, policy([allowed()]));
    let found = came_to(&world.hands(), &policy, &read(PARTLY)).await;
    assert_eq!(found, (Answer::Done, vec!["ignored", "done"]));
    assert_eq!(world.numbers(), [(2, 3)]);
}

#[tokio::test]
async fn resolved_json_never_scales_before_or_after_firing_json() {
    let (world, policy) = (World::new().await, policy([allowed()]));
    let hands = world.hands();
    for _ in 0..2 {
        let found = came_to(&hands, &policy, &read(RESOLVED)).await;
        assert_eq!(found, (Answer::Done, vec!["ignored"]));
    }
    assert_eq!(world.numbers(), []);
}

#[tokio::test]
async fn the_newer_shape_is_one_step_and_says_what_was_cut_off() {
    let world = World::new().await;
    let handled = world.hands().handle(&per_value(), &read(NEWER)).await;
    assert_eq!(results(&handled), ["done", "done"]);
    assert_eq!((handled.truncated, world.numbers()), (3, vec![(2, 4)]));
}

#[tokio::test]
async fn no_answer_or_a_bad_one_before_anything_is_begun_is_tried_again() {
    for (method, end) in [
        ("GET", MAP),
        ("GET", SCALE),
        ("GET", "horizontalpodautoscalers"),
        ("GET", "cd-consumer"),
        ("POST", MAP),
    ] {
        for kind in [
            FaultKind::status(503, "ServiceUnavailable", "later"),
            FaultKind::status(429, "TooManyRequests", "slower"),
            FaultKind::Reset,
        ] {
            let (world, policy) = (World::new().await, policy([allowed()]));
            world.fault(kind.clone(), method, end);
            let hands = world.hands();
            let (answer, words) = came_to(&hands, &policy, &body([high()])).await;
            assert_eq!(
                answer,
                Answer::TryAgain,
                "{method} {end} {kind:?} {words:?}"
            );
            assert_eq!(world.numbers(), []);
            let found = came_to(&hands, &policy, &body([high()])).await;
            assert_eq!(found, (Answer::Done, vec!["done"]));
            assert_eq!(world.numbers(), [(2, 3)]);
        }
    }
}

#[tokio::test]
async fn a_write_without_an_answer_is_made_once_whether_it_was_stored_or_not() {
    for kind in [
        FaultKind::Hang,
        FaultKind::Reset,
        FaultKind::ApplyThenHang,
        FaultKind::ApplyThenReset,
        FaultKind::status(503, "ServiceUnavailable", "later"),
        FaultKind::ApplyThenStatus {
            code: 504,
            reason: "Timeout".into(),
            message: String::new(),
        },
    ] {
        let (world, policy) = (World::new().await, policy([allowed()]));
        world.fault(kind.clone(), "PATCH", SCALE);
        let found = came_to(&world.hands(), &policy, &body([high()])).await;
        assert_eq!(found, (Answer::TryAgain, vec!["unknown"]), "{kind:?}");
        let found = came_to(&world.hands(), &policy, &body([high()])).await;
        assert_eq!(found, (Answer::Done, vec!["done"]), "{kind:?}");
        let found = came_to(&world.hands(), &policy, &body([high()])).await;
        assert_eq!(found, (Answer::Done, vec!["repeat"]), "{kind:?}");
        assert_eq!(world.numbers(), [(2, 3)], "{kind:?}");
    }
}

#[tokio::test]
async fn a_ledger_that_could_not_be_saved_after_the_write_is_put_right_by_the_repeat() {
    for kind in [
        FaultKind::status(500, "InternalError", "etcd"),
        FaultKind::ApplyThenReset,
        FaultKind::Reset,
    ] {
        let (world, policy) = (World::new().await, policy([allowed()]));
        world.fault(kind.clone(), "PUT", MAP);
        let found = came_to(&world.hands(), &policy, &body([high()])).await;
        assert_eq!(found, (Answer::TryAgain, vec!["unknown"]), "{kind:?}");
        let (answer, words) = came_to(&world.hands(), &policy, &body([high()])).await;
        assert_eq!(answer, Answer::Done);
        assert!(words == ["done"] || words == ["repeat"], "{words:?}");
        assert_eq!(world.numbers(), [(2, 3)], "{kind:?}");
    }
}

#[tokio::test]
async fn an_end_that_could_not_be_noted_is_wanted_again() {
    let (world, policy) = (World::new().await, policy([allowed()]));
    let hands = world.hands();
    let found = came_to(&hands, &policy, &body([high()])).await;
    assert_eq!(found, (Answer::Done, vec!["done"]));
    let end = body([resolved(high())]);
    let later = FaultKind::status(503, "ServiceUnavailable", "later");
    world.fault(later, "PUT", MAP);
    let found = came_to(&hands, &policy, &end).await;
    assert_eq!(found, (Answer::TryAgain, vec!["unavailable"]));
    let found = came_to(&hands, &policy, &end).await;
    assert_eq!(found, (Answer::Done, vec!["ignored"]));
    let map = world.sim.configmap("tools", "kafka-lag-scaler").unwrap();
    let ledger = map["data"]["ledger.json"].as_str().unwrap();
    assert!(ledger.contains("\"resolved\":\"2026"), "{ledger}");
}

#[tokio::test]
async fn conflicts_start_over_and_an_endless_one_is_given_back() {
    let conflict = || FaultKind::status(409, "Conflict", "the object has been modified");
    let (world, policy) = (World::new().await, policy([allowed()]));
    world.fault(conflict(), "POST", MAP);
    world.fault(conflict(), "PATCH", SCALE);
    world.fault(conflict(), "PUT", MAP);
    let found = came_to(&world.hands(), &policy, &body([high()])).await;
    assert_eq!(found, (Answer::Done, vec!["done"]));
    assert_eq!(world.numbers(), [(2, 3)]);

    let world = World::new().await;
    world.sim.fault(Fault::new(conflict()).method("PATCH"));
    let found = came_to(&world.hands(), &policy, &body([high()])).await;
    assert_eq!(found, (Answer::TryAgain, vec!["unknown"]));
    let tries = world.sim.requests();
    let tries = tries.iter().filter(|seen| seen.method == "PATCH").count();
    assert_eq!(tries, 6, "one, and five more");
    world.sim.clear_faults();
    let found = came_to(&world.hands(), &policy, &body([high()])).await;
    assert_eq!(found, (Answer::Done, vec!["done"]));
    assert_eq!(world.numbers(), [(2, 3)]);
}

#[tokio::test]
async fn what_the_cluster_forbids_or_does_not_have_fails_in_words_and_is_not_asked_again_at_once() {
    let (world, policy) = (World::new().await, policy([allowed()]));
    world
        .sim
        .fault(Fault::new(FaultKind::status(403, "Forbidden", "no")).method("PATCH"));
    let handled = world.hands().handle(&policy, &body([high()])).await;
    assert_eq!(
        (handled.answer, results(&handled)),
        (Answer::Done, vec!["failed"])
    );
    let words = &handled.results[0].words;
    assert!(
        words.contains("missing rule: - {apiGroups: [apps], resources: [deployments/scale]"),
        "{words}"
    );
    let found = came_to(&world.hands(), &policy, &body([high()])).await;
    assert_eq!(found, (Answer::Done, vec!["wait"]), "refused a moment ago");

    let world = World::new().await;
    assert!(world.sim.remove("deployments", "orders", "cd-consumer"));
    let found = came_to(&world.hands(), &policy, &body([high()])).await;
    assert_eq!(found, (Answer::Done, vec!["failed"]));
    world.sim.deployment("orders", "cd-consumer", 2);
    let found = came_to(&world.hands(), &policy, &body([high()])).await;
    assert_eq!(
        found,
        (Answer::Done, vec!["done"]),
        "nothing was begun before"
    );
}

#[tokio::test]
async fn a_ledger_that_may_not_be_written_changes_nothing_and_names_the_right() {
    let (world, policy) = (World::new().await, policy([allowed()]));
    world
        .sim
        .fault(Fault::new(FaultKind::status(403, "Forbidden", "no")).prefix(MAP));
    let handled = world.hands().handle(&policy, &body([high()])).await;
    assert_eq!(
        (handled.answer, results(&handled)),
        (Answer::TryAgain, vec!["unavailable"])
    );
    let words = &handled.results[0].words;
    assert!(
        words.contains("read the ledger from configmap tools/kafka-lag-scaler"),
        "{words}"
    );
    assert_eq!(world.numbers(), []);
}

#[tokio::test]
async fn a_paused_deployment_is_scaled_and_not_restarted() {
    let (world, policy) = (
        World::new().await,
        policy([AllowedTarget {
            cooldown: crate::world::minutes(0),
            ..allowed()
        }]),
    );
    let mut deployment = world
        .sim
        .object("deployments", "orders", "cd-consumer")
        .unwrap();
    deployment["spec"]["paused"] = true.into();
    world.sim.put(deployment).unwrap();
    let hands = world.hands();
    let restart = body([alert("restart", "cd-consumer", start())]);
    assert_eq!(
        came_to(&hands, &policy, &restart).await,
        (Answer::Done, vec!["refused"])
    );
    assert_eq!(world.sim.rollouts("orders", "cd-consumer"), []);
    assert_eq!(
        came_to(&hands, &policy, &body([high()])).await,
        (Answer::Done, vec!["done"])
    );
    assert_eq!(world.numbers(), [(2, 3)]);
}

#[tokio::test]
async fn a_rollout_that_is_going_on_is_waited_for() {
    let (world, policy) = (World::new().await, policy([allowed()]));
    world
        .sim
        .set_progress("orders", "cd-consumer", Progress::Rolling);
    let mut deployment = world
        .sim
        .object("deployments", "orders", "cd-consumer")
        .unwrap();
    deployment["spec"]["template"]["metadata"]["annotations"] = serde_json::json!({"release": "2"});
    world.sim.put(deployment).unwrap();
    let hands = world.hands();
    assert_eq!(
        came_to(&hands, &policy, &body([high()])).await,
        (Answer::Done, vec!["wait"])
    );
    assert_eq!(world.numbers(), []);
    world
        .sim
        .set_progress("orders", "cd-consumer", Progress::Instant);
    assert_eq!(
        came_to(&hands, &policy, &body([high()])).await,
        (Answer::Done, vec!["done"])
    );
}

#[tokio::test]
async fn an_autoscaler_is_not_fought_and_its_minimum_is_raised_where_that_is_allowed() {
    let world = World::new().await;
    world
        .sim
        .hpa("orders", "cd", ("Deployment", "cd-consumer"), (2, 5));
    let handled = world
        .hands()
        .handle(&policy([allowed()]), &body([high()]))
        .await;
    assert_eq!(
        (handled.answer, results(&handled)),
        (Answer::Done, vec!["refused"])
    );
    assert!(
        handled.results[0]
            .words
            .contains("HorizontalPodAutoscaler/cd")
    );
    let mut raises = allowed();
    raises.target.autoscaler = OnAutoscaler::RaiseMin;
    let found = came_to(&world.hands(), &policy([raises]), &body([high()])).await;
    assert_eq!(found, (Answer::Done, vec!["done"]));
    let changes = world.sim.scale_changes("orders", "cd");
    assert_eq!(
        changes
            .iter()
            .map(|one| (one.from, one.to))
            .collect::<Vec<_>>(),
        [(2, 3)]
    );
    assert_eq!(world.numbers(), []);
}

#[tokio::test]
async fn an_argo_rollout_is_scaled_by_its_group_version_and_kind() {
    let world = World::new().await;
    world.sim.workload("Rollout", "orders", "cd-rollout", 2);
    let mut target = target("cd-rollout");
    target.workload.kind = WorkloadKind::Custom {
        group: "argoproj.io".into(),
        version: "v1alpha1".into(),
        kind: "Rollout".into(),
        plural: "rollouts".into(),
    };
    let policy = policy([AllowedTarget {
        matchers: Vec::new(),
        ..AllowedTarget::new("targets[0]", target)
    }]);
    let mut high = high();
    high.labels.remove("deployment");
    high.labels.insert("workload".into(), "cd-rollout".into());
    high.labels.insert("kind".into(), "rollout".into());
    let found = came_to(&world.hands(), &policy, &body([high])).await;
    assert_eq!(found, (Answer::Done, vec!["done"]));
    assert_eq!(world.sim.replicas("orders", "cd-rollout"), Some(3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_replicas_that_get_the_same_alert_at_once_make_one_step() {
    let policy = policy([allowed()]);
    for _ in 0..20 {
        let world = World::new().await;
        let (one, two) = (world.hands(), world.hands());
        let payload = body([high()]);
        let (first, second) =
            tokio::join!(one.handle(&policy, &payload), two.handle(&policy, &payload));
        for (hands, handled) in [(&one, first), (&two, second)] {
            if handled.answer == Answer::TryAgain {
                assert_eq!(came_to(hands, &policy, &payload).await.0, Answer::Done);
            }
        }
        assert_eq!(world.numbers(), [(2, 3)]);
    }
}

#[tokio::test]
async fn the_deadline_holds_and_the_next_delivery_goes_on() {
    let (world, policy) = (World::new().await, policy([allowed()]));
    world.fault(FaultKind::ApplyThenHang, "PATCH", SCALE);
    let hands = with(
        &world.cluster,
        &world.now,
        Duration::from_millis(200),
        Arc::new([]),
    );
    let handled = hands.handle(&policy, &body([high()])).await;
    assert_eq!(
        (handled.answer, results(&handled)),
        (Answer::TryAgain, vec!["unknown"])
    );
    assert!(
        handled.results[0].words.starts_with("no time"),
        "{handled:?}"
    );
    assert_eq!(
        came_to(&world.hands(), &policy, &body([high()])).await,
        (Answer::Done, vec!["done"])
    );
    assert_eq!(world.numbers(), [(2, 3)]);
}

#[tokio::test]
async fn a_dry_run_prints_the_write_and_stores_nothing() {
    let (world, policy) = (World::new().await, policy([allowed()]));
    let printed: Arc<Mutex<Vec<String>>> = Arc::default();
    let sink = Arc::clone(&printed);
    let print: Print = Arc::new(move |text| sink.lock().unwrap().push(text.to_owned()));
    let scaler = crate::world::scaler(&world.cluster, &world.now).dry_run(print);
    let hands = AlertHands::new(
        Arc::new(MemoryLedger::default()),
        Arc::new(scaler),
        Arc::new([]),
        Arc::clone(&world.now),
        Duration::from_secs(5),
    )
    .dry_run();
    for expected in ["done", "repeat"] {
        let found = came_to(&hands, &policy, &body([high()])).await;
        assert_eq!(found, (Answer::Done, vec![expected]));
    }
    let printed = printed.lock().unwrap().clone();
    assert!(
        printed[0]
            .starts_with("PATCH /apis/apps/v1/namespaces/orders/deployments/cd-consumer/scale"),
        "{printed:?}"
    );
    assert_eq!(
        (world.numbers(), world.sim.replicas("orders", "cd-consumer")),
        (vec![], Some(2))
    );
    assert_eq!(world.sim.configmap("tools", "kafka-lag-scaler"), None);
    assert!(!world.sim.requests().iter().any(|seen| seen.stored));
}

#[tokio::test]
async fn one_workload_that_fails_does_not_stop_another() {
    let world = World::new().await;
    world.sim.deployment("orders", "cd-other", 4);
    let other = AllowedTarget::new("targets[1]", target("cd-other"));
    let policy = policy([allowed(), other]);
    let payload = body([high(), alert("scale-out", "cd-other", start())]);
    world.sim.fault(
        Fault::new(FaultKind::status(503, "ServiceUnavailable", "later"))
            .suffix("cd-consumer/scale")
            .method("PATCH")
            .times(1),
    );
    let found = came_to(&world.hands(), &policy, &payload).await;
    assert_eq!(found, (Answer::TryAgain, vec!["unknown", "done"]));
    let found = came_to(&world.hands(), &policy, &payload).await;
    assert_eq!(found, (Answer::Done, vec!["done", "repeat"]));
    assert_eq!(world.numbers(), [(2, 3)]);
    assert_eq!(world.sim.scale_changes("orders", "cd-other").len(), 1);
}
