//! What a notifier is told by its configuration, and the checks that need no address.

use lag_core::Language;
use secrecy::{ExposeSecret, SecretString};
use std::{collections::BTreeMap, fmt};
use url::Url;

/// More would not leave room for the message in the shortest body.
const MOST_MENTIONS: usize = 50;
const LONGEST_MENTION: usize = 64;
const LONGEST_KEYWORD: usize = 100;

/// One notifier.
pub struct NotifierSettings {
    /// Unique; shown in state and logs.
    pub name: String,
    /// Who takes the message.
    pub service: Service,
    /// Language of the texts.
    pub language: Language,
    /// Scheme, host and port to send to in place of the address's own: a gateway or a simulator. The path and the token
    /// stay. `https`, or `http` to this machine.
    pub endpoint: Option<Url>,
}

/// Who takes the message.
#[derive(Debug)]
pub enum Service {
    /// A DingTalk custom robot.
    DingTalk(DingTalk),
    /// A Feishu or Lark custom bot.
    Feishu(Feishu),
    /// A WeCom group robot.
    WeCom(WeCom),
    /// Anything that takes our JSON.
    Webhook(Webhook),
}

/// A DingTalk custom robot: markdown, at most 20,000 bytes.
#[derive(Debug)]
pub struct DingTalk {
    /// `https://oapi.dingtalk.com/robot/send?access_token=...`, without `timestamp` and `sign`.
    pub url: SecretString,
    /// The whole secret with its `SEC`, if the robot checks signatures.
    pub secret: Option<SecretString>,
    /// A word the robot wants to see: put in front of the title unless it is there.
    pub keyword: Option<String>,
    /// Phone numbers of members to mention.
    pub at_mobiles: Vec<String>,
    /// User ids of members to mention.
    pub at_user_ids: Vec<String>,
    /// Whether to mention everyone.
    pub at_all: bool,
}

/// A Feishu or Lark custom bot: text, at most 20 KB.
#[derive(Debug)]
pub struct Feishu {
    /// `https://open.feishu.cn/open-apis/bot/v2/hook/...`, or the same at `open.larksuite.com`.
    pub url: SecretString,
    /// If the bot checks signatures.
    pub secret: Option<SecretString>,
    /// A word the bot wants to see: put in front of the text unless it is there.
    pub keyword: Option<String>,
    /// Open ids (`ou_...`) or user ids of members to mention.
    pub at_user_ids: Vec<String>,
    /// Whether to mention everyone.
    pub at_all: bool,
}

/// A WeCom group robot. Markdown of at most 4,096 bytes; its markdown can mention user ids only, so phone numbers and
/// `@all` make the message plain text of at most 2,048 bytes.
#[derive(Debug)]
pub struct WeCom {
    /// `https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=...`.
    pub url: SecretString,
    /// Phone numbers of members to mention, or `@all`.
    pub mentioned_mobiles: Vec<String>,
    /// User ids of members to mention, or `@all`.
    pub mentioned_users: Vec<String>,
}

/// Anything that takes our JSON, which [`payload`](super::payload) describes. Every 2xx counts as delivered.
#[derive(Debug)]
pub struct Webhook {
    /// Any address, `https` or on this machine.
    pub url: SecretString,
    /// Sent as `Authorization: Bearer ...`.
    pub bearer: Option<SecretString>,
    /// More headers; their values are secrets.
    pub headers: BTreeMap<String, SecretString>,
    /// Allows `http` to other machines, where everyone on the way can read along.
    pub allow_http: bool,
}

/// Settings that cannot work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("notifier {name:?}: {key}: {reason}")]
pub struct InvalidNotifier {
    /// Its name.
    pub name: String,
    /// The setting that is wrong.
    pub key: &'static str,
    /// What is wrong and what to write; free of secrets.
    pub reason: String,
}

/// A setting that is wrong, before it is known whose.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) key: &'static str,
    pub(super) reason: String,
}

impl Problem {
    pub(super) fn new(key: &'static str, reason: impl Into<String>) -> Self {
        Self {
            key,
            reason: reason.into(),
        }
    }

    pub(super) fn of(self, name: &str) -> InvalidNotifier {
        InvalidNotifier {
            name: name.to_owned(),
            key: self.key,
            reason: self.reason,
        }
    }
}

pub(super) fn check_name(name: &str) -> Result<(), Problem> {
    if name.is_empty() || name.chars().any(char::is_control) {
        return Err(Problem::new("name", "give it a name in one line"));
    }
    Ok(())
}

/// A signature over a secret with a line break at its end fails at the service, where it is hard to see why.
pub(super) fn check_secret(
    key: &'static str,
    secret: Option<&SecretString>,
) -> Result<(), Problem> {
    let Some(secret) = secret.map(ExposeSecret::expose_secret) else {
        return Ok(());
    };
    if secret.is_empty() || secret.trim() != secret || secret.chars().any(char::is_control) {
        return Err(Problem::new(
            key,
            "it is empty, or has spaces or line breaks around it: give the text alone",
        ));
    }
    Ok(())
}

pub(super) fn check_keyword(keyword: Option<&String>) -> Result<(), Problem> {
    let bad = |k: &String| {
        k.trim().is_empty() || k.len() > LONGEST_KEYWORD || k.chars().any(char::is_control)
    };
    if keyword.is_some_and(bad) {
        return Err(Problem::new(
            "keyword",
            format!(
                "give one word of the robot's list, in one line of at most {LONGEST_KEYWORD} bytes"
            ),
        ));
    }
    Ok(())
}

/// Mentions go into texts, so they must not be able to be anything else there.
pub(super) fn check_mentions(key: &'static str, mentions: &[String]) -> Result<(), Problem> {
    if mentions.len() > MOST_MENTIONS {
        return Err(Problem::new(
            key,
            format!("at most {MOST_MENTIONS} can be mentioned, mention everyone instead"),
        ));
    }
    let foreign =
        |c: char| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>' | '"' | '\'' | '&');
    let bad = |m: &&String| m.is_empty() || m.len() > LONGEST_MENTION || m.contains(foreign);
    match mentions.iter().find(bad) {
        Some(mention) => Err(Problem::new(
            key,
            format!(
                "{mention:?} is not an id or number: 1 to {LONGEST_MENTION} bytes without spaces, quotes, < > &"
            ),
        )),
        None => Ok(()),
    }
}

impl fmt::Debug for NotifierSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NotifierSettings")
            .field("name", &self.name)
            .field("service", &self.service)
            .field("language", &self.language)
            // A proxy's address can hold a password, although that is refused later.
            .field("endpoint", &self.endpoint.as_ref().and_then(Url::host_str))
            .finish()
    }
}
