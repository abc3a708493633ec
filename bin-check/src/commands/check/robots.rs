//! Notifiers as they are configured, with their secrets.

use anyhow::Context as _;
use lag_actions::notify::{DingTalk, Feishu, NotifierSettings, Service, WeCom, Webhook};
use lag_runtime::config::{NotifierConfig, NotifierKind, SecretConfig, process_env};
use std::collections::BTreeMap;

/// Reads the secrets, so that a missing one is found before anything is done.
pub(crate) fn settings(config: &NotifierConfig) -> anyhow::Result<NotifierSettings> {
    let url = config.url.read(&process_env)?;
    let read = |secret: &Option<SecretConfig>| {
        let secret = secret.as_ref();
        secret.map(|secret| secret.read(&process_env)).transpose()
    };
    let secret = read(&config.secret)?;
    let keyword = config.keyword.clone();
    let at_user_ids = config.at_user_ids.clone();
    let service = match config.kind {
        NotifierKind::DingTalk => Service::DingTalk(DingTalk {
            url,
            secret,
            keyword,
            at_mobiles: config.at_mobiles.clone(),
            at_user_ids,
            at_all: config.at_all,
        }),
        NotifierKind::Feishu => Service::Feishu(Feishu {
            url,
            secret,
            keyword,
            at_user_ids,
            at_all: config.at_all,
        }),
        NotifierKind::WeCom => {
            let mut mentioned_users = at_user_ids;
            if config.at_all {
                mentioned_users.push("@all".to_owned());
            }
            Service::WeCom(WeCom {
                url,
                mentioned_mobiles: config.at_mobiles.clone(),
                mentioned_users,
            })
        }
        NotifierKind::Webhook => Service::Webhook(Webhook {
            url,
            bearer: read(&config.bearer)?,
            headers: BTreeMap::new(),
            allow_http: false,
        }),
    };
    let endpoint = config.endpoint.as_ref();
    let endpoint = endpoint.map(|written| written.text.parse().context(written.place.clone()));
    Ok(NotifierSettings {
        name: config.name.clone(),
        service,
        language: config.language,
        endpoint: endpoint.transpose()?,
    })
}
