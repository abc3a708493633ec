//! Keys that are missing, wrong or expired.

use super::first_cause;
use crate::{
    harness::{Cloud, KEY_ID, SECRET, against, assert_says, usual},
    servers,
};
use cms_sim::{Fault, FaultKind};
use std::process::Command;

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
