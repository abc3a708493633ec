//! How long credentials are kept, and how often their source is asked.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::{
    pin::pin,
    sync::atomic::Ordering,
    task::{Context, Poll, Waker},
    time::Duration,
};

use aliyun_cms::{CredentialsError, ProvideCredentials};
use common::{
    chain,
    hands::{Hands, Source, cache, key, living, numbered, others, unavailable},
};
use tokio::{task::JoinSet, time::Instant};

const CALLERS: usize = 10_000;

#[tokio::test]
async fn a_set_is_renewed_a_quarter_of_an_hour_or_of_its_life_before_its_end() {
    for (life, due) in [
        (43_200, 42_300),
        (3600, 2700),
        (1800, 1350),
        (900, 675),
        (4, 3),
    ] {
        let clock = Hands::default();
        let source = Source::new(living(&clock, life));
        let cache = cache(&source, &clock);
        key(&cache).await.unwrap();
        clock.forward(due - 1);
        assert_eq!(key(&cache).await.unwrap(), "key-1", "{life}");
        others().await;
        assert_eq!(source.asked(), 1, "{life}");
        clock.forward(1);
        assert_eq!(key(&cache).await.unwrap(), "key-1", "the old one at once");
        others().await;
        assert_eq!(
            (key(&cache).await.unwrap().as_str(), source.asked()),
            ("key-2", 2)
        );
    }
}

#[tokio::test]
async fn ten_thousand_callers_without_a_set_ask_once_and_share_it() {
    let clock = Hands::default();
    let source = Source::gated(0, living(&clock, 3600));
    let cache = cache(&source, &clock);
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let cache = cache.clone();
        callers.spawn(async move { key(&cache).await.unwrap() });
    }
    others().await;
    assert_eq!(source.asked(), 1);
    source.gate.add_permits(1);
    assert_eq!(callers.join_all().await, vec!["key-1"; CALLERS]);
    assert_eq!(source.asked(), 1);
}

#[tokio::test]
async fn ten_thousand_callers_share_an_error_too_and_the_next_one_asks_again() {
    let clock = Hands::default();
    let source = Source::gated(0, |number| match number {
        1 => Err(unavailable()),
        _ => Ok(numbered(number)),
    });
    let cache = cache(&source, &clock);
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let cache = cache.clone();
        callers.spawn(async move { chain(&key(&cache).await.unwrap_err()) });
    }
    others().await;
    source.gate.add_permits(1);
    let told = vec!["p did not give credentials: down"; CALLERS];
    assert_eq!(callers.join_all().await, told);
    assert_eq!(source.asked(), 1);
    source.gate.add_permits(1);
    assert_eq!(key(&cache).await.unwrap(), "key-2");
}

#[tokio::test]
async fn while_a_set_is_renewed_the_old_one_is_handed_out_at_once() {
    let clock = Hands::default();
    let source = Source::gated(1, living(&clock, 3600));
    let cache = cache(&source, &clock);
    key(&cache).await.unwrap();
    clock.forward(3000);
    for _ in 0..CALLERS {
        assert_eq!(key(&cache).await.unwrap(), "key-1");
    }
    others().await;
    assert_eq!(source.asked(), 2);
    source.gate.add_permits(1);
    others().await;
    assert_eq!(key(&cache).await.unwrap(), "key-2");
    assert_eq!(source.asked(), 2);
}

#[tokio::test]
async fn a_caller_that_goes_away_does_not_take_the_question_with_it() {
    let clock = Hands::default();
    let source = Source::gated(0, living(&clock, 3600));
    let cache = cache(&source, &clock);
    let first = tokio::spawn({
        let cache = cache.clone();
        async move { key(&cache).await }
    });
    others().await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    source.gate.add_permits(1);
    others().await; // nobody waits
    assert_eq!(key(&cache).await.unwrap(), "key-1");
    assert_eq!(source.asked(), 1);
}

#[tokio::test]
async fn a_failed_renewal_leaves_the_old_set_in_use_until_it_really_ends() {
    let clock = Hands::default();
    let lives = living(&clock, 3600);
    let source = Source::new(move |number| match number {
        1 => lives(1),
        _ => Err(CredentialsError::Refused {
            provider: "p".to_owned(),
            detail: "d".to_owned(),
            source: "no".into(),
        }),
    });
    let cache = cache(&source, &clock);
    key(&cache).await.unwrap();
    clock.forward(2700);
    for _ in 2700..3600 {
        assert_eq!(key(&cache).await.unwrap(), "key-1");
        others().await;
        clock.forward(1);
    }
    let error = key(&cache).await.unwrap_err();
    assert_eq!(chain(&error), "p refused to give credentials: d: no");
}

