//! Answers for programs: stable keys, and null where there is no number.

use jiff::{SignedDuration, Timestamp};
use lag_core::{Board, Reading, Row};
use lag_runtime::config::Config;
use serde::{Serialize, Serializer};

/// One document over several lines.
pub(crate) fn pretty(value: &impl Serialize) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}

/// One document in one line.
pub(crate) fn line(value: &impl Serialize) -> anyhow::Result<String> {
    Ok(serde_json::to_string(value)? + "\n")
}

/// What `show` knows.
#[derive(Debug, Serialize)]
pub(crate) struct Document<'b> {
    collected_at: Moment,
    sources: Vec<Source<'b>>,
    instances: Vec<Instance<'b>>,
    groups: Vec<Group<'b>>,
    /// Groups that `--top` left out.
    groups_left_out: usize,
    errors: Vec<Failed<'b>>,
}

#[derive(Debug, Serialize)]
struct Source<'b> {
    name: &'b str,
    region: &'b str,
    points_received: u64,
    points_dropped: u64,
    series_dropped: u64,
}

#[derive(Debug, Serialize)]
struct Instance<'b> {
    instance_id: &'b str,
    region: &'b str,
    /// `up`, `silent` or `failed`.
    state: &'static str,
}

#[derive(Debug, Serialize)]
struct Group<'b> {
    instance_id: &'b str,
    consumer_group: &'b str,
    #[serde(skip_serializing_if = "Option::is_none")]
    topic: Option<&'b str>,
    state: &'static str,
    lag: Option<Number>,
    timestamp: Option<Moment>,
    age_seconds: Option<i64>,
    change_per_second: Option<Number>,
    drain_seconds: Option<i64>,
}

#[derive(Debug, Serialize)]
struct Failed<'b> {
    instance_id: &'b str,
    kind: &'static str,
    message: &'b str,
}

impl<'b> Document<'b> {
    pub(crate) fn new(
        board: &'b Board,
        config: &'b Config,
        now: Timestamp,
        rows: Vec<Row<'b>>,
        groups_left_out: usize,
    ) -> Self {
        let source = |(name, source): (&'b str, &'b lag_core::SourceBoard)| {
            let configured = config.sources.iter().find(|source| source.name == name);
            Source {
                name,
                region: configured.map_or("", |source| source.region.as_str()),
                points_received: source.received,
                points_dropped: source.dropped.points.values().sum(),
                series_dropped: source.dropped.series,
            }
        };
        let errors = board.instances().filter_map(|(id, instance)| {
            let failure = instance.last_error.as_ref()?;
            Some(Failed {
                instance_id: id.as_str(),
                kind: failure.kind,
                message: &failure.detail,
            })
        });
        let instances = board.instances().map(|(id, instance)| Instance {
            instance_id: id.as_str(),
            region: &instance.region,
            state: match (instance.is_up(), instance.is_silent()) {
                (false, _) => "failed",
                (true, true) => "silent",
                (true, false) => "up",
            },
        });
        Self {
            collected_at: Moment(now),
            sources: board.sources().map(source).collect(),
            instances: instances.collect(),
            groups: rows.into_iter().map(|row| Group::new(&row, now)).collect(),
            groups_left_out,
            errors: errors.collect(),
        }
    }
}

impl<'b> Group<'b> {
    fn new(row: &Row<'b>, now: Timestamp) -> Self {
        let mut group = Self {
            instance_id: row.instance.as_str(),
            consumer_group: row.series.group.as_str(),
            topic: row.series.topic.as_ref().map(|topic| topic.as_str()),
            state: row.reading.state(),
            lag: None,
            timestamp: None,
            age_seconds: None,
            change_per_second: None,
            drain_seconds: None,
        };
        match row.reading {
            Reading::Fresh(sample) => {
                let drain = sample.trend.and_then(|trend| trend.drain(sample.lag));
                group.lag = Some(Number(sample.lag.as_f64()));
                group.timestamp = Some(Moment(sample.at));
                group.age_seconds = Some(sample.age(now).as_secs());
                group.change_per_second = sample.trend.map(|trend| Number(trend.per_second()));
                group.drain_seconds = drain.map(|drain: SignedDuration| drain.as_secs());
            }
            Reading::Stale { last, age } => {
                group.timestamp = Some(Moment(last.at));
                group.age_seconds = Some(age.as_secs());
            }
            Reading::Absent | Reading::Failed { .. } => {}
        }
        group
    }
}

/// A number that is written without a fraction when it has none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Number(pub(crate) f64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let whole = (self.0.fract() == 0.0).then(|| format!("{:.0}", self.0).parse::<i64>());
        match whole {
            Some(Ok(whole)) => serializer.serialize_i64(whole),
            _ => serializer.serialize_f64(self.0),
        }
    }
}

/// RFC 3339, UTC, whole seconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment(pub(crate) Timestamp);

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let second = Timestamp::from_second(self.0.as_second()).unwrap_or(self.0);
        serializer.collect_str(&second)
    }
}
