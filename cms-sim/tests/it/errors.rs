//! Refusals: the vendor's codes, statuses and body shape.

use cms_sim::Scenario;
use serde_json::Value;

use crate::client::{INSTANCE, Seen, Style, config, encode, fixture, send, start};

/// The reply equals the fixture but for what differs by nature: request id, host, and the quoted request.
pub(crate) fn assert_like_fixture(seen: &Seen, name: &str) {
    let (status, mut theirs) = fixture(name);
    let mut ours = seen.json();
    assert_eq!(seen.status(), status, "{name}: {ours}");
    let id = ours["RequestId"].as_str().unwrap().to_owned();
    assert_eq!(id.len(), 36, "{id}");
    for body in [&mut ours, &mut theirs] {
        let id = body["RequestId"].take();
        if let Some(recommend) = body.get_mut("Recommend") {
            let text = recommend
                .as_str()
                .unwrap()
                .replace(id.as_str().unwrap(), "ID");
            *recommend = Value::from(text);
        }
        if let Some(host) = body.get_mut("HostId") {
            assert!(host.is_string());
            *host = Value::Null;
        }
    }
    assert_eq!(ours, theirs, "{name}");
}

#[tokio::test]
async fn wrong_parameters_are_refused_as_the_vendor_does() {
    let (_simulator, caller) = start(config()).await;
    let like = async |parameters: &[(&str, &str)], name: &str| {
        assert_like_fixture(&caller.call("DescribeMetricList", parameters).await, name);
    };
    let namespace = ("Namespace", "acs_kafka");
    let metric = ("MetricName", "message_accumulation");
    like(&[namespace], "error-missing-metric-name").await;
    like(
        &[namespace, ("MetricName", "")],
        "error-missing-metric-name",
    )
    .await;
    like(
        &[namespace, metric, ("Period", "61")],
        "error-invalid-parameter",
    )
    .await;
    like(
        &[namespace, ("MetricName", "no_such")],
        "error-resource-not-found",
    )
    .await;
    like(
        &[("Namespace", "acs_ecs"), metric],
        "error-resource-not-found",
    )
    .await;
    let seen = caller.call("DescribeMetricList", &[metric]).await;
    assert_eq!(
        (seen.status(), seen.code().as_str()),
        (400, "MissingNamespace")
    );
}

#[tokio::test]
async fn windows_that_cannot_be_are_refused() {
    let (_simulator, caller) = start(config()).await;
    for (start, end) in [
        ("1768465800000", "1768465500000"),
        ("1768465500000", "1768465500000"),
        ("1760000000000", "1768465500000"),
        ("soon", "1768465500000"),
    ] {
        let seen = caller.lag(&[("StartTime", start), ("EndTime", end)]).await;
        assert_eq!(seen.code(), "InvalidParameter", "{start}");
        assert!(seen.body().contains("StartTime"));
    }
}

