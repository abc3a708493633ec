//! What is wrong only because of another document.

use serde_json::Value;
use std::collections::BTreeMap;

use super::{
    finding::{Finding, Report},
    look::{name, text},
    rules,
};

/// Adds what documents say together to the reports of each.
pub(super) fn lint(documents: &[Value], reports: &mut [Report]) {
    one_autoscaler(documents, reports);
    silence(documents, reports);
}

/// Kind, name and namespace of what an autoscaler scales.
fn workload(document: &Value) -> Option<(String, String, String)> {
    let kind = text(document, "/kind")?;
    if kind != "HorizontalPodAutoscaler" && kind != "ScaledObject" {
        return None;
    }
    let of = |pointer| text(document, pointer).map(str::to_owned);
    Some((
        of("/metadata/namespace").unwrap_or_default(),
        of("/spec/scaleTargetRef/kind").unwrap_or_else(|| "Deployment".to_owned()),
        of("/spec/scaleTargetRef/name")?,
    ))
}

fn one_autoscaler(documents: &[Value], reports: &mut [Report]) {
    let mut owners: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (index, document) in documents.iter().enumerate() {
        if let Some(workload) = workload(document) {
            owners.entry(workload).or_default().push(index);
        }
    }
    for ((_, kind, target), indices) in owners.iter().filter(|(_, indices)| indices.len() > 1) {
        for index in indices {
            let others: Vec<_> = indices.iter().filter(|other| *other != index).collect();
            let others: Vec<_> = others
                .into_iter()
                .map(|other| name(&documents[*other]))
                .collect();
            reports[*index].findings.push(Finding::error(
                "spec.scaleTargetRef",
                format!("{kind} {target} is scaled by {} as well: with AmbiguousSelector all of them stop", others.join(", ")),
                "write one HPA with several metrics: the largest proposal counts",
            ));
        }
    }
}

/// An alert on a lag says nothing when there is no lag.
fn silence(documents: &[Value], reports: &mut [Report]) {
    let mut lag = None;
    for (index, document) in documents.iter().enumerate() {
        let inner = match text(document, "/kind") {
            Some("ConfigMap") => super::inside(document),
            _ => vec![(String::new(), document.clone())],
        };
        for (way, inner) in inner {
            let (alert, absence) = rules::watches(&inner);
            if absence {
                return;
            }
            lag = lag.or(alert.map(|path| (index, format!("{way}{path}"))));
        }
    }
    if let Some((index, path)) = lag {
        reports[index].findings.push(Finding::note(
            &path,
            "no alert speaks when the lag is missing or old: this one is silent then, and resolves if it was firing",
            "add KafkaLagDataStale and KafkaLagExporterDown: kafka-lag generate prometheus-rules",
        ));
    }
}
