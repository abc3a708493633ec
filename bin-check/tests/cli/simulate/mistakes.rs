//! What is said about mistakes, in one line, with the exit code that goes with it.

use super::simulate;
use crate::harness::{Ended, assert_says};

const SCENARIO: &str = "--scenario=steady:5/5m";

#[track_caller]
fn refused(arguments: &[&str], code: i32, parts: &[&str]) {
    let ended = Ended::of(&mut simulate(arguments));
    assert_eq!(ended.code, Some(code), "{ended:#?}");
    assert_eq!(ended.out, "", "{arguments:?}");
    assert_eq!(ended.err.lines().count(), 1, "{ended:#?}");
    assert_says(&ended.err, parts);
}

#[test]
fn a_wrong_command_line_ends_with_3() {
    refused(&[SCENARIO], 3, &["--hpa <FILE>"]);
    refused(&["--hpa=value.yaml"], 3, &["--series <FILE>"]);
    refused(
        &["--hpa=value.yaml", SCENARIO, "--series=-"],
        3,
        &["cannot be used with"],
    );
    refused(
        &["--hpa=value.yaml", SCENARIO, "--save=x.csv"],
        3,
        &["cannot be used with"],
    );
}

#[test]
fn flags_of_a_recording_are_for_a_recording() {
    for flag in ["--save=x.csv", "--for=5m", "--every=5s"] {
        refused(
            &["--hpa=value.yaml", SCENARIO, flag],
            3,
            &["cannot be used with"],
        );
    }
}

#[test]
fn a_wrong_value_ends_with_1_and_names_the_flag() {
    let hpa = "--hpa=value.yaml";
    for (flag, parts) in [
        ("--tolerance=2", ["--tolerance 2", "from 0 to less than 1"]),
        ("--sync-period=5", ["--sync-period", "such as 30s"]),
        ("--sync-period=10ms", ["--sync-period 10ms", "1s to 1d"]),
        ("--start-up=x", ["--start-up", "such as 30s"]),
        ("--delay=x", ["--delay", "such as 30s"]),
        ("--period=0s", ["--period", "1s to 1d"]),
        ("--delay=2d", ["--delay", "at most 1d"]),
        ("--max-age=x", ["--max-age", "such as 30s"]),
        ("--above=-5", ["--above -5", "not negative"]),
        (
            "--svg=no/such/folder.svg",
            ["--svg no/such/folder.svg", "cannot be written"],
        ),
    ] {
        refused(&[hpa, SCENARIO, flag], 1, &parts);
    }
    refused(
        &[hpa, "--scenario=flat:5"],
        1,
        &["--scenario flat:5", "write steady:"],
    );
    refused(
        &[
            hpa,
            "--scenario=load:1/s,rate:1/s,for:2y",
            "--sync-period=1d",
        ],
        1,
        &["write at most 366d"],
    );
    refused(
        &[hpa, "--scenario=steady:5/9y"],
        1,
        &["write shorter durations"],
    );
    refused(&[hpa, "--series=none.csv"], 1, &["none.csv cannot be read"]);
    refused(
        &[hpa, "--series=value.yaml"],
        1,
        &["--series value.yaml", "line"],
    );
    refused(
        &[hpa, "--record=http://h/metrics"],
        1,
        &["/api/v1/lag/INSTANCE/GROUP"],
    );
    for url in [
        "http://user:pw-5@h:9876/api/v1/lag/i/g",
        "http://user:pw-5@h/metrics",
        "http://user:p/w-5@h/api/v1/lag/i/g",
        "user:pw-5@h/api/v1/lag/i/g",
    ] {
        let ended = Ended::of(&mut simulate(&[hpa, "--record", url]));
        assert_says(&ended.err, &["--record", "is refused", "http://HOST:9876/"]);
        assert!(!ended.err.contains("w-5"), "{ended:?}");
        assert_eq!(ended.with(1), "");
    }
    refused(
        &[
            hpa,
            "--scenario=load:1200/s,rate:500/s,for:2h,peak:3000/s@3h+20m",
        ],
        1,
        &["\"peak:3000/s@3h+20m\"", "longer for:"],
    );
    refused(
        &["--steps=base=2", SCENARIO],
        1,
        &["--steps \"base=2\"", "max is missing"],
    );
    refused(
        &["--drain=within=10m", SCENARIO],
        1,
        &["--drain", "min is missing"],
    );
}

#[test]
fn a_manifest_that_is_not_simulated_is_told_with_file_field_and_what_to_do() {
    refused(
        &["--hpa=beta.yaml", SCENARIO],
        1,
        &[
            "beta.yaml: apiVersion is \"autoscaling/v2beta2\"",
            "kafka-lag lint beta.yaml",
        ],
    );
    refused(
        &["--hpa=keda.yaml", SCENARIO],
        1,
        &["keda.yaml: holds no HorizontalPodAutoscaler, but ScaledObject"],
    );
    refused(
        &["--keda=value.yaml", SCENARIO],
        1,
        &["value.yaml: holds no ScaledObject"],
    );
    refused(&["--hpa=README.md", SCENARIO], 1, &["README.md"]);
    refused(
        &["--hpa=follow.yaml", SCENARIO],
        1,
        &[
            "follow.yaml: AverageValue 1",
            "--steps, --drain or --config.file",
        ],
    );
    refused(
        &["--keda=keda-follow.yaml", SCENARIO],
        1,
        &["keda-follow.yaml", "--steps, --drain or --config.file"],
    );
    let many = ["--hpa=value.yaml"; 7];
    refused(
        &[&many[..], &[SCENARIO]].concat(),
        1,
        &["7 autoscalers: compare at most 6"],
    );
}
