//! The control API under `/_sim/`: JSON in, JSON out, for loopback only.

mod groups;
mod robots;

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    response::IntoResponse,
    routing::{get, post, put},
};
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use jiff::Timestamp;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    faults::{Fault, FaultKind, FaultSpec},
    shared::Shared,
};

pub(crate) const PREFIX: &str = "/_sim";

const ROUTES: [&str; 19] = [
    "GET /_sim/state",
    "GET /_sim/faults",
    "POST /_sim/faults",
    "DELETE /_sim/faults",
    "DELETE /_sim/faults/{name}",
    "GET /_sim/groups/{instance}/{group}",
    "PUT or DELETE /_sim/groups/{instance}/{group}",
    "PUT /_sim/groups/{instance}/{group}/lag",
    "PUT /_sim/groups/{instance}/{group}/points",
    "PUT or DELETE /_sim/groups/{instance}/{group}/progress",
    "GET /_sim/robots",
    "PUT or DELETE /_sim/robots/{token}",
    "POST or DELETE /_sim/robots/{token}/faults",
    "GET /_sim/robots/{token}/messages",
    "DELETE /_sim/robots/{token}/messages",
    "PUT /_sim/clock",
    "POST /_sim/credentials/expire",
    "PUT /_sim/oidc-token",
    "POST /_sim/counters/reset",
];

type Sim = State<Arc<Shared>>;

/// An answer: a status and a JSON value.
struct Answer(StatusCode, Value);

impl IntoResponse for Answer {
    fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::from(self.1.to_string() + "\n"));
        *response.status_mut() = self.0;
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        response
    }
}

/// A refusal in the control API's own form.
pub(crate) fn refused(status: StatusCode, message: &str) -> Response<Body> {
    Answer(status, json!({ "error": message })).into_response()
}

fn ok(value: Value) -> Answer {
    Answer(StatusCode::OK, value)
}

fn bad(message: impl Into<String>) -> Answer {
    Answer(StatusCode::BAD_REQUEST, json!({ "error": message.into() }))
}

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/_sim/state", get(state))
        .route("/_sim/faults", get(faults).post(inject).delete(clear))
        .route("/_sim/faults/{name}", axum::routing::delete(clear_one))
        .merge(groups::routes())
        .merge(robots::routes())
        .route("/_sim/clock", put(set_clock))
        .route("/_sim/credentials/expire", post(expire))
        .route("/_sim/oidc-token", put(set_oidc_token))
        .route("/_sim/counters/reset", post(reset))
        .fallback(unknown)
        .method_not_allowed_fallback(unknown_method)
        .with_state(shared)
}

/// The body as JSON, or what is wrong with it.
fn parse<T: DeserializeOwned>(body: &Bytes) -> Result<T, Answer> {
    serde_json::from_slice(body)
        .map_err(|error| bad(format!("the body is not as expected: {error}")))
}

async fn state(State(shared): Sim) -> Answer {
    let model = shared.model();
    let instances: Vec<Value> = model
        .instances
        .iter()
        .map(|known| json!({ "instance": known.id, "groups": known.groups.len() }))
        .collect();
    let now = shared.clock.now();
    let (issued, valid) = shared.keys.count(now);
    ok(json!({
        "now": now.to_string(),
        "clock": if shared.clock.manual().is_some() { "manual" } else { "real" },
        "groups": model.group_count(),
        "instances": instances,
        "faults": shared.faults().active(),
        "credentials": { "issued": issued, "valid": valid },
        "counters": shared.tally.read(),
    }))
}

async fn faults(State(shared): Sim) -> Answer {
    let names: Vec<_> = FaultKind::names().collect();
    ok(json!({ "active": shared.faults().active(), "allowed": names }))
}

async fn inject(State(shared): Sim, body: Bytes) -> Answer {
    let spec: FaultSpec = match parse(&body) {
        Ok(spec) => spec,
        Err(answer) => return answer,
    };
    match spec.into_fault() {
        Ok(fault) => shared.faults().inject(fault),
        Err(message) => return bad(message),
    }
    ok(json!({ "active": shared.faults().active() }))
}

async fn clear(State(shared): Sim) -> Answer {
    let removed = shared.faults().clear(None);
    ok(json!({ "removed": removed }))
}

async fn clear_one(State(shared): Sim, Path(name): Path<String>) -> Answer {
    if let Err(unknown) = Fault::named(&name) {
        return bad(unknown.to_string());
    }
    let removed = shared.faults().clear(Some(&name));
    ok(json!({ "removed": removed }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockSpec {
    now: Option<Timestamp>,
    real: Option<bool>,
}

async fn set_clock(State(shared): Sim, body: Bytes) -> Answer {
    let spec: ClockSpec = match parse(&body) {
        Ok(spec) => spec,
        Err(answer) => return answer,
    };
    match (spec.now, spec.real) {
        (Some(now), None | Some(false)) => shared.clock.set(Some(now)),
        (None, Some(true)) => shared.clock.set(None),
        (None, Some(false)) => shared.clock.set(Some(shared.clock.now())),
        _ => return bad(r#"say either {"now":"2026-01-15T08:30:00Z"} or {"real":true}"#),
    }
    ok(json!({ "now": shared.clock.now().to_string() }))
}

async fn expire(State(shared): Sim) -> Answer {
    let expired = shared.keys.expire(shared.clock.now());
    ok(json!({ "expired": expired }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OidcTokenSpec {
    token: String,
}

/// Does not repeat the token: an answer may end in a log.
async fn set_oidc_token(State(shared): Sim, body: Bytes) -> Answer {
    let spec: OidcTokenSpec = match parse(&body) {
        Ok(spec) => spec,
        Err(answer) => return answer,
    };
    if spec.token.split('.').count() != 3 {
        return bad("`token` must have three parts with dots between, for example sim.oidc.token");
    }
    shared.oidc_tokens().replace(spec.token);
    ok(json!({ "replaced": true }))
}

async fn reset(State(shared): Sim) -> Answer {
    shared.tally.reset();
    ok(json!({ "reset": true }))
}

async fn unknown() -> Answer {
    let error = "no such path in the control API";
    Answer(
        StatusCode::NOT_FOUND,
        json!({ "error": error, "routes": ROUTES }),
    )
}

async fn unknown_method() -> Answer {
    let error = "this path does not take this method";
    Answer(
        StatusCode::METHOD_NOT_ALLOWED,
        json!({ "error": error, "routes": ROUTES }),
    )
}
