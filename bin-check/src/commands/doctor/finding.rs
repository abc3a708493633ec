//! What a step of the examination found, and how that is told.

use serde::Serialize;
use std::fmt::Write as _;

use crate::output::{json, table::visible};

/// The steps, in the order in which one depends on the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Step {
    Configuration,
    Credentials,
    Dns,
    Connection,
    Clock,
    Authentication,
    Permission,
    Answer,
    Instances,
    Metric,
    Data,
    Expected,
    Budget,
}

impl Step {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Credentials => "credentials",
            Self::Dns => "dns",
            Self::Connection => "connection",
            Self::Clock => "clock",
            Self::Authentication => "authentication",
            Self::Permission => "permission",
            Self::Answer => "answer",
            Self::Instances => "instances",
            Self::Metric => "metric",
            Self::Data => "data",
            Self::Expected => "expected",
            Self::Budget => "budget",
        }
    }
}

/// How a step went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    Ok,
    /// Lag is read all the same.
    Warn,
    Failed,
    /// Could not be judged, for a reason that is told.
    Skipped,
}

impl Verdict {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// What one step found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub(super) step: Step,
    /// The source it is about; none for the whole configuration.
    pub(super) source: Option<String>,
    pub(super) verdict: Verdict,
    pub(super) found: String,
    pub(super) advice: Option<String>,
}

impl Finding {
    fn new(step: Step, verdict: Verdict, found: impl Into<String>, advice: Option<String>) -> Self {
        Self {
            step,
            source: None,
            verdict,
            found: found.into(),
            advice,
        }
    }

    pub(super) fn ok(step: Step, found: impl Into<String>) -> Self {
        Self::new(step, Verdict::Ok, found, None)
    }

    pub(super) fn skipped(step: Step, because: impl Into<String>) -> Self {
        Self::new(step, Verdict::Skipped, because, None)
    }

    pub(super) fn warn(step: Step, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(step, Verdict::Warn, found, Some(advice.into()))
    }

    pub(super) fn failed(step: Step, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(step, Verdict::Failed, found, Some(advice.into()))
    }
}

/// The first failure: later ones often follow from it.
pub(super) fn first_cause(findings: &[Finding]) -> Option<&Finding> {
    findings
        .iter()
        .find(|finding| finding.verdict == Verdict::Failed)
}

/// One line for each finding, its advice below it, and a last line with the first cause. Without a failure it tells
/// whether there is a fresh number.
pub(super) fn text(findings: &[Finding], has_fresh: bool) -> String {
    let mut text = String::new();
    let mut source = None;
    for finding in findings {
        if finding.source != source {
            source.clone_from(&finding.source);
            if let Some(name) = &source {
                let _ = writeln!(text, "source {}", visible(name.into()));
            }
        }
        let (verdict, step) = (finding.verdict.as_str(), finding.step.as_str());
        let _ = writeln!(
            text,
            "{verdict:<8} {step:<15} {}",
            visible((&finding.found).into())
        );
        if let Some(advice) = &finding.advice {
            let _ = writeln!(text, "{:<24} -> {}", "", visible(advice.into()));
        }
    }
    let last = match (
        first_cause(findings),
        findings.iter().any(|f| f.verdict == Verdict::Warn),
    ) {
        (Some(cause), _) => format!(
            "first cause: {}{}: {} -> {}",
            whose(cause, findings),
            cause.step.as_str(),
            visible((&cause.found).into()),
            visible(cause.advice.as_deref().unwrap_or("see above").into()),
        ),
        (None, _) if !has_fresh => {
            "no failure found, but there is no fresh number: see the warnings above".to_owned()
        }
        (None, true) => "no failure: lag can be read; see the warnings above".to_owned(),
        (None, false) => "no failure: lag can be read".to_owned(),
    };
    text + "\n" + &last + "\n"
}

/// The source of a finding, when there are several.
fn whose(finding: &Finding, findings: &[Finding]) -> String {
    let is_another = |other: &Finding| other.source.is_some() && other.source != finding.source;
    match &finding.source {
        Some(name) if findings.iter().any(is_another) => {
            format!("source {}: ", visible(name.into()))
        }
        _ => String::new(),
    }
}

/// The same for programs.
pub(super) fn document(findings: &[Finding], has_fresh: bool) -> anyhow::Result<String> {
    #[derive(Serialize)]
    struct Document<'f> {
        ok: bool,
        first_cause: Option<&'f Finding>,
        steps: &'f [Finding],
    }
    let first_cause = first_cause(findings);
    json::pretty(&Document {
        ok: first_cause.is_none() && has_fresh,
        first_cause,
        steps: findings,
    })
}
