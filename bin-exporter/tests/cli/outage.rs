//! A cloud that fails never ends the program, and what is wrong with it can be seen.

use crate::harness::{
    Cloud, INSTANCE, KEY_ID, OTHER, Running, SECRET, errors, exporter, lag, program, usual, value,
};
use cms_sim::{Fault, FaultKind, Scenario, SimConfig};
use std::net::TcpListener;

fn up() -> String {
    format!("kafka_lag_up{{instance_id=\"{INSTANCE}\"}}")
}

#[test]
fn an_unreachable_cloud_at_the_start_is_shown_and_does_not_end_the_program() {
    // A port that was free a moment ago: nobody listens there.
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let mut running = Running::start(&mut exporter(&format!("http://{closed}")));
    assert_eq!(running.get("/healthz").status, 200);
    assert_eq!(
        running.look("/readyz", |reply| reply.status == 200).status,
        200
    );
    let page = running.metrics();
    assert_eq!(value(&page, &up()), Some(0.0));
    assert!(
        !page.contains("\nkafka_consumer_message_accumulation{"),
        "{page}"
    );
    assert!(errors(&page, "network") >= 1.0, "{page}");
    let more =
        running.metrics_until(|later| errors(later, "network") >= errors(&page, "network") + 2.0);
    assert_eq!(value(&more, &up()), Some(0.0));
    assert_eq!(running.get("/healthz").status, 200);
    assert_eq!(
        running.get("/readyz").status,
        200,
        "it stays in its Service, where the evidence is"
    );
}

#[test]
fn it_is_not_ready_before_the_first_attempt_has_ended() {
    let cloud = Cloud::start(usual().fault(Fault::new(FaultKind::Stall)));
    let mut running = Running::start(exporter(&cloud.url()).arg("--cms.timeout=30s"));
    while cloud.simulator.counters().calls == 0 {
        assert_eq!(running.get("/readyz").status, 503);
    }
    assert_eq!(
        running.get("/readyz").status,
        503,
        "the attempt is under way"
    );
    assert_eq!(running.get("/healthz").status, 200);
    assert_eq!(running.value(&up()), Some(0.0));

    let mut quick = Running::start(&mut exporter(&cloud.url()));
    quick.look("/readyz", |reply| reply.status == 200);
    let page = quick.metrics_until(|page| errors(page, "timeout") >= 1.0);
    assert_eq!(value(&page, &lag("busy")), None);
    running.signal("TERM");
    assert_eq!(running.end().code(), Some(0));
}

/// Faults, and under which code each is counted.
const WRONG_REPLIES: [(FaultKind, &str); 15] = [
    (FaultKind::Throttling, "throttled"),
    (FaultKind::Http429, "throttled"),
    (FaultKind::ServiceUnavailable, "unavailable"),
    (FaultKind::InternalError, "unavailable"),
    (FaultKind::Empty500, "unavailable"),
    (FaultKind::Html502, "unavailable"),
    (FaultKind::SuccessFalse, "unavailable"),
    (FaultKind::Reset, "network"),
    (FaultKind::TruncatedBody, "network"),
    (FaultKind::Stall, "timeout"),
    (FaultKind::DatapointsMalformed, "decode"),
    (FaultKind::Forbidden, "forbidden"),
    (FaultKind::AccessKeyNotFound, "credentials"),
    (FaultKind::ClockSkew { seconds: 1200 }, "credentials"),
    (FaultKind::InvalidParameter, "invalid_request"),
];

#[test]
fn a_wrong_reply_never_ends_the_program_and_is_counted_by_its_kind() {
    let cloud = Cloud::usual();
    let mut running = Running::start(&mut exporter(&cloud.url()));
    running.wait_until_read();
    for (fault, code) in WRONG_REPLIES {
        let before = errors(&running.metrics(), code);
        cloud.simulator.clear_faults();
        cloud.simulator.inject(Fault::new(fault));
        let page = running
            .metrics_until(|page| errors(page, code) > before && value(page, &up()) == Some(0.0));
        assert_eq!(
            value(&page, &lag("busy")),
            Some(150_001.0),
            "{fault:?}: still young"
        );
    }
    cloud.simulator.clear_faults();
    running.wait_until_read();
    assert_eq!(running.get("/healthz").status, 200);
}

