//! An error tells a stranger what to do.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use aliyun_cms::{ApiError, Client, Error, ErrorKind, SignatureVersion, sign::rpc};
use common::{FakeClock, builder, client, reply};
use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers::method};

async fn refused(template: ResponseTemplate) -> ApiError {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .respond_with(template)
        .mount(&server)
        .await;
    refusal(&client(&server)).await
}

async fn refusal(client: &Client) -> ApiError {
    let error = client
        .describe_metric_list("n", "m")
        .send(None)
        .await
        .unwrap_err();
    assert_eq!(error.hint(), error.api().unwrap().hint());
    error.api().unwrap().clone()
}

#[tokio::test]
async fn a_missing_permission_is_named_together_with_the_policy_that_has_it() {
    let named = refused(reply("error-forbidden-ram")).await;
    assert_eq!(named.auth_action.as_deref(), Some("cms:QueryMetricList"));
    let hint = named.hint().unwrap();
    assert!(hint.contains("RAM action cms:QueryMetricList"), "{hint}");
    assert!(hint.contains("AliyunCloudMonitorReadOnlyAccess"), "{hint}");

    let unnamed = refused(reply("error-access-forbidden"))
        .await
        .hint()
        .unwrap();
    assert!(
        unnamed.contains("cms:QueryMetricList and cms:DescribeMetricList"),
        "{unnamed}"
    );
    assert!(
        unnamed.contains("AliyunCloudMonitorReadOnlyAccess"),
        "{unnamed}"
    );
}

#[tokio::test]
async fn a_wrong_clock_is_measured_against_the_servers_date() {
    // The client's clock stands at 08:30:00.
    for (date, text) in [
        (
            "Thu, 15 Jan 2026 08:10:00 GMT",
            "is 20 min 0 s ahead of the server's",
        ),
        (
            "Thu, 15 Jan 2026 16:30:01 GMT",
            "is 8 h 0 min behind the server's",
        ),
    ] {
        let expired = reply("error-invalid-timestamp-expired").insert_header("date", date);
        let error = refused(expired).await;
        assert!(error.hint().unwrap().contains(text), "{:?}", error.hint());
        assert!(error.server_date.is_some() && error.clock_offset().is_some());
    }
    let undated = reply("error-invalid-timestamp-expired").insert_header("date", "once");
    let hint = refused(undated).await.hint().unwrap();
    assert!(
        hint.contains("more than 15 minutes off: synchronise"),
        "{hint}"
    );
}

/// Refuses and quotes what it signed, as the vendor does; `change` falsifies the quote.
async fn quoting(change: fn(String) -> String) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .respond_with(move |request: &Request| {
            let mut params = common::query(request);
            params.remove("Signature");
            let canonical = rpc::canonical_query(params.iter().map(|(n, v)| (&**n, &**v)));
            let quote = change(rpc::string_to_sign("POST", &canonical));
            let message = format!(
                "Specified signature is not matched with our calculation. server string to sign is:{quote}"
            );
            let body = serde_json::json!({"Code": "SignatureDoesNotMatch", "Message": message});
            ResponseTemplate::new(400).set_body_json(body)
        })
        .mount(&server)
        .await;
    server
}

#[tokio::test]
async fn a_refused_signature_says_whether_the_secret_is_to_blame() {
    let same = refusal(&client(&quoting(|quote| quote).await)).await;
    assert!(
        same.hint()
            .unwrap()
            .contains("the access key secret is wrong"),
        "{:?}",
        same.hint()
    );
    let other = refusal(&client(&quoting(|quote| quote.replace("%3D", "%3d")).await)).await;
    assert!(
        other.hint().unwrap().contains("the secret may be right"),
        "{:?}",
        other.hint()
    );
    for error in [same, other] {
        assert!(
            error.message.ends_with("string to sign [not shown]"),
            "{}",
            error.message
        );
    }
    let v3 = refused(reply("error-signature-does-not-match-v3")).await;
    assert!(
        v3.hint().unwrap().contains("the secret may be right"),
        "another request was quoted"
    );
    assert!(!v3.message.contains("858af04b"), "{}", v3.message);
}

