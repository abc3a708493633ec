//! Roles that are assumed: what STS is sent, and what its answers mean.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::{collections::BTreeMap, process::Command, sync::atomic::Ordering, time::Duration};

use aliyun_cms::{AssumeRoleCredentials, Credentials, OidcCredentials, ProvideCredentials, sign};
use common::{
    KEY_ID, SECRET, chain, credentials,
    hands::Source,
    query, received, reply,
    roles::{IDP, ROLE, answering, endpoint, form, mounted, nothing, oidc, role, told},
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::method};

fn is_the_fixture(found: &Credentials) {
    assert_eq!(found.access_key_id(), "STS.NUdummyKeyId0001");
    let secret = found.access_key_secret().expose_secret();
    assert_eq!(secret, "dummyStsSecret0123456789");
    let token = found.security_token().unwrap().expose_secret();
    assert!(token.starts_with("CAIS8wF1q6Ft"));
    assert_eq!(
        found.expiry(),
        Some("2026-01-15T09:30:00Z".parse().unwrap())
    );
}

#[tokio::test]
async fn a_role_is_assumed_by_a_signed_form() {
    let server = answering(reply("credential-sts-assume-role")).await;
    let source = role(&server)
        .session_name("monitoring")
        .external_id("partner-7")
        .policy(r#"{"Statement": []}"#)
        .duration(Duration::from_secs(900));
    let found = source.provide_credentials().await.unwrap();
    is_the_fixture(&found);
    assert_eq!(
        found.source(),
        Some(format!("the role {ROLE}, assumed with other credentials").as_str())
    );

    let [request] = &received(&server).await[..] else {
        panic!("one request")
    };
    assert_eq!(request.url.query(), None);
    let mut sent = form(request);
    let signature = sent.remove("Signature").unwrap();
    let signed = sign::rpc::canonical_query(sent.iter().map(|(n, v)| (n.as_str(), v.as_str())));
    let text = sign::rpc::string_to_sign("POST", &signed);
    assert_eq!(
        sign::rpc::signature(&SecretString::from(SECRET), &text),
        signature
    );
    for (name, value) in [
        ("Action", "AssumeRole"),
        ("Version", "2015-04-01"),
        ("Format", "JSON"),
        ("AccessKeyId", KEY_ID),
        ("RoleArn", ROLE),
        ("RoleSessionName", "monitoring"),
        ("DurationSeconds", "900"),
        ("ExternalId", "partner-7"),
        ("Policy", r#"{"Statement": []}"#),
    ] {
        assert_eq!(sent[name], value, "{name}");
    }
}

#[tokio::test]
async fn the_keys_a_role_was_assumed_with_are_named_and_their_token_is_sent() {
    let server = answering(reply("credential-sts-assume-role")).await;
    let base = credentials()
        .with_security_token("base-token")
        .with_source("the test");
    let source = AssumeRoleCredentials::new(base, ROLE)
        .with_lookup(nothing)
        .sts_endpoint(endpoint(&server));
    let found = source.provide_credentials().await.unwrap();
    let expected = format!("the role {ROLE}, assumed with the test");
    assert_eq!(found.source(), Some(expected.as_str()));
    let sent = form(&received(&server).await[0]);
    assert_eq!(sent["SecurityToken"], "base-token");
    assert_eq!(sent["DurationSeconds"], "3600");
    assert!(sent["RoleSessionName"].starts_with("aliyun-cms-rs-"));
    assert!(!sent.contains_key("Policy") && !sent.contains_key("ExternalId"));
}

#[tokio::test]
async fn variables_say_where_sts_is_and_what_the_session_is_called() {
    let server = answering(reply("credential-sts-assume-role")).await;
    let uri = server.uri();
    let source =
        AssumeRoleCredentials::new(credentials(), ROLE).with_lookup(move |name| match name {
            "ALIBABA_CLOUD_STS_ENDPOINT" => Some(uri.clone()),
            "ALIBABA_CLOUD_ROLE_SESSION_NAME" => Some("from-variable".to_owned()),
            _ => None,
        });
    is_the_fixture(&source.provide_credentials().await.unwrap());
    let sent = form(&received(&server).await[0]);
    assert_eq!(sent["RoleSessionName"], "from-variable");
}

#[tokio::test]
async fn expired_keys_under_a_role_are_renewed_once_and_tried_again() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .respond_with(reply("error-security-token-expired"))
        .up_to_n_times(1)
        .mount(&server)
        .await;
    Mock::given(method("POST"))
        .respond_with(reply("credential-sts-assume-role"))
        .mount(&server)
        .await;
    let base = Source::new(|_| Ok(credentials()));
    let source = AssumeRoleCredentials::new(base.clone(), ROLE)
        .with_lookup(nothing)
        .sts_endpoint(endpoint(&server));
    is_the_fixture(&source.provide_credentials().await.unwrap());
    source.invalidate(); // the session, which says nothing of the base
    let invalidated = base.invalidated.load(Ordering::Relaxed);
    assert_eq!((base.asked(), invalidated), (2, 1));
}

#[tokio::test]
async fn a_token_is_exchanged_by_an_unsigned_form() {
    let server = answering(reply("credential-sts-assume-role-with-oidc")).await;
    let (_directory, path) = mounted();
    let source = oidc(&server, &path)
        .session_name("monitoring")
        .policy("{} *");
    let found = source.provide_credentials().await.unwrap();
    is_the_fixture(&found);
    let expected = format!("the role {ROLE}, assumed with the OIDC token in {path}");
    assert_eq!(found.source(), Some(expected.as_str()));

    let request = &received(&server).await[0];
    let expected = [
        ("Action", "AssumeRoleWithOIDC"),
        ("Format", "JSON"),
        ("SignatureNonce", "nonce"),
        ("Timestamp", "2026-01-15T08:30:00Z"),
        ("Version", "2015-04-01"),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(query(request), BTreeMap::from(expected));
    let token = std::fs::read_to_string(&path).unwrap();
    let expected = [
        ("RoleArn", ROLE),
        ("OIDCProviderArn", IDP),
        ("OIDCToken", token.trim()),
        ("RoleSessionName", "monitoring"),
        ("DurationSeconds", "3600"),
        ("Policy", "{} *"),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(form(request), BTreeMap::from(expected));
    assert!(!request.headers.contains_key("authorization"));
}

#[test]
fn sts_on_this_machine_is_never_asked_through_a_proxy() {
    // The environment of a process is shared by its tests, so these run in another one.
    let again = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_role_is_assumed_by_a_signed_form"])
        .arg("a_token_is_exchanged_by_an_unsigned_form")
        .env("http_proxy", "http://127.0.0.1:9")
        .env_remove("no_proxy")
        .env_remove("NO_PROXY")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&again.stdout);
    assert!(
        again.status.success() && said.contains("2 passed"),
        "{said}"
    );
}

#[tokio::test]
async fn the_token_file_is_read_anew_each_time() {
    let server = answering(reply("credential-sts-assume-role-with-oidc")).await;
    let (_directory, path) = mounted();
    let source = oidc(&server, &path);
    source.provide_credentials().await.unwrap();
    std::fs::write(&path, "rotated").unwrap();
    source.provide_credentials().await.unwrap();
    assert_eq!(form(&received(&server).await[1])["OIDCToken"], "rotated");
}

#[tokio::test]
async fn the_variables_of_ack_belong_together() {
    let all = [
        ("ALIBABA_CLOUD_ROLE_ARN", ROLE),
        ("ALIBABA_CLOUD_OIDC_PROVIDER_ARN", IDP),
        ("ALIBABA_CLOUD_OIDC_TOKEN_FILE", "/no/such/token"),
    ];
    let with = |set: Vec<(&'static str, &'static str)>| {
        OidcCredentials::from_environment().with_lookup(move |name| {
            let found = set.iter().find(|(set, _)| *set == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    };
    let hint = "in ACK they are set together, in new pods only, when the namespace has the label \
                pod-identity.alibabacloud.com/injection: on and the service account the annotation \
                pod-identity.alibabacloud.com/role-name";
    let error = |source: OidcCredentials| async move {
        chain(&source.provide_credentials().await.unwrap_err())
    };
    let nothing = "no credentials are configured in OIDC (ALIBABA_CLOUD_OIDC_PROVIDER_ARN and \
                   ALIBABA_CLOUD_OIDC_TOKEN_FILE)";
    assert_eq!(error(with(vec![])).await, nothing);
    assert_eq!(
        error(with(vec![all[0]])).await,
        nothing,
        "the role alone is not OIDC"
    );
    assert_eq!(
        error(with(vec![all[0], all[1]])).await,
        format!(
            "OIDC is set up wrongly: ALIBABA_CLOUD_OIDC_TOKEN_FILE is not set, but \
             ALIBABA_CLOUD_ROLE_ARN and ALIBABA_CLOUD_OIDC_PROVIDER_ARN are; {hint}"
        )
    );
    assert_eq!(
        error(with(vec![all[2]])).await,
        format!(
            "OIDC is set up wrongly: ALIBABA_CLOUD_ROLE_ARN and ALIBABA_CLOUD_OIDC_PROVIDER_ARN \
             are not set, but ALIBABA_CLOUD_OIDC_TOKEN_FILE is; {hint}"
        )
    );
    assert_eq!(
        error(with(all.to_vec())).await,
        "OIDC is set up wrongly: the token file /no/such/token cannot be read: No such file or \
         directory (os error 2); in ACK it is a projected volume, mounted in new pods only, when \
         the namespace has the label pod-identity.alibabacloud.com/injection: on"
    );
}

#[tokio::test]
async fn an_empty_token_file_is_told_with_its_path() {
    let server = answering(reply("credential-sts-assume-role-with-oidc")).await;
    let (_directory, path) = mounted();
    std::fs::write(&path, "\n").unwrap();
    assert_eq!(
        told(&oidc(&server, &path), &server).await,
        format!(
            "OIDC is set up wrongly: the token file {path} is empty; in ACK it is a projected \
             volume, mounted in new pods only, when the namespace has the label \
             pod-identity.alibabacloud.com/injection: on"
        )
    );
    assert!(received(&server).await.is_empty());
}

#[tokio::test]
async fn answers_that_are_none_of_sts_say_what_came_and_what_to_check() {
    let check = "check that ALIBABA_CLOUD_STS_ENDPOINT, or the endpoint that was given, is STS";
    let without = |name: &str| {
        let mut keys = json!({
            "AccessKeyId": "STS.secret-id",
            "AccessKeySecret": "secret-secret",
            "SecurityToken": "secret-token",
            "Expiration": "2026-01-15T09:30:00Z",
        });
        keys.as_object_mut().unwrap().remove(name);
        ResponseTemplate::new(200).set_body_json(json!({"RequestId": "R", "Credentials": keys}))
    };
    let text = |body: &str| ResponseTemplate::new(200).set_body_string(body);
    let html = "it answered with HTML or XML, not JSON: a proxy, a login page or another server is \
                in its place; check ALIBABA_CLOUD_STS_ENDPOINT and the proxy settings";
    for (template, expected) in [
        (
            without("Expiration"),
            format!("it answered with Credentials that have no Expiration: {check}"),
        ),
        (
            without("SecurityToken"),
            format!("it answered with Credentials that have no SecurityToken: {check}"),
        ),
        (text("<html><body>Log in</body></html>"), html.to_owned()),
        (
            text("{}"),
            format!("it answered without Credentials: {check}"),
        ),
    ] {
        let server = answering(template).await;
        let (_directory, path) = mounted();
        let sources: [Box<dyn ProvideCredentials>; 2] =
            [Box::new(oidc(&server, &path)), Box::new(role(&server))];
        for source in sources {
            let expected = format!("STS at HOST did not give credentials: {expected}");
            assert_eq!(told(&source, &server).await, expected);
            let error = source.provide_credentials().await.unwrap_err();
            assert!(error.is_retryable(), "{error}");
        }
    }
    let shape = json!({"Credentials": {"AccessKeyId": ["secret-id"]}});
    for body in [
        shape.to_string(),
        r#"{"Credentials": {"AccessKeySecret": "sec"#.to_owned(),
    ] {
        let server = answering(text(&body)).await;
        let (_directory, path) = mounted();
        let sentence = told(&oidc(&server, &path), &server).await;
        assert!(
            sentence.contains("JSON") && sentence.ends_with(check),
            "{sentence}"
        );
        assert!(!sentence.contains("sec"), "{sentence}");
    }
}