#[test]
fn pages_that_do_not_end_are_a_failure_with_its_own_code() {
    for fault in [FaultKind::RepeatedToken, FaultKind::EndlessTokens] {
        let cloud = Cloud::start(usual().fault(Fault::new(fault)));
        let mut running = Running::start(exporter(&cloud.url()).arg("--cms.max-pages=5"));
        running.log.until(|line| line.contains("code=pagination"));
        let page = running.metrics_until(|page| errors(page, "pagination") >= 1.0);
        assert_eq!(value(&page, &up()), Some(0.0));
        assert_eq!(value(&page, &lag("busy")), None, "{fault:?}");
    }
}

#[test]
fn wrong_points_never_become_a_number() {
    for fault in [
        FaultKind::NegativeValues,
        FaultKind::NoStatistic,
        FaultKind::FutureTimestamps { seconds: 300 },
        FaultKind::DatapointsEmptyString,
        FaultKind::DatapointsMissing,
        FaultKind::DatapointsNull,
        FaultKind::DatapointsMalformed,
        FaultKind::CodeOnly,
    ] {
        let cloud = Cloud::start(usual().fault(Fault::new(fault)));
        let mut running = Running::start(&mut exporter(&cloud.url()));
        running.look("/readyz", |reply| reply.status == 200);
        let page = running.metrics();
        assert!(
            !page.contains("\nkafka_consumer_message_accumulation{"),
            "{fault:?}: {page}"
        );
    }
}

#[test]
fn a_source_that_fails_does_not_hide_the_other() {
    let (good, bad) = (Cloud::usual(), OTHER);
    let failing = SimConfig::default()
        .credentials(KEY_ID, SECRET, None)
        .group(bad, "elsewhere", Scenario::constant(7))
        .fault(Fault::new(FaultKind::Stall));
    let failing = Cloud::start(failing);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lag.yml");
    let text = format!(
        "sources:\n  - name: good\n    region: cn-hangzhou\n    endpoint: {}\n    instances: [{INSTANCE}]\n  \
         - name: bad\n    region: cn-shanghai\n    endpoint: {}\n    instances: [{bad}]\n\
         cms:\n  timeout: 700ms\n  max_attempts: 1\ncollect:\n  schedule: fixed\n  interval: 1s\n\
         budget:\n  requests_per_month: none\nweb:\n  listen_address: [127.0.0.1:0]\n",
        good.url(),
        failing.url(),
    );
    std::fs::write(&path, text).unwrap();
    let mut command = program(&["--config.file", path.to_str().unwrap()]);
    command
        .env("ALIBABA_CLOUD_ACCESS_KEY_ID", KEY_ID)
        .env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", SECRET);
    let mut running = Running::start(&mut command);
    let bad_up = format!("kafka_lag_up{{instance_id=\"{bad}\"}}");
    let timeouts = "kafka_lag_api_request_errors_total{source=\"bad\",action=\"DescribeMetricList\",code=\"timeout\"}";
    let page = running.metrics_until(|page| {
        value(page, &up()) == Some(1.0) && value(page, timeouts).is_some_and(|count| count >= 2.0)
    });
    assert_eq!(value(&page, &lag("busy")), Some(150_001.0));
    assert_eq!(value(&page, &bad_up), Some(0.0));
    let calls = "kafka_lag_api_requests_total{source=\"good\",action=\"DescribeMetricList\"}";
    assert!(
        value(&page, calls) >= Some(2.0),
        "it is asked at its own pace: {page}"
    );
    assert_eq!(running.get("/readyz").status, 200);

    failing.simulator.clear_faults();
    running.metrics_until(|page| value(page, &bad_up) == Some(1.0));
}
