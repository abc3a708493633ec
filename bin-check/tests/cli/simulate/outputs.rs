//! Text, JSON, pictures, and several autoscalers beside each other.

use super::{out, simulate};
use crate::harness::{Ended, assert_says};
use std::fs;

#[test]
fn json_has_every_sync_and_null_for_no_number() {
    let arguments = [
        "--hpa=average.yaml",
        "--scenario=steady:120000/1m;outage/6m;steady:0/1m",
        "-o=json",
    ];
    let json = Ended::of(&mut simulate(&arguments)).json();
    let scaler = &json["autoscalers"][0];
    assert_eq!(scaler["name"], "average");
    let syncs = scaler["syncs"].as_array().unwrap();
    assert_eq!(syncs.len(), 32);
    assert_eq!(syncs[0]["lag_seen"], 120_000);
    assert_eq!(
        (&syncs[0]["replicas_before"], &syncs[0]["replicas"]),
        (&2.into(), &3.into())
    );
    assert_eq!(syncs[0]["reason"], "DesiredWithinRange");
    let dark: Vec<_> = syncs
        .iter()
        .filter(|sync| sync["lag_seen"].is_null())
        .collect();
    assert_eq!(
        dark.len(),
        4,
        "from 6:00 to 6:45, the last point is of 0:45"
    );
    for sync in dark {
        assert!(
            sync["lag"].is_null() && sync["metric"].is_null() && sync["desired"].is_null(),
            "{sync}"
        );
        assert_eq!(
            (&sync["replicas_before"], &sync["replicas"]),
            (&3.into(), &3.into())
        );
    }
    assert_eq!(syncs[31]["lag_seen"], 0, "a true zero stays visible");
    assert_eq!(scaler["summary"]["without_number_seconds"], 60);
}

#[test]
fn several_autoscalers_have_a_column_each_over_the_same_lag() {
    let text = out(&[
        "--hpa=value.yaml",
        "--hpa=average.yaml",
        "--steps=base=2,max=5,above 100000:+1,above 150000:+2,back=50000",
        "--scenario=steps:56000,120000/5m",
    ]);
    assert_says(
        &text,
        &[
            "TIME  LAG SEEN  value   average  steps",
            "0:00    56,000  2 -> 3  2        2",
            "5:00   120,000  5       2 -> 3   2 -> 3",
            "replicas of average",
        ],
    );
    assert_eq!(text.lines().filter(|line| line.trim() == "lag").count(), 1);
    for line in text.lines().skip_while(|line| line.trim() != "lag") {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn the_same_file_twice_has_two_names() {
    let text = out(&[
        "--hpa=value.yaml",
        "--hpa=value.yaml",
        "--scenario=steady:5/5m",
    ]);
    assert_says(&text, &["value:", "value-2:"]);
}

#[test]
fn a_picture_is_one_file_without_scripts_and_takes_the_place_of_the_charts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.svg");
    let text = out(&[
        "--hpa=average.yaml",
        "--scenario=steady:120000/10m;outage/15m",
        "--svg",
        path.to_str().unwrap(),
    ]);
    assert!(!text.contains('│'), "{text}");
    let svg = fs::read_to_string(path).unwrap();
    assert!(svg.starts_with("<svg xmlns=") && svg.ends_with("</svg>\n"));
    assert_says(
        &svg,
        &[
            "prefers-color-scheme:dark",
            "class=\"gap\"",
            "target × replicas",
            "no number",
        ],
    );
    for refused in ["<script", "href", "NaN", "inf"] {
        assert!(!svg.contains(refused), "{refused}");
    }
}

#[test]
fn many_changes_are_cut_and_the_rest_is_counted() {
    let text = out(&[
        "--hpa=wide-value.yaml",
        "--scenario=load:1200/s,rate:500/s,for:6h",
    ]);
    assert_says(&text, &["more; -o json has every sync"]);
}

#[test]
fn a_reader_that_goes_away_is_no_mistake() {
    let mut command = simulate(&["--hpa=value.yaml", "--scenario=steady:5/5m"]);
    let mut child = command
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
