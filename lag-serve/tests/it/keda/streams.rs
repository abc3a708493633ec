//! Streams: what is told when a board changes, and what is not.

use super::{
    pb::IsActiveResponse,
    world::{Scaler, object, of},
};
use crate::common::*;
use lag_core::Board;
use std::time::Duration;
use tokio::time::{Instant, timeout};
use tonic::{Code, Streaming};

/// After an answer in which `orders` had this lag so many seconds ago.
fn board(age: i64, lag: f64) -> Board {
    let watching = Board::default().watching("main", [watched(A, &[])], now());
    collect(
        &watching,
        "main",
        answer(A, vec![(total("orders"), sample(age, lag, None))]),
    )
}

/// The next message if one comes: with the paused clock of a test, a minute passes as soon as nobody has work to do.
async fn next(stream: &mut Streaming<IsActiveResponse>) -> Option<bool> {
    let message = timeout(Duration::from_mins(1), stream.message()).await;
    Some(
        message
            .ok()?
            .unwrap()
            .expect("the stream stays open")
            .result,
    )
}

async fn open(scaler: &Scaler) -> Streaming<IsActiveResponse> {
    let answer = scaler
        .client()
        .stream_is_active(object(&of("orders", &[])))
        .await;
    answer.unwrap().into_inner()
}

#[tokio::test(start_paused = true)]
async fn a_stream_tells_changes_and_nothing_else() {
    let scaler = Scaler::new(board(60, 5.0));
    let mut stream = open(&scaler).await;
    assert_eq!(next(&mut stream).await, Some(true), "active when it opens");
    assert_eq!(next(&mut stream).await, None, "no heartbeat");
    for (lag, told) in [
        (6.0, None),
        (0.0, Some(false)),
        (0.0, None),
        (7.0, Some(true)),
    ] {
        scaler.update(board(60, lag));
        assert_eq!(next(&mut stream).await, told, "{lag}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_opens_inactive_or_without_data_says_nothing_until_there_is_a_lag() {
    let unknown = Board::default().watching("main", [watched(A, &[])], now());
    for board_at_first in [
        board(60, 0.0),
        board(301, 5.0),
        unknown.clone(),
        collect(&unknown, "main", failure(A)),
        Board::default(),
    ] {
        let scaler = Scaler::new(board_at_first);
        let mut stream = open(&scaler).await;
        assert_eq!(next(&mut stream).await, None);
        scaler.update(board(60, 5.0));
        assert_eq!(next(&mut stream).await, Some(true));
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_never_tells_a_false_made_from_absence() {
    let scaler = Scaler::new(board(60, 5.0));
    let mut stream = open(&scaler).await;
    assert_eq!(next(&mut stream).await, Some(true));
    let nothing = Board::default().watching("main", [watched(A, &[])], now());
    let empty = collect(&nothing, "main", answer(A, vec![]));
    for gap in [
        board(301, 0.0),
        nothing.clone(),
        empty,
        collect(&nothing, "main", failure(A)),
        Board::default(),
    ] {
        scaler.update(gap);
        assert_eq!(next(&mut stream).await, None);
    }
    scaler.update(board(60, 5.0));
    assert_eq!(next(&mut stream).await, None, "it was told already");
    scaler.update(board(60, 0.0));
    assert_eq!(next(&mut stream).await, Some(false));
}

#[tokio::test(start_paused = true)]
async fn the_spec_is_told_at_once_and_the_stream_stays_open_until_the_collector_ends() {
    let scaler = Scaler::new(board(60, 5.0));
    let asked = scaler
        .client()
        .stream_metric_spec(object(&of("orders", &[])))
        .await;
    let mut stream = asked.unwrap().into_inner();
    let told = stream.message().await.unwrap().unwrap();
    let spec = scaler
        .client()
        .get_metric_spec(object(&of("orders", &[])))
        .await;
    assert_eq!(told, spec.unwrap().into_inner());
    scaler.update(board(60, 6.0));
    let more = timeout(Duration::from_mins(1), stream.message()).await;
    assert!(more.is_err(), "{more:?}");
    let mut active = open(&scaler).await;
    assert_eq!(next(&mut active).await, Some(true));
    drop(scaler.updates);
    assert!(stream.message().await.unwrap().is_none());
    assert!(active.message().await.unwrap().is_none());
}

#[tokio::test]
async fn a_stream_over_a_socket_wakes_for_a_change_and_ends_when_the_client_goes() {
    let scaler = Scaler::new(board(60, 0.0));
    let mut asker = scaler.connect().await;
    let idle = scaler.updates.receiver_count();
    let answer = asker.0.stream_is_active(object(&of("orders", &[]))).await;
    let mut stream = answer.unwrap().into_inner();
    assert_eq!(scaler.updates.receiver_count(), idle + 1);
    scaler.update(board(60, 5.0));
    assert!(stream.message().await.unwrap().unwrap().result);
    drop((stream, asker));
    let deadline = Instant::now() + Duration::from_secs(20);
    while scaler.updates.receiver_count() > idle {
        assert!(Instant::now() < deadline, "the stream is still there");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn streams_are_bounded_and_a_place_is_free_again_when_one_ends() {
    let scaler = Scaler::new(board(60, 0.0));
    let mut client = scaler.client();
    let metadata = object(&of("orders", &[]));
    let mut open = Vec::new();
    let refused = loop {
        match client.stream_is_active(metadata.clone()).await {
            Ok(stream) => open.push(stream),
            Err(status) => break status,
        }
        assert!(open.len() < 100_000, "no bound");
    };
    assert_eq!(open.len(), 4_000);
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert!(
        refused.message().contains("use the trigger type external"),
        "{refused}"
    );
    open.pop();
    assert!(client.stream_metric_spec(metadata).await.is_ok());
}
