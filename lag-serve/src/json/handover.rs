//! `/api/v1/handover`: the board as it is, for replicas that follow this one.

use super::{JSON, text, whole};
use crate::Exporter;
use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH},
};
use lag_core::Board;

/// The board, or 304 for whoever has this one already.
pub(crate) async fn handover(State(exporter): State<Exporter>, headers: HeaderMap) -> Response {
    let no_cache = HeaderValue::from_static("no-cache");
    let writer = exporter.writer();
    let leads = writer.as_ref().is_some_and(|writer| writer.leads);
    let mark = exporter.mark(&exporter.moment().0, leads);
    if headers.get(IF_NONE_MATCH) == Some(&mark) {
        let headers = [(ETAG, mark), (CACHE_CONTROL, no_cache)];
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    let write = move |board: &Board, now| text(&board.handover(writer.as_ref(), now));
    match whole(&exporter, write).await {
        Ok((board, body)) => {
            let headers = [
                (CONTENT_TYPE, JSON),
                (ETAG, exporter.mark(&board, leads)),
                (CACHE_CONTROL, no_cache),
            ];
            (headers, Body::new(body)).into_response()
        }
        Err(ending) => ending,
    }
}
