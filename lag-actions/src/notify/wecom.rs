//! WeCom's group robot: short messages, no signature.

use super::{
    address::{Address, Vendor},
    channel::{Dialect, Digest, Made, Outgoing},
    dingtalk::escaped,
    feishu::without_tags,
    fit::fit,
    reply::{Coded, Verdict},
    settings::{Problem, WeCom, check_mentions},
};
use jiff::Timestamp;
use lag_core::Markup;
use serde_json::json;
use std::sync::Arc;
use url::Url;

/// Of the content, not of the body.
const MOST_MARKDOWN: usize = 4096;
const MOST_TEXT: usize = 2048;

pub(super) fn make(settings: WeCom, endpoint: Option<&Url>) -> Result<Made, Problem> {
    check_mentions("mentioned_mobiles", &settings.mentioned_mobiles)?;
    check_mentions("mentioned_users", &settings.mentioned_users)?;
    let address = Arc::new(Address::robot(Vendor::WeCom, &settings.url, endpoint)?);
    Ok(Made {
        secrets: vec![],
        address: address.clone(),
        dialect: Box::new(Robot { settings, address }),
    })
}

#[derive(Debug)]
struct Robot {
    settings: WeCom,
    address: Arc<Address>,
}

impl Robot {
    /// Only text can mention phone numbers and everyone.
    fn needs_text(&self) -> bool {
        let everyone = self
            .settings
            .mentioned_users
            .iter()
            .any(|who| who == "@all");
        everyone || !self.settings.mentioned_mobiles.is_empty()
    }

    fn text(&self, digest: &Digest<'_>, now: Timestamp) -> String {
        let message = digest.compose(Markup::Plain, now);
        let content = |most| {
            let lines = message.fit("\n", most, digest.language);
            format!("{}\n{lines}", message.title)
        };
        json!({"msgtype": "text", "text": {
            "content": fit(MOST_TEXT, content, String::len),
            "mentioned_list": self.settings.mentioned_users,
            "mentioned_mobile_list": self.settings.mentioned_mobiles,
        }})
        .to_string()
    }

    fn markdown(&self, digest: &Digest<'_>, now: Timestamp) -> String {
        let message = without_tags(digest.compose(Markup::Markdown, now));
        let users = self.settings.mentioned_users.iter();
        let mentions: String = users.map(|id| format!("<@{id}>")).collect();
        let content = |most| {
            let lines = message.fit("\n\n", most, digest.language);
            let all = format!("### {}\n\n{lines}\n\n{mentions}", escaped(&message.title));
            all.trim_end().to_owned()
        };
        json!({"msgtype": "markdown", "markdown": {
            "content": fit(MOST_MARKDOWN, content, String::len),
        }})
        .to_string()
    }
}

impl Dialect for Robot {
    fn service(&self) -> &'static str {
        Vendor::WeCom.name()
    }

    fn request(&self, digest: &Digest<'_>, now: Timestamp) -> Outgoing {
        let body = match self.needs_text() {
            true => self.text(digest, now),
            false => self.markdown(digest, now),
        };
        Outgoing::json(self.address.url(), body.into_bytes())
    }

    fn judge(&self, body: &[u8]) -> Option<Verdict> {
        let answer = Coded::read(body, ["errcode"], ["errmsg"])?;
        Some(match answer.code {
            0 => Verdict::Sent,
            -1 => Verdict::Busy(answer.said()),
            45009 => Verdict::TooMany(answer.said()),
            93000 => answer.refused("the robot does not exist: check the key in url"),
            40058 => answer.refused("the message is too long: give fewer mentions"),
            _ => answer.refused("look the code up in WeCom's list of error codes"),
        })
    }
}
