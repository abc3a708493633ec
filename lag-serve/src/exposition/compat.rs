//! The same lags by the names of other exporters, for dashboards and rules that were made for those. Only what is known is
//! said: CloudMonitor knows no partitions, offsets and members.

use super::{
    board::{Facts, fresh, lag},
    writer::{Kind, Sink, Value, Writer},
};
use jiff::{SignedDuration, Timestamp};
use lag_core::{Board, InstanceBoard, InstanceId, LagSample, Reading, SeriesName, names};

/// Writes what is switched on; nothing is looked at otherwise.
pub(super) fn write<S: Sink>(board: &Board, now: Timestamp, facts: &Facts, out: &mut Writer<S>) {
    if facts.compat.kafka_exporter {
        kafka_exporter(board, now, facts, out);
    }
    if facts.compat.klag {
        klag(board, now, facts, out);
    }
}

fn kafka_exporter<S: Sink>(board: &Board, now: Timestamp, facts: &Facts, out: &mut Writer<S>) {
    let families = [
        (
            names::COMPAT_LAG,
            "Messages a consumer group has not consumed yet, by topic where that is known whole, else in one series without topic; never by partition (as kafka_exporter names it).",
        ),
        (
            names::COMPAT_LAG_SUM,
            "Messages a consumer group has not consumed yet, by topic where that is known whole, else in one series without topic (as kafka_exporter names it).",
        ),
    ];
    for (name, help) in families {
        let mut family = out.family(name, Kind::Gauge, help);
        for (id, instance) in board.instances() {
            each_once(instance, now, facts.max_age, |series, sample| {
                let topic = series.topic.as_ref();
                let labels = [
                    (names::COMPAT_CONSUMERGROUP, series.group.as_str()),
                    (names::TOPIC, topic.map_or("", |topic| topic.as_str())),
                    (names::INSTANCE_ID, id.as_str()),
                ];
                let at = facts.sample_timestamps.then_some(sample.at);
                family.sample_at(&labels, lag(sample), at);
            });
        }
    }
}

/// The lag of every group so that nothing is said twice: sums over topics are what these metrics are for. Topics where each
/// that is known of the group is fresh, for a sum of some would be too low; the fresh total otherwise.
fn each_once(
    instance: &InstanceBoard,
    now: Timestamp,
    max_age: SignedDuration,
    mut say: impl FnMut(&SeriesName, &LagSample),
) {
    let mut rows = instance.rows(now, max_age).peekable();
    let mut group = Vec::new();
    while let Some(row) = rows.next() {
        let is_last = rows
            .peek()
            .is_none_or(|(next, _)| next.group != row.0.group);
        group.push(row);
        if is_last {
            for (series, sample) in choose(&group) {
                say(series, sample);
            }
            group.clear();
        }
    }
}

/// Which rows of one group speak for it.
fn choose<'r>(
    rows: &'r [(&'r SeriesName, Reading)],
) -> impl Iterator<Item = (&'r SeriesName, &'r LagSample)> {
    let topics = || rows.iter().filter(|(series, _)| series.topic.is_some());
    let is_fresh = |(_, reading): &&(&SeriesName, Reading)| matches!(reading, Reading::Fresh(_));
    let by_topic = topics().next().is_some() && topics().all(|row| is_fresh(&row));
    rows.iter()
        .filter(move |(series, _)| series.topic.is_some() == by_topic)
        .filter_map(|(series, reading)| match reading {
            Reading::Fresh(sample) => Some((*series, sample)),
            Reading::Stale { .. } | Reading::Absent | Reading::Failed { .. } => None,
        })
}

