//! ScaledObjects of KEDA.

use lag_core::names;
use serde_json::Value;

use super::{
    Setting, adapter,
    backlog::{Multiplied, TOLERANCE},
    behavior,
    expression::{self, has_lag},
    finding::{self, Finding},
    hpa,
    look::{list, milli, text},
    trigger,
};
use crate::manifest;

pub(super) fn lint(document: &Value, setting: Setting) -> Vec<Finding> {
    let mut found = Vec::new();
    let version = text(document, "/apiVersion").unwrap_or_default();
    if version != "keda.sh/v1alpha1" {
        found.push(Finding::error(
            "apiVersion",
            format!("KEDA 2 does not know {version:?}"),
            "write apiVersion: keda.sh/v1alpha1",
        ));
    }
    if text(document, "/spec/scaleTargetRef/name").is_none() {
        found.push(Finding::error(
            "spec.scaleTargetRef.name",
            "it scales nothing: the object is refused",
            "name the workload",
        ));
    }
    bounds(document, setting, &mut found);
    finding::refused(&manifest::scaled_object::faults(document), &mut found);
    let triggers = list(document, "/spec/triggers");
    let mut lags = 0;
    for (index, one) in triggers.iter().enumerate() {
        let path = format!("spec.triggers[{index}]");
        if reads_lag(one, &path, &mut found) {
            lags += 1;
            kind(one, document, &path, &mut found);
        }
    }
    if lags == 0 {
        found.push(Finding::note(
            "spec.triggers",
            "no trigger of it reads a lag in a way that is known here",
            "kafka-lag generate keda writes one",
        ));
        return found;
    }
    fallback(document, &mut found);
    if document
        .pointer("/spec/minReplicaCount")
        .and_then(Value::as_u64)
        .unwrap_or(0)
        == 0
    {
        found.push(Finding::note(
            "spec.minReplicaCount",
            "with 0, which is also the default, the last replica goes on a number alone: the source must fail when its data is old, as \
             kafka-lag-exporter does",
            "write 1 or more, unless the first message after a pause may wait for a poll and the start of a pod",
        ));
    }
    behavior::lint(
        document.pointer("/spec/advanced/horizontalPodAutoscalerConfig/behavior"),
        "spec.advanced.horizontalPodAutoscalerConfig.behavior",
        setting,
        &mut found,
    );
    found
}

fn bounds(document: &Value, setting: Setting, found: &mut Vec<Finding>) {
    let of = |pointer| document.pointer(pointer).and_then(Value::as_u64);
    let (min, max) = (
        of("/spec/minReplicaCount").unwrap_or(0),
        of("/spec/maxReplicaCount"),
    );
    match max {
        Some(max) if min > max => found.push(Finding::error(
            "spec.minReplicaCount",
            format!("{min} is more than maxReplicaCount, {max}: the object is refused"),
            format!("write a number up to {max}"),
        )),
        Some(max) => hpa::too_many("spec.maxReplicaCount", max, setting, found),
        None => found.push(Finding::warning(
            "spec.maxReplicaCount",
            "without it the most is 100 replicas",
            "write a number up to the partitions of the topic",
        )),
    }
}

fn fallback(document: &Value, found: &mut Vec<Finding>) {
    let instead =
        "write fallback: {failureThreshold: 3, replicas: N, behavior: currentReplicasIfHigher}";
    match document.pointer("/spec/fallback") {
        None => found.push(Finding::warning(
            "spec.fallback",
            "without it an outage freezes the replicas where they are, also at fewer than are safe",
            instead,
        )),
        Some(fallback) => {
            let behavior = text(fallback, "/behavior").unwrap_or("static");
            if !["currentReplicasIfHigher", "currentReplicas"].contains(&behavior) {
                found.push(Finding::warning(
                    "spec.fallback.behavior",
                    format!("{behavior}: in an outage the replicas are set to a number, and may fall with a full backlog"),
                    "write behavior: currentReplicasIfHigher",
                ));
            }
        }
    }
}

