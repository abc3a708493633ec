//! A cluster over HTTP.

use crate::world::{results, start, with};
use kube_sim::{Fault, FaultKind, KubeSim, KubeSimConfig};
use lag_actions::{
    Now,
    alert::{AlertHands, Answer},
    kube::{Cluster, ConnectSettings, connect},
};
use lag_core::alert::{AlertPolicy, Payload};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

/// A cluster over HTTP, with one workload of two replicas.
pub(crate) struct World {
    pub(crate) sim: KubeSim,
    pub(crate) cluster: Cluster,
    pub(crate) now: Now,
}

impl World {
    pub(crate) async fn new() -> Self {
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

    pub(crate) fn hands(&self) -> AlertHands {
        with(
            &self.cluster,
            &self.now,
            Duration::from_secs(5),
            Arc::new([]),
        )
    }

    pub(crate) fn numbers(&self) -> Vec<(i64, i64)> {
        let changes = self.sim.scale_changes("orders", "cd-consumer");
        changes.iter().map(|one| (one.from, one.to)).collect()
    }

    pub(crate) fn fault(&self, kind: FaultKind, method: &str, end: &str) {
        let fault = Fault::new(kind).method(method);
        self.sim.fault(if end.starts_with("/api") {
            fault.prefix(end).times(1)
        } else {
            fault.suffix(end).times(1)
        });
    }
}

pub(crate) async fn came_to(
    hands: &AlertHands,
    policy: &AlertPolicy,
    payload: &Payload,
) -> (Answer, Vec<&'static str>) {
    let handled = hands.handle(policy, payload).await;
    (handled.answer, results(&handled))
}