fn klag<S: Sink>(board: &Board, now: Timestamp, facts: &Facts, out: &mut Writer<S>) {
    let mut family = out.family(
        names::COMPAT_GROUP_LAG,
        Kind::Gauge,
        "Messages a consumer group has not consumed yet, over all topics (as klag-exporter and kafka-lag-exporter name it).",
    );
    for (instance, series, sample) in fresh(board, now, facts.max_age) {
        if series.topic.is_none() {
            let at = facts.sample_timestamps.then_some(sample.at);
            family.sample_at(&cluster_and_group(instance, series), lag(&sample), at);
        }
    }
    let mut family = out.family(
        names::COMPAT_GROUP_TOPIC_LAG,
        Kind::Gauge,
        "Messages a consumer group has not consumed yet in one topic (as klag-exporter and kafka-lag-exporter name it).",
    );
    for (instance, series, sample) in fresh(board, now, facts.max_age) {
        if let Some(topic) = &series.topic {
            let [cluster, group] = cluster_and_group(instance, series);
            let at = facts.sample_timestamps.then_some(sample.at);
            let labels = [cluster, group, (names::TOPIC, topic.as_str())];
            family.sample_at(&labels, lag(&sample), at);
        }
    }
    let mut family = out.family(
        names::COMPAT_LAST_UPDATE,
        Kind::Gauge,
        "Unix time at which the last collection of an instance that worked began (as klag-exporter names it).",
    );
    for (id, instance) in board.instances() {
        if let Some(at) = instance.last_success {
            family.sample(&[(names::COMPAT_CLUSTER, id.as_str())], Value::Moment(at));
        }
    }
    let mut family = out.family(
        names::COMPAT_UP,
        Kind::Gauge,
        "1 when the last collection of every instance worked, 0 otherwise (as klag-exporter names it).",
    );
    family.sample(&[], is_up(board).into());
}

/// 1 as long as nothing is wrong with what is shown.
fn is_up(board: &Board) -> bool {
    board.instances().all(|(_, instance)| instance.is_up())
}

fn cluster_and_group<'b>(
    instance: &'b InstanceId,
    series: &'b SeriesName,
) -> [(&'static str, &'b str); 2] {
    [
        (names::COMPAT_CLUSTER, instance.as_str()),
        (names::COMPAT_GROUP, series.group.as_str()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use lag_core::Lag;

    fn row(topic: Option<&str>) -> SeriesName {
        SeriesName {
            group: "orders".parse().unwrap(),
            topic: topic.map(|topic| topic.parse().unwrap()),
        }
    }

    fn fresh_lag(lag: f64) -> Reading {
        Reading::Fresh(LagSample {
            at: Timestamp::UNIX_EPOCH,
            lag: Lag::try_from(lag).unwrap(),
            trend: None,
        })
    }

    fn stale() -> Reading {
        let Reading::Fresh(last) = fresh_lag(9.0) else {
            unreachable!()
        };
        Reading::Stale {
            last,
            age: SignedDuration::from_hours(1),
        }
    }

    #[test]
    fn topics_speak_for_a_group_only_when_all_are_fresh_and_never_beside_the_total() {
        let names = [row(None), row(Some("a")), row(Some("b"))];
        let chosen = |readings: [Reading; 3]| {
            let rows: Vec<_> = names.iter().zip(readings).collect();
            let chosen = choose(&rows).map(|(series, sample)| {
                let topic = series.topic.as_ref().map(|topic| topic.as_str().to_owned());
                (topic, sample.lag.as_f64())
            });
            chosen.collect::<Vec<_>>()
        };
        let (a, b) = ((Some("a".to_owned()), 1.0), (Some("b".to_owned()), 2.0));
        let whole = [fresh_lag(3.0), fresh_lag(1.0), fresh_lag(2.0)];
        assert_eq!(chosen(whole), [a.clone(), b.clone()]);
        let stale_topic = [fresh_lag(3.0), fresh_lag(1.0), stale()];
        assert_eq!(chosen(stale_topic), [(None, 3.0)]);
        let stale_total = [stale(), fresh_lag(1.0), fresh_lag(2.0)];
        assert_eq!(chosen(stale_total), [a, b]);
        let nothing = [Reading::Absent, fresh_lag(1.0), stale()];
        assert_eq!(chosen(nothing), []);
    }
}
