//! The source against the simulated cloud: real HTTP, real signatures.
#![allow(clippy::unwrap_used)]

use aliyun_cms::{Credentials, RateLimiter};
use cms_sim::{Fault, FaultKind, Scenario, SimConfig, Simulator};
use jiff::Timestamp;
use lag_core::{
    ApiCalls, Budgets,
    port::{Collected, LagSource},
};
use lag_runtime::{
    Account, CmsSource, Now,
    args::Args,
    config::{Config, File},
    connect,
};
use std::sync::{Arc, Mutex};

fn start() -> Timestamp {
    "2026-01-15T08:30:30Z".parse().unwrap()
}

struct Cloud {
    simulator: Simulator,
    calls: Arc<ApiCalls>,
    source: CmsSource,
    time: Arc<Mutex<Timestamp>>,
}

impl Cloud {
    /// Starts a cloud with these instances, one group `orders` of lag 5 in each, and a source that reads them.
    async fn start(instances: &[String], change: impl FnOnce(&mut Args)) -> Self {
        let mut config = SimConfig::default()
            .manual_clock(start())
            .credentials("id", "secret", None);
        for instance in instances {
            config = config.group(instance, "orders", Scenario::Constant { lag: 5 });
        }
        let simulator = Simulator::start(config.rate_limit(0)).await.unwrap();
        let mut args = Args::default();
        args.read.source.region = Some("cn-hangzhou".into());
        args.read.source.endpoint = Some(simulator.url());
        args.read.source.instance = instances.to_vec();
        change(&mut args);
        let config = Config::resolve(&args, &File::default(), &|_| None).unwrap();
        let time = Arc::new(Mutex::new(start()));
        let now: Now = {
            let time = time.clone();
            Arc::new(move || *time.lock().unwrap())
        };
        let calls = Arc::new(ApiCalls::default());
        let settings = (&config.cms, config.collect, config.lag);
        let account = Account {
            name: config.sources[0].account.as_str().into(),
            credentials: Arc::new(Credentials::new("id", "secret")),
            limiter: RateLimiter::unlimited(),
            budgets: Arc::new(Budgets::new(config.budget.policy, [])),
        };
        let source = connect(&config.sources[0], settings, &account, &calls, now).unwrap();
        Self {
            simulator,
            calls,
            source,
            time,
        }
    }

    async fn collect(&self) -> Collected {
        self.simulator.reset_counters();
        self.source.collect().await
    }

    fn set_time(&self, now: Timestamp) {
        *self.time.lock().unwrap() = now;
        self.simulator.set_now(now);
    }
}

fn names(count: usize) -> Vec<String> {
    (0..count)
        .map(|n| format!("alikafka_pre-cn-{n:03}"))
        .collect()
}

fn lag(collected: &Collected, instance: &str) -> Option<f64> {
    let series = collected.snapshot.instances.get(instance)?;
    series
        .iter()
        .find(|(name, _)| name.topic.is_none())
        .map(|(_, sample)| sample.lag.as_f64())
}

#[tokio::test]
async fn fifty_instances_are_one_call_and_more_are_more() {
    for (instances, calls) in [(1, 1), (50, 1), (51, 2), (120, 3)] {
        let cloud = Cloud::start(&names(instances), |_| {}).await;
        let collected = cloud.collect().await;
        assert_eq!(collected.failed, Default::default());
        assert_eq!(
            cloud.simulator.counters().calls,
            calls,
            "{instances} instances"
        );
        assert!(
            names(instances)
                .iter()
                .all(|id| lag(&collected, id) == Some(5.0))
        );
    }
}

