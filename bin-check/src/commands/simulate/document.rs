//! The answer for programs: every sync.

use lag_core::simulate::Tick;
use serde::Serialize;

use super::{Story, Way, words};
use crate::output::json::{Moment, Number};

#[derive(Debug, Serialize)]
pub(super) struct Document<'s> {
    lag: &'s str,
    /// Whether `at` counts from 1970 because the scenario has no calendar.
    relative: bool,
    sync_period_seconds: i64,
    start_up_seconds: i64,
    delay_seconds: i64,
    max_age_seconds: i64,
    autoscalers: Vec<Autoscaler<'s>>,
}

#[derive(Debug, Serialize)]
struct Autoscaler<'s> {
    name: &'s str,
    description: &'s str,
    notes: &'s [String],
    summary: Numbers,
    syncs: Vec<Sync>,
}

#[derive(Debug, Serialize)]
struct Numbers {
    fewest_replicas: u32,
    most_replicas: u32,
    mean_replicas: f64,
    changes: u32,
    changes_of_direction: u32,
    highest_lag: Option<Number>,
    above: Number,
    above_seconds: i64,
    without_number_seconds: i64,
    seconds: i64,
}

#[derive(Debug, Serialize)]
struct Sync {
    at: Moment,
    seconds: i64,
    /// The lag as it is; null where nobody knows.
    lag: Option<Number>,
    /// What the autoscaler sees of it; null is no number.
    lag_seen: Option<Number>,
    age_seconds: Option<i64>,
    /// What the HPA was given: lag, or a number of replicas behind a policy.
    metric: Option<Number>,
    replicas_before: u32,
    ready: u32,
    desired: Option<u32>,
    replicas: u32,
    reason: &'static str,
    why: String,
}

impl<'s> Document<'s> {
    pub(super) fn new(story: &'s Story) -> Self {
        let timing = &story.timing;
        Self {
            lag: &story.about,
            relative: story.is_relative,
            sync_period_seconds: timing.sync.as_secs(),
            start_up_seconds: timing.start_up.as_secs(),
            delay_seconds: timing.delay.as_secs(),
            max_age_seconds: timing.max_age.as_secs(),
            autoscalers: story
                .ways
                .iter()
                .map(|way| autoscaler(story, way))
                .collect(),
        }
    }
}

fn autoscaler<'s>(story: &Story, way: &'s Way) -> Autoscaler<'s> {
    let summary = &way.summary;
    Autoscaler {
        name: &way.label,
        description: &way.about,
        notes: &way.notes,
        summary: Numbers {
            fewest_replicas: summary.fewest,
            most_replicas: summary.most,
            mean_replicas: summary.mean,
            changes: summary.changes,
            changes_of_direction: summary.turns,
            highest_lag: summary.worst.map(|lag| Number(lag.as_f64())),
            above: Number(story.above.as_f64()),
            above_seconds: summary.above.as_secs(),
            without_number_seconds: summary.without_data.as_secs(),
            seconds: summary.lasts.as_secs(),
        },
        syncs: way
            .ticks
            .iter()
            .map(|tick| sync(story, way, tick))
            .collect(),
    }
}

fn sync(story: &Story, way: &Way, tick: &Tick) -> Sync {
    let at = tick.point.at;
    Sync {
        at: Moment(at),
        seconds: at.duration_since(story.begin).as_secs(),
        lag: tick.lag.map(|lag| Number(lag.as_f64())),
        lag_seen: tick.seen.map(|sample| Number(sample.lag.as_f64())),
        age_seconds: tick.seen.map(|sample| sample.age(at).as_secs()),
        metric: tick.point.lag.map(|lag| Number(lag.as_f64())),
        replicas_before: tick.before,
        ready: tick.ready,
        desired: tick.point.desired,
        replicas: tick.point.replicas,
        reason: tick.point.why.as_str(),
        why: words::why(tick, &way.autoscaler),
    }
}
