//! What the Kafka service says about a group, read without trust.
#![allow(clippy::unwrap_used)]

use lag_core::{ConsumerProgress, Lag, Opinion, Threshold};
use proptest::prelude::*;

fn body(name: &str) -> String {
    let path = format!(
        "{}/tests/fixtures/progress/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let reply: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    reply["body"].to_string()
}

fn lag(value: f64) -> Lag {
    Lag::try_from(value).unwrap()
}

fn progress(total: f64, partitions: u32, committed: f64) -> ConsumerProgress {
    ConsumerProgress {
        total: lag(total),
        partitions,
        committed: lag(committed),
    }
}

fn error(json: &str) -> String {
    ConsumerProgress::parse(json).unwrap_err().to_string()
}

fn with_progress(part: &str) -> String {
    format!(r#"{{"Code":200,"Success":true,"ConsumerProgress":{part}}}"#)
}

#[test]
fn every_attested_shape_is_read() {
    for (name, expected) in [
        ("documented-example", progress(0.0, 1, 0.0)),
        ("two-topics", progress(182_340.0, 4, 150_000.0)),
        ("lists-directly", progress(182_340.0, 4, 150_000.0)),
        ("numbers-as-text", progress(100_000.0, 1, 100_000.0)),
        ("total-only", progress(182_340.0, 0, 0.0)),
    ] {
        assert_eq!(ConsumerProgress::parse(&body(name)), Ok(expected), "{name}");
    }
}

#[test]
fn a_commit_ahead_of_the_newest_offset_takes_no_lag_from_other_partitions() {
    assert_eq!(
        ConsumerProgress::parse(&body("no-total")),
        Ok(progress(100_000.0, 2, 100_000.0))
    );
}

#[test]
fn a_sum_over_incomplete_partitions_is_never_the_total() {
    for name in ["no-total-incomplete", "no-total-topic-without-offsets"] {
        assert!(
            error(&body(name)).contains("TotalDiff is missing"),
            "{name}"
        );
    }
    for part in [
        "{}",
        r#"{"TopicList":{}}"#,
        r#"{"TopicList":[]}"#,
        r#"{"TotalDiff":null}"#,
        r#"{"TopicList":{"TopicList":[{"OffsetList":[{"BrokerOffset":9,"ConsumerOffset":-1}]}]}}"#,
        r#"{"TopicList":{"TopicList":[{"OffsetList":[{"BrokerOffset":-1,"ConsumerOffset":1}]}]}}"#,
        r#"{"TopicList":{"TopicList":[{"OffsetList":[{"ConsumerOffset":1}]}]}}"#,
    ] {
        let error = error(&with_progress(part));
        assert!(error.contains("TotalDiff is missing"), "{part}: {error}");
    }
}

#[test]
fn what_is_there_and_no_number_is_an_error_and_never_a_guess() {
    for (part, says) in [
        (r#"{"TotalDiff":"many"}"#, "TotalDiff is no number"),
        (r#"{"TotalDiff":true}"#, "TotalDiff is no number"),
        (r#"{"TotalDiff":-5}"#, "TotalDiff: -5 is not a lag"),
        (r#"{"TotalDiff":"NaN"}"#, "is not a lag"),
        (r#"{"TotalDiff":"inf"}"#, "is not a lag"),
        (
            r#"{"TotalDiff":1,"TopicList":[{"OffsetList":[{"BrokerOffset":1.5}]}]}"#,
            "BrokerOffset is no whole number",
        ),
        (
            r#"{"TotalDiff":1,"TopicList":[7]}"#,
            "TopicList holds something",
        ),
        (
            r#"{"TotalDiff":1,"TopicList":"none"}"#,
            "TopicList holds something",
        ),
        ("null", "ConsumerProgress is missing"),
        ("[]", "ConsumerProgress is missing"),
    ] {
        let error = error(&with_progress(part));
        assert!(error.contains(says), "{part}: {error}");
    }
    assert!(error("").contains("no JSON"));
    assert!(error("[]").contains("no JSON object"));
    assert!(error("{}").contains("Code and Success are missing"));
    assert!(error(r#"{"Code":200}"#).contains("ConsumerProgress is missing"));
}

#[test]
fn a_refusal_is_told_in_the_words_of_the_service() {
    assert_eq!(
        error(&body("group-unknown")),
        "the answer holds no consumer progress: the service refused with code 404: The consumer group does not exist; \
         request id 252820E1-A2E6-45F2-B4C9-1056B8CE0002"
    );
    assert!(error(&body("forbidden")).contains("code NoPermission: You are not authorized"));
}

#[test]
fn a_number_beside_a_refusal_is_not_read() {
    for answer in [
        r#"{"Code":200,"Success":false,"ConsumerProgress":{"TotalDiff":0}}"#,
        r#"{"Code":500,"Success":true,"ConsumerProgress":{"TotalDiff":0}}"#,
        r#"{"Code":500,"ConsumerProgress":{"TotalDiff":0}}"#,
        r#"{"Success":"false","ConsumerProgress":{"TotalDiff":0}}"#,
        r#"{"Code":"OK","ConsumerProgress":{"TotalDiff":0}}"#,
    ] {
        assert!(error(answer).contains("the service refused"), "{answer}");
    }
}

#[test]
fn the_words_of_the_service_stay_on_one_short_line() {
    let message = format!("a\\nb{}", "x".repeat(5_000));
    let error = error(&format!(
        r#"{{"Code":500,"Success":false,"Message":"{message}"}}"#
    ));
    assert!(!error.contains('\n') && error.len() < 400, "{error}");
}

#[test]
fn it_agrees_only_above_the_threshold() {
    let threshold = Threshold::new(lag(150_000.0), lag(100_000.0)).unwrap();
    assert_eq!(
        progress(150_001.0, 6, 0.0).opinion(threshold),
        Opinion::Agrees {
            total: lag(150_001.0),
            partitions: 6
        }
    );
    assert_eq!(
        progress(150_000.0, 6, 0.0).opinion(threshold),
        Opinion::Disagrees {
            total: lag(150_000.0)
        }
    );
}

proptest! {
    #[test]
    fn the_fallback_is_the_sum_of_what_each_partition_is_behind(
        offsets in prop::collection::vec((0_u32..1_000_000, 0_u32..1_000_000), 1..8),
    ) {
        let list: Vec<_> = offsets
            .iter()
            .map(|(newest, consumed)| format!(r#"{{"BrokerOffset":{newest},"ConsumerOffset":{consumed}}}"#))
            .collect();
        let answer = with_progress(&format!(r#"{{"TopicList":{{"TopicList":[{{"OffsetList":[{}]}}]}}}}"#, list.join(",")));
        let behind = |(newest, consumed): &(u32, u32)| f64::from(newest.saturating_sub(*consumed));
        let all: f64 = offsets.iter().map(behind).sum();
        let committed: f64 = offsets.iter().filter(|o| o.1 > 0).map(behind).sum();
        let parsed = ConsumerProgress::parse(&answer).unwrap();
        prop_assert_eq!(parsed.total, lag(all));
        prop_assert_eq!(parsed.committed, lag(committed));
        prop_assert_eq!(parsed.partitions, u32::try_from(offsets.len()).unwrap());
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in ".{0,60}", part in "[\\[\\]{}:,\"a-zA-Z0-9.-]{0,60}") {
        let _ = ConsumerProgress::parse(&text);
        let _ = ConsumerProgress::parse(&with_progress(&part));
        let _ = ConsumerProgress::parse(&with_progress(&format!(r#"{{"TopicList":{part}}}"#)));
    }
}
