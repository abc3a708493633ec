//! The cache behind `/metrics`: never seen, except by the clock.

use crate::common::*;
use axum::body::Body;
use bytes::Bytes;
use http::Request;
use http_body_util::BodyExt;
use jiff::SignedDuration;
use lag_core::{Board, names};
use lag_serve::{Encoding, Format};
use tower::ServiceExt;

const GZIP: [(&str, &str); 1] = [("accept-encoding", "gzip")];

fn large(groups: u32) -> Board {
    let samples = (0..groups)
        .map(|n| (total(&format!("g{n:05}")), sample(120, f64::from(n), None)))
        .collect();
    let board = Board::default().watching("main", [watched(A, &[])], now());
    collect(&board, "main", answer(A, samples))
}

async fn lags(served: &Served) -> usize {
    let name = format!("{}{{", names::LAG);
    let text = gunzip(&served.ask("GET", "/metrics", &GZIP).await.body);
    let plain = served.get("/metrics").await;
    assert_eq!(steady(&text), steady(plain.text()));
    text.lines().filter(|line| line.starts_with(&name)).count()
}

#[tokio::test]
async fn a_cached_lag_is_withdrawn_at_the_moment_it_turns_stale() {
    let served = Served::new(large(3));
    let last_fresh = now() + SignedDuration::from_mins(3);
    served.set_clock(now());
    assert_eq!(lags(&served).await, 3);
    served.set_clock(last_fresh);
    assert_eq!(lags(&served).await, 3, "exactly at the limit");
    served.set_clock(last_fresh + SignedDuration::from_nanos(1));
    assert_eq!(lags(&served).await, 0, "just over it");
    served.set_clock(last_fresh);
    assert_eq!(lags(&served).await, 3, "a clock that is set back");
}

#[tokio::test]
async fn a_new_board_replaces_what_was_cached() {
    let served = Served::new(large(3));
    assert_eq!(lags(&served).await, 3);
    served.cell.update(|_| large(5));
    assert_eq!(lags(&served).await, 5);
}

#[tokio::test]
async fn what_the_process_says_of_itself_is_fresh_on_every_scrape() {
    let served = Served::new(large(3));
    for count in 1..4 {
        served.calls.record("main", "DescribeMetricList", Ok(()));
        let line = format!(
            "{}{{source=\"main\",action=\"DescribeMetricList\"}} {count}\n",
            names::API_REQUESTS
        );
        let text = gunzip(&served.ask("GET", "/metrics", &GZIP).await.body);
        assert!(text.contains(&line), "{text}");
        assert!(served.get("/metrics").await.text().contains(&line));
    }
}

#[tokio::test]
async fn scrapes_at_the_same_time_get_the_same_whole_answer() {
    let served = Served::new(large(5_000));
    let ask = || served.ask("GET", "/metrics", &GZIP);
    let (a, b, c) = tokio::join!(ask(), ask(), ask());
    for reply in [a, b, c] {
        let text = gunzip(&reply.body);
        assert!(text.contains("consumer_group=\"g04999\"} 4999\n"));
        let length: usize = reply.header("content-length").parse().unwrap();
        assert_eq!(length, reply.body.len());
    }
}

/// Where the first piece of an answer lies in memory, and the answer, so that the place stays taken.
async fn first_piece(served: &Served) -> (usize, Vec<Bytes>) {
    let request = Request::get("/metrics").body(Body::empty()).unwrap();
    let response = served.router.clone().oneshot(request).await.unwrap();
    let mut body = response.into_body();
    let mut pieces = Vec::new();
    while let Some(frame) = body.frame().await {
        pieces.push(frame.unwrap().into_data().unwrap());
    }
    (pieces[0].as_ptr().addr(), pieces)
}

#[tokio::test]
async fn scrapes_at_the_same_time_share_one_rendering() {
    let served = Served::new(large(5_000));
    let (a, b, c) = tokio::join!(
        first_piece(&served),
        first_piece(&served),
        first_piece(&served)
    );
    assert_eq!([a.0, b.0], [c.0; 2]);
    let later = first_piece(&served).await;
    assert_eq!(later.0, c.0);
    served.cell.update(Clone::clone);
    let after = first_piece(&served).await;
    assert_ne!(after.0, c.0, "an equal board is another board");
}

#[tokio::test]
async fn a_client_that_goes_away_while_rendering_holds_nobody_up() {
    let served = Served::new(large(5_000));
    tokio::select! {
        biased;
        _ = served.get("/metrics") => panic!("a large board is not rendered at once"),
        () = std::future::ready(()) => {}
    }
    assert_eq!(lags(&served).await, 5_000);
}

#[tokio::test]
async fn an_old_board_is_not_kept_alive_by_the_cache() {
    let served = Served::new(large(3));
    assert_eq!(lags(&served).await, 3);
    let old = std::sync::Arc::downgrade(&served.cell.load());
    served.cell.update(|_| large(5));
    assert!(old.upgrade().is_none());
}

#[tokio::test]
async fn warming_renders_what_scrapes_ask_for_and_changes_nothing_they_see() {
    let served = Served::new(large(2_000));
    served.exporter.warm().await;
    assert_eq!(lags(&served).await, 2_000);
    served.cell.update(|_| large(3_000));
    served.exporter.warm().await;
    assert_eq!(lags(&served).await, 3_000);
}

#[tokio::test]
async fn after_warming_a_scrape_does_not_wait_for_a_large_board() {
    let served = Served::new(large(2_000));
    served.get("/metrics").await;
    served.cell.update(|_| large(3_000));
    served.exporter.warm().await;
    tokio::select! {
        biased;
        reply = served.get("/metrics") => assert!(reply.text().contains("\"g02999\"")),
        () = std::future::ready(()) => panic!("the answer was not there at once"),
    }
}

#[test]
fn the_blocking_way_gives_the_same_bytes() {
    let served = Served::new(every_state());
    for format in [Format::Text, Format::OpenMetrics] {
        let plain = served.exporter.exposition(format);
        let packed = served.exporter.exposition_encoded(format, Encoding::Gzip);
        let plain = std::str::from_utf8(&plain).unwrap();
        assert_eq!(steady(&gunzip(&packed)), steady(plain));
    }
}

#[tokio::test(start_paused = true)]
async fn clients_that_do_not_read_a_large_listing_cannot_pile_them_up() {
    let served = Served::new(large(1_001));
    let ask = || {
        let request = Request::get("/api/v1/lag").body(Body::empty()).unwrap();
        served.exporter.router().oneshot(request)
    };
    let mut unread = Vec::new();
    for _ in 0..4 {
        unread.push(ask().await.unwrap());
    }
    let fifth = tokio::time::timeout(std::time::Duration::from_secs(1), ask()).await;
    assert!(
        fifth.is_err(),
        "a fifth text was made while four were not read"
    );
    drop(unread.pop());
    assert_eq!(ask().await.unwrap().status(), 200);
}
