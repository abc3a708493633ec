//! Every reply of `fixtures/cms-responses`, and how the client judges it.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::collections::BTreeSet;

use aliyun_cms::{DecodeError, Error, ErrorKind, MetricPage};
use common::{client, reply};
use serde_json::Value;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::method};

async fn ask(template: ResponseTemplate) -> Result<MetricPage, Error> {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .respond_with(template)
        .mount(&server)
        .await;
    client(&server)
        .describe_metric_list("acs_kafka", "message_accumulation")
        .send(None)
        .await
}

async fn ask_body(body: &str) -> Result<MetricPage, Error> {
    ask(ResponseTemplate::new(200).set_body_raw(body, "application/json")).await
}

/// Name, points, whether a token follows.
#[rustfmt::skip]
const PAGES: [(&str, usize, bool); 19] = [
    ("last-latest", 3, false),
    ("list-code-integer-success-string", 1, false),
    ("list-datapoints-as-array", 2, false),
    ("list-datapoints-null", 0, false),
    ("list-disk-capacity", 2, false),
    ("list-empty-array-string", 0, false),
    ("list-empty-page-with-token", 0, true),
    ("list-empty-string", 0, false),
    ("list-last-empty-token", 1, false),
    ("list-last-null-token", 1, false),
    ("list-no-datapoints-field", 0, false),
    ("list-onetopic", 3, false),
    ("list-page-1-next-token", 4, true),
    ("list-page-2-next-token", 3, true),
    ("list-page-3-last-no-token", 2, false),
    ("list-stale-points", 1, false),
    ("list-statistics-without-value", 1, false),
    ("list-unordered-and-duplicates", 5, false),
    ("list-zero-lag", 1, false),
];

/// Name, status, code, kind, retryable.
#[rustfmt::skip]
const ERRORS: [(&str, u16, &str, ErrorKind, bool); 28] = [
    ("body-error-code-only", 200, "Throttling.User", ErrorKind::Throttled, true),
    ("body-error-dimensions", 200, "400", ErrorKind::InvalidRequest, false),
    ("body-error-internal", 200, "500", ErrorKind::Unavailable, true),
    ("error-access-forbidden", 403, "AccessForbidden", ErrorKind::Forbidden, false),
    ("error-empty-body-500", 500, "", ErrorKind::Unavailable, true),
    ("error-forbidden-ram", 403, "Forbidden.RAM", ErrorKind::Forbidden, false),
    ("error-gateway-html-502", 502, "", ErrorKind::Unavailable, true),
    ("error-incomplete-signature", 400, "IncompleteSignature", ErrorKind::Credentials, false),
    ("error-internal-error", 500, "InternalError", ErrorKind::Unavailable, true),
    ("error-invalid-access-key-id", 404, "InvalidAccessKeyId.NotFound", ErrorKind::Credentials, false),
    ("error-invalid-access-key-inactive", 400, "InvalidAccessKeyId.Inactive", ErrorKind::Credentials, false),
    ("error-invalid-action", 404, "InvalidAction.NotFound", ErrorKind::InvalidRequest, false),
    ("error-invalid-parameter", 400, "InvalidParameter", ErrorKind::InvalidRequest, false),
    ("error-invalid-timestamp-expired", 400, "InvalidTimeStamp.Expired", ErrorKind::Credentials, false),
    ("error-invalid-timestamp-format", 400, "InvalidTimeStamp.Format", ErrorKind::InvalidRequest, false),
    ("error-missing-metric-name", 400, "MissingMetricName", ErrorKind::InvalidRequest, false),
    ("error-missing-security-token", 400, "MissingSecurityToken", ErrorKind::Credentials, false),
    ("error-parameter-invalid", 400, "ParameterInvalid", ErrorKind::InvalidRequest, false),
    ("error-resource-not-found", 404, "ResourceNotFound", ErrorKind::InvalidRequest, false),
    ("error-security-token-expired", 400, "InvalidSecurityToken.Expired", ErrorKind::Credentials, true),
    ("error-service-unavailable", 503, "ServiceUnavailable", ErrorKind::Unavailable, true),
    ("error-signature-does-not-match-v1", 400, "SignatureDoesNotMatch", ErrorKind::Credentials, false),
    ("error-signature-does-not-match-v3", 400, "SignatureDoesNotMatch", ErrorKind::Credentials, false),
    ("error-signature-nonce-used", 400, "SignatureNonceUsed", ErrorKind::InvalidRequest, true),
    ("error-throttling", 400, "Throttling", ErrorKind::Throttled, true),
    ("error-throttling-429", 429, "Throttling.User", ErrorKind::Throttled, true),
    ("error-throttling-api", 400, "Throttling.Api", ErrorKind::Throttled, true),
    ("error-throttling-user", 400, "Throttling.User", ErrorKind::Throttled, true),
];

