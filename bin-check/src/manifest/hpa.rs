//! A HorizontalPodAutoscaler with one external metric.

use anyhow::bail;
use lag_core::{
    Bounds,
    simulate::{Hpa, MetricTarget},
};
use serde_json::Value;
use std::num::NonZeroU64;

use super::{behavior, field::Field, of_kind, selector};

/// An HPA and what it is called.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct HpaFile {
    /// `metadata.name`, if there is one.
    pub(crate) object: String,
    /// Name of its metric.
    pub(crate) metric: String,
    /// The HPA; its tolerance is the cluster's default.
    pub(crate) hpa: Hpa,
}

const MOST: u32 = i32::MAX.unsigned_abs();
const SPEC: [&str; 5] = [
    "scaleTargetRef",
    "minReplicas",
    "maxReplicas",
    "metrics",
    "behavior",
];

/// All HPAs of a file, at least one.
pub(crate) fn read_all(file: &str, documents: &[Value]) -> anyhow::Result<Vec<HpaFile>> {
    let found = of_kind(file, documents, "HorizontalPodAutoscaler")?;
    found.into_iter().map(|value| read(file, value)).collect()
}

fn read(file: &str, value: &Value) -> anyhow::Result<HpaFile> {
    let document = Field::document(file, value);
    let version = document.get("apiVersion");
    if version.text() != Some("autoscaling/v2") {
        return Err(version.wrong(&format!(
            "only autoscaling/v2 is simulated; kafka-lag lint {file} says what to change"
        )));
    }
    let spec = document.get("spec");
    spec.only(&SPEC)?;
    let metrics = spec.get("metrics");
    let list = metrics.items()?;
    let [metric] = list.as_slice() else {
        if list.is_empty() {
            return Err(metrics.wrong("write one metric of type External"));
        }
        let count = list.len();
        bail!(
            "{file}: spec.metrics has {count} metrics: each reads a number of its own, and one series is played; leave one in, as \
             generate hpa with one --group writes it"
        );
    };
    if metric.get("type").text() != Some("External") {
        return Err(metric.get("type").wrong(&format!(
            "a lag comes from outside of the cluster: use External; kafka-lag lint {file} says more"
        )));
    }
    metric.only(&["type", "external"])?;
    let external = metric.get("external");
    external.only(&["metric", "target"])?;
    let name = external.at(&["metric", "name"]);
    let Some(metric) = name.text() else {
        return Err(name.wrong("write the name of the metric"));
    };
    let bounds = bounds(&spec)?;
    let target = target(&external.get("target"))?;
    let name = document.at(&["metadata", "name"]);
    Ok(HpaFile {
        object: name.text().unwrap_or_default().to_owned(),
        metric: metric.to_owned(),
        hpa: Hpa {
            behavior: behavior::read(&spec.get("behavior"))?,
            ..Hpa::new(bounds, target)
        },
    })
}

/// All that a cluster, or whoever reads a lag, refuses of an HPA; one mistake of a kind at each place. Metrics that are
/// not external are not looked at.
pub(crate) fn faults(value: &Value) -> Vec<anyhow::Error> {
    let document = Field::document("", value);
    let spec = document.get("spec");
    let mut found = Vec::from_iter(spec.only(&SPEC).err());
    for (key, least) in [("minReplicas", 0), ("maxReplicas", 1)] {
        found.extend(spec.get(key).number(least, MOST).err());
    }
    found.extend(behavior::faults(&spec.get("behavior")));
    match spec.get("metrics").items() {
        Ok(metrics) => found.extend(metrics.iter().flat_map(metric_faults)),
        Err(error) => found.push(error),
    }
    found
}

const KINDS: [&str; 5] = [
    "External",
    "Pods",
    "Object",
    "Resource",
    "ContainerResource",
];

fn metric_faults(metric: &Field<'_>) -> Vec<anyhow::Error> {
    let kind = match metric.get("type").word(&KINDS) {
        Ok(kind) => kind,
        Err(error) => return vec![error],
    };
    if kind != "External" {
        return Vec::new();
    }
    let mut found = Vec::from_iter(metric.only(&["type", "external"]).err());
    let external = metric.get("external");
    found.extend(external.only(&["metric", "target"]).err());
    if external.is_missing() {
        return found;
    }
    // Fields of v2beta1 are told as such.
    let has = |key: &str| !external.get(key).is_missing();
    let name = external.at(&["metric", "name"]);
    if name.text().is_none() && !has("metricName") {
        found.push(name.wrong("write the name of the metric"));
    }
    let given = external.get("metric");
    if !given.is_missing() {
        found.extend(given.only(&["name", "selector"]).err());
    }
    found.extend(selector::faults(&given.get("selector")));
    if !has("targetValue") && !has("targetAverageValue") {
        found.extend(target(&external.get("target")).err());
    }
    found
}

fn bounds(spec: &Field<'_>) -> anyhow::Result<Bounds> {
    let (min, max) = (spec.get("minReplicas"), spec.get("maxReplicas"));
    let least = min.number(0, MOST)?.unwrap_or(1);
    let Some(most) = max.number(1, MOST)? else {
        return Err(max.wrong("write the most replicas"));
    };
    Bounds::try_from((least, most))
        .map_err(|_| max.wrong(&format!("write at least minReplicas, which is {least}")))
}

fn target(field: &Field<'_>) -> anyhow::Result<MetricTarget> {
    field.only(&["type", "value", "averageValue", "averageUtilization"])?;
    let (value, average) = (field.get("value"), field.get("averageValue"));
    let kind = field.get("type");
    let (given, other) = match kind.text() {
        Some("Value") => (value, average),
        Some("AverageValue") => (average, value),
        _ => {
            return Err(kind.wrong("a lag has no utilization: use AverageValue"));
        }
    };
    if !other.is_missing() {
        return Err(other.wrong("leave it out: it does not belong to this type"));
    }
    let Some(milli) = given.milli()?.and_then(NonZeroU64::new) else {
        return Err(given.wrong("write a number of messages above 0, such as \"50000\""));
    };
    Ok(match kind.text() {
        Some("Value") => MetricTarget::Value(milli),
        _ => MetricTarget::AverageValue(milli),
    })
}
