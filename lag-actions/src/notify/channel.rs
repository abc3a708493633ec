//! The way of a message that all services share: guard, attempts, verdict.

use crate::Now;

use super::{
    address::Address,
    dingtalk, feishu,
    guard::Guard,
    http::{self, Http},
    reply::{Verdict, by_status},
    settings::{InvalidNotifier, NotifierSettings, Problem, Service, check_name},
    webhook, wecom,
};
use jiff::Timestamp;
use lag_core::{
    Language, Markup, Message, Note, compose,
    port::{BoxFuture, Notifier, PortError, PortErrorKind},
};
use reqwest::{
    Client, Response, StatusCode, Url,
    header::{CONTENT_TYPE, HeaderMap, HeaderValue},
};
use secrecy::SecretString;
use std::{
    fmt,
    sync::{Arc, OnceLock},
};

const ATTEMPTS: u32 = 3;
/// An answer is a line of JSON; more is not read.
const LONGEST_ANSWER: usize = 64 * 1024;

/// What makes one service different from the others.
pub(super) trait Dialect: fmt::Debug + Send + Sync {
    /// For people.
    fn service(&self) -> &'static str;
    /// The request, made anew for every attempt because signatures age.
    fn request(&self, digest: &Digest<'_>, now: Timestamp) -> Outgoing;
    /// What a body means, or `None` when it is not what the service answers.
    fn judge(&self, body: &[u8]) -> Option<Verdict>;
    /// Whether more than 20 messages a minute block the receiver.
    fn is_limited(&self) -> bool {
        true
    }
}

/// One message in the making.
pub(super) struct Digest<'a> {
    pub(super) notes: &'a [&'a Note],
    pub(super) dropped: u64,
    pub(super) language: Language,
}

impl Digest<'_> {
    pub(super) fn compose(&self, markup: Markup, now: Timestamp) -> Message {
        compose(self.notes, self.dropped, self.language, markup, now)
    }
}

/// What is sent. Its parts are secrets, so it has no `Debug`.
pub(super) struct Outgoing {
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Outgoing {
    pub(super) fn json(url: &Url, body: Vec<u8>) -> Self {
        let json = HeaderValue::from_static("application/json; charset=utf-8");
        Self {
            url: url.clone(),
            headers: HeaderMap::from_iter([(CONTENT_TYPE, json)]),
            body,
        }
    }
}

/// A service as its settings describe it.
pub(super) struct Made {
    pub(super) dialect: Box<dyn Dialect>,
    pub(super) address: Arc<Address>,
    /// What must not be shown, besides the address.
    pub(super) secrets: Vec<SecretString>,
}

/// Makes a notifier, sending nothing.
///
/// # Errors
/// [`InvalidNotifier`] when a setting cannot work, such as an address of another vendor.
pub fn notifier(
    settings: NotifierSettings,
    http: Arc<Http>,
    now: Now,
) -> Result<Box<dyn Notifier>, InvalidNotifier> {
    let NotifierSettings {
        name,
        service,
        language,
        endpoint,
    } = settings;
    let endpoint = endpoint.as_ref();
    let made: Result<Made, Problem> = check_name(&name).and_then(|()| match service {
        Service::DingTalk(settings) => dingtalk::make(settings, endpoint),
        Service::Feishu(settings) => feishu::make(settings, endpoint),
        Service::WeCom(settings) => wecom::make(settings, endpoint),
        Service::Webhook(settings) => webhook::make(settings, endpoint),
    });
    let Made {
        dialect,
        address,
        mut secrets,
    } = made.map_err(|problem| problem.of(&name))?;
    secrets.extend(address.secrets());
    Ok(Box::new(Channel {
        who: format!("notifier {name}: {}", dialect.service()),
        name,
        language,
        guard: dialect.is_limited().then(Guard::default),
        dialect,
        address,
        secrets,
        http,
        client: OnceLock::new(),
        now,
    }))
}

struct Channel {
    name: String,
    /// The name and the service, for errors.
    who: String,
    language: Language,
    guard: Option<Guard>,
    dialect: Box<dyn Dialect>,
    address: Arc<Address>,
    secrets: Vec<SecretString>,
    http: Arc<Http>,
    client: OnceLock<Client>,
    now: Now,
}

/// A failed attempt, and whether another can help without doubling the message.
struct Failed {
    error: PortError,
    again: bool,
}

impl Channel {
    async fn send(&self, digest: Digest<'_>) -> Result<(), PortError> {
        if digest.notes.is_empty() && digest.dropped == 0 {
            return Ok(());
        }
        let mut wait = self.http.back_off();
        for _ in 1..ATTEMPTS {
            match self.attempt(&digest).await {
                Err(Failed { error, again: true }) => tracing::debug!(
                    notifier = self.name,
                    error = &error as &dyn std::error::Error,
                    "the message is sent once more"
                ),
                done => return done.map_err(|failed| failed.error),
            }
            tokio::time::sleep(wait).await;
            wait *= 2;
        }
        self.attempt(&digest).await.map_err(|failed| failed.error)
    }

