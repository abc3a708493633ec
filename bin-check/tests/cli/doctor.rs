//! `doctor` names the cause at the first try.

use crate::{
    harness::{
        Cloud, Ended, INSTANCE, KEY_ID, OTHER, SECRET, against, assert_says, program, usual,
    },
    servers,
};
use cms_sim::{Fault, FaultKind, Scenario, SimConfig};
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
fn missing_and_half_keys_are_named() {
    let url = servers::closed();
    let without = |command: &mut Command| {
        command
            .env_remove("ALIBABA_CLOUD_ACCESS_KEY_ID")
            .env_remove("ALIBABA_CLOUD_ACCESS_KEY_SECRET");
    };
    let mut command = against(&url, &["doctor"]);
    without(&mut command);
    let cause = first_cause(&mut command);
    assert_says(
        &cause,
        &[
            "credentials:",
            "no credentials are configured in",
            "ALIBABA_CLOUD_ACCESS_KEY_ID",
        ],
    );

    let mut command = against(&url, &["doctor"]);
    without(&mut command);
    let cause = first_cause(command.env("ALIBABA_CLOUD_ACCESS_KEY_ID", KEY_ID));
    assert_says(
        &cause,
        &["credentials:", "ALIBABA_CLOUD_ACCESS_KEY_SECRET is not set"],
    );
}

#[test]
fn a_wrong_secret_is_told_from_an_unknown_key() {
    let cloud = Cloud::usual();
    let mut command = cloud.command(&["doctor"]);
    let cause = first_cause(command.env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "TESTonlyWRONG"));
    assert_says(
        &cause,
        &[
            "authentication:",
            "SignatureDoesNotMatch",
            "secret is wrong",
        ],
    );
    let mut command = cloud.command(&["doctor"]);
    let cause = first_cause(command.env("ALIBABA_CLOUD_ACCESS_KEY_ID", "LTAIunknown"));
    assert_says(&cause, &["authentication:", "id is not known"]);
}

#[test]
fn an_expired_token_is_named() {
    let config = usual().fault(Fault::new(FaultKind::SecurityTokenExpired));
    let cloud = Cloud::start_with(config, "STS.NUtestONLY", SECRET, Some("CAIStestONLY"));
    let mut command = cloud.command(&["doctor"]);
    command
        .env("ALIBABA_CLOUD_ACCESS_KEY_ID", "STS.NUtestONLY")
        .env("ALIBABA_CLOUD_SECURITY_TOKEN", "CAIStestONLY");
    let cause = first_cause(&mut command);
    assert_says(
        &cause,
        &[
            "authentication:",
            "token has expired",
            "InvalidSecurityToken.Expired",
        ],
    );
}

#[test]
fn a_host_that_does_not_exist_is_a_matter_of_dns() {
    let cause = first_cause(&mut against("http://no-such-host.invalid", &["doctor"]));
    assert_says(
        &cause,
        &[
            "dns:",
            "no-such-host.invalid does not resolve",
            "--cms.endpoint",
        ],
    );
}

#[test]
fn a_refused_connection_is_named() {
    let cause = first_cause(&mut against(&servers::closed(), &["doctor"]));
    assert_says(
        &cause,
        &[
            "connection:",
            "no connection to 127.0.0.1:",
            "refused",
            "--cms.endpoint",
        ],
    );
}

#[test]
fn a_server_that_does_not_answer_is_a_timeout() {
    let cloud = with(FaultKind::Stall);
    let cause = first_cause(&mut cloud.command(&["doctor", "--cms.timeout=300ms"]));
    assert_says(
        &cause,
        &[
            "connection:",
            "does not answer in time",
            "--cms.network vpc",
        ],
    );
}

