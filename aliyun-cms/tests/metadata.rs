//! Keys from the instance metadata service and from a credentials URI.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "metadata/broken.rs"]
mod broken;
mod common;
#[path = "metadata/uri.rs"]
mod uri;

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use aliyun_cms::{Credentials, CredentialsError, EcsRoleCredentials, Endpoint, ProvideCredentials};
use common::{
    chain,
    leaks::{SECRET, assert_clean, shown, told},
    received, reply,
};
use secrecy::ExposeSecret;
use tokio::{net::TcpListener, time::Instant};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{header, method, path},
};

const ROLES: &str = "/latest/meta-data/ram/security-credentials/";
const ROLE_PATH: &str = "/latest/meta-data/ram/security-credentials/kafka-lag-ecs-role";
const TOKEN: &str = "AQAEADummyImdsTokenValue==";

fn lookup(variables: &[(&str, &str)]) -> impl Fn(&str) -> Option<String> + Send + Sync + 'static {
    let variables: BTreeMap<String, String> = variables
        .iter()
        .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
        .collect();
    move |name| variables.get(name).cloned()
}

fn at(url: &str, variables: &[(&str, &str)]) -> EcsRoleCredentials {
    EcsRoleCredentials::from_environment()
        .with_lookup(lookup(variables))
        .endpoint(Endpoint::url(url).unwrap())
}

async fn mount(server: &MockServer, verb: &str, at: &str, answer: ResponseTemplate) {
    let mock = Mock::given(method(verb)).and(path(at));
    mock.respond_with(answer).mount(server).await;
}

fn text(body: &str) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_string(body)
}

/// An instance with a role, whose metadata service demands tokens.
async fn instance() -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("PUT"))
        .and(path("/latest/api/token"))
        .and(header("X-aliyun-ecs-metadata-token-ttl-seconds", "21600"))
        .respond_with(reply("credential-imds-token"))
        .mount(&server)
        .await;
    for (at, answer) in [
        (ROLES, "credential-imds-role-name"),
        (ROLE_PATH, "credential-imds-credentials"),
    ] {
        Mock::given(method("GET"))
            .and(path(at))
            .and(header("X-aliyun-ecs-metadata-token", TOKEN))
            .respond_with(reply(answer))
            .mount(&server)
            .await;
    }
    server
}

fn assert_keys(found: &Credentials) {
    assert_eq!(found.access_key_id(), "STS.NUdummyKeyId0001");
    let secret = found.access_key_secret().expose_secret();
    assert_eq!(secret, "dummyStsSecret0123456789");
    let token = found.security_token().unwrap().expose_secret();
    assert_eq!(token, common::TOKEN);
    let expiry = found.expiry().map(|expiry| expiry.to_string());
    assert_eq!(expiry.as_deref(), Some("2026-01-15T09:30:00Z"));
}

async fn requests(server: &MockServer) -> Vec<String> {
    let all = received(server).await;
    let shown = |r: &wiremock::Request| format!("{} {}", r.method, r.url.path());
    all.iter().map(shown).collect()
}

async fn refused(provider: &dyn ProvideCredentials) -> CredentialsError {
    let error = provider.provide_credentials().await.unwrap_err();
    assert_clean(&told(&error));
    assert_clean(&shown(provider));
    error
}

fn kind(error: &CredentialsError) -> &'static str {
    match error {
        CredentialsError::NotConfigured { .. } => "not configured",
        CredentialsError::Misconfigured { .. } => "misconfigured",
        CredentialsError::Refused { .. } => "refused",
        CredentialsError::Unavailable { .. } => "unavailable",
        _ => "new",
    }
}

fn keys_without(field: &str, value: Option<&str>) -> ResponseTemplate {
    let fixture = common::json("cms-responses/credential-imds-credentials.json");
    let mut body = fixture["body"].as_object().unwrap().clone();
    body["AccessKeySecret"] = SECRET.into();
    body.remove(field);
    if let Some(value) = value {
        body.insert(field.to_owned(), value.into());
    }
    ResponseTemplate::new(200).set_body_json(body)
}

/// An address where nothing listens.
async fn gone() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}