#[tokio::test]
async fn failed_renewals_are_spaced_by_one_second_doubling_to_a_minute() {
    let clock = Hands::default();
    let lives = living(&clock, 3600);
    let source = Source::new(move |number| match number {
        1 => lives(1),
        _ => Err(unavailable()),
    });
    let cache = cache(&source, &clock);
    key(&cache).await.unwrap();
    clock.forward(2700);
    let mut at = Vec::new();
    for second in 0..300 {
        let before = source.asked();
        for _ in 0..10 {
            key(&cache).await.unwrap();
            others().await;
        }
        match source.asked() - before {
            0 => {}
            1 => at.push(second),
            more => panic!("{more} questions in second {second}"),
        }
        clock.forward(1);
    }
    assert_eq!(at, [0, 1, 3, 7, 15, 31, 63, 123, 183, 243]);
}

#[tokio::test]
async fn a_set_without_an_end_is_asked_for_again_after_a_minute_and_the_new_one_used_at_once() {
    let clock = Hands::default();
    let source = Source::new(|number| Ok(numbered(number)));
    let cache = cache(&source, &clock);
    for (forward, expected) in [
        (0, "key-1"),
        (59, "key-1"),
        (1, "key-2"),
        (59, "key-2"),
        (1, "key-3"),
    ] {
        clock.forward(forward);
        assert_eq!(key(&cache).await.unwrap(), expected);
    }
}

#[tokio::test]
async fn a_set_without_an_end_stays_when_the_source_is_down_and_goes_when_it_is_withdrawn() {
    let errors: [(fn() -> CredentialsError, bool); 4] = [
        (unavailable, true),
        (
            || CredentialsError::NotConfigured {
                provider: "p".into(),
            },
            false,
        ),
        (
            || CredentialsError::Misconfigured {
                provider: "p".into(),
                detail: "d".into(),
            },
            false,
        ),
        (
            || CredentialsError::Refused {
                provider: "p".into(),
                detail: "d".into(),
                source: "no".into(),
            },
            false,
        ),
    ];
    for (error, stays) in errors {
        let clock = Hands::default();
        let source = Source::new(move |number| match number {
            1 => Ok(numbered(1)),
            _ => Err(error()),
        });
        let cache = cache(&source, &clock);
        key(&cache).await.unwrap();
        clock.forward(60);
        assert_eq!(key(&cache).await.is_ok(), stays, "{}", error());
        assert_eq!(source.asked(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_source_of_a_set_without_an_end_delays_one_caller_by_a_second_at_most() {
    let clock = Hands::default();
    let source = Source::gated(1, |number| Ok(numbered(number)));
    let cache = cache(&source, &clock);
    key(&cache).await.unwrap();
    clock.forward(60);
    let start = Instant::now();
    assert_eq!(key(&cache).await.unwrap(), "key-1");
    assert_eq!(start.elapsed(), Duration::from_secs(1));
    assert_eq!(key(&cache).await.unwrap(), "key-1");
    assert_eq!(
        (start.elapsed(), source.asked()),
        (Duration::from_secs(1), 2)
    );
}

#[tokio::test]
async fn an_invalidated_set_is_never_handed_out_again() {
    let clock = Hands::default();
    let source = Source::gated(1, living(&clock, 3600));
    let cache = cache(&source, &clock);
    key(&cache).await.unwrap();
    clock.forward(10);
    cache.invalidate();
    let mut waiting = pin!(key(&cache));
    assert!(futures_util::poll!(waiting.as_mut()).is_pending());
    source.gate.add_permits(1);
    assert_eq!(waiting.await.unwrap(), "key-2");
    assert_eq!(source.invalidated.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn many_calls_that_fail_with_the_same_expired_set_lead_to_one_renewal() {
    let clock = Hands::default();
    let source = Source::new(living(&clock, 3600));
    let cache = cache(&source, &clock);
    assert_eq!(key(&cache).await.unwrap(), "key-1");
    clock.forward(10);
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        let cache = cache.clone();
        callers.spawn(async move {
            // Some replies come late, when others have renewed the set already.
            for _ in 0..caller % 20 {
                tokio::task::yield_now().await;
            }
            cache.invalidate();
            key(&cache).await.unwrap()
        });
    }
    assert_eq!(callers.join_all().await, vec!["key-2"; CALLERS]);
    assert_eq!(source.asked(), 2);
    assert_eq!(source.invalidated.load(Ordering::Relaxed), 1);
    clock.forward(1);
    cache.invalidate();
    assert_eq!(key(&cache).await.unwrap(), "key-3");
}

#[tokio::test]
async fn handing_out_a_kept_set_allocates_nothing() {
    let clock = Hands::default();
    let source = Source::new(living(&clock, 3600));
    let cache = cache(&source, &clock);
    key(&cache).await.unwrap();
    let allocated = allocation_counter::measure(|| {
        for _ in 0..1000 {
            let mut future = cache.provide_credentials();
            let polled = pin!(&mut future).poll(&mut Context::from_waker(Waker::noop()));
            assert!(matches!(polled, Poll::Ready(Ok(_))));
        }
    });
    assert_eq!(allocated.count_total, 0);
}
