use super::*;
use axum::routing::get;
use std::{
    collections::VecDeque,
    future::pending,
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream},
    time::Instant,
};

/// Hands out what a test has prepared, and what it prepares later.
#[derive(Clone, Default)]
struct Script(Arc<Mutex<VecDeque<io::Result<DuplexStream>>>>);

impl Script {
    fn push(&self, next: io::Result<DuplexStream>) {
        self.0.lock().unwrap().push_back(next);
    }

    /// A client that has sent a request already.
    async fn client(&self, path: &str) -> DuplexStream {
        let (mut near, far) = tokio::io::duplex(1024);
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        near.write_all(request.as_bytes()).await.unwrap();
        self.push(Ok(far));
        near
    }

    fn left(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

impl Accept for Script {
    type Io = DuplexStream;

    async fn accept(&mut self) -> io::Result<DuplexStream> {
        loop {
            let next = self.0.lock().unwrap().pop_front();
            match next {
                Some(next) => return next,
                None => sleep(Duration::from_millis(1)).await, // time is paused
            }
        }
    }
}

fn router() -> Router {
    Router::new()
        .route("/", get(|| async { "hello" }))
        .route("/held", get(pending::<()>))
}

fn too_many_files() -> io::Error {
    io::Error::from_raw_os_error(24) // EMFILE
}

#[tokio::test(start_paused = true)]
async fn a_failing_accept_neither_spins_nor_ends_the_server() {
    let script = Script::default();
    for _ in 0..3 {
        script.push(Err(too_many_files()));
    }
    script.push(Err(io::ErrorKind::ConnectionAborted.into()));
    let mut client = script.client("/").await;
    let begun = Instant::now();
    tokio::spawn(run(
        script,
        Wire::Http1,
        router(),
        pending(),
        Duration::ZERO,
    ));
    let mut text = String::new();
    client.read_to_string(&mut text).await.unwrap();
    assert!(text.ends_with("hello"), "{text}");
    assert_eq!(begun.elapsed(), 3 * ACCEPT_PAUSE, "one pause for each");
}

#[tokio::test(start_paused = true)]
async fn shutdown_does_not_wait_for_a_pause() {
    let script = Script::default();
    for _ in 0..100 {
        script.push(Err(too_many_files()));
    }
    let begun = Instant::now();
    let shutdown = sleep(ACCEPT_PAUSE / 2);
    run(
        script,
        Wire::Http1,
        router(),
        shutdown,
        Duration::from_secs(60),
    )
    .await;
    assert_eq!(begun.elapsed(), ACCEPT_PAUSE / 2);
}

#[tokio::test(start_paused = true)]
async fn connections_beyond_the_limit_wait_while_all_are_answered() {
    let script = Script::default();
    let mut open = Vec::new();
    for _ in 0..MAX_CONNECTIONS {
        open.push(script.client("/held").await);
    }
    let mut last = script.client("/").await;
    tokio::spawn(run(
        script.clone(),
        Wire::Http1,
        router(),
        pending(),
        Duration::ZERO,
    ));
    // Time is paused: it moves on only when every task waits.
    sleep(Duration::from_secs(1)).await;
    assert_eq!(script.left(), 1, "the last is not accepted");
    open.pop();
    let mut text = String::new();
    last.read_to_string(&mut text).await.unwrap();
    assert!(text.ends_with("hello"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_connection_beyond_the_limit_takes_the_place_of_the_one_that_is_silent_for_longest() {
    let script = Script::default();
    let held = script.client("/held").await;
    let mut silent = Vec::new();
    for _ in 1..MAX_CONNECTIONS {
        let (near, far) = tokio::io::duplex(1024);
        script.push(Ok(far));
        silent.push(near);
    }
    tokio::spawn(run(
        script.clone(),
        Wire::Http1,
        router(),
        pending(),
        Duration::ZERO,
    ));
    sleep(Duration::from_secs(1)).await;
    let begun = Instant::now();
    for _ in 0..3 {
        let mut last = script.client("/").await;
        let mut text = String::new();
        last.read_to_string(&mut text).await.unwrap();
        assert!(text.ends_with("hello"), "{text}");
    }
    assert!(
        begun.elapsed() < Duration::from_secs(1),
        "{:?}",
        begun.elapsed()
    );
    let mut first = [0];
    assert_eq!(silent[0].read(&mut first).await.unwrap(), 0, "it was cut");
    drop(held);
}
