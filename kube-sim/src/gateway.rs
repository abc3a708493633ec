//! From a request to what goes to the socket: the journal, the fault that strikes, the answer.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc, time::Duration};

use axum::body::Body;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header, request::Parts};
use percent_encoding::percent_decode_str;

use crate::{
    api::{self, Answer, Call},
    clock,
    faults::FaultKind,
    follow::Watch,
    journal::SeenRequest,
    refusal::Refusal,
    shared::{Shared, State},
};

/// What becomes of a request.
#[derive(Debug)]
pub(crate) enum Fate {
    Answer(Reply),
    /// Answered so much later; until then it is as if not answered.
    Late(Duration, Reply),
    /// Looked at so much later.
    Wait(Duration),
    Never,
    Reset,
}

/// Status, headers, body, and the journal's number for it.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) number: usize,
    status: StatusCode,
    content_type: &'static str,
    retry_after: Option<u64>,
    body: String,
    watch: Option<Watch>,
}

/// A request read whole, with its number in the journal.
#[derive(Debug)]
pub(crate) struct Arrived {
    number: usize,
    parts: Parts,
    body: bytes::Bytes,
}

impl Arrived {
    pub(crate) fn new(shared: &Shared, parts: Parts, body: bytes::Bytes) -> Self {
        let number = shared.lock().journal.arrived(SeenRequest {
            method: parts.method.to_string(),
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            content_type: header_text(&parts.headers, &header::CONTENT_TYPE)
                .unwrap_or_default()
                .to_owned(),
            body: String::from_utf8_lossy(&body).into_owned(),
            at: clock::now(),
            answered: None,
            stored: false,
        });
        Self {
            number,
            parts,
            body,
        }
    }

    /// What the faults make of it; everything but `Wait` is final.
    pub(crate) fn meet(&self, shared: &Shared) -> Fate {
        let mut state = shared.lock();
        let (method, path) = (self.parts.method.as_str(), self.parts.uri.path());
        let Some(fault) = state.faults.strike(method, path) else {
            return Fate::Answer(self.carry_out(&mut state));
        };
        match fault {
            FaultKind::Status {
                code,
                reason,
                message,
                retry_after,
            } => {
                let mut refusal = Refusal::new(status(code), &reason, message);
                refusal.retry_after = retry_after;
                Fate::Answer(self.reply(Err(refusal)))
            }
            FaultKind::DisruptionBudget => {
                Fate::Answer(self.reply(Err(Refusal::disruption_budget("kube-sim"))))
            }
            FaultKind::Hang => Fate::Never,
            FaultKind::Reset => Fate::Reset,
            FaultKind::Delay { ms } => Fate::Wait(Duration::from_millis(ms)),
            FaultKind::ApplyThenHang => {
                self.carry_out(&mut state);
                Fate::Never
            }
            FaultKind::ApplyThenReset => {
                self.carry_out(&mut state);
                Fate::Reset
            }
            FaultKind::ApplyThenDelay { ms } => {
                let reply = self.carry_out(&mut state);
                Fate::Late(Duration::from_millis(ms), reply)
            }
            FaultKind::ApplyThenStatus {
                code,
                reason,
                message,
            } => {
                self.carry_out(&mut state);
                let refusal = Refusal::new(status(code), &reason, message);
                Fate::Answer(self.reply(Err(refusal)))
            }
        }
    }

    /// What the request does without any fault.
    pub(crate) fn answer(&self, shared: &Shared) -> Reply {
        self.carry_out(&mut shared.lock())
    }

    fn carry_out(&self, state: &mut State) -> Reply {
        let headers = &self.parts.headers;
        let call = Call {
            method: &self.parts.method,
            path: self.parts.uri.path(),
            query: query(self.parts.uri.query().unwrap_or_default()),
            content_type: header_text(headers, &header::CONTENT_TYPE).unwrap_or_default(),
            authorization: header_text(headers, &header::AUTHORIZATION),
            user_agent: header_text(headers, &header::USER_AGENT),
            body: &self.body,
        };
        let before = state.world.revision();
        let answer = api::answer(&mut state.world, &state.access, &call);
        if state.world.revision() != before {
            state.journal.stored(self.number);
        }
        self.reply(answer)
    }

    fn reply(&self, answer: Answer) -> Reply {
        let mut watch = None;
        let (status, content_type, retry_after, body) = match answer {
            Ok(good) => {
                watch = good.watch;
                (good.status, "application/json", None, good.body.to_string())
            }
            Err(refusal) => {
                let content_type = if refusal.is_text {
                    "text/plain; charset=utf-8"
                } else {
                    "application/json"
                };
                (
                    refusal.status,
                    content_type,
                    refusal.retry_after,
                    refusal.body(),
                )
            }
        };
        Reply {
            number: self.number,
            status,
            content_type,
            retry_after,
            body,
            watch,
        }
    }
}

impl Reply {
    /// The answer, written into the journal as it leaves.
    pub(crate) fn into_response(self, shared: &Arc<Shared>) -> Response<Body> {
        shared
            .lock()
            .journal
            .answered(self.number, self.status.as_u16());
        let body = match self.watch {
            Some(watch) => watch.body(Arc::clone(shared)),
            None => Body::from(self.body),
        };
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        let content_type = HeaderValue::from_static(self.content_type);
        headers.insert(header::CONTENT_TYPE, content_type);
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// Codes of faults were checked when they were injected; a library's mistake shows as 500.
fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn header_text<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn query(text: &str) -> BTreeMap<String, String> {
    let decoded = |text: &str| {
        let spaced: Cow<'_, str> = text.replace('+', " ").into();
        percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
    };
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(key), decoded(value))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::query;

    #[test]
    fn a_query_is_decoded() {
        let query = query("labelSelector=app%3Dconsumer%2Ctier=b&dryRun=All&watch");
        assert_eq!(query["labelSelector"], "app=consumer,tier=b");
        assert_eq!(query["dryRun"], "All");
        assert_eq!(query["watch"], "");
    }
}
