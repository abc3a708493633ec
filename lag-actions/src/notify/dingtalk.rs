//! DingTalk's custom robot: signed address, markdown, every refusal with HTTP 200.

use super::{
    address::{Address, Vendor},
    channel::{Dialect, Digest, Made, Outgoing},
    fit::fit,
    reply::{Coded, Verdict},
    settings::{DingTalk, Problem, check_keyword, check_mentions, check_secret},
    sign,
};
use jiff::Timestamp;
use lag_core::Markup;
use serde_json::json;
use std::sync::Arc;
use url::Url;

/// Of the whole body.
const MOST_BYTES: usize = 20_000;

pub(super) fn make(settings: DingTalk, endpoint: Option<&Url>) -> Result<Made, Problem> {
    check_secret("secret", settings.secret.as_ref())?;
    check_keyword(settings.keyword.as_ref())?;
    check_mentions("at_mobiles", &settings.at_mobiles)?;
    check_mentions("at_user_ids", &settings.at_user_ids)?;
    let address = Arc::new(Address::robot(Vendor::DingTalk, &settings.url, endpoint)?);
    Ok(Made {
        secrets: settings.secret.iter().cloned().collect(),
        address: address.clone(),
        dialect: Box::new(Robot { settings, address }),
    })
}

#[derive(Debug)]
struct Robot {
    settings: DingTalk,
    address: Arc<Address>,
}

impl Robot {
    /// From the bare address each time: signing a signed one again makes it longer until it is refused.
    fn url(&self, now: Timestamp) -> Url {
        let mut url = self.address.url().clone();
        if let Some(secret) = &self.settings.secret {
            let timestamp = now.as_millisecond();
            url.query_pairs_mut()
                .append_pair("timestamp", &timestamp.to_string())
                .append_pair("sign", &sign::dingtalk(timestamp, secret));
        }
        url
    }

    fn body(&self, digest: &Digest<'_>, now: Timestamp) -> Vec<u8> {
        let DingTalk {
            at_mobiles,
            at_user_ids,
            at_all,
            ..
        } = &self.settings;
        let message = digest.compose(Markup::Markdown, now);
        let title = keyword_first(self.settings.keyword.as_deref(), &message.title);
        // Without the number in the text nobody is highlighted.
        let mentions: Vec<String> = at_mobiles
            .iter()
            .chain(at_user_ids)
            .map(|who| format!("@{who}"))
            .collect();
        let render = |most| {
            let lines = message.fit("\n\n", most, digest.language);
            let text = format!(
                "### {}\n\n{lines}\n\n{}",
                escaped(&title),
                mentions.join(" ")
            );
            json!({
                "msgtype": "markdown",
                "markdown": {"title": title, "text": text.trim_end()},
                "at": {"atMobiles": at_mobiles, "atUserIds": at_user_ids, "isAtAll": at_all},
            })
            .to_string()
            .into_bytes()
        };
        fit(MOST_BYTES, render, Vec::len)
    }
}

/// The title with the robot's keyword in it.
pub(super) fn keyword_first(keyword: Option<&str>, title: &str) -> String {
    match keyword {
        Some(keyword) if !title.contains(keyword) => format!("{keyword} {title}"),
        _ => title.to_owned(),
    }
}

/// Plain text inside markdown: a name in it makes nothing italic.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

impl Dialect for Robot {
    fn service(&self) -> &'static str {
        Vendor::DingTalk.name()
    }

    fn request(&self, digest: &Digest<'_>, now: Timestamp) -> Outgoing {
        Outgoing::json(&self.url(now), self.body(digest, now))
    }

    fn judge(&self, body: &[u8]) -> Option<Verdict> {
        let answer = Coded::read(body, ["errcode"], ["errmsg"])?;
        Some(match answer.code {
            0 => Verdict::Sent,
            -1 => Verdict::Busy(answer.said()),
            130101 | 410100 => Verdict::TooMany(answer.said()),
            310000 => answer.refused(security_advice(&answer.text)),
            300001 | 300005 => {
                answer.refused("the robot does not exist: check the access_token in url")
            }
            460101 | 101002 => {
                answer.refused("the message is too long: give fewer mentions or a shorter keyword")
            }
            _ => answer.refused("look the code up in DingTalk's list of error codes"),
        })
    }
}

/// One code has four causes, which only the text tells apart.
fn security_advice(text: &str) -> &'static str {
    let text = text.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if has(&["keyword", "关键词"]) {
        "set keyword to one of the robot's keywords"
    } else if has(&["whitelist", "白名单"]) {
        "add the outgoing address of this machine to the robot's IP list"
    } else if has(&["sign not match", "签名"]) {
        "set secret to the robot's whole secret, which begins with SEC"
    } else if has(&["timestamp", "时间戳"]) {
        "check this machine's clock: it may be wrong by one hour at most"
    } else {
        "check keyword, secret, clock and the IP list of the robot's security settings"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::SecretString;

    #[test]
    fn the_signed_address_is_the_vectors_and_does_not_grow() {
        let settings = DingTalk {
            url: SecretString::from("https://oapi.dingtalk.com/robot/send?access_token=abc"),
            secret: Some(SecretString::from("SEC000000000000000000000")),
            keyword: None,
            at_mobiles: vec![],
            at_user_ids: vec![],
            at_all: false,
        };
        let address = Address::robot(Vendor::DingTalk, &settings.url, None).unwrap();
        let robot = Robot {
            settings,
            address: Arc::new(address),
        };
        let at = |ms| {
            robot
                .url(Timestamp::from_millisecond(ms).unwrap())
                .to_string()
        };
        let first = at(1_700_000_000_000);
        assert_eq!(
            first,
            "https://oapi.dingtalk.com/robot/send?access_token=abc&timestamp=1700000000000\
             &sign=1zJ%2Fw34EOSVAYr7cu7Vo8LnebmK2%2FGrCgegtr8mQrqM%3D"
        );
        assert!(at(1_700_000_000_004).ends_with(
            "abc&timestamp=1700000000004&sign=dYgH6xrRTcunrT2tx3%2FD89WF%2BvvbPlpI9FuEGVpjJbw%3D"
        ));
        assert_eq!(at(1_700_000_000_000), first);
    }

    #[test]
    fn a_name_in_a_heading_is_no_markup() {
        assert_eq!(escaped("a_b*c [d] `e`"), r"a\_b\*c \[d\] \`e\`");
    }

    #[test]
    fn a_keyword_is_put_in_front_once() {
        assert_eq!(keyword_first(Some("告警"), "title"), "告警 title");
        assert_eq!(keyword_first(Some("告警"), "x 告警 y"), "x 告警 y");
        assert_eq!(keyword_first(None, "title"), "title");
    }
}
