//! The WeCom group robot: `POST /cgi-bin/webhook/send`, no signature, short messages.

use serde_json::{Value, json};

use super::{
    answer::{Refused, text_at, texts_at},
    book::Content,
};
use crate::params::Incoming;

pub(super) const TOO_FAST: i64 = 45_009;
pub(super) const UNKNOWN_TOKEN: i64 = 93_000;
pub(super) const NOT_POST: i64 = 43_002;
const BAD_PARAMETER: i64 = 40_058;
const BAD_KIND: i64 = 40_008;

/// What the message says, or why it is refused.
pub(super) fn read(incoming: &Incoming<'_>) -> Result<Content, Refused> {
    let body: Value = serde_json::from_slice(incoming.body).map_err(|_| refused(BAD_PARAMETER))?;
    let (kind, most) = match text_at(&body, &["msgtype"]).as_deref() {
        Some("text") => ("text", 2048),
        Some("markdown") => ("markdown", 4096),
        _ => return Err(refused(BAD_KIND)),
    };
    let text = text_at(&body, &[kind, "content"]).filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| refused(BAD_PARAMETER))?;
    if text.len() > most {
        let text = format!("{kind}.content exceed max length {most}. invalid Request Parameter");
        return Err(Refused::new(BAD_PARAMETER, text));
    }
    Ok(Content {
        title: String::new(),
        text,
        at_mobiles: texts_at(&body, &[kind, "mentioned_mobile_list"]),
    })
}

/// The refusal of this code with the vendor's text, as far as it is known.
pub(super) fn refused(code: i64) -> Refused {
    let text = match code {
        TOO_FAST => "api freq out of limit",
        UNKNOWN_TOKEN => "invalid webhook url",
        BAD_PARAMETER => "invalid Request Parameter",
        BAD_KIND => "invalid message type",
        NOT_POST => "require POST method",
        -1 => "system error",
        _ => "refused on purpose",
    };
    Refused::new(code, text)
}

pub(super) fn body(code: i64, text: &str) -> Value {
    json!({ "errcode": code, "errmsg": text })
}