#[tokio::test]
async fn the_v3_quote_is_compared_too() {
    use aliyun_cms::sign::acs3;
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .respond_with(|request: &Request| {
            let text = |name: &str| request.headers[name].to_str().unwrap();
            let names = text("authorization").split("SignedHeaders=").nth(1).unwrap();
            let names: Vec<_> = names.split(',').next().unwrap().split(';').collect();
            let headers = names.iter().map(|name| (*name, text(name)));
            let query = request.url.query().unwrap_or("");
            let payload = acs3::hashed_payload(&request.body);
            let canonical = acs3::canonical_request("POST", "/", query, headers, &payload);
            let message = format!(
                "Specified signature does not match our calculation. server StringToSign is [{}] server CanonicalRequest is [{canonical}]",
                acs3::string_to_sign(&canonical)
            );
            let body = serde_json::json!({"Code": "SignatureDoesNotMatch", "Message": message});
            ResponseTemplate::new(400).set_body_json(body)
        })
        .mount(&server)
        .await;
    let client = builder(&server)
        .signature(SignatureVersion::V3)
        .build()
        .unwrap();
    let error = refusal(&client).await;
    assert!(
        error
            .hint()
            .unwrap()
            .contains("the access key secret is wrong"),
        "{error:?}"
    );
}

#[tokio::test]
async fn other_refusals_say_where_to_look() {
    for (name, word) in [
        ("error-invalid-access-key-id", "access key does not exist"),
        ("error-invalid-access-key-inactive", "disabled"),
        ("error-missing-security-token", "security token"),
        ("error-security-token-expired", "expired"),
        ("error-throttling-user", "limiter"),
        ("error-invalid-action", "endpoint"),
        ("error-resource-not-found", "API version"),
    ] {
        let hint = refused(reply(name)).await.hint().unwrap();
        assert!(hint.contains(word), "{name}: {hint}");
    }
    assert_eq!(
        refused(reply("error-service-unavailable")).await.hint(),
        None
    );
    let plain_404 = refused(ResponseTemplate::new(404)).await;
    assert!(
        plain_404
            .hint()
            .unwrap()
            .contains("not answered by the API")
    );
}

#[tokio::test]
async fn a_printed_chain_is_short_and_says_nothing_twice() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .respond_with(reply("error-throttling-user"))
        .mount(&server)
        .await;
    let error = client(&server)
        .describe_metric_list("n", "m")
        .send(None)
        .await
        .unwrap_err();
    assert_eq!(
        common::chain(&error),
        "DescribeMetricList was refused: Throttling.User (HTTP 400, request \
         6A5F022D-AC7C-460E-94AE-B9E75083D025): Request was denied due to user flow control"
    );
}

#[tokio::test]
async fn a_long_message_is_cut() {
    let body = serde_json::json!({"Code": "X", "Message": "中".repeat(5000)});
    let error = refused(ResponseTemplate::new(400).set_body_json(body)).await;
    assert_eq!(error.message.chars().count(), 301);
}

#[tokio::test]
async fn a_page_of_markup_points_at_proxies() {
    let server = MockServer::start().await;
    let login = ResponseTemplate::new(200).set_body_raw("<html>login</html>", "text/html");
    Mock::given(method("POST"))
        .respond_with(login)
        .mount(&server)
        .await;
    let error = client(&server)
        .describe_metric_list("n", "m")
        .send(None)
        .await
        .unwrap_err();
    assert!(error.hint().unwrap().contains("proxy"));
    assert_eq!(
        common::chain(&error),
        "the reply to DescribeMetricList could not be read: it is HTML or XML, not JSON"
    );
}

#[test]
fn kinds_have_the_closed_list_of_labels() {
    let labels = ErrorKind::ALL.map(ErrorKind::as_str);
    assert_eq!(
        labels,
        [
            "credentials",
            "forbidden",
            "throttled",
            "invalid_request",
            "unavailable",
            "network",
            "timeout",
            "decode",
            "pagination"
        ]
    );
    assert_eq!(ErrorKind::InvalidRequest.to_string(), "invalid_request");
}

#[test]
fn errors_and_clients_can_cross_threads() {
    fn crosses<T: Send + Sync + 'static>() {}
    crosses::<Error>();
    crosses::<Client>();
    crosses::<FakeClock>();
}

#[test]
fn a_client_without_endpoint_or_credentials_is_refused_in_words() {
    let error = Client::builder().build().unwrap_err();
    assert!(error.to_string().contains("endpoint("));
    let endpoint = aliyun_cms::Endpoint::url("http://127.0.0.1:9").unwrap();
    let error = Client::builder()
        .endpoint(endpoint.clone())
        .build()
        .unwrap_err();
    assert!(error.to_string().contains("EnvironmentCredentials"));
    let complete = || {
        Client::builder()
            .endpoint(endpoint.clone())
            .credentials(common::credentials())
    };
    complete().build().unwrap();
    assert!(
        complete()
            .user_agent("a\nb")
            .build()
            .unwrap_err()
            .to_string()
            .contains("user_agent")
    );
    assert!(
        complete()
            .api_version("")
            .build()
            .unwrap_err()
            .to_string()
            .contains("api_version")
    );
}
