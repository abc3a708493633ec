//! Two replicas with a Lease: one asks, and the other has the same numbers.

use crate::harness::{Cloud, INSTANCE, Running, exporter, lag, output, value};
use kube_sim::{Fault, FaultKind, KubeSim, KubeSimConfig};
use std::{
    io::Write as _,
    process::Command,
    time::{Duration, Instant},
};
use tempfile::NamedTempFile;

/// The shortest there is.
const LEASE: Duration = Duration::from_secs(3);
const INTERVAL: Duration = Duration::from_secs(1);
/// For processes that share two busy cores with everything else.
const SLACK: Duration = Duration::from_secs(6);

/// An API server on a thread of its own, and a kubeconfig that leads to it.
struct Cluster {
    api: KubeSim,
    kubeconfig: NamedTempFile,
    _runtime: tokio::runtime::Runtime,
}

impl Cluster {
    fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let api = runtime
            .block_on(KubeSim::start(KubeSimConfig::default()))
            .unwrap();
        let mut kubeconfig = NamedTempFile::new().unwrap();
        kubeconfig.write_all(api.kubeconfig().as_bytes()).unwrap();
        Self {
            api,
            kubeconfig,
            _runtime: runtime,
        }
    }

    fn replica(&self, cloud: &Cloud, pod: &str) -> Command {
        let mut command = exporter(&cloud.url());
        command
            .env("HOSTNAME", pod)
            .env("POD_IP", "127.0.0.1")
            .env("KAFKA_LAG_KUBECONFIG", self.kubeconfig.path())
            .env("KAFKA_LAG_LEASE", "ops/exporter")
            .env("KAFKA_LAG_LEASE_DURATION", "3s")
            .env("KAFKA_LAG_LEASE_FOLLOW_INTERVAL", "200ms");
        command
    }

    fn holder(&self) -> String {
        let lease = self.api.lease("ops", "exporter");
        let holder = lease.map(|lease| lease["spec"]["holderIdentity"].clone());
        holder
            .unwrap_or_default()
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// Two replicas, of which the first leads and the second has its numbers.
    fn two(&self, cloud: &Cloud) -> (Running, Running) {
        let mut one = Running::start(&mut self.replica(cloud, "one"));
        one.wait_until_read();
        let mut two = Running::start(&mut self.replica(cloud, "two"));
        two.wait_until_read();
        two.metrics_until(|page| value(page, &lag("busy")) == Some(150_001.0));
        (one, two)
    }
}

fn leads(page: &str) -> bool {
    value(page, "kafka_lag_leader") == Some(1.0)
}

/// Calls that a process has made by its own count.
fn calls(page: &str) -> u64 {
    let all = page
        .lines()
        .filter(|line| line.starts_with("kafka_lag_api_requests_total{"));
    all.map(|line| line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap())
        .sum()
}

/// What is shown is true, or it is not shown.
#[track_caller]
fn no_wrong_number(page: &str) {
    assert!(
        matches!(value(page, &lag("busy")), None | Some(150_001.0)),
        "{page}"
    );
    assert!(
        matches!(value(page, &lag("caught-up")), None | Some(0.0)),
        "{page}"
    );
    let groups = page
        .lines()
        .filter(|line| line.starts_with("kafka_consumer_message_accumulation{"));
    assert!(groups.count() <= 2, "{page}");
}

/// Looks until the replica leads and has made a call, and at every number on the way.
fn until_it_asks(running: &mut Running) -> Duration {
    let begin = Instant::now();
    running.metrics_until(|page| {
        no_wrong_number(page);
        leads(page) && calls(page) > 0
    });
    begin.elapsed()
}

