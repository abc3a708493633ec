//! Small pages: the front page, probes, and what is said about an unknown path.

use crate::Exporter;
use axum::{
    extract::State,
    response::{Html, IntoResponse, Response},
};
use http::{
    StatusCode,
    header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY},
};
use std::fmt::Write;

/// The front page, whole in itself: no script, no asset from elsewhere.
pub(crate) async fn index(State(exporter): State<Exporter>) -> Response {
    let config = exporter.config();
    let build = &config.build;
    let (program, version, revision) = (
        escape(build.program),
        escape(build.version),
        escape(build.revision),
    );
    let telemetry = escape(&config.telemetry_path);
    let metric = escape(&config.metric);
    let page = format!(
        r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{program}</title>
<style>body {{ font-family: sans-serif; margin: 2rem auto; max-width: 40rem; padding: 0 1rem; line-height: 1.5 }}</style>
</head>
<body>
<h1>{program}</h1>
<p>Version {version}, revision {revision}. Consumer lag from CloudMonitor {metric}, cached.</p>
<ul>
<li><a href="{telemetry}">{telemetry}</a>: metrics for Prometheus</li>
<li><a href="/api/v1/lag">/api/v1/lag</a>: the same as JSON; one group under /api/v1/lag/{{instance}}/{{group}}</li>
<li><a href="/healthz">/healthz</a>: the process runs</li>
<li><a href="/readyz">/readyz</a>: the first collection has been tried</li>
</ul>
</body>
</html>
"#
    );
    let policy = "default-src 'none'; style-src 'unsafe-inline'";
    ([(CONTENT_SECURITY_POLICY, policy)], Html(page)).into_response()
}

/// The process runs and answers. Never looks at the board: restarting the process would not heal the cloud.
pub(crate) async fn healthy() -> Response {
    ([(CACHE_CONTROL, "no-store")], "healthy\n").into_response()
}

/// Whether every source has been tried, or, in a replica that follows another, the other one. Stays true in an outage: a
/// pod that leaves its Service takes the evidence away.
pub(crate) async fn ready(State(exporter): State<Exporter>) -> Response {
    let (status, text) = if exporter.moment().0.is_tried()
        || exporter.stand().is_some_and(|stand| stand.has_tried)
    {
        (StatusCode::OK, "ready\n")
    } else {
        let text = match exporter.stand() {
            Some(stand) if !stand.leads => {
                "not ready: this replica neither leads nor has tried to follow one that does; the log says why\n"
            }
            _ => "not ready: the first collection has not ended yet, whatever will come of it\n",
        };
        (StatusCode::SERVICE_UNAVAILABLE, text)
    };
    (status, [(CACHE_CONTROL, "no-store")], text).into_response()
}

/// Names the paths there are.
pub(crate) fn not_found(exporter: &Exporter) -> Response {
    let config = exporter.config();
    let telemetry = &config.telemetry_path;
    let text = format!(
        "no such page; there are /, {telemetry}, /api/v1/lag, /api/v1/lag/{{instance}}/{{group}}, /healthz and /readyz\n"
    );
    (StatusCode::NOT_FOUND, text).into_response()
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' | '<' | '>' | '"' | '\'' => {
                write!(escaped, "&#{};", u32::from(character)).unwrap_or_default();
            }
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_leave_its_place_in_the_page() {
        assert_eq!(escape("/a\"><b>'&"), "/a&#34;&#62;&#60;b&#62;&#39;&#38;");
    }
}
