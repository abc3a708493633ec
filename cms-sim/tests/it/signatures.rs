//! Every vector is accepted, every changed one is refused, by requests on the wire.

use cms_sim::{SimConfig, Simulator};
use serde_json::Value;

use crate::client::{Caller, INSTANCE, Seen, Style, authorization, config, encode, send, start};

fn vectors(kind: &str) -> Vec<Value> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/signature-vectors.json"
    );
    let json: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    json[kind].as_array().unwrap().clone()
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

/// A server that knows the vector's key and stands at its time.
async fn server_for(vector: &Value, time: &str, token: Option<&str>) -> Simulator {
    let config = SimConfig::default()
        .manual_clock(time.parse().unwrap())
        .credentials(
            text(vector, "access_key_id"),
            text(vector, "access_key_secret"),
            token,
        )
        .role("acs:ram::1234567890123456:role/kafka-lag-reader");
    Simulator::start(config).await.unwrap()
}

/// Past the signature: an answer of CMS or of STS, or the refusal of something that is checked only afterwards.
fn is_past_the_signature(seen: &Seen) -> bool {
    let body = seen.body();
    [
        "InvalidAction.NotFound",
        "\"Code\":\"200\"",
        "\"Credentials\":{",
        "\"NextToken\\\" is not valid",
    ]
    .iter()
    .any(|sign| body.contains(sign))
}

/// The request with one character of a value changed in a way that the decoder sees.
fn with_other_nonce(text: &str, nonce: &str) -> String {
    let other = format!("x{}", &nonce[1..]);
    assert!(text.contains(nonce), "{text}");
    text.replace(nonce, &other)
}

