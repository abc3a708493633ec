//! The generic webhook: our JSON to whoever wants it.

use super::{
    address::Address,
    channel::{Dialect, Digest, Made, Outgoing},
    payload,
    reply::Verdict,
    settings::{Problem, Webhook, check_secret},
};
use jiff::Timestamp;
use reqwest::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, HeaderName,
    HeaderValue, TRANSFER_ENCODING,
};
use secrecy::{ExposeSecret, SecretString};
use std::{fmt, sync::Arc};
use url::Url;

pub(super) fn make(settings: Webhook, endpoint: Option<&Url>) -> Result<Made, Problem> {
    check_secret("bearer", settings.bearer.as_ref())?;
    let address = Arc::new(Address::webhook(
        &settings.url,
        settings.allow_http,
        endpoint,
    )?);
    let mut headers = HeaderMap::new();
    if let Some(bearer) = &settings.bearer {
        let value = SecretString::from(format!("Bearer {}", bearer.expose_secret()));
        headers.insert(AUTHORIZATION, secret_value("bearer", &value)?);
    }
    for (name, value) in &settings.headers {
        headers.insert(
            header_name(name, &headers)?,
            secret_value("headers", value)?,
        );
    }
    let secrets = settings
        .bearer
        .into_iter()
        .chain(settings.headers.into_values());
    Ok(Made {
        secrets: secrets.collect(),
        address: address.clone(),
        dialect: Box::new(Receiver { address, headers }),
    })
}

struct Receiver {
    address: Arc<Address>,
    headers: HeaderMap,
}

fn header_name(name: &str, taken: &HeaderMap) -> Result<HeaderName, Problem> {
    let ours = [
        CONNECTION,
        CONTENT_LENGTH,
        CONTENT_TYPE,
        HOST,
        TRANSFER_ENCODING,
    ];
    match HeaderName::from_bytes(name.as_bytes()) {
        Ok(name) if !ours.contains(&name) && !taken.contains_key(&name) => Ok(name),
        _ => Err(Problem::new(
            "headers",
            format!(
                "{name:?} cannot be set: it is no header's name, is given twice, or is set by this program"
            ),
        )),
    }
}

fn secret_value(key: &'static str, value: &SecretString) -> Result<HeaderValue, Problem> {
    let mut value = HeaderValue::from_str(value.expose_secret())
        .map_err(|_| Problem::new(key, "a value holds characters that no header may have"))?;
    value.set_sensitive(true);
    Ok(value)
}

impl Dialect for Receiver {
    fn service(&self) -> &'static str {
        "webhook"
    }

    fn request(&self, digest: &Digest<'_>, now: Timestamp) -> Outgoing {
        let mut outgoing = Outgoing::json(self.address.url(), payload::body(digest, now));
        outgoing.headers.extend(self.headers.clone());
        outgoing
    }

    /// The status has said it.
    fn judge(&self, _: &[u8]) -> Option<Verdict> {
        Some(Verdict::Sent)
    }

    fn is_limited(&self) -> bool {
        false
    }
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("address", &self.address)
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .finish()
    }
}
