//! Who is told.

use aliyun_cms::Endpoint;
use lag_core::Language;
use std::collections::BTreeSet;

use super::{
    language,
    secret::{self, SecretConfig},
    wire::Notifier,
};
use crate::config::{
    ConfigError, File, Written,
    entry::Entry,
    pick::{Picker, boolean},
};

/// Someone who is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotifierConfig {
    /// Its name in state and logs; unique.
    pub name: String,
    /// Which service takes the message.
    pub kind: NotifierKind,
    /// Where the URL is, which is a secret.
    pub url: SecretConfig,
    /// Where the key is with which messages are signed.
    pub secret: Option<SecretConfig>,
    /// Where the bearer token is.
    pub bearer: Option<SecretConfig>,
    /// A word the service wants to see in every message.
    pub keyword: Option<String>,
    /// People to point out, by telephone number.
    pub at_mobiles: Vec<String>,
    /// People to point out, by the service's own id.
    pub at_user_ids: Vec<String>,
    /// Whether everybody is pointed out.
    pub at_all: bool,
    /// Language of its messages.
    pub language: Language,
    /// Host to send to instead of the one in the URL, without path and key.
    pub endpoint: Option<Written>,
    /// The file with line and `notifiers[i]`, for messages.
    pub place: String,
}

/// Which service takes a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotifierKind {
    /// A custom robot of DingTalk.
    DingTalk,
    /// A custom bot of Feishu or Lark.
    Feishu,
    /// A group robot of WeCom.
    WeCom,
    /// Anything that takes our JSON.
    Webhook,
}

impl NotifierKind {
    const WORDS: [(&str, Self); 4] = [
        ("dingtalk", Self::DingTalk),
        ("feishu", Self::Feishu),
        ("wecom", Self::WeCom),
        ("webhook", Self::Webhook),
    ];

    /// The kind as a word, as in the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DingTalk => "dingtalk",
            Self::Feishu => "feishu",
            Self::WeCom => "wecom",
            Self::Webhook => "webhook",
        }
    }

    /// Keys that mean something to this service only among others.
    fn keys(self) -> &'static [&'static str] {
        match self {
            Self::DingTalk => &[
                "secret",
                "keyword",
                "at_mobiles",
                "at_user_ids",
                "at_all",
                "endpoint",
            ],
            // Feishu knows no telephone numbers, and WeCom neither signatures nor keywords.
            Self::Feishu => &["secret", "keyword", "at_user_ids", "at_all", "endpoint"],
            Self::WeCom => &["at_mobiles", "at_user_ids", "at_all", "endpoint"],
            Self::Webhook => &["bearer"],
        }
    }
}

pub(in crate::config) fn resolve(
    file: &File,
    picker: Picker<'_>,
    common: Language,
) -> Result<Vec<NotifierConfig>, ConfigError> {
    let mut notifiers = Vec::new();
    let mut names = BTreeSet::new();
    for (index, written) in file.notifiers.iter().enumerate() {
        let entry = Entry {
            picker,
            name: format!("notifiers[{index}]"),
            line: written.referenced.line(),
        };
        let notifier = notifier(&written.value, &entry, common)?;
        if !names.insert(notifier.name.clone()) {
            let problem = format!(
                "two notifiers are called {:?}: give each a name of its own",
                notifier.name
            );
            return Err(entry.lacks("name", problem));
        }
        notifiers.push(notifier);
    }
    Ok(notifiers)
}

fn notifier(
    keys: &Notifier,
    entry: &Entry<'_>,
    common: Language,
) -> Result<NotifierConfig, ConfigError> {
    let kind = entry
        .needed("kind", &keys.kind, "use dingtalk, feishu, wecom or webhook")?
        .choose(&NotifierKind::WORDS)?;
    let name = match entry.one("name", &keys.name)? {
        Some(found) if found.text.chars().any(char::is_control) => {
            return Err(found.wrong("a name has no line breaks and no other control characters"));
        }
        Some(found) => found.text,
        None => kind.as_str().to_owned(),
    };
    let url = [&keys.url_file, &keys.url_variable];
    let url = secret::resolve(entry, "url", &keys.url, url)?;
    let secret = [&keys.secret_file, &keys.secret_variable];
    let secret = secret::resolve(entry, "secret", &keys.secret, secret)?;
    let bearer = [&keys.bearer_file, &keys.bearer_variable];
    let bearer = secret::resolve(entry, "bearer", &keys.bearer, bearer)?;
    let keyword = entry.one("keyword", &keys.keyword)?;
    let at_mobiles = entry.many("at_mobiles", &keys.at_mobiles)?;
    let at_user_ids = entry.many("at_user_ids", &keys.at_user_ids)?;
    let at_all = entry.one("at_all", &keys.at_all)?;
    let endpoint = entry.one("endpoint", &keys.endpoint)?;
    let given = [
        ("secret", secret.as_ref().map(|found| &found.place)),
        ("bearer", bearer.as_ref().map(|found| &found.place)),
        ("keyword", keyword.as_ref().map(|found| &found.place)),
        ("at_mobiles", at_mobiles.first().map(|found| &found.place)),
        ("at_user_ids", at_user_ids.first().map(|found| &found.place)),
        ("at_all", at_all.as_ref().map(|found| &found.place)),
        ("endpoint", endpoint.as_ref().map(|found| &found.place)),
    ];
    for (key, place) in given {
        if let (Some(place), false) = (place, kind.keys().contains(&key)) {
            let problem = format!("{} knows nothing of it: leave this out", kind.as_str());
            return Err(ConfigError::new(place.clone(), problem));
        }
    }
    let Some(url) = url else {
        let problem = "nothing says where its URL is: name a file that holds it, or an environment variable in \
                       url_variable";
        return Err(entry.lacks("url_file", problem));
    };
    for found in &at_mobiles {
        let is_number = |text: &str| {
            text.len() >= 5 && text.chars().all(|c| c.is_ascii_digit() || "+-".contains(c))
        };
        if !is_number(&found.text) {
            return Err(found.wrong("this is no telephone number: write \"13800000000\""));
        }
    }
    if let Some(found) = &endpoint {
        // The URL may hold a key by mistake, so it is not repeated.
        Endpoint::url(&found.text).map_err(|_| {
            found.wrong(
                "write the URL of a host, without path and key, such as http://127.0.0.1:8080",
            )
        })?;
    }
    let texts = |list: Vec<crate::config::pick::Found>| list.into_iter().map(|found| found.text);
    Ok(NotifierConfig {
        name,
        kind,
        url,
        secret,
        bearer,
        keyword: keyword.map(|found| found.text),
        at_mobiles: texts(at_mobiles).collect(),
        at_user_ids: texts(at_user_ids).collect(),
        at_all: boolean(at_all)?,
        language: language(entry.one("language", &keys.language)?, common)?,
        endpoint: endpoint.map(Written::new),
        place: entry.place(),
    })
}
