//! For the textfile collector of the node exporter: written whole, under another name, then renamed.

use anyhow::Context as _;
use jiff::Timestamp;
use lag_core::{Severity, escalate::Verdict, names};
use std::{
    fmt::Write as _,
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
};

use crate::commands::check::{
    hands::Mode,
    result::{CheckResult, Line},
};

/// The exposition. `last_success` is that of the file before, for a run that was none.
pub(crate) fn render(result: &CheckResult, last_success: Option<i64>) -> String {
    let mut text = String::new();
    let fresh = |value: &dyn Fn(&Line) -> Option<String>| -> Vec<(String, String)> {
        let lines = result.lines.iter();
        lines
            .filter_map(|line| Some((labels(line), value(line)?)))
            .collect()
    };
    family(
        &mut text,
        names::LAG,
        "Messages not yet consumed, over all topics of the group (CloudMonitor acs_kafka, read by kafka-lag check).",
        &fresh(&|line| line.sample().map(|sample| sample.lag.as_f64().to_string())),
    );
    family(
        &mut text,
        names::LAG_TIMESTAMP,
        "Unix time of the point behind the lag.",
        &fresh(&|line| {
            line.sample()
                .map(|sample| sample.at.as_second().to_string())
        }),
    );
    family(
        &mut text,
        names::LAG_THRESHOLD,
        "Lag above which the group is in breach.",
        &fresh(&|line| Some(line.group.threshold.breach_above().as_f64().to_string())),
    );
    family(
        &mut text,
        names::CHECK_STAGE,
        "Stages taken in the open episode of the group.",
        &fresh(&|line| stage(&line.group.verdict, result.mode).map(|stage| stage.to_string())),
    );
    let alone = |value: String| vec![(String::new(), value)];
    family(
        &mut text,
        names::CHECK_STATUS,
        "State of the last check: 0 ok, 1 warning, 2 critical, 3 unknown.",
        &alone(result.severity.code().to_string()),
    );
    let now = result.now.as_second();
    family(
        &mut text,
        names::CHECK_LAST_RUN,
        "Unix time of the last check.",
        &alone(now.to_string()),
    );
    let success = if result.run == Severity::Ok {
        Some(now)
    } else {
        last_success
    };
    if let Some(success) = success {
        family(
            &mut text,
            names::CHECK_LAST_SUCCESS,
            "Unix time of the last check that read every instance and did all it had to do.",
            &alone(success.to_string()),
        );
    }
    text
}

/// Stages taken in an open episode; one that would only begin is not taken.
pub(crate) fn stage(verdict: &Verdict, mode: Mode) -> Option<u32> {
    match verdict {
        Verdict::Escalated { stage, .. } if mode != Mode::Act => {
            Some(stage.saturating_sub(1)).filter(|stage| *stage > 0)
        }
        Verdict::Ok(_) | Verdict::Recovered { .. } => None,
        Verdict::Escalated { stage, .. }
        | Verdict::Retried { stage, .. }
        | Verdict::Held { stage, .. }
        | Verdict::Exhausted { stage, .. } => Some(*stage),
        Verdict::Unknown { stage, .. } => *stage,
    }
}

fn labels(line: &Line) -> String {
    let escaped = |text: &str| {
        text.replace('\\', r"\\")
            .replace('"', "\\\"")
            .replace('\n', r"\n")
    };
    format!(
        "{{{}=\"{}\",{}=\"{}\"}}",
        names::INSTANCE_ID,
        escaped(line.key().instance.as_str()),
        names::CONSUMER_GROUP,
        escaped(line.key().group.as_str())
    )
}

fn family(text: &mut String, name: &str, help: &str, samples: &[(String, String)]) {
    if samples.is_empty() {
        return;
    }
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
    for (labels, value) in samples {
        let _ = writeln!(text, "{name}{labels} {value}");
    }
}

/// Replaces the file; a reader sees the old one or the new one. Readable by everybody, as the collector is another user.
pub(crate) fn replace(path: &Path, result: &CheckResult) -> anyhow::Result<()> {
    let before = fs::read_to_string(path).unwrap_or_default();
    let last = before.lines().find_map(|line| {
        let value = line.strip_prefix(names::CHECK_LAST_SUCCESS)?;
        value.trim().parse().ok()
    });
    let last = last.filter(|second| Timestamp::from_second(*second).is_ok());
    let text = render(result, last);
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.tmp", std::process::id()));
    let beside = PathBuf::from(beside);
    let written = (|| {
        let mut file = File::create(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, path)
    })();
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written.with_context(|| format!("--output-file {} cannot be written", path.display()))
}
