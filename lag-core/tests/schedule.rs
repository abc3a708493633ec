//! The schedule against a model of the cloud, over hours of simulated time.
#![allow(
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    clippy::cast_possible_wrap
)]

use jiff::{SignedDuration, Timestamp, ToSpan};
use lag_core::Schedule;
use proptest::prelude::*;
use std::time::Duration;

const PERIOD: Duration = Duration::from_mins(1);

fn start() -> Timestamp {
    "2026-01-15T08:30:17Z".parse().unwrap()
}

struct Run {
    /// Mean seconds between the moment a point exists and the moment it is known.
    lateness: f64,
    /// Collections per minute.
    calls: f64,
}

/// Runs `schedule` for `hours` against a cloud that shows minute `m` after `delay(m)` seconds; the first hour, in which
/// the schedule learns, counts for calls but not for lateness.
fn run(mut schedule: Schedule, hours: i64, delay: impl Fn(i64) -> f64) -> Run {
    let end = start() + hours.hours();
    let appears = |minute: i64| {
        let at = Timestamp::from_second(minute * 60).unwrap();
        at + SignedDuration::from_secs_f64(delay(minute))
    };
    let (mut now, mut calls, mut known) = (start(), 0, start().as_second() / 60 - 10);
    let (mut late, mut counted) = (0.0, 0);
    while now < end {
        calls += 1;
        let mut newest = now.as_second() / 60;
        while appears(newest) > now {
            newest -= 1;
        }
        for minute in known + 1..=newest {
            if now > start() + 1.hours() {
                late += now.duration_since(appears(minute)).as_secs_f64();
                counted += 1;
            }
        }
        known = known.max(newest);
        schedule.record(now, Some(Timestamp::from_second(newest * 60).unwrap()));
        let next = schedule.next(now);
        assert!(next > now, "the schedule must move on");
        now = next;
    }
    Run {
        lateness: late / f64::from(counted),
        calls: f64::from(calls) / (hours as f64 * 60.0),
    }
}

/// A number from 0 to 1 that looks random but is always the same for the same minute.
fn noise(minute: i64) -> f64 {
    let mixed = (minute as f64 * 12.9898).sin() * 43_758.547;
    mixed - mixed.floor()
}

#[test]
fn an_aligned_schedule_serves_a_point_seconds_after_it_exists() {
    for delay in [61.0, 65.0, 87.3, 118.0, 170.0] {
        let aligned = run(Schedule::aligned(PERIOD, PERIOD), 6, |_| delay);
        let fixed = run(Schedule::fixed(PERIOD), 6, |_| delay);
        assert!(
            aligned.lateness < 3.0,
            "{delay}: {} s late",
            aligned.lateness
        );
        assert!(
            aligned.calls < 1.22,
            "{delay}: {} calls a minute",
            aligned.calls
        );
        assert!((0.99..1.01).contains(&fixed.calls));
    }
}

#[test]
fn jitter_of_the_cloud_costs_seconds_and_few_calls() {
    let aligned = run(Schedule::aligned(PERIOD, PERIOD), 12, |minute| {
        62.0 + 6.0 * noise(minute)
    });
    assert!(aligned.lateness < 6.0, "{} s late", aligned.lateness);
    assert!(aligned.calls < 1.25, "{} calls a minute", aligned.calls);
}

#[test]
fn a_fixed_schedule_is_late_by_half_an_interval_on_average_over_its_phase() {
    let phases: Vec<_> = (0..60)
        .map(|phase| run(Schedule::fixed(PERIOD), 3, |_| 61.0 + f64::from(phase)).lateness)
        .collect();
    let mean = phases.iter().sum::<f64>() / 60.0;
    assert!((29.0..31.0).contains(&mean), "{mean}");
}

