//! As monitoring plugins write: one status line, performance data, long text.

use lag_core::{Language, Severity};
use std::{
    collections::BTreeSet,
    fmt::{Display, Write as _},
};

use super::number;
use crate::commands::check::{
    result::{CheckResult, Line},
    words::{Say, describe, number_of},
};

/// What begins every status line.
const SERVICE: &str = "KAFKA LAG";

/// Groups named in the status line; the long text has all that are not well.
const NAMED: usize = 3;

/// The whole output.
pub(crate) fn render(
    result: &CheckResult,
    language: Language,
    all_perfdata: bool,
    explain: bool,
) -> String {
    let mut text = format!(
        "{SERVICE} {} - {}{}\n",
        result.severity.as_str(),
        summary(result, language),
        perfdata(result, all_perfdata)
    );
    for problem in &result.problems {
        let _ = writeln!(
            text,
            "{}: {}",
            problem.severity.as_str(),
            clean(&problem.text)
        );
    }
    for line in &result.lines {
        let is_news = !line.effects.is_empty() || line.group.verdict.as_str() != "ok";
        if explain || line.severity != Severity::Ok || is_news {
            let _ = writeln!(text, "{}", clean(&long(line, result, language, explain)));
        }
    }
    text
}

/// The status line of a check that could not be made.
pub(crate) fn unknown(problem: &str) -> String {
    format!(
        "{SERVICE} {} - {}\n",
        Severity::Unknown.as_str(),
        clean(problem)
    )
}

/// One group in the long text.
pub(crate) fn long(line: &Line, result: &CheckResult, language: Language, explain: bool) -> String {
    let mut text = format!(
        "{}: {}: {}",
        line.severity.as_str(),
        name(line),
        describe(line, result, language)
    );
    if explain {
        let recover = number::lag(line.group.threshold.recover_at());
        let say = Say(language);
        let workload = line.group.workload.as_deref();
        let workload = workload.unwrap_or(say.pick("no workload is mapped", "未映射工作负载"));
        let recover = say.choose(
            format!("recovers at {recover}"),
            format!("恢复阈值 {recover}"),
        );
        let _ = write!(text, " [{workload}, {recover}]");
    }
    text
}

fn summary(result: &CheckResult, language: Language) -> String {
    let say = Say(language);
    let [well, warning, critical, unknown] = result.counts();
    let mut parts = Vec::new();
    let named = result
        .lines
        .iter()
        .filter(|line| line.severity != Severity::Ok);
    for line in named.take(NAMED) {
        parts.push(format!("{} {}", name(line), number_of(line, result, say)));
    }
    let more = (warning + critical + unknown).saturating_sub(NAMED);
    if more > 0 {
        parts.push(say.choose(format!("{more} more"), format!("另有 {more} 个")));
    }
    if let Some(problem) = result.problems.first() {
        parts.push(shortened(&problem.text));
        let more = result.problems.len() - 1;
        if more > 0 {
            parts.push(say.choose(
                format!("{more} more problems"),
                format!("另有 {more} 个问题"),
            ));
        }
    }
    if !result.lines.is_empty() {
        parts.push(say.choose(format!("{well} ok"), format!("{well} 个正常")));
    }
    clean(&parts.join(", "))
}

/// The beginning of a text that stands whole below.
fn shortened(text: &str) -> String {
    const MOST: usize = 120;
    match text.char_indices().nth(MOST) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}...", text[..end].trim_end()),
    }
}

fn name(line: &Line) -> String {
    format!("{}/{}", line.key().instance, line.key().group)
}

/// No `|` and no line break may stand inside a text.
fn clean(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '|' => '/',
            c if c.is_control() => ' ',
            c => c,
        })
        .collect()
}

/// Sum, age of the oldest number, and a gauge for each group; only groups that are not well unless all are wanted. Lag is a
/// gauge and has no unit; an absent number has no entry.
fn perfdata(result: &CheckResult, all: bool) -> String {
    let mut text = String::new();
    let mut labels = BTreeSet::new();
    for line in &result.lines {
        let Some(sample) = line.sample() else {
            continue;
        };
        if all || line.severity != Severity::Ok {
            let label = unique(&mut labels, &name(line));
            let warning = result.limits.warning.as_ref();
            let warning = warning.map_or(String::new(), ToString::to_string);
            let critical = result.limits.critical.as_ref().map_or_else(
                || plain(line.group.threshold.breach_above().as_f64()),
                ToString::to_string,
            );
            let lag = plain(sample.lag.as_f64());
            let _ = write!(text, " '{label}'={lag};{warning};{critical};0;");
        }
    }
    let samples: Vec<_> = result.lines.iter().filter_map(Line::sample).collect();
    if !samples.is_empty() {
        let sum: f64 = samples.iter().map(|sample| sample.lag.as_f64()).sum();
        let oldest = samples.iter().map(|sample| sample.age(result.now)).max();
        let oldest = oldest.unwrap_or_default().as_secs();
        let _ = write!(text, " 'sum'={};;;0; 'oldest'={oldest}s;;;0;", plain(sum));
    }
    // A cloud that did not answer has no number of groups.
    if !result.lines.is_empty() {
        let groups = result.lines.len();
        let unknown = result
            .lines
            .iter()
            .filter(|line| line.sample().is_none())
            .count();
        let _ = write!(
            text,
            " 'groups'={groups};;;0; 'groups_unknown'={unknown};;;0;"
        );
    }
    if text.is_empty() {
        return text;
    }
    format!(" |{text}")
}

/// `150000`, `12.5`: a point, no grouping, no exponent.
fn plain(value: impl Display) -> String {
    value.to_string()
}

/// A label without the characters that end it, told apart from the ones before.
fn unique(taken: &mut BTreeSet<String>, name: &str) -> String {
    let bare: String = clean(name)
        .chars()
        .map(|c| if matches!(c, '\'' | '=') { '_' } else { c })
        .collect();
    let mut label = bare.clone();
    let mut number = 2;
    while !taken.insert(label.clone()) {
        label = format!("{bare}#{number}");
        number += 1;
    }
    label
}
