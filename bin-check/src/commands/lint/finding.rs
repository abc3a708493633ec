//! What is wrong with a document, and how that is told.

use serde::Serialize;
use std::fmt::Write as _;

use crate::{
    manifest::Wrong,
    output::{json, table::visible},
};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Severity {
    /// The cluster refuses it, or it does something else than it says.
    Error,
    /// It works until something is missing, or there is a second one of something.
    Warning,
    /// Good to know.
    Note,
}

impl Severity {
    fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub(super) severity: Severity,
    /// The field, from the root of the document: `spec.metrics[0].type`.
    pub(super) path: String,
    pub(super) happens: String,
    pub(super) instead: String,
}

impl Finding {
    fn new(
        severity: Severity,
        path: &str,
        happens: impl Into<String>,
        instead: impl Into<String>,
    ) -> Self {
        Self {
            severity,
            path: path.to_owned(),
            happens: happens.into(),
            instead: instead.into(),
        }
    }

    pub(super) fn error(
        path: &str,
        happens: impl Into<String>,
        instead: impl Into<String>,
    ) -> Self {
        Self::new(Severity::Error, path, happens, instead)
    }

    pub(super) fn warning(
        path: &str,
        happens: impl Into<String>,
        instead: impl Into<String>,
    ) -> Self {
        Self::new(Severity::Warning, path, happens, instead)
    }

    pub(super) fn note(path: &str, happens: impl Into<String>, instead: impl Into<String>) -> Self {
        Self::new(Severity::Note, path, happens, instead)
    }

    /// The same, in a document that holds the one it was found in.
    pub(super) fn inside(mut self, of: &str) -> Self {
        self.path = format!("{of}{}", self.path);
        self
    }
}

/// Adds what a reader of manifests refuses, where nothing was found wrong yet.
pub(super) fn refused(faults: &[anyhow::Error], found: &mut Vec<Finding>) {
    for wrong in faults
        .iter()
        .filter_map(|fault| fault.downcast_ref::<Wrong>())
    {
        let is_told = |finding: &Finding| {
            finding.severity == Severity::Error
                && (finding.path == wrong.path
                    || finding.path.starts_with(&format!("{}.", wrong.path)))
        };
        if !found.iter().any(is_told) {
            found.push(Finding::error(
                &wrong.path,
                &*wrong.happens,
                &*wrong.instead,
            ));
        }
    }
}

/// A document, and what was found in it.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) file: String,
    /// Counted from 1.
    pub(super) document: usize,
    /// Kind, namespace and name.
    pub(super) object: String,
    /// Whether it is of a kind that is looked at.
    pub(super) examined: bool,
    pub(super) findings: Vec<Finding>,
}

/// How many findings of each kind there are.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Count {
    pub(super) errors: usize,
    pub(super) warnings: usize,
    pub(super) notes: usize,
}

impl Count {
    pub(super) fn of(reports: &[Report]) -> Self {
        let mut count = Self::default();
        for finding in reports.iter().flat_map(|report| &report.findings) {
            match finding.severity {
                Severity::Error => count.errors += 1,
                Severity::Warning => count.warnings += 1,
                Severity::Note => count.notes += 1,
            }
        }
        count
    }
}

pub(super) fn text(reports: &[Report]) -> String {
    let mut text = String::new();
    for report in reports {
        let outcome = match (report.examined, report.findings.is_empty()) {
            (false, _) => ": not looked at",
            (true, true) => ": nothing is wrong",
            (true, false) => "",
        };
        let _ = writeln!(
            text,
            "{}, document {}: {}{outcome}",
            visible((&report.file).into()),
            report.document,
            visible((&report.object).into()),
        );
        for finding in &report.findings {
            let _ = writeln!(
                text,
                "  {:<8} {}\n           {}\n           -> {}",
                finding.severity.as_str(),
                visible((&finding.path).into()),
                visible((&finding.happens).into()),
                visible((&finding.instead).into()),
            );
        }
    }
    let Count {
        errors,
        warnings,
        notes,
    } = Count::of(reports);
    let _ = writeln!(
        text,
        "errors: {errors}, warnings: {warnings}, notes: {notes}"
    );
    text
}

pub(super) fn document(reports: &[Report]) -> anyhow::Result<String> {
    #[derive(Serialize)]
    struct Document<'r> {
        #[serde(flatten)]
        count: Count,
        documents: &'r [Report],
    }
    json::pretty(&Document {
        count: Count::of(reports),
        documents: reports,
    })
}
