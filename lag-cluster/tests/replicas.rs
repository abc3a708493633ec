//! Replicas of workloads, counted at a stand-in API server.
#![allow(clippy::unwrap_used)]

use jiff::{SignedDuration, Timestamp};
use kube_sim::{Denial, Fault, FaultKind, KubeSim, KubeSimConfig, Progress};
use lag_cluster::{ConnectSettings, Now, ReplicaWatch, connect};
use lag_core::{
    Workload, WorkloadKind,
    recommend::{ReplicaCount, Running},
};
use serde_json::json;
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

const EVERY: Duration = Duration::from_secs(60);

type Known = Box<dyn Fn(&Workload, Timestamp) -> Option<ReplicaCount>>;

fn workload(kind: WorkloadKind) -> Workload {
    Workload {
        namespace: "orders".into(),
        kind,
        name: "consumer".into(),
    }
}

fn deployment() -> Workload {
    workload(WorkloadKind::Deployment)
}

fn rollout() -> Workload {
    workload(WorkloadKind::Custom {
        group: "argoproj.io".into(),
        version: "v1alpha1".into(),
        kind: "Rollout".into(),
        plural: "rollouts".into(),
    })
}

fn second(second: i64) -> Timestamp {
    "2026-01-15T08:30:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_secs(second)
}

/// A watch, and the hands of its clock.
struct Watched {
    sim: KubeSim,
    watch: ReplicaWatch,
    known: Known,
    hands: Arc<Mutex<Timestamp>>,
    now: Now,
}

impl Watched {
    async fn new(sim: KubeSimConfig, workloads: &[Workload]) -> Self {
        let sim = KubeSim::start(sim).await.unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), sim.kubeconfig()).unwrap();
        let settings = ConnectSettings {
            kubeconfig: Some(file.path().to_owned()),
            call_timeout: Duration::from_secs(5),
            ..ConnectSettings::default()
        };
        let cluster = connect(&settings).await.unwrap();
        let watch = ReplicaWatch::new(cluster, workloads.iter().cloned(), EVERY);
        let hands = Arc::new(Mutex::new(second(0)));
        let clock = Arc::clone(&hands);
        Self {
            sim,
            known: Box::new(watch.known()),
            watch,
            hands,
            now: Arc::new(move || *clock.lock().unwrap()),
        }
    }

    async fn look(&mut self, at: i64) {
        *self.hands.lock().unwrap() = second(at);
        self.watch.look(&self.now).await;
    }

    fn count(&self, workload: &Workload, at: i64) -> Option<(u32, u32, Timestamp)> {
        let count = (self.known)(workload, second(at))?;
        let Running { replicas, since } = count.running;
        Some((count.wanted, replicas, since))
    }
}

fn one(replicas: u32) -> KubeSimConfig {
    KubeSimConfig::default().deployment("orders", "consumer", replicas)
}

#[tokio::test]
async fn ready_replicas_are_counted_since_they_were_first_seen() {
    let mut watched = Watched::new(one(3), &[deployment()]).await;
    assert_eq!(
        watched.count(&deployment(), 0),
        None,
        "before the first look"
    );
    watched.look(0).await;
    watched.look(60).await;
    assert_eq!(watched.count(&deployment(), 60), Some((3, 3, second(0))));
    watched.sim.set_replicas("orders", "consumer", 5);
    watched.look(120).await;
    assert_eq!(watched.count(&deployment(), 120), Some((5, 5, second(120))));
    assert!(
        watched
            .sim
            .requests()
            .iter()
            .all(|seen| seen.method == "GET")
    );
}

#[tokio::test]
async fn replicas_that_are_not_ready_are_wanted_only() {
    let mut watched = Watched::new(one(2), &[deployment()]).await;
    watched.look(0).await;
    watched
        .sim
        .set_progress("orders", "consumer", Progress::Stuck);
    watched.sim.set_replicas("orders", "consumer", 4);
    watched.look(60).await;
    assert_eq!(watched.count(&deployment(), 60), Some((4, 2, second(0))));
}

#[tokio::test]
async fn a_workload_at_zero_is_a_true_zero() {
    let mut watched = Watched::new(one(0), &[deployment()]).await;
    watched.look(0).await;
    assert_eq!(watched.count(&deployment(), 0), Some((0, 0, second(0))));
}