#[tokio::test]
async fn one_wrong_instance_does_not_hide_the_others_and_is_then_asked_rarely() {
    let ids = names(20);
    let cloud = Cloud::start(&ids, |_| {}).await;
    cloud
        .simulator
        .inject(Fault::new(FaultKind::InvalidParameter).on_instance(ids[7].clone()));
    let collected = cloud.collect().await;
    assert_eq!(
        collected
            .failed
            .keys()
            .map(|id| id.as_str())
            .collect::<Vec<_>>(),
        [&ids[7]]
    );
    assert_eq!(collected.failed[&*ids[7]].kind, "invalid_request");
    let detail = &collected.failed[&*ids[7]].detail;
    assert!(
        detail.ends_with("asked again at 2026-01-15T08:35:30Z"),
        "{detail}"
    );
    assert_eq!(collected.snapshot.instances.len(), 19);
    assert!(
        cloud.simulator.counters().calls <= 11,
        "found by halves: {}",
        cloud.simulator.counters().calls
    );

    let next = cloud.collect().await;
    assert_eq!(cloud.simulator.counters().calls, 1, "the wrong one rests");
    assert_eq!(next.failed.len(), 0, "nothing new is known of it");
    assert_eq!(next.snapshot.instances.len(), 19);

    cloud.simulator.clear_faults();
    cloud.set_time(start() + jiff::SignedDuration::from_mins(6));
    let healed = cloud.collect().await;
    assert_eq!(healed.failed, Default::default());
    assert_eq!(lag(&healed, &ids[7]), Some(5.0));
    cloud.collect().await;
    assert_eq!(
        cloud.simulator.counters().calls,
        1,
        "and is asked with the others again"
    );
}

#[tokio::test]
async fn an_instance_whose_points_are_no_json_is_found_by_halves_too() {
    let ids = names(8);
    let cloud = Cloud::start(&ids, |args| {
        args.read.source.max_attempts = Some("1".into())
    })
    .await;
    let fault = Fault::new(FaultKind::DatapointsMalformed).on_instance(ids[3].clone());
    cloud.simulator.inject(fault);
    let collected = cloud.collect().await;
    assert_eq!(
        (collected.snapshot.instances.len(), collected.failed.len()),
        (7, 1)
    );
    assert_eq!(collected.failed[&*ids[3]].kind, "decode");
}

#[tokio::test]
async fn what_concerns_all_instances_is_not_searched_for_by_halves() {
    let cloud = Cloud::start(&names(20), |_| {}).await;
    cloud.simulator.inject(Fault::new(FaultKind::Forbidden));
    let collected = cloud.collect().await;
    assert_eq!(cloud.simulator.counters().calls, 1);
    assert_eq!(collected.failed.len(), 20);
    let failure = &collected.failed[&*names(1)[0]];
    assert_eq!(failure.kind, "forbidden");
    assert!(
        failure.detail.contains("AliyunCloudMonitorReadOnlyAccess"),
        "{}",
        failure.detail
    );
}

#[tokio::test]
async fn a_failing_batch_does_not_hide_another() {
    let ids = names(60);
    let cloud = Cloud::start(&ids, |_| {}).await;
    cloud
        .simulator
        .inject(Fault::new(FaultKind::Forbidden).on_instance(ids[55].clone()));
    let collected = cloud.collect().await;
    assert_eq!(
        (collected.snapshot.instances.len(), collected.failed.len()),
        (50, 10)
    );
}

#[tokio::test]
async fn pages_that_break_off_are_no_data_at_all() {
    let ids = names(1);
    let cloud = Cloud::start(&ids, |_| {}).await;
    for n in 0..2000 {
        cloud.simulator.set_scenario(
            &ids[0],
            &format!("group_{n:04}"),
            Scenario::Constant { lag: 1 },
        );
    }
    let whole = cloud.collect().await;
    assert_eq!(whole.snapshot.series(), 2001);
    cloud
        .simulator
        .inject(Fault::new(FaultKind::Forbidden).on_page(2));
    let broken = cloud.collect().await;
    assert_eq!(
        broken.snapshot.series(),
        0,
        "the first page alone would look like complete data"
    );
    assert_eq!(broken.failed.len(), 1);
}

