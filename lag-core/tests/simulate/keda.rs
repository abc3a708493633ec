//! KEDA between 0 and 1, and when its trigger fails.

use crate::{average, hpa, lag, seconds, start};
use lag_core::{
    Lag,
    simulate::{
        Autoscaler, Fallback, FallbackBehavior, Input, Keda, KedaNote, SYNC_PERIOD, Tick, Timing,
        play,
    },
};
use proptest::{collection::vec, option, prelude::*};

fn keda() -> Keda {
    Keda {
        hpa: hpa(1, 5, average(50_000)),
        sleeps: true,
        activation: Lag::ZERO,
        polling: seconds(30),
        cooldown: seconds(300),
        fallback: None,
        missing_is_zero: false,
    }
}

fn over(keda: Keda, replicas: u32, lags: impl IntoIterator<Item = Option<Lag>>) -> Vec<Tick> {
    let times = std::iter::successors(Some(start()), |at| Some(*at + SYNC_PERIOD));
    let points: Vec<_> = times.zip(lags).collect();
    let end = points.last().map_or(start(), |(at, _)| *at);
    let input = Input::Series {
        points,
        begin: start(),
        end,
    };
    play(
        &Autoscaler::Keda(keda),
        replicas,
        &input,
        &Timing::default(),
    )
}

fn path(ticks: &[Tick]) -> Vec<u32> {
    ticks.iter().map(|tick| tick.point.replicas).collect()
}

#[test]
fn it_goes_to_zero_after_the_cooldown_and_comes_back_at_once() {
    let lags = vec![lag(0); 24].into_iter().chain(vec![lag(1); 4]);
    let ticks = over(keda(), 1, lags);
    let slept = ticks.iter().position(|tick| tick.point.replicas == 0);
    assert_eq!(slept, Some(22), "330 s, the first poll later than 300 s");
    assert_eq!(ticks[22].keda, Some(KedaNote::Deactivated));
    assert_eq!(ticks[24].keda, Some(KedaNote::Activated));
    assert_eq!(ticks[24].point.replicas, 1);
}

#[test]
fn with_a_minimum_it_never_sleeps() {
    let awake = Keda {
        sleeps: false,
        ..keda()
    };
    assert!(
        path(&over(awake, 1, vec![lag(0); 60]))
            .iter()
            .all(|n| *n == 1)
    );
}

#[test]
fn a_trigger_that_fails_neither_wakes_nor_sleeps() {
    assert!(
        path(&over(keda(), 1, vec![None; 60]))
            .iter()
            .all(|n| *n == 1)
    );
    assert!(
        path(&over(keda(), 0, vec![None; 60]))
            .iter()
            .all(|n| *n == 0)
    );
}

#[test]
fn the_fallback_comes_after_one_failure_more_than_the_threshold() {
    let with = |behavior, replicas| {
        let fallback = Some(Fallback {
            failure_threshold: 3,
            replicas,
            behavior,
        });
        let keda = Keda { fallback, ..keda() };
        let lags = vec![lag(180_000)].into_iter().chain(vec![None; 5]);
        path(&over(keda, 4, lags))
    };
    assert_eq!(with(FallbackBehavior::Static, 3), [4, 4, 4, 4, 3, 3]);
    assert_eq!(with(FallbackBehavior::Static, 5), [4, 4, 4, 4, 5, 5]);
    for (behavior, replicas, end) in [
        (FallbackBehavior::CurrentReplicas, 3, 4),
        (FallbackBehavior::CurrentReplicasIfHigher, 3, 4),
        (FallbackBehavior::CurrentReplicasIfHigher, 5, 5),
        (FallbackBehavior::CurrentReplicasIfLower, 3, 3),
        (FallbackBehavior::CurrentReplicasIfLower, 5, 4),
    ] {
        let end = [4, 4, 4, 4, end, end];
        assert_eq!(with(behavior, replicas), end, "{behavior:?} {replicas}");
    }
}

#[test]
fn a_missing_series_that_is_taken_for_zero_scales_down_with_a_full_backlog() {
    let trap = Keda {
        missing_is_zero: true,
        ..keda()
    };
    let lags = vec![lag(180_000)].into_iter().chain(vec![None; 3]);
    let ticks = over(trap, 4, lags);
    assert_eq!(path(&ticks), [4, 1, 1, 1]);
    assert_eq!(ticks[1].keda, Some(KedaNote::TookMissingForZero));
    assert_eq!(ticks[1].seen, None, "what is known stays unknown");
}

proptest! {
    #[test]
    fn without_a_fallback_no_number_moves_nothing(
        replicas in 0_u32..6, lags in vec(option::of(0_u32..300_000), 1..80),
    ) {
        let lags = lags.into_iter().map(|value| value.and_then(lag));
        for tick in over(keda(), replicas.min(5), lags) {
            if tick.seen.is_none() {
                prop_assert_eq!(tick.point.replicas, tick.before);
            }
        }
    }
}
