//! The shape of the document, for both directions. Long lists are a type parameter: a series of borrowed entries when
//! written, a vector when read.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::value::RawValue;
use std::{borrow::Cow, collections::BTreeMap, fmt::Display, str::FromStr};

/// What is looked at first.
#[derive(Deserialize)]
pub(super) struct Head {
    pub(super) version: u64,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Document<'a, S, A> {
    pub(super) version: u64,
    pub(super) written_at: Text<Timestamp>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) writer: Option<By<'a>>,
    #[serde(borrow)]
    pub(super) sources: Vec<Source<'a>>,
    #[serde(borrow)]
    pub(super) instances: Vec<Instance<'a, S>>,
    pub(super) advice: A,
}

#[derive(Serialize, Deserialize)]
pub(super) struct By<'a> {
    #[serde(borrow)]
    pub(super) identity: Cow<'a, str>,
    pub(super) leads: bool,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Source<'a> {
    #[serde(borrow)]
    pub(super) name: Cow<'a, str>,
    pub(super) attempts: u64,
    pub(super) received: u64,
    #[serde(borrow)]
    pub(super) dropped_points: BTreeMap<Cow<'a, str>, u64>,
    pub(super) dropped_series: u64,
    pub(super) last_duration: Text<SignedDuration>,
    pub(super) publication_delay: Option<Text<SignedDuration>>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Instance<'a, S> {
    #[serde(borrow)]
    pub(super) instance_id: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) region_id: Cow<'a, str>,
    pub(super) watched_since: Text<Timestamp>,
    pub(super) last_attempt: Option<Text<Timestamp>>,
    pub(super) last_success: Option<Text<Timestamp>>,
    pub(super) failing_since: Option<Text<Timestamp>>,
    pub(super) consecutive_failures: u64,
    pub(super) last_error: Option<Failed<'a>>,
    /// Series in the last answer that worked.
    pub(super) answered: usize,
    /// Whether that answer was cut.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_cut: bool,
    pub(super) samples: S,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Failed<'a> {
    #[serde(borrow)]
    pub(super) kind: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) detail: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Sample<'a> {
    #[serde(borrow)]
    pub(super) group: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) topic: Option<Cow<'a, str>>,
    pub(super) at: Text<Timestamp>,
    pub(super) lag: Exact,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) per_second: Option<Exact>,
}

/// A sample without its name.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct Point {
    pub(super) at: Text<Timestamp>,
    pub(super) lag: Exact,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) per_second: Option<Exact>,
}

/// What the policies said of a group's newest sample.
#[derive(Serialize, Deserialize)]
pub(super) struct Advised<'a> {
    #[serde(borrow)]
    pub(super) instance_id: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) group: Cow<'a, str>,
    pub(super) replicas: Option<u32>,
    pub(super) because: Because,
    /// The sample.
    pub(super) of: Option<Point>,
    pub(super) memory: Option<Remembered>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Remembered {
    pub(super) held: Option<u32>,
    pub(super) seen: Option<Text<Timestamp>>,
    pub(super) above: Vec<(Exact, Text<Timestamp>)>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Because {
    Lag,
    Between,
    Undecided,
    Waiting { until: Text<Timestamp> },
    Draining,
    Older,
    Unseen,
    NoTrend,
    NoReplicas,
    Settling { until: Text<Timestamp> },
    Stale { age: Text<SignedDuration> },
    Absent,
    Failed { since: Text<Timestamp> },
}

/// A value in the form that people write it in: RFC 3339, or an ISO 8601 duration.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text<T>(pub(super) T);

impl<T: Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de, T: FromStr<Err: Display>> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(D::Error::custom)
    }
}

/// A number that comes back bit for bit: `serde_json` reads one faster, and may miss the last bit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Exact(pub(super) f64);

impl Serialize for Exact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0)
    }
}

impl<'de> Deserialize<'de> for Exact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&RawValue>::deserialize(deserializer)?.get();
        text.parse().map(Self).map_err(D::Error::custom)
    }
}
