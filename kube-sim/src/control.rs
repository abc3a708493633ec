//! The control API under `/-sim/`: JSON in, JSON out, for loopback only.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    response::IntoResponse,
    routing::{get, post, put},
};
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    access::{Denial, ReviewedToken},
    faults::Fault,
    resource::Resource,
    samples,
    shared::Shared,
    world::{Key, Progress},
};

pub(crate) const PREFIX: &str = "/-sim";

const ROUTES: [&str; 15] = [
    "GET /-sim/state",
    "POST /-sim/objects",
    "GET or DELETE /-sim/objects/{resource}/{namespace}/{name}",
    "PUT /-sim/deployments/{namespace}/{name}",
    "PUT /-sim/replicas/{namespace}/{name}",
    "PUT /-sim/progress/{namespace}/{name}",
    "GET /-sim/requests",
    "GET /-sim/changes",
    "POST /-sim/reset",
    "GET /-sim/faults",
    "POST /-sim/faults",
    "DELETE /-sim/faults",
    "GET or PUT /-sim/denials",
    "PUT /-sim/tokens",
    "POST /-sim/compact",
];

/// What a fault may say; serde cannot refuse the rest itself, because the kind is flattened into it.
const FAULT_KEYS: [&str; 11] = [
    "fault",
    "code",
    "reason",
    "message",
    "retry_after",
    "ms",
    "method",
    "prefix",
    "suffix",
    "nth",
    "times",
];

type Sim = State<Arc<Shared>>;

/// An answer: a status and a JSON value.
struct Answer(StatusCode, Value);

type Answered = Result<Answer, Answer>;

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

fn missing(message: impl Into<String>) -> Answer {
    Answer(StatusCode::NOT_FOUND, json!({ "error": message.into() }))
}

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/-sim/state", get(state))
        .route("/-sim/objects", post(put_objects))
        .route(
            "/-sim/objects/{resource}/{namespace}/{name}",
            get(object).delete(remove),
        )
        .route("/-sim/deployments/{namespace}/{name}", put(deployment))
        .route("/-sim/replicas/{namespace}/{name}", put(set_replicas))
        .route("/-sim/progress/{namespace}/{name}", put(progress))
        .route("/-sim/requests", get(requests))
        .route("/-sim/changes", get(changes))
        .route("/-sim/reset", post(reset))
        .route("/-sim/faults", get(faults).post(inject).delete(clear))
        .route("/-sim/denials", get(denials).put(set_denials))
        .route("/-sim/tokens", put(set_tokens))
        .route("/-sim/compact", post(compact))
        .fallback(async || unknown(StatusCode::NOT_FOUND, "no such path in the control API"))
        .method_not_allowed_fallback(async || {
            let error = "this path does not take this method";
            unknown(StatusCode::METHOD_NOT_ALLOWED, error)
        })
        .with_state(shared)
}

fn unknown(status: StatusCode, error: &str) -> Answer {
    Answer(status, json!({ "error": error, "routes": ROUTES }))
}

/// The body as JSON, or what is wrong with it.
fn parse<T: DeserializeOwned>(body: &Bytes) -> Result<T, Answer> {
    serde_json::from_slice(body)
        .map_err(|error| bad(format!("the body is not as expected: {error}")))
}

async fn state(State(shared): Sim) -> Answer {
    let state = shared.lock();
    let mut objects: BTreeMap<&str, usize> = BTreeMap::new();
    for key in state.world.objects.keys() {
        *objects.entry(key.resource.plural).or_default() += 1;
    }
    ok(json!({
        "resource_version": state.world.revision().to_string(),
        "objects": objects,
        "requests": state.journal.all().len(),
        "rollouts": state.world.changes.rollouts.len(),
        "scale_changes": state.world.changes.scale_changes.len(),
        "faults": state.faults.all(),
    }))
}

/// One object, or a list of them.
async fn put_objects(State(shared): Sim, body: Bytes) -> Answered {
    let objects = match parse(&body)? {
        Value::Array(objects) => objects,
        object => vec![object],
    };
    let mut state = shared.lock();
    let mut stored = Vec::new();
    for object in objects {
        let object = state.world.put(object);
        stored.push(object.map_err(|refusal| bad(refusal.message))?);
    }
    Ok(ok(json!({ "stored": stored })))
}

fn key((resource, namespace, name): &(String, String, String)) -> Result<Key, Answer> {
    let resource = Resource::by_plural(resource)
        .ok_or_else(|| missing(format!("no resource `{resource}`; for example deployments")))?;
    Ok(Key::new(resource, namespace, name))
}

