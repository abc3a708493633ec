//! `doctor` names the cause at the first try.

mod data;
mod keys;
mod network;

use crate::{
    harness::{Cloud, Ended, INSTANCE, OTHER, against, assert_says, program, usual},
    servers,
};
use cms_sim::{Fault, FaultKind};
use std::process::Command;

/// The last line, of a run that failed.
#[track_caller]
fn first_cause(command: &mut Command) -> String {
    let ended = Ended::of(command);
    let out = ended.with(1);
    let last = out.trim_end().lines().last().unwrap();
    let cause = last.strip_prefix("first cause: ");
    let cause = cause.unwrap_or_else(|| panic!("{out}")).to_owned();
    let advice = cause.split(" -> ").nth(1);
    assert!(
        advice.is_some_and(|advice| !advice.is_empty()),
        "what to do is told: {cause}"
    );
    cause
}

fn with(fault: FaultKind) -> Cloud {
    Cloud::start(usual().fault(Fault::new(fault)))
}

#[test]
fn when_all_is_well_every_step_is_ok_and_the_code_is_0() {
    let cloud = Cloud::usual();
    let ended = cloud.run(&["doctor", "--group.expect=busy", "-o", "json"]);
    let document = ended.json();
    assert_eq!(document["ok"], true);
    assert!(document["first_cause"].is_null());
    let steps = document["steps"].as_array().unwrap();
    let verdicts: Vec<_> = steps
        .iter()
        .map(|step| {
            (
                step["step"].as_str().unwrap(),
                step["verdict"].as_str().unwrap(),
            )
        })
        .collect();
    let expected = [
        ("configuration", "ok"),
        ("credentials", "ok"),
        // An address needs no name service.
        ("dns", "skipped"),
        ("connection", "ok"),
        ("clock", "ok"),
        ("authentication", "ok"),
        ("permission", "ok"),
        ("answer", "ok"),
        ("instances", "ok"),
        ("metric", "ok"),
        ("data", "ok"),
        ("expected", "ok"),
        ("budget", "ok"),
    ];
    assert_eq!(verdicts, expected, "{document:#}");
    let text = cloud.run(&["doctor"]).with(0);
    assert_says(
        &text,
        &[
            "LTAI****0001",
            "3 groups fresh",
            "43,200 a month of 1,000,000",
            "no failure: lag can be read\n",
        ],
    );
}

#[test]
fn what_the_cloud_or_the_way_there_refuses_is_named() {
    for (fault, parts) in [
        (
            FaultKind::Forbidden,
            &[
                "permission:",
                "cms:QueryMetricList",
                "cms:DescribeMetricList",
                "AliyunCloudMonitorReadOnlyAccess",
            ][..],
        ),
        (
            FaultKind::AccessKeyNotFound,
            &["authentication:", "id is not known", "InvalidAccessKeyId"],
        ),
        (
            FaultKind::ClockSkew { seconds: -3600 },
            &["clock:", "1h00m ahead of CloudMonitor's", "NTP"],
        ),
        (
            FaultKind::ClockSkew { seconds: 3600 },
            &["clock:", "behind CloudMonitor's", "NTP"],
        ),
        (
            FaultKind::Throttling,
            &[
                "answer:",
                "throttles",
                "Throttling.User",
                "--cms.rate-limit",
            ],
        ),
        (
            FaultKind::ServiceUnavailable,
            &["answer:", "ServiceUnavailable", "status.alibabacloud.com"],
        ),
        (
            FaultKind::InternalError,
            &["answer:", "InternalError", "wait"],
        ),
        (
            FaultKind::Html502,
            &[
                "answer:",
                "HTTP 502",
                "without an error code",
                "HTTPS_PROXY",
            ],
        ),
        (
            FaultKind::Empty500,
            &["answer:", "HTTP 500", "without an error code"],
        ),
        (FaultKind::Reset, &["connection:", "no connection"]),
        (
            FaultKind::NegativeValues,
            &[
                "data:",
                "could not be read",
                "negative",
                "nothing is wrong with the key or the id",
            ],
        ),
    ] {
        let cloud = with(fault);
        let cause = first_cause(&mut cloud.command(&["doctor"]));
        assert_says(&cause, parts);
    }
}

#[test]
fn a_wrong_configuration_is_the_first_cause() {
    let cause = first_cause(&mut program(&["doctor"]));
    assert_says(&cause, &["configuration:", "--cms.instance"]);
}

#[test]
fn more_calls_than_the_budget_are_a_warning_because_lag_is_read_all_the_same() {
    let cloud = Cloud::usual();
    let out = cloud
        .run(&[
            "doctor",
            "--collect.schedule=fixed",
            "--collect.interval=1s",
        ])
        .with(0);
    assert_says(
        &out,
        &[
            "warn     budget",
            "2,592,000 a month of 1,000,000",
            "the exporter will ask more rarely",
        ],
    );
}

#[test]
fn what_cannot_work_any_more_is_skipped_with_the_reason() {
    let text = Ended::of(&mut against(&servers::closed(), &["doctor"])).with(1);
    for step in [
        "clock",
        "authentication",
        "permission",
        "answer",
        "instances",
        "metric",
        "data",
    ] {
        assert!(
            text.contains(&format!("skipped  {step:<15} ")),
            "{step}:\n{text}"
        );
    }
    assert_eq!(text.matches("\nfailed ").count(), 1, "{text}");
}

#[test]
fn the_first_cause_names_its_source_when_there_are_several() {
    let cloud = Cloud::usual();
    let file = tempfile::NamedTempFile::new().unwrap();
    let source = |name: &str, region: &str, id: &str| {
        let url = cloud.url();
        format!(
            "  - {{ name: {name}, region: {region}, instances: [{id}], endpoint: \"{url}\" }}\n"
        )
    };
    let sources = source("main", "cn-hangzhou", INSTANCE) + &source("shop", "cn-shanghai", OTHER);
    let text = format!("sources:\n{sources}");
    std::fs::write(file.path(), text).unwrap();
    let path = file.path().to_str().unwrap();
    let mut command = cloud.command(&["doctor", "--config.file", path]);
    command
        .env_remove("KAFKA_LAG_CMS_REGION")
        .env_remove("KAFKA_LAG_CMS_ENDPOINT")
        .env_remove("KAFKA_LAG_CMS_INSTANCE");
    let cause = first_cause(&mut command);
    assert!(cause.starts_with("source shop: "), "{cause}");
}
