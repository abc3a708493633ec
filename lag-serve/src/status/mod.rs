//! The page at `/`: for people. Complete without JavaScript; with it, the same page is asked for again and again.
//!
//! Nothing is loaded from elsewhere, and only the style and the script that are compiled in may run.

mod asked;
mod chart;
mod html;
mod one;
mod overview;
mod page;
mod policy;
mod row;
mod table;
mod view;
mod words;

pub(crate) use view::Views;

use crate::{Encoding, Exporter, exporter::is_large, negotiate};
use asked::Asked;
use axum::{
    body::Body,
    extract::{RawQuery, State},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{
        CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
        REFERRER_POLICY, VARY,
    },
};
use jiff::{SignedDuration, Timestamp};
use lag_core::{Board, GroupLimits, Language};
use std::io::Write;
use view::View;
use words::Words;

/// What a page is drawn from.
struct Scene<'s> {
    exporter: &'s Exporter,
    board: &'s Board,
    view: &'s View,
    limits: &'s GroupLimits,
    asked: &'s Asked,
    words: &'static Words,
    now: Timestamp,
    max_age: SignedDuration,
}

/// The page, in the language that is asked for.
pub(crate) async fn page(
    State(exporter): State<Exporter>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let asked = Asked::read(query.as_deref());
    let language = asked
        .language
        .unwrap_or_else(|| negotiate::language(&headers));
    let encoding = negotiate::encoding(&headers);
    let (board, _) = exporter.moment();
    if !is_large(&board) {
        let (status, body) = draw(&exporter, &asked, language, encoding);
        return respond(status, body, language, encoding);
    }
    drop(board);
    // To sort a large board takes milliseconds; other requests should not wait for it.
    let task = tokio::task::spawn_blocking(move || draw(&exporter, &asked, language, encoding));
    match task.await {
        Ok((status, body)) => respond(status, body, language, encoding),
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "shutting down\n").into_response(),
        },
    }
}

fn draw(
    exporter: &Exporter,
    asked: &Asked,
    language: Language,
    encoding: Encoding,
) -> (StatusCode, Bytes) {
    let (board, now) = exporter.moment();
    let config = exporter.config();
    let (max_age, limits) = (config.max_age, &config.limits);
    let view = exporter.views().get(&board, limits, now, max_age);
    let scene = Scene {
        exporter,
        board: &board,
        view: &view,
        limits,
        asked,
        words: words::of(language),
        now,
        max_age,
    };
    let (status, text) = page::write(&scene);
    let body = match encoding {
        Encoding::Identity => text.into(),
        Encoding::Gzip => gzip(&text),
    };
    (status, body)
}

fn gzip(text: &str) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::with_capacity(text.len() / 4), Compression::fast());
    encoder
        .write_all(text.as_bytes())
        .and_then(|()| encoder.finish())
        .expect("memory takes everything")
        .into()
}

fn respond(status: StatusCode, body: Bytes, language: Language, encoding: Encoding) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let fixed = HeaderValue::from_static;
    headers.insert(CONTENT_TYPE, fixed("text/html; charset=utf-8"));
    headers.insert(CONTENT_LANGUAGE, fixed(words::of(language).lang));
    headers.insert(VARY, fixed("accept-language, accept-encoding"));
    headers.insert(CACHE_CONTROL, fixed("no-store"));
    headers.insert(REFERRER_POLICY, fixed("same-origin"));
    headers.insert(CONTENT_SECURITY_POLICY, policy::header());
    if encoding == Encoding::Gzip {
        headers.insert(CONTENT_ENCODING, fixed("gzip"));
    }
    response
}