#[test]
fn an_untrusted_certificate_is_told_from_a_broken_connection() {
    let ca = servers::certificate("server.pem");
    let ca = ca.to_str().unwrap();
    let cause = first_cause(&mut against(
        &servers::untrusted(),
        &["doctor", "--cms.ca-file", ca],
    ));
    assert_says(
        &cause,
        &["connection:", "certificate", "not trusted", "--cms.ca-file"],
    );
}

#[test]
fn a_machine_without_certificates_is_told_what_to_install() {
    let mut command = against("https://127.0.0.1:1", &["doctor"]);
    command
        .env("SSL_CERT_FILE", "/nonexistent")
        .env("SSL_CERT_DIR", "/nonexistent");
    assert_says(&first_cause(&mut command), &["ca-certificates"]);
}

#[test]
fn a_login_page_is_no_answer_of_the_cloud() {
    let page = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 21\r\nconnection: close\r\n\r\n<html>Sign in!</html>";
    let cause = first_cause(&mut against(&servers::always(page), &["doctor"]));
    assert_says(&cause, &["answer:", "HTML", "HTTPS_PROXY"]);
    let refused = "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let cause = first_cause(&mut against(&servers::always(refused), &["doctor"]));
    assert_says(&cause, &["answer:", "407", "HTTPS_PROXY"]);
}

#[test]
fn a_wrong_region_is_named_with_and_without_the_kafka_permission() {
    let cloud = Cloud::usual();
    let cause = first_cause(&mut cloud.command(&["doctor", "--cms.region=cn-shanghai"]));
    assert_says(
        &cause,
        &[
            "instances:",
            "cn-shanghai has no Kafka instance",
            "--cms.region",
        ],
    );

    let fault = Fault::new(FaultKind::KafkaForbidden);
    let cloud = Cloud::start(SimConfig::default().instance(INSTANCE).fault(fault));
    let text = cloud.run(&["doctor"]).with(1);
    assert_says(
        &text,
        &[
            "warn     instances",
            "alikafka:GetInstanceList",
            "AliyunKafkaReadOnlyAccess",
        ],
    );
    assert_says(
        &text,
        &[
            "first cause: data:",
            "absent",
            "the region is wrong, or the id is, or no consumer group",
        ],
    );
}

#[test]
fn an_instance_without_groups_is_no_failure_and_no_number_either() {
    let cloud = Cloud::start(SimConfig::default().instance(INSTANCE));
    let text = cloud.run(&["doctor"]).with(1);
    assert_says(
        &text,
        &[
            "warn     data",
            "the instance exists",
            "no failure found, but there is no fresh number: see the warnings above\n",
        ],
    );
    assert!(!text.contains("can be read"), "{text}");
    let document = cloud.run(&["doctor", "-o", "json"]).json();
    assert_eq!(document["ok"], false);
    assert!(document["first_cause"].is_null());
}

#[test]
fn one_wrong_instance_among_right_ones_is_named_with_the_right_one() {
    let cloud = Cloud::usual();
    let wrong = INSTANCE.replace("01", "10");
    let both = format!("--cms.instance={INSTANCE},{wrong}");
    let text = cloud.run(&["doctor", &both]).with(1);
    assert_says(
        &text,
        &[
            "first cause: instances:",
            &wrong,
            &format!("did you mean {INSTANCE}?"),
            "3 groups fresh",
        ],
    );

    // When CloudMonitor itself refuses the one, the others are read.
    let fault = Fault::new(FaultKind::InvalidParameter).on_instance(OTHER);
    let cloud = Cloud::start(usual().instance(OTHER).fault(fault));
    let both = format!("--cms.instance={INSTANCE},{OTHER}");
    let text = cloud.run(&["doctor", &both]).with(1);
    assert_says(
        &text,
        &[
            "first cause: data:",
            &format!("{OTHER} could not be read"),
            "3 groups fresh",
        ],
    );
}