#[tokio::test]
async fn the_role_is_asked_for_with_a_token() {
    let server = instance().await;
    let found = at(&server.uri(), &[]).provide_credentials().await.unwrap();
    assert_keys(&found);
    assert_eq!(
        found.source(),
        Some("the RAM role kafka-lag-ecs-role of this ECS instance")
    );
    assert_eq!(
        requests(&server).await,
        [
            "PUT /latest/api/token",
            &format!("GET {ROLES}"),
            &format!("GET {ROLE_PATH}")
        ]
    );
}

#[tokio::test]
async fn a_named_role_is_not_asked_for() {
    let variable = [("ALIBABA_CLOUD_ECS_METADATA", "kafka-lag-ecs-role")];
    let other = [("ALIBABA_CLOUD_ECS_METADATA", "other")];
    let server = instance().await;
    for provider in [
        at(&server.uri(), &variable),
        at(&server.uri(), &[]).role("kafka-lag-ecs-role"),
        at(&server.uri(), &other).role("kafka-lag-ecs-role"),
    ] {
        assert_keys(&provider.provide_credentials().await.unwrap());
    }
    let asked = requests(&server).await;
    assert!(!asked.contains(&format!("GET {ROLES}")), "{asked:?}");
}

#[tokio::test]
async fn the_token_is_kept_and_replaced_when_it_is_refused() {
    let server = instance().await;
    let provider = at(&server.uri(), &[]).role("kafka-lag-ecs-role");
    for _ in 0..3 {
        assert_keys(&provider.provide_credentials().await.unwrap());
    }
    let (put, get) = ("PUT /latest/api/token", format!("GET {ROLE_PATH}"));
    assert_eq!(requests(&server).await, [put, &get, &get, &get]);

    // The service restarted: the old token is refused, a new one is good.
    server.reset().await;
    mount(&server, "PUT", "/latest/api/token", text("NEW==")).await;
    for (token, answer) in [
        ("NEW==", reply("credential-imds-credentials")),
        (TOKEN, ResponseTemplate::new(401)),
    ] {
        Mock::given(method("GET"))
            .and(header("X-aliyun-ecs-metadata-token", token))
            .respond_with(answer)
            .mount(&server)
            .await;
    }
    for _ in 0..2 {
        assert_keys(&provider.provide_credentials().await.unwrap());
    }
    assert_eq!(requests(&server).await, [&get, put, &get, &get]);
}

#[tokio::test]
async fn a_service_without_tokens_is_asked_without_one() {
    for answer in [
        ResponseTemplate::new(404),
        ResponseTemplate::new(403),
        ResponseTemplate::new(500),
        text("<html>who are you?</html>"),
        text(""),
    ] {
        let server = MockServer::start().await;
        mount(&server, "PUT", "/latest/api/token", answer).await;
        mount(&server, "GET", ROLES, reply("credential-imds-role-name")).await;
        mount(
            &server,
            "GET",
            ROLE_PATH,
            reply("credential-imds-credentials"),
        )
        .await;
        assert_keys(&at(&server.uri(), &[]).provide_credentials().await.unwrap());
        let sent = received(&server).await;
        let header = |r: &wiremock::Request| r.headers.contains_key("x-aliyun-ecs-metadata-token");
        assert_eq!((sent.len(), sent.iter().any(header)), (3, false));

        let strict = [("ALIBABA_CLOUD_IMDSV1_DISABLED", "true")];
        let error = refused(&at(&server.uri(), &strict)).await;
        let text = chain(&error);
        assert!(
            text.ends_with(
                "and ALIBABA_CLOUD_IMDSV1_DISABLED forbids to ask without one: turn that off, or \
                 let the instance's metadata service support tokens (IMDSv2)"
            ) && text.contains(" no token (HTTP "),
            "{text}"
        );
        assert!(!error.is_not_configured());
        assert_eq!(received(&server).await.len(), 4, "it was not asked");
    }
}

#[tokio::test]
async fn a_switched_off_service_is_not_asked() {
    for on in ["true", "TRUE", "1"] {
        let off = [("ALIBABA_CLOUD_ECS_METADATA_DISABLED", on)];
        let server = instance().await;
        let error = refused(&at(&server.uri(), &off).role("kafka-lag-ecs-role")).await;
        assert_eq!(
            error.to_string(),
            "no credentials are configured in the instance metadata service \
             (ALIBABA_CLOUD_ECS_METADATA_DISABLED is on)"
        );
        assert!(received(&server).await.is_empty());
    }
}