#[tokio::test]
async fn dimensions_that_cannot_be_parsed_are_an_error_inside_a_good_reply() {
    let (simulator, caller) = start(config()).await;
    let cut = r#"[{"instanceId":"alikafka_pre-cn-mp919o4v0001""#;
    assert_like_fixture(
        &caller.lag(&[("Dimensions", cut)]).await,
        "body-error-dimensions",
    );
    let fifty_one = format!("[{}]", vec![r#"{"instanceId":"a"}"#; 51].join(","));
    let seen = caller.lag(&[("Dimensions", &fifty_one)]).await;
    assert_eq!(
        (seen.status(), &seen.json()["Success"]),
        (200, &Value::from(false))
    );
    assert_eq!(simulator.counters().by_outcome["400"], 2);
}

#[tokio::test]
async fn unknown_actions_versions_paths_and_methods_are_refused() {
    let (simulator, caller) = start(config()).await;
    assert_like_fixture(
        &caller.call("DescribeMetricTop", &[]).await,
        "error-invalid-action",
    );
    for style in [Style::PostQuery, Style::Acs3Get] {
        let mut older = caller.clone();
        (older.style, older.version) = (style, "2018-03-08");
        assert_like_fixture(&older.lag(&[]).await, "error-invalid-action");
    }
    let request = caller.request("DescribeMetricMetaList", &[]);
    let other_path = request.replace("POST /?", "POST /api?");
    let seen = crate::client::raw(caller.address, other_path.as_bytes()).await;
    assert_like_fixture(&seen, "error-invalid-action");
    let seen = send(simulator.addr(), "PUT", "/?Format=JSON", &[], "").await;
    assert_eq!(
        (seen.status(), seen.code().as_str()),
        (400, "UnsupportedHTTPMethod")
    );
}

#[tokio::test]
async fn missing_common_parameters_are_named() {
    let (simulator, caller) = start(config()).await;
    let request = caller.request("DescribeMetricMetaList", &[]);
    let target = request.split(' ').nth(1).unwrap();
    let pairs: Vec<&str> = target.trim_start_matches("/?").split('&').collect();
    for name in [
        "Action",
        "Version",
        "AccessKeyId",
        "Timestamp",
        "SignatureNonce",
        "Signature",
        "SignatureMethod",
        "SignatureVersion",
    ] {
        let is_other = |pair: &&&str| pair.split('=').next() != Some(name);
        let rest: Vec<&str> = pairs.iter().filter(is_other).copied().collect();
        let seen = send(
            simulator.addr(),
            "POST",
            &format!("/?{}", rest.join("&")),
            &[],
            "",
        )
        .await;
        assert_eq!(
            (seen.status(), seen.code()),
            (400, format!("Missing{name}"))
        );
    }
}

#[tokio::test]
async fn an_unknown_key_is_a_404_and_badly_formed_signatures_are_named() {
    let (simulator, mut caller) = start(config()).await;
    for style in [Style::PostQuery, Style::Acs3Get] {
        let mut stranger = caller.clone();
        (stranger.style, stranger.key_id) = (style, "nobody".into());
        assert_like_fixture(&stranger.lag(&[]).await, "error-invalid-access-key-id");
    }
    let basic = [("authorization".to_owned(), "Basic Zm9vOmJhcg==".to_owned())];
    let seen = send(simulator.addr(), "POST", "/", &basic, "").await;
    assert_eq!(seen.code(), "InvalidSignatureMethod");
    let half = [(
        "authorization".to_owned(),
        "ACS3-HMAC-SHA256 Credential=sim-key-id".to_owned(),
    )];
    let seen = send(simulator.addr(), "POST", "/", &half, "").await;
    assert_like_fixture(&seen, "error-incomplete-signature");
    caller.time = "now".into();
    assert_like_fixture(&caller.lag(&[]).await, "error-invalid-timestamp-format");
    caller.time = "2026-01-15T09:30:00Z".into();
    assert_like_fixture(&caller.lag(&[]).await, "error-invalid-timestamp-expired");
}

#[tokio::test]
async fn a_repeated_request_is_refused_by_its_nonce() {
    let (_simulator, mut caller) = start(config()).await;
    caller.nonce = Some("once".into());
    caller.lag(&[]).await.points();
    assert_like_fixture(&caller.lag(&[]).await, "error-signature-nonce-used");
}

#[tokio::test]
async fn a_temporary_key_needs_its_token_in_both_schemes() {
    let key = config().credentials("STS.sim", "sim-key-secret", Some("sim+token/=="));
    let (_simulator, mut caller) = start(key).await;
    caller.key_id = "STS.sim".into();
    for style in [Style::PostForm, Style::Acs3Get] {
        caller.style = style;
        caller.token = None;
        assert_like_fixture(&caller.lag(&[]).await, "error-missing-security-token");
        caller.token = Some("another".into());
        assert_eq!(
            caller.lag(&[]).await.code(),
            "InvalidSecurityToken.MismatchWithAccessKey"
        );
        caller.token = Some("sim+token/==".into());
        assert_eq!(caller.lag(&[]).await.code(), "200");
    }
}

#[tokio::test]
async fn too_many_calls_per_second_are_throttled_with_a_wait() {
    let (simulator, caller) = start(config().rate_limit(1)).await;
    // Unless each of forty calls takes a second of its own, some of them share one.
    let calls = (0..40).map(|_| {
        let caller = caller.clone();
        tokio::spawn(async move { caller.lag(&[]).await })
    });
    let calls: Vec<_> = calls.collect();
    let mut throttled = 0;
    for call in calls {
        let seen = call.await.unwrap();
        if seen.code() == "Throttling.User" {
            throttled += 1;
            assert_eq!(seen.status(), 400);
            let wait: u64 = seen.header("x-acs-retry-after").unwrap().parse().unwrap();
            assert!((1..=1000).contains(&wait));
        }
    }
    assert!(throttled > 0);
    assert_eq!(
        simulator.counters().by_outcome["Throttling.User"],
        throttled
    );
    assert!(simulator.counters().peak_calls_per_second > 1);
}

#[tokio::test]
async fn parameters_that_are_no_text_are_refused() {
    let (simulator, _caller) = start(config()).await;
    let seen = send(simulator.addr(), "GET", "/?Format=JSON&Action=%FF", &[], "").await;
    assert_eq!(
        (seen.status(), seen.code().as_str()),
        (400, "InvalidParameter")
    );
}

#[tokio::test]
async fn a_connection_serves_one_call_after_another() {
    let (_simulator, caller) = start(config().group(INSTANCE, "g", Scenario::Zero)).await;
    let parameters = [
        ("Namespace", "acs_kafka"),
        ("MetricName", "message_accumulation"),
    ];
    let first = caller.request("DescribeMetricList", &parameters);
    let first = first.replace("connection: close\r\n", "");
    let second = caller.request("DescribeMetricList", &parameters);
    let seen = crate::client::raw(caller.address, (first + &second).as_bytes()).await;
    let text = String::from_utf8(seen.raw).unwrap();
    assert_eq!(text.matches("HTTP/1.1 200 OK").count(), 2);
}

#[tokio::test]
async fn spaces_written_as_plus_are_understood() {
    let (_simulator, caller) = start(config().group(INSTANCE, "g", Scenario::Zero)).await;
    let start = "2026-01-15 16:25:00";
    let request = caller.request(
        "DescribeMetricList",
        &[
            ("Namespace", "acs_kafka"),
            ("MetricName", "message_accumulation"),
            ("StartTime", start),
        ],
    );
    let plus = request.replace(&encode(start), &encode(start).replace("%20", "+"));
    assert_ne!(plus, request);
    let seen = crate::client::raw(caller.address, plus.as_bytes()).await;
    assert_eq!(seen.points().len(), 3);
}
