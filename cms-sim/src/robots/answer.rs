//! One request to a robot: found by its path, struck by its fault, checked, kept and answered.

use std::{borrow::Cow, time::Duration, time::Instant};

use http::{Method, StatusCode, request::Parts};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    RobotFault, RobotKind,
    book::{Content, Entry},
    dingtalk, feishu, wecom,
};
use crate::{
    params::Incoming,
    reply::{Delivery, Reply},
    shared::Shared,
};

/// A refusal by the vendor's code and text.
#[derive(Debug)]
pub(super) struct Refused {
    code: i64,
    text: Cow<'static, str>,
}

impl Refused {
    pub(super) fn new(code: i64, text: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            text: text.into(),
        }
    }
}

/// The kind of robot that lives at a path, if one does.
pub(crate) fn at(path: &str) -> Option<RobotKind> {
    [
        RobotKind::DingTalk,
        RobotKind::Feishu,
        RobotKind::WeCom,
        RobotKind::Webhook,
    ]
    .into_iter()
    .find(|kind| match kind.path().split_once('?') {
        Some((whole, _)) => path == whole,
        None => path.starts_with(kind.path()),
    })
}

/// The answer, and the moment its `Date` shows.
pub(crate) fn answer(
    shared: &Shared,
    parts: &Parts,
    body: &[u8],
    kind: RobotKind,
) -> (Reply, Timestamp) {
    shared.tally.arrived(kind.name(), Instant::now());
    let now = shared.clock.now();
    let reply = match Incoming::decode(parts, body) {
        Some(incoming) => received(shared, &incoming, kind, now),
        None => refused(kind, &unknown(kind)),
    };
    shared.tally.ended(&reply.outcome, 0);
    (reply, now)
}

fn received(shared: &Shared, incoming: &Incoming<'_>, kind: RobotKind, now: Timestamp) -> Reply {
    let token = match kind {
        RobotKind::DingTalk => incoming.get("access_token"),
        RobotKind::WeCom => incoming.get("key"),
        RobotKind::Feishu | RobotKind::Webhook => incoming.path.strip_prefix(kind.path()),
    };
    let mut robots = shared.robots();
    let Some(entry) = robots.find(kind, token.unwrap_or_default()) else {
        return refused(kind, &unknown(kind));
    };
    match entry.strike() {
        None => taken(entry, incoming, now),
        Some(RobotFault::Delay { ms }) => Reply {
            delay: Duration::from_millis(ms),
            ..taken(entry, incoming, now)
        },
        Some(fault @ RobotFault::AcceptThenHang) => Reply {
            delivery: Delivery::Never,
            outcome: fault.name().into(),
            ..taken(entry, incoming, now)
        },
        Some(fault) => instead(kind, fault),
    }
}

/// The answer to a message that is looked at; it is kept when it is good.
fn taken(entry: &mut Entry, incoming: &Incoming<'_>, now: Timestamp) -> Reply {
    let kind = entry.robot.kind;
    let read = if incoming.method == Method::POST {
        match kind {
            RobotKind::DingTalk => dingtalk::read(incoming, &entry.robot, now),
            RobotKind::Feishu => feishu::read(incoming, &entry.robot, now),
            RobotKind::WeCom => wecom::read(incoming),
            RobotKind::Webhook => Ok(anything(incoming.body)),
        }
    } else {
        Err(not_post(kind))
    };
    let paced = read.and_then(|content| {
        let admitted = entry.pace.admit(kind, now.as_millisecond());
        admitted.then_some(content).ok_or_else(|| too_fast(kind))
    });
    match paced {
        Ok(content) => {
            entry.keep(content, incoming.body, now);
            Reply::ok(body(
                kind,
                0,
                if kind == RobotKind::Feishu {
                    "success"
                } else {
                    "ok"
                },
            ))
        }
        Err(refusal) => refused(kind, &refusal),
    }
}

/// A webhook takes what comes; when it is JSON with a title or a text, they are those.
fn anything(body: &[u8]) -> Content {
    let json: Value = serde_json::from_slice(body).unwrap_or_default();
    let whole = || String::from_utf8_lossy(body).into_owned();
    Content {
        title: text_at(&json, &["title"]).unwrap_or_default(),
        text: text_at(&json, &["text"]).unwrap_or_else(whole),
        at_mobiles: Vec::new(),
    }
}