#[tokio::test]
async fn a_look_that_fails_makes_the_number_unknown_and_never_zero() {
    let mut watched = Watched::new(one(3), &[deployment()]).await;
    watched.look(0).await;
    let status = FaultKind::status(503, "ServiceUnavailable", "etcd is away");
    for fault in [FaultKind::Reset, status] {
        watched.sim.fault(Fault::new(fault));
        watched.look(60).await;
        assert_eq!(watched.count(&deployment(), 60), None);
        watched.sim.clear_faults();
        watched.look(120).await;
        assert_eq!(watched.count(&deployment(), 120), Some((3, 3, second(120))));
    }
    watched
        .sim
        .deny(Denial::new().verb("get").resource("deployments"));
    watched.look(180).await;
    assert_eq!(watched.count(&deployment(), 180), None);
    watched.sim.allow_all();
    watched.look(200).await;
    assert_eq!(watched.count(&deployment(), 200), Some((3, 3, second(200))));
    watched.sim.remove("deployments", "orders", "consumer");
    watched.look(240).await;
    assert_eq!(watched.count(&deployment(), 240), None);
}

#[tokio::test]
async fn a_number_older_than_two_intervals_is_unknown() {
    let mut watched = Watched::new(one(3), &[deployment()]).await;
    watched.look(0).await;
    assert_eq!(watched.count(&deployment(), 120), Some((3, 3, second(0))));
    assert_eq!(watched.count(&deployment(), 121), None);
}

#[tokio::test]
async fn one_workload_that_cannot_be_read_hides_no_other() {
    let other = workload(WorkloadKind::StatefulSet);
    let mut watched = Watched::new(one(3), &[deployment(), other.clone()]).await;
    watched.look(0).await;
    assert_eq!(watched.count(&deployment(), 0), Some((3, 3, second(0))));
    assert_eq!(watched.count(&other, 0), None);
}

#[tokio::test]
async fn a_custom_kind_is_counted_by_its_status_or_else_by_its_scale() {
    let mut watched = Watched::new(KubeSimConfig::default(), &[rollout()]).await;
    watched.sim.workload("Rollout", "orders", "consumer", 3);
    watched.look(0).await;
    assert_eq!(watched.count(&rollout(), 0), Some((3, 3, second(0))));
    let by_scale = |sim: &KubeSim| {
        let mut asked = sim.requests().into_iter();
        asked.any(|seen| seen.path.ends_with("/scale"))
    };
    assert!(!by_scale(&watched.sim));

    watched
        .sim
        .set_progress("orders", "consumer", Progress::Stuck);
    let mut object = watched
        .sim
        .object("rollouts", "orders", "consumer")
        .unwrap();
    object["status"] = json!({"HPAReplicas": 3});
    watched.sim.put(object.clone()).unwrap();
    watched.look(60).await;
    assert_eq!(watched.count(&rollout(), 60), Some((3, 3, second(0))));
    assert!(by_scale(&watched.sim));

    // A scale shows 0 where the object holds no number.
    object["status"] = json!({});
    watched.sim.put(object.clone()).unwrap();
    watched.look(120).await;
    assert_eq!(watched.count(&rollout(), 120), None);
    object["spec"]["replicas"] = json!(0);
    watched.sim.put(object).unwrap();
    watched.look(180).await;
    assert_eq!(watched.count(&rollout(), 180), Some((0, 0, second(180))));
}

#[tokio::test]
async fn a_deployment_whose_controller_has_not_seen_it_is_unknown() {
    let mut watched = Watched::new(one(3), &[deployment()]).await;
    watched
        .sim
        .set_progress("orders", "consumer", Progress::Stuck);
    let mut object = watched
        .sim
        .object("deployments", "orders", "consumer")
        .unwrap();
    object["status"] = json!({});
    watched.sim.put(object).unwrap();
    watched.look(0).await;
    assert_eq!(watched.count(&deployment(), 0), None);
}

#[tokio::test]
async fn it_looks_at_once_and_ends_when_told() {
    let watched = Watched::new(one(3), &[deployment()]).await;
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let task = tokio::spawn(watched.watch.run(watched.now, async {
        let _ = ended.await;
    }));
    let seen = async {
        while (watched.known)(&deployment(), second(0)).is_none() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), seen)
        .await
        .unwrap();
    end.send(()).unwrap();
    task.await.unwrap();
}
