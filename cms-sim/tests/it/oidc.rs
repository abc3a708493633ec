//! `AssumeRoleWithOIDC`: a token in place of a key.

use cms_sim::Simulator;

use crate::client::{
    Caller, LOCKED, ROLE, STS, Seen, config, control, encode, fixture, keys, send, start,
};

const PROVIDER: &str = "acs:ram::1234567890123456:oidc-provider/ack-rrsa-sim";
const TOKEN: &str = "sim.oidc.token";

const COMMON: [(&str, &str); 3] = [
    ("Action", "AssumeRoleWithOIDC"),
    ("Version", STS),
    ("Format", "JSON"),
];

fn own<'p>(changed: &[(&'p str, &'p str)]) -> Vec<(&'p str, &'p str)> {
    let mut pairs = vec![
        ("RoleArn", ROLE),
        ("OIDCProviderArn", PROVIDER),
        ("OIDCToken", TOKEN),
        ("RoleSessionName", "kafka-lag"),
    ];
    pairs.retain(|(name, _)| !changed.iter().any(|(other, _)| other == name));
    pairs.extend(changed.iter().filter(|(_, value)| *value != "-"));
    pairs
}

fn joined(pairs: &[(&str, &str)]) -> String {
    let parts: Vec<_> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={}", encode(value)))
        .collect();
    parts.join("&")
}

async fn unsigned(simulator: &Simulator, query: &[(&str, &str)], form: &[(&str, &str)]) -> Seen {
    let kind = ("content-type", "application/x-www-form-urlencoded");
    let headers: Vec<(String, String)> = vec![(kind.0.into(), kind.1.into())];
    let target = format!("/?{}", joined(query));
    send(simulator.addr(), "POST", &target, &headers, &joined(form)).await
}

/// With common parameters in the query and the rest in the form; a value `-` leaves a parameter out.
async fn assume(simulator: &Simulator, changed: &[(&str, &str)]) -> Seen {
    unsigned(simulator, &COMMON, &own(changed)).await
}

#[tokio::test]
async fn a_token_is_turned_into_a_set_wherever_the_parameters_stand() {
    let (simulator, caller) = start(config()).await;
    let (_, theirs) = fixture("credential-sts-assume-role-with-oidc");
    let all: Vec<_> = COMMON.iter().copied().chain(own(&[])).collect();
    let headers = [
        ("x-acs-action".to_owned(), "AssumeRoleWithOIDC".to_owned()),
        ("x-acs-version".into(), STS.into()),
        ("x-acs-date".into(), crate::client::NOW.into()),
        ("x-acs-signature-nonce".into(), "a-nonce".into()),
    ];
    let target = format!("/?{}", joined(&own(&[])));
    for (place, seen) in [
        ("mixed", assume(&simulator, &[]).await),
        ("form", unsigned(&simulator, &[], &all).await),
        ("query", unsigned(&simulator, &all, &[]).await),
        (
            "get",
            crate::client::get(simulator.addr(), &format!("/?{}", joined(&all)), &[]).await,
        ),
        (
            "headers",
            send(simulator.addr(), "POST", &target, &headers, "").await,
        ),
    ] {
        assert_eq!(seen.status(), 200, "{place}: {}", seen.body());
        let ours = seen.json();
        assert_eq!(keys(&ours), keys(&theirs), "{place}");
        assert_eq!(ours["AssumedRoleUser"]["Arn"], format!("{ROLE}/kafka-lag"));
        let seen = caller.with_set(&ours["Credentials"]).lag(&[]).await;
        assert_eq!(seen.code(), "200", "{place}");
    }
    assert_eq!(simulator.counters().by_action["AssumeRoleWithOIDC"], 5);
}

#[tokio::test]
async fn wrong_tokens_providers_and_roles_have_codes_of_their_own() {
    let (simulator, _caller) = start(config()).await;
    let other = "acs:ram::1234567890123456:oidc-provider/other";
    let none = "acs:ram::1234567890123456:role/none";
    for (changed, status, code) in [
        (
            ("OIDCToken", "a.b.c"),
            401,
            "AuthenticationFail.OIDCToken.Invalid",
        ),
        (
            ("OIDCToken", "abc"),
            401,
            "AuthenticationFail.OIDCToken.Invalid",
        ),
        (
            ("OIDCToken", ""),
            401,
            "AuthenticationFail.OIDCToken.Invalid",
        ),
        (
            ("OIDCToken", "sim.oidc.token\n"),
            401,
            "AuthenticationFail.OIDCToken.Invalid",
        ),
        (("OIDCToken", "-"), 400, "MissingOIDCToken"),
        (
            ("OIDCProviderArn", other),
            401,
            "AuthenticationFail.NoPermission",
        ),
        (
            ("OIDCProviderArn", "ack"),
            401,
            "AuthenticationFail.NoPermission",
        ),
        (("OIDCProviderArn", "-"), 400, "MissingOIDCProviderArn"),
        (("RoleArn", LOCKED), 401, "AuthenticationFail.NoPermission"),
        (("RoleArn", none), 404, "EntityNotExist.Role"),
        (("RoleArn", "-"), 400, "MissingRoleArn"),
        (
            ("RoleSessionName", "a b"),
            400,
            "InvalidParameter.RoleSessionName",
        ),
        (
            ("DurationSeconds", "60"),
            400,
            "InvalidParameter.DurationSeconds",
        ),
        (("Policy", "x"), 400, "InvalidParameter.PolicyGrammar"),
        (
            ("Timestamp", "2026-01-15T07:30:00Z"),
            400,
            "InvalidTimeStamp.Expired",
        ),
        (("Timestamp", "now"), 400, "InvalidTimeStamp.Format"),
    ] {
        let seen = assume(&simulator, &[changed]).await;
        assert_eq!(
            (seen.status(), seen.code().as_str()),
            (status, code),
            "{changed:?}"
        );
    }
    let message = assume(&simulator, &[("OIDCProviderArn", other)])
        .await
        .json()["Message"]
        .clone();
    assert_eq!(message, "No such OIDC Provider registered.");
}

