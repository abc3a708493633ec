//! What goes over the wire, seen from the server, which verifies with its own decoder.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::{collections::BTreeMap, time::Duration};

use aliyun_cms::{
    Credentials, Placement, SignatureVersion,
    sign::{acs3, rpc},
};
use common::{FakeClock, KEY_ID, NONCE, SECRET, TOKEN, builder, client, query, received, reply};
use secrecy::SecretString;
use url::form_urlencoded;
use wiremock::{
    Mock, MockServer, Request,
    matchers::{header, method, path, query_param},
};

async fn server() -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/"))
        .respond_with(reply("list-page-3-last-no-token"))
        .mount(&server)
        .await;
    server
}

fn params(request: &Request) -> BTreeMap<String, String> {
    let mut params = query(request);
    params.extend(form_urlencoded::parse(&request.body).into_owned());
    params
}

/// As the vendor does: decode, take the signature out, sign again.
fn verify_v1(request: &Request) -> BTreeMap<String, String> {
    let mut params = params(request);
    let theirs = params.remove("Signature").unwrap();
    let canonical = rpc::canonical_query(params.iter().map(|(n, v)| (&**n, &**v)));
    let to_sign = rpc::string_to_sign(request.method.as_str(), &canonical);
    assert_eq!(
        rpc::signature(&SecretString::from(SECRET), &to_sign),
        theirs
    );
    params
}

fn verify_v3(request: &Request) -> BTreeMap<String, String> {
    let text = |name: &str| request.headers[name].to_str().unwrap();
    let theirs = text("authorization");
    let names = theirs
        .split("SignedHeaders=")
        .nth(1)
        .unwrap()
        .split(',')
        .next()
        .unwrap();
    let must: Vec<&str> = request
        .headers
        .keys()
        .map(|name| name.as_str())
        .filter(|name| ["host", "content-type"].contains(name) || name.starts_with("x-acs-"))
        .collect();
    for name in must {
        assert!(
            names.split(';').any(|signed| signed == name),
            "{name} is sent and not signed"
        );
    }
    let payload = acs3::hashed_payload(&request.body);
    assert_eq!(text("x-acs-content-sha256"), payload);
    let params = query(request);
    let canonical = acs3::canonical_query(params.iter().map(|(n, v)| (&**n, &**v)));
    let signed: Vec<_> = names.split(';').map(|name| (name, text(name))).collect();
    let canonical =
        acs3::canonical_request("POST", "/", &canonical, signed.iter().copied(), &payload);
    let to_sign = acs3::string_to_sign(&canonical);
    let signature = acs3::signature(&SecretString::from(SECRET), &to_sign);
    assert_eq!(theirs, acs3::authorization(KEY_ID, names, &signature));
    params
}

