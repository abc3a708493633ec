//! Which path answers what.

use crate::{Encoding, Exporter, json, negotiate, pages, status};
use axum::{
    Router,
    body::Body,
    extract::State,
    middleware,
    response::{IntoResponse, Response},
    routing::{any, get},
};
use http::{
    HeaderMap, HeaderValue, Method, StatusCode, Uri,
    header::{ALLOW, CONTENT_ENCODING, CONTENT_TYPE, VARY, X_CONTENT_TYPE_OPTIONS},
};

/// Paths that are taken.
const RESERVED: [&str; 8] = [
    "/",
    "/healthz",
    "/readyz",
    "/-/healthy",
    "/-/ready",
    "/-/reload",
    "/api/v1/lag",
    "/api/v1/handover",
];

/// A path that metrics cannot be served under.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTelemetryPath {
    /// It is not the path of a URL.
    #[error(
        "telemetry path {0:?} cannot be used: write a path that starts with / and has no space, ? or #, such as /metrics"
    )]
    Syntax(String),
    /// Something else is there.
    #[error("telemetry path {0:?} is taken by another page: choose another, such as /metrics")]
    Taken(String),
}

/// Checks a path for the metrics before the exporter is built. A path that fails here would never be reached.
///
/// # Errors
/// [`InvalidTelemetryPath`] when no request could have it, or when another page has it.
pub fn check_telemetry_path(path: &str) -> Result<(), InvalidTelemetryPath> {
    let is_taken = RESERVED.contains(&path) || path.starts_with("/api/v1/lag/");
    let parsed = path.parse::<Uri>();
    if !path.starts_with('/') || !parsed.is_ok_and(|uri| uri == *path && uri.path() == path) {
        Err(InvalidTelemetryPath::Syntax(path.into()))
    } else if is_taken {
        Err(InvalidTelemetryPath::Taken(path.into()))
    } else {
        Ok(())
    }
}

pub(crate) fn router(exporter: Exporter) -> Router {
    Router::new()
        .route("/", get(status::page))
        .route("/healthz", get(pages::healthy))
        .route("/-/healthy", get(pages::healthy))
        .route("/readyz", get(pages::ready))
        .route("/-/ready", get(pages::ready))
        .route("/-/reload", any(reload))
        .route("/api/v1/lag", get(json::listing))
        .route("/api/v1/lag/{instance}/{group}", get(json::single))
        .route("/api/v1/handover", get(json::handover))
        // The path of the metrics is a user's text. Compared as it is, it cannot clash with the syntax of routes.
        .fallback(metrics_or_not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(middleware::map_response(no_sniffing))
        .with_state(exporter)
}

async fn metrics_or_not_found(
    State(exporter): State<Exporter>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    if uri.path() != exporter.config().telemetry_path {
        return pages::not_found(&exporter);
    }
    if method != Method::GET && method != Method::HEAD {
        return method_not_allowed().await;
    }
    metrics(&exporter, &headers).await
}

async fn metrics(exporter: &Exporter, headers: &HeaderMap) -> Response {
    let (format, encoding) = (negotiate::format(headers), negotiate::encoding(headers));
    let body = exporter.scrape(format, encoding).await;
    let mut response = Response::new(Body::new(body));
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static(format.content_type()),
    );
    headers.insert(VARY, HeaderValue::from_static("accept, accept-encoding"));
    if encoding == Encoding::Gzip {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

async fn reload(State(exporter): State<Exporter>, method: Method, headers: HeaderMap) -> Response {
    exporter.lifecycle().answer(&method, &headers).await
}

async fn method_not_allowed() -> Response {
    let text = "only GET and HEAD are answered here\n";
    (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "GET, HEAD")], text).into_response()
}

async fn no_sniffing(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_telemetry_path_is_a_free_path() {
        for path in ["/metrics", "/a/b", "/{odd}", "/*x", "/:y"] {
            assert_eq!(check_telemetry_path(path), Ok(()), "{path}");
        }
        for path in ["", "metrics", "/a b", "/a?b", "/a#b", "//host/a\n"] {
            let error = check_telemetry_path(path).unwrap_err();
            assert_eq!(error, InvalidTelemetryPath::Syntax(path.into()));
            assert!(error.to_string().contains("such as /metrics"), "{error}");
        }
        for path in [
            "/",
            "/healthz",
            "/-/ready",
            "/api/v1/lag",
            "/api/v1/handover",
            "/api/v1/lag/a/b",
        ] {
            let error = check_telemetry_path(path).unwrap_err();
            assert_eq!(error, InvalidTelemetryPath::Taken(path.into()));
        }
    }
}