#[test]
fn two_cost_as_many_calls_as_one_and_show_the_same() {
    let cloud = Cloud::usual();
    let ten_more = |running: &mut Running| {
        let before = cloud.simulator.counters().calls;
        let own = calls(&running.metrics());
        let begin = Instant::now();
        running.metrics_until(|page| calls(page) >= own + 10);
        let made = cloud.simulator.counters().calls - before;
        f64::from(u32::try_from(made).unwrap()) / begin.elapsed().as_secs_f64()
    };
    let mut alone = Running::start(&mut exporter(&cloud.url()));
    alone.wait_until_read();
    let one_costs = ten_more(&mut alone);
    drop(alone);

    let cluster = Cluster::start();
    let before = cloud.simulator.counters().calls;
    let (mut one, mut two) = cluster.two(&cloud);
    let two_cost = ten_more(&mut one);
    println!(
        "calls per second: one {one_costs:.3}, two {two_cost:.3}, ratio {:.3}",
        two_cost / one_costs
    );
    assert!(
        two_cost / one_costs < 1.35,
        "twice would be 2: {one_costs} {two_cost}"
    );
    // Exactly: whatever the cloud has seen, the first has made.
    let standby =
        two.metrics_until(|page| page.contains("kafka_lag_follow_last_success_timestamp_seconds "));
    assert_eq!(calls(&standby), 0);
    assert!(!leads(&standby));
    let seen = cloud.simulator.counters().calls - before;
    let leader = one.metrics_until(|page| calls(page) >= seen);
    assert!(
        leads(&leader) && !leader.contains("\nkafka_lag_follow_last_success_timestamp_seconds ")
    );

    assert_eq!(two.get("/readyz").status, 200);
    let up = format!("kafka_lag_up{{instance_id=\"{INSTANCE}\"}}");
    assert_eq!(value(&standby, &up), Some(1.0));
    assert_eq!(value(&standby, &lag("caught-up")), Some(0.0));
    let single = two.get(&format!("/api/v1/lag/{INSTANCE}/busy"));
    assert_eq!(single.status, 200);
    assert!(
        single.text().contains("\"lag\":150001"),
        "{}",
        single.text()
    );
}

#[test]
fn a_leader_that_is_killed_is_replaced_and_no_number_is_wrong_meanwhile() {
    let cloud = Cloud::usual();
    let cluster = Cluster::start();
    let (one, mut two) = cluster.two(&cloud);
    one.signal("KILL");
    let took = until_it_asks(&mut two);
    println!("first call {took:.2?} after kill -9, lease {LEASE:?}");
    assert!(took <= LEASE + INTERVAL + SLACK, "{took:?}");
    assert!(cluster.holder().starts_with("two-"), "{}", cluster.holder());
    // And it goes on.
    let page = two.metrics();
    two.metrics_until(|later| calls(later) >= calls(&page) + 2);
}

#[test]
fn a_leader_that_is_asked_to_end_hands_over_at_once() {
    let cloud = Cloud::usual();
    let cluster = Cluster::start();
    let (mut one, mut two) = cluster.two(&cloud);
    one.signal("TERM");
    let took = until_it_asks(&mut two);
    println!("first call {took:.2?} after SIGTERM");
    assert_eq!(one.end().code(), Some(0));
    assert!(
        one.log.text().contains("the lease is given up"),
        "{}",
        one.log.text()
    );
    assert!(
        !two.log.text().contains("gone without giving up"),
        "{}",
        two.log.text()
    );
}

#[test]
fn a_leader_that_stood_still_asks_nothing_when_it_goes_on() {
    let cloud = Cloud::usual();
    let cluster = Cluster::start();
    let (mut one, mut two) = cluster.two(&cloud);
    one.signal("STOP");
    // It stands still, and the other has not begun: these are all calls of the first.
    let of_one = cloud.simulator.counters().calls;
    assert_eq!(calls(&two.metrics()), 0);
    until_it_asks(&mut two);
    one.signal("CONT");
    let page = one.metrics_until(|page| {
        no_wrong_number(page);
        !leads(page) && page.contains("\nkafka_lag_follow_last_success_timestamp_seconds ")
    });
    assert!(calls(&page) <= of_one, "{} {of_one}", calls(&page));
    let before = calls(&two.metrics());
    two.metrics_until(|page| calls(page) >= before + 3);
    assert!(calls(&one.metrics()) <= of_one);
    assert!(cluster.holder().starts_with("two-"));
}

