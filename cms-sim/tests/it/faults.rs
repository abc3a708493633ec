//! Every fault, seen on the wire.

use std::{collections::BTreeSet, io::ErrorKind, time::Duration};

use cms_sim::{Fault, FaultKind, Scenario, Simulator};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    client::{Caller, INSTANCE, config, fixture, now, start},
    errors::assert_like_fixture,
};

const SECOND: &str = "alikafka_post-cn-sim00000002";

/// Two groups with some lag, one fault.
async fn with(kind: FaultKind) -> (Simulator, Caller) {
    let config = config()
        .group(INSTANCE, "a", Scenario::constant(5))
        .group(INSTANCE, "b", Scenario::Zero)
        .fault(Fault::new(kind));
    start(config).await
}

/// The faults a test looks at, here or in `credential_faults`; compared with the catalogue.
const SEEN: [&str; 41] = [
    "throttling",
    "throttling_retry_after",
    "http_429",
    "service_unavailable",
    "internal_error",
    "empty_500",
    "html_502",
    "truncated_body",
    "reset",
    "stall",
    "slow",
    "success_false",
    "code_only",
    "datapoints_missing",
    "datapoints_null",
    "datapoints_empty_string",
    "datapoints_malformed",
    "datapoints_array",
    "repeated_token",
    "empty_page_with_token",
    "endless_tokens",
    "clock_skew",
    "forbidden",
    "access_key_not_found",
    "invalid_parameter",
    "negative_values",
    "future_timestamps",
    "no_statistic",
    "security_token_expired",
    "sts_no_expiration",
    "sts_html_502",
    "sts_throttling",
    "role_denied",
    "metadata_html",
    "metadata_hang",
    "metadata_no_role",
    "metadata_failed",
    "imds_v2_refused",
    "credentials_uri_failed",
    "credentials_uri_without_code",
    "kafka_forbidden",
];

#[test]
fn every_fault_of_the_catalogue_is_in_these_tests() {
    let names: BTreeSet<_> = FaultKind::names().collect();
    assert_eq!(names, BTreeSet::from(SEEN));
}

#[tokio::test]
async fn faults_that_answer_with_an_error_have_the_vendors_shape() {
    for (kind, name) in [
        (FaultKind::Throttling, "error-throttling-user"),
        (
            FaultKind::ThrottlingRetryAfter { ms: 1500 },
            "error-throttling-user-retry-after",
        ),
        (FaultKind::Http429, "error-throttling-429"),
        (FaultKind::ServiceUnavailable, "error-service-unavailable"),
        (FaultKind::InternalError, "error-internal-error"),
        (FaultKind::Forbidden, "error-forbidden-ram"),
        (FaultKind::AccessKeyNotFound, "error-invalid-access-key-id"),
        (FaultKind::SuccessFalse, "body-error-internal"),
        (FaultKind::CodeOnly, "body-error-code-only"),
    ] {
        let (_simulator, caller) = with(kind).await;
        let seen = caller.lag(&[]).await;
        assert_like_fixture(&seen, name);
        let wait = (kind == FaultKind::ThrottlingRetryAfter { ms: 1500 }).then_some("1500");
        assert_eq!(seen.header("x-acs-retry-after"), wait, "{name}");
    }
}

#[tokio::test]
async fn empty_500_has_no_body() {
    let (_simulator, caller) = with(FaultKind::Empty500).await;
    let seen = caller.lag(&[]).await;
    assert_eq!((seen.status(), seen.body()), (500, ""));
}

#[tokio::test]
async fn html_502_is_a_proxys_page() {
    let (_simulator, caller) = with(FaultKind::Html502).await;
    let seen = caller.lag(&[]).await;
    let (status, body) = fixture("error-gateway-html-502");
    assert_eq!((seen.status(), Value::from(seen.body())), (status, body));
    assert_eq!(seen.header("content-type"), Some("text/html"));
}

#[tokio::test]
async fn truncated_body_promises_more_than_it_sends() {
    let (_simulator, caller) = with(FaultKind::TruncatedBody).await;
    let list = caller.lag(&[]).await;
    let meta = caller.call("DescribeMetricMetaList", &[]).await;
    for seen in [list, meta] {
        let promised: usize = seen.header("content-length").unwrap().parse().unwrap();
        assert_eq!(seen.status(), 200);
        assert!(!seen.body().is_empty());
        assert!(
            seen.body().len() < promised,
            "{} of {promised}",
            seen.body().len()
        );
    }
}

#[tokio::test]
async fn reset_ends_the_connection_before_any_byte() {
    let (simulator, caller) = with(FaultKind::Reset).await;
    let seen = caller.lag(&[]).await;
    assert!(seen.raw.is_empty());
    assert_eq!(seen.error, Some(ErrorKind::ConnectionReset));
    assert_eq!(simulator.counters().by_outcome["reset"], 1);
}

