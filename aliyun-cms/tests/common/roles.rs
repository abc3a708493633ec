//! Roles that are assumed at a server of the test's own.

use std::collections::BTreeMap;

use aliyun_cms::{AssumeRoleCredentials, Endpoint, OidcCredentials, ProvideCredentials};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;
use tempfile::TempDir;
use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers::method};

use super::{chain, credentials, hands::Hands};

pub const ROLE: &str = "acs:ram::1234567890123456:role/kafka-lag-reader";
pub const IDP: &str = "acs:ram::1234567890123456:oidc-provider/ack-rrsa-c1234";

pub async fn answering(template: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .respond_with(template)
        .mount(&server)
        .await;
    server
}

pub fn refusal(status: u16, code: &str, message: &str) -> ResponseTemplate {
    let body = json!({"RequestId": "R-1", "HostId": "h", "Code": code, "Message": message});
    ResponseTemplate::new(status).set_body_json(body)
}

pub fn endpoint(server: &MockServer) -> Endpoint {
    Endpoint::url(&server.uri()).unwrap()
}

pub fn nothing(_: &str) -> Option<String> {
    None
}

pub fn role(server: &MockServer) -> AssumeRoleCredentials {
    AssumeRoleCredentials::new(credentials(), ROLE)
        .with_lookup(nothing)
        .sts_endpoint(endpoint(server))
}

/// A directory with a token whose claims are those of a pod.
pub fn mounted() -> (TempDir, String) {
    let claims = json!({
        "iss": "https://oidc-ack.example/c1234",
        "aud": ["sts.aliyuncs.com"],
        "sub": "system:serviceaccount:monitoring:kafka-lag",
    });
    let claims = URL_SAFE_NO_PAD.encode(claims.to_string());
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("token");
    std::fs::write(&path, format!("header.{claims}.TESTonlySIGNATURE\n")).unwrap();
    (directory, path.to_str().unwrap().to_owned())
}

pub fn oidc(server: &MockServer, token: &str) -> OidcCredentials {
    OidcCredentials::new(ROLE, IDP, token)
        .with_lookup(nothing)
        .with_clock(Hands::default())
        .sts_endpoint(endpoint(server))
}

pub fn form(request: &Request) -> BTreeMap<String, String> {
    url::form_urlencoded::parse(&request.body)
        .into_owned()
        .collect()
}

/// The whole sentence with the address of the server, which changes, as HOST.
pub async fn told(provider: &dyn ProvideCredentials, server: &MockServer) -> String {
    let error = provider.provide_credentials().await.unwrap_err();
    chain(&error).replace(&server.address().to_string(), "HOST")
}