/// The reply of a fault under which the message is not looked at.
fn instead(kind: RobotKind, fault: RobotFault) -> Reply {
    let plain = Reply {
        outcome: fault.name().into(),
        ..Reply::ok(String::new())
    };
    match fault {
        RobotFault::Errcode { code } => refused(kind, &purposely(kind, code)),
        RobotFault::Html => Reply {
            content_type: "text/html",
            body: SIGN_IN.into(),
            ..plain
        },
        RobotFault::Reset => Reply {
            delivery: Delivery::Reset,
            ..plain
        },
        RobotFault::Hang | RobotFault::AcceptThenHang => Reply {
            delivery: Delivery::Never,
            ..plain
        },
        RobotFault::Http500 | RobotFault::Delay { .. } => Reply {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            ..plain
        },
    }
}

/// A page of something between the sender and the robot.
const SIGN_IN: &str = "<html>\r\n<head><title>Sign in</title></head>\r\n<body>Sign in to the network</body>\r\n</html>\r\n";

fn purposely(kind: RobotKind, code: i64) -> Refused {
    match kind {
        RobotKind::DingTalk => dingtalk::refused(code),
        RobotKind::Feishu => feishu::refused(code),
        RobotKind::WeCom => wecom::refused(code),
        RobotKind::Webhook => Refused::new(500, "refused on purpose"),
    }
}

fn unknown(kind: RobotKind) -> Refused {
    match kind {
        RobotKind::DingTalk => dingtalk::refused(dingtalk::UNKNOWN_TOKEN),
        RobotKind::Feishu => feishu::refused(feishu::UNKNOWN_TOKEN),
        RobotKind::WeCom => wecom::refused(wecom::UNKNOWN_TOKEN),
        RobotKind::Webhook => Refused::new(404, "no such webhook"),
    }
}

fn not_post(kind: RobotKind) -> Refused {
    match kind {
        RobotKind::DingTalk => dingtalk::refused(dingtalk::NOT_POST),
        RobotKind::Feishu => feishu::refused(feishu::BAD_REQUEST),
        RobotKind::WeCom => wecom::refused(wecom::NOT_POST),
        RobotKind::Webhook => Refused::new(405, "only POST"),
    }
}

fn too_fast(kind: RobotKind) -> Refused {
    match kind {
        RobotKind::DingTalk => dingtalk::refused(dingtalk::TOO_FAST),
        RobotKind::Feishu => feishu::refused(feishu::TOO_FAST),
        RobotKind::WeCom => wecom::refused(wecom::TOO_FAST),
        RobotKind::Webhook => Refused::new(429, "too many"),
    }
}

fn body(kind: RobotKind, code: i64, text: &str) -> String {
    let body = match kind {
        RobotKind::DingTalk => dingtalk::body(code, text),
        RobotKind::Feishu => feishu::body(code, text),
        RobotKind::WeCom => wecom::body(code, text),
        RobotKind::Webhook => json!({ "status": text }),
    };
    body.to_string()
}

/// The vendors refuse with HTTP 200; only a webhook has a status that says something.
fn refused(kind: RobotKind, refusal: &Refused) -> Reply {
    let status = match kind {
        RobotKind::Webhook => u16::try_from(refusal.code).unwrap_or(500),
        _ => 200,
    };
    Reply {
        status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        outcome: refusal.code.to_string(),
        ..Reply::ok(body(kind, refusal.code, &refusal.text))
    }
}

/// The text at a path of keys.
pub(super) fn text_at(body: &Value, path: &[&str]) -> Option<String> {
    let found = path.iter().try_fold(body, |value, key| value.get(key))?;
    found.as_str().map(str::to_owned)
}

/// The texts of the list at a path of keys.
pub(super) fn texts_at(body: &Value, path: &[&str]) -> Vec<String> {
    let found = path.iter().try_fold(body, |value, key| value.get(key));
    let items = found.and_then(Value::as_array).into_iter().flatten();
    items
        .filter_map(|item| item.as_str().map(str::to_owned))
        .collect()
}
