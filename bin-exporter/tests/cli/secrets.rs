//! No secret in any output: not in logs at trace, not on any page, whatever goes wrong.

use crate::{
    harness::{Cloud, INSTANCE, Running, errors, exporter},
    http,
};
use cms_sim::{Fault, FaultKind, Scenario, SimConfig};

/// As the vendor makes temporary ones.
const KEY_ID: &str = "STS.NUtestONLYkeyID0123456789";
const SECRET: &str = "TESTonlySECRETabcdefghijk";
const WRONG_SECRET: &str = "TESTonlyWRONGabcdefghijkl";
const TOKEN: &str = "CAIStestONLYtoken/+abcdefghij==";

/// Parts, so that no encoding hides them, and what only a signed request holds.
const FORBIDDEN: [&str; 8] = [
    "NUtestONLYkeyID",
    "TESTonlySECRET",
    "TESTonlyWRONG",
    "CAIStestONLY",
    "abcdefghij",
    "Signature=",
    "SignatureNonce",
    "AccessKeyId%3D",
];

#[track_caller]
fn assert_clean(what: &str, text: &str) {
    for secret in FORBIDDEN {
        assert!(!text.contains(secret), "{secret} in {what}: {text}");
    }
}

fn cloud() -> Cloud {
    Cloud::start(
        SimConfig::default()
            .credentials(KEY_ID, SECRET, Some(TOKEN))
            .group(INSTANCE, "busy", Scenario::constant(150_001)),
    )
}

fn talkative(cloud: &Cloud, signature: &str, placement: &str, secret: &str) -> Running {
    let mut command = exporter(&cloud.url());
    command
        .args([
            "--log.level=trace",
            "--cms.signature",
            signature,
            "--cms.placement",
            placement,
        ])
        .env("ALIBABA_CLOUD_ACCESS_KEY_ID", KEY_ID)
        .env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", secret)
        .env("ALIBABA_CLOUD_SECURITY_TOKEN", TOKEN);
    Running::start(&mut command)
}

fn look_at_every_page(running: &Running) {
    let busy = format!("/api/v1/lag/{INSTANCE}/busy");
    for path in [
        "/",
        "/metrics",
        "/healthz",
        "/readyz",
        "/-/healthy",
        "/-/ready",
        "/api/v1/lag",
        &busy,
        "/nowhere",
    ] {
        for accept in ["*/*", "application/openmetrics-text; version=1.0.0"] {
            let reply = http::get(running.address, path, &[("accept", accept)]);
            assert_clean(path, reply.head());
            assert_clean(path, &reply.text());
        }
    }
}

fn end_and_look_at_all_that_was_said(mut running: Running) {
    running.signal("TERM");
    assert_eq!(running.end().code(), Some(0));
    let log = running.log.text();
    assert!(log.contains("level=debug"), "it is talkative: {log}");
    assert_clean("stderr", &log);
    assert_clean("stdout", &running.out.text());
}

#[test]
fn a_good_key_and_a_failing_cloud_show_no_secret() {
    let kinds = [
        ("v1", "query"),
        ("v1", "form"),
        ("v3", "query"),
        ("v3", "form"),
    ];
    let mut all = kinds.map(|(signature, placement)| {
        let cloud = cloud();
        let running = talkative(&cloud, signature, placement, SECRET);
        (cloud, running)
    });
    for (_, running) in &mut all {
        running.wait_until_read();
        look_at_every_page(running);
    }
    for (fault, code) in [
        (FaultKind::Forbidden, "forbidden"),
        (FaultKind::Reset, "network"),
        (FaultKind::Html502, "unavailable"),
        (FaultKind::AccessKeyNotFound, "credentials"),
        (FaultKind::ClockSkew { seconds: 1200 }, "credentials"),
    ] {
        let before = all
            .each_ref()
            .map(|(_, running)| errors(&running.metrics(), code));
        for (cloud, _) in &all {
            cloud.simulator.clear_faults();
            cloud.simulator.inject(Fault::new(fault));
        }
        for ((_, running), before) in all.iter_mut().zip(before) {
            running.metrics_until(|page| errors(page, code) > before);
            look_at_every_page(running);
        }
    }
    for (_, running) in all {
        end_and_look_at_all_that_was_said(running);
    }
}

#[test]
fn a_wrong_secret_shows_none_although_the_cloud_quotes_what_was_signed() {
    for signature in ["v1", "v3"] {
        let cloud = cloud();
        let mut running = talkative(&cloud, signature, "query", WRONG_SECRET);
        running.metrics_until(|page| errors(page, "credentials") >= 1.0);
        assert!(
            cloud
                .simulator
                .counters()
                .by_outcome
                .contains_key("SignatureDoesNotMatch")
        );
        running.log.has(|line| line.contains("level=warn"));
        look_at_every_page(&running);
        end_and_look_at_all_that_was_said(running);
    }
}

#[test]
fn half_a_key_is_refused_without_being_shown() {
    let cloud = cloud();
    let mut command = exporter(&cloud.url());
    command
        .env("ALIBABA_CLOUD_ACCESS_KEY_ID", KEY_ID)
        .env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", SECRET);
    let ended = crate::harness::output(&mut command);
    assert_eq!(
        ended.status.code(),
        Some(1),
        "a temporary key needs its token"
    );
    let text = String::from_utf8(ended.stderr).unwrap();
    assert!(
        text.contains("ALIBABA_CLOUD_SECURITY_TOKEN is not set"),
        "{text}"
    );
    assert_clean("stderr", &text);
}
