//! `DescribeMetricMetaList`: which metrics a namespace has, as the region says itself.

use std::borrow::Cow;

use serde::{Deserialize, de::MapAccess};

use crate::{
    Client, DecodeError, Error,
    attempt::Params,
    wire::{Head, Payload, Scalar},
};

const ACTION: &str = "DescribeMetricMetaList";

/// Asks which metrics a namespace has, with their dimensions, periods and statistics.
///
/// Without a page size the service returns 30.
#[derive(Clone, Debug)]
#[must_use = "nothing happens until it is sent"]
pub struct DescribeMetricMetaList {
    client: Client,
    params: Params,
}

impl DescribeMetricMetaList {
    pub(crate) fn new(client: Client, namespace: String) -> Self {
        Self {
            client,
            params: vec![("Namespace".into(), namespace)],
        }
    }

    fn with(mut self, name: &'static str, value: String) -> Self {
        self.params.retain(|(old, _)| old != name);
        self.params.push((Cow::Borrowed(name), value));
        self
    }

    /// Only this metric.
    pub fn metric(self, metric: impl Into<String>) -> Self {
        self.with("MetricName", metric.into())
    }

    /// Which page, from 1.
    pub fn page_number(self, number: u32) -> Self {
        self.with("PageNumber", number.to_string())
    }

    /// Metrics per page.
    pub fn page_size(self, size: u32) -> Self {
        self.with("PageSize", size.to_string())
    }

    /// One page of descriptions.
    ///
    /// # Errors
    ///
    /// As [`DescribeMetricList::send`](crate::DescribeMetricList::send).
    pub async fn send(self) -> Result<MetricMetaPage, Error> {
        let answer = self
            .client
            .execute::<MetaPayload>(ACTION, &self.params)
            .await?;
        Ok(MetricMetaPage {
            request_id: answer.head.request_id.unwrap_or_default(),
            metrics: answer.payload.metrics.unwrap_or_default(),
            total: answer.payload.total,
        })
    }
}

/// One page of descriptions.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MetricMetaPage {
    /// For the vendor's support; empty when the reply has none.
    pub request_id: String,
    /// The descriptions.
    pub metrics: Vec<MetricMeta>,
    /// How many there are on all pages, if the service said.
    pub total: Option<u64>,
}

/// What is known of a metric.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MetricMeta {
    /// The name to ask for.
    pub metric_name: String,
    /// The namespace it belongs to.
    pub namespace: String,
    /// What it measures, in the language of the site.
    pub description: String,
    /// Keys of its points, such as `userId` and `instanceId`.
    pub dimensions: Vec<String>,
    /// The periods it can be asked for, in seconds.
    pub periods: Vec<u32>,
    /// Which of `Value`, `Average`, `Maximum`, … its points have.
    pub statistics: Vec<String>,
    /// The unit, as the vendor writes it.
    pub unit: String,
    /// Names and values of its labels; empty when they are not the documented JSON text.
    pub labels: Vec<(String, String)>,
}

#[derive(Default)]
struct MetaPayload {
    metrics: Option<Vec<MetricMeta>>,
    total: Option<u64>,
}

impl Payload for MetaPayload {
    fn field<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<bool, A::Error> {
        match key {
            "Resources" => {
                let resources: Option<Resources> = map.next_value()?;
                let wire = resources.and_then(|r| r.resource).unwrap_or_default();
                self.metrics = Some(wire.into_iter().map(MetricMeta::from).collect());
            }
            "TotalCount" | "Total" => {
                let text = map.next_value::<Scalar>()?.not_empty();
                self.total = text.and_then(|text| text.parse().ok());
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn check(&self, head: &Head) -> Result<(), DecodeError> {
        match self.metrics {
            None if !head.says_success() => Err(DecodeError::Empty),
            _ => Ok(()),
        }
    }
}

/// The list is nested one level deeper than its name says.
#[derive(Deserialize)]
struct Resources {
    #[serde(rename = "Resource")]
    resource: Option<Vec<Wire>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Wire {
    metric_name: String,
    #[serde(default)]
    namespace: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    dimensions: Option<String>,
    #[serde(default = "nothing")]
    periods: Scalar,
    #[serde(default)]
    statistics: Option<String>,
    #[serde(default)]
    unit: Option<String>,
    #[serde(default)]
    labels: Option<String>,
}

fn nothing() -> Scalar {
    Scalar(None)
}

#[derive(Deserialize)]
struct Label {
    name: String,
    value: String,
}

impl From<Wire> for MetricMeta {
    fn from(wire: Wire) -> Self {
        let labels: Option<Vec<Label>> = wire
            .labels
            .and_then(|json| serde_json::from_str(&json).ok());
        Self {
            metric_name: wire.metric_name,
            namespace: wire.namespace.unwrap_or_default(),
            description: wire.description.unwrap_or_default(),
            dimensions: list(wire.dimensions),
            periods: list(wire.periods.0)
                .iter()
                .filter_map(|p| p.parse().ok())
                .collect(),
            statistics: list(wire.statistics),
            unit: wire.unit.unwrap_or_default(),
            labels: labels
                .into_iter()
                .flatten()
                .map(|label| (label.name, label.value))
                .collect(),
        }
    }
}

/// Comma-separated text; no text is no entry, not one empty entry.
fn list(text: Option<String>) -> Vec<String> {
    let text = text.unwrap_or_default();
    text.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}
