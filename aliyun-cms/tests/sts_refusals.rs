//! STS says no, or nothing: what a person reads then, and what nobody may read.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::net::TcpListener;

use aliyun_cms::{
    AssumeRoleCredentials, Chain, Credentials, CredentialsError, Endpoint, EnvironmentCredentials,
    OidcCredentials, ProvideCredentials,
};
use common::{
    SECRET, chain, credentials, received, reply,
    roles::{IDP, ROLE, answering, endpoint, form, mounted, nothing, oidc, refusal, role, told},
};
use serde_json::json;
use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers::method};

#[tokio::test]
async fn a_role_that_the_key_may_not_assume_names_both_places_to_look() {
    let message = "You are not authorized to do this action. You should be authorized by RAM.";
    let server = answering(refusal(403, "NoPermission", message)).await;
    assert_eq!(
        told(&role(&server), &server).await,
        format!(
            "STS at HOST refused to give credentials: either the RAM user or role of the key lacks \
             the action sts:AssumeRole on {ROLE} (attach AliyunSTSAssumeRoleAccess, or a policy \
             with that action and resource), or the trust policy of {ROLE} does not name that \
             user, role or account in Principal.RAM: NoPermission (HTTP 403, request R-1): You are \
             not authorized to do this action. You should be authorized by RAM"
        )
    );
    assert_eq!(received(&server).await.len(), 1, "no is no");
}

#[tokio::test]
async fn a_role_that_the_token_may_not_assume_shows_what_its_trust_policy_needs() {
    let refused = refusal(
        401,
        "AuthenticationFail.NoPermission",
        "There is no permission.",
    );
    let server = answering(refused).await;
    let (_directory, path) = mounted();
    let source = oidc(&server, &path);
    assert_eq!(
        told(&source, &server).await,
        format!(
            "STS at HOST refused to give credentials: the trust policy of {ROLE} does not let this \
             token in: it needs sts:AssumeRole for Principal.Federated {IDP}, and conditions \
             oidc:iss, oidc:aud and oidc:sub that match the token (the token says oidc:iss \
             https://oidc-ack.example/c1234, oidc:aud sts.aliyuncs.com, oidc:sub \
             system:serviceaccount:monitoring:kafka-lag): AuthenticationFail.NoPermission (HTTP \
             401, request R-1): There is no permission"
        )
    );
    let error = source.provide_credentials().await.unwrap_err();
    assert!(matches!(error, CredentialsError::Refused { .. }) && !error.is_retryable());
}

#[tokio::test]
async fn each_refusal_of_a_token_says_what_to_do() {
    let claims = " (the token says oidc:iss https://oidc-ack.example/c1234, oidc:aud \
                  sts.aliyuncs.com, oidc:sub system:serviceaccount:monitoring:kafka-lag)";
    let (_directory, path) = mounted();
    for (code, message, expected) in [
        (
            "AuthenticationFail.OIDCToken.Expired",
            "This JsonWebToken is expired.",
            format!(
                "the token in {path} has expired: Kubernetes replaces it in time, so that file is \
                 a copy or the projected volume is mounted elsewhere"
            ),
        ),
        (
            "AuthenticationFail.OIDCToken.AudienceNotMatch",
            "Invalid audience.",
            format!(
                "the OIDC provider {IDP} does not know the audience of the token in {path}: the \
                 projected volume must ask for the audience sts.aliyuncs.com{claims}"
            ),
        ),
        (
            "AuthenticationFail.OIDCToken.IssuerNotMatch",
            "The issuer doesn't match.",
            format!(
                "the OIDC provider {IDP} is not registered in RAM for the issuer of the token in \
                 {path}: turn on RRSA for this cluster and take the provider's ARN from \
                 there{claims}"
            ),
        ),
        (
            "AuthenticationFail.NoPermission",
            "No such OIDC Provider registered.",
            format!(
                "the OIDC provider {IDP} is not registered in RAM for the issuer of the token in \
                 {path}: turn on RRSA for this cluster and take the provider's ARN from \
                 there{claims}"
            ),
        ),
        (
            "AuthenticationFail.OIDCToken.Invalid",
            "m",
            format!(
                "what {path} holds is not a token that {IDP} accepts: mount the token of the \
                 service account with the audience sts.aliyuncs.com{claims}"
            ),
        ),
        (
            "EntityNotExist.Role",
            "The role not exists.",
            format!("the role {ROLE} does not exist: check the account and the name in its ARN"),
        ),
        (
            "InvalidParameter.DurationSeconds",
            "m",
            format!(
                "the role {ROLE} does not allow a session of that length: raise its maximum \
                 session duration in RAM, or ask for less"
            ),
        ),
        (
            "InvalidParameter.RoleArn",
            "m",
            format!(
                "{ROLE:?} is not the ARN of a role, such as acs:ram::1234567890123456:role/name"
            ),
        ),
    ] {
        let server = answering(refusal(400, code, message)).await;
        let sentence = told(&oidc(&server, &path), &server).await;
        let message = message.trim_end_matches('.');
        assert_eq!(
            sentence,
            format!(
                "STS at HOST refused to give credentials: {expected}: {code} (HTTP 400, request \
                 R-1): {message}"
            )
        );
    }
}

