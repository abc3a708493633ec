//! "Absence is never a number", through every output of the exporter, for every fault of the cloud.

use axum::body::Body;
use cms_sim::{Fault, FaultKind, Scenario, SimConfig};
use http_body_util::BodyExt as _;
use jiff::{SignedDuration, Timestamp};
use lag_runtime::args::Args;
use lag_tests::Exporter;
use tower::ServiceExt as _;

const INSTANCE: &str = "alikafka_pre-cn-sim00000001";

fn start() -> Timestamp {
    "2026-01-15T08:30:30Z".parse().unwrap()
}

async fn exporter() -> Exporter {
    let cloud = SimConfig::default()
        .group(INSTANCE, "busy", Scenario::Constant { lag: 150_001 })
        .group(INSTANCE, "caught-up", Scenario::Zero);
    let quick = |args: &mut Args| {
        args.read.source.max_attempts = Some("1".into());
        args.read.source.max_pages = Some("20".into());
    };
    Exporter::start(cloud, start(), quick).await
}

async fn get(exporter: &Exporter, path: &str, accept: &str) -> (u16, String) {
    let request = axum::http::Request::get(path)
        .header("accept", accept)
        .body(Body::empty())
        .unwrap();
    let answer = exporter.served.router().oneshot(request).await.unwrap();
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

/// What every output says of a group, as a number or not at all. All of them must agree.
async fn shown(exporter: &Exporter, group: &str) -> Option<f64> {
    let (_, text) = get(exporter, "/metrics", "text/plain").await;
    let (_, open_metrics) = get(
        exporter,
        "/metrics",
        "application/openmetrics-text; version=1.0.0",
    )
    .await;
    let series = format!(
        "kafka_consumer_message_accumulation{{instance_id=\"{INSTANCE}\",consumer_group=\"{group}\"}} "
    );
    let value = |exposition: &str| {
        let line = exposition
            .lines()
            .find_map(|line| line.strip_prefix(&series));
        line.map(|value| value.parse::<f64>().unwrap())
    };
    let (_, list) = get(exporter, "/api/v1/lag", "*/*").await;
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    let entry = list["groups"]
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["consumer_group"] == group);
    let listed = entry
        .and_then(|entry| entry.get("lag"))
        .map(|lag| lag.as_f64().expect("a lag is a number or absent"));
    let (status, one) = get(exporter, &format!("/api/v1/lag/{INSTANCE}/{group}"), "*/*").await;
    let one: serde_json::Value = serde_json::from_str(&one).unwrap();
    let single = one
        .get("lag")
        .map(|lag| lag.as_f64().expect("a lag is a number or absent"));
    assert_eq!(status == 200, single.is_some(), "{one}");

    assert_eq!(value(&text), value(&open_metrics));
    assert_eq!(value(&text), listed);
    assert_eq!(listed, single);
    single
}

#[tokio::test]
async fn a_true_zero_is_a_number_and_an_unknown_group_is_none() {
    let exporter = exporter().await;
    assert_eq!(
        shown(&exporter, "busy").await,
        None,
        "before the first collection"
    );
    exporter.collect(None).await;
    assert_eq!(shown(&exporter, "busy").await, Some(150_001.0));
    assert_eq!(shown(&exporter, "caught-up").await, Some(0.0));
    assert_eq!(shown(&exporter, "nobody").await, None);
}

/// Faults after which nothing new is known. (`datapoints_array` and `throttling` that ends are not among them.)
fn faults() -> Vec<FaultKind> {
    let harmless = [
        "datapoints_array",
        "slow",
        "empty_page_with_token",
        "stall",
        "clock_skew",
    ];
    // Those of STS, the metadata service, the credentials URI and alikafka: keys are fixed here.
    let elsewhere = [
        "security_token_",
        "sts_",
        "role_",
        "metadata_",
        "imds_",
        "credentials_uri_",
        "kafka_",
    ];
    let mut all: Vec<_> = FaultKind::names()
        .filter(|name| !harmless.contains(name))
        .filter(|name| !elsewhere.iter().any(|start| name.starts_with(start)))
        .map(|name| Fault::named(name).unwrap().kind())
        .collect();
    all.push(FaultKind::ClockSkew { seconds: 1200 });
    all
}

#[tokio::test]
async fn no_fault_of_the_cloud_becomes_a_number() {
    for fault in faults() {
        let exporter = exporter().await;
        exporter.cloud.inject(Fault::new(fault));
        exporter.collect(None).await;
        for group in ["busy", "caught-up", "nobody"] {
            assert_eq!(
                shown(&exporter, group).await,
                None,
                "{fault:?} made {group} a number"
            );
        }
    }
}

#[tokio::test]
async fn after_a_fault_the_last_number_stays_until_it_is_too_old_and_recovery_is_seen() {
    for fault in faults() {
        let exporter = exporter().await;
        exporter.collect(None).await;
        exporter.cloud.inject(Fault::new(fault));
        exporter.pass(SignedDuration::from_mins(1));
        exporter.collect(None).await;
        assert_eq!(
            shown(&exporter, "busy").await,
            Some(150_001.0),
            "{fault:?}: a minute later"
        );
        exporter.pass(SignedDuration::from_mins(5));
        exporter.collect(None).await;
        assert_eq!(
            shown(&exporter, "busy").await,
            None,
            "{fault:?}: six minutes later"
        );
        assert_eq!(
            shown(&exporter, "caught-up").await,
            None,
            "{fault:?}: a zero grows old, too"
        );
        exporter.cloud.clear_faults();
        exporter.collect(None).await;
        assert_eq!(
            shown(&exporter, "busy").await,
            Some(150_001.0),
            "{fault:?}: mended"
        );
    }
}

#[tokio::test]
async fn a_series_is_withdrawn_by_its_age_even_when_nothing_is_collected_any_more() {
    let exporter = exporter().await;
    exporter.collect(None).await;
    exporter.pass(SignedDuration::from_mins(3));
    assert_eq!(shown(&exporter, "busy").await, Some(150_001.0));
    exporter.pass(SignedDuration::from_mins(3));
    assert_eq!(shown(&exporter, "busy").await, None);
}

#[tokio::test]
async fn a_group_that_vanishes_is_withdrawn_and_never_zero() {
    let exporter = exporter().await;
    exporter.collect(None).await;
    exporter.cloud.remove_group(INSTANCE, "busy");
    for minute in 1..10 {
        exporter.pass(SignedDuration::from_mins(1));
        exporter.collect(None).await;
        let expected = (minute <= 3).then_some(150_001.0);
        assert_eq!(shown(&exporter, "busy").await, expected, "minute {minute}");
        assert_eq!(shown(&exporter, "caught-up").await, Some(0.0));
    }
}
