//! Group robots: which there are, what they took, what is to go wrong.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, State},
    routing::{get, post, put},
};
use bytes::Bytes;
use http::StatusCode;
use serde_json::json;

use super::{Answer, Sim, bad, ok, parse};
use crate::{
    robots::{RobotFaultSpec, RobotSpec},
    shared::Shared,
};

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/_sim/robots", get(list))
        .route("/_sim/robots/{token}", put(add).delete(remove))
        .route(
            "/_sim/robots/{token}/faults",
            post(inject).delete(clear_faults),
        )
        .route(
            "/_sim/robots/{token}/messages",
            get(messages).delete(clear_messages),
        )
}

fn no_robot() -> Answer {
    let error = "there is no robot of this token; GET /_sim/robots lists them";
    Answer(StatusCode::NOT_FOUND, json!({ "error": error }))
}

async fn list(State(shared): Sim) -> Answer {
    ok(json!({ "robots": shared.robots().list() }))
}

async fn add(State(shared): Sim, Path(token): Path<String>, body: Bytes) -> Answer {
    let spec: RobotSpec = match parse(&body) {
        Ok(spec) => spec,
        Err(answer) => return answer,
    };
    let robot = match spec.into_robot(token) {
        Ok(robot) => robot,
        Err(wrong) => return bad(wrong.to_string()),
    };
    let target = robot.target();
    shared.robots().add(robot);
    ok(json!({ "target": target }))
}

async fn remove(State(shared): Sim, Path(token): Path<String>) -> Answer {
    if shared.robots().remove(&token) {
        ok(json!({ "removed": 1 }))
    } else {
        no_robot()
    }
}

async fn inject(State(shared): Sim, Path(token): Path<String>, body: Bytes) -> Answer {
    let spec: RobotFaultSpec = match parse(&body) {
        Ok(spec) => spec,
        Err(answer) => return answer,
    };
    let (fault, times) = match spec.into_fault() {
        Ok(read) => read,
        Err(message) => return bad(message),
    };
    if shared.robots().inject(&token, fault, times) {
        ok(json!({ "injected": fault, "times": times }))
    } else {
        no_robot()
    }
}

async fn clear_faults(State(shared): Sim, Path(token): Path<String>) -> Answer {
    if shared.robots().clear_faults(&token) {
        ok(json!({ "cleared": true }))
    } else {
        no_robot()
    }
}

async fn messages(State(shared): Sim, Path(token): Path<String>) -> Answer {
    match shared.robots().messages(&token) {
        Some(messages) => ok(json!({ "messages": messages })),
        None => no_robot(),
    }
}

async fn clear_messages(State(shared): Sim, Path(token): Path<String>) -> Answer {
    match shared.robots().clear_messages(&token) {
        Some(removed) => ok(json!({ "removed": removed })),
        None => no_robot(),
    }
}