/// Waits until the simulator has counted something.
async fn until(simulator: &Simulator, outcome: &str) {
    while !simulator.counters().by_outcome.contains_key(outcome) {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn stall_never_answers_and_shutdown_ends_it() {
    let (simulator, caller) = with(FaultKind::Stall).await;
    let request = caller.request("DescribeMetricMetaList", &[]);
    let mut stream = TcpStream::connect(caller.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    until(&simulator, "stall").await;
    let mut byte = [0];
    let wait = tokio::time::timeout(Duration::from_millis(50), stream.read(&mut byte)).await;
    assert!(wait.is_err(), "nothing within 50 ms");
    simulator.shutdown().await;
    let ended = stream.read(&mut byte).await;
    assert!(!matches!(ended, Ok(1)), "{ended:?}");
}

#[tokio::test]
async fn a_stalled_client_may_go_away_and_the_next_one_is_served() {
    let (simulator, caller) = with(FaultKind::Stall).await;
    let request = caller.request("DescribeMetricMetaList", &[]);
    let mut stream = TcpStream::connect(caller.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    until(&simulator, "stall").await;
    drop(stream);
    simulator.clear_faults();
    assert_eq!(caller.lag(&[]).await.code(), "200");
}

#[tokio::test]
async fn slow_answers_late_but_well() {
    let (_simulator, caller) = with(FaultKind::Slow { ms: 80 }).await;
    let before = std::time::Instant::now();
    assert_eq!(caller.lag(&[]).await.code(), "200");
    assert!(before.elapsed() >= Duration::from_millis(80));
}

#[tokio::test]
async fn datapoints_come_in_every_odd_form() {
    for (kind, name) in [
        (FaultKind::DatapointsMissing, "list-no-datapoints-field"),
        (FaultKind::DatapointsNull, "list-datapoints-null"),
        (FaultKind::DatapointsEmptyString, "list-empty-string"),
    ] {
        let (_simulator, caller) = with(kind).await;
        assert_like_fixture(&caller.lag(&[]).await, name);
    }
}

#[tokio::test]
async fn datapoints_malformed_is_a_string_that_is_not_json() {
    let (_simulator, caller) = with(FaultKind::DatapointsMalformed).await;
    for dimensions in ["{}", r#"{"instanceId":"none"}"#] {
        let json = caller.lag(&[("Dimensions", dimensions)]).await.json();
        let text = json["Datapoints"].as_str().unwrap();
        assert!(serde_json::from_str::<Value>(text).is_err(), "{text}");
    }
}

#[tokio::test]
async fn datapoints_array_is_a_real_array_with_the_same_points() {
    let (simulator, caller) = with(FaultKind::DatapointsArray).await;
    let odd = caller.lag(&[]).await.json();
    simulator.clear_faults();
    let points = caller.lag(&[]).await.points();
    assert_eq!(odd["Datapoints"], Value::from(points));
}

#[tokio::test]
async fn repeated_token_gives_back_the_token_it_got() {
    let (_simulator, caller) = with(FaultKind::RepeatedToken).await;
    for length in ["10", "1440"] {
        let first = caller.lag(&[("Length", length)]).await.token().unwrap();
        let second = caller
            .lag(&[("Length", length), ("NextToken", &first)])
            .await
            .token();
        assert_eq!(second, Some(first), "pages of {length}");
    }
}

#[tokio::test]
async fn an_empty_page_with_token_skips_nothing() {
    let (simulator, caller) = with(FaultKind::Stall).await;
    simulator.clear_faults();
    simulator.inject(Fault::new(FaultKind::EmptyPageWithToken).times(2));
    let pages = caller.pages(&[("Length", "100")]).await;
    let sizes: Vec<_> = pages.iter().map(Vec::len).collect();
    assert_eq!(sizes, [0, 0, 100, 16]);
}

#[tokio::test]
async fn endless_tokens_are_new_every_time() {
    let (_simulator, caller) = with(FaultKind::EndlessTokens).await;
    let mut tokens = BTreeSet::new();
    let mut token = caller.lag(&[]).await.token().unwrap();
    for _ in 0..5 {
        assert!(tokens.insert(token.clone()), "{token}");
        let seen = caller.lag(&[("NextToken", &token)]).await;
        assert!(seen.points().is_empty());
        token = seen.token().unwrap();
    }
}

#[tokio::test]
async fn clock_skew_refuses_honest_timestamps_and_shows_in_the_date() {
    for seconds in [1200, -1200] {
        let (simulator, caller) = with(FaultKind::ClockSkew { seconds }).await;
        let seen = caller.lag(&[]).await;
        assert_like_fixture(&seen, "error-invalid-timestamp-expired");
        let date = if seconds > 0 { "08:50:00" } else { "08:10:00" };
        assert_eq!(
            seen.header("date"),
            Some(format!("Thu, 15 Jan 2026 {date} GMT").as_str())
        );
        simulator.clear_faults();
        simulator.inject(Fault::new(FaultKind::ClockSkew { seconds: 600 }));
        assert_eq!(
            caller.lag(&[]).await.code(),
            "200",
            "ten minutes are tolerated"
        );
    }
}

#[tokio::test]
async fn invalid_parameter_strikes_the_requests_that_name_an_instance() {
    let config = config()
        .group(INSTANCE, "a", Scenario::Zero)
        .group(SECOND, "a", Scenario::Zero)
        .fault(Fault::new(FaultKind::InvalidParameter).on_instance(SECOND));
    let (_simulator, caller) = start(config).await;
    let both = format!(r#"[{{"instanceId":"{INSTANCE}"}},{{"instanceId":"{SECOND}"}}]"#);
    let alone = format!(r#"{{"instanceId":"{SECOND}"}}"#);
    for dimensions in [both, alone] {
        let seen = caller.lag(&[("Dimensions", &dimensions)]).await;
        assert_eq!(
            (seen.status(), seen.code().as_str()),
            (400, "InvalidParameter")
        );
    }
    assert_eq!(caller.lag(&[]).await.code(), "200");
}

#[tokio::test]
async fn negative_values_are_below_zero_even_for_idle_groups() {
    let (_simulator, caller) = with(FaultKind::NegativeValues).await;
    for (metric, statistic) in [
        ("message_accumulation", "Value"),
        ("instance_disk_capacity", "Maximum"),
    ] {
        let points = caller.lag(&[("MetricName", metric)]).await.points();
        assert!(!points.is_empty());
        assert!(
            points
                .iter()
                .all(|point| point[statistic].as_f64().unwrap() < 0.0)
        );
    }
}

#[tokio::test]
async fn future_timestamps_lie_ahead_of_the_clock() {
    let (_simulator, caller) = with(FaultKind::FutureTimestamps { seconds: 300 }).await;
    let points = caller.lag(&[]).await.points();
    let newest = points.last().unwrap()["timestamp"].as_i64().unwrap();
    assert_eq!(newest - now().as_millisecond(), 300_000);
}

#[tokio::test]
async fn no_statistic_leaves_dimensions_only() {
    let (_simulator, caller) = with(FaultKind::NoStatistic).await;
    for metric in [
        "message_accumulation",
        "message_accumulation_onetopic",
        "instance_disk_capacity",
    ] {
        let points = caller.lag(&[("MetricName", metric)]).await.points();
        assert!(!points.is_empty());
        for point in points {
            let keys = point.as_object().unwrap().keys();
            assert!(
                keys.clone()
                    .all(|key| key.starts_with(|c: char| c.is_lowercase())),
                "{point}"
            );
        }
    }
}

#[tokio::test]
async fn a_fault_can_strike_one_page_one_action_and_a_few_times() {
    let (simulator, caller) = with(FaultKind::Throttling).await;
    simulator.clear_faults();
    simulator.inject(Fault::new(FaultKind::InternalError).on_page(2));
    let token = caller.lag(&[("Length", "10")]).await.token().unwrap();
    let second = [("Length", "10"), ("NextToken", token.as_str())];
    assert_eq!(caller.lag(&second).await.code(), "InternalError");
    simulator.clear_faults();

    simulator.inject(
        Fault::new(FaultKind::Throttling)
            .on_action("DescribeMetricMetaList")
            .times(2),
    );
    assert_eq!(caller.lag(&[]).await.code(), "200");
    for code in ["Throttling.User", "Throttling.User", "200"] {
        assert_eq!(
            caller.call("DescribeMetricMetaList", &[]).await.code(),
            code
        );
    }
    assert!(simulator.faults().is_empty());
}

#[tokio::test]
async fn the_probability_of_a_fault_is_drawn_from_the_seed() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let fault = Fault::new(FaultKind::Throttling).probability(0.5);
        let (_simulator, caller) = start(config().seed(9).fault(fault)).await;
        let mut codes = Vec::new();
        for _ in 0..20 {
            codes.push(caller.lag(&[]).await.code());
        }
        runs.push(codes);
    }
    assert_eq!(runs[0], runs[1]);
    assert!(runs[0].iter().any(|code| code == "200"));
    assert!(runs[0].iter().any(|code| code == "Throttling.User"));
}

#[tokio::test]
async fn a_fault_does_not_hide_a_wrong_signature() {
    let (_simulator, mut caller) = with(FaultKind::Throttling).await;
    caller.secret = "wrong".into();
    assert_eq!(caller.lag(&[]).await.code(), "SignatureDoesNotMatch");
}

#[tokio::test]
async fn a_retry_that_resends_its_bytes_after_a_fault_is_caught() {
    let (simulator, mut caller) = with(FaultKind::Html502).await;
    caller.nonce = Some("resent".into());
    caller.lag(&[]).await;
    simulator.clear_faults();
    assert_eq!(caller.lag(&[]).await.code(), "SignatureNonceUsed");
}
