//! `show`: one look, as text and as JSON.

use crate::harness::{Cloud, Ended, INSTANCE, OTHER, against, assert_says, usual};
use crate::servers;
use cms_sim::{Fault, FaultKind, Scenario, SimConfig};
use std::process::Stdio;

#[test]
fn the_largest_lag_comes_first_and_a_zero_stays_visible() {
    let ended = Cloud::usual().run(&["show"]);
    assert_eq!(ended.err, "");
    let out = ended.with(0);
    let rows: Vec<Vec<&str>> = out
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(
        rows[0],
        ["GROUP", "LAG", "TREND", "DRAINS", "IN", "AGE", "STATE"]
    );
    assert_eq!(rows[1][..3], ["busy", "150,001", "steady"]);
    assert_eq!(rows[2][..2], ["订单中心_消费组", "7,000"]);
    assert_eq!(rows[3][..2], ["caught-up", "0"]);
    assert_says(&out, &["3 fresh; read at "]);
}

#[test]
fn names_order_and_top_are_as_asked_for() {
    let cloud = Cloud::usual();
    let out = cloud.run(&["show", "--sort=name", "--top=2"]).with(0);
    let names: Vec<_> = out
        .lines()
        .skip(1)
        .map(|line| line.split_whitespace().next())
        .take(2)
        .collect();
    assert_eq!(names, [Some("busy"), Some("caught-up")]);
    assert_says(&out, &["… and 1 more"]);
    let out = cloud.run(&["show", "--group.exclude=exact:busy"]).with(0);
    assert!(!out.contains("busy") && out.contains("2 fresh"), "{out}");
}

#[test]
fn the_document_has_stable_keys_and_plain_numbers() {
    let cloud = Cloud::start(usual().group(INSTANCE, "draining", Scenario::drain(600_000, 6_000)));
    let document = cloud
        .run(&["show", "-o", "json", "--group.expect=missing"])
        .json();
    let keys: Vec<_> = document.as_object().unwrap().keys().cloned().collect();
    assert_eq!(
        keys,
        [
            "collected_at",
            "errors",
            "groups",
            "groups_left_out",
            "instances",
            "sources"
        ]
    );
    let groups = document["groups"].as_array().unwrap();
    let of = |name: &str| {
        groups
            .iter()
            .find(|group| group["consumer_group"] == name)
            .unwrap()
    };
    let expected = [
        "age_seconds",
        "change_per_second",
        "consumer_group",
        "drain_seconds",
        "instance_id",
        "lag",
        "state",
        "timestamp",
    ];
    for group in groups {
        let keys: Vec<_> = group.as_object().unwrap().keys().cloned().collect();
        assert_eq!(keys, expected);
    }
    assert_eq!(of("caught-up")["lag"], 0);
    assert_eq!(of("busy")["lag"], 150_001);
    assert_eq!(of("busy")["drain_seconds"], serde_json::Value::Null);
    assert!(of("busy")["age_seconds"].as_i64().unwrap() >= 60);
    assert_eq!(of("missing")["state"], "absent");
    assert!(of("missing")["lag"].is_null(), "absence is no number");
    assert_eq!(document["instances"][0]["state"], "up");
    assert_eq!(document["errors"], serde_json::json!([]));
}

#[test]
fn a_failed_instance_is_a_row_without_a_number_and_the_code_is_1() {
    let fault = Fault::new(FaultKind::InvalidParameter).on_instance(OTHER);
    let cloud = Cloud::start(usual().instance(OTHER).fault(fault));
    let both = format!("--cms.instance={INSTANCE},{OTHER}");
    let out = cloud.run(&["show", &both]).with(1);
    assert_says(
        &out,
        &["INSTANCE", "150,001", &format!("{OTHER} could not be read")],
    );
    let row: Vec<_> = out.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(row, [OTHER, "-", "-", "-", "-", "-", "failed"]);

    let ended = cloud.run(&["show", &both, "-o", "json"]);
    assert_eq!(ended.code, Some(1));
    let document = ended.json();
    assert_eq!(document["errors"][0]["instance_id"], OTHER);
    assert_eq!(document["errors"][0]["kind"], "invalid_request");
    assert_eq!(document["instances"][0]["state"], "failed");
    assert_eq!(document["instances"][1]["state"], "up");
}

#[test]
fn an_unreachable_cloud_is_a_table_too() {
    let out = Ended::of(&mut against(
        &servers::closed(),
        &["show", "--group.expect=busy"],
    ))
    .with(1);
    assert_says(
        &out,
        &["failed", "could not be read", "check that 127.0.0.1:"],
    );
    assert_eq!(
        out.lines().filter(|line| line.ends_with("failed")).count(),
        2,
        "{out}"
    );
}

#[test]
fn an_instance_without_points_is_told_and_is_not_a_zero() {
    let cloud = Cloud::start(SimConfig::default().instance(INSTANCE));
    let ended = cloud.run(&["show"]);
    assert_says(
        &ended.err,
        &[
            "no group was found",
            "CloudMonitor answers, but has no usable points",
            "kafka-lag doctor",
        ],
    );
    assert_eq!(ended.with(1), "");
    let ended = cloud.run(&["show", "-o", "json"]);
    assert_eq!(ended.code, Some(1));
    let document = ended.json();
    assert_eq!(document["instances"][0]["state"], "silent");
    assert_eq!(document["groups"], serde_json::json!([]));
}

#[test]
fn many_pages_are_one_table() {
    let cloud = Cloud::start(SimConfig::scale(700));
    let ended = cloud.run(&["show"]);
    assert_eq!(ended.err, "", "progress is for terminals only");
    assert_says(&ended.with(0), &["700 fresh"]);
    assert!(cloud.simulator.counters().calls > 1);
}

#[test]
fn topics_are_rows_with_a_column_of_their_own() {
    let out = Cloud::usual().run(&["show", "--collect.topics"]).with(0);
    assert_says(out.lines().next().unwrap(), &["GROUP", "TOPIC", "LAG"]);
    assert_eq!(
        out.lines().filter(|line| line.starts_with("busy ")).count(),
        3,
        "{out}"
    );
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let cloud = Cloud::start(SimConfig::scale(2000));
    let mut command = cloud.command(&["show"]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(ended.stderr).unwrap(), "");
    assert_eq!(ended.status.code(), Some(0));
}

#[test]
fn instances_refused_for_one_reason_are_one_remark() {
    let cloud = Cloud::start(usual().fault(Fault::new(FaultKind::Forbidden)));
    let ids: Vec<_> = (0..60).map(|n| format!("alikafka_pre-cn-{n:04}")).collect();
    let all = format!("--cms.instance={}", ids.join(","));
    let out = cloud.run(&["show", &all]).with(1);
    assert_eq!(out.matches("could not be read").count(), 1, "{out}");
    assert_says(&out, &["and 57 more could not be read", "Forbidden.RAM"]);
}
