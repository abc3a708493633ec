//! Which path answers what. Every body but those of the probes is JSON, whatever `Accept` says: the HPA asks for protobuf
//! first and takes JSON. Nothing is ever redirected, and nothing here depends on the cloud but the values.

use super::{
    ExternalMetrics, answer::Question, documents, doubt::cut, list, metric::Metric,
    parameters::Parameters, status::Status,
};
use crate::{
    body::{Placed, SharedBody},
    exporter::is_large,
};
use axum::{
    Router,
    body::Body,
    extract::{Path, RawQuery, State, rejection::PathRejection},
    response::{IntoResponse, Response},
    routing::get,
};
use bytes::Bytes;
use http::{
    HeaderValue, StatusCode,
    header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE},
};
use jiff::Timestamp;
use lag_core::{Board, InvalidSelector, Selector, alias, names};
use std::sync::Arc;

pub(super) fn router(server: ExternalMetrics) -> Router {
    let mut router = Router::new()
        .route(
            "/apis/external.metrics.k8s.io/v1beta1/namespaces/{namespace}/{metric}",
            get(values),
        )
        .route("/healthz", get(healthy))
        .route("/livez", get(healthy))
        .route("/readyz", get(healthy));
    for (path, text) in documents::all(&server.0.config) {
        router = router.route(path, get(move || async move { document(text) }));
    }
    router
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(server)
}

/// Health and readiness are one thing: an API server that thinks us unready makes every `kubectl delete namespace` hang.
async fn healthy() -> &'static str {
    "ok"
}

fn document(text: Bytes) -> Response {
    json(Body::from(text))
}

async fn not_found() -> Status {
    let text = "the server could not find the requested resource";
    Status::new(StatusCode::NOT_FOUND, text)
}

async fn method_not_allowed() -> Response {
    let text = "the server does not allow this method on the requested resource: only GET and HEAD are answered";
    let status = Status::new(StatusCode::METHOD_NOT_ALLOWED, text);
    ([(ALLOW, "GET, HEAD")], status).into_response()
}

/// The values of one metric.
async fn values(
    State(server): State<ExternalMetrics>,
    path: Result<Path<(String, String)>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Result<Response, Status> {
    let Ok(Path((namespace, name))) = path else {
        let text = "the path is not text: percent-encode it as UTF-8";
        return Err(Status::new(StatusCode::BAD_REQUEST, text));
    };
    if namespace.is_empty() || name.is_empty() {
        return Err(not_found().await);
    }
    let parameters = Parameters::read(query.as_deref().unwrap_or_default())?;
    if parameters.watch {
        let text = "metrics cannot be watched: ask again";
        return Err(Status::new(StatusCode::METHOD_NOT_ALLOWED, text));
    }
    let metric = Metric::of(&name, &server.0.config).ok_or_else(|| unknown(&name, &server))?;
    let selector = parameters
        .selector
        .parse()
        .map_err(|error| refused(&error))?;
    let request = Request {
        server,
        namespace,
        metric,
        selector,
    };
    let (board, now) = request.server.moment();
    if request.is_narrow() || !is_large(&board) {
        return Ok(json(Body::new(request.answer(&board, now)?)));
    }
    drop(board);
    request.answer_large().await
}

struct Request {
    server: ExternalMetrics,
    namespace: String,
    metric: Metric,
    selector: Selector,
}

impl Request {
    /// Whether the selector names groups, so that only those are looked at.
    fn is_narrow(&self) -> bool {
        let names = |label| self.selector.values_of(label).is_some();
        names(names::CONSUMER_GROUP) || names(names::CONSUMER_GROUP_ALIAS)
    }

    fn answer(&self, board: &Arc<Board>, now: Timestamp) -> Result<SharedBody, Status> {
        let inner = &self.server.0;
        let by_alias = self.selector.values_of(names::CONSUMER_GROUP_ALIAS);
        let aliases = by_alias
            .map(|_| inner.aliases.of(board))
            .unwrap_or_default();
        let question = Question {
            board,
            aliases: &aliases,
            now,
            config: &inner.config,
            namespace: &self.namespace,
            metric: self.metric,
            selector: &self.selector,
        };
        Ok(list::render(self.metric, &question.answer()?))
    }

    /// Thousands of series take milliseconds and megabytes: other requests should not wait for them, and clients that
    /// do not read what they asked for must not pile them up.
    async fn answer_large(self) -> Result<Response, Status> {
        let ending = || Status::new(StatusCode::SERVICE_UNAVAILABLE, "shutting down");
        let places = self.server.0.large_answers.clone();
        let place = places.acquire_owned().await.map_err(|_| ending())?;
        let task = tokio::task::spawn_blocking(move || {
            let (board, now) = self.server.moment();
            self.answer(&board, now)
        });
        let body = match task.await {
            Ok(answer) => answer?,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => return Err(ending()),
            },
        };
        Ok(json(Body::new(Placed {
            body,
            _place: Some(place),
        })))
    }
}

fn unknown(name: &str, server: &ExternalMetrics) -> Status {
    let served: Vec<_> = Metric::served(&server.0.config).map(Metric::name).collect();
    let text = format!(
        "the server could not find the metric {}: it has {}",
        cut(name, 64),
        served.join(", ")
    );
    Status::new(StatusCode::NOT_FOUND, text)
}

/// A selector that does not parse. A name that no label can hold has an alias, which is told.
fn refused(error: &InvalidSelector) -> Status {
    let hint = match error {
        InvalidSelector::Value { key, value, .. } => {
            let other = match key.as_str() {
                names::CONSUMER_GROUP => Some(names::CONSUMER_GROUP_ALIAS),
                names::TOPIC => Some(names::TOPIC_ALIAS),
                _ => None,
            };
            other.zip(alias(value))
        }
        _ => None,
    };
    let text = match hint {
        Some((label, alias)) => format!("no label can have this value: select {label}={alias}"),
        None => cut(&error.to_string(), 300),
    };
    Status::new(StatusCode::BAD_REQUEST, text)
}

fn json(body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