#[test]
fn an_unknown_metric_is_named_with_the_right_one() {
    let cloud = Cloud::usual();
    let cause = first_cause(&mut cloud.command(&["doctor", "--cms.metric=message_acumulation"]));
    assert_says(
        &cause,
        &[
            "metric:",
            "message_acumulation is not among",
            "message_accumulation?",
            "kafka-lag metrics",
        ],
    );
}

#[test]
fn stale_data_is_told_from_none() {
    let begin = jiff::SignedDuration::from_mins(30);
    #[expect(clippy::disallowed_methods, reason = "the program lives in real time")]
    let begin = jiff::Timestamp::now() - begin;
    let config = SimConfig::default().group(INSTANCE, "gone", Scenario::vanish(9, begin));
    let cloud = Cloud::start(config);
    let text = cloud.run(&["doctor", "--group.expect=gone"]).with(1);
    assert_says(
        &text,
        &[
            "first cause: data:",
            "stale: the newest datum is 3",
            "from 5m00s on it is no number",
        ],
    );
    assert_says(&text, &["gone is absent"]);
}

#[test]
fn filters_that_leave_nothing_are_the_cause() {
    let cloud = Cloud::usual();
    let cause = first_cause(&mut cloud.command(&["doctor", "--group.include=prefix:nope"]));
    assert_says(
        &cause,
        &["data:", "group filters leave none", "--group.include"],
    );
    let cloud = Cloud::start(usual().group(OTHER, "other", Scenario::constant(1)));
    let both = format!("--cms.instance={INSTANCE},{OTHER}");
    let nope = "--group.include=prefix:nope";
    let text = cloud.run(&["doctor", &both, nope]).with(1);
    assert_eq!(text.matches("failed   data").count(), 2, "{text}");
    assert_says(&text, &["first cause: data:", "group filters leave none"]);
}

#[test]
fn an_expected_group_that_is_missing_is_named_with_what_was_meant() {
    let cloud = Cloud::usual();
    let cause = first_cause(&mut cloud.command(&["doctor", "--group.expect=buzy"]));
    assert_says(
        &cause,
        &["expected:", "buzy is absent", "did you mean busy?"],
    );
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
fn pages_that_do_not_end_are_no_matter_of_the_id() {
    let cloud = with(FaultKind::EndlessTokens);
    let cause = first_cause(&mut cloud.command(&["doctor", "--cms.max-pages=3"]));
    assert_says(&cause, &["data:", "raise --cms.max-pages"]);
    assert!(!cause.contains("check the id"), "{cause}");
}

#[test]
fn keys_that_sts_does_not_give_now_are_not_to_be_corrected() {
    let outage = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 69\r\nconnection: close\r\n\r\n\
                  {\"Code\":\"ServiceUnavailable\",\"Message\":\"no\",\"RequestId\":\"0000-00000\"}";
    let clock = "HTTP/1.1 400 Bad Request\r\ncontent-length: 75\r\nconnection: close\r\n\r\n\
                 {\"Code\":\"InvalidTimeStamp.Expired\",\"Message\":\"no\",\"RequestId\":\"0000-00000\"}";
    for (answer, words) in [(outage, "asked again at each collection"), (clock, "NTP")] {
        let mut command = against(&servers::closed(), &["doctor"]);
        command
            .env(
                "KAFKA_LAG_CREDENTIALS_ROLE_ARN",
                "acs:ram::1234567890123456:role/kafka-lag",
            )
            .env(
                "KAFKA_LAG_CREDENTIALS_STS_ENDPOINT",
                servers::always(answer),
            );
        assert_says(&first_cause(&mut command), &["credentials:", words]);
    }
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

#[test]
fn a_server_without_tls_is_named() {
    let page = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let url = servers::always(page).replace("http:", "https:");
    let ca = servers::certificate("server.pem");
    let ca = ca.to_str().unwrap();
    let cause = first_cause(&mut against(&url, &["doctor", "--cms.ca-file", ca]));
    assert_says(&cause, &["connection:", "speaks no TLS there"]);
}
