//! One delivery of Alertmanager. In order: who asks, what kind of body and how large, the body, a place to work, the work.
//! What is refused early costs little, so that garbage takes nothing from anybody.

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{
    HeaderValue, Request, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, ORIGIN, RETRY_AFTER, WWW_AUTHENTICATE},
};
use lag_actions::alert::{AlertResult, Answer, Handled};
use lag_core::alert::Payload;
use lag_runtime::config::WebhookConfig;
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::{App, body};

/// How long a delivery waits for a place before it is sent away.
const PATIENCE: Duration = Duration::from_secs(2);

/// Bodies that are read at once; times their largest size this is the memory they can take.
const READERS: usize = 64;

/// What a delivery may take beyond its deadline before its client is sent away. The work itself goes on.
const MARGIN: Duration = Duration::from_secs(2);

/// Places, and their limits.
#[derive(Debug)]
pub(crate) struct Desk {
    readers: Arc<Semaphore>,
    workers: Arc<Semaphore>,
    concurrency: usize,
    body_limit: usize,
    deadline: Duration,
}

impl Desk {
    pub(crate) fn new(config: &WebhookConfig) -> Self {
        Self {
            readers: Arc::new(Semaphore::new(READERS)),
            workers: Arc::new(Semaphore::new(config.concurrency)),
            concurrency: config.concurrency,
            body_limit: config.body_limit,
            deadline: config.deadline,
        }
    }

    /// Ends when no delivery is being worked on, also none whose client has gone.
    pub(crate) async fn is_cleared(&self) {
        let all = u32::try_from(self.concurrency).unwrap_or(u32::MAX);
        let _all = self.workers.acquire_many(all).await;
    }
}

/// Why a delivery is not taken. After a status below 500 Alertmanager ends its attempt, and sends the group again at the
/// next `group_interval`.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) status: StatusCode,
    pub(super) words: String,
}

impl Refused {
    pub(super) fn new(status: StatusCode, words: impl Into<String>) -> Self {
        Self {
            status,
            words: words.into(),
        }
    }
}

/// Answers `POST /webhook/alertmanager`.
pub(super) async fn take(State(app): State<App>, request: Request<Body>) -> Response {
    let response = match handle(&app, request).await {
        Ok(handled) => answer(&handled),
        Err(refused) => refuse(&app, &refused),
    };
    app.meters.delivery(response.status());
    response
}

async fn handle(app: &App, request: Request<Body>) -> Result<Handled, Refused> {
    let headers = request.headers();
    // Alertmanager is no browser. A page that has itself resolved to 127.0.0.1 would pass for one of ours otherwise.
    if headers.contains_key(ORIGIN) {
        return Err(Refused::new(
            StatusCode::FORBIDDEN,
            "this comes out of a browser (header Origin), and only programs may send alerts",
        ));
    }
    if !app.gate.admits(headers) {
        return Err(Refused::new(
            StatusCode::UNAUTHORIZED,
            "no or wrong credentials: give http_config.authorization or basic_auth in the receiver",
        ));
    }
    let desk = &app.desk;
    body::check(headers, desk.body_limit)?;
    let reading = place(&desk.readers).await?;
    let body = body::read(request, desk.body_limit).await?;
    let payload = Payload::parse(&body).map_err(|error| {
        let words = format!("{:#}", anyhow::Error::new(error));
        Refused::new(StatusCode::BAD_REQUEST, words)
    })?;
    drop((body, reading));
    let working = place(&desk.workers).await?;
    // A task of its own: a client that goes away, or a time-out here, must not stop it halfway. That would be harmless, and
    // yet leave work to the next delivery.
    let task = tokio::spawn({
        let app = app.clone();
        async move {
            let handled = app.hands.handle(&app.policy, &payload).await;
            drop(working);
            handled
        }
    });
    let late = || {
        Refused::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "not done in time; sending it again is harmless",
        )
    };
    let handled = timeout(desk.deadline + MARGIN, task).await;
    let handled = handled.map_err(|_| late())?.map_err(|_| late())?;
    app.meters.handled(&handled);
    Ok(handled)
}

async fn place(places: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, Refused> {
    match timeout(PATIENCE, places.clone().acquire_owned()).await {
        Ok(Ok(permit)) => Ok(permit),
        Ok(Err(_)) | Err(_) => Err(Refused::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "too many deliveries at once; sending it again is harmless",
        )),
    }
}

fn answer(handled: &Handled) -> Response {
    let status = match handled.answer {
        Answer::Done => StatusCode::OK,
        Answer::TryAgain => StatusCode::SERVICE_UNAVAILABLE,
    };
    respond(status, &document(handled))
}

/// What was done, for each alert.
pub(crate) fn document(handled: &Handled) -> Value {
    let status = match handled.answer {
        Answer::Done => "done",
        Answer::TryAgain => "try_again",
    };
    let one = |result: &AlertResult| {
        json!({
            "alert": result.alert,
            "result": result.result,
            "words": result.words,
            "workload": result.workload,
        })
    };
    let results: Vec<_> = handled.results.iter().map(one).collect();
    json!({"status": status, "truncated_alerts": handled.truncated, "results": results})
}

fn refuse(app: &App, refused: &Refused) -> Response {
    tracing::debug!(
        status = refused.status.as_u16(),
        "a delivery was not taken: {}",
        refused.words
    );
    let status = if refused.status.is_server_error() {
        "try_again"
    } else {
        "refused"
    };
    let document = json!({"status": status, "words": refused.words, "results": []});
    let mut response = respond(refused.status, &document);
    let headers = response.headers_mut();
    if refused.status == StatusCode::UNAUTHORIZED {
        let challenge = HeaderValue::from_static(app.gate.challenge());
        headers.insert(WWW_AUTHENTICATE, challenge);
    }
    response
}

fn respond(status: StatusCode, document: &Value) -> Response {
    let kind = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "no-store"),
    ];
    let mut response = (status, kind, format!("{document}\n")).into_response();
    if status == StatusCode::SERVICE_UNAVAILABLE {
        let headers = response.headers_mut();
        headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}
