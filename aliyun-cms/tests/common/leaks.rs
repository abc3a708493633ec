//! Looking for secrets in text, and provoking every error that could hold one.

use std::{fmt::Debug, net::TcpListener};

use aliyun_cms::{
    Client, Credentials, Endpoint, Error, ErrorKind, Placement, RetryPolicy, SignatureVersion,
};
use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers::method};

use super::{builder, reply};

pub const KEY_ID: &str = "LTAI5tTESTonlyKEYid00001";
pub const SECRET: &str = "TESTonlySECRET/+abcdefghijk";
pub const TOKEN: &str = "TESTonlyTOKEN/+lmnopq==";

pub fn credentials() -> Credentials {
    Credentials::new(KEY_ID, SECRET).with_security_token(TOKEN)
}

/// Also looks for encoded forms, and for what only a signed URL has.
#[track_caller]
pub fn assert_clean(text: &str) {
    let middle = [
        &KEY_ID[6..18],
        &SECRET[4..14],
        "abcdefghijk",
        &TOKEN[4..13],
        "lmnopq",
    ];
    for forbidden in middle.into_iter().chain([
        "Signature=",
        "SignatureNonce",
        "Credential=",
        "AccessKeyId%3D",
    ]) {
        assert!(!text.contains(forbidden), "{forbidden} in: {text}");
    }
}

pub fn shown(value: &(impl Debug + ?Sized)) -> String {
    format!("{value:?} {value:#?}")
}

pub fn told(error: &(impl std::error::Error + 'static)) -> String {
    format!("{} {}", shown(error), super::chain(error))
}

/// Every kind of failure a call can have, with a server that says back all it was sent.
pub async fn every_error(version: SignatureVersion, placement: Placement) -> Vec<Error> {
    let mut errors = Vec::new();
    let talkative = |status: u16, code: &'static str| {
        move |request: &Request| {
            let said = format!(
                "no. {} {} {:?} {KEY_ID} {SECRET} {TOKEN}",
                request.url,
                String::from_utf8_lossy(&request.body),
                request
                    .headers
                    .iter()
                    .map(|(_, v)| v.to_str().unwrap())
                    .collect::<Vec<_>>(),
            );
            // The parts a signed URL is recognised by are not the message's fault.
            let said = said
                .replace("Signature=", "S=")
                .replace("SignatureNonce", "N")
                .replace("Credential=", "C=");
            let body = serde_json::json!({"Code": code, "Message": said, "Success": false});
            ResponseTemplate::new(status).set_body_json(body)
        }
    };
    for (status, code) in [
        (400, "SignatureDoesNotMatch"),
        (403, "Forbidden.RAM"),
        (200, "500"),
        (400, "Throttling"),
    ] {
        let server = MockServer::start().await;
        Mock::given(method("POST"))
            .respond_with(talkative(status, code))
            .mount(&server)
            .await;
        errors.push(failing(&server, version, placement).await);
    }
    for template in [
        reply("error-signature-does-not-match-v1"),
        reply("error-signature-does-not-match-v3"),
        reply("error-gateway-html-502"),
        ResponseTemplate::new(200).set_body_string(format!("{{\"Code\":[\"{SECRET}\"]")),
        ResponseTemplate::new(200).set_body_string(SECRET),
        ResponseTemplate::new(200)
            .set_body_json(serde_json::json!({"Success": SECRET, "Code": TOKEN})),
    ] {
        let server = MockServer::start().await;
        Mock::given(method("POST"))
            .respond_with(template)
            .mount(&server)
            .await;
        errors.push(failing(&server, version, placement).await);
    }
    // Not a dropped MockServer: those go on listening in a pool, for other tests.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let gone = listener.local_addr().unwrap();
    drop(listener);
    let client = Client::builder()
        .endpoint(Endpoint::url(&format!("http://{gone}")).unwrap())
        .credentials(credentials())
        .signature(version)
        .placement(placement)
        .retry(RetryPolicy::none())
        .no_proxy()
        .build()
        .unwrap();
    errors.push(
        client
            .describe_metric_list("n", "m")
            .send(None)
            .await
            .unwrap_err(),
    );
    assert_eq!(errors.last().unwrap().kind(), ErrorKind::Network);
    errors
}

async fn failing(server: &MockServer, version: SignatureVersion, placement: Placement) -> Error {
    let client = builder(server)
        .credentials(credentials())
        .signature(version)
        .placement(placement)
        .retry(RetryPolicy::none())
        .build()
        .unwrap();
    client
        .describe_metric_list("n", "m")
        .send(None)
        .await
        .unwrap_err()
}