    async fn attempt(&self, digest: &Digest<'_>) -> Result<(), Failed> {
        let now = (self.now)();
        if self.guard.as_ref().is_some_and(|guard| !guard.take(now)) {
            let what = format!(
                "{} is not asked now: it takes 20 messages a minute and blocks for minutes after more",
                self.who
            );
            return Err(Failed {
                error: PortError::new(PortErrorKind::RateLimited, what),
                again: false,
            });
        }
        let (status, body) = self.exchange(self.dialect.request(digest, now)).await?;
        let verdict = self.judge(status, &body);
        if let (Verdict::TooMany(_), Some(guard)) = (&verdict, &self.guard) {
            guard.refused(now);
        }
        let again = matches!(verdict, Verdict::Busy(_));
        verdict
            .settle(&self.who, &self.secrets)
            .map_err(|error| Failed { error, again })
    }

    /// The status decides about failures of servers and proxies, the body about everything else.
    fn judge(&self, status: StatusCode, body: &[u8]) -> Verdict {
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            return by_status(status);
        }
        match self.dialect.judge(body) {
            Some(verdict) if verdict != Verdict::Sent || status.is_success() => verdict,
            None if status.is_success() => Verdict::Unclear(format!(
                "HTTP {} with something else than its JSON: is a proxy or a login page in between?",
                status.as_u16()
            )),
            _ => by_status(status),
        }
    }

    async fn exchange(&self, outgoing: Outgoing) -> Result<(StatusCode, Vec<u8>), Failed> {
        let client = self.client().map_err(|error| Failed {
            error: PortError::new(error.kind, format!("{}: {}", self.who, error.what)),
            again: false,
        })?;
        let response = client
            .post(outgoing.url)
            .headers(outgoing.headers)
            .body(outgoing.body)
            .send()
            .await
            .map_err(|error| self.broken(error))?;
        let status = response.status();
        match read(response).await {
            // A refusal that breaks off is a refusal.
            Err(error) if status.is_success() => Err(self.broken(error)),
            body => Ok((status, body.unwrap_or_default())),
        }
    }

    fn client(&self) -> Result<&Client, PortError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let made = self.http.client(&self.address)?;
        Ok(self.client.get_or_init(|| made))
    }

    fn broken(&self, error: reqwest::Error) -> Failed {
        let error = error.without_url();
        let host = self.address.host();
        let reason = super::redact::shown(&http::deepest(&error), &self.secrets);
        let (again, what) = if http::is_about_certificate(&error) {
            let advice = "if a proxy or gateway re-signs TLS here, give its CA file; else check the clock and the CA bundle";
            (
                false,
                format!("the certificate of {host} was not accepted ({reason}): {advice}"),
            )
        } else if error.is_connect() {
            let advice = "check name resolution, firewall and proxy";
            (
                true,
                format!("could not connect to {host} ({reason}): {advice}"),
            )
        } else if error.is_timeout() {
            (
                false,
                format!("{host} did not answer in time: the message may have been delivered"),
            )
        } else {
            (
                false,
                format!(
                    "the exchange with {host} broke off ({reason}): the message may have been delivered"
                ),
            )
        };
        Failed {
            error: PortError::new(PortErrorKind::Unavailable, format!("{}: {what}", self.who)),
            again,
        }
    }
}

/// As much of the body as an answer can have.
async fn read(mut response: Response) -> Result<Vec<u8>, reqwest::Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        let room = LONGEST_ANSWER - body.len();
        body.extend_from_slice(&chunk[..room.min(chunk.len())]);
        if body.len() == LONGEST_ANSWER {
            break;
        }
    }
    Ok(body)
}

impl Notifier for Channel {
    fn name(&self) -> &str {
        &self.name
    }

    fn notify<'a>(
        &'a self,
        notes: &'a [&'a Note],
        dropped: u64,
    ) -> BoxFuture<'a, Result<(), PortError>> {
        Box::pin(self.send(Digest {
            notes,
            dropped,
            language: self.language,
        }))
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel")
            .field("name", &self.name)
            .field("language", &self.language)
            .field("dialect", &self.dialect)
            .field("address", &self.address)
            .field("guard", &self.guard)
            .finish_non_exhaustive()
    }
}
