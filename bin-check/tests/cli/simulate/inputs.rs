//! Where the lag comes from, and which autoscalers there are.

use super::{changes, out, rows, simulate};
use crate::harness::{Ended, assert_says};
use std::{fs, io::Write as _, process::Stdio};

const STEPS: &str = "base=2,max=5,above 100000:+1,above 150000:+2,back=50000";

#[test]
fn a_series_of_a_file_and_of_stdin_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lag.csv");
    let text = "timestamp,lag\n2026-01-15T08:30:00Z,120000\n2026-01-15T08:31:00Z,\n2026-01-15T08:32:00Z,0\n";
    fs::write(&path, text).unwrap();
    let file = out(&["--hpa=average.yaml", "--series", path.to_str().unwrap()]);
    assert_says(&file, &["2026-01-15 08:30:00"]);
    let table: Vec<_> = file
        .lines()
        .filter(|line| line.starts_with("2026-"))
        .collect();
    assert_eq!(table.len(), 3, "{file}");
    assert_says(table[0], &["120,000  2 -> 3"]);
    assert_says(
        table[1],
        &["08:31:00         -  3 ", "FailedGetExternalMetric"],
    );
    assert_says(table[2], &["08:32:00         0  3 -> 2"]);

    let mut command = simulate(&["--hpa=average.yaml", "--series=-"]);
    let streams = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = streams.spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let answer = child.wait_with_output().unwrap();
    let answer = String::from_utf8(answer.stdout).unwrap();
    let after = |text: &str| text.split_once('\n').unwrap().1.to_owned();
    assert_eq!(after(&answer), after(&file), "only the name differs");
}

#[test]
fn an_outage_moves_nothing_and_is_told() {
    let text = out(&[
        "--hpa=average.yaml",
        "--scenario=steady:120000/10m;outage/15m",
    ]);
    let expected = [("120,000", "2 -> 3"), ("-", "3")];
    assert_eq!(changes(&text), rows(&expected));
    let line = text
        .lines()
        .find(|line| line.starts_with("without a number"));
    assert_says(line.unwrap(), &[" 10m00s"]);
    assert_says(&text, &["no num. │"]);
}

#[test]
fn a_scaled_object_on_recommended_replicas_follows_a_policy_as_an_hpa_does() {
    let played = |follower: &str| {
        let steps = format!("--steps={STEPS}");
        out(&[follower, &steps, "--scenario=steps:100001,160000,49000/10m"])
    };
    let keda = played("--keda=keda-follow.yaml");
    assert_says(
        &keda,
        &[
            "behind it ScaledObject cust-consumer",
            "no polling, fallback",
        ],
    );
    assert_eq!(changes(&keda), changes(&played("--hpa=follow.yaml")));
    assert!(!changes(&keda).is_empty());
}

#[test]
fn a_step_policy_is_followed_to_the_letter() {
    let scenario = "--scenario=steps:56000,100001,60000,150001,100000,50000/5m";
    let expected = rows(&[
        ("56,000", "2"),
        ("100,001", "2 -> 3"),
        ("150,001", "3 -> 4"),
        ("100,000", "4 -> 3"),
        ("50,000", "3 -> 2"),
    ]);
    // The HPA behind it waits for nothing; without one, Kubernetes' 5 minutes hold each number.
    let text = out(&["--steps", STEPS, "--hpa=follow.yaml", scenario]);
    assert_eq!(changes(&text), expected);
    assert_says(
        &text,
        &[
            "behind it HPA cust-consumer in follow.yaml",
            "policy 3: the lag asks for it",
        ],
    );
    let text = out(&["--steps", STEPS, scenario]);
    assert_says(&text, &["no behavior", "ScaleDownStabilized"]);
}

#[test]
fn keda_sleeps_wakes_and_falls_back() {
    let scenario = "--scenario=steady:5/2m;steady:0/10m;steady:180000/5m;outage/10m";
    let text = out(&["--keda=keda.yaml", scenario, "--replicas=1"]);
    assert_says(
        &text,
        &[
            "0 replicas 5m after the lag was last above 0",
            "1 -> 0    KEDA: nothing to do for the cooldown period",
            "0 -> 4    KEDA: the lag is above the activation value",
            "after 3 failures 3 replicas (CurrentReplicasIfHigher)",
        ],
    );
    let last = changes(&text).pop().unwrap();
    assert_eq!(
        last,
        ("-".to_owned(), "4".to_owned()),
        "the fallback is lower than what runs"
    );
}

#[test]
fn the_trap_of_the_prometheus_trigger_is_shown() {
    let scenario = "--scenario=steady:180000/10m;outage/15m";
    let text = out(&["--keda=keda-prometheus.yaml", scenario]);
    assert_says(
        &text,
        &[
            "note: ignoreNullValues is not \"false\"",
            "no number: KEDA takes it for 0",
        ],
    );
    assert_eq!(changes(&text).pop().unwrap().1, "4 -> 2");
}

#[test]
fn a_load_answers_what_value_and_average_value_do() {
    let load = "--scenario=load:1200/s,rate:500/s,for:2h";
    let json = |file: &str| -> (u64, u64) {
        let ended = Ended::of(&mut simulate(&["--hpa", file, load, "-o", "json"]));
        let summary = ended.json()["autoscalers"][0]["summary"].clone();
        let number = |key: &str| summary[key].as_u64().unwrap();
        (number("most_replicas"), number("changes"))
    };
    let (most, changes) = json("wide-value.yaml");
    assert!(most == 20 && changes > 30, "{most} {changes}");
    let (most, changes) = json("wide-average.yaml");
    assert!(most == 3 && changes < 12, "{most} {changes}");
}

#[test]
fn a_lag_without_delay_is_seen_at_once_and_with_one_later() {
    let args = ["--hpa=average.yaml", "--scenario=steps:0,120000/5m"];
    let first_change = |more: &[&str]| {
        let text = out(&[&args, more].concat());
        let line = text
            .lines()
            .find(|line| line.contains("->"))
            .unwrap()
            .to_owned();
        line.split_whitespace().next().unwrap().to_owned()
    };
    assert_eq!(first_change(&[]), "5:00");
    assert_eq!(first_change(&["--delay=90s"]), "6:30");
    assert_eq!(first_change(&["--delay=100s", "--period=2m"]), "7:45");
}

#[test]
fn the_rule_of_the_exporters_file_does_what_the_same_steps_do() {
    let scenario = "steps:90000,120000,160000,120000,60000,50000/10m";
    let file = [
        "--config.file",
        "recommend.yaml",
        "--group",
        "cust_docking_analog",
    ];
    let rule = out(&[&["--scenario", scenario][..], &file].concat());
    let written = out(&["--scenario", scenario, "--steps", STEPS]);
    assert!(changes(&rule).len() > 3, "{rule}");
    assert_eq!(changes(&rule), changes(&written));
}

#[test]
fn a_group_without_a_rule_is_told_where_to_look() {
    let mut command = simulate(&[
        "--scenario",
        "steady:1/10m",
        "--config.file",
        "recommend.yaml",
    ]);
    let ended = Ended::of(command.args(["--group", "orders"]));
    let said = ended.err.clone();
    ended.with(1);
    assert!(
        said.contains("no rule under recommend is for orders"),
        "{said}"
    );
    let mut command = simulate(&[
        "--scenario",
        "steady:1/10m",
        "--config.file",
        "recommend.yaml",
    ]);
    Ended::of(&mut command).with(3);
}
