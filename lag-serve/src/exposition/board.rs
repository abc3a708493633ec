//! What the board says, as metrics.

use super::{
    Validity, compat, recommended,
    writer::{Family, Kind, Sink, Value, Writer},
};
use crate::Compat;
use jiff::{SignedDuration, Timestamp};
use lag_core::{
    Board, DropReason, InstanceBoard, InstanceId, Lag, LagSample, Reading, SeriesName, SourceBoard,
    names,
};
use std::time::Duration;

/// What rendering needs to know besides the board.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub(crate) max_age: SignedDuration,
    pub(crate) sample_timestamps: bool,
    /// Above which lag a group is in trouble, if that is configured.
    pub(crate) threshold: Option<Lag>,
    pub(crate) compat: Compat,
    pub(crate) help: Help,
}

/// HELP texts that name where the numbers come from.
#[derive(Debug, Clone)]
pub(crate) struct Help {
    lag: String,
    timestamp: String,
    change: String,
    drain: String,
    topic_lag: String,
    topic_timestamp: String,
}

impl Help {
    /// Texts for the metric of groups and, if there is one, that of topics.
    pub(crate) fn new(metric: &str, topic_metric: Option<&str>) -> Self {
        let topic = topic_metric.unwrap_or(metric);
        Self {
            lag: format!(
                "Messages a consumer group has not consumed yet, over all topics (CloudMonitor {metric}, cached; absent unless fresh)."
            ),
            timestamp: format!(
                "Unix time that CloudMonitor gives the point behind {} (CloudMonitor {metric}, cached).",
                names::LAG
            ),
            change: format!(
                "Messages per second by which {} changes, over the points of the last answer (from CloudMonitor {metric}, cached).",
                names::LAG
            ),
            drain: format!(
                "Seconds until {} is gone at its current pace; absent while it does not fall (from CloudMonitor {metric}, cached).",
                names::LAG
            ),
            topic_lag: format!(
                "Messages a consumer group has not consumed yet in one topic (CloudMonitor {topic}, cached; absent unless fresh)."
            ),
            topic_timestamp: format!(
                "Unix time that CloudMonitor gives the point behind {} (CloudMonitor {topic}, cached).",
                names::TOPIC_LAG
            ),
        }
    }
}

/// Writes every family of the board, always in the same order, and says how long the text stays true.
pub(crate) fn write<S: Sink>(
    board: &Board,
    now: Timestamp,
    facts: &Facts,
    out: &mut Writer<S>,
) -> Validity {
    let survey = Survey::of(board, now, facts.max_age);
    lags(board, now, facts, out);
    if let Some(threshold) = facts.threshold {
        thresholds(board, now, facts.max_age, threshold, out);
    }
    // Advice ends with the sample it follows from, so the validity of the samples is that of the advice.
    recommended::write(board, now, facts.max_age, out);
    expectations(board, now, facts.max_age, out);
    if survey.has_fresh_topics {
        topic_lags(board, now, facts, out);
    }
    compat::write(board, now, facts, out);
    instances(board, &survey.groups, out);
    sources(board, out);
    survey.validity
}

/// What one look at every row finds.
struct Survey {
    validity: Validity,
    has_fresh_topics: bool,
    /// Group totals of every instance by state, in the order of [`Reading::STATES`].
    groups: Vec<[u64; 4]>,
}

impl Survey {
    fn of(board: &Board, now: Timestamp, max_age: SignedDuration) -> Self {
        let mut survey = Self {
            validity: Validity::ALWAYS,
            has_fresh_topics: false,
            groups: Vec::with_capacity(board.instances().len()),
        };
        for (_, instance) in board.instances() {
            let mut groups = [0; 4];
            for (series, reading) in instance.rows(now, max_age) {
                survey.validity.narrow(&reading, max_age);
                if series.topic.is_some() {
                    survey.has_fresh_topics |= matches!(reading, Reading::Fresh(_));
                    continue;
                }
                let state = match reading {
                    Reading::Fresh(_) => 0,
                    Reading::Stale { .. } => 1,
                    Reading::Absent => 2,
                    Reading::Failed { .. } => 3,
                };
                groups[state] += 1;
            }
            survey.groups.push(groups);
        }
        survey
    }
}