#[test]
fn without_the_api_server_nobody_asks_and_with_it_one_does_again() {
    let cloud = Cloud::usual();
    let cluster = Cluster::start();
    let (mut one, mut two) = cluster.two(&cloud);
    cluster.api.fault(Fault::new(FaultKind::status(
        503,
        "ServiceUnavailable",
        "etcd is away",
    )));
    one.metrics_until(|page| {
        no_wrong_number(page);
        !leads(page)
    });
    let standby = two.metrics();
    no_wrong_number(&standby);
    assert!(!leads(&standby));
    let silent = cloud.simulator.counters().calls;
    // Whom the standby still reads does not lead, so neither is up, for a cause that is told.
    let up = format!("kafka_lag_up{{instance_id=\"{INSTANCE}\"}}");
    for replica in [&mut one, &mut two] {
        replica.metrics_until(|page| {
            no_wrong_number(page);
            value(page, &up) == Some(0.0)
        });
        let told = replica.get("/api/v1/lag");
        assert!(
            told.text().contains("\"last_error\":\"no_leader\""),
            "{}",
            told.text()
        );
        replica
            .log
            .has(|line| line.contains("no replica asks the cloud"));
    }
    assert_eq!(
        cloud.simulator.counters().calls,
        silent,
        "three intervals without a call"
    );
    cluster.api.clear_faults();
    let mut leaders = 0;
    for replica in [&mut one, &mut two] {
        let page = replica.metrics_until(|page| value(page, &up) == Some(1.0));
        leaders += u32::from(leads(&page));
    }
    assert_eq!(leaders, 1);
    assert!(cloud.simulator.counters().calls > silent);
}

#[test]
fn an_instance_that_the_leader_does_not_watch_is_named_and_not_up() {
    let cloud = Cloud::usual();
    let cluster = Cluster::start();
    let mut one = Running::start(&mut cluster.replica(&cloud, "one"));
    one.wait_until_read();
    let other = "alikafka_pre-cn-other";
    let mut command = cluster.replica(&cloud, "two");
    command.env("KAFKA_LAG_CMS_INSTANCE", format!("{INSTANCE},{other}"));
    let mut two = Running::start(&mut command);
    two.log.until(|line| {
        line.contains("the leader does not watch all instances") && line.contains(other)
    });
    let up = |id: &str| format!("kafka_lag_up{{instance_id=\"{id}\"}}");
    let page = two.metrics_until(|page| value(page, &up(INSTANCE)) == Some(1.0));
    assert_eq!(value(&page, &up(other)), Some(0.0));
    let told = two.get("/api/v1/lag");
    assert!(
        told.text().contains("\"last_error\":\"not_watched\""),
        "{}",
        told.text()
    );
}

#[test]
fn what_is_missing_for_a_lease_is_told() {
    let cloud = Cloud::usual();
    let cluster = Cluster::start();
    let says = |command: &mut Command, text: &str| {
        let ended = output(command);
        let said = String::from_utf8(ended.stderr).unwrap();
        let last = said.lines().last().unwrap();
        assert_eq!(ended.status.code(), Some(1), "{said}");
        assert!(last.contains(text), "{said}");
    };
    let replica = || cluster.replica(&cloud, "one");
    says(replica().env_remove("POD_IP"), "fieldRef status.podIP");
    says(
        replica().env_remove("KAFKA_LAG_KUBECONFIG"),
        "no Kubernetes cluster is configured",
    );
    says(
        replica().env("KAFKA_LAG_LEASE", "exporter"),
        "NAMESPACE/NAME",
    );
    says(replica().env_remove("KAFKA_LAG_LEASE"), "no Lease is named");
    #[cfg(feature = "demo")]
    says(replica().arg("--demo"), "leave out --lease");
}
