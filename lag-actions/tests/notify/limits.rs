//! Bytes of a body and messages of a minute.

use crate::common::{self, json, made, note, now, only_body, requests, send};
use jiff::SignedDuration;
use lag_actions::notify::{DingTalk, Feishu, Service, WeCom, notifier};
use lag_core::{
    Note,
    port::{Notifier, PortErrorKind::RateLimited},
};
use serde_json::{Value, json};
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};
use wiremock::MockServer;

/// Chinese, and full of what JSON escapes.
fn thousand() -> Vec<Note> {
    (0..1000)
        .map(|n| note(&format!("消费组\"{n}\"\\_积压")))
        .collect()
}

/// One long name on one line.
fn single() -> Vec<Note> {
    vec![note(&"\"组".repeat(128))]
}

async fn told(service: Service, path: &str, answer: &Value, notes: &[Note]) -> (usize, Value) {
    let server = common::server(path, json(answer), 1).await;
    let notes: Vec<&Note> = notes.iter().collect();
    made(&server, service).notify(&notes, 5).await.unwrap();
    (
        requests(&server).await[0].body.len(),
        only_body(&server).await,
    )
}

#[tokio::test]
async fn a_body_for_dingtalk_has_at_most_20000_bytes_and_uses_them() {
    for (notes, least) in [(thousand(), 19_000), (single(), 0)] {
        let settings = DingTalk {
            keyword: Some("告警".to_owned()),
            at_mobiles: vec!["13800000000".to_owned(); 50],
            ..common::dingtalk()
        };
        let ok = json!({"errcode": 0});
        let (size, body) = told(Service::DingTalk(settings), "/robot/send", &ok, &notes).await;
        assert!(size <= 20_000 && size >= least, "{size}");
        let text = body["markdown"]["text"].as_str().unwrap();
        assert!(text.contains("告警") && text.ends_with("@13800000000"));
    }
}

#[tokio::test]
async fn a_body_for_feishu_has_at_most_20_kb_and_uses_them() {
    for (notes, least) in [(thousand(), 19_000), (single(), 0)] {
        let settings = Feishu {
            at_all: true,
            ..common::feishu()
        };
        let path = format!("/open-apis/bot/v2/hook/{}", common::TOKEN);
        let (size, body) = told(
            Service::Feishu(settings),
            &path,
            &json!({"code": 0}),
            &notes,
        )
        .await;
        assert!(size <= 20 * 1024 && size >= least, "{size}");
        assert!(body["content"]["text"].as_str().unwrap().ends_with("</at>"));
    }
}

#[tokio::test]
async fn a_content_for_wecom_has_at_most_4096_bytes_or_2048_as_text() {
    for (notes, least) in [(thousand(), 500), (single(), 0)] {
        let ok = json!({"errcode": 0});
        let users = vec!["一个很长的用户名字".to_owned(); 50];
        let markdown = WeCom {
            mentioned_users: users,
            ..common::wecom()
        };
        let (_, body) = told(
            Service::WeCom(markdown),
            "/cgi-bin/webhook/send",
            &ok,
            &notes,
        )
        .await;
        let content = body["markdown"]["content"].as_str().unwrap();
        assert!(
            content.len() <= 4096 && content.len() >= 3000.min(least),
            "{}",
            content.len()
        );
        assert!(content.ends_with("<@一个很长的用户名字>"));

        let text = WeCom {
            mentioned_mobiles: vec!["@all".to_owned()],
            ..common::wecom()
        };
        let (_, body) = told(Service::WeCom(text), "/cgi-bin/webhook/send", &ok, &notes).await;
        let content = body["text"]["content"].as_str().unwrap();
        assert!(
            content.len() <= 2048 && content.len() >= 1500.min(least),
            "{}",
            content.len()
        );
    }
}

/// A robot whose clock is moved by hand, in seconds.
fn with_clock(server: &MockServer) -> (Arc<AtomicI64>, Box<dyn Notifier>) {
    let seconds = Arc::new(AtomicI64::new(0));
    let hand = seconds.clone();
    let clock = Arc::new(move || now() + SignedDuration::from_secs(hand.load(Ordering::SeqCst)));
    let settings = common::at(&server.uri(), Service::DingTalk(common::dingtalk()));
    (seconds, notifier(settings, common::http(), clock).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_thirty_at_once_twenty_are_sent() {
    let server = common::server("/robot/send", json(&json!({"errcode": 0})), 21).await;
    let (clock, robot) = with_clock(&server);
    let robot: Arc<dyn Notifier> = robot.into();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..30 {
        let robot = robot.clone();
        tasks.spawn(async move { send(&*robot).await });
    }
    let results = tasks.join_all().await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 20);
    for error in results.into_iter().filter_map(Result::err) {
        common::assert_error(&error, RateLimited, &["is not asked now"]);
    }
    clock.store(60, Ordering::SeqCst);
    send(&*robot).await.unwrap();
}

#[tokio::test]
async fn a_robot_that_wants_less_is_left_alone_for_a_minute() {
    let answer = json!({"errcode": 130101, "errmsg": "send too fast"});
    let server = common::server("/robot/send", json(&answer), 2).await;
    let (clock, robot) = with_clock(&server);
    let said = send(&*robot).await.unwrap_err();
    common::assert_error(&said, RateLimited, &["130101: send too fast"]);
    clock.store(59, Ordering::SeqCst);
    let kept = send(&*robot).await.unwrap_err();
    common::assert_error(&kept, RateLimited, &["is not asked now"]);
    clock.store(60, Ordering::SeqCst);
    send(&*robot).await.unwrap_err();
}

#[tokio::test]
async fn attempts_count_as_messages() {
    let server = common::server("/robot/send", json(&json!({"errcode": -1})), 20).await;
    let (_, robot) = with_clock(&server);
    for _ in 0..8 {
        send(&*robot).await.unwrap_err();
    }
}

#[tokio::test]
async fn nothing_to_say_is_not_sent() {
    let server = common::server("/robot/send", json(&json!({"errcode": 0})), 0).await;
    made(&server, Service::DingTalk(common::dingtalk()))
        .notify(&[], 0)
        .await
        .unwrap();
}