#[tokio::test]
async fn no_token_is_repeated_in_a_refusal() {
    let (simulator, _caller) = start(config()).await;
    for token in ["a.s3cret.c", "s3cret"] {
        let seen = assume(&simulator, &[("OIDCToken", token)]).await;
        assert!(!seen.body().contains("s3cret"), "{}", seen.body());
    }
}

#[tokio::test]
async fn a_rotated_token_is_accepted_and_the_one_before_has_expired() {
    let (simulator, _caller) =
        start(config().oidc_token("one.of.two").oidc_token("two.of.two")).await;
    let status = async |token| assume(&simulator, &[("OIDCToken", token)]).await.status();
    assert_eq!(
        (status("one.of.two").await, status("two.of.two").await),
        (200, 200)
    );
    assert_eq!(
        status(TOKEN).await,
        401,
        "the default is replaced by configured ones"
    );

    simulator.set_oidc_token("new.from.file");
    assert_eq!(status("new.from.file").await, 200);
    let seen = assume(&simulator, &[("OIDCToken", "one.of.two")]).await;
    assert_eq!(
        (seen.status(), seen.code().as_str()),
        (401, "AuthenticationFail.OIDCToken.Expired")
    );

    let body = r#"{"token":"next.from.file"}"#;
    let (code, answer) = control(&simulator, "PUT", "/oidc-token", body).await;
    assert_eq!(
        (code, answer.to_string().contains("next.from.file")),
        (200, false)
    );
    assert_eq!(
        (
            status("next.from.file").await,
            status("new.from.file").await
        ),
        (200, 401)
    );
}

#[tokio::test]
async fn a_token_that_could_never_be_one_is_refused_by_the_control_api() {
    let (simulator, _caller) = start(config()).await;
    for body in ["{}", r#"{"token":"abc"}"#, r#"{"token":"a.b.c","x":1}"#, ""] {
        let (status, _) = control(&simulator, "PUT", "/oidc-token", body).await;
        assert_eq!(status, 400, "{body}");
    }
    assert_eq!(
        assume(&simulator, &[]).await.status(),
        200,
        "nothing was replaced"
    );
}

#[tokio::test]
async fn version_method_path_and_nonce_are_checked_without_a_signature_too() {
    let (simulator, _caller) = start(config()).await;
    let query = |version| {
        joined(&[
            ("Action", "AssumeRoleWithOIDC"),
            ("Version", version),
            ("Format", "JSON"),
        ])
    };
    for (method, target, code) in [
        (
            "POST",
            format!("/?{}", query("2019-01-01")),
            "InvalidAction.NotFound",
        ),
        (
            "POST",
            format!("/sts?{}", query(STS)),
            "InvalidAction.NotFound",
        ),
        ("PUT", format!("/?{}", query(STS)), "UnsupportedHTTPMethod"),
        (
            "POST",
            "/?Action=AssumeRoleWithOIDC&Format=JSON".into(),
            "MissingVersion",
        ),
    ] {
        let seen = send(simulator.addr(), method, &target, &[], "").await;
        assert_eq!(seen.code(), code, "{method} {target}");
    }
    let nonce = [("SignatureNonce", "used-once")];
    assert_eq!(assume(&simulator, &nonce).await.status(), 200);
    assert_eq!(
        assume(&simulator, &nonce).await.code(),
        "SignatureNonceUsed"
    );
}

#[tokio::test]
async fn who_signs_although_nobody_asked_must_sign_well() {
    let (_simulator, caller) = start(config()).await;
    let good = caller.version(STS);
    let bad = Caller {
        secret: "other".into(),
        ..good.clone()
    };
    assert_eq!(
        good.call("AssumeRoleWithOIDC", &own(&[])).await.status(),
        200
    );
    let seen = bad.call("AssumeRoleWithOIDC", &own(&[])).await;
    assert_eq!(seen.code(), "SignatureDoesNotMatch");
}

#[tokio::test]
async fn who_does_not_ask_for_json_gets_xml() {
    let (simulator, _caller) = start(config()).await;
    let common = [COMMON[0], COMMON[1]];
    let seen = unsigned(&simulator, &common, &own(&[])).await;
    assert!(
        seen.body().contains("<AssumeRoleWithOIDCResponse>"),
        "{}",
        seen.body()
    );
}
