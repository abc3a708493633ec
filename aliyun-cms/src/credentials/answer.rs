//! What servers that hand out keys answer: read with a bound, judged, never quoted.

use jiff::Timestamp;
use reqwest::{RequestBuilder, StatusCode};
use serde::Deserialize;

pub(super) use super::common::{misconfigured, unavailable};
use super::{
    Credentials, CredentialsError,
    common::{filled, word},
};
use crate::{TransportError, error::Phase};

/// A set of keys takes about one KiB; what is much larger is something else.
pub(super) const MAX_BYTES: usize = 64 * 1024;

pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Vec<u8>,
}

/// Why there is no whole answer.
pub(super) enum Broken {
    Transport(TransportError),
    TooLarge,
}

impl Broken {
    pub(super) fn into_error(self, provider: &str) -> CredentialsError {
        match self {
            Self::Transport(source) => CredentialsError::Unavailable {
                provider: provider.to_owned(),
                source: Box::new(source),
            },
            Self::TooLarge => misconfigured(
                provider,
                "it answers with more than 64 KiB, so it is no server of credentials",
            ),
        }
    }
}

/// Sends one request. The time-out is the request's, or else the client's.
pub(super) async fn fetch(request: RequestBuilder, host: &str) -> Result<Answer, Broken> {
    let broken = |phase| move |error| Broken::Transport(TransportError::new(phase, host, error));
    let mut response = request.send().await.map_err(broken(Phase::Send))?;
    let status = response.status();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(broken(Phase::Read))? {
        if body.len() + chunk.len() > MAX_BYTES {
            return Err(Broken::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, body })
}

/// What a status other than success means; `advice` is for those that say no.
pub(super) fn refusal(provider: &str, status: StatusCode, advice: &str) -> CredentialsError {
    let code = status.as_u16();
    match code {
        401 | 403 => CredentialsError::Refused {
            provider: provider.to_owned(),
            detail: advice.to_owned(),
            source: format!("it answered HTTP {code}").into(),
        },
        300..=399 => misconfigured(
            provider,
            format!("it answers HTTP {code}, and redirects are not followed"),
        ),
        408 | 429 | 500.. => unavailable(provider, format!("it answered HTTP {code}")),
        _ => misconfigured(provider, format!("it answers HTTP {code}")),
    }
}

/// A page of a proxy, of a login, or of some other server.
pub(super) fn is_markup(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"<")
}

pub(super) fn markup(provider: &str) -> CredentialsError {
    misconfigured(
        provider,
        "it answers with a web page instead of credentials: a proxy, a login page or another \
         server is in its place",
    )
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Keys {
    code: Option<String>,
    access_key_id: Option<String>,
    access_key_secret: Option<String>,
    security_token: Option<String>,
    expiration: Option<String>,
}

/// The keys of a successful answer: all four fields, and a `Code` of `Success` if there is one.
pub(super) fn keys(provider: &str, body: &[u8]) -> Result<Credentials, CredentialsError> {
    if is_markup(body) {
        return Err(markup(provider));
    }
    let keys: Keys = serde_json::from_slice(body).map_err(|error| match error.is_data() {
        true => misconfigured(
            provider,
            "it answers with JSON of another shape than credentials have",
        ),
        // A garbled answer may be whole the next time.
        false => unavailable(provider, "its answer is not JSON"),
    })?;
    match keys.code.as_deref().map(str::trim) {
        None | Some("" | "Success") => {}
        Some(code) => {
            let shown = word(code).unwrap_or("that is not shown here");
            let text = format!("its answer has the Code {shown} instead of Success");
            return Err(unavailable(provider, text));
        }
    }
    let need = |value: Option<String>, name: &str| {
        filled(value)
            .ok_or_else(|| misconfigured(provider, format!("it answers without a value of {name}")))
    };
    let id = need(keys.access_key_id, "AccessKeyId")?;
    let secret = need(keys.access_key_secret, "AccessKeySecret")?;
    let token = need(keys.security_token, "SecurityToken")?;
    let expiry: Timestamp = need(keys.expiration, "Expiration")?.parse().map_err(|_| {
        misconfigured(
            provider,
            "it answers with an Expiration that is no time such as 2026-01-15T09:30:00Z",
        )
    })?;
    Ok(Credentials::new(id, secret)
        .with_security_token(token)
        .with_expiry(expiry))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_say_whether_waiting_helps() {
        for (status, retryable) in [(500, true), (503, true), (429, true), (408, true)]
            .into_iter()
            .chain([(302, false), (400, false), (403, false), (404, false)])
        {
            let error = refusal("p", StatusCode::from_u16(status).unwrap(), "advice");
            assert_eq!(error.is_retryable(), retryable, "{status}");
            assert!(!error.is_not_configured(), "{status} must stop a chain");
        }
    }
}
