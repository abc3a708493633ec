//! Feishu's and Lark's custom bot: text, the signature in the body.

use super::{
    address::{Address, Vendor},
    channel::{Dialect, Digest, Made, Outgoing},
    dingtalk::keyword_first,
    fit::fit,
    reply::{Coded, Verdict},
    settings::{Feishu, Problem, check_keyword, check_mentions, check_secret},
    sign,
};
use jiff::Timestamp;
use lag_core::{Markup, Message};
use serde_json::json;
use std::sync::Arc;
use url::Url;

/// Of the whole body.
const MOST_BYTES: usize = 20 * 1024;

pub(super) fn make(settings: Feishu, endpoint: Option<&Url>) -> Result<Made, Problem> {
    check_secret("secret", settings.secret.as_ref())?;
    check_keyword(settings.keyword.as_ref())?;
    check_mentions("at_user_ids", &settings.at_user_ids)?;
    let address = Arc::new(Address::robot(Vendor::Feishu, &settings.url, endpoint)?);
    Ok(Made {
        secrets: settings.secret.iter().cloned().collect(),
        address: address.clone(),
        dialect: Box::new(Bot { settings, address }),
    })
}

#[derive(Debug)]
struct Bot {
    settings: Feishu,
    address: Arc<Address>,
}

impl Bot {
    fn body(&self, digest: &Digest<'_>, now: Timestamp) -> Vec<u8> {
        let message = without_tags(digest.compose(Markup::Plain, now));
        let title = keyword_first(self.settings.keyword.as_deref(), &message.title);
        let everyone = self.settings.at_all.then_some("all");
        let named = self.settings.at_user_ids.iter().map(String::as_str);
        let mentions: String = named
            .chain(everyone)
            .map(|id| format!("<at user_id=\"{id}\"></at>"))
            .collect();
        let render = |most| {
            let lines = message.fit("\n", most, digest.language);
            let text = format!("{title}\n{lines}\n{mentions}");
            let mut body = json!({"msg_type": "text", "content": {"text": text.trim_end()}});
            if let Some(secret) = &self.settings.secret {
                let timestamp = now.as_second();
                body["timestamp"] = json!(timestamp.to_string());
                body["sign"] = json!(sign::feishu(timestamp, secret));
            }
            body.to_string().into_bytes()
        };
        fit(MOST_BYTES, render, Vec::len)
    }
}

/// Nobody is mentioned because a group's name looks like a mention.
pub(super) fn without_tags(mut message: Message) -> Message {
    for text in message.lines.iter_mut().chain([&mut message.title]) {
        if text.contains('<') {
            *text = text.replace('<', "＜");
        }
    }
    message
}

impl Dialect for Bot {
    fn service(&self) -> &'static str {
        Vendor::Feishu.name()
    }

    fn request(&self, digest: &Digest<'_>, now: Timestamp) -> Outgoing {
        Outgoing::json(self.address.url(), self.body(digest, now))
    }

    fn judge(&self, body: &[u8]) -> Option<Verdict> {
        // Newer bots answer `code`, older ones `StatusCode`, and some both.
        let answer = Coded::read(body, ["code", "StatusCode"], ["msg", "StatusMessage"])?;
        Some(match answer.code {
            0 => Verdict::Sent,
            11232 => Verdict::TooMany(answer.said()),
            19021 => answer.refused("set secret to the bot's secret, and check this machine's clock: it may be wrong by one hour at most"),
            19022 => answer.refused("add the outgoing address of this machine to the bot's IP list"),
            19024 => answer.refused("set keyword to one of the bot's keywords"),
            _ => answer.refused("check url; else look the code up in Feishu's guide for custom bots"),
        })
    }
}