/// Replies of actions without a type here.
const CALLS: [&str; 5] = [
    "batch-export-end",
    "batch-export-page",
    "cursor-ok",
    "project-meta-acs-kafka",
    "top-ordered",
];

/// Tested where more is asked of them: other files, other actions, or no CMS replies.
const ELSEWHERE: [&str; 10] = [
    "credential-imds-credentials",
    "credential-imds-role-name",
    "credential-imds-token",
    "credential-sts-assume-role",
    "credential-sts-assume-role-with-oidc",
    "credential-uri",
    "credential-uri-without-code",
    "error-throttling-user-retry-after",
    "list-malformed-datapoints",
    "meta-list-acs-kafka",
];

#[test]
fn no_reply_is_forgotten() {
    let files: BTreeSet<String> = std::fs::read_dir(common::fixtures().join("cms-responses"))
        .unwrap()
        .map(|entry| {
            entry
                .unwrap()
                .path()
                .file_stem()
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    let listed = PAGES
        .iter()
        .map(|page| page.0)
        .chain(ERRORS.iter().map(|error| error.0))
        .chain(CALLS)
        .chain(ELSEWHERE)
        .map(str::to_owned)
        .collect();
    assert_eq!(files, listed);
}

#[tokio::test]
async fn every_successful_reply_is_a_page_of_json() {
    for (name, count, more) in PAGES {
        let page = ask(reply(name)).await.unwrap();
        let points: Vec<Value> = serde_json::from_str(page.datapoints()).unwrap();
        assert_eq!(points.len(), count, "{name}");
        assert_eq!(page.next_token.is_some(), more, "{name}");
        assert!(page.request_id.starts_with("6A5F022D"), "{name}");
        assert!(
            [60, 300].contains(&page.period().unwrap().as_secs()),
            "{name}"
        );
        if count == 0 {
            assert_eq!(page.datapoints(), "[]", "{name}");
        }
    }
}

#[tokio::test]
async fn every_error_reply_has_its_code_kind_and_class() {
    for (name, status, code, kind, retryable) in ERRORS {
        let error = ask(reply(name)).await.unwrap_err();
        let api = error.api().unwrap_or_else(|| panic!("{name}: {error:?}"));
        assert_eq!(
            (api.status, api.code.as_str()),
            (Some(status), code),
            "{name}"
        );
        assert_eq!(
            (error.kind(), error.is_retryable()),
            (kind, retryable),
            "{name}"
        );
        assert_eq!(api.request_id.is_some(), !code.is_empty(), "{name}");
        let text = common::chain(&error);
        assert!(
            text.starts_with("DescribeMetricList was refused: "),
            "{text}"
        );
        assert!(text.len() < 300, "{name}: {text}");
    }
}

#[tokio::test]
async fn replies_of_other_actions_are_handed_over_as_text() {
    for name in CALLS {
        let server = MockServer::start().await;
        Mock::given(method("POST"))
            .respond_with(reply(name))
            .mount(&server)
            .await;
        let reply = client(&server).call("Anything", []).await.unwrap();
        let expected = &common::json(&format!("cms-responses/{name}.json"))["body"];
        assert_eq!(
            serde_json::from_str::<Value>(reply.body()).unwrap(),
            *expected,
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_real_array_and_a_text_give_the_same_points() {
    let fixture = common::json("cms-responses/list-datapoints-as-array.json");
    let as_array = ask(reply("list-datapoints-as-array")).await.unwrap();
    let array = &fixture["body"]["Datapoints"];
    let body = serde_json::json!({"Code": "200", "Success": true, "Datapoints": array.to_string()});
    let as_text = ask_body(&body.to_string()).await.unwrap();
    assert_eq!(as_array.datapoints(), as_text.datapoints());
    assert_eq!(as_array.into_datapoints(), array.to_string());
}

#[tokio::test]
async fn points_that_were_cut_off_are_not_a_page() {
    let error = ask(reply("list-malformed-datapoints")).await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::Decode {
                source: DecodeError::Datapoints,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(error.is_retryable());
}

#[tokio::test]
async fn what_is_not_a_reply_is_undecodable_and_never_an_empty_page() {
    for body in [
        "",
        "null",
        "[]",
        "{",
        "{}",
        r#"{"RequestId":"x"}"#,
        r#"{"Code":"","Message":"hm"}"#,
        r#"{"Code":"200"} trailing"#,
        r#"{"Code":{},"Success":true}"#,
        r#"{"Code":"200","Success":"perhaps"}"#,
        r#"{"Code":"200","Datapoints":{}}"#,
        r#"{"Code":"200","Datapoints":7}"#,
        r#"{"Code":"200","Datapoints":"[1"}"#,
        r#"{"Code":"200","Datapoints":"["}"#,
        r#"{"Code":"200","NextToken":["a"]}"#,
        "<html>login</html>",
        "\u{feff}{}",
    ] {
        let error = ask_body(body).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{body:?}: {error:?}");
        assert!(error.is_retryable(), "{body:?}");
    }
    let latin1 =
        ResponseTemplate::new(200).set_body_raw(b"{\"Message\":\"\xe9\"}".as_slice(), "text/json");
    let error = ask(latin1).await.unwrap_err();
    assert!(matches!(
        error,
        Error::Decode {
            source: DecodeError::NotUtf8,
            ..
        }
    ));
}

#[tokio::test]
async fn http_200_alone_is_not_success() {
    for (body, code) in [
        (r#"{"Success":false}"#, ""),
        (
            r#"{"Success":"false","Code":"200","Datapoints":"[1]"}"#,
            "200",
        ),
        (
            r#"{"Success":true,"Code":"Throttling.User","Datapoints":"[]"}"#,
            "Throttling.User",
        ),
        (r#"{"Code":500}"#, "500"),
    ] {
        let error = ask_body(body).await.unwrap_err();
        assert_eq!(error.api().unwrap().code, code, "{body}");
    }
}

#[tokio::test]
async fn every_spelling_of_success_is_accepted() {
    for code in [
        "200",
        "\"200\"",
        "200.0",
        "\"OK\"",
        "\"Success\"",
        "\"success\"",
        "null",
        "\"\"",
    ] {
        let page = ask_body(&format!(r#"{{"Code":{code},"Success":"True"}}"#))
            .await
            .unwrap();
        assert_eq!(page.datapoints(), "[]", "{code}");
    }
}

#[tokio::test]
async fn an_error_in_xml_still_has_its_code() {
    let xml = "<?xml version='1.0'?><Error><RequestId>R1</RequestId><Code>Throttling.User</Code><Message>slow</Message></Error>";
    let error = ask(ResponseTemplate::new(400).set_body_raw(xml, "text/xml"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Throttled);
    assert_eq!(error.api().unwrap().request_id.as_deref(), Some("R1"));
}

#[tokio::test]
async fn a_redirect_is_an_error_and_is_not_followed() {
    let server = MockServer::start().await;
    let elsewhere =
        ResponseTemplate::new(307).insert_header("location", format!("{}/x", server.uri()));
    Mock::given(method("POST"))
        .respond_with(elsewhere)
        .expect(1)
        .mount(&server)
        .await;
    let error = client(&server)
        .describe_metric_list("n", "m")
        .send(None)
        .await
        .unwrap_err();
    assert_eq!(error.api().unwrap().status, Some(307));
    assert!(!error.is_retryable() && error.hint().unwrap().contains("endpoint"));
}

#[tokio::test]
async fn a_strange_message_does_not_hide_the_code() {
    let body = r#"{"Code":"Throttling","Message":{"deep":[1]},"RequestId":7,"AccessDeniedDetail":"x","Recommend":{}}"#;
    let error = ask(ResponseTemplate::new(400).set_body_raw(body, "application/json"))
        .await
        .unwrap_err();
    let api = error.api().unwrap();
    assert_eq!(
        (api.code.as_str(), api.request_id.as_deref()),
        ("Throttling", Some("7"))
    );
}

#[tokio::test]
async fn metadata_survives_missing_parts() {
    for (body, count) in [
        (r#"{"Code":"200","Success":true}"#, 0),
        (r#"{"Code":200,"Resources":{}}"#, 0),
        (r#"{"Code":200,"Resources":null,"TotalCount":0}"#, 0),
        (
            r#"{"Resources":{"Resource":[{"MetricName":"m","Periods":60,"Labels":"?"}]}}"#,
            1,
        ),
    ] {
        let server = MockServer::start().await;
        let template = ResponseTemplate::new(200).set_body_raw(body, "application/json");
        Mock::given(method("POST"))
            .respond_with(template)
            .mount(&server)
            .await;
        let page = client(&server)
            .describe_metric_meta_list("n")
            .send()
            .await
            .unwrap();
        assert_eq!(page.metrics.len(), count, "{body}");
        if let Some(meta) = page.metrics.first() {
            assert_eq!(
                (meta.periods.as_slice(), meta.labels.len()),
                ([60].as_slice(), 0)
            );
            assert!(meta.dimensions.is_empty());
        }
    }
}
