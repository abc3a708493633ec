//! One attempt: sign, send, read, judge.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp, fmt::rfc2822};
use reqwest::{
    Response, StatusCode,
    header::{DATE, HeaderMap},
};

use crate::{
    ApiError, Credentials, DecodeError, Error, TransportError,
    attempt::{Fresh, Params, Recipe, server_signed_the_same},
    client::Inner,
    error::{Phase, SignatureCheck, classify},
    redact,
    wire::{self, Head, Nothing, Payload},
};

/// Longer texts of the vendor, or of whoever answered, are cut.
const MAX_MESSAGE: usize = 300;

/// A successful reply.
pub(crate) struct Answer<T> {
    pub(crate) head: Head,
    pub(crate) payload: T,
    pub(crate) body: String,
    pub(crate) clock_offset: Option<SignedDuration>,
}

/// A failed attempt.
pub(crate) struct Failure {
    pub(crate) error: Error,
    /// Whether the service may have seen a request.
    pub(crate) sent: bool,
    /// How long the server wants to be left alone.
    pub(crate) retry_after: Option<Duration>,
    /// How far our clock is ahead of the server's.
    pub(crate) clock_offset: Option<SignedDuration>,
}

/// What an error reply is judged by, besides itself.
struct Context<'a> {
    action: &'a str,
    credentials: &'a Credentials,
    signed_at: Timestamp,
    string_to_sign: &'a str,
}

impl Inner {
    pub(crate) async fn exchange<T: Payload>(
        &self,
        action: &str,
        params: &Params,
    ) -> Result<Answer<T>, Failure> {
        let credentials = self
            .provider
            .provide_credentials()
            .await
            .map_err(|source| Failure {
                error: Error::Credentials {
                    action: action.to_owned(),
                    source,
                },
                sent: false,
                retry_after: None,
                clock_offset: None,
            })?;
        let signed_at = self.clock.now();
        let fresh = Fresh {
            credentials: &credentials,
            now: signed_at,
            nonce: self.clock.nonce(),
        };
        let signed = self.recipe.sign(action, params, &fresh);

        let mut request = self
            .http
            .request(Recipe::METHOD, signed.url)
            .headers(signed.headers);
        if !signed.body.is_empty() {
            request = request.body(signed.body);
        }
        let response = request
            .send()
            .await
            .map_err(|error| self.broken(action, Phase::Send, error))?;

        let status = response.status();
        let retry_after = retry_after(response.headers());
        let server_date = date(response.headers());
        let clock_offset = server_date.map(|date| signed_at.duration_since(date));
        let failure = |error| Failure {
            error,
            sent: true,
            retry_after,
            clock_offset,
        };
        let body = match self.read(action, response).await {
            Err(Failure {
                error: Error::Decode { .. },
                ..
            }) if !status.is_success() => Vec::new(), // the status says enough
            body => body?,
        };

        let context = Context {
            action,
            credentials: &credentials,
            signed_at,
            string_to_sign: &signed.string_to_sign,
        };
        if !status.is_success() {
            let head = error_head(&body);
            return Err(failure(context.api_error(status, head, server_date)));
        }
        let undecodable = |source| Error::Decode {
            action: action.to_owned(),
            source,
        };
        let body =
            String::from_utf8(body).map_err(|_| failure(undecodable(DecodeError::NotUtf8)))?;
        let (head, payload) =
            wire::decode::<T>(&body).map_err(|source| failure(undecodable(source)))?;
        if head.is_error() {
            return Err(failure(context.api_error(status, head, server_date)));
        }
        payload
            .check(&head)
            .map_err(|source| failure(undecodable(source)))?;
        Ok(Answer {
            head,
            payload,
            body,
            clock_offset,
        })
    }

    /// The whole body, or an error as soon as it is too large.
    async fn read(&self, action: &str, mut response: Response) -> Result<Vec<u8>, Failure> {
        let limit = self.max_response_bytes;
        let too_large = || Failure {
            error: Error::Decode {
                action: action.to_owned(),
                source: DecodeError::TooLarge { limit },
            },
            sent: true,
            retry_after: None,
            clock_offset: None,
        };
        let announced = response.content_length().map_or(Ok(0), usize::try_from);
        let announced = announced.map_err(|_| too_large())?;
        if announced > limit {
            return Err(too_large());
        }
        let mut body = Vec::with_capacity(announced);
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| self.broken(action, Phase::Read, error))?
        {
            if body.len() + chunk.len() > limit {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn broken(&self, action: &str, phase: Phase, error: reqwest::Error) -> Failure {
        let source = TransportError::new(phase, &self.host, error);
        Failure {
            sent: source.may_have_arrived(),
            error: Error::Transport {
                action: action.to_owned(),
                source,
            },
            retry_after: None,
            clock_offset: None,
        }
    }
}

impl Context<'_> {
    fn api_error(&self, status: StatusCode, head: Head, server_date: Option<Timestamp>) -> Error {
        let code = head.code.unwrap_or_default();
        let raw = head.message.unwrap_or_default();
        let same = server_signed_the_same(&raw, self.string_to_sign);
        let mut message = redact::message(&raw, self.credentials);
        if let Some((end, _)) = message.char_indices().nth(MAX_MESSAGE) {
            message.truncate(end);
            message.push('…');
        }
        let source = ApiError {
            status: Some(status.as_u16()),
            class: classify(&code, status.as_u16()),
            code,
            message,
            request_id: head.request_id,
            auth_action: head.auth_action,
            server_date,
            action: self.action.to_owned(),
            signed_at: self.signed_at,
            signature_check: same.map(|same| match same {
                true => SignatureCheck::Same,
                false => SignatureCheck::Different,
            }),
        };
        Error::Api {
            action: self.action.to_owned(),
            source: Box::new(source),
        }
    }
}

/// What can be learned from an error's body: JSON, the gateway's XML, or nothing.
fn error_head(body: &[u8]) -> Head {
    let text = String::from_utf8_lossy(body);
    if let Ok((head, Nothing)) = wire::decode(&text) {
        return head;
    }
    let element = |name: &str| {
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        let (value, _) = rest.split_once(&format!("</{name}>"))?;
        (!value.is_empty()).then(|| value.to_owned())
    };
    Head {
        code: element("Code"),
        message: element("Message"),
        request_id: element("RequestId"),
        ..Head::default()
    }
}

/// In milliseconds, unlike the standard header.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("x-acs-retry-after")?.to_str().ok()?;
    text.trim().parse().ok().map(Duration::from_millis)
}

fn date(headers: &HeaderMap) -> Option<Timestamp> {
    let text = headers.get(DATE)?.to_str().ok()?;
    rfc2822::DateTimeParser::new().parse_timestamp(text).ok()
}
