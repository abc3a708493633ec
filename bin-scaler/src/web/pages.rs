//! Small pages: the front page, probes, metrics, and what is said about an unknown path.

use axum::{
    extract::State,
    response::{Html, IntoResponse, Response},
};
use http::{
    HeaderMap, Method, StatusCode,
    header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, WWW_AUTHENTICATE},
};
use lag_runtime::version;

use super::App;

/// The front page, whole in itself: no script, no asset from elsewhere.
pub(super) async fn index() -> Response {
    let page = format!(
        r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>kafka-lag-scaler</title>
</head>
<body>
<h1>kafka-lag-scaler</h1>
<p>Version {}, revision {}. Takes alerts of Alertmanager and scales workloads within fixed limits.</p>
<ul>
<li>POST /webhook/alertmanager, or /hpa: for Alertmanager</li>
<li><a href="/metrics">/metrics</a>: metrics for Prometheus</li>
<li><a href="/healthz">/healthz</a>: the process runs</li>
<li><a href="/readyz">/readyz</a>: ledger and cluster were read once</li>
</ul>
</body>
</html>
"#,
        version::VERSION,
        version::REVISION
    );
    (
        [(CONTENT_SECURITY_POLICY, "default-src 'none'")],
        Html(page),
    )
        .into_response()
}

pub(super) async fn metrics(State(app): State<App>) -> Response {
    match app.meters.text() {
        Ok(text) => (
            [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
            text,
        )
            .into_response(),
        Err(error) => {
            tracing::warn!(%error, "the metrics cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// The process runs and answers.
pub(super) async fn healthy() -> Response {
    ([(CACHE_CONTROL, "no-store")], "healthy\n").into_response()
}

/// Whether ledger and cluster could be read once. Stays true in an outage: a 503 of the webhook says more to Alertmanager
/// than no endpoint.
pub(super) async fn ready(State(app): State<App>) -> Response {
    let (status, text) = if app.ready.is_ready() {
        (StatusCode::OK, "ready\n")
    } else {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            "not ready: ledger and cluster have not been read yet; the log says why\n",
        )
    };
    (status, [(CACHE_CONTROL, "no-store")], text).into_response()
}

/// Has the configuration loaded again. Whoever may not send alerts may not do this either.
pub(super) async fn reload(State(app): State<App>, method: Method, headers: HeaderMap) -> Response {
    let is_asked = method == Method::POST || method == Method::PUT;
    if is_asked && !app.gate.admits(&headers) {
        let challenge = [(WWW_AUTHENTICATE, app.gate.challenge())];
        let text = "no or wrong credentials: those of scaler.webhook are needed\n";
        return (StatusCode::UNAUTHORIZED, challenge, text).into_response();
    }
    app.lifecycle.answer(&method, &headers).await
}

/// Names the paths there are.
pub(super) async fn not_found() -> Response {
    let text = "no such page; there are /webhook/alertmanager and /hpa (POST), /, /metrics, /healthz and /readyz\n";
    (StatusCode::NOT_FOUND, text).into_response()
}
