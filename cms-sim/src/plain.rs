//! What is asked for by path and without a signature: instance metadata and the credentials URI.

use std::time::Instant;

use http::{Method, StatusCode, header, request::Parts};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::{
    action::Action,
    errors::{Origin, Refusal},
    faults::{FaultKind, RequestFacts},
    metadata,
    params::Incoming,
    reply::Reply,
    shape,
    shared::Shared,
    sts,
};

const CREDENTIALS: &str = "/credentials";

/// The action of a path that is no API call.
pub(crate) fn at(path: &str) -> Option<Action> {
    if path == "/latest" || path.starts_with("/latest/") {
        return Some(Action::Metadata);
    }
    (path == CREDENTIALS).then_some(Action::CredentialsUri)
}

/// One call, from the request to the reply and the moment its `Date` shows.
pub(crate) fn answer(
    shared: &Shared,
    parts: &Parts,
    body: &[u8],
    action: Action,
) -> (Reply, Timestamp) {
    shared.tally.arrived(action.name(), Instant::now());
    let request_id = shared.request_id();
    let now = shared.clock.now();
    let host = parts.headers.get(header::HOST);
    let origin = Origin {
        request_id: &request_id,
        host: host
            .and_then(|host| host.to_str().ok())
            .unwrap_or("cms-sim"),
        product: action.service().product(),
    };
    let facts = RequestFacts {
        action: action.name().to_owned(),
        service: action.service(),
        step: metadata::step(parts.uri.path()),
        page: 1,
        ..RequestFacts::default()
    };
    let gateway = shared.faults().at_gateway(&facts);
    let skew = SignedDuration::from_secs(gateway.skew_seconds);
    let reply = match Incoming::decode(parts, body) {
        None => Reply::refused(&Refusal::invalid_parameter("query"), &origin),
        Some(incoming) => {
            let struck = shared.faults().at_reply(&facts);
            shape::shaped(struck, action, &origin, |fault| {
                Ok(match action {
                    Action::CredentialsUri => credentials(shared, incoming.method, now, fault),
                    _ => metadata::answer(shared, &incoming, now, fault),
                })
            })
        }
    };
    shared.tally.ended(&reply.outcome, 0);
    (reply, now.checked_add(skew).unwrap_or(now))
}

fn credentials(
    shared: &Shared,
    method: &Method,
    now: Timestamp,
    fault: Option<FaultKind>,
) -> Reply {
    if method != Method::GET {
        return Reply {
            status: StatusCode::METHOD_NOT_ALLOWED,
            outcome: "405".into(),
            ..Reply::text("only GET\n".into())
        };
    }
    if fault == Some(FaultKind::CredentialsUriFailed) {
        return Reply::ok(r#"{"Code":"Failed"}"#.into());
    }
    let lifetime = shared.identity.token_lifetime;
    let key = shared.keys.issue("credentials-uri".into(), lifetime, now);
    let mut body = sts::credentials(&key);
    if fault != Some(FaultKind::CredentialsUriWithoutCode) {
        body.insert("Code".into(), "Success".into());
    }
    Reply::ok(Value::Object(body).to_string())
}
