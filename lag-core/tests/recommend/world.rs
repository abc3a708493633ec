//! The rule of the post, and readings to follow.

use jiff::{SignedDuration, Timestamp};
use lag_core::{
    Lag, LagSample, Reading, Trend,
    recommend::{Memory, Policy, Recommendation, Step, StepPolicy, StepRules, recommend},
};

pub(crate) const GAPS: [fn() -> Reading; 3] = [stale, || Reading::Absent, failed];

fn stale() -> Reading {
    Reading::Stale {
        last: sample(0, 1e9),
        age: SignedDuration::from_hours(1),
    }
}

fn failed() -> Reading {
    Reading::Failed {
        since: Timestamp::UNIX_EPOCH,
    }
}

pub(crate) fn lag(value: f64) -> Lag {
    Lag::try_from(value).unwrap()
}

pub(crate) fn at(minute: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minute)
}

pub(crate) fn sample(minute: i64, value: f64) -> LagSample {
    LagSample {
        at: at(minute),
        lag: lag(value),
        trend: None,
    }
}

pub(crate) fn fresh(minute: i64, value: f64) -> Reading {
    Reading::Fresh(sample(minute, value))
}

pub(crate) fn moving_sample(minute: i64, value: f64, per_second: f64) -> LagSample {
    LagSample {
        trend: Trend::from_per_second(per_second),
        ..sample(minute, value)
    }
}

pub(crate) fn moving(minute: i64, value: f64, per_second: f64) -> Reading {
    Reading::Fresh(moving_sample(minute, value, per_second))
}

/// Above 100k +1, above 150k +2, at 50k back to 2, at most 5.
pub(crate) fn rules() -> StepRules {
    let step = |above, add| Step {
        above: lag(above),
        add,
    };
    StepRules {
        base: 2,
        max: 5,
        steps: vec![step(100_000.0, 1), step(150_000.0, 2)],
        back_at: lag(50_000.0),
        sustained_for: SignedDuration::ZERO,
        partitions: None,
    }
}

pub(crate) fn policy(rules: StepRules) -> Policy {
    Policy::Steps(StepPolicy::try_from(rules).unwrap())
}

pub(crate) fn step(policy: &Policy, memory: Option<&Memory>, reading: &Reading) -> Recommendation {
    recommend(policy, memory, reading, None)
}

/// What is said after each of these readings.
pub(crate) fn path(policy: &Policy, readings: &[Reading]) -> Vec<Option<u32>> {
    let mut memory = None;
    let one = |reading| {
        let said = step(policy, memory.as_ref(), reading);
        memory = said.memory;
        said.replicas
    };
    readings.iter().map(one).collect()
}
