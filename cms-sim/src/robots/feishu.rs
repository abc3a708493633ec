//! The Feishu or Lark custom bot: `POST /open-apis/bot/v2/hook/<id>`, the signature in the body.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    answer::{Refused, text_at},
    book::Content,
    robot::Robot,
    sign,
};
use crate::params::Incoming;

/// 20 KB, in bytes of the body.
const MOST_BYTES: usize = 20_480;
const HOUR_S: u64 = 3600;

pub(super) const TOO_FAST: i64 = 11_232;
pub(super) const UNKNOWN_TOKEN: i64 = 19_001;
pub(super) const BAD_REQUEST: i64 = 9499;
const SIGN: i64 = 19_021;
const KEYWORD: i64 = 19_024;

/// What the message says, or why it is refused.
pub(super) fn read(
    incoming: &Incoming<'_>,
    robot: &Robot,
    now: Timestamp,
) -> Result<Content, Refused> {
    if incoming.body.len() > MOST_BYTES {
        return Err(refused(BAD_REQUEST));
    }
    let body: Value = serde_json::from_slice(incoming.body).map_err(|_| refused(BAD_REQUEST))?;
    if let Some(secret) = &robot.secret {
        check_sign(&body, secret, now)?;
    }
    let content = content(&body).ok_or_else(|| refused(BAD_REQUEST))?;
    if !robot.has_keyword_in([&content.title, &content.text]) {
        return Err(refused(KEYWORD));
    }
    Ok(content)
}

/// The timestamp is seconds in a text; a number is refused as the vendor's samples never have one.
fn check_sign(body: &Value, secret: &str, now: Timestamp) -> Result<(), Refused> {
    let sent = text_at(body, &["timestamp"]).zip(text_at(body, &["sign"]));
    let (timestamp, signature) = sent.ok_or_else(|| refused(SIGN))?;
    let moment: Option<i64> = timestamp.parse().ok();
    let in_time = moment.is_some_and(|moment| moment.abs_diff(now.as_second()) <= HOUR_S);
    if !in_time || sign::feishu(&timestamp, secret) != signature {
        return Err(refused(SIGN));
    }
    Ok(())
}

fn content(body: &Value) -> Option<Content> {
    let (title, text) = match text_at(body, &["msg_type"])?.as_str() {
        "text" => (None, text_at(body, &["content", "text"])?),
        "post" => {
            // By language; a client sends one.
            let posts = body["content"]["post"].as_object()?;
            let post = posts.values().next()?;
            (text_at(post, &["title"]), gathered(post.get("content")?))
        }
        "interactive" => {
            let card = body.get("card")?;
            let inside = card.get("elements").or(card.get("body"))?;
            let title = text_at(card, &["header", "title", "content"]);
            (title, gathered(inside))
        }
        _ => return None,
    };
    let content = Content {
        title: title.unwrap_or_default(),
        text,
        at_mobiles: Vec::new(),
    };
    (!content.text.is_empty()).then_some(content)
}

/// Every text inside a card or a post, one per line.
fn gathered(value: &Value) -> String {
    let mut lines = Vec::new();
    gather(value, &mut lines);
    lines.join("\n")
}

fn gather<'v>(value: &'v Value, lines: &mut Vec<&'v str>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| gather(item, lines)),
        Value::Object(fields) => {
            for (key, field) in fields {
                match field {
                    Value::String(text) if key == "text" || key == "content" => lines.push(text),
                    other => gather(other, lines),
                }
            }
        }
        _ => {}
    }
}

/// The refusal of this code with the vendor's text, as far as it is known.
pub(super) fn refused(code: i64) -> Refused {
    let text = match code {
        TOO_FAST => "frequency limited",
        UNKNOWN_TOKEN => "param invalid: incoming webhook access token invalid",
        BAD_REQUEST => "Bad Request",
        SIGN => "sign match fail or timestamp is not within one hour from current time",
        KEYWORD => "Key Words Not Found",
        _ => "refused on purpose",
    };
    Refused::new(code, text)
}

/// Success has the older pair of names as well.
pub(super) fn body(code: i64, text: &str) -> Value {
    let mut body = json!({ "code": code, "msg": text, "data": {} });
    if code == 0 {
        body["StatusCode"] = json!(0);
        body["StatusMessage"] = json!(text);
    }
    body
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::content;

    #[test]
    fn the_texts_of_posts_and_cards_are_gathered() {
        let post = json!({ "msg_type": "post", "content": { "post": { "zh_cn": {
            "title": "T", "content": [[{ "tag": "text", "text": "a" }], [{ "tag": "at", "user_id": "all" }, { "tag": "text", "text": "b" }]],
        }}}});
        let card = json!({ "msg_type": "interactive", "card": {
            "header": { "title": { "tag": "plain_text", "content": "T" } },
            "elements": [{ "tag": "div", "text": { "tag": "lark_md", "content": "a" } }, { "tag": "markdown", "content": "b" }],
        }});
        for body in [post, card] {
            let found = content(&body).unwrap();
            assert_eq!((found.title.as_str(), found.text.as_str()), ("T", "a\nb"));
        }
    }
}
