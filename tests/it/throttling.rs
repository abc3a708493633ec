//! Manners towards a limit that all users of an account share: one pace, one back-off, no storm after an outage.
#![allow(clippy::unwrap_used)]

use aliyun_cms::{Credentials, RateLimiter};
use cms_sim::{Fault, FaultKind, Scenario, SimConfig, Simulator};
use lag_core::{ApiCalls, Budgets, port::LagSource};
use lag_runtime::{
    Account, CmsSource,
    args::Args,
    config::{Config, File},
    connect, system_clock,
};
use std::sync::Arc;
use tokio::task::JoinSet;

const SOURCES: usize = 20;

/// As many sources of one account, each with an instance of its own, and the cloud they ask.
async fn cloud(calls_per_second: u32) -> (Simulator, Vec<Arc<CmsSource>>) {
    let mut cloud = SimConfig::default()
        .credentials("id", "secret", None)
        .rate_limit(calls_per_second);
    for n in 0..SOURCES {
        cloud = cloud.group(format!("i-{n}"), "orders", Scenario::Constant { lag: 5 });
    }
    let cloud = Simulator::start(cloud).await.unwrap();
    let account = Account {
        name: "default".into(),
        credentials: Arc::new(Credentials::new("id", "secret")),
        limiter: RateLimiter::new(20, 10),
        budgets: Arc::new(Budgets::unlimited()),
    };
    let calls = Arc::new(ApiCalls::default());
    let sources = (0..SOURCES).map(|n| {
        let mut args = Args::default();
        args.read.source.region = Some("cn-hangzhou".into());
        args.read.source.endpoint = Some(cloud.url());
        args.read.source.instance = vec![format!("i-{n}")];
        let config = Config::resolve(&args, &File::default(), &|_| None).unwrap();
        let settings = (&config.cms, config.collect, config.lag);
        let source = connect(
            &config.sources[0],
            settings,
            &account,
            &calls,
            system_clock(),
        );
        Arc::new(source.unwrap())
    });
    let sources = sources.collect();
    (cloud, sources)
}

/// All sources collect at the same moment; returns how many failed.
async fn collect_all(sources: &[Arc<CmsSource>]) -> usize {
    let mut tasks = JoinSet::new();
    for source in sources {
        let source = source.clone();
        tasks.spawn(async move { source.collect().await.failed.len() });
    }
    tasks.join_all().await.into_iter().sum()
}

#[tokio::test]
async fn an_outage_and_its_end_make_no_storm() {
    let (cloud, sources) = cloud(50).await;
    cloud.inject(Fault::new(FaultKind::ServiceUnavailable));
    assert_eq!(collect_all(&sources).await, SOURCES);
    cloud.clear_faults();
    assert_eq!(collect_all(&sources).await, 0);
    let seen = cloud.counters();
    assert_eq!(
        seen.calls,
        5 * u64::try_from(SOURCES).unwrap(),
        "four attempts, then one"
    );
    // The pace is 20 a second and 10 at once; the account's limit, for all its users, 50.
    assert!(seen.peak_calls_per_second <= 30, "{seen:?}");
    assert!(!seen.by_outcome.contains_key("Throttling.User"), "{seen:?}");
}

#[tokio::test]
async fn one_throttled_call_slows_all_queries_of_the_account_down_and_all_are_answered() {
    // Others use most of the account's limit: five calls a second are left.
    let (cloud, sources) = cloud(5).await;
    assert_eq!(collect_all(&sources).await, 0);
    let seen = cloud.counters();
    let throttled: u64 = seen
        .by_outcome
        .iter()
        .filter(|(outcome, _)| outcome.starts_with("Throttling"))
        .map(|(_, count)| count)
        .sum();
    assert!(throttled > 0, "{seen:?}");
    // Without the common back-off each of the 20 queries finds out for itself, again and again.
    assert!(throttled <= 15, "{seen:?}");
}
