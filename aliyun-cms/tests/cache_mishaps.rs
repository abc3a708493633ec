//! What becomes of kept credentials when the source, the clock or the runtime misbehaves.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use common::{
    chain,
    hands::{Hands, Source, cache, key, living, numbered, others},
};
use jiff::Timestamp;
use tokio::time::Instant;

#[tokio::test]
async fn a_clock_that_is_set_back_does_not_make_a_set_last_longer() {
    let clock = Hands::default();
    let source = Source::new(|number| Ok(numbered(number)));
    let cache = cache(&source, &clock);
    key(&cache).await.unwrap();
    clock.forward(-7200);
    assert_eq!(key(&cache).await.unwrap(), "key-2");
}

#[tokio::test]
async fn a_set_that_comes_expired_is_no_set() {
    let clock = Hands::default();
    let expiry: Timestamp = "2026-01-15T08:29:59Z".parse().unwrap();
    let source = Source::new(move |number| Ok(numbered(number).with_expiry(expiry)));
    let error = key(&cache(&source, &clock)).await.unwrap_err();
    assert_eq!(
        chain(&error),
        "the test did not give credentials: what it gave had expired at 2026-01-15T08:29:59Z, and \
         the clock of this machine says 2026-01-15T08:30:00Z: check that clock (NTP)"
    );
    assert!(error.is_retryable());
}

#[tokio::test]
async fn a_source_that_panics_fails_one_question_and_is_asked_again() {
    let clock = Hands::default();
    let source = Source::new(|number| match number {
        1 => panic!("a mistake in a source"),
        _ => Ok(numbered(number)),
    });
    let cache = cache(&source, &clock);
    let error = key(&cache).await.unwrap_err();
    assert_eq!(
        chain(&error),
        "the source of credentials did not give credentials: it panicked"
    );
    assert_eq!(key(&cache).await.unwrap(), "key-2");
}

#[tokio::test(start_paused = true)]
async fn a_source_that_never_answers_is_given_up_after_two_minutes() {
    let clock = Hands::default();
    let source = Source::gated(0, living(&clock, 3600));
    let start = Instant::now();
    let error = key(&cache(&source, &clock)).await.unwrap_err();
    assert_eq!(
        chain(&error),
        "the source of credentials did not give credentials: it did not answer for 120 s"
    );
    assert_eq!(start.elapsed(), Duration::from_secs(120));
}

#[test]
fn a_question_whose_runtime_ends_is_asked_again_in_the_next_one() {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    let clock = Hands::default();
    let source = Source::gated(1, living(&clock, 3600));
    let cache = cache(&source, &clock);
    runtime().block_on(key(&cache)).unwrap();
    clock.forward(3000);
    let first = runtime();
    assert_eq!(first.block_on(key(&cache)).unwrap(), "key-1");
    drop(first); // with the question that it began
    source.gate.add_permits(1);
    let second = runtime();
    second.block_on(async {
        assert_eq!(key(&cache).await.unwrap(), "key-1");
        others().await;
        assert_eq!(key(&cache).await.unwrap(), "key-2");
    });
}

#[test]
fn without_a_runtime_there_is_an_error_and_no_panic() {
    let clock = Hands::default();
    let source = Source::new(|number| Ok(numbered(number)));
    let cache = cache(&source, &clock);
    let mut future = pin!(key(&cache));
    let Poll::Ready(Err(error)) = future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    else {
        panic!("it waits for nobody");
    };
    assert!(
        chain(&error).contains("there is no reactor running"),
        "{}",
        chain(&error)
    );
}