/// Looks at one trigger; false when it reads no lag.
fn reads_lag(trigger: &Value, path: &str, found: &mut Vec<Finding>) -> bool {
    let of = |key: &str| text(trigger, &format!("/metadata/{key}")).unwrap_or_default();
    let at = |key: &str| format!("{path}.metadata.{key}");
    let metadata = trigger.get("metadata").and_then(Value::as_object);
    let has = |key: &str| metadata.is_some_and(|metadata| metadata.contains_key(key));
    match text(trigger, "/type").unwrap_or_default() {
        "external" | "external-push" => {
            let is_ours = has("consumerGroup")
                || has("consumerGroupFromEnv")
                || has("lagThreshold")
                || of("scalerAddress").contains("kafka-lag");
            if !is_ours {
                return false;
            }
            trigger::lint(trigger, path, found);
        }
        "prometheus" => {
            if !has_lag(of("query")) && !of("query").contains(names::RECOMMENDED) {
                return false;
            }
            prometheus(
                of("query"),
                of("ignoreNullValues"),
                metadata.and_then(|metadata| metadata.get("threshold")),
                &at,
                found,
            );
        }
        "metrics-api" => {
            if !of("url").contains("/api/v1/lag") && !has_lag(of("valueLocation")) {
                return false;
            }
            for (key, instead) in [
                (
                    "targetValue",
                    "write the lag that one replica may have, such as targetValue: \"50000\"",
                ),
                ("valueLocation", "write valueLocation: lag"),
            ] {
                if !has(key) {
                    found.push(Finding::error(
                        &at(key),
                        "it is missing: the trigger fails",
                        instead,
                    ));
                }
            }
            if let Some(target) = metadata.and_then(|metadata| metadata.get("targetValue")) {
                trigger::above_zero(target, &at("targetValue"), found);
            }
            let place = of("valueLocation");
            if of("url").contains("/api/v1/lag/")
                && !["", "lag", "recommended_replicas"].contains(&place)
            {
                found.push(Finding::error(
                    &at("valueLocation"),
                    format!("{place} is no number of an answer with a fresh lag: the trigger fails; what stands under last is too old to be one"),
                    "write valueLocation: lag, or recommended_replicas",
                ));
            }
        }
        _ => return false,
    }
    for (key, value) in metadata.into_iter().flatten() {
        if !value.is_string() {
            found.push(Finding::error(
                &at(key),
                format!("{value} is not text: the object is refused"),
                format!("put it into quotes: \"{value}\""),
            ));
        }
    }
    true
}

fn kind(trigger: &Value, document: &Value, path: &str, found: &mut Vec<Finding>) {
    let at = format!("{path}.metricType");
    match text(trigger, "/metricType").unwrap_or("AverageValue") {
        "AverageValue" => {}
        "Value" => {
            let metadata = trigger.get("metadata").unwrap_or(&Value::Null);
            let mut thresholds = ["lagThreshold", "threshold", "targetValue"].iter();
            let of = |pointer| document.pointer(pointer).and_then(Value::as_u64);
            let multiplied = Multiplied {
                value: thresholds.find_map(|key| milli(metadata.get(key)?)),
                min: of("/spec/minReplicaCount").unwrap_or(0),
                max: Some(of("/spec/maxReplicaCount").unwrap_or(100)),
                tolerance: (TOLERANCE, TOLERANCE),
            };
            found.push(Finding::error(
                &at,
                multiplied.words(),
                "write metricType: AverageValue: replicas = lag / threshold, rounded up",
            ));
        }
        other => found.push(Finding::error(
            &at,
            format!("{other} is refused for such a trigger"),
            "write metricType: AverageValue",
        )),
    }
}

fn prometheus(
    query: &str,
    ignore: &str,
    threshold: Option<&Value>,
    at: &dyn Fn(&str) -> String,
    found: &mut Vec<Finding>,
) {
    if ignore != "false" {
        found.push(Finding::error(
            &at("ignoreNullValues"),
            "true, which is also the default, takes a missing series for 0: when data is old or the exporter is down, replicas are taken \
             away with a full backlog",
            "write ignoreNullValues: \"false\", and a fallback",
        ));
    }
    match threshold {
        None => found.push(Finding::error(
            &at("threshold"),
            "it is missing: the trigger fails",
            "write the lag that one replica may have, such as threshold: \"50000\"",
        )),
        Some(threshold) => trigger::above_zero(threshold, &at("threshold"), found),
    }
    if expression::has(query, &["sum"]) {
        found.push(Finding::warning(
            &at("query"),
            "sum counts each group twice as soon as two exporters run",
            "write max(...)",
        ));
    }
    if !query.contains(names::CONSUMER_GROUP) {
        found.push(Finding::warning(
            &at("query"),
            "it names no group: the lag of all groups counts",
            format!("write max({}{{consumer_group=\"NAME\"}})", names::LAG),
        ));
    }
    adapter::calculated(query, &at("query"), found);
}
