//! What goes wrong with robots, and their part of the control API.

use std::time::Duration;

use cms_sim::{Robot, RobotFault, Simulator};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    chat::{SECRET, code, dingtalk_sign, now_ms, post, say, say_with, text},
    client::{config, control, message, start},
};

async fn robot() -> Simulator {
    start(config().robot(Robot::dingtalk("t"))).await.0
}

/// Sends and waits until the message is counted, but for no answer; then whether one has come.
async fn is_answered(simulator: &Simulator) -> bool {
    let calls = simulator.counters().calls;
    let target = "/robot/send?access_token=t";
    let request = message(
        simulator.addr(),
        "POST",
        target,
        &[],
        &text("x").to_string(),
    );
    let mut stream = TcpStream::connect(simulator.addr()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    while simulator.counters().by_outcome.values().sum::<u64>() == calls {
        tokio::task::yield_now().await;
    }
    let read = stream.read_u8();
    let wait = Duration::from_millis(50);
    tokio::time::timeout(wait, read).await.is_ok()
}

#[tokio::test]
async fn a_fault_strikes_so_many_messages_and_then_the_next_one_does() {
    let simulator = robot().await;
    assert!(simulator.inject_robot("t", RobotFault::Errcode { code: -1 }, 2));
    assert!(simulator.inject_robot("t", RobotFault::Http500, 1));
    assert_eq!(code(&say(&simulator, "t", &text("x")).await), -1);
    assert_eq!(code(&say(&simulator, "t", &text("x")).await), -1);
    let seen = say(&simulator, "t", &text("x")).await;
    assert_eq!((seen.status(), seen.body()), (500, ""));
    assert!(simulator.messages("t").is_empty());
    assert_eq!(code(&say(&simulator, "t", &text("x")).await), 0);
    assert_eq!(simulator.counters().by_outcome["-1"], 2);
    assert!(!simulator.inject_robot("other", RobotFault::Html, 1));
}

#[tokio::test]
async fn every_errcode_can_be_had_in_the_words_of_the_kind() {
    let robots = config()
        .robot(Robot::dingtalk("t"))
        .robot(Robot::feishu("h"))
        .robot(Robot::wecom("k"))
        .robot(Robot::webhook("w"));
    let simulator = start(robots).await.0;
    for (token, wanted) in [("t", 130_101), ("t", 410_100), ("h", 19_022), ("k", 45_009)] {
        simulator.inject_robot(token, RobotFault::Errcode { code: wanted }, 1);
        let seen = say(&simulator, token, &text("x")).await;
        assert_eq!(code(&seen), wanted);
        assert_eq!(seen.json().get("punish").is_some(), wanted == 130_101);
    }
    simulator.inject_robot("w", RobotFault::Errcode { code: 7 }, 1);
    assert_eq!(say(&simulator, "w", &text("x")).await.status(), 500);
    assert_eq!(say(&simulator, "w", &text("x")).await.status(), 200);
}

#[tokio::test]
async fn a_page_of_html_comes_with_status_200() {
    let simulator = robot().await;
    simulator.inject_robot("t", RobotFault::Html, 1);
    let seen = say(&simulator, "t", &text("x")).await;
    assert_eq!(
        (seen.status(), seen.header("content-type")),
        (200, Some("text/html"))
    );
    assert!(simulator.messages("t").is_empty());
}

#[tokio::test]
async fn a_reset_ends_without_a_byte_and_without_a_message() {
    let simulator = robot().await;
    simulator.inject_robot("t", RobotFault::Reset, 1);
    let seen = say(&simulator, "t", &text("x")).await;
    assert!(seen.raw.is_empty() && seen.error.is_some(), "{seen:?}");
    assert!(simulator.messages("t").is_empty());
}

#[tokio::test]
async fn a_hang_loses_the_message_and_accept_then_hang_keeps_it() {
    let simulator = robot().await;
    simulator.inject_robot("t", RobotFault::Hang, 1);
    assert!(!is_answered(&simulator).await);
    assert_eq!(simulator.messages("t").len(), 0);
    simulator.inject_robot("t", RobotFault::AcceptThenHang, 1);
    assert!(!is_answered(&simulator).await);
    assert_eq!(simulator.messages("t").len(), 1);
    assert_eq!(code(&say(&simulator, "t", &text("x")).await), 0);
    assert_eq!(simulator.counters().by_outcome["accept_then_hang"], 1);
}

#[tokio::test]
async fn a_late_answer_is_still_a_good_one() {
    let simulator = robot().await;
    simulator.inject_robot("t", RobotFault::Delay { ms: 30 }, 1);
    let start = std::time::Instant::now();
    assert_eq!(code(&say(&simulator, "t", &text("x")).await), 0);
    assert!(start.elapsed() >= Duration::from_millis(30));
    assert_eq!(simulator.messages("t").len(), 1);
}

#[tokio::test]
async fn faults_of_a_robot_end_when_they_are_cleared() {
    let simulator = robot().await;
    simulator.inject_robot("t", RobotFault::Http500, u32::MAX);
    assert!(simulator.clear_robot_faults("t") && !simulator.clear_robot_faults("other"));
    assert_eq!(code(&say(&simulator, "t", &text("x")).await), 0);
}

#[tokio::test]
async fn the_control_api_makes_robots_reads_their_messages_and_breaks_them() {
    let simulator = start(config()).await.0;
    let body = json!({ "kind": "dingtalk", "secret": SECRET, "keywords": ["lag"] });
    let (status, answer) = control(&simulator, "PUT", "/robots/t", &body.to_string()).await;
    assert_eq!(
        (status, &answer["target"]),
        (200, &json!("/robot/send?access_token=t"))
    );
    let fault = r#"{"fault":"errcode","code":-1,"times":2}"#;
    assert_eq!(
        control(&simulator, "POST", "/robots/t/faults", fault)
            .await
            .0,
        200
    );
    let signed = dingtalk_sign(now_ms(), SECRET);
    let lag = text("lag");
    let say = || say_with(&simulator, "t", &signed, &lag);
    assert_eq!(code(&say().await), -1);
    let (_, list) = control(&simulator, "GET", "/robots", "").await;
    let expected = json!([{
        "token": "t", "kind": "dingtalk", "signed": true, "keywords": ["lag"], "messages": 0,
        "faults": [{ "fault": "errcode", "code": -1, "times": 1 }],
    }]);
    assert_eq!(list["robots"], expected);
    assert_eq!(
        control(&simulator, "DELETE", "/robots/t/faults", "")
            .await
            .0,
        200
    );
    assert_eq!(code(&say().await), 0);
    let (_, list) = control(&simulator, "GET", "/robots/t/messages", "").await;
    let expected = json!([{
        "at": "2026-01-15T08:30:00Z", "title": "", "text": "lag", "at_mobiles": [],
        "raw": text("lag").to_string(),
    }]);
    assert_eq!(list["messages"], expected);
    let (_, cleared) = control(&simulator, "DELETE", "/robots/t/messages", "").await;
    assert_eq!(cleared["removed"], 1);
    assert_eq!(control(&simulator, "DELETE", "/robots/t", "").await.0, 200);
    for (method, path) in [
        ("DELETE", "/robots/t"),
        ("DELETE", "/robots/t/faults"),
        ("GET", "/robots/t/messages"),
        ("DELETE", "/robots/t/messages"),
    ] {
        assert_eq!(
            control(&simulator, method, path, "").await.0,
            404,
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn wrong_robots_and_faults_are_refused_with_what_is_allowed() {
    let simulator = robot().await;
    for (path, method, body, hint) in [
        (
            "/robots/n",
            "PUT",
            r#"{"kind":"slack"}"#,
            "expected one of `dingtalk`",
        ),
        (
            "/robots/n",
            "PUT",
            r#"{"kind":"wecom","secret":"s"}"#,
            "only dingtalk and feishu",
        ),
        (
            "/robots/a%20b",
            "PUT",
            r#"{"kind":"wecom"}"#,
            "letters, digits",
        ),
        (
            "/robots/t/faults",
            "POST",
            r#"{"fault":"hung"}"#,
            "allowed: errcode",
        ),
        (
            "/robots/t/faults",
            "POST",
            r#"{"fault":"hang","often":2}"#,
            "unknown field `often`",
        ),
    ] {
        let (status, answer) = control(&simulator, method, path, body).await;
        assert_eq!(status, 400, "{body}");
        assert!(answer["error"].as_str().unwrap().contains(hint), "{answer}");
    }
}

#[tokio::test]
async fn faults_of_the_cloud_leave_robots_alone() {
    let simulator = robot().await;
    simulator.inject(cms_sim::Fault::new(cms_sim::FaultKind::Reset));
    assert_eq!(code(&say(&simulator, "t", &text("x")).await), 0);
    let elsewhere = post(simulator.addr(), "/robot/sent?access_token=t", "{}").await;
    assert_eq!(elsewhere.status(), 404);
}
