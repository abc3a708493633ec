//! Another configuration while requests come in: who asks for it, and how routes are replaced.

use axum::{
    Router,
    extract::Request,
    response::{IntoResponse, Response},
};
use http::{
    HeaderMap, Method, StatusCode,
    header::{ALLOW, CACHE_CONTROL, ORIGIN},
};
use lag_core::port::Reload;
use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
};
use tower_service::Service as _;

const OFF: &str = "this is switched off: start the program with --web.enable-lifecycle (or KAFKA_LAG_WEB_ENABLE_LIFECYCLE=true), \
                   or send it SIGHUP\n";

/// `/-/reload`: who may have the configuration read again. The default is nobody.
#[derive(Debug, Clone, Default)]
pub struct Lifecycle(Option<Arc<dyn Reload>>);

impl Lifecycle {
    /// Whoever reaches the page.
    #[must_use]
    pub fn enabled(reload: Arc<dyn Reload>) -> Self {
        Self(Some(reload))
    }

    /// Answers a request for the page, of any method.
    pub async fn answer(&self, method: &Method, headers: &HeaderMap) -> Response {
        if method != Method::POST && method != Method::PUT {
            let text = "only POST and PUT are answered here\n";
            return (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "POST, PUT")], text).into_response();
        }
        let Some(reload) = &self.0 else {
            return (StatusCode::FORBIDDEN, OFF).into_response();
        };
        // A page of a browser could send this from anywhere the browser gets to.
        if headers.contains_key(ORIGIN) {
            let text =
                "this comes out of a browser (header Origin), and only programs may ask for it\n";
            return (StatusCode::FORBIDDEN, text).into_response();
        }
        let (status, words) = match reload.reload().await {
            Ok(words) => (StatusCode::OK, words),
            Err(error) if error.is_mistake => (StatusCode::BAD_REQUEST, error.words),
            Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.words),
        };
        (status, [(CACHE_CONTROL, "no-store")], format!("{words}\n")).into_response()
    }
}

/// Routes that can be replaced whole. A request ends on the routes that it has begun on.
#[derive(Clone)]
pub struct Swap(Arc<RwLock<Router>>);

impl fmt::Debug for Swap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Swap")
    }
}

impl Swap {
    /// Begins with these routes.
    #[must_use]
    pub fn new(router: Router) -> Self {
        Self(Arc::new(RwLock::new(router)))
    }

    /// Takes these for every request from now on.
    pub fn set(&self, router: Router) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = router;
    }

    /// A router that hands each request to the routes of its moment.
    pub fn router(&self) -> Router {
        let held = self.0.clone();
        Router::new().fallback(move |request: Request| {
            let mut now = held.read().unwrap_or_else(PoisonError::into_inner).clone();
            async move { now.call(request).await.into_response() }
        })
    }
}
