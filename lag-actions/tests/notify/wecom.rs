//! WeCom.

use crate::common::{self, TOKEN, assert_error, json, made, note, only_body, requests, send};
use lag_actions::notify::{Service, WeCom};
use lag_core::port::PortErrorKind::{Invalid, RateLimited, Unavailable};
use serde_json::{Value, json};
use wiremock::MockServer;

async fn answering(answer: &Value, times: u64) -> MockServer {
    common::server("/cgi-bin/webhook/send", json(answer), times).await
}

#[tokio::test]
async fn a_message_is_markdown_that_mentions_users() {
    let server = answering(&json!({"errcode": 0, "errmsg": "ok"}), 1).await;
    let settings = WeCom {
        mentioned_users: vec!["zhang".to_owned(), "li".to_owned()],
        ..common::wecom()
    };
    send(&*made(&server, Service::WeCom(settings)))
        .await
        .unwrap();
    let body = only_body(&server).await;
    assert_eq!(body["msgtype"], "markdown");
    let content = body["markdown"]["content"].as_str().unwrap();
    assert!(
        content.starts_with("### ") && content.contains("billing"),
        "{content}"
    );
    assert!(content.ends_with("\n\n<@zhang><@li>"), "{content}");
    let query = format!("key={TOKEN}");
    assert_eq!(requests(&server).await[0].url.query(), Some(query.as_str()));
}

#[tokio::test]
async fn phone_numbers_and_everyone_need_text() {
    let mobiles = WeCom {
        mentioned_mobiles: vec!["13800000000".to_owned()],
        mentioned_users: vec!["zhang".to_owned()],
        ..common::wecom()
    };
    let everyone = WeCom {
        mentioned_users: vec!["@all".to_owned()],
        ..common::wecom()
    };
    for (settings, users, numbers) in [
        (mobiles, json!(["zhang"]), json!(["13800000000"])),
        (everyone, json!(["@all"]), json!([])),
    ] {
        let server = answering(&json!({"errcode": 0}), 1).await;
        send(&*made(&server, Service::WeCom(settings)))
            .await
            .unwrap();
        let body = only_body(&server).await;
        assert_eq!(body["msgtype"], "text");
        assert_eq!(body["text"]["mentioned_list"], users);
        assert_eq!(body["text"]["mentioned_mobile_list"], numbers);
        assert!(
            body["text"]["content"]
                .as_str()
                .unwrap()
                .contains("billing")
        );
    }
}

#[tokio::test]
async fn the_name_of_a_group_mentions_nobody() {
    let server = answering(&json!({"errcode": 0}), 1).await;
    let robot = made(&server, Service::WeCom(common::wecom()));
    robot.notify(&[&note("<@zhang>")], 0).await.unwrap();
    let body = only_body(&server).await;
    let content = body["markdown"]["content"].as_str().unwrap();
    assert!(
        content.contains("@zhang") && !content.contains("<@"),
        "{content}"
    );
}

#[tokio::test]
async fn a_refusal_is_an_error_with_the_text_and_advice() {
    let cases = [
        (93000, "invalid webhook url", Invalid, "check the key"),
        (
            40058,
            "markdown.content exceed max length 4096",
            Invalid,
            "too long",
        ),
        (40003, "invalid userid", Invalid, "40003"),
        (45009, "api freq out of limit", RateLimited, "wait a minute"),
    ];
    for (errcode, errmsg, kind, advice) in cases {
        let server = answering(&json!({"errcode": errcode, "errmsg": errmsg}), 1).await;
        let error = send(&*made(&server, Service::WeCom(common::wecom())))
            .await
            .unwrap_err();
        assert_error(
            &error,
            kind,
            &["WeCom", &errcode.to_string(), errmsg, advice],
        );
    }
}

#[tokio::test]
async fn a_busy_system_is_asked_three_times_and_no_more() {
    let server = answering(&json!({"errcode": -1, "errmsg": "system busy"}), 3).await;
    let error = send(&*made(&server, Service::WeCom(common::wecom())))
        .await
        .unwrap_err();
    assert_error(&error, Unavailable, &["-1: system busy"]);
}