/// Every fresh sample. This is where absence is kept from becoming a number: nothing else is handed on.
pub(super) fn fresh(
    board: &Board,
    now: Timestamp,
    max_age: SignedDuration,
) -> impl Iterator<Item = (&InstanceId, &SeriesName, LagSample)> {
    board
        .rows(now, max_age)
        .filter_map(|row| match row.reading {
            Reading::Fresh(sample) => Some((row.instance, row.series, sample)),
            Reading::Stale { .. } | Reading::Absent | Reading::Failed { .. } => None,
        })
}

fn lags<S: Sink>(board: &Board, now: Timestamp, facts: &Facts, out: &mut Writer<S>) {
    let mut family = |name, help, value: &dyn Fn(&LagSample) -> Option<Value>| {
        let mut family = out.family(name, Kind::Gauge, help);
        for (instance, series, sample) in fresh(board, now, facts.max_age) {
            if series.topic.is_some() {
                continue;
            }
            let Some(value) = value(&sample) else {
                continue;
            };
            let labels = [
                (names::INSTANCE_ID, instance.as_str()),
                (names::CONSUMER_GROUP, series.group.as_str()),
            ];
            let at = (facts.sample_timestamps && name == names::LAG).then_some(sample.at);
            family.sample_at(&labels, value, at);
        }
    };
    let help = &facts.help;
    family(names::LAG, &help.lag, &|sample| Some(lag(sample)));
    family(names::LAG_TIMESTAMP, &help.timestamp, &|sample| {
        Some(Value::Moment(sample.at))
    });
    family(names::LAG_CHANGE, &help.change, &|sample| {
        sample.trend.map(|trend| Value::Float(trend.per_second()))
    });
    family(names::LAG_DRAIN, &help.drain, &|sample| {
        let drain = sample.trend?.drain(sample.lag)?;
        Some(Value::Float(drain.as_secs_f64()))
    });
}

/// Of every group that is known or expected: a limit is no datum, and does not go away with one.
fn thresholds<S: Sink>(
    board: &Board,
    now: Timestamp,
    max_age: SignedDuration,
    threshold: Lag,
    out: &mut Writer<S>,
) {
    let mut family = out.family(
        names::LAG_THRESHOLD,
        Kind::Gauge,
        "Messages above which the lag of a consumer group is too much, as configured.",
    );
    for row in board.rows(now, max_age) {
        if row.series.topic.is_none() {
            let labels = [
                (names::INSTANCE_ID, row.instance.as_str()),
                (names::CONSUMER_GROUP, row.series.group.as_str()),
            ];
            family.sample(&labels, Value::Float(threshold.as_f64()));
        }
    }
}

fn topic_lags<S: Sink>(board: &Board, now: Timestamp, facts: &Facts, out: &mut Writer<S>) {
    let mut family = |name, help, value: &dyn Fn(&LagSample) -> Value| {
        let mut family = out.family(name, Kind::Gauge, help);
        for (instance, series, sample) in fresh(board, now, facts.max_age) {
            let Some(topic) = &series.topic else {
                continue;
            };
            let labels = [
                (names::INSTANCE_ID, instance.as_str()),
                (names::CONSUMER_GROUP, series.group.as_str()),
                (names::TOPIC, topic.as_str()),
            ];
            let at = (facts.sample_timestamps && name == names::TOPIC_LAG).then_some(sample.at);
            family.sample_at(&labels, value(&sample), at);
        }
    };
    family(names::TOPIC_LAG, &facts.help.topic_lag, &lag);
    family(
        names::TOPIC_LAG_TIMESTAMP,
        &facts.help.topic_timestamp,
        &|sample| Value::Moment(sample.at),
    );
}

pub(super) fn lag(sample: &LagSample) -> Value {
    Value::Float(sample.lag.as_f64())
}

fn expectations<S: Sink>(
    board: &Board,
    now: Timestamp,
    max_age: SignedDuration,
    out: &mut Writer<S>,
) {
    let mut family = |name, help, value: &dyn Fn(&InstanceBoard, &SeriesName) -> bool| {
        let mut family = out.family(name, Kind::Gauge, help);
        for (id, instance) in board.instances() {
            for series in instance.expected.iter().filter(|s| s.topic.is_none()) {
                let labels = [
                    (names::INSTANCE_ID, id.as_str()),
                    (names::CONSUMER_GROUP, series.group.as_str()),
                ];
                family.sample(&labels, value(instance, series).into());
            }
        }
    };
    family(
        names::LAG_EXPECTED,
        "1 for every consumer group that the configuration expects.",
        &|_, _| true,
    );
    family(
        names::LAG_PRESENT,
        "1 when an expected consumer group has a fresh lag, 0 when it has not.",
        &|instance, series| {
            let reading = instance.read(series, now, max_age);
            matches!(reading, Reading::Fresh(_))
        },
    );
}

