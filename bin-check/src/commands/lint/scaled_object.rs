//! ScaledObjects of KEDA.

use lag_core::names;
use serde_json::Value;

use super::{
    Setting, adapter,
    backlog::{Multiplied, TOLERANCE},
    behavior,
    expression::{self, has_lag},
    finding::Finding,
    hpa,
    look::{list, milli, text},
};
use crate::nearest::nearest;

/// Keys of our scaler.
const OURS: [&str; 9] = [
    "instanceId",
    "consumerGroup",
    "topic",
    "lagThreshold",
    "activationLagThreshold",
    "sustainSeconds",
    "maxAgeSeconds",
    "metric",
    "metricName",
];
/// Keys that KEDA keeps for itself, or passes on without reading them.
const KEDAS: [&str; 8] = [
    "scalerAddress",
    "enableTLS",
    "unsafeSsl",
    "caCert",
    "tlsClientCert",
    "tlsClientKey",
    "tlsCertFile",
    "useCachedMetrics",
];

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
    let triggers = list(document, "/spec/triggers");
    let mut lags = 0;
    for (index, one) in triggers.iter().enumerate() {
        let path = format!("spec.triggers[{index}]");
        if trigger(one, &path, &mut found) {
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
fn trigger(trigger: &Value, path: &str, found: &mut Vec<Finding>) -> bool {
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
            ours(trigger, path, found);
        }
        "prometheus" => {
            if !has_lag(of("query")) && !of("query").contains(names::RECOMMENDED) {
                return false;
            }
            prometheus(
                of("query"),
                of("ignoreNullValues"),
                has("threshold"),
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

fn ours(trigger: &Value, path: &str, found: &mut Vec<Finding>) {
    let Some(metadata) = trigger.get("metadata").and_then(Value::as_object) else {
        return;
    };
    let at = |key: &str| format!("{path}.metadata.{key}");
    for key in metadata.keys() {
        let plain = key.strip_suffix("FromEnv").unwrap_or(key);
        if OURS.contains(&plain) || KEDAS.contains(&key.as_str()) {
            continue;
        }
        let meant = match nearest(key, OURS).first() {
            Some(meant) => format!("did you mean {meant}?"),
            None => format!("the keys are {}", OURS.join(", ")),
        };
        found.push(Finding::error(
            &at(key),
            format!("kafka-lag-exporter refuses a key {key}"),
            meant,
        ));
    }
    let has =
        |key: &str| metadata.contains_key(key) || metadata.contains_key(&format!("{key}FromEnv"));
    if !has("consumerGroup") {
        found.push(Finding::error(
            &at("consumerGroup"),
            "it is missing: the scaler refuses the trigger",
            "name the group",
        ));
    }
    if !has("scalerAddress") {
        found.push(Finding::error(
            &at("scalerAddress"),
            "it is missing: the trigger fails",
            "write HOST:PORT of --keda.listen-address",
        ));
    }
    let recommended = metadata
        .get("metric")
        .is_some_and(|metric| metric == "recommendedReplicas");
    if !has("lagThreshold") && !recommended {
        found.push(Finding::error(
            &at("lagThreshold"),
            "it is missing: the scaler refuses the trigger",
            "write the lag that one replica may have, such as lagThreshold: \"50000\"",
        ));
    }
    for key in ["lagThreshold", "topic"] {
        if recommended && has(key) {
            found.push(Finding::error(
                &at(key),
                "with metric: recommendedReplicas the scaler refuses it: the number is that of the whole group, and the target is 1",
                "leave it out",
            ));
        }
    }
    for (key, least) in [("lagThreshold", 0.001), ("activationLagThreshold", 0.0)] {
        let written = metadata.get(key).and_then(Value::as_str);
        let number = written.map(str::parse::<f64>);
        if number
            .is_some_and(|number| !number.is_ok_and(|number| number >= least && number.is_finite()))
        {
            found.push(Finding::error(
                &at(key),
                format!(
                    "{:?} is no number that the scaler takes",
                    written.unwrap_or_default()
                ),
                "write a decimal number without a unit, such as \"50000\"",
            ));
        }
    }
    if trigger.get("useCachedMetrics") != Some(&Value::Bool(true)) {
        found.push(Finding::note(
            &format!("{path}.useCachedMetrics"),
            "without it the scaler is asked at each look of the HPA, though the data changes once a minute",
            "write useCachedMetrics: true",
        ));
    }
}

fn prometheus(
    query: &str,
    ignore: &str,
    has_threshold: bool,
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
    if !has_threshold {
        found.push(Finding::error(
            &at("threshold"),
            "it is missing: the trigger fails",
            "write the lag that one replica may have, such as threshold: \"50000\"",
        ));
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
