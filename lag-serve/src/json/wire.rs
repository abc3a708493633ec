//! The shape of the answers. A lag is a field of the fresh case and of no other.

use crate::exposition::number;
use jiff::{SignedDuration, Timestamp};
use lag_core::{
    Board, InstanceBoard, LagSample, Reading,
    recommend::{Advice, Why},
};
use serde::{Serialize, Serializer};

/// Everything there is.
#[derive(Serialize)]
pub(super) struct Listing<'b> {
    now: Rfc3339,
    max_age_seconds: Number,
    groups: Groups<'b>,
    instances: Instances<'b>,
}

impl<'b> Listing<'b> {
    pub(super) fn new(board: &'b Board, now: Timestamp, max_age: SignedDuration) -> Self {
        Self {
            now: Rfc3339(now),
            max_age_seconds: seconds(max_age),
            groups: Groups {
                board,
                now,
                max_age,
            },
            instances: Instances(board),
        }
    }
}

/// Written row by row: a large board is never held twice.
struct Groups<'b> {
    board: &'b Board,
    now: Timestamp,
    max_age: SignedDuration,
}

impl Serialize for Groups<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rows = self.board.rows(self.now, self.max_age);
        serializer.collect_seq(rows.map(|row| {
            let topic = row.series.topic.as_ref().map(|topic| topic.as_str());
            let (instance, group) = (row.instance.as_str(), row.series.group.as_str());
            let advice = self.board.advice(&row.key(), self.now, self.max_age);
            Group::new(instance, group, topic, (row.reading, advice), self.now)
        }))
    }
}

/// One series and what may be said of it.
#[derive(Serialize)]
pub(super) struct Group<'b> {
    instance_id: &'b str,
    consumer_group: &'b str,
    #[serde(skip_serializing_if = "Option::is_none")]
    topic: Option<&'b str>,
    #[serde(flatten)]
    said: Said,
}

impl<'b> Group<'b> {
    pub(super) fn new(
        instance_id: &'b str,
        consumer_group: &'b str,
        topic: Option<&'b str>,
        (reading, advice): (Reading, Option<Advice>),
        now: Timestamp,
    ) -> Self {
        let said = match reading {
            Reading::Fresh(sample) => Said::Fresh {
                point: Point::new(&sample, sample.age(now)),
                change_per_second: sample.trend.map(|trend| Number(trend.per_second())),
                drain_seconds: sample
                    .trend
                    .and_then(|trend| trend.drain(sample.lag))
                    .map(seconds),
                recommended_replicas: match advice {
                    Some(Advice::Replicas { replicas, .. }) => Some(replicas),
                    Some(Advice::Silent(_)) | None => None,
                },
                recommendation: advice.map(|advice| Words(advice.why())),
            },
            Reading::Stale { last, age } => Said::Stale {
                last: Point::new(&last, age),
            },
            Reading::Absent => Said::Absent,
            Reading::Failed { since } => Said::Failed {
                failing_since: Rfc3339(since),
            },
        };
        Self {
            instance_id,
            consumer_group,
            topic,
            said,
        }
    }
}

#[derive(Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
enum Said {
    Fresh {
        #[serde(flatten)]
        point: Point,
        #[serde(skip_serializing_if = "Option::is_none")]
        change_per_second: Option<Number>,
        #[serde(skip_serializing_if = "Option::is_none")]
        drain_seconds: Option<Number>,
        #[serde(skip_serializing_if = "Option::is_none")]
        recommended_replicas: Option<u32>,
        #[serde(skip_serializing_if = "Option::is_none")]
        recommendation: Option<Words>,
    },
    Stale {
        last: Point,
    },
    Absent,
    Failed {
        failing_since: Rfc3339,
    },
}

#[derive(Serialize)]
struct Point {
    lag: Number,
    timestamp: Rfc3339,
    age_seconds: Number,
}

impl Point {
    fn new(sample: &LagSample, age: SignedDuration) -> Self {
        Self {
            lag: Number(sample.lag.as_f64()),
            timestamp: Rfc3339(sample.at),
            age_seconds: seconds(age),
        }
    }
}

struct Instances<'b>(&'b Board);

impl Serialize for Instances<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(
            self.0
                .instances()
                .map(|(id, board)| Instance::new(id.as_str(), board)),
        )
    }
}

#[derive(Serialize)]
struct Instance<'b> {
    instance_id: &'b str,
    region_id: &'b str,
    up: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_attempt: Option<Rfc3339>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_success: Option<Rfc3339>,
    consecutive_failures: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error_detail: Option<&'b str>,
}

impl<'b> Instance<'b> {
    fn new(instance_id: &'b str, board: &'b InstanceBoard) -> Self {
        Self {
            instance_id,
            region_id: &board.region,
            up: board.is_up(),
            last_attempt: board.last_attempt.map(Rfc3339),
            last_success: board.last_success.map(Rfc3339),
            consecutive_failures: board.consecutive_failures,
            last_error: board.last_error.as_ref().map(|failure| failure.kind),
            last_error_detail: board.last_error.as_ref().map(|failure| &*failure.detail),
        }
    }
}

/// Why there is no number, and what is known instead.
#[derive(Serialize)]
pub(super) struct Answer<'b> {
    pub(super) error: String,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub(super) group: Option<Group<'b>>,
}

/// A moment as RFC 3339 in UTC.
struct Rfc3339(Timestamp);

impl Serialize for Rfc3339 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// A reason as people read it.
struct Words(Why);

impl Serialize for Words {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// A finite number; whole ones without a point.
struct Number(f64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match number::whole(self.0) {
            Some(whole) => serializer.serialize_i64(whole),
            None => serializer.serialize_f64(self.0),
        }
    }
}

fn seconds(duration: SignedDuration) -> Number {
    Number(duration.as_secs_f64())
}
