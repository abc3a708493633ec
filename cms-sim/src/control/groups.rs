//! The lag of groups: scenarios, a lag from now on, single points, and what the Kafka service says instead.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, State},
    routing::{get, put},
};
use bytes::Bytes;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, Sim, bad, ok, parse};
use crate::{progress::Progress, scenario::Scenario, shared::Shared};

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route(
            "/_sim/groups/{instance}/{group}",
            get(group).put(set_group).delete(remove_group),
        )
        .route("/_sim/groups/{instance}/{group}/lag", put(set_lag))
        .route("/_sim/groups/{instance}/{group}/points", put(script))
        .route(
            "/_sim/groups/{instance}/{group}/progress",
            put(set_progress).delete(follow),
        )
}

fn no_group(instance: &str, group: &str) -> Answer {
    let error = format!("instance `{instance}` has no group `{group}`");
    Answer(StatusCode::NOT_FOUND, json!({ "error": error }))
}

async fn group(State(shared): Sim, Path((instance, group)): Path<(String, String)>) -> Answer {
    let now = shared.clock.now();
    let model = shared.model();
    let Some(found) = model.group(&instance, &group) else {
        return no_group(&instance, &group);
    };
    let points: Vec<Value> = found
        .single()
        .iter()
        .map(|(at, lag)| json!({ "timestamp": at, "lag": lag }))
        .collect();
    ok(json!({
        "instance": instance,
        "group": group,
        "scenario": found.scenario(),
        "lag": found.lag_at(now.as_millisecond()),
        "at": now.to_string(),
        "progress": found.progress,
        "points": points,
    }))
}

async fn set_group(
    State(shared): Sim,
    Path((instance, name)): Path<(String, String)>,
    body: Bytes,
) -> Answer {
    let scenario: Scenario = match parse(&body) {
        Ok(scenario) => scenario,
        Err(answer) => return answer,
    };
    if let Some(complaint) = scenario.complaint() {
        return bad(complaint);
    }
    shared.set_scenario(&instance, &name, scenario);
    group(State(shared), Path((instance, name))).await
}

async fn remove_group(
    State(shared): Sim,
    Path((instance, group)): Path<(String, String)>,
) -> Answer {
    if shared.remove_group(&instance, &group) {
        ok(json!({ "removed": 1 }))
    } else {
        no_group(&instance, &group)
    }
}

/// `null` is an answer here, so that a forgotten `lag` is none.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LagSpec {
    #[serde(deserialize_with = "Option::deserialize")]
    lag: Option<u64>,
}

async fn set_lag(
    State(shared): Sim,
    Path((instance, name)): Path<(String, String)>,
    body: Bytes,
) -> Answer {
    let spec: LagSpec = match parse(&body) {
        Ok(spec) => spec,
        Err(answer) => return answer,
    };
    shared.set_lag(&instance, &name, spec.lag);
    group(State(shared), Path((instance, name))).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScriptSpec {
    points: Vec<PointSpec>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PointSpec {
    seconds_ago: i64,
    lag: u64,
}

async fn script(
    State(shared): Sim,
    Path((instance, name)): Path<(String, String)>,
    body: Bytes,
) -> Answer {
    let spec: ScriptSpec = match parse(&body) {
        Ok(spec) => spec,
        Err(answer) => return answer,
    };
    let points = spec.points.iter();
    let points: Vec<(i64, u64)> = points.map(|point| (point.seconds_ago, point.lag)).collect();
    shared.script(&instance, &name, &points);
    group(State(shared), Path((instance, name))).await
}

async fn set_progress(
    State(shared): Sim,
    Path((instance, name)): Path<(String, String)>,
    body: Bytes,
) -> Answer {
    let spec: LagSpec = match parse(&body) {
        Ok(spec) => spec,
        Err(answer) => return answer,
    };
    let progress = spec.lag.map_or(Progress::Nothing, Progress::Lag);
    shared.set_progress(&instance, &name, progress);
    group(State(shared), Path((instance, name))).await
}

async fn follow(State(shared): Sim, Path((instance, name)): Path<(String, String)>) -> Answer {
    if shared.model().group(&instance, &name).is_none() {
        return no_group(&instance, &name);
    }
    shared.set_progress(&instance, &name, Progress::Truth);
    group(State(shared), Path((instance, name))).await
}