#[tokio::test]
async fn datapoints_that_are_no_json_are_a_failure_of_kind_decode() {
    let ids = names(1);
    let cloud = Cloud::start(&ids, |_| {}).await;
    cloud
        .simulator
        .inject(Fault::new(FaultKind::DatapointsMalformed));
    let collected = cloud.collect().await;
    assert_eq!(collected.failed[&*ids[0]].kind, "decode");
    assert_eq!(collected.snapshot.series(), 0);
}

#[tokio::test]
async fn lag_per_topic_is_extra_and_its_failure_spares_the_totals() {
    let ids = names(1);
    let cloud = Cloud::start(&ids, |args| args.read.collect.topics = Some("true".into())).await;
    let both = cloud.collect().await;
    assert_eq!(cloud.simulator.counters().calls, 2);
    assert!(both.snapshot.series() > 1, "{:?}", both.snapshot);

    let without = Cloud::start(&ids, |_| {}).await;
    assert_eq!(
        without.collect().await.snapshot.series(),
        1,
        "off by default"
    );

    let cloud = Cloud::start(&ids, |args| {
        args.read.collect.topics = Some("true".into());
        args.read.source.topic_metric = Some("no_such_metric".into());
    })
    .await;
    let totals = cloud.collect().await;
    assert_eq!((lag(&totals, &ids[0]), totals.failed.len()), (Some(5.0), 0));
}

#[tokio::test]
async fn both_signatures_and_both_placements_are_accepted_by_the_cloud() {
    for signature in ["v1", "v3"] {
        for placement in ["query", "form"] {
            let cloud = Cloud::start(&names(1), |args| {
                args.read.source.signature = Some(signature.into());
                args.read.source.placement = Some(placement.into());
            })
            .await;
            let collected = cloud.collect().await;
            assert_eq!(
                collected.failed,
                Default::default(),
                "{signature} {placement}"
            );
        }
    }
}

#[tokio::test]
async fn every_attempt_is_counted_by_kind() {
    let ids = names(1);
    let cloud = Cloud::start(&ids, |_| {}).await;
    let before = cloud.calls.totals();
    let count = before.values().next().unwrap();
    assert_eq!(
        (count.requests, count.errors["throttled"]),
        (0, 0),
        "visible before the first call"
    );
    cloud
        .simulator
        .inject(Fault::new(FaultKind::Throttling).times(1));
    assert_eq!(
        cloud.collect().await.failed,
        Default::default(),
        "throttling heals by itself"
    );
    let totals = cloud.calls.totals();
    let ((source, action), count) = totals.iter().next().unwrap();
    assert_eq!(
        (&**source, &**action),
        ("cn-hangzhou", "DescribeMetricList")
    );
    assert_eq!((count.requests, count.errors["throttled"]), (2, 1));
}

#[tokio::test]
async fn failures_that_no_single_attempt_shows_are_counted_too() {
    for (fault, kind) in [
        (FaultKind::RepeatedToken, "pagination"),
        (FaultKind::EndlessTokens, "pagination"),
        (FaultKind::DatapointsMalformed, "decode"),
        (FaultKind::SuccessFalse, "unavailable"),
        (FaultKind::NegativeValues, "decode"),
        (FaultKind::NoStatistic, "decode"),
        (FaultKind::FutureTimestamps { seconds: 600 }, "decode"),
    ] {
        let cloud = Cloud::start(&names(1), |args| {
            args.read.source.max_attempts = Some("1".into());
            args.read.source.max_pages = Some("3".into());
        })
        .await;
        cloud.simulator.inject(Fault::new(fault));
        let collected = cloud.collect().await;
        assert_eq!(
            collected.failed.values().next().unwrap().kind,
            kind,
            "{fault:?}"
        );
        let totals = cloud.calls.totals();
        assert_eq!(totals.values().next().unwrap().errors[kind], 1, "{fault:?}");
    }
}