#[tokio::test]
async fn a_query_carries_all_parameters_and_the_body_is_empty() {
    let server = server().await;
    let (from, to) = (
        "2026-01-15T08:25:00Z".parse().unwrap(),
        "2026-01-15T08:30:00.5Z".parse().unwrap(),
    );
    client(&server)
        .describe_metric_list("acs_kafka", "message_accumulation")
        .dimension("instanceId", "alikafka_pre-cn-mp919o4v0001")
        .period(Duration::from_secs(60))
        .window(from, to)
        .length(1000)
        .express_group_by(["instanceId"])
        .send(Some("a+b/c="))
        .await
        .unwrap();
    let requests = received(&server).await;
    assert_eq!(requests.len(), 1);
    let request = &requests[0];
    assert!(request.body.is_empty());
    assert_eq!(request.headers["content-length"], "0");
    assert_eq!(request.headers["accept"], "application/json");
    assert!(
        request.headers["user-agent"]
            .to_str()
            .unwrap()
            .starts_with("aliyun-cms/")
    );
    assert!(!request.headers.contains_key("authorization"));
    let params = verify_v1(request);
    let expected = [
        ("AccessKeyId", KEY_ID),
        ("Action", "DescribeMetricList"),
        (
            "Dimensions",
            r#"{"instanceId":"alikafka_pre-cn-mp919o4v0001"}"#,
        ),
        ("EndTime", "1768465800500"),
        ("Express", r#"{"groupby":["instanceId"]}"#),
        ("Format", "JSON"),
        ("Length", "1000"),
        ("MetricName", "message_accumulation"),
        ("Namespace", "acs_kafka"),
        ("NextToken", "a+b/c="),
        ("Period", "60"),
        ("SignatureMethod", "HMAC-SHA1"),
        ("SignatureNonce", NONCE),
        ("SignatureVersion", "1.0"),
        ("StartTime", "1768465500000"),
        ("Timestamp", "2026-01-15T08:30:00Z"),
        ("Version", "2019-01-01"),
    ];
    let expected: BTreeMap<String, String> = expected
        .iter()
        .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
        .collect();
    assert_eq!(params, expected);
}

#[tokio::test]
async fn the_query_travels_in_the_canonical_encoding_not_as_a_form() {
    let server = server().await;
    let text = "a b*c~d+e/中";
    client(&server)
        .describe_metric_list("n", text)
        .send(None)
        .await
        .unwrap();
    let target = received(&server).await[0].url.query().unwrap().to_owned();
    assert!(
        target.contains("MetricName=a%20b%2Ac~d%2Be%2F%E4%B8%AD"),
        "{target}"
    );
}

#[tokio::test]
async fn a_form_carries_all_parameters_and_the_query_is_empty() {
    let server = server().await;
    let client = builder(&server).placement(Placement::Form).build().unwrap();
    client
        .describe_metric_last("acs_kafka", "m")
        .send(None)
        .await
        .unwrap();
    let request = &received(&server).await[0];
    assert_eq!(request.url.query(), None);
    assert_eq!(
        request.headers["content-type"],
        "application/x-www-form-urlencoded"
    );
    assert_eq!(verify_v1(request)["Action"], "DescribeMetricLast");
}

#[tokio::test]
async fn the_place_of_the_parameters_does_not_change_the_v1_signature() {
    let server = server().await;
    for placement in [Placement::Query, Placement::Form] {
        let client = builder(&server).placement(placement).build().unwrap();
        client
            .describe_metric_list("n", "m")
            .send(None)
            .await
            .unwrap();
    }
    let requests = received(&server).await;
    assert_eq!(
        params(&requests[0])["Signature"],
        params(&requests[1])["Signature"]
    );
}

#[tokio::test]
async fn the_clients_v1_request_has_the_signature_of_the_vector() {
    let vectors = common::json("signature-vectors.json");
    let vector = vectors["v1"]
        .as_array()
        .unwrap()
        .iter()
        .find(|v| v["id"] == "v1-post-query-object-dimensions")
        .unwrap();
    let server = server().await;
    let own = |map: &serde_json::Value| -> Vec<(String, String)> {
        map.as_object()
            .unwrap()
            .iter()
            .map(|(n, v)| (n.clone(), v.as_str().unwrap().to_owned()))
            .collect()
    };
    client(&server)
        .call("DescribeMetricList", own(&vector["api_params"]))
        .await
        .unwrap();
    let sent = query(&received(&server).await[0]);
    let mut expected: BTreeMap<String, String> =
        own(&vector["common_params"]).into_iter().collect();
    expected.extend(own(&vector["api_params"]));
    expected.insert(
        "Signature".into(),
        vector["signature"].as_str().unwrap().into(),
    );
    assert_eq!(sent, expected);
}

#[tokio::test]
async fn the_security_token_is_a_signed_parameter_in_v1_and_a_signed_header_in_v3() {
    let server = server().await;
    let temporary = || Credentials::new(KEY_ID, SECRET).with_security_token(TOKEN);
    let v1 = builder(&server).credentials(temporary()).build().unwrap();
    v1.describe_metric_list("n", "m").send(None).await.unwrap();
    let v3 = builder(&server)
        .credentials(temporary())
        .signature(SignatureVersion::V3)
        .build()
        .unwrap();
    v3.describe_metric_list("n", "m").send(None).await.unwrap();
    let requests = received(&server).await;
    assert_eq!(verify_v1(&requests[0])["SecurityToken"], TOKEN);
    verify_v3(&requests[1]);
    assert_eq!(requests[1].headers["x-acs-security-token"], TOKEN);
    assert_eq!(requests[1].headers["x-acs-accesskey-id"], KEY_ID);
    assert!(!requests[1].url.as_str().contains("CAIS"));
}

#[tokio::test]
async fn v3_signs_host_with_port_every_acs_header_and_the_content_type() {
    let server = server().await;
    for placement in [Placement::Query, Placement::Form] {
        let client = builder(&server)
            .signature(SignatureVersion::V3)
            .placement(placement)
            .build()
            .unwrap();
        let list = client
            .describe_metric_list("acs_kafka", "m")
            .dimension("a", "b c*~");
        list.send(None).await.unwrap();
    }
    let requests = received(&server).await;
    let query = verify_v3(&requests[0]);
    assert_eq!(
        query.keys().collect::<Vec<_>>(),
        ["Dimensions", "MetricName", "Namespace"]
    );
    let headers = &requests[0].headers;
    assert_eq!(headers["x-acs-action"], "DescribeMetricList");
    assert_eq!(headers["x-acs-version"], "2019-01-01");
    assert_eq!(headers["x-acs-date"], "2026-01-15T08:30:00Z");
    assert_eq!(headers["x-acs-signature-nonce"], NONCE);
    assert_eq!(headers["host"], server.address().to_string().as_str());

    assert!(verify_v3(&requests[1]).is_empty());
    assert_eq!(params(&requests[1])["Dimensions"], r#"{"a":"b c*~"}"#);
    assert!(
        requests[1].headers["authorization"]
            .to_str()
            .unwrap()
            .contains("content-type;host")
    );
}

#[tokio::test]
async fn version_and_user_agent_can_be_changed_for_other_products() {
    let server = MockServer::start().await;
    Mock::given(query_param("Version", "2015-04-01"))
        .and(query_param("Action", "AssumeRole"))
        .and(header("user-agent", "mine/1"))
        .respond_with(reply("credential-sts-assume-role"))
        .expect(1)
        .mount(&server)
        .await;
    let client = builder(&server)
        .api_version("2015-04-01")
        .user_agent("mine/1")
        .build()
        .unwrap();
    let params = [("RoleArn".to_owned(), "acs:ram::1:role/r".to_owned())];
    let reply = client.call("AssumeRole", params).await.unwrap();
    assert_eq!(reply.request_id, "6A5F022D-AC7C-460E-94AE-B9E75083D03E");
    assert!(reply.body().starts_with('{') && reply.into_body().contains("Credentials"));
}

#[tokio::test]
async fn the_time_is_asked_for_in_every_call() {
    let server = server().await;
    let clock = FakeClock {
        now: "2026-02-03T04:05:06Z".parse().unwrap(),
        ..FakeClock::default()
    };
    let client = builder(&server).clock(clock).build().unwrap();
    client
        .describe_metric_list("n", "m")
        .send(None)
        .await
        .unwrap();
    assert_eq!(
        query(&received(&server).await[0])["Timestamp"],
        "2026-02-03T04:05:06Z"
    );
}

#[tokio::test]
async fn metadata_is_asked_for_by_name_and_page() {
    let server = MockServer::start().await;
    Mock::given(query_param("Action", "DescribeMetricMetaList"))
        .and(query_param("Namespace", "acs_kafka"))
        .and(query_param("MetricName", "m"))
        .and(query_param("PageNumber", "2"))
        .and(query_param("PageSize", "100"))
        .respond_with(reply("meta-list-acs-kafka"))
        .expect(1)
        .mount(&server)
        .await;
    let list = client(&server)
        .describe_metric_meta_list("acs_kafka")
        .metric("m");
    let page = list
        .page_number(1)
        .page_number(2)
        .page_size(100)
        .send()
        .await
        .unwrap();
    assert_eq!((page.total, page.metrics.len()), (Some(7), 7));
    let disk = page
        .metrics
        .iter()
        .find(|m| m.metric_name == "instance_disk_capacity")
        .unwrap();
    assert_eq!(disk.dimensions, ["userId", "instanceId"]);
    assert_eq!(disk.periods, [60, 300]);
    assert_eq!(disk.statistics, ["Maximum"]);
    assert_eq!(
        (disk.unit.as_str(), disk.namespace.as_str()),
        ("%", "acs_kafka")
    );
    assert!(
        disk.labels
            .contains(&("minAlertPeriod".to_owned(), "60".to_owned()))
    );
}
