//! HorizontalPodAutoscalers.

use lag_core::names;
use serde_json::Value;

use super::{
    Setting,
    backlog::{Multiplied, TOLERANCE},
    behavior,
    expression::is_lag,
    finding::{self, Finding},
    look::{list, milli, text},
    selector,
};
use crate::manifest;

/// Fields of v2beta1, and where they are in v2: below the name of the metric's type.
const RENAMED: [(&str, &str); 5] = [
    ("metricName", "metric.name"),
    ("metricSelector", "metric.selector"),
    (
        "targetValue",
        "target: {type: AverageValue, averageValue: ...}",
    ),
    (
        "targetAverageValue",
        "target: {type: AverageValue, averageValue: ...}",
    ),
    ("selector", "metric.selector"),
];

pub(super) fn lint(document: &Value, setting: Setting) -> Vec<Finding> {
    let mut found = Vec::new();
    version(document, &mut found);
    bounds(document, setting, &mut found);
    if text(document, "/spec/scaleTargetRef/name").is_none() {
        found.push(Finding::error(
            "spec.scaleTargetRef",
            "it scales nothing: the manifest is refused",
            "name the workload: apiVersion: apps/v1, kind: Deployment, name: ...",
        ));
    }
    let metrics = list(document, "/spec/metrics");
    for (index, one) in metrics.iter().enumerate() {
        metric(one, &format!("spec.metrics[{index}]"), document, &mut found);
    }
    let read =
        |one: &Value| name_of(one).is_some_and(|name| is_lag(name) || name == names::RECOMMENDED);
    if !metrics.iter().any(read) {
        found.push(Finding::note(
            "spec.metrics",
            "no metric of it is a lag, so most of what is looked for does not apply",
            "kafka-lag generate hpa writes one that follows a lag",
        ));
    }
    behavior::lint(
        document.pointer("/spec/behavior"),
        "spec.behavior",
        setting,
        &mut found,
    );
    finding::refused(&manifest::hpa::faults(document), &mut found);
    found
}

fn version(document: &Value, found: &mut Vec<Finding>) {
    let written = text(document, "/apiVersion").unwrap_or_default();
    let (happens, instead) = match written {
        "autoscaling/v2" => return,
        "autoscaling/v2beta2" => (
            "autoscaling/v2beta2 is gone since Kubernetes 1.26: the manifest is refused".to_owned(),
            "write apiVersion: autoscaling/v2: the fields of v2beta2 have kept their names",
        ),
        "autoscaling/v2beta1" => (
            "autoscaling/v2beta1 is gone since Kubernetes 1.25: the manifest is refused".to_owned(),
            "write apiVersion: autoscaling/v2 and rename the fields: metricName is metric.name, metricSelector is \
             metric.selector, targetAverageValue is target.averageValue",
        ),
        "autoscaling/v1" => (
            "autoscaling/v1 knows only CPU: other metrics are not in it".to_owned(),
            "write apiVersion: autoscaling/v2",
        ),
        other => (
            format!("there is no version {other:?} of HorizontalPodAutoscaler"),
            "write apiVersion: autoscaling/v2",
        ),
    };
    found.push(Finding::error("apiVersion", happens, instead));
}

fn bounds(document: &Value, setting: Setting, found: &mut Vec<Finding>) {
    let of = |pointer| document.pointer(pointer).and_then(Value::as_u64);
    let (min, max) = (
        of("/spec/minReplicas").unwrap_or(1),
        of("/spec/maxReplicas"),
    );
    let Some(max) = max.filter(|max| *max > 0) else {
        found.push(Finding::error(
            "spec.maxReplicas",
            "it is missing, 0 or no whole number: the manifest is refused",
            "write the most replicas, not more than the topic has partitions",
        ));
        return;
    };
    if min > max {
        found.push(Finding::error(
            "spec.minReplicas",
            format!("{min} is more than maxReplicas, {max}: the manifest is refused"),
            format!("write a number up to {max}"),
        ));
    }
    if min == 0 && setting.kubernetes < crate::kubernetes::Cluster::TOLERANCE {
        found.push(Finding::note(
            "spec.minReplicas",
            format!(
                "0 needs the feature gate HPAScaleToZero, which is off in Kubernetes {}",
                setting.kubernetes
            ),
            "write 1, or scale to zero with KEDA: kafka-lag generate keda",
        ));
    }
    too_many("spec.maxReplicas", max, setting, found);
}

/// More replicas than partitions.
pub(super) fn too_many(path: &str, max: u64, setting: Setting, found: &mut Vec<Finding>) {
    if let Some(partitions) = setting.partitions.map(u64::from).filter(|most| max > *most) {
        found.push(Finding::warning(
            path,
            format!(
                "of {max} replicas {} get no partition and stay idle",
                max - partitions
            ),
            format!("write {partitions}, as many as the topic has partitions"),
        ));
    }
}

/// Metric's name, by any of the versions.
fn name_of(metric: &Value) -> Option<&str> {
    ["external", "pods", "object"].iter().find_map(|kind| {
        let source = metric.get(kind)?;
        text(source, "/metric/name").or_else(|| text(source, "/metricName"))
    })
}

