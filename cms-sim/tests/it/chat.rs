//! Sends messages to robots, signed by code of its own.

use std::net::SocketAddr;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cms_sim::Simulator;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::client::{Seen, encode, now, send};

pub(crate) const SECRET: &str = "SEC000000000000000000000";

fn hmac(key: &str, message: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(message.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

/// `&timestamp=…&sign=…` for a moment in milliseconds.
pub(crate) fn dingtalk_sign(milliseconds: i64, secret: &str) -> String {
    let signature = hmac(secret, &format!("{milliseconds}\n{secret}"));
    format!("&timestamp={milliseconds}&sign={}", encode(&signature))
}

/// The body with `timestamp` and `sign` for a moment in seconds.
pub(crate) fn feishu_signed(mut body: Value, seconds: i64, secret: &str) -> Value {
    body["timestamp"] = json!(seconds.to_string());
    body["sign"] = json!(hmac(&format!("{seconds}\n{secret}"), ""));
    body
}

pub(crate) fn now_ms() -> i64 {
    now().as_millisecond()
}

pub(crate) fn text(content: &str) -> Value {
    json!({ "msgtype": "text", "text": { "content": content } })
}

pub(crate) fn markdown(title: &str, text: &str) -> Value {
    json!({ "msgtype": "markdown", "markdown": { "title": title, "text": text } })
}

pub(crate) async fn post(address: SocketAddr, target: &str, body: &str) -> Seen {
    let json = (
        "content-type".into(),
        "application/json; charset=utf-8".into(),
    );
    send(address, "POST", target, &[json], body).await
}

/// A message to a robot, without a signature.
pub(crate) async fn say(simulator: &Simulator, token: &str, body: &Value) -> Seen {
    say_with(simulator, token, "", body).await
}

/// A message to a robot with more behind its URL.
pub(crate) async fn say_with(simulator: &Simulator, token: &str, more: &str, body: &Value) -> Seen {
    let url = simulator.robot_url(token).unwrap();
    let target = url.strip_prefix(&simulator.url()).unwrap();
    let target = format!("{target}{more}");
    post(simulator.addr(), &target, &body.to_string()).await
}

/// The code of an answer with HTTP 200, DingTalk's and WeCom's or Feishu's.
pub(crate) fn code(seen: &Seen) -> i64 {
    assert_eq!(seen.status(), 200, "{}", seen.body());
    let json = seen.json();
    let code = json.get("errcode").or(json.get("code")).unwrap();
    code.as_i64().unwrap()
}
