//! Bodies as they may come.

use crate::world::{alert, start, with_value};
use lag_core::alert::{AlertValue, Fingerprint, LabelNames, Payload, Status};
use proptest::prelude::*;
use serde_json::json;

fn parse(body: &serde_json::Value) -> Payload {
    Payload::parse(body.to_string().as_bytes()).unwrap()
}

fn error(body: &str) -> String {
    Payload::parse(body.as_bytes()).unwrap_err().to_string()
}

#[test]
fn only_status_and_alerts_must_be_there() {
    let payload =
        parse(&json!({"status": "firing", "alerts": [{"status": "firing"}], "x": {"y": [1]}}));
    let alert = &payload.alerts[0];
    assert_eq!(alert.status, Status::Firing);
    assert_eq!((alert.starts_at, alert.id()), (None, None));
    assert_eq!(alert.fingerprint, Fingerprint::of(&alert.labels));
    assert!(
        parse(&json!({"status": "resolved", "alerts": []}))
            .alerts
            .is_empty()
    );
    for body in [
        "",
        "[]",
        "{}",
        r#"{"status":"firing"}"#,
        r#"{"alerts":[]}"#,
        r#"{"status":"firing","alerts":null}"#,
    ] {
        assert!(
            error(body).contains("not an Alertmanager webhook"),
            "{body}"
        );
    }
}

#[test]
fn times_have_offsets_and_nanoseconds_and_the_year_1_is_no_time() {
    let payload = parse(&json!({"status": "firing", "alerts": [
        {"status": "firing", "startsAt": "2026-11-22T11:34:15.713000001+08:00", "endsAt": "0001-01-01T00:00:00Z"},
        {"status": "resolved", "startsAt": "yesterday", "endsAt": "2026-11-22T03:37:27Z"},
    ]}));
    let times = |index: usize| {
        let alert = &payload.alerts[index];
        let text = |at: Option<jiff::Timestamp>| at.map(|at| at.to_string());
        (text(alert.starts_at), text(alert.ends_at))
    };
    assert_eq!(
        times(0),
        (Some("2026-11-22T03:34:15.713000001Z".into()), None)
    );
    assert_eq!(times(1), (None, Some("2026-11-22T03:37:27Z".into())));
}

#[test]
fn another_status_is_none_and_is_not_taken_for_firing() {
    let payload = parse(
        &json!({"status": "firing", "alerts": [{"status": "FIRING"}, {"status": null}, {}, {"status": "pending"}]}),
    );
    assert!(
        payload
            .alerts
            .iter()
            .all(|alert| alert.status == Status::Unknown)
    );
}

#[test]
fn numbers_of_a_template_are_texts_and_nulls_are_missing() {
    let payload = parse(&json!({"status": "firing", "alerts": [{"status": "firing",
        "labels": {"a": 5, "b": 1.5, "c": true, "d": null, "e": "-1"}, "annotations": null, "fingerprint": "no hash"}]}));
    let labels = &payload.alerts[0].labels;
    let shown: Vec<_> = labels
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    assert_eq!(shown, ["a=5", "b=1.5", "c=true", "e=-1"]);
    assert_eq!(payload.alerts[0].fingerprint, Fingerprint::of(labels));
}

#[test]
fn what_is_too_large_is_refused_with_what_to_do() {
    let many = vec![json!({"status": "firing"}); 1001];
    let body = json!({"status": "firing", "alerts": many}).to_string();
    assert!(error(&body).contains("1001 alerts, and at most 1000 are read: set max_alerts"));
    let long = "x".repeat(16_385);
    let body = json!({"status": "firing", "alerts": [{}, {"labels": {"a": long}}]}).to_string();
    assert!(
        error(&body).contains("alert 1 (from 0) is too large"),
        "{}",
        error(&body)
    );
    let labels: serde_json::Map<_, _> = (0..129).map(|n| (n.to_string(), json!("x"))).collect();
    let body = json!({"status": "firing", "alerts": [{"annotations": labels}]}).to_string();
    assert!(error(&body).contains("alert 0 (from 0) is too large"));
}

#[test]
fn depth_neither_panics_nor_hides_the_alerts() {
    let nest = |inner: &str| format!("{}{inner}{}", "[".repeat(10_000), "]".repeat(10_000));
    let body = |x: &str, label: &str| {
        format!(r#"{{"status":"firing","x":{x},"alerts":[{{"labels":{{"a":{label}}}}}]}}"#)
    };
    let passed_over = Payload::parse(body(&nest("1"), "5").as_bytes()).unwrap();
    assert_eq!(passed_over.alerts.len(), 1);
    assert!(error(&body("1", &nest("1"))).contains("not an Alertmanager webhook"));
}

#[test]
fn the_value_is_the_annotation_then_the_label_and_never_zero_for_want_of_one() {
    let names = LabelNames::default();
    let bare = alert("scale-out", "g", start());
    assert_eq!(AlertValue::of(&bare, &names), AlertValue::Missing);
    let mut both = with_value(bare.clone(), "1.795318675632e+09");
    both.labels.insert("value".into(), "5".into());
    assert_eq!(
        AlertValue::of(&both, &names),
        AlertValue::Number(1_795_318_675.632)
    );
    let humanized = with_value(bare.clone(), "180.3k");
    assert_eq!(
        AlertValue::of(&humanized, &names),
        AlertValue::Unreadable("180.3k".into())
    );
    let mut both = humanized;
    both.labels.insert("value".into(), "180300".into());
    assert_eq!(AlertValue::of(&both, &names), AlertValue::Number(180_300.0));
    let zero = with_value(bare, "0");
    assert_eq!(AlertValue::of(&zero, &names), AlertValue::Number(0.0));
}

proptest! {
    #[test]
    fn no_bytes_make_the_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Payload::parse(&bytes);
    }

    #[test]
    fn no_damage_to_a_captured_body_makes_the_parser_panic(cut in 0_usize..2256, byte: u8) {
        let mut body = include_bytes!("../fixtures/alertmanager/partly-resolved.json").to_vec();
        let cut = cut.min(body.len() - 1);
        let _ = Payload::parse(&body[..cut]);
        body[cut] = byte;
        let _ = Payload::parse(&body);
    }

    #[test]
    fn any_label_set_has_one_fingerprint_that_reads_back(labels in prop::collection::btree_map(".{0,8}", ".{0,8}", 0..5)) {
        let fingerprint = Fingerprint::of(&labels);
        prop_assert_eq!(fingerprint.to_string().parse::<Fingerprint>().unwrap(), fingerprint);
    }
}
