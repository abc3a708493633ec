//! `/api/v1/lag`: readings as JSON, for people and for autoscalers that read a number out of an answer. And the whole
//! board for other replicas.

pub(crate) mod buffer;
mod handover;
mod query;
mod wire;

pub(crate) use handover::handover;

use crate::{
    Exporter,
    body::{Placed, SharedBody},
    exporter::is_large,
};
use axum::{
    body::Body,
    extract::{Path, RawQuery, State, rejection::PathRejection},
    response::{IntoResponse, Response},
};
use buffer::Buffer;
use http::{
    HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE},
};
use jiff::Timestamp;
use lag_core::{Board, GroupKey, InvalidName, Reading};
use query::Query;
use serde::Serialize;
use std::{io::Write, sync::Arc};
use wire::{Answer, Group, Listing};

const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// Every group and every instance; or the one group that a query names.
pub(crate) async fn listing(
    State(exporter): State<Exporter>,
    RawQuery(query): RawQuery,
) -> Response {
    match Query::read(query.as_deref(), &["instance", "group", "topic"]) {
        Ok(query) if query.is_empty() => every(&exporter).await,
        Ok(query) => named(&exporter, &query),
        Err(error) => refuse(StatusCode::BAD_REQUEST, error),
    }
}

async fn every(exporter: &Exporter) -> Response {
    let max_age = exporter.config().max_age;
    let made = whole(exporter, move |board, now| {
        text(&Listing::new(board, now, max_age))
    });
    match made.await {
        Ok((_, body)) => reply(StatusCode::OK, Body::new(body)),
        Err(ending) => ending,
    }
}

/// A text about the whole board, and the board; the answer instead, when the process ends meanwhile.
async fn whole(
    exporter: &Exporter,
    text: impl FnOnce(&Board, Timestamp) -> SharedBody + Send + 'static,
) -> Result<(Arc<Board>, Placed), Response> {
    let (board, now) = exporter.moment();
    if !is_large(&board) {
        let body = text(&board, now);
        let place = None;
        return Ok((
            board,
            Placed {
                body,
                _place: place,
            },
        ));
    }
    drop(board);
    let ending = || (StatusCode::SERVICE_UNAVAILABLE, "shutting down\n").into_response();
    // Megabytes each: clients that do not read what they asked for must not pile them up.
    let place = exporter.large_listings().acquire_owned().await;
    let place = place.map_err(|_| ending())?;
    let (board, now) = exporter.moment();
    // The text of a large board takes milliseconds; other requests should not wait for it.
    let task = tokio::task::spawn_blocking({
        let board = board.clone();
        move || text(&board, now)
    });
    match task.await {
        Ok(body) => {
            let place = Some(place);
            Ok((
                board,
                Placed {
                    body,
                    _place: place,
                },
            ))
        }
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(ending()),
        },
    }
}

/// One group by its path.
pub(crate) async fn single(
    State(exporter): State<Exporter>,
    path: Result<Path<(String, String)>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Response {
    let Ok(Path((instance, group))) = path else {
        let error = "the path is not text: percent-encode names as UTF-8";
        return refuse(StatusCode::BAD_REQUEST, error.into());
    };
    match Query::read(query.as_deref(), &["topic"]) {
        Ok(query) => one(&exporter, &instance, &group, query.get("topic")),
        Err(error) => refuse(StatusCode::BAD_REQUEST, error),
    }
}

/// One group by a query. The instance may be left out where there is no choice.
fn named(exporter: &Exporter, query: &Query) -> Response {
    let Some(group) = query.get("group") else {
        let error = "parameter group is missing: write group=NAME, and instance=ID where several instances are watched; without \
                     parameters every group is listed";
        return refuse(StatusCode::BAD_REQUEST, error.into());
    };
    let topic = query.get("topic");
    if let Some(instance) = query.get("instance") {
        return one(exporter, instance, group, topic);
    }
    let (board, _) = exporter.moment();
    let mut watched = board.instances().map(|(id, _)| id.as_str());
    match (watched.next(), watched.len()) {
        (Some(only), 0) => one(exporter, only, group, topic),
        (Some(first), more) => {
            let error = format!(
                "parameter instance is missing and {} instances are watched: write instance={first} or another; they are listed at \
                 /api/v1/lag",
                more.saturating_add(1)
            );
            refuse(StatusCode::BAD_REQUEST, error)
        }
        (None, _) => {
            let error = "no instance is watched: let the exporter watch one".into();
            refuse(StatusCode::NOT_FOUND, error)
        }
    }
}

/// One group: 200 only with a number.
fn one(exporter: &Exporter, instance: &str, group: &str, topic: Option<&str>) -> Response {
    let (board, now) = exporter.moment();
    let max_age = exporter.config().max_age;
    let shown = |said| Group::new(instance, group, topic, said, now);
    let key = match key(instance, group, topic) {
        Ok(key) => key,
        Err(error) => {
            // No group can have such a name, so this one is not there.
            let error = format!("{error}; known groups are listed at /api/v1/lag");
            let group = Some(shown((Reading::Absent, None)));
            return respond(StatusCode::NOT_FOUND, &Answer { error, group });
        }
    };
    let reading = board.read(&key, now, max_age);
    let answer = |error: String| Answer {
        error,
        group: Some(shown((reading, None))),
    };
    match reading {
        Reading::Fresh(_) => {
            let advice = board.advice(&key, now, max_age);
            respond(StatusCode::OK, &shown((reading, advice)))
        }
        Reading::Absent => {
            let what = if board.instance(instance).is_none() {
                "the instance is not watched"
            } else {
                "the last answer held nothing usable of it: the cloud may not know it, it may never have had a lag, or a filter \
                 or --lag.max-series leaves it out"
            };
            let error = format!("no lag of {key}: {what}; known groups are listed at /api/v1/lag");
            respond(StatusCode::NOT_FOUND, &answer(error))
        }
        Reading::Stale { age, .. } => {
            let (age, limit) = (age.as_secs(), max_age.as_secs());
            let error = format!(
                "the last known lag of {key} is {age} s old, older than the {limit} s up to which it is a number"
            );
            respond(StatusCode::SERVICE_UNAVAILABLE, &answer(error))
        }
        Reading::Failed { since } => {
            let failure = board
                .instance(instance)
                .and_then(|instance| instance.last_error.as_ref());
            let why = failure.map_or("none has ended yet", |failure| &*failure.detail);
            let error = format!("no lag of {key}: no collection has worked since {since}: {why}");
            respond(StatusCode::SERVICE_UNAVAILABLE, &answer(error))
        }
    }
}

fn key(instance: &str, group: &str, topic: Option<&str>) -> Result<GroupKey, InvalidName> {
    Ok(GroupKey {
        instance: instance.parse()?,
        group: group.parse()?,
        topic: topic.map(str::parse).transpose()?,
    })
}

fn refuse(status: StatusCode, error: String) -> Response {
    respond(status, &Answer { error, group: None })
}

fn respond(status: StatusCode, answer: &impl Serialize) -> Response {
    reply(status, Body::new(text(answer)))
}

fn text(answer: &impl Serialize) -> SharedBody {
    let mut buffer = Buffer::default();
    serde_json::to_writer(&mut buffer, answer)
        .and_then(|()| buffer.write_all(b"\n").map_err(serde_json::Error::io))
        .expect("texts and finite numbers are always JSON, and memory takes them");
    buffer.into_body()
}

fn reply(status: StatusCode, body: Body) -> Response {
    let headers = [
        (CONTENT_TYPE, JSON),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (status, headers, body).into_response()
}
