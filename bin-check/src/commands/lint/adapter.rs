//! Rules of prometheus-adapter: its own configuration, and values of its Helm chart.

use lag_core::names;
use serde_json::Value;

use super::{
    expression::{self, has_lag},
    finding::Finding,
    look::{list, text},
};

/// Whether a document holds such rules.
pub(super) fn is_it(document: &Value) -> bool {
    let rules = rules_of(document);
    document.get("externalRules").is_some()
        || list(document, "/rules")
            .iter()
            .any(|rule| rule.get("seriesQuery").is_some())
        || rules.is_some_and(|rules| {
            ["external", "custom", "default", "existing", "resource"]
                .iter()
                .any(|key| rules.get(key).is_some())
        })
}

/// `rules` of Helm values.
fn rules_of(document: &Value) -> Option<&Value> {
    document.get("rules").filter(|rules| rules.is_object())
}

pub(super) fn lint(document: &Value) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut lags = 0;
    for (pointer, path, is_external) in [
        ("/externalRules", "externalRules", true),
        ("/rules/external", "rules.external", true),
        ("/rules", "rules", false),
        ("/rules/custom", "rules.custom", false),
    ] {
        for (index, rule) in list(document, pointer).iter().enumerate() {
            let of = |key: &str| text(rule, key).unwrap_or_default();
            if !has_lag(of("/seriesQuery")) && !has_lag(of("/metricsQuery")) {
                continue;
            }
            lags += 1;
            let path = format!("{path}[{index}]");
            if is_external {
                resources(rule, &path, &mut found);
            } else {
                found.push(Finding::error(
                    &path,
                    "rules of this list serve custom.metrics.k8s.io, whose values belong to pods and other objects: a lag belongs to none, \
                     so the answer is 404",
                    format!(
                        "move it to {} and write type: External in the HPA",
                        if pointer == "/rules" { "externalRules" } else { "rules.external" }
                    ),
                ));
            }
            series(rule, &path, &mut found);
            query(rule, is_external, &path, &mut found);
        }
    }
    if lags == 0 {
        found.push(Finding::note(
            "",
            "no rule of it is about a lag",
            "kafka-lag generate adapter-rules writes one for all groups",
        ));
    }
    found
}

/// The label `namespace` that the adapter adds.
fn resources(rule: &Value, path: &str, found: &mut Vec<Finding>) {
    let resources = rule.get("resources").unwrap_or(&Value::Null);
    if resources.get("namespaced") == Some(&Value::Bool(false)) {
        return;
    }
    if let Some(written) = resources
        .get("namespaced")
        .filter(|given| !given.is_boolean())
    {
        found.push(Finding::error(
            &format!("{path}.resources.namespaced"),
            format!(
                "{written} is neither true nor false: the adapter refuses its whole configuration"
            ),
            "write namespaced: false, without quotes",
        ));
        return;
    }
    let written = if resources.get("namespaced").is_some() {
        "namespaced: true"
    } else {
        "no namespaced: false"
    };
    let template = match text(resources, "/template") {
        Some(template) => format!(" with template {template}"),
        None => String::new(),
    };
    found.push(Finding::error(
        &format!("{path}.resources"),
        format!(
            "{written}{template}: LabelMatchers then asks for namespace=\"(that of the HPA)\", which no lag has, so nothing is found as \
             soon as metricsQuery uses it"
        ),
        "write resources: {namespaced: false}, and no template: the HPA may still be in any namespace",
    ));
}

fn series(rule: &Value, path: &str, found: &mut Vec<Finding>) {
    let series = text(rule, "/seriesQuery").unwrap_or_default();
    let at = format!("{path}.seriesQuery");
    if !has_lag(series) && !series.contains("__name__") && series.trim_start().starts_with('{')
        || series.is_empty()
    {
        found.push(Finding::error(
            &at,
            "it names no metric: every series of Prometheus that fits is looked at, and <<.Series>> can be any",
            format!("write seriesQuery: '{}{{consumer_group!=\"\"}}'", names::LAG),
        ));
    }
    if let Some(group) = expression::pinned(series, names::CONSUMER_GROUP) {
        found.push(Finding::warning(
            &at,
            format!("the rule is for the group {group} alone: each further group needs a rule of its own, and is 404 until the adapter has looked for new names, up to ten minutes"),
            "write one rule for all groups, and consumer_group in the HPA's selector",
        ));
        if let Some(name) = text(rule, "/name/as").filter(|name| *name != names::LAG) {
            found.push(Finding::warning(
                &format!("{path}.name.as"),
                format!("{name} is one name for one group"),
                format!(
                    "write as: {} for all groups: the selector of the HPA tells them apart",
                    names::LAG
                ),
            ));
        }
    }
}

fn query(rule: &Value, is_external: bool, path: &str, found: &mut Vec<Finding>) {
    let query = text(rule, "/metricsQuery").unwrap_or_default();
    let at = format!("{path}.metricsQuery");
    let tight: String = query.split_whitespace().collect();
    let whole = "write metricsQuery: 'max(<<.Series>>{<<.LabelMatchers>>}) by (instance_id, consumer_group)'";
    if tight.contains("<<.LabelSelector>>") {
        found.push(Finding::error(
            &at,
            "there is no <<.LabelSelector>>: the template fails, and the answer is an error",
            "write <<.LabelMatchers>>",
        ));
    } else if !tight.contains("<<.LabelMatchers>>") {
        found.push(Finding::error(
            &at,
            "without <<.LabelMatchers>> the HPA's selector is dropped: every HPA gets the same number",
            whole,
        ));
    }
    if expression::has(query, &["sum"]) && !expression::has(query, &["by", "without"]) {
        found.push(Finding::error(
            &at,
            "sum without by makes one number of all groups that are found, and counts each twice with two exporters",
            whole,
        ));
    } else if expression::has(query, &["sum"]) {
        found.push(Finding::warning(
            &at,
            "sum counts each group twice as soon as two exporters run",
            whole,
        ));
    }
    if expression::has(query, &["by"]) && expression::has(query, &["pod"]) {
        found.push(Finding::error(
            &at,
            "a lag has no label pod of its consumers: by (pod) puts all groups together under the exporter's pod",
            whole,
        ));
    }
    let tally = |bracket| expression::bare(query).matches(bracket).count();
    if tally('(') != tally(')') {
        found.push(Finding::error(
            &at,
            format!(
                "it has {} of ( and {} of ): Prometheus refuses the query",
                tally('('),
                tally(')')
            ),
            whole,
        ));
    }
    if is_external && tight.contains("<<.GroupBy>>") {
        found.push(Finding::error(
            &at,
            "<<.GroupBy>> is empty for external metrics: by () makes one number of all groups that are found",
            whole,
        ));
    }
    calculated(query, &at, found);
}

/// What must be done to no lag, wherever it is.
pub(super) fn calculated(expression: &str, at: &str, found: &mut Vec<Finding>) {
    if let Some(function) = expression::counter_function(expression) {
        found.push(Finding::error(
            at,
            format!("{function} is for counters, and a lag is a gauge: each fall of it is taken for a restart, and a falling lag seems to grow"),
            format!("take the lag as it is, or {} for its pace", names::LAG_CHANGE),
        ));
    }
    if expression::invents(expression) {
        found.push(Finding::error(
            at,
            "or vector(0) makes a zero of data that is missing: the backlog seems to be gone, and replicas are taken away",
            "leave it out: without a value nothing is changed",
        ));
    }
}