fn instances<S: Sink>(board: &Board, groups: &[[u64; 4]], out: &mut Writer<S>) {
    let mut family = |name, help, value: &dyn Fn(&InstanceBoard) -> Option<Value>| {
        let mut family = out.family(name, Kind::Gauge, help);
        for (id, instance) in board.instances() {
            if let Some(value) = value(instance) {
                family.sample(&[(names::INSTANCE_ID, id.as_str())], value);
            }
        }
    };
    family(
        names::UP,
        "1 when the last collection of the instance from CloudMonitor worked, 0 when it failed or none has worked yet.",
        &|instance| Some(instance.is_up().into()),
    );
    family(
        names::LAST_SUCCESS,
        "Unix time at which the last collection of the instance that worked began.",
        &|instance| instance.last_success.map(Value::Moment),
    );
    family(
        names::LAST_ATTEMPT,
        "Unix time at which the last collection of the instance began, whatever came of it.",
        &|instance| instance.last_attempt.map(Value::Moment),
    );
    family(
        names::CONSECUTIVE_FAILURES,
        "Collections of the instance that failed in a row, up to the last.",
        &|instance| Some(Value::Integer(instance.consecutive_failures)),
    );
    let mut family = out.family(
        names::INSTANCE_INFO,
        Kind::Gauge,
        "Facts about an instance that is watched; always 1.",
    );
    for (id, instance) in board.instances() {
        let labels = [
            (names::INSTANCE_ID, id.as_str()),
            (names::REGION_ID, &instance.region),
        ];
        family.sample(&labels, true.into());
    }
    let mut family = out.family(
        names::GROUPS,
        Kind::Gauge,
        "Consumer groups that are known or expected, by what may be said of their lag: fresh, stale, absent or failed.",
    );
    for ((id, _), counts) in board.instances().zip(groups) {
        for (state, count) in Reading::STATES.iter().zip(counts) {
            let labels = [(names::INSTANCE_ID, id.as_str()), (names::STATE, state)];
            family.sample(&labels, Value::Integer(*count));
        }
    }
}

fn sources<S: Sink>(board: &Board, out: &mut Writer<S>) {
    let seconds = |duration: Duration| Value::Float(duration.as_secs_f64());
    gauge_by_source(
        board,
        out.family(
            names::COLLECT_DURATION,
            Kind::Gauge,
            "Seconds the last collection of a source from CloudMonitor took.",
        ),
        |source| (source.attempts > 0).then(|| seconds(source.last_duration)),
    );
    gauge_by_source(
        board,
        out.family(
            names::POINTS_RECEIVED,
            Kind::Gauge,
            "Points in the last answer of CloudMonitor to a source.",
        ),
        |source| (source.attempts > 0).then_some(Value::Integer(source.received)),
    );
    let mut family = out.family(
        names::POINTS_DROPPED,
        Kind::Gauge,
        "Points of the last answer of CloudMonitor that could not be used, by reason.",
    );
    for (name, source) in board.sources() {
        for reason in DropReason::ALL {
            let count = source.dropped.points.get(&reason).copied().unwrap_or(0);
            let labels = [(names::SOURCE, name), (names::REASON, reason.as_str())];
            family.sample(&labels, Value::Integer(count));
        }
    }
    gauge_by_source(
        board,
        out.family(
            names::GROUPS_DROPPED,
            Kind::Gauge,
            "Series beyond the configured limit in the last collection of a source.",
        ),
        |source| Some(Value::Integer(source.dropped.series)),
    );
    gauge_by_source(
        board,
        out.family(
            names::PUBLICATION_DELAY,
            Kind::Gauge,
            "Seconds from the start of a minute until CloudMonitor publishes its point, as learned.",
        ),
        |source| {
            let delay = source.publication_delay?;
            Some(Value::Float(delay.as_secs_f64()))
        },
    );
}

fn gauge_by_source<S: Sink>(
    board: &Board,
    mut family: Family<'_, S>,
    value: impl Fn(&SourceBoard) -> Option<Value>,
) {
    for (name, source) in board.sources() {
        if let Some(value) = value(source) {
            family.sample(&[(names::SOURCE, name)], value);
        }
    }
}
