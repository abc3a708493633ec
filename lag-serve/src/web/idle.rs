//! When an HTTP/2 connection has had nothing to do for so long that its place is for others. HTTP/1 has the limit for the
//! next head instead; pings only tell whether the other side is alive.

use axum::body::{Body, Bytes, HttpBody};
use http_body::{Frame, SizeHint};
use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::sleep;

/// Requests of one connection: how many are open, how many there have been.
#[derive(Debug, Clone, Default)]
pub(super) struct Activity(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    open: AtomicUsize,
    seen: AtomicUsize,
}

/// A request that is open until this is dropped.
#[derive(Debug)]
pub(super) struct Open(Arc<Counts>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Relaxed);
    }
}

impl Activity {
    pub(super) fn begin(&self) -> Open {
        self.0.open.fetch_add(1, Relaxed);
        self.0.seen.fetch_add(1, Relaxed);
        Open(self.0.clone())
    }

    /// Ends when no request has come within `first`, or later none was open or came for `patience` (at most twice as
    /// long, because nothing but a timer runs for it).
    pub(super) async fn idle(&self, first: Duration, patience: Duration) {
        let mut before = 0;
        let mut wait = first;
        loop {
            sleep(wait).await;
            let seen = self.0.seen.load(Relaxed);
            if self.0.open.load(Relaxed) == 0 && seen == before {
                return;
            }
            before = seen;
            wait = patience;
        }
    }
}

/// The body of an answer, whose request is open until its last byte.
#[derive(Debug)]
pub(super) struct Tracked {
    body: Body,
    _open: Open,
}

impl Tracked {
    pub(super) fn new(body: Body, open: Open) -> Self {
        Self { body, _open: open }
    }
}

impl HttpBody for Tracked {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::Instant;

    const FIRST: Duration = Duration::from_secs(10);
    const PATIENCE: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_asks_nothing_is_idle_early() {
        let begun = Instant::now();
        Activity::default().idle(FIRST, PATIENCE).await;
        assert_eq!(begun.elapsed(), FIRST);
    }

    #[tokio::test(start_paused = true)]
    async fn an_open_request_is_never_idle_and_a_finished_one_is_later() {
        let activity = Activity::default();
        let open = activity.begin();
        let watching = activity.clone();
        let idle = tokio::spawn(async move { watching.idle(FIRST, PATIENCE).await });
        sleep(20 * PATIENCE).await;
        assert!(!idle.is_finished());
        let body = Tracked::new(Body::from("x"), open);
        sleep(2 * PATIENCE).await;
        assert!(!idle.is_finished(), "the answer is not sent yet");
        drop(body);
        let begun = Instant::now();
        idle.await.unwrap();
        assert!(begun.elapsed() <= 2 * PATIENCE, "{:?}", begun.elapsed());
    }
}
