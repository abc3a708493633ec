//! Which series an external metric takes.

use lag_core::names;
use serde_json::{Map, Value};

use super::{
    finding::Finding,
    look::{list, text},
};
use lag_core::{alias, is_label_value};

/// Names under which all groups are found.
const SHARED: [&str; 4] = [
    names::LAG,
    names::TOPIC_LAG,
    names::RECOMMENDED,
    "kafka_consumer_lag",
];

pub(super) fn lint(selector: Option<&Value>, name: &str, path: &str, found: &mut Vec<Finding>) {
    let is_shared = SHARED.contains(&name);
    let instead = "write selector: {matchLabels: {consumer_group: NAME}}";
    let Some(selector) = selector.filter(|selector| !is_empty(selector)) else {
        found.push(if is_shared {
            Finding::error(path, format!("without it the HPA adds up {name} of all groups"), instead)
        } else {
            Finding::warning(
                path,
                format!("without it all series called {name} are added up: right only while a rule makes that name for one group"),
                format!("let one rule serve all groups as {}, and {instead}", names::LAG),
            )
        });
        return;
    };
    let mut by_group = false;
    // Labels without matchLabels around them are refused for that.
    by_group |= selector
        .as_object()
        .is_some_and(|keys| keys.keys().any(|key| is_group(key)));
    if let Some(labels) = selector.get("matchLabels").and_then(Value::as_object) {
        for (key, value) in labels {
            by_group |= is_group(key);
            label(key, value, &format!("{path}.matchLabels.{key}"), found);
        }
    }
    for (index, expression) in list(selector, "/matchExpressions").iter().enumerate() {
        let path = format!("{path}.matchExpressions[{index}]");
        let key = text(expression, "/key").unwrap_or_default();
        let values = list(expression, "/values");
        for (at, value) in values.iter().enumerate() {
            label(key, value, &format!("{path}.values[{at}]"), found);
        }
        if is_group(key) {
            by_group = true;
            if text(expression, "/operator") == Some("DoesNotExist") {
                found.push(Finding::error(
                    &path,
                    "every lag has a consumer group: nothing is found, and the answer is 404",
                    format!("{instead} in place of it"),
                ));
            } else if text(expression, "/operator") != Some("In") || values.len() != 1 {
                found.push(Finding::warning(
                    &path,
                    "the lags of all groups that it fits are added up",
                    "name one group, and list further ones as metrics of their own: the largest proposal counts",
                ));
            }
        }
    }
    if is_shared && !by_group {
        found.push(Finding::error(
            path,
            format!("it names no group: the HPA adds up {name} of all groups that it fits"),
            "add consumer_group to matchLabels",
        ));
    }
}

fn is_group(key: &str) -> bool {
    key == names::CONSUMER_GROUP || key.strip_suffix("_alias") == Some(names::CONSUMER_GROUP)
}

fn is_empty(selector: &Value) -> bool {
    let has = |key: &str| match selector.get(key) {
        Some(Value::Object(map)) => !map.is_empty(),
        Some(Value::Array(list)) => !list.is_empty(),
        _ => false,
    };
    let bare = |keys: &Map<String, Value>| keys.keys().any(|key| is_group(key));
    !has("matchLabels") && !has("matchExpressions") && !selector.as_object().is_some_and(bare)
}

fn label(key: &str, value: &Value, path: &str, found: &mut Vec<Finding>) {
    let Some(text) = value.as_str() else {
        found.push(Finding::error(
            path,
            format!("{value} is not text: the manifest is refused"),
            format!("put it into quotes: \"{value}\""),
        ));
        return;
    };
    if !is_label_value(text) {
        let instead = match alias(text).filter(|_| key == names::CONSUMER_GROUP) {
            Some(alias) => format!(
                "write {}_alias: {alias}, which kafka-lag-exporter gives such groups",
                names::CONSUMER_GROUP
            ),
            None => {
                "write at most 63 of A-Z a-z 0-9 . _ -, a letter or digit at both ends".to_owned()
            }
        };
        found.push(Finding::error(
            path,
            format!("{text:?} cannot be the value of a label: the selector is refused"),
            instead,
        ));
    }
}
