//! DingTalk.

use crate::{
    common::{self, SECRET, TOKEN, assert_error, json, made, only_body, requests, send},
    signature::{decode_base64, decode_percent, hmac},
};
use lag_actions::notify::{DingTalk, Service};
use lag_core::port::PortErrorKind::{Invalid, RateLimited, Unavailable};
use serde_json::{Value, json};
use wiremock::{MockServer, ResponseTemplate};

const PATH: &str = "/robot/send";

async fn answering(answer: &Value, times: u64) -> MockServer {
    common::server(PATH, json(answer), times).await
}

fn robot(server: &MockServer) -> Box<dyn lag_core::port::Notifier> {
    made(server, Service::DingTalk(common::dingtalk()))
}

#[tokio::test]
async fn a_message_is_markdown_with_keyword_and_mentions() {
    let server = answering(&json!({"errcode": 0, "errmsg": "ok"}), 1).await;
    let settings = DingTalk {
        keyword: Some("告警_1".to_owned()),
        at_mobiles: vec!["13800000000".to_owned()],
        at_user_ids: vec!["user1".to_owned()],
        ..common::dingtalk()
    };
    send(&*made(&server, Service::DingTalk(settings)))
        .await
        .unwrap();
    let body = only_body(&server).await;
    assert_eq!(body["msgtype"], "markdown");
    assert_eq!(
        body["at"],
        json!({"atMobiles": ["13800000000"], "atUserIds": ["user1"], "isAtAll": false})
    );
    let title = body["markdown"]["title"].as_str().unwrap();
    assert!(title.starts_with("告警_1 "), "{title}");
    let text = body["markdown"]["text"].as_str().unwrap();
    assert!(text.starts_with(r"### 告警\_1 "), "{text}");
    assert!(text.ends_with("\n\n@13800000000 @user1"), "{text}");
    assert!(text.contains("billing"), "{text}");
}

#[tokio::test]
async fn everyone_is_mentioned_when_asked_for() {
    let server = answering(&json!({"errcode": 0}), 1).await;
    let settings = DingTalk {
        at_all: true,
        ..common::dingtalk()
    };
    send(&*made(&server, Service::DingTalk(settings)))
        .await
        .unwrap();
    assert_eq!(only_body(&server).await["at"]["isAtAll"], true);
}

#[tokio::test]
async fn the_signature_stands_an_independent_check_every_time() {
    let server = answering(&json!({"errcode": 0, "errmsg": "ok"}), 2).await;
    let robot = robot(&server);
    send(&*robot).await.unwrap();
    send(&*robot).await.unwrap();
    for request in requests(&server).await {
        let query = request.url.query().unwrap();
        let pairs: Vec<(&str, &str)> = query
            .split('&')
            .map(|pair| pair.split_once('=').unwrap())
            .collect();
        let [
            ("access_token", token),
            ("timestamp", timestamp),
            ("sign", sign),
        ] = pairs[..]
        else {
            panic!("{query}");
        };
        assert_eq!((token, timestamp), (TOKEN, "1700000000000"));
        assert!(!sign.contains(['+', '/', '=']), "{sign}");
        assert_eq!(
            decode_base64(&decode_percent(sign)),
            hmac(
                SECRET.as_bytes(),
                format!("{timestamp}\n{SECRET}").as_bytes()
            )
        );
    }
}

#[tokio::test]
async fn without_a_secret_nothing_is_signed() {
    let server = answering(&json!({"errcode": 0}), 1).await;
    let settings = DingTalk {
        secret: None,
        ..common::dingtalk()
    };
    send(&*made(&server, Service::DingTalk(settings)))
        .await
        .unwrap();
    let query = format!("access_token={TOKEN}");
    assert_eq!(requests(&server).await[0].url.query(), Some(query.as_str()));
}

#[tokio::test]
async fn a_refusal_with_http_200_is_an_error_with_the_text_and_advice() {
    let newer = "description:机器人发送签名不匹配;solution:请确认签名和生成签名的时间戳必须都放在调用的网址中;link:x";
    let cases = [
        (
            310000,
            "keywords not in content, more: [x]",
            Invalid,
            "set keyword",
        ),
        (
            310000,
            "sign not match, more: [x]",
            Invalid,
            "begins with SEC",
        ),
        (310000, newer, Invalid, "begins with SEC"),
        (310000, "invalid timestamp, more: [x]", Invalid, "clock"),
        (310000, "ip 1.2.3.4 not in whitelist", Invalid, "IP list"),
        (
            310000,
            "something new",
            Invalid,
            "check keyword, secret, clock and the IP list",
        ),
        (
            300001,
            "token is not exist",
            Invalid,
            "check the access_token",
        ),
        (
            300005,
            "token is not exist",
            Invalid,
            "check the access_token",
        ),
        (
            460101,
            "message too long, exceed 20000 bytes",
            Invalid,
            "too long",
        ),
        (101002, "message is too long", Invalid, "too long"),
        (40035, "bad parameter", Invalid, "40035"),
        (
            130101,
            "send too fast, exceed 20 times per minute",
            RateLimited,
            "wait a minute",
        ),
        (410100, "send speed limited", RateLimited, "wait a minute"),
    ];
    for (errcode, errmsg, kind, advice) in cases {
        let server = answering(
            &json!({"errcode": errcode, "errmsg": errmsg, "status": 1111}),
            1,
        )
        .await;
        let error = send(&*robot(&server)).await.unwrap_err();
        let code = errcode.to_string();
        assert_error(&error, kind, &["DingTalk", &code, errmsg, advice]);
    }
}

#[tokio::test]
async fn a_busy_system_is_asked_three_times_and_no_more() {
    let server = answering(&json!({"errcode": -1, "errmsg": "系统繁忙"}), 3).await;
    let error = send(&*robot(&server)).await.unwrap_err();
    assert_error(&error, Unavailable, &["-1: 系统繁忙"]);
}

#[tokio::test]
async fn an_answer_that_is_not_dingtalks_is_no_success() {
    for body in [
        "<html>please log in</html>",
        "{}",
        "",
        "[0]",
        r#"{"errcode":"0"}"#,
        r#"{"code":0}"#,
    ] {
        let answer = ResponseTemplate::new(200).set_body_string(body);
        let server = common::server(PATH, answer, 1).await;
        let error = send(&*robot(&server)).await.unwrap_err();
        assert_error(&error, Unavailable, &["something else than its JSON"]);
    }
}
