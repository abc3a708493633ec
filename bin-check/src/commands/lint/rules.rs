//! Rules of Prometheus: a PrometheusRule, a rule file, or a part of one.

use lag_core::names;
use serde_json::Value;

use super::{
    adapter,
    expression::{self, has_lag},
    finding::Finding,
    look::{list, text},
};

/// Whether a document holds such rules.
pub(super) fn is_it(document: &Value) -> bool {
    document
        .get("kind")
        .is_some_and(|kind| kind == "PrometheusRule")
        || document.get("kind").is_none() && !groups(document).is_empty()
}

/// Groups, with the path of each.
fn groups(document: &Value) -> Vec<(String, &Value)> {
    let numbered = |path: &str, groups: &'_ [Value]| -> Vec<String> {
        (0..groups.len())
            .map(|index| format!("{path}[{index}]"))
            .collect()
    };
    for (pointer, path) in [
        ("/spec/groups", "spec.groups"),
        ("/groups", "groups"),
        ("", ""),
    ] {
        let found = list(document, pointer);
        if found.iter().any(|group| group.get("rules").is_some()) {
            return numbered(path, found).into_iter().zip(found).collect();
        }
    }
    let is_rule = |rule: &Value| rule.get("expr").is_some();
    if list(document, "/rules").iter().any(is_rule) {
        return vec![(String::new(), document)];
    }
    Vec::new()
}

/// Alerts and recordings, with the path of each.
fn rules(document: &Value) -> Vec<(String, &Value)> {
    let mut all = Vec::new();
    for (path, group) in groups(document) {
        let dot = if path.is_empty() { "" } else { "." };
        for (index, rule) in list(group, "/rules").iter().enumerate() {
            all.push((format!("{path}{dot}rules[{index}]"), rule));
        }
    }
    all
}

/// The first alert on a lag, and whether any alert speaks of data that is missing or old.
pub(super) fn watches(document: &Value) -> (Option<String>, bool) {
    let (mut lag, mut absence) = (None, false);
    for (path, rule) in rules(document) {
        let expr = text(rule, "/expr").unwrap_or_default();
        if rule.get("alert").is_none() {
            continue;
        }
        let words = expression::words(expr);
        let is_about = |word: &String| {
            word == "absent"
                || word == "absent_over_time"
                || word.ends_with("_timestamp_seconds")
                || [names::UP, names::LAG_PRESENT].contains(&word.as_str())
        };
        absence |= words.iter().any(is_about);
        if has_lag(expr) && !words.iter().any(is_about) {
            lag.get_or_insert(path);
        }
    }
    (lag, absence)
}

pub(super) fn lint(document: &Value) -> Vec<Finding> {
    let mut found = Vec::new();
    for (path, rule) in rules(document) {
        let expr = text(rule, "/expr").unwrap_or_default();
        let is_alert = rule.get("alert").is_some();
        for (label, value) in rule
            .get("labels")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            if is_alert
                && value
                    .as_str()
                    .is_some_and(|value| value.contains("$value") || value.contains(".Value"))
            {
                found.push(Finding::error(
                    &format!("{path}.labels.{label}"),
                    "the label changes with the value: each evaluation makes another alert, `for` begins anew, and it may never fire",
                    format!("move it to annotations: {label}: \"{{{{ $value }}}}\""),
                ));
            }
        }
        if !has_lag(expr) {
            continue;
        }
        if is_alert && rule.get("for").is_none() {
            found.push(Finding::warning(
                &format!("{path}.for"),
                "without it one late consumer is enough to alert",
                "write for: 2m, two points of the data",
            ));
        }
        // The sum of one number for each group is none of both exporters.
        if expression::has(expr, &["sum"]) && !expression::has(expr, &["max"]) {
            found.push(Finding::warning(
                &format!("{path}.expr"),
                "sum counts each group twice as soon as two exporters run",
                format!(
                    "write max by (instance_id, consumer_group) ({})",
                    names::LAG
                ),
            ));
        }
        adapter::calculated(expr, &format!("{path}.expr"), &mut found);
    }
    found
}
