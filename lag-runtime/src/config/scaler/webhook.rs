//! Who may send alerts, and how much of them is read.

use lag_core::PromDuration;
use std::{collections::BTreeSet, time::Duration};

use super::wire::{User, Webhook};
use crate::config::{
    ConfigError, SecretConfig, SecretSource,
    check::secret,
    entry::Entry,
    pick::{Found, Picker, between, number},
};

/// More would be no rotation.
const MOST_TOKENS: usize = 2;

/// Who may send alerts, and how much of them is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookConfig {
    /// Files with a bearer token each; every one of them is good.
    pub bearer_tokens: Vec<SecretConfig>,
    /// Users with a password.
    pub basic_users: Vec<BasicUser>,
    /// Largest body, in bytes.
    pub body_limit: usize,
    /// Time for one delivery; below the time-out of Alertmanager.
    pub deadline: Duration,
    /// Deliveries that are worked on at once.
    pub concurrency: usize,
}

/// Somebody with a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BasicUser {
    /// The name; unique.
    pub name: String,
    /// Where the password is.
    pub password: SecretConfig,
}

pub(super) fn resolve(keys: &Webhook, picker: Picker<'_>) -> Result<WebhookConfig, ConfigError> {
    let tokens = picker.many_in_file(
        "scaler.webhook.bearer_token_files",
        &keys.bearer_token_files,
    )?;
    if let Some(surplus) = tokens.get(MOST_TOKENS) {
        return Err(surplus.wrong("at most two tokens are good at once, an old and a new one"));
    }
    let token = |found: Found| match found.text.trim() {
        "" => Err(found.wrong("it is empty: name a file that holds the token")),
        _ => Ok(SecretConfig {
            source: SecretSource::File(found.text.into()),
            place: found.place,
        }),
    };
    let in_file = |key: &str, text| picker.in_file(&format!("scaler.webhook.{key}"), text);
    let limit = in_file("body_limit", &keys.body_limit)?;
    let concurrency = in_file("concurrency", &keys.concurrency)?;
    let deadline = in_file("deadline", &keys.deadline)?;
    Ok(WebhookConfig {
        bearer_tokens: tokens.into_iter().map(token).collect::<Result<_, _>>()?,
        basic_users: users(keys, picker)?,
        body_limit: limit.map_or(Ok(1 << 20), |found| {
            number(&found, 1 << 10, 64 << 20, "bytes")
        })?,
        // What is begun must have ended long before another replica may take it up, after a minute.
        deadline: between(deadline, PromDuration::from_secs(8), "1s", "30s")?,
        concurrency: concurrency
            .map_or(Ok(16), |found| number(&found, 1, 256, "deliveries at once"))?,
    })
}

fn users(keys: &Webhook, picker: Picker<'_>) -> Result<Vec<BasicUser>, ConfigError> {
    let mut names = BTreeSet::new();
    let mut users = Vec::new();
    for (index, written) in keys.basic_users.iter().enumerate() {
        let entry = Entry {
            picker,
            name: format!("scaler.webhook.basic_users[{index}]"),
            line: written.referenced.line(),
        };
        let user = user(&written.value, &entry)?;
        if !names.insert(user.name.clone()) {
            let problem = format!("two users are called {:?}: keep one", user.name);
            return Err(entry.lacks("name", problem));
        }
        users.push(user);
    }
    Ok(users)
}

fn user(keys: &User, entry: &Entry<'_>) -> Result<BasicUser, ConfigError> {
    let name = entry.needed("name", &keys.name, "write the name that the client gives")?;
    if name.text.contains(':') || name.text.contains(char::is_control) {
        return Err(name.wrong("a name has no colon and no control characters"));
    }
    let places = [&keys.password_file, &keys.password_variable];
    let password = secret::resolve(entry, "password", &keys.password, places)?;
    let password = password.ok_or_else(|| {
        entry.lacks(
            "password_file",
            "it is missing: name a file that holds the password",
        )
    })?;
    Ok(BasicUser {
        name: name.text,
        password,
    })
}