#[test]
fn a_delay_that_jumps_is_learned_again_within_the_allowance() {
    let jump = |minute: i64| if minute % 180 < 90 { 65.0 } else { 100.0 };
    let aligned = run(Schedule::aligned(PERIOD, PERIOD), 12, jump);
    assert!(aligned.calls < 1.25, "{} calls a minute", aligned.calls);
    assert!(aligned.lateness < 20.0, "{} s late", aligned.lateness);
}

#[test]
fn a_longer_interval_is_kept_and_still_aligned() {
    let every_five = run(Schedule::aligned(5 * PERIOD, PERIOD), 24, |_| 65.0);
    assert!(
        (0.19..0.25).contains(&every_five.calls),
        "{} calls a minute",
        every_five.calls
    );
}

#[test]
fn an_interval_shorter_than_the_period_asks_once_a_period() {
    let eager = run(Schedule::aligned(PERIOD / 4, PERIOD), 6, |_| 65.0);
    assert!(eager.calls < 1.22, "{} calls a minute", eager.calls);
}

#[test]
fn a_cloud_that_publishes_nothing_new_is_not_asked_more_than_the_allowance() {
    let mut schedule = Schedule::aligned(PERIOD, PERIOD);
    let (mut now, mut calls) = (start(), 0);
    let old = start() - 3.minutes();
    while now < start() + 10.hours() {
        calls += 1;
        schedule.record(now, Some(old));
        now = schedule.next(now);
    }
    assert!(f64::from(calls) / 600.0 < 1.25, "{calls}");
}

#[test]
fn failures_are_followed_by_regular_turns() {
    for mut schedule in [Schedule::aligned(PERIOD, PERIOD), Schedule::fixed(PERIOD)] {
        let (mut now, mut calls) = (start(), 0);
        while now < start() + 10.hours() {
            calls += 1;
            // Works, then fails for an hour, then works again.
            let newest = Timestamp::from_second((now.as_second() - 65) / 60 * 60).unwrap();
            schedule.record(now, (now < start() + 1.hours()).then_some(newest));
            let next = schedule.next(now);
            assert!(next > now);
            now = next;
        }
        assert!(f64::from(calls) / 600.0 < 1.1, "{calls}");
    }
}

#[test]
fn a_delay_is_called_learned_only_when_it_is_known() {
    let mut schedule = Schedule::aligned(PERIOD, PERIOD);
    let mut now = start();
    let mut first = None;
    for _ in 0..40 {
        let newest = Timestamp::from_second((now.as_second() - 65).div_euclid(60) * 60).unwrap();
        schedule.record(now, Some(newest));
        if let Some(delay) = schedule.learned_delay() {
            let delay = delay.as_secs_f64();
            first.get_or_insert(delay);
            assert!((63.0..72.0).contains(&delay), "{delay}");
        }
        now = schedule.next(now);
    }
    assert!(first.is_some(), "never learned");
}

#[test]
fn the_first_collection_is_due_at_once() {
    assert_eq!(Schedule::aligned(PERIOD, PERIOD).next(start()), start());
    assert_eq!(Schedule::fixed(PERIOD).next(start()), start());
}

proptest! {
    #[test]
    fn whatever_is_found_the_next_turn_lies_ahead_and_within_reach(
        found in proptest::collection::vec((proptest::option::of(-100_000_i64..100_000), 0_i64..200), 1..60),
        interval in 1_u64..900,
    ) {
        let interval = Duration::from_secs(interval);
        let mut schedule = Schedule::aligned(interval, PERIOD);
        let mut now = start();
        for (newest, took) in found {
            schedule.record(now, newest.map(|seconds| now + seconds.seconds()));
            let next = schedule.next(now);
            prop_assert!(next > now);
            // At most an interval, and the ten periods a delay is believed to last.
            let reach = SignedDuration::try_from(interval.max(PERIOD)).unwrap() + SignedDuration::from_mins(12);
            prop_assert!(next.duration_since(now) <= reach, "{}", next.duration_since(now));
            now = next + took.seconds();
        }
    }
}
