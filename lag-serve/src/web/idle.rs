//! What happens on a connection: whether it is answering, since when it is not, and whether it may have to give up its
//! place. HTTP/2 also ends here when it has had nothing to do for long; HTTP/1 has the limit for the next head instead, and
//! pings only tell whether the other side is alive.

use axum::body::{Body, Bytes, HttpBody};
use http_body::{Frame, SizeHint};
use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::Instant;

/// After this time the end of an answer has been sent, as far as anybody waits for it; and so long a stranger's
/// connection may be answered, however it takes the answer.
const SETTLED: Duration = Duration::from_secs(1);

/// What a new connection has for its first request, whoever waits for its place.
const FIRST: Duration = Duration::from_millis(20);

/// One connection from when it is accepted on: how many requests are open, how many there have been, who is there.
#[derive(Debug, Clone)]
pub(super) struct Activity(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    open: usize,
    seen: usize,
    /// Since when it is as it is: answering, or not.
    since: Instant,
    peer: Peer,
}

/// Who is at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Peer {
    /// It was not asked who it is.
    Anybody,
    /// It was asked, at this time, and nobody has vouched for it so far.
    #[cfg(feature = "tls")]
    Stranger(Instant),
    /// Somebody vouches for it.
    #[cfg(feature = "tls")]
    Proven,
}

/// How soon a connection has to give up its place: the smallest goes first. Whoever is being answered goes
/// last; of the others, who has done nothing for longest goes first, and of strangers the oldest.
pub(super) type Rank = (bool, Instant);

/// A request that is open until this is dropped.
#[derive(Debug)]
pub(super) struct Open(Activity);

impl Drop for Open {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.open -= 1;
        if state.open == 0 {
            state.since = Instant::now();
        }
    }
}

impl Activity {
    /// Of a connection that is accepted now.
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(State {
            open: 0,
            seen: 0,
            since: Instant::now(),
            peer: Peer::Anybody,
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn begin(&self) -> Open {
        let mut state = self.state();
        if state.open == 0 {
            state.since = Instant::now();
        }
        state.open += 1;
        state.seen += 1;
        drop(state);
        Open(self.clone())
    }

    /// Notes that nobody vouches for the peer yet.
    #[cfg(feature = "tls")]
    pub(super) fn doubt(&self) {
        self.state().peer = Peer::Stranger(Instant::now());
    }

    /// Notes that somebody vouches for the peer.
    #[cfg(feature = "tls")]
    pub(super) fn prove(&self) {
        self.state().peer = Peer::Proven;
    }

    /// `None` when it may not be cut: somebody vouches for the peer, or an answer is under way. That of a stranger is
    /// short, and not kept up for one who does not take it.
    pub(super) fn rank(&self, now: Instant) -> Option<Rank> {
        let state = self.state();
        let rests = |patience| state.open == 0 && now.duration_since(state.since) >= patience;
        match state.peer {
            Peer::Anybody => {
                let patience = if state.seen == 0 { FIRST } else { SETTLED };
                rests(patience).then_some((state.open > 0, state.since))
            }
            // It cannot keep its place by asking again and again; what it is told is short.
            #[cfg(feature = "tls")]
            Peer::Stranger(asked) => (rests(FIRST) || now.duration_since(asked) >= SETTLED)
                .then_some((state.open > 0, asked)),
            #[cfg(feature = "tls")]
            Peer::Proven => None,
        }
    }

    /// Ends when no request has come within `first`, or later none was open or came for `patience` (at most twice as
    /// long, because nothing but a timer runs for it).
    #[cfg(feature = "tls")]
    pub(super) async fn idle(&self, first: Duration, patience: Duration) {
        let mut before = 0;
        let mut wait = first;
        loop {
            tokio::time::sleep(wait).await;
            let (open, seen) = {
                let state = self.state();
                (state.open, state.seen)
            };
            if open == 0 && seen == before {
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

#[cfg(all(test, feature = "tls"))]
mod tests {
    use super::*;
    use tokio::time::sleep;

    const EARLY: Duration = Duration::from_secs(10);
    const PATIENCE: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_asks_nothing_is_idle_early() {
        let begun = Instant::now();
        Activity::new().idle(EARLY, PATIENCE).await;
        assert_eq!(begun.elapsed(), EARLY);
    }

    #[tokio::test(start_paused = true)]
    async fn an_open_request_is_never_idle_and_a_finished_one_is_later() {
        let activity = Activity::new();
        let open = activity.begin();
        let watching = activity.clone();
        let idle = tokio::spawn(async move { watching.idle(EARLY, PATIENCE).await });
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

    #[tokio::test(start_paused = true)]
    async fn strangers_give_up_their_place_first_and_answers_are_not_cut() {
        let pending = Activity::new();
        sleep(SETTLED).await;
        let (anybody, stranger, proven) = (Activity::new(), Activity::new(), Activity::new());
        stranger.doubt();
        proven.prove();
        let rank = |activity: &Activity| activity.rank(Instant::now());
        assert_eq!(rank(&proven), None, "it has only come");
        sleep(super::FIRST).await;
        assert!(rank(&pending) < rank(&stranger), "it has waited for longer");
        assert_eq!(rank(&proven), None);
        let open = [&anybody, &stranger, &proven].map(Activity::begin);
        for busy in [&anybody, &stranger, &proven] {
            assert_eq!(rank(busy), None);
        }
        sleep(SETTLED).await;
        assert!(
            rank(&stranger).is_some(),
            "a stranger is not answered for long"
        );
        assert!(rank(&pending) < rank(&stranger));
        sleep(20 * PATIENCE).await;
        assert_eq!((rank(&anybody), rank(&proven)), (None, None));
        drop(open);
        assert_eq!(
            (rank(&anybody), rank(&proven)),
            (None, None),
            "its end is on its way"
        );
        sleep(SETTLED).await;
        assert!(rank(&anybody).is_some());
        assert_eq!(rank(&proven), None);
    }
}
