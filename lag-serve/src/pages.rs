//! Small pages: probes, and what is said about an unknown path.

use crate::Exporter;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header::CACHE_CONTROL};

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
        "no such page; there are /, {telemetry}, /api/v1/lag, /api/v1/lag/{{instance}}/{{group}}, /healthz, /readyz, /-/healthy, /-/ready and /-/reload\n"
    );
    (StatusCode::NOT_FOUND, text).into_response()
}
