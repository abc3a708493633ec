//! Recommended replicas, with rules from a file and a cluster that counts.

use crate::harness::{Cloud, INSTANCE, KEY_ID, Running, SECRET, exporter, output, value};
use cms_sim::{Fault, FaultKind, Scenario, SimConfig};
use kube_sim::{Denial, KubeSim, KubeSimConfig};
use std::{path::PathBuf, process::Command};

/// Between the steps of the post's rule: only who knows the last number can say one.
const BETWEEN: u64 = 75_000;

struct World {
    cloud: Cloud,
    cluster: KubeSim,
    _cluster_lives_in: tokio::runtime::Runtime,
    directory: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let cloud = Cloud::start(
            SimConfig::default()
                .credentials(KEY_ID, SECRET, None)
                .group(INSTANCE, "between", Scenario::constant(BETWEEN))
                .group(INSTANCE, "high", Scenario::constant(160_000)),
        );
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let config = KubeSimConfig::default().deployment("orders", "consumer", 3);
        let cluster = runtime.block_on(KubeSim::start(config)).unwrap();
        let world = Self {
            cloud,
            cluster,
            _cluster_lives_in: runtime,
            directory: tempfile::tempdir().unwrap(),
        };
        std::fs::write(world.path("kubeconfig"), world.cluster.kubeconfig()).unwrap();
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The program with the post's rule and more keys of it.
    fn exporter(&self, more: &str) -> Command {
        let text = format!(
            "recommend:\n  - groups: [\"glob:*\"]\n    base: 2\n    max: 5\n    \
             steps: [{{above: 100000, add: 1}}, {{above: 150000, add: 2}}]\n    back_at: 50000\n{more}"
        );
        std::fs::write(self.path("lag.yml"), text).unwrap();
        let mut command = exporter(&self.cloud.url());
        command.env("KAFKA_LAG_CONFIG_FILE", self.path("lag.yml"));
        command
    }

    /// The same, and the workload whose replicas are counted.
    fn counting(&self) -> Command {
        let mut command = self.exporter("    workload: orders/Deployment/consumer\n");
        command.env("KAFKA_LAG_KUBECONFIG", self.path("kubeconfig"));
        command
    }
}

fn recommended(group: &str) -> String {
    format!(
        "kafka_lag_recommended_replicas{{instance_id=\"{INSTANCE}\",consumer_group=\"{group}\"}}"
    )
}

#[test]
fn without_a_workload_a_lag_between_two_steps_has_no_number() {
    let world = World::new();
    let mut running = Running::start(&mut world.exporter(""));
    let page = running.metrics_until(|page| value(page, &recommended("high")).is_some());
    assert_eq!(value(&page, &recommended("high")), Some(4.0));
    assert_eq!(value(&page, &recommended("between")), None);
    assert!(world.cluster.requests().is_empty(), "no cluster is asked");
}

#[test]
fn with_a_workload_the_replicas_that_are_set_are_the_last_number() {
    let world = World::new();
    let mut running = Running::start(&mut world.counting());
    let page = running.metrics_until(|page| value(page, &recommended("between")).is_some());
    assert_eq!(value(&page, &recommended("between")), Some(3.0));
    assert_eq!(value(&page, &recommended("high")), Some(4.0));
    let asked = world.cluster.requests();
    assert!(asked.iter().all(|seen| seen.method == "GET"), "{asked:?}");
}

#[test]
fn a_cluster_that_refuses_is_told_once_with_the_missing_rule() {
    let world = World::new();
    world
        .cluster
        .deny(Denial::new().verb("get").resource("deployments"));
    let mut running = Running::start(&mut world.counting());
    running.log.until(|line| {
        line.contains("replicas cannot be counted")
            && line.contains("orders/Deployment/consumer")
            && line.contains("namespace orders must hold - {apiGroups: [apps], resources: [deployments], verbs: [get]}")
    });
    // It goes on asking, and says nothing again until that changes.
    running.metrics_until(|_| world.cluster.requests().len() >= 3);
    world.cluster.allow_all();
    running
        .log
        .until(|line| line.contains("replicas are counted again"));
    let told = running.log.text();
    assert_eq!(told.matches("cannot be counted").count(), 1, "{told}");
    let page = running.metrics_until(|page| value(page, &recommended("between")).is_some());
    assert_eq!(value(&page, &recommended("between")), Some(3.0));
}

#[test]
fn a_number_stays_in_an_outage_for_as_long_as_its_lag_is_fresh() {
    let world = World::new();
    let mut running = Running::start(&mut world.exporter(""));
    running.metrics_until(|page| value(page, &recommended("high")) == Some(4.0));
    world
        .cloud
        .simulator
        .inject(Fault::new(FaultKind::Throttling));
    let up = format!("kafka_lag_up{{instance_id=\"{INSTANCE}\"}}");
    let page = running.metrics_until(|page| value(page, &up) == Some(0.0));
    assert_eq!(value(&page, &recommended("high")), Some(4.0));
}

#[test]
fn a_workload_without_a_cluster_is_a_mistake() {
    let world = World::new();
    let mut command = world.exporter("    workload: orders/Deployment/consumer\n");
    let ended = output(command.env("HOME", world.directory.path()));
    let text = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{text}");
    let last = text.lines().last().unwrap();
    assert!(
        last.contains("a rule under recommend that names a workload needs a cluster")
            && last.contains("--kubeconfig"),
        "{last}"
    );
}

#[cfg(feature = "demo")]
#[test]
fn the_demo_shows_the_posts_rule() {
    let mut command = crate::harness::program(&["--demo", "--web.listen-address=127.0.0.1:0"]);
    let mut running = Running::start(&mut command);
    running.metrics_until(|page| page.contains("\nkafka_lag_recommended_replicas{"));
}
