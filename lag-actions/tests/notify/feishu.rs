//! Feishu and Lark.

use crate::{
    common::{self, SECRET, TOKEN, assert_error, json, made, note, only_body, send},
    signature::{decode_base64, hmac},
};
use lag_actions::notify::{Feishu, Service};
use lag_core::port::PortErrorKind::{Invalid, RateLimited, Unavailable};
use serde_json::{Value, json};
use wiremock::{MockServer, ResponseTemplate};

async fn answering(answer: &Value) -> MockServer {
    common::server(&format!("/open-apis/bot/v2/hook/{TOKEN}"), json(answer), 1).await
}

#[tokio::test]
async fn a_message_is_text_with_its_signature_in_the_body() {
    let server = answering(&json!({"code": 0, "msg": "success", "data": {}})).await;
    let settings = Feishu {
        keyword: Some("告警".to_owned()),
        at_user_ids: vec!["ou_1".to_owned()],
        at_all: true,
        ..common::feishu()
    };
    send(&*made(&server, Service::Feishu(settings)))
        .await
        .unwrap();
    let body = only_body(&server).await;
    assert_eq!(
        (&body["msg_type"], &body["timestamp"]),
        (&json!("text"), &json!("1700000000"))
    );
    assert_eq!(
        decode_base64(body["sign"].as_str().unwrap()),
        hmac(format!("1700000000\n{SECRET}").as_bytes(), b"")
    );
    let text = body["content"]["text"].as_str().unwrap();
    assert!(
        text.starts_with("告警 ") && text.contains("billing"),
        "{text}"
    );
    assert!(
        text.ends_with("\n<at user_id=\"ou_1\"></at><at user_id=\"all\"></at>"),
        "{text}"
    );
}

#[tokio::test]
async fn without_a_secret_nothing_is_signed() {
    let server = answering(&json!({"code": 0})).await;
    let settings = Feishu {
        secret: None,
        ..common::feishu()
    };
    send(&*made(&server, Service::Feishu(settings)))
        .await
        .unwrap();
    let body = only_body(&server).await;
    assert_eq!((body.get("sign"), body.get("timestamp")), (None, None));
}

#[tokio::test]
async fn the_name_of_a_group_mentions_nobody() {
    let server = answering(&json!({"code": 0})).await;
    let robot = made(&server, Service::Feishu(common::feishu()));
    robot
        .notify(&[&note("<at user_id=\"all\"></at>")], 0)
        .await
        .unwrap();
    let body = only_body(&server).await;
    let text = body["content"]["text"].as_str().unwrap();
    assert!(text.contains("user_id") && !text.contains('<'), "{text}");
}

#[tokio::test]
async fn old_and_new_ways_to_say_yes_are_both_understood() {
    let old = json!({"StatusCode": 0, "StatusMessage": "success", "Extra": null});
    let both = json!({"StatusCode": 0, "StatusMessage": "success", "code": 0, "msg": "success", "data": {}});
    for answer in [old, both] {
        let server = answering(&answer).await;
        send(&*made(&server, Service::Feishu(common::feishu())))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_refusal_is_an_error_with_the_text_and_advice() {
    let cases = [
        (
            19021,
            "sign match fail or timestamp is not within one hour from current time",
            Invalid,
            "clock",
        ),
        (19022, "Ip Not Allowed", Invalid, "IP list"),
        (19024, "Key Words Not Found", Invalid, "set keyword"),
        (9499, "Bad Request", Invalid, "check url"),
        (11232, "frequency limited", RateLimited, "wait a minute"),
    ];
    for (code, msg, kind, advice) in cases {
        let old = json!({"StatusCode": code, "StatusMessage": msg});
        for answer in [json!({"code": code, "msg": msg}), old] {
            let server = answering(&answer).await;
            let error = send(&*made(&server, Service::Feishu(common::feishu())))
                .await
                .unwrap_err();
            assert_error(&error, kind, &["Feishu", &code.to_string(), msg, advice]);
        }
    }
}

#[tokio::test]
async fn a_refusal_with_another_status_still_tells_its_code() {
    let answer =
        ResponseTemplate::new(400).set_body_json(json!({"code": 9499, "msg": "Bad Request"}));
    let server = common::server(&format!("/open-apis/bot/v2/hook/{TOKEN}"), answer, 1).await;
    let error = send(&*made(&server, Service::Feishu(common::feishu())))
        .await
        .unwrap_err();
    assert_error(&error, Invalid, &["9499: Bad Request"]);
}

#[tokio::test]
async fn an_answer_that_is_not_feishus_is_no_success() {
    for answer in [
        json!({}),
        json!({"errcode": 0}),
        json!({"code": "0"}),
        json!(null),
    ] {
        let server = answering(&answer).await;
        let error = send(&*made(&server, Service::Feishu(common::feishu())))
            .await
            .unwrap_err();
        assert_error(&error, Unavailable, &["something else than its JSON"]);
    }
}
