//! `ExternalMetricValueList`, the document with values.

use super::{
    doubt::Place,
    metric::{GROUP_VERSION, Metric},
    quantity::Quantity,
};
use crate::{body::SharedBody, json::buffer::Buffer};
use jiff::Timestamp;
use lag_core::names;
use serde::{
    Serialize, Serializer,
    ser::{SerializeMap, SerializeSeq},
};

/// One value and where it is from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item<'b> {
    pub(super) place: Place<'b>,
    /// Time of the datum, never of the request.
    pub(super) at: Timestamp,
    pub(super) value: Quantity,
}

/// Labels of a series, in order.
const LABELS: [&str; 5] = [
    names::CONSUMER_GROUP,
    names::CONSUMER_GROUP_ALIAS,
    names::INSTANCE_ID,
    names::TOPIC,
    names::TOPIC_ALIAS,
];

#[derive(Serialize)]
struct Document<'i, 'b> {
    kind: &'static str,
    #[serde(rename = "apiVersion")]
    api_version: &'static str,
    metadata: Metadata,
    items: Items<'i, 'b>,
}

#[derive(Serialize)]
struct Metadata {}

struct Items<'i, 'b> {
    metric: Metric,
    items: &'i [Item<'b>],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Value<'b> {
    metric_name: &'static str,
    metric_labels: Labels<'b>,
    timestamp: Text<Timestamp>,
    value: Text<Quantity>,
}

struct Labels<'b>(Place<'b>);

struct Text<T>(T);

/// The document as text.
pub(super) fn render(metric: Metric, items: &[Item<'_>]) -> SharedBody {
    let document = Document {
        kind: "ExternalMetricValueList",
        api_version: GROUP_VERSION,
        metadata: Metadata {},
        items: Items { metric, items },
    };
    let mut buffer = Buffer::default();
    serde_json::to_writer(&mut buffer, &document)
        .expect("texts are always JSON, and memory takes them");
    buffer.into_body()
}

impl Serialize for Items<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut items = serializer.serialize_seq(Some(self.items.len()))?;
        for item in self.items {
            items.serialize_element(&Value {
                metric_name: self.metric.name(),
                metric_labels: Labels(item.place),
                timestamp: Text(item.at),
                value: Text(item.value),
            })?;
        }
        items.end()
    }
}

impl Serialize for Labels<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut labels = serializer.serialize_map(None)?;
        for label in LABELS {
            if let Some(value) = self.0.label(label) {
                labels.serialize_entry(label, &value)?;
            }
        }
        labels.end()
    }
}

impl<T: std::fmt::Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}
