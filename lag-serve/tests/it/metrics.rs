//! What `/metrics` says.

use crate::common::*;
use lag_core::{Board, names};
use lag_serve::Format;
use std::collections::BTreeSet;

fn lines(text: &str, name: &str) -> Vec<String> {
    let begins = |line: &&str| {
        let rest = line.strip_prefix(name);
        rest.is_some_and(|rest| rest.starts_with(['{', ' ']))
    };
    text.lines().filter(begins).map(Into::into).collect()
}

fn served() -> Served {
    let served = Served::new(every_state());
    let kinds = ["network", "throttled"];
    served.calls.declare("main", "DescribeMetricList", kinds);
    served.calls.record("main", "DescribeMetricList", Ok(()));
    let failure = Err("throttled");
    served.calls.record("main", "DescribeMetricList", failure);
    served
}

#[test]
fn every_state_in_the_text_format() {
    let text = served().exporter.exposition(Format::Text);
    insta::assert_snapshot!(steady(std::str::from_utf8(&text).unwrap()));
}

#[test]
fn every_state_in_openmetrics() {
    let text = served().exporter.exposition(Format::OpenMetrics);
    insta::assert_snapshot!(steady(std::str::from_utf8(&text).unwrap()));
}

#[tokio::test]
async fn the_content_type_carries_its_version() {
    let served = served();
    let text = served.get("/metrics").await;
    assert_eq!(
        text.header("content-type"),
        "text/plain; version=0.0.4; charset=utf-8"
    );
    assert!(!text.text().contains("# EOF"));
    let accept = [("accept", "application/openmetrics-text;version=1.0.0")];
    let open = served.ask("GET", "/metrics", &accept).await;
    assert_eq!(
        open.header("content-type"),
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    );
    assert!(open.text().ends_with("\n# EOF\n"));
    for reply in [text, open] {
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("vary"), "accept, accept-encoding");
        assert_eq!(reply.header("content-encoding"), "");
        let length: usize = reply.header("content-length").parse().unwrap();
        assert_eq!(length, reply.body.len());
    }
}

#[tokio::test]
async fn the_compressed_answer_is_one_member_with_the_same_text() {
    let served = served();
    for accept in ["text/plain", "application/openmetrics-text"] {
        let plain = served.ask("GET", "/metrics", &[("accept", accept)]).await;
        let headers = [("accept", accept), ("accept-encoding", "gzip")];
        for _ in 0..2 {
            let packed = served.ask("GET", "/metrics", &headers).await;
            assert_eq!(packed.header("content-encoding"), "gzip");
            assert_eq!(packed.header("vary"), "accept, accept-encoding");
            assert_eq!(steady(&gunzip(&packed.body)), steady(plain.text()));
        }
    }
    let refused = [("accept-encoding", "gzip;q=0")];
    let plain = served.ask("GET", "/metrics", &refused).await;
    assert_eq!(plain.header("content-encoding"), "");
    assert!(plain.text().starts_with("# HELP"));
}

#[test]
fn before_the_first_answer_only_what_is_known_is_shown() {
    let board = Board::default().watching("main", [watched(A, &["orders"])], now());
    let text = Served::new(board).exporter.exposition(Format::Text);
    let text = std::str::from_utf8(&text).unwrap();
    for absent in [
        names::LAG,
        names::LAG_TIMESTAMP,
        names::LAST_SUCCESS,
        names::LAST_ATTEMPT,
        names::COLLECT_DURATION,
        names::POINTS_RECEIVED,
        names::PUBLICATION_DELAY,
        names::TOPIC_LAG,
    ] {
        assert_eq!(lines(text, absent), [""; 0], "{absent}");
    }
    assert_eq!(
        lines(text, names::UP),
        [format!("{}{{instance_id=\"{A}\"}} 0", names::UP)]
    );
    assert_eq!(lines(text, names::GROUPS).len(), 4);
    assert_eq!(lines(text, names::POINTS_DROPPED).len(), 6);
    let present = lines(text, names::LAG_PRESENT);
    assert!(present[0].ends_with("consumer_group=\"orders\"} 0"));
}

#[test]
fn sample_timestamps_are_off_unless_asked_for_and_only_on_lags() {
    let served = Served::with(every_state(), |config| config.sample_timestamps = true);
    for (format, at) in [
        (Format::Text, " 1768465680000"),
        (Format::OpenMetrics, " 1768465680"),
    ] {
        let text = served.exporter.exposition(format);
        let text = std::str::from_utf8(&text).unwrap();
        let lag = &lines(text, names::LAG)[2];
        assert!(lag.ends_with(&format!("\"orders\"}} 182345{at}")), "{lag}");
        let topic = &lines(text, names::TOPIC_LAG)[0];
        assert!(topic.ends_with(&format!(" 182000{at}")), "{topic}");
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let is_lag = [names::LAG, names::TOPIC_LAG]
                .iter()
                .any(|name| line.starts_with(&format!("{name}{{")));
            let (_, value) = line
                .rsplit_once('}')
                .unwrap_or(line.split_at(line.find(' ').unwrap()));
            assert_eq!(value.trim().contains(' '), is_lag, "{line}");
        }
    }
}

#[test]
fn help_and_type_come_once_and_no_series_comes_twice() {
    for format in [Format::Text, Format::OpenMetrics] {
        let text = served().exporter.exposition(format);
        let text = std::str::from_utf8(&text).unwrap();
        let mut seen = BTreeSet::new();
        for line in text.lines() {
            let name = match line.strip_prefix("# ") {
                Some(comment) => comment.split(' ').take(2).collect::<Vec<_>>().join(" "),
                None => line.rsplit_once(' ').unwrap().0.into(),
            };
            assert!(seen.insert(name), "twice: {line}");
        }
    }
}

#[tokio::test]
async fn head_has_the_headers_of_get_and_no_body() {
    let reply = served().ask("HEAD", "/metrics", &[]).await;
    assert_eq!(reply.status, 200);
    assert!(reply.body.is_empty());
    assert!(reply.header("content-length").parse::<usize>().unwrap() > 1000);
}

#[tokio::test]
async fn the_telemetry_path_is_what_the_user_wrote() {
    for path in ["/lag", "/a/{b}", "/:x", "/*y"] {
        let served = Served::with(every_state(), |config| config.telemetry_path = path.into());
        assert_eq!(served.get(path).await.status, 200, "{path}");
        assert_eq!(served.get("/metrics").await.status, 404);
    }
}