fn metric(metric: &Value, path: &str, document: &Value, found: &mut Vec<Finding>) {
    let Some((kind, key)) = (match text(metric, "/type") {
        Some("External") => Some(("External", "external")),
        Some("Pods") => Some(("Pods", "pods")),
        Some("Object") => Some(("Object", "object")),
        _ => None,
    }) else {
        return;
    };
    let name = name_of(metric).unwrap_or_default();
    let counts = is_lag(name) || name == names::RECOMMENDED;
    if kind != "External" && !counts {
        return;
    }
    let source = metric.get(key).unwrap_or(&Value::Null);
    let of_type = format!("{path}.type");
    let path = |field: &str| format!("{path}.{key}.{field}");
    match kind {
        "Pods" => found.push(Finding::error(
            &of_type,
            format!(
                "Pods asks custom.metrics.k8s.io for a value of each pod, and {name} belongs to no pod: the answer is 404, and \
                 the HPA changes nothing"
            ),
            "write type: External with external.metric and external.target",
        )),
        "Object" => found.push(Finding::error(
            &of_type,
            format!("Object asks for a value of one object of the cluster, and {name} belongs to none: the answer is 404"),
            "write type: External with external.metric and external.target",
        )),
        _ => {}
    }
    for (old, new) in RENAMED {
        if source.get(old).is_some() {
            found.push(Finding::error(
                &path(old),
                format!("{old} is a field of v2beta1: later versions refuse it as unknown"),
                format!("write external.{new}"),
            ));
        }
    }
    if let Some(old) = source.get("targetValue").filter(|_| counts) {
        found.push(Finding::error(
            &path("targetValue"),
            format!(
                "it became the type Value. {}",
                multiplied(milli(old), document).words()
            ),
            format!(
                "write {}: replicas = lag / averageValue, rounded up",
                average_of(milli(old))
            ),
        ));
    }
    if name.contains('/') {
        found.push(Finding::error(
            &path("metric.name"),
            format!("{name} would be two parts of a URL: the manifest is refused"),
            format!("write a name without /, such as {}", names::LAG),
        ));
    }
    if kind == "External" && (counts || name.contains('/')) {
        let now = source.pointer("/metric/selector");
        let (selector, field) = match source.get("metricSelector").filter(|_| now.is_none()) {
            Some(old) => (Some(old), "metricSelector"),
            None => (now, "metric.selector"),
        };
        selector::lint(selector, name, &path(field), found);
    }
    if counts {
        target(source, kind, name, &path("target"), document, found);
    }
}

fn target(
    source: &Value,
    kind: &str,
    name: &str,
    path: &str,
    document: &Value,
    found: &mut Vec<Finding>,
) {
    let Some(target) = source.get("target") else {
        if !RENAMED.iter().any(|(old, _)| source.get(old).is_some()) {
            found.push(Finding::error(
                path,
                "it is missing: the manifest is refused",
                "write target: {type: AverageValue, averageValue: ...}, the lag that one replica may have",
            ));
        }
        return;
    };
    let of = |key: &str| target.get(key).and_then(milli);
    let average = of("averageValue");
    match text(target, "/type") {
        Some("Value") if kind == "Pods" => found.push(Finding::error(
            &format!("{path}.type"),
            "with Pods only AverageValue is accepted: the manifest is refused",
            format!("write {}", average_of(of("value"))),
        )),
        Some("Value") if name == names::RECOMMENDED => found.push(Finding::error(
            &format!("{path}.type"),
            format!("Value multiplies the replicas that are there by {name}, which is a number of replicas itself"),
            "write type: AverageValue and averageValue: \"1\"",
        )),
        Some("Value") => found.push(Finding::error(
            &format!("{path}.type"),
            multiplied(of("value"), document).words(),
            format!("write {}: replicas = lag / averageValue, rounded up", average_of(of("value"))),
        )),
        Some("AverageValue") => match average {
            None => found.push(Finding::error(
                &format!("{path}.averageValue"),
                "it is missing or no quantity: the manifest is refused",
                "write the lag that one replica may have, such as averageValue: \"50000\"",
            )),
            Some(value) if value <= 0 => found.push(Finding::error(
                &format!("{path}.averageValue"),
                "it must be more than 0: the manifest is refused",
                "write the lag that one replica may have, such as averageValue: \"50000\"",
            )),
            Some(value) if name == names::RECOMMENDED && value != 1000 => found.push(Finding::error(
                &format!("{path}.averageValue"),
                format!("{name} is a number of replicas already: divided by this it is another one"),
                "write averageValue: \"1\"",
            )),
            Some(_) => {}
        },
        other => found.push(Finding::error(
            &format!("{path}.type"),
            format!("{} cannot be used here: the manifest is refused", other.unwrap_or("no type")),
            "write type: AverageValue and averageValue",
        )),
    }
}

/// The target that is meant.
fn average_of(value: Option<i128>) -> String {
    value.map_or_else(
        || "type: AverageValue and averageValue".to_owned(),
        |value| format!("type: AverageValue and averageValue: \"{}\"", value / 1000),
    )
}

/// What is written about a target of type `Value`.
fn multiplied(value: Option<i128>, document: &Value) -> Multiplied {
    let of = |pointer| document.pointer(pointer).and_then(Value::as_u64);
    let tolerance = |way| {
        let written = document.pointer(&format!("/spec/behavior/{way}/tolerance"));
        let written = written
            .and_then(milli)
            .filter(|part| (0..=1000).contains(part));
        written.unwrap_or(TOLERANCE)
    };
    Multiplied {
        value,
        min: of("/spec/minReplicas").unwrap_or(1),
        max: of("/spec/maxReplicas"),
        tolerance: (tolerance("scaleUp"), tolerance("scaleDown")),
    }
}
