//! The text of `Datapoints`, read without copying: what a point says, not yet what may be believed of it.
//!
//! A point has `timestamp` in milliseconds, dimensions in lower case (`instanceId`, `consumerGroup`, `topic`, `userId`)
//! and statistics in upper case (`Value`, `Maximum`, `Average`, ...), in any order; unknown keys are passed over.
//! Source: CloudMonitor documentation of `DescribeMetricList`; only some statistics exist for each metric.

use serde::{
    Deserialize, Deserializer,
    de::{self, SeqAccess, Visitor},
};
use std::{borrow::Cow, fmt, marker::PhantomData};

/// Which statistic of a point is its lag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Statistic {
    /// `Value`, else `Maximum`, else `Average`: the first that is *present*. A present zero is a value.
    #[default]
    First,
    /// `Maximum` only.
    Maximum,
    /// `Average` only.
    Average,
}

impl std::str::FromStr for Statistic {
    type Err = InvalidStatistic;

    fn from_str(text: &str) -> Result<Self, InvalidStatistic> {
        match text {
            "first" => Ok(Self::First),
            "maximum" => Ok(Self::Maximum),
            "average" => Ok(Self::Average),
            _ => Err(InvalidStatistic(text.chars().take(64).collect())),
        }
    }
}

/// Text that names no statistic.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a statistic: write first (Value, else Maximum, else Average), maximum or average"
)]
pub struct InvalidStatistic(String);

/// One point as the vendor sent it. Text borrows from the page where it holds no escapes.
#[derive(Debug, Clone, PartialEq)]
pub struct Datapoint<'a> {
    /// Milliseconds since the epoch.
    pub timestamp_ms: i64,
    /// Dimension `instanceId`.
    pub instance: Option<Cow<'a, str>>,
    /// Dimension `consumerGroup`.
    pub group: Option<Cow<'a, str>>,
    /// Dimension `topic`, only in metrics per topic.
    pub topic: Option<Cow<'a, str>>,
    /// The chosen statistic, if the point has it. Not checked: it may be negative.
    pub value: Option<f64>,
}

/// A page that is not a JSON array of points. Nothing of such a page is used.
#[derive(Debug, thiserror::Error)]
#[error("datapoint {index} of the page cannot be read")]
pub struct DatapointError {
    index: usize,
    #[source]
    source: JsonError,
}

impl DatapointError {
    /// Position of the point in the page, counted from 0.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }
}

#[derive(Debug, thiserror::Error)]
#[error(transparent)]
struct JsonError(serde_json::Error);

/// Reads a page: a JSON array of points.
///
/// # Errors
/// [`DatapointError`] with the position of the first point that is not an object with a whole number as `timestamp`,
/// numbers as statistics and texts as dimensions, or where the text ends too early.
pub fn parse(json: &str, statistic: Statistic) -> Result<Vec<Datapoint<'_>>, DatapointError> {
    let mut points = Vec::new();
    let mut reader = serde_json::Deserializer::from_str(json);
    reader
        .deserialize_seq(Page {
            points: &mut points,
            statistic,
        })
        .and_then(|()| reader.end())
        .map_err(|source| DatapointError {
            index: points.len(),
            source: JsonError(source),
        })?;
    Ok(points)
}

struct Page<'p, 'a> {
    points: &'p mut Vec<Datapoint<'a>>,
    statistic: Statistic,
}

impl<'a> Visitor<'a> for Page<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of datapoints")
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(wire) = seq.next_element::<Wire<'a>>()? {
            let value = match self.statistic {
                Statistic::First => wire.value.or(wire.maximum).or(wire.average),
                Statistic::Maximum => wire.maximum,
                Statistic::Average => wire.average,
            };
            self.points.push(Datapoint {
                timestamp_ms: wire.timestamp,
                instance: wire.instance.map(|text| text.0),
                group: wire.group.map(|text| text.0),
                topic: wire.topic.map(|text| text.0),
                value,
            });
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct Wire<'a> {
    timestamp: i64,
    #[serde(borrow, default, rename = "instanceId")]
    instance: Option<Text<'a>>,
    #[serde(borrow, default, rename = "consumerGroup")]
    group: Option<Text<'a>>,
    #[serde(borrow, default)]
    topic: Option<Text<'a>>,
    #[serde(default, rename = "Value")]
    value: Option<f64>,
    #[serde(default, rename = "Maximum")]
    maximum: Option<f64>,
    #[serde(default, rename = "Average")]
    average: Option<f64>,
}

/// Text that borrows where it can, also inside `Option`, which serde's own `Cow` does not.
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor<'a>(PhantomData<&'a ()>);

        impl<'de: 'a, 'a> Visitor<'de> for TextVisitor<'a> {
            type Value = Text<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Text<'a>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Text<'a>, E> {
                Ok(Text(Cow::Owned(text.into())))
            }
        }

        deserializer.deserialize_str(TextVisitor(PhantomData))
    }
}
