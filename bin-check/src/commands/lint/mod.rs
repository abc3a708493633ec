//! `lint`: what is wrong with manifests that scale by lag or watch it. Nothing is asked of a cluster.

mod adapter;
mod apiservice;
mod backlog;
mod behavior;
mod expression;
mod finding;
mod hpa;
mod look;
mod rules;
mod scaled_object;
mod selector;
mod together;
mod trigger;

use anyhow::Context as _;
use serde_json::Value;
use std::{fs, io::Read as _, path::Path};

use self::finding::{Count, Finding, Report};
use crate::{
    cli::{self, Code, Output, generate::LintArgs},
    kubernetes::Cluster,
    manifest, output,
};

/// What is known of the cluster.
#[derive(Debug, Clone, Copy)]
struct Setting {
    kubernetes: Cluster,
    partitions: Option<u32>,
}

pub(crate) fn run(args: &LintArgs) -> anyhow::Result<Code> {
    let setting = Setting {
        kubernetes: args.kubernetes,
        partitions: args.partitions,
    };
    let (mut documents, mut reports, mut is_unread) = (Vec::new(), Vec::new(), false);
    for path in &args.files {
        match read(path) {
            Ok(found) => {
                let (name, from) = (path.display().to_string(), reports.len());
                for (index, document) in found.into_iter().enumerate() {
                    reports.push(report(&name, index + 1, &document, setting));
                    documents.push(document);
                }
                if !reports[from..]
                    .iter()
                    .any(|report: &Report| report.examined)
                {
                    cli::complain(&format!(
                        "{name}: it has no HorizontalPodAutoscaler, ScaledObject, APIService of external metrics, PrometheusRule or rule file, \
                         and no rules of prometheus-adapter"
                    ));
                    is_unread = true;
                }
            }
            Err(error) => {
                cli::complain(&format!("{error:#}"));
                is_unread = true;
            }
        }
    }
    together::lint(&documents, &mut reports);
    for report in &mut reports {
        report.findings.sort_by_key(|finding| finding.severity);
    }
    let text = match args.output {
        Output::Text => finding::text(&reports),
        Output::Json => finding::document(&reports)?,
    };
    output::write(text.as_bytes())?;
    let count = Count::of(&reports);
    let is_wrong = is_unread || count.errors > 0 || args.strict && count.warnings > 0;
    Ok(if is_wrong { Code::Failed } else { Code::Done })
}

/// The documents of a file; the items of a List are documents of their own.
fn read(path: &Path) -> anyhow::Result<Vec<Value>> {
    let name = path.display().to_string();
    let mut text = String::new();
    if name == "-" {
        let read = std::io::stdin().read_to_string(&mut text);
        read.context("stdin cannot be read")?;
    } else {
        text = fs::read_to_string(path).with_context(|| format!("{name} cannot be read"))?;
    }
    if text.trim_start().starts_with("ALERT ") {
        anyhow::bail!(
            "{name} has rules in the syntax of Prometheus 1, which no later one reads: write them as YAML, groups: [{{name: ..., rules: [...]}}]"
        );
    }
    let documents = manifest::documents(&name, &text)?;
    let is_list = |document: &Value| {
        let kind = look::text(document, "/kind");
        kind.is_some_and(|kind| kind.ends_with("List")) && document.get("items").is_some()
    };
    Ok(documents
        .into_iter()
        .flat_map(|document| {
            if is_list(&document) {
                look::list(&document, "/items").to_vec()
            } else {
                vec![document]
            }
        })
        .collect())
}

fn report(file: &str, number: usize, document: &Value, setting: Setting) -> Report {
    let findings = examine(document, setting);
    let object = match look::text(document, "/kind") {
        Some(kind) => format!("{kind} {}", look::name(document)),
        None if adapter::is_it(document) => "rules of prometheus-adapter".to_owned(),
        None if rules::is_it(document) => "rules of Prometheus".to_owned(),
        None => "no kind that is known".to_owned(),
    };
    Report {
        file: file.to_owned(),
        document: number,
        object,
        examined: findings.is_some(),
        findings: findings.unwrap_or_default(),
    }
}

/// What is wrong with a document; `None` when it is of no kind that is looked at.
fn examine(document: &Value, setting: Setting) -> Option<Vec<Finding>> {
    match look::text(document, "/kind") {
        Some("HorizontalPodAutoscaler") => Some(hpa::lint(document, setting)),
        Some("ScaledObject") => Some(scaled_object::lint(document, setting)),
        Some("ConfigMap") => config_map(document, setting),
        _ if apiservice::is_it(document) => Some(apiservice::lint(document)),
        _ if adapter::is_it(document) => Some(adapter::lint(document)),
        _ if rules::is_it(document) => Some(rules::lint(document)),
        _ => None,
    }
}

/// The documents inside of a ConfigMap, with the way to each.
fn inside(document: &Value) -> Vec<(String, Value)> {
    let data = document.get("data").and_then(Value::as_object);
    let texts = data
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((key, value.as_str()?)));
    texts
        .flat_map(|(key, text)| {
            let found = manifest::documents(key, text).unwrap_or_default();
            found
                .into_iter()
                .map(move |inner| (format!("data[{key}]: "), inner))
        })
        .filter(|(_, inner)| inner.get("kind").is_none())
        .collect()
}

/// What is wrong with what a ConfigMap holds.
fn config_map(document: &Value, setting: Setting) -> Option<Vec<Finding>> {
    let mut all = None;
    for (way, inner) in inside(document) {
        if let Some(found) = examine(&inner, setting) {
            let found = found.into_iter().map(|finding| finding.inside(&way));
            all.get_or_insert_with(Vec::new).extend(found);
        }
    }
    all
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