async fn object(State(shared): Sim, Path(path): Path<(String, String, String)>) -> Answered {
    let key = key(&path)?;
    let state = shared.lock();
    let found = state.world.objects.get(&key);
    let found = found.ok_or_else(|| missing(format!("no {}", key.to_ref())))?;
    Ok(ok(found.clone()))
}

async fn remove(State(shared): Sim, Path(path): Path<(String, String, String)>) -> Answered {
    let key = key(&path)?;
    let gone = shared.lock().world.remove(&key);
    gone.ok_or_else(|| missing(format!("no {}", key.to_ref())))?;
    Ok(ok(json!({ "removed": 1 })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReplicasSpec {
    replicas: u32,
}

async fn deployment(
    State(shared): Sim,
    Path((namespace, name)): Path<(String, String)>,
    body: Bytes,
) -> Answered {
    let spec: ReplicasSpec = parse(&body)?;
    let object = samples::workload("Deployment", &namespace, &name, spec.replicas);
    let stored = shared.lock().world.put(object);
    Ok(ok(stored.map_err(|refusal| bad(refusal.message))?))
}

async fn set_replicas(
    State(shared): Sim,
    Path((namespace, name)): Path<(String, String)>,
    body: Bytes,
) -> Answered {
    let spec: ReplicasSpec = parse(&body)?;
    let mut state = shared.lock();
    if !state.world.set_replicas(&namespace, &name, spec.replicas) {
        return Err(missing(format!("no workload {namespace}/{name}")));
    }
    Ok(ok(json!({ "replicas": spec.replicas })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProgressSpec {
    progress: Progress,
}

async fn progress(
    State(shared): Sim,
    Path((namespace, name)): Path<(String, String)>,
    body: Bytes,
) -> Answered {
    let spec: ProgressSpec = parse(&body)?;
    let mut state = shared.lock();
    let keys = state.world.workloads(&namespace, &name);
    if keys.is_empty() {
        return Err(missing(format!("no workload {namespace}/{name}")));
    }
    for key in &keys {
        state.world.set_progress(key, spec.progress);
    }
    Ok(ok(json!({ "workloads": keys.len() })))
}

async fn requests(State(shared): Sim) -> Answer {
    ok(json!(shared.lock().journal.all()))
}

async fn changes(State(shared): Sim) -> Answer {
    let state = shared.lock();
    let changes = &state.world.changes;
    let mut restarts: BTreeMap<String, usize> = BTreeMap::new();
    for rollout in &changes.rollouts {
        *restarts.entry(rollout.workload.to_string()).or_default() += 1;
    }
    ok(json!({
        "restarts": restarts,
        "rollouts": changes.rollouts,
        "scale_changes": changes.scale_changes,
        "removed_pods": changes.removed_pods,
    }))
}

async fn reset(State(shared): Sim) -> Answer {
    let mut state = shared.lock();
    state.journal.reset();
    state.world.changes = crate::Changes::default();
    ok(json!({ "reset": true }))
}

async fn faults(State(shared): Sim) -> Answer {
    ok(json!(shared.lock().faults.all()))
}

async fn inject(State(shared): Sim, body: Bytes) -> Answered {
    let spec: Value = parse(&body)?;
    let keys = spec
        .as_object()
        .into_iter()
        .flat_map(|fields| fields.keys());
    if let Some(key) = keys
        .into_iter()
        .find(|key| !FAULT_KEYS.contains(&key.as_str()))
    {
        return Err(bad(format!(
            "no key `{key}`; allowed are {}",
            FAULT_KEYS.join(", ")
        )));
    }
    let fault: Fault = parse(&body)?;
    if let Some(complaint) = fault.complaint() {
        return Err(bad(complaint));
    }
    let mut state = shared.lock();
    state.faults.inject(fault);
    Ok(ok(json!(state.faults.all())))
}

async fn clear(State(shared): Sim) -> Answer {
    let removed = shared.lock().faults.clear();
    ok(json!({ "removed": removed }))
}

async fn denials(State(shared): Sim) -> Answer {
    ok(json!(shared.lock().access.denials))
}

async fn set_denials(State(shared): Sim, body: Bytes) -> Answered {
    let denials: Vec<Denial> = parse(&body)?;
    let mut state = shared.lock();
    state.access.denials = denials;
    Ok(ok(json!(state.access.denials)))
}

async fn set_tokens(State(shared): Sim, body: Bytes) -> Answered {
    let tokens: Vec<ReviewedToken> = parse(&body)?;
    let count = tokens.len();
    shared.lock().access.reviewed = tokens;
    Ok(ok(json!({ "tokens": count })))
}

async fn compact(State(shared): Sim) -> Answer {
    shared.lock().world.history.compact();
    ok(json!({ "compacted": true }))
}