struct Wire {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Wire {
    async fn send(&self, simulator: &Simulator) -> Seen {
        send(
            simulator.addr(),
            &self.method,
            &self.target,
            &self.headers,
            &self.body,
        )
        .await
    }
}

fn v1_wire(vector: &Value) -> Wire {
    let example = &vector["wire_example"];
    let kind = example["content_type"].as_str();
    Wire {
        method: text(vector, "method").into(),
        target: text(example, "request_target").into(),
        headers: kind
            .map(|kind| ("content-type".into(), kind.into()))
            .into_iter()
            .collect(),
        body: text(example, "body").into(),
    }
}

#[tokio::test]
async fn all_fifteen_v1_vectors_are_accepted_and_a_changed_character_is_refused() {
    let vectors = vectors("v1");
    assert_eq!(vectors.len(), 15);
    for vector in vectors {
        let token = vector["security_token"].as_str();
        let simulator = server_for(&vector, text(&vector, "timestamp"), token).await;
        let good = v1_wire(&vector);

        let mut bad = v1_wire(&vector);
        let nonce = text(&vector, "nonce");
        if bad.target.contains(nonce) {
            bad.target = with_other_nonce(&bad.target, nonce);
        } else {
            bad.body = with_other_nonce(&bad.body, nonce);
        }
        let refused = bad.send(&simulator).await;
        assert_eq!(refused.status(), 400, "{}", vector["id"]);
        assert!(
            refused.body().contains("SignatureDoesNotMatch"),
            "{}",
            vector["id"]
        );
        let expected = text(&vector, "string_to_sign").replace(nonce, &format!("x{}", &nonce[1..]));
        let quoted = refused.body().replace("&amp;", "&");
        let announced = format!("server string to sign is:{expected}");
        assert!(quoted.contains(&announced), "{}\n{quoted}", vector["id"]);

        let accepted = good.send(&simulator).await;
        assert!(
            is_past_the_signature(&accepted),
            "{}: {}",
            vector["id"],
            accepted.body()
        );
    }
}

fn v3_wire(vector: &Value) -> Wire {
    let pairs = vector["query"].as_object().unwrap().iter();
    let query: Vec<String> = pairs
        .map(|(name, value)| format!("{}={}", encode(name), encode(value.as_str().unwrap())))
        .collect();
    let signed = vector["headers_to_sign"].as_object().unwrap().iter();
    let mut headers: Vec<(String, String)> = signed
        .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
        .collect();
    headers.push(("Authorization".into(), text(vector, "authorization").into()));
    Wire {
        method: text(vector, "method").into(),
        target: format!("/?{}", query.join("&")),
        headers,
        body: text(vector, "body_utf8").into(),
    }
}

#[tokio::test]
async fn all_twelve_v3_vectors_are_accepted_and_a_changed_character_is_refused() {
    let vectors = vectors("v3");
    assert_eq!(vectors.len(), 12);
    for vector in vectors {
        let time = text(&vector["headers_to_sign"], "x-acs-date");
        let token = vector["security_token"].as_str();
        let simulator = server_for(&vector, time, token).await;

        let mut bad = v3_wire(&vector);
        let nonce = text(&vector["headers_to_sign"], "x-acs-signature-nonce");
        for (_, value) in bad
            .headers
            .iter_mut()
            .filter(|(name, _)| name == "x-acs-signature-nonce")
        {
            *value = with_other_nonce(value, nonce);
        }
        let refused = bad.send(&simulator).await;
        assert_eq!(refused.code(), "SignatureDoesNotMatch", "{}", vector["id"]);
        let canonical =
            text(&vector, "canonical_request").replace(nonce, &format!("x{}", &nonce[1..]));
        let message = refused.json()["Message"].as_str().unwrap().to_owned();
        let announced = format!("server CanonicalRequest is [{canonical}]");
        assert!(message.contains(&announced), "{}\n{message}", vector["id"]);
        assert!(message.contains("server StringToSign is [ACS3-HMAC-SHA256\n"));

        let accepted = v3_wire(&vector).send(&simulator).await;
        assert!(
            is_past_the_signature(&accepted),
            "{}: {}",
            vector["id"],
            accepted.body()
        );
    }
}

#[tokio::test]
async fn the_five_requests_captured_from_the_official_sdks_are_answered() {
    let captured = vectors("wire");
    assert_eq!(captured.len(), 5);
    for vector in captured {
        let list = vector["headers"].as_array().unwrap().iter();
        let headers: Vec<(String, String)> = list
            .map(|pair| {
                (
                    pair[0].as_str().unwrap().into(),
                    pair[1].as_str().unwrap().into(),
                )
            })
            .collect();
        let token = headers
            .iter()
            .find(|(name, _)| name == "x-acs-security-token");
        let in_query = "CAIS8wF1q6Ft5B2yfSjIr5eGAtH+mq1xhfFP/aF+u2QX8AAAA3Nh0z/x9Y+7Sw==";
        let token = match token {
            Some((_, token)) => Some(token.as_str()),
            None => text(&vector, "request_target")
                .contains("SecurityToken")
                .then_some(in_query),
        };
        let simulator = server_for(&vector, "2026-01-15T08:30:00Z", token).await;
        let wire = Wire {
            method: text(&vector, "method").into(),
            target: text(&vector, "request_target").into(),
            headers,
            body: text(&vector, "body").into(),
        };
        let seen = wire.send(&simulator).await;
        assert_eq!(seen.status(), 200, "{}: {}", vector["id"], seen.body());
        assert_eq!(seen.points().len(), 0, "an instance nobody configured");

        let changed = Wire {
            target: wire.target.replace("Period=60", "Period=61"),
            ..wire
        };
        assert_eq!(
            changed.send(&simulator).await.code(),
            "SignatureDoesNotMatch",
            "{}",
            vector["id"]
        );
    }
}

#[tokio::test]
async fn a_wrong_secret_is_told_apart_by_the_string_to_sign() {
    let (_simulator, mut caller) = start(config()).await;
    caller.secret = "sim-key-secreT".into();
    for style in [
        Style::GetQuery,
        Style::PostQuery,
        Style::PostForm,
        Style::Acs3Get,
        Style::Acs3Form,
    ] {
        caller.style = style;
        let seen = caller.lag(&[]).await;
        assert_eq!(
            (seen.status(), seen.code().as_str()),
            (400, "SignatureDoesNotMatch"),
            "{style:?}"
        );
    }
}

#[tokio::test]
async fn the_placement_of_parameters_does_not_matter() {
    let (_simulator, mut caller) = start(config()).await;
    for style in [
        Style::GetQuery,
        Style::PostQuery,
        Style::PostForm,
        Style::Acs3Get,
        Style::Acs3Form,
    ] {
        caller.style = style;
        let seen = caller.lag(&[]).await;
        assert_eq!(
            (seen.status(), seen.code().as_str()),
            (200, "200"),
            "{style:?}"
        );
    }
}

const EMPTY_HASH: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// What a V3 request without parameters and body must carry and sign.
fn acs3_headers(caller: &Caller, hash: &str) -> Vec<(String, String)> {
    [
        ("host", caller.address.to_string().as_str()),
        ("x-acs-action", "DescribeMetricMetaList"),
        ("x-acs-content-sha256", hash),
        ("x-acs-date", &caller.time),
        ("x-acs-signature-nonce", "n"),
        ("x-acs-version", "2019-01-01"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

#[tokio::test]
async fn v3_must_sign_the_host_and_every_header_of_the_protocol() {
    let (simulator, caller) = start(config()).await;
    let all = acs3_headers(&caller, EMPTY_HASH);
    for left_out in &all {
        let signed: Vec<_> = all
            .iter()
            .filter(|header| *header != left_out)
            .cloned()
            .collect();
        let authorization = authorization("sim-key-id", "sim-key-secret", "GET", "", &signed, "");
        let mut headers = all.clone();
        headers.push(("authorization".into(), authorization));
        let seen = send(simulator.addr(), "GET", "/", &headers, "").await;
        assert_eq!(seen.code(), "IncompleteSignature", "{}", left_out.0);
    }
    let authorization = authorization("sim-key-id", "sim-key-secret", "GET", "", &all, "");
    let mut headers = all.clone();
    headers.push(("authorization".into(), authorization));
    let seen = send(simulator.addr(), "GET", "/", &headers, "").await;
    assert_eq!(seen.code(), "200");
}

#[tokio::test]
async fn v3_covers_the_body() {
    let (_simulator, mut caller) = start(config()).await;
    caller.style = Style::Acs3Form;
    let parameters = [
        ("Namespace", "acs_kafka"),
        ("MetricName", "message_accumulation"),
    ];
    let request = caller.request("DescribeMetricList", &parameters);
    let changed = request.replace("message_accumulation", "message_accumulatioN");
    let seen = crate::client::raw(caller.address, changed.as_bytes()).await;
    assert_eq!(seen.code(), "SignatureDoesNotMatch");
}

#[tokio::test]
async fn v3_checks_the_announced_hash_of_the_body() {
    let (simulator, caller) = start(config()).await;
    let other = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb";
    let mut headers = acs3_headers(&caller, other);
    let authorization = authorization("sim-key-id", "sim-key-secret", "GET", "", &headers, "");
    headers.push(("authorization".into(), authorization));
    let seen = send(simulator.addr(), "GET", "/", &headers, "").await;
    assert_eq!(seen.code(), "SignatureDoesNotMatch");
}

#[tokio::test]
async fn v3_names_its_headers_in_lower_case_and_in_order() {
    let (simulator, caller) = start(config()).await;
    let ordered = acs3_headers(&caller, EMPTY_HASH);
    let mut swapped = ordered.clone();
    swapped.swap(1, 2);
    let mut upper = ordered.clone();
    upper.insert(0, ("Accept".into(), "*/*".into()));
    for wrong in [swapped, upper] {
        let authorization = authorization("sim-key-id", "sim-key-secret", "GET", "", &wrong, "");
        let mut headers = wrong.clone();
        headers.push(("authorization".into(), authorization));
        let seen = send(simulator.addr(), "GET", "/", &headers, "").await;
        assert_eq!(seen.code(), "IncompleteSignature");
    }
}

#[tokio::test]
async fn a_nonce_is_good_for_one_request_only() {
    let (_simulator, mut caller) = start(config()).await;
    caller.nonce = Some("the-same".into());
    for style in [Style::PostQuery, Style::Acs3Get] {
        caller.style = style;
        let code = caller.lag(&[]).await.code();
        let expected = if style == Style::PostQuery {
            "200"
        } else {
            "SignatureNonceUsed"
        };
        assert_eq!(code, expected, "{style:?}");
    }
}

#[tokio::test]
async fn rpc_calls_that_do_not_ask_for_json_get_xml() {
    let (simulator, mut caller) = start(config()).await;
    simulator.set_scenario(INSTANCE, "g", cms_sim::Scenario::Zero);
    caller.format = None;
    let seen = caller.lag(&[]).await;
    assert_eq!(seen.header("content-type"), Some("text/xml;charset=utf-8"));
    assert!(
        seen.body()
            .contains("<DescribeMetricListResponse><Code>200</Code>")
    );
    caller.secret = "wrong".into();
    let refused: Caller = caller;
    assert!(
        refused
            .lag(&[])
            .await
            .body()
            .contains("<Error><Code>SignatureDoesNotMatch</Code>")
    );
}
