//! Keys from a URI, which is a secret itself.

use aliyun_cms::UriCredentials;
use wiremock::matchers::query_param;

use super::*;

const VARIABLE: &str = "ALIBABA_CLOUD_CREDENTIALS_URI";

fn from(uri: &str) -> UriCredentials {
    UriCredentials::from_environment().with_lookup(lookup(&[(VARIABLE, uri)]))
}

async fn answering(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path("/credentials"))
        .and(query_param("token", SECRET))
        .respond_with(answer)
        .mount(&server)
        .await;
    server
}

/// With a secret in it, percent-encoded as it must be.
fn secret_uri(server: &MockServer) -> String {
    let token = SECRET.replace('+', "%2B").replace('/', "%2F");
    format!("{}/credentials?token={token}", server.uri())
}

#[tokio::test]
async fn a_uri_gives_keys_with_or_without_a_code() {
    for fixture in ["credential-uri", "credential-uri-without-code"] {
        let server = answering(reply(fixture)).await;
        let uri = secret_uri(&server);
        let nowhere = "http://127.0.0.1:9/nowhere";
        for provider in [from(&uri), from(nowhere).uri(uri.clone())] {
            assert_clean(&shown(&provider));
            let found = provider.provide_credentials().await.unwrap();
            assert_keys(&found);
            let source = format!("the credentials URI {}", server.uri());
            assert_eq!(found.source(), Some(source.as_str()));
        }
    }
}

#[tokio::test]
async fn without_a_uri_nothing_is_configured() {
    let error = refused(&UriCredentials::from_environment().with_lookup(lookup(&[]))).await;
    assert_eq!(
        error.to_string(),
        "no credentials are configured in the credentials URI (ALIBABA_CLOUD_CREDENTIALS_URI)"
    );
    assert!(error.is_not_configured());
}

#[tokio::test]
async fn what_is_no_uri_is_refused_without_showing_it() {
    for bad in [
        SECRET.to_owned(),
        format!("ftp://host/{SECRET}"),
        format!("http:// {SECRET}/"),
        format!("file:///{SECRET}"),
        format!("127.0.0.1:8080/{SECRET}"),
    ] {
        let expected = |origin| {
            format!(
                "the credentials URI is set up wrongly: {origin} is not an http or https URL such \
                 as http://127.0.0.1:8080/credentials"
            )
        };
        assert_eq!(refused(&from(&bad)).await.to_string(), expected(VARIABLE));
        let given = from("http://127.0.0.1:9").uri(bad);
        let text = refused(&given).await.to_string();
        assert_eq!(text, expected("the URI that was given"));
    }
}

#[tokio::test]
async fn every_bad_answer_is_one_sentence() {
    let wrong = "is set up wrongly: ";
    let down = "did not give credentials: ";
    let json = |body: serde_json::Value| ResponseTemplate::new(200).set_body_json(body);
    for (answer, expected) in [
        (
            json(serde_json::json!({"Code": "Failure", "Message": SECRET})),
            format!("{down}its answer has the Code Failure instead of Success"),
        ),
        (
            json(serde_json::json!({"AccessKeySecret": SECRET})),
            format!("{wrong}it answers without a value of AccessKeyId"),
        ),
        (
            keys_without("SecurityToken", None),
            format!("{wrong}it answers without a value of SecurityToken"),
        ),
        (
            keys_without("Expiration", None),
            format!("{wrong}it answers without a value of Expiration"),
        ),
        (
            text(&format!("<html>{SECRET}</html>")),
            format!(
                "{wrong}it answers with a web page instead of credentials: a proxy, a login page \
                 or another server is in its place"
            ),
        ),
        (text(SECRET), format!("{down}its answer is not JSON")),
        (
            ResponseTemplate::new(401).set_body_string(SECRET),
            "refused to give credentials: check the path and the token in it: it answered HTTP 401"
                .to_owned(),
        ),
        (
            ResponseTemplate::new(404).set_body_string(SECRET),
            format!("{wrong}it answers HTTP 404"),
        ),
        (
            ResponseTemplate::new(307).insert_header("Location", "/elsewhere"),
            format!("{wrong}it answers HTTP 307, and redirects are not followed"),
        ),
        (
            ResponseTemplate::new(503),
            format!("{down}it answered HTTP 503"),
        ),
        (
            text(&" ".repeat(64 * 1024 + 1)),
            format!("{wrong}it answers with more than 64 KiB, so it is no server of credentials"),
        ),
    ] {
        let server = answering(answer).await;
        let error = refused(&from(&secret_uri(&server))).await;
        let expected = format!("the credentials URI {} {expected}", server.uri());
        assert_eq!(chain(&error), expected);
        assert_eq!(received(&server).await.len(), 1);
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_by_its_host_only() {
    let address = gone().await;
    let error = refused(&from(&format!("http://{address}/{SECRET}?{SECRET}"))).await;
    let text = chain(&error);
    let expected = format!(
        "the credentials URI http://{address} did not give credentials: could not connect to \
         http://{address}"
    );
    assert!(text.starts_with(&expected), "{text}");
    assert!(error.is_retryable());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_hangs_is_waited_for_ten_seconds() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let start = Instant::now();
    let error = refused(&from(&format!("http://{address}/{SECRET}"))).await;
    assert!(chain(&error).contains("did not answer in time"), "{error}");
    let took = start.elapsed();
    let bound = Duration::from_secs(10);
    assert!(
        took >= bound && took < bound + Duration::from_millis(100),
        "{took:?}"
    );
}
