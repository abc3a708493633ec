//! What is answered over HTTP: webhooks, and pages about the program itself.

mod body;
mod gate;
mod meters;
mod pages;
mod webhook;

pub(crate) use gate::Gate;
pub(crate) use meters::{MeteredLedger, MeteredScaler, Meters};
pub(crate) use webhook::{Desk, document};

use axum::{
    Router, middleware,
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
use http::{
    HeaderValue, StatusCode, Uri,
    header::{ALLOW, X_CONTENT_TYPE_OPTIONS},
};
use lag_actions::alert::AlertHands;
use lag_core::alert::AlertPolicy;
use lag_serve::Lifecycle;
use std::sync::Arc;

use crate::ready::Ready;

/// Where Alertmanager sends to; the second is the path of the post.
const WEBHOOKS: [&str; 2] = ["/webhook/alertmanager", "/hpa"];

/// What all requests share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) hands: AlertHands,
    pub(crate) policy: Arc<AlertPolicy>,
    pub(crate) gate: Gate,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) desk: Arc<Desk>,
    pub(crate) meters: Arc<Meters>,
    pub(crate) ready: Ready,
}

pub(crate) type App = Arc<Shared>;

pub(crate) fn router(app: App) -> Router {
    let router = WEBHOOKS.iter().fold(Router::new(), |router, path| {
        router.route(path, post(webhook::take))
    });
    router
        .route("/", get(pages::index))
        .route("/metrics", get(pages::metrics))
        .route("/healthz", get(pages::healthy))
        .route("/-/healthy", get(pages::healthy))
        .route("/readyz", get(pages::ready))
        .route("/-/ready", get(pages::ready))
        .route("/-/reload", any(pages::reload))
        .fallback(pages::not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(middleware::map_response(no_sniffing))
        .with_state(app)
}

async fn method_not_allowed(uri: Uri) -> Response {
    let (allowed, text) = if WEBHOOKS.contains(&uri.path()) {
        (
            "POST",
            "only POST is answered here: this is for Alertmanager\n",
        )
    } else {
        ("GET, HEAD", "only GET and HEAD are answered here\n")
    };
    (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, allowed)], text).into_response()
}

async fn no_sniffing(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
