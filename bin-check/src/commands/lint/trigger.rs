//! Triggers of our scaler, read as the scaler reads them.

use lag_core::trigger::{InvalidTrigger, Trigger};
use serde_json::Value;
use std::collections::BTreeMap;

use super::{finding::Finding, look::text};
use crate::nearest::nearest;

/// Keys of the scaler, each with a value that it takes: what stands in a variable cannot be known here.
const TAKEN: [(&str, &str); 9] = [
    ("instanceId", "i"),
    ("consumerGroup", "g"),
    ("topic", "t"),
    ("lagThreshold", "1"),
    ("activationLagThreshold", "0"),
    ("sustainSeconds", "60"),
    ("maxAgeSeconds", "300"),
    ("metric", "lag"),
    ("metricName", "m"),
];

fn taken(key: &str) -> Option<&'static str> {
    TAKEN
        .iter()
        .find_map(|(name, value)| (*name == key).then_some(*value))
}

pub(super) fn lint(trigger: &Value, path: &str, found: &mut Vec<Finding>) {
    let Some(metadata) = trigger.get("metadata").and_then(Value::as_object) else {
        return;
    };
    let at = |key: &str| format!("{path}.metadata.{key}");
    // What is no text is told for all triggers; here it is as if it were in quotes.
    let texts = metadata.iter().map(|(key, value)| {
        let unknown = key.strip_suffix("FromEnv").and_then(taken);
        let written = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        (key.clone(), unknown.map_or(written, str::to_owned))
    });
    for (key, error) in refusals(texts.collect()) {
        let is_unknown = matches!(error, InvalidTrigger::UnknownKey { .. });
        let error = error.to_string();
        let (happens, instead) = error.split_once(": ").unwrap_or((&error, "leave it out"));
        let meant = match nearest(&key, TAKEN.map(|(name, _)| name)).first() {
            Some(meant) if is_unknown => format!("did you mean {meant}?"),
            _ => instead.to_owned(),
        };
        found.push(Finding::error(
            &at(&key),
            format!("the scaler refuses the trigger: {happens}"),
            meant,
        ));
    }
    let address = text(trigger, "/metadata/scalerAddress").unwrap_or_default();
    let is_address = |address: &str| {
        let parts = address.rsplit_once(':');
        parts.is_some_and(|(host, port)| {
            !host.is_empty()
                && !host.contains('/')
                && port.parse::<u16>().is_ok_and(|port| port > 0)
        })
    };
    if !metadata.contains_key("scalerAddressFromEnv") && !is_address(address) {
        let happens = match address {
            "" => "it is missing: the trigger fails".to_owned(),
            address => format!("{address:?} has no port, or is no address: the trigger fails"),
        };
        found.push(Finding::error(
            &at("scalerAddress"),
            happens,
            "write HOST:PORT of --keda.listen-address",
        ));
    }
    if trigger.get("useCachedMetrics") != Some(&Value::Bool(true)) {
        found.push(Finding::note(
            &format!("{path}.useCachedMetrics"),
            "without it the scaler is asked at each look of the HPA, though the data changes once a minute",
            "write useCachedMetrics: true",
        ));
    }
}

/// Whatever the scaler would refuse, one after the other, as if what came before were mended.
fn refusals(mut texts: BTreeMap<String, String>) -> Vec<(String, InvalidTrigger)> {
    let mut found = Vec::new();
    // Each turn mends one key, so there are no more turns than keys, written and missing.
    for _ in 0..texts.len() + TAKEN.len() {
        let pairs = texts
            .iter()
            .map(|(key, text)| (key.as_str(), text.as_str()));
        let Err(error) = Trigger::parse(pairs) else {
            break;
        };
        let key = match &error {
            InvalidTrigger::UnknownKey { key } => {
                let key = texts.keys().find(|full| full.starts_with(key.as_str()));
                key.cloned()
            }
            InvalidTrigger::Twice { key } => Some(format!("{key}FromEnv")),
            InvalidTrigger::NotForReplicas { key, .. } => Some((*key).to_owned()),
            InvalidTrigger::NoGroup => Some("consumerGroup".to_owned()),
            InvalidTrigger::NoThreshold => Some("lagThreshold".to_owned()),
            InvalidTrigger::Text { key, .. } | InvalidTrigger::Number { key, .. } => {
                Some((*key).to_owned())
            }
            _ => None,
        };
        let Some(key) = key else {
            found.push((String::new(), error));
            break;
        };
        let with_variable = format!("{key}FromEnv");
        let is_wrong = !matches!(
            error,
            InvalidTrigger::UnknownKey { .. }
                | InvalidTrigger::Twice { .. }
                | InvalidTrigger::NotForReplicas { .. }
        );
        texts.remove(&key);
        texts.remove(&with_variable);
        if let (true, Some(value)) = (is_wrong, taken(&key)) {
            texts.insert(key.clone(), value.to_owned());
        }
        found.push((key, error));
    }
    found
}

/// A target that an HPA divides by.
pub(super) fn above_zero(target: &Value, path: &str, found: &mut Vec<Finding>) {
    let Some(written) = target.as_str() else {
        return;
    };
    let number = written.parse::<f64>().ok();
    if !number.is_some_and(|number| number > 0.0 && number.is_finite()) {
        found.push(Finding::error(
            path,
            format!("{written:?} is no number above 0: the trigger fails, or its HPA is refused"),
            "write the lag that one replica may have, such as \"50000\"",
        ));
    }
}
