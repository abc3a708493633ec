//! `check -o json`: one document, null where there is no number.

use lag_core::{Effect, Language};
use serde::Serialize;

use super::{
    json::{Moment, Number},
    textfile::stage,
};
use crate::commands::check::{
    result::{CheckResult, Line},
    words::describe,
};

/// What a check knows.
#[derive(Debug, Serialize)]
pub(crate) struct Document<'r> {
    checked_at: Moment,
    status: &'static str,
    exit_code: u8,
    /// `look`, `dry-run` or `act`.
    mode: &'static str,
    problems: Vec<Problem<'r>>,
    groups: Vec<Group<'r>>,
    /// What `--dry-run` would send, block by block.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    would_send: &'r [String],
}

#[derive(Debug, Serialize)]
struct Problem<'r> {
    status: &'static str,
    message: &'r str,
}

#[derive(Debug, Serialize)]
struct Group<'r> {
    instance_id: &'r str,
    consumer_group: &'r str,
    status: &'static str,
    verdict: &'static str,
    lag: Option<Number>,
    timestamp: Option<Moment>,
    age_seconds: Option<i64>,
    breach_above: Number,
    recover_at: Number,
    stage: Option<u32>,
    workload: Option<&'r str>,
    actions: Vec<Action>,
    why: String,
}

#[derive(Debug, Serialize)]
struct Action {
    worked: bool,
    text: String,
}

impl<'r> Document<'r> {
    pub(crate) fn new(
        result: &'r CheckResult,
        language: Language,
        would_send: &'r [String],
    ) -> Self {
        let problem = |problem: &'r crate::commands::check::result::Problem| Problem {
            status: problem.severity.as_str(),
            message: &problem.text,
        };
        Self {
            checked_at: Moment(result.now),
            status: result.severity.as_str(),
            exit_code: result.severity.code(),
            mode: result.mode.as_str(),
            problems: result.problems.iter().map(problem).collect(),
            groups: result
                .lines
                .iter()
                .map(|line| Group::new(line, result, language))
                .collect(),
            would_send,
        }
    }
}

impl<'r> Group<'r> {
    fn new(line: &'r Line, result: &CheckResult, language: Language) -> Self {
        let sample = line.sample();
        let action = |effect: &Effect| Action {
            worked: effect.worked(),
            text: effect.in_words(language),
        };
        Self {
            instance_id: line.key().instance.as_str(),
            consumer_group: line.key().group.as_str(),
            status: line.severity.as_str(),
            verdict: line.group.verdict.as_str(),
            lag: sample.map(|sample| Number(sample.lag.as_f64())),
            timestamp: sample.map(|sample| Moment(sample.at)),
            age_seconds: sample.map(|sample| sample.age(result.now).as_secs()),
            breach_above: Number(line.group.threshold.breach_above().as_f64()),
            recover_at: Number(line.group.threshold.recover_at().as_f64()),
            stage: stage(&line.group.verdict, result.mode),
            workload: line.group.workload.as_deref(),
            actions: line.effects.iter().map(action).collect(),
            why: describe(line, result, language),
        }
    }
}
