//! The DingTalk custom robot: `POST /robot/send`, refusals with HTTP 200.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    answer::{Refused, text_at, texts_at},
    book::Content,
    robot::Robot,
    sign,
};
use crate::params::Incoming;

/// The vendor's limit for a body, in bytes of UTF-8.
const MOST_BYTES: usize = 20_000;
const HOUR_MS: u64 = 3_600_000;

pub(super) const TOO_FAST: i64 = 130_101;
pub(super) const UNKNOWN_TOKEN: i64 = 300_001;
pub(super) const NOT_POST: i64 = 43_002;
const SECURITY: i64 = 310_000;
const TOO_LONG: i64 = 460_101;
const BAD_PARAMETER: i64 = 40_035;

/// What the message says, or why it is refused.
pub(super) fn read(
    incoming: &Incoming<'_>,
    robot: &Robot,
    now: Timestamp,
) -> Result<Content, Refused> {
    if incoming.body.len() > MOST_BYTES {
        return Err(refused(TOO_LONG));
    }
    let body: Value = serde_json::from_slice(incoming.body)
        .map_err(|_| Refused::new(BAD_PARAMETER, "缺少参数 json"))?;
    let content = content(&body)?;
    if let Some(secret) = &robot.secret {
        check_sign(incoming, secret, now)?;
    }
    if !robot.has_keyword_in([&content.title, &content.text]) {
        return Err(security("keywords not in content"));
    }
    Ok(content)
}

fn content(body: &Value) -> Result<Content, Refused> {
    let kind = text_at(body, &["msgtype"]);
    let required = |path: &[&str]| {
        let text = text_at(body, path);
        let name = path.last().copied().unwrap_or_default();
        text.filter(|text| !text.is_empty())
            .ok_or_else(|| Refused::new(BAD_PARAMETER, format!("缺少参数 {name}")))
    };
    let (title, text) = match kind.as_deref() {
        Some("text") => (String::new(), required(&["text", "content"])?),
        Some(kind @ ("markdown" | "link" | "actionCard")) => {
            (required(&[kind, "title"])?, required(&[kind, "text"])?)
        }
        _ => return Err(Refused::new(BAD_PARAMETER, "缺少参数 msgtype")),
    };
    Ok(Content {
        title,
        text,
        at_mobiles: texts_at(body, &["at", "atMobiles"]),
    })
}

fn check_sign(incoming: &Incoming<'_>, secret: &str, now: Timestamp) -> Result<(), Refused> {
    let sent = incoming.non_empty("timestamp").zip(incoming.get("sign"));
    let (timestamp, signature) = sent.ok_or_else(|| security("sign not match"))?;
    let moment: Option<i64> = timestamp.parse().ok();
    if moment.is_none_or(|moment| moment.abs_diff(now.as_millisecond()) > HOUR_MS) {
        return Err(security("invalid timestamp"));
    }
    if sign::dingtalk(timestamp, secret) != signature {
        return Err(security("sign not match"));
    }
    Ok(())
}

fn security(what: &str) -> Refused {
    let more = "https://ding-doc.dingtalk.com/doc#/serverapi2/qf2nxq";
    Refused::new(SECURITY, format!("{what}, more: [{more}]"))
}

/// The refusal of this code with the vendor's text, as far as it is known.
pub(super) fn refused(code: i64) -> Refused {
    let text = match code {
        TOO_FAST => "send too fast, exceed 20 times per minute",
        UNKNOWN_TOKEN => "token is not exist",
        TOO_LONG => "message too long, exceed 20000 bytes",
        SECURITY => return security("sign not match"),
        NOT_POST => "需要POST请求",
        BAD_PARAMETER => "不合法的参数",
        -1 => "系统繁忙",
        _ => "refused on purpose",
    };
    Refused::new(code, text)
}

pub(super) fn body(code: i64, text: &str) -> Value {
    let mut body = json!({ "errcode": code, "errmsg": text });
    if code == TOO_FAST {
        body["status"] = json!(1111);
        body["wait"] = json!(5);
        body["punish"] = json!("deny");
    }
    body
}