#[tokio::test]
async fn refusals_of_the_key_itself_say_so() {
    for (code, message, part) in [
        (
            "NoPermission",
            "Roles may not be assumed by root accounts.",
            "the key belongs to the account itself",
        ),
        (
            "InvalidAccessKeyId.NotFound",
            "Specified access key is not found.",
            "were not accepted: the access key does not exist",
        ),
        (
            "SignatureDoesNotMatch",
            "m",
            "were not accepted: the access key secret is wrong",
        ),
    ] {
        let server = answering(refusal(400, code, message)).await;
        let sentence = told(&role(&server), &server).await;
        assert!(
            sentence.contains(part) && sentence.contains(ROLE),
            "{sentence}"
        );
    }
}

#[tokio::test]
async fn throttling_failures_of_the_service_and_of_the_network_may_pass() {
    let (_directory, path) = mounted();
    for (status, code) in [
        (400, "Throttling.User"),
        (503, "ServiceUnavailable"),
        (502, ""),
    ] {
        let server = answering(refusal(status, code, "m")).await;
        let sources: [Box<dyn ProvideCredentials>; 2] =
            [Box::new(oidc(&server, &path)), Box::new(role(&server))];
        for source in sources {
            let error = source.provide_credentials().await.unwrap_err();
            assert!(error.is_retryable(), "{code}: {error}");
        }
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let gone = Endpoint::url(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    drop(listener);
    let token = OidcCredentials::new(ROLE, IDP, &path).with_lookup(nothing);
    let key = AssumeRoleCredentials::new(credentials(), ROLE).with_lookup(nothing);
    let sources: [Box<dyn ProvideCredentials>; 2] = [
        Box::new(token.sts_endpoint(gone.clone())),
        Box::new(key.sts_endpoint(gone.clone())),
    ];
    for source in sources {
        let error = source.provide_credentials().await.unwrap_err();
        assert!(error.is_retryable(), "{error}");
        let start = format!("STS at {gone} did not give credentials: could not connect to {gone}");
        assert!(chain(&error).starts_with(&start), "{}", chain(&error));
        assert!(error.hint().unwrap().contains("a firewall or proxy"));
    }
}

#[tokio::test]
async fn a_page_in_place_of_sts_that_says_no_is_not_taken_for_sts() {
    let (_directory, path) = mounted();
    let page = ResponseTemplate::new(403).set_body_string("<html>blocked</html>");
    let server = answering(page).await;
    assert_eq!(
        told(&oidc(&server, &path), &server).await,
        "STS at HOST refused to give credentials: this was not answered by STS: check \
         ALIBABA_CLOUD_STS_ENDPOINT, the endpoint that was given and the proxy settings: no error \
         code (HTTP 403)"
    );
    let large = ResponseTemplate::new(200).set_body_string("x".repeat(65 * 1024));
    let server = answering(large).await;
    let sentence = told(&oidc(&server, &path), &server).await;
    assert!(sentence.contains("more than 64 KiB"), "{sentence}");
}

#[tokio::test]
async fn a_role_without_keys_to_assume_it_with_stops_a_chain() {
    let server = answering(reply("credential-sts-assume-role")).await;
    let empty = EnvironmentCredentials::named("A", "B", "C").with_lookup(nothing);
    let source = AssumeRoleCredentials::new(empty, ROLE).sts_endpoint(endpoint(&server));
    let chain = Chain::new()
        .then(source)
        .then(Credentials::new("other", "s"));
    assert_eq!(
        told(&chain, &server).await,
        format!(
            "the role {ROLE} is set up wrongly: there is nothing to assume it with: no credentials \
             are configured in the environment (A and B)"
        )
    );
}

#[tokio::test]
async fn no_debug_text_and_no_error_shows_a_key_or_a_token() {
    let (_directory, path) = mounted();
    let token = std::fs::read_to_string(&path).unwrap();
    let secrets = [
        SECRET.to_owned(),
        token.trim().to_owned(),
        "TESTonlySIGNATURE".to_owned(),
    ];
    for status in [200, 400, 403, 500] {
        let says_back = move |request: &Request| {
            let body = String::from_utf8_lossy(&request.body);
            // What was sent as a token, or else the secret that signed: first, so that it is
            // not cut off.
            let mut sent = form(request);
            let secret = sent.remove("OIDCToken").unwrap_or(SECRET.to_owned());
            let said = format!("no: {secret} {body} {}", request.url);
            ResponseTemplate::new(status).set_body_json(json!({"Code": "X", "Message": said}))
        };
        let server = MockServer::start().await;
        Mock::given(method("POST"))
            .respond_with(says_back)
            .mount(&server)
            .await;
        let sources: [Box<dyn ProvideCredentials>; 2] = [
            Box::new(oidc(&server, &path).policy("p0licy")),
            Box::new(role(&server).external_id("ext3rnal").policy("p0licy")),
        ];
        for source in sources {
            let error = source.provide_credentials().await.unwrap_err();
            let text = format!("{source:?} {error:?} {}", chain(&error));
            for secret in &secrets {
                assert!(!text.contains(secret.as_str()), "{text}");
            }
            let shown = format!("{source:?} {source:#?}");
            assert!(
                !shown.contains("ext3rnal") && !shown.contains("p0licy"),
                "{shown}"
            );
            assert!(shown.contains(ROLE) || shown.contains(path.as_str()));
        }
    }
}
