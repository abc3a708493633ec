//! A board as a document, written entry by entry: a large board is never held twice.

use super::{
    VERSION, Writer,
    wire::{
        Advised, Because, By, Document, Exact, Failed, Instance, Point, Remembered, Sample, Source,
        Text,
    },
};
use crate::{
    Board, GroupKey, InstanceBoard, LagSample, SeriesName, SourceBoard,
    recommend::{AdviceBoard, Memory, Said, Why},
};
use jiff::{SignedDuration, Timestamp};
use serde::{Serialize, Serializer};
use std::borrow::Cow;

impl Board {
    /// The document for other replicas, as something that serializes to JSON. `writer` is `None` outside an election.
    pub fn handover(&self, writer: Option<&Writer>, now: Timestamp) -> impl Serialize {
        Document {
            version: VERSION,
            written_at: Text(now),
            writer: writer.map(|writer| By {
                identity: writer.identity.clone().into(),
                leads: writer.leads,
            }),
            sources: self.sources().map(source).collect(),
            instances: self
                .instances()
                .map(|(id, board)| instance(id.as_str(), board))
                .collect(),
            advice: AllAdvice(&self.advice),
        }
    }
}

fn source<'a>((name, board): (&'a str, &'a SourceBoard)) -> Source<'a> {
    let SourceBoard {
        attempts,
        received,
        ref dropped,
        last_duration,
        publication_delay,
    } = *board;
    let points = dropped.points.iter();
    Source {
        name: name.into(),
        attempts,
        received,
        dropped_points: points
            .map(|(reason, count)| (Cow::Borrowed(reason.as_str()), *count))
            .collect(),
        dropped_series: dropped.series,
        last_duration: Text(SignedDuration::try_from(last_duration).unwrap_or(SignedDuration::MAX)),
        publication_delay: publication_delay.map(Text),
    }
}

fn instance<'a>(id: &'a str, board: &'a InstanceBoard) -> Instance<'a, Samples<'a>> {
    if board.is_left() {
        // As if never tried: what replicas miss of each other must not go from one to the next and back.
        return Instance {
            instance_id: id.into(),
            region_id: (&*board.region).into(),
            watched_since: Text(board.watched_since),
            last_attempt: None,
            last_success: None,
            failing_since: None,
            consecutive_failures: 0,
            last_error: None,
            answered: 0,
            is_cut: board.is_cut,
            samples: Samples(board),
        };
    }
    Instance {
        instance_id: id.into(),
        region_id: (&*board.region).into(),
        watched_since: Text(board.watched_since),
        last_attempt: board.last_attempt.map(Text),
        last_success: board.last_success.map(Text),
        failing_since: board.failing_since.map(Text),
        consecutive_failures: board.consecutive_failures,
        last_error: board.last_error.as_ref().map(|failure| Failed {
            kind: failure.kind.into(),
            detail: (&*failure.detail).into(),
        }),
        answered: board.answered,
        is_cut: board.is_cut,
        samples: Samples(board),
    }
}

struct Samples<'a>(&'a InstanceBoard);

impl Serialize for Samples<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.samples().map(sample))
    }
}

fn sample<'a>((series, sample): (&'a SeriesName, &LagSample)) -> Sample<'a> {
    let Point {
        at,
        lag,
        per_second,
    } = point(*sample);
    Sample {
        group: series.group.as_str().into(),
        topic: series.topic.as_ref().map(|topic| topic.as_str().into()),
        at,
        lag,
        per_second,
    }
}

fn point(sample: LagSample) -> Point {
    Point {
        at: Text(sample.at),
        lag: Exact(sample.lag.as_f64()),
        per_second: sample.trend.map(|trend| Exact(trend.per_second())),
    }
}

struct AllAdvice<'a>(&'a AdviceBoard);

impl Serialize for AllAdvice<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.0.iter().map(advised))
    }
}

/// Topics have no advice: replicas consume all topics of their group.
fn advised<'a>((key, said): (&'a GroupKey, &'a Said)) -> Advised<'a> {
    Advised {
        instance_id: key.instance.as_str().into(),
        group: key.group.as_str().into(),
        replicas: said.recommendation.replicas,
        because: because(said.recommendation.why),
        of: said.of.map(point),
        memory: said.recommendation.memory.as_ref().map(remembered),
    }
}

fn remembered(memory: &Memory) -> Remembered {
    let above = memory.above.iter();
    Remembered {
        held: memory.held,
        seen: memory.seen.map(Text),
        above: above
            .map(|(lag, since)| (Exact(lag.as_f64()), Text(*since)))
            .collect(),
    }
}

fn because(why: Why) -> Because {
    match why {
        Why::Lag => Because::Lag,
        Why::Between => Because::Between,
        Why::Undecided => Because::Undecided,
        Why::Waiting { until } => Because::Waiting { until: Text(until) },
        Why::Draining => Because::Draining,
        Why::Older => Because::Older,
        Why::Unseen => Because::Unseen,
        Why::NoTrend => Because::NoTrend,
        Why::NoReplicas => Because::NoReplicas,
        Why::Settling { until } => Because::Settling { until: Text(until) },
        Why::Stale { age } => Because::Stale { age: Text(age) },
        Why::Absent => Because::Absent,
        Why::Failed { since } => Because::Failed { since: Text(since) },
    }
}
