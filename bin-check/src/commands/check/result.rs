//! What a check has come to, ready to be written in any format.

use jiff::Timestamp;
use lag_actions::Report;
use lag_core::{
    Board, Effect, GroupKey, InstanceId, LagSample, Limits, Severity,
    escalate::{Evaluation, GroupVerdict, Verdict},
};

use super::hands::Mode;

/// One group.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) group: GroupVerdict,
    pub(crate) severity: Severity,
    /// What was done for it in this run, and whether it worked.
    pub(crate) effects: Vec<Effect>,
    /// Whether something was planned for it and there was no time.
    pub(crate) untried: bool,
}

impl Line {
    pub(crate) fn key(&self) -> &GroupKey {
        &self.group.key
    }

    pub(crate) fn sample(&self) -> Option<LagSample> {
        self.group.verdict.sample()
    }
}

/// Something that is no group's: an instance that could not be read, a message that nobody has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// As it is shown.
    pub(crate) severity: Severity,
    pub(crate) text: String,
}

/// The whole.
#[derive(Debug, Clone)]
pub(crate) struct CheckResult {
    pub(crate) now: Timestamp,
    pub(crate) limits: Limits,
    /// Worst first, then by lag, then by name.
    pub(crate) lines: Vec<Line>,
    pub(crate) problems: Vec<Problem>,
    pub(crate) severity: Severity,
    /// Whether something was, or would have been, done.
    pub(crate) mode: Mode,
    /// Whether the run itself did what it had to, whatever the lag is and whatever `--on-unknown` makes of it.
    pub(crate) run: Severity,
    /// Whether the run was broken off, so that what was to begin may not have begun.
    pub(crate) broken: bool,
}

impl CheckResult {
    pub(crate) fn new(
        board: &Board,
        evaluation: &Evaluation,
        report: Option<&Report>,
        limits: Limits,
        mode: Mode,
        now: Timestamp,
    ) -> Self {
        // What was refused at once is in no plan.
        let refused = |group: &GroupVerdict| {
            let record = evaluation.state.groups.get(&group.key);
            let done = record.map_or(&[][..], |record| &record.done);
            let begun = match &group.verdict {
                Verdict::Escalated { stage, .. } => *stage,
                _ => 0,
            };
            let now = done.iter().filter(move |outcome| outcome.stage == begun);
            now.map(|outcome| outcome.effect.clone())
                .collect::<Vec<_>>()
        };
        let untried = |key: &GroupKey| {
            let plans = report.map_or(&[][..], |report| &report.untried);
            plans
                .iter()
                .any(|plan| plan.key == *key || plan.with.contains(key))
        };
        let effects = |key: &GroupKey| {
            let acted = report.map_or(&[][..], |report| &report.acted);
            let mine = acted
                .iter()
                .filter(|(plan, _)| plan.key == *key || plan.with.contains(key));
            mine.flat_map(|(_, outcomes)| outcomes.iter().map(|outcome| outcome.effect.clone()))
                .collect::<Vec<_>>()
        };
        let mut lines: Vec<_> = evaluation
            .verdicts
            .iter()
            .map(|group| {
                let mut all = refused(group);
                all.extend(effects(&group.key));
                let effects = all;
                let failed = effects
                    .iter()
                    .any(|one| matches!(one, Effect::Failed { .. }));
                let mut severity = limits.judge(group);
                if failed {
                    severity = severity.worst(Severity::Critical);
                }
                Line {
                    untried: untried(&group.key),
                    group: group.clone(),
                    severity,
                    effects,
                }
            })
            .collect();
        lines.sort_by(|a, b| {
            let lag = |line: &Line| line.sample().map_or(0.0, |sample| sample.lag.as_f64());
            rank(b.severity)
                .cmp(&rank(a.severity))
                .then(lag(b).total_cmp(&lag(a)))
                .then_with(|| a.key().cmp(b.key()))
        });
        let mut problems = unread(board, limits.on_unknown);
        if lines.is_empty() && problems.is_empty() {
            problems.push(Problem {
                severity: limits.on_unknown,
                text: "no group was found: kafka-lag doctor says why".to_owned(),
            });
        }
        for delivery in report.map_or(&[][..], |report| &report.deliveries) {
            if let Err(error) = &delivery.result {
                problems.push(Problem {
                    severity: Severity::Critical,
                    text: format!(
                        "{} not sent, the next run tries again: {error}",
                        counted(delivery.notes, "message", "messages")
                    ),
                });
            }
        }
        let run = match (report.is_some_and(Report::has_failed), problems.is_empty()) {
            (true, _) => Severity::Critical,
            (false, false) => Severity::Unknown,
            (false, true) => Severity::Ok,
        };
        let severities = lines.iter().map(|line| line.severity);
        let severities = severities.chain(problems.iter().map(|problem| problem.severity));
        Self {
            now,
            severity: severities.fold(Severity::Ok, Severity::worst),
            mode,
            limits,
            lines,
            problems,
            run,
            broken: false,
        }
    }

    /// A check that could not be made.
    pub(crate) fn unknown(problem: String, mode: Mode, now: Timestamp) -> Self {
        Self {
            now,
            limits: Limits::default(),
            lines: Vec::new(),
            problems: vec![Problem {
                severity: Severity::Unknown,
                text: problem,
            }],
            severity: Severity::Unknown,
            mode,
            run: Severity::Unknown,
            broken: false,
        }
    }

    /// Adds what went wrong besides.
    pub(crate) fn add(&mut self, severity: Severity, text: String) {
        self.severity = self.severity.worst(severity);
        self.run = self.run.worst(severity);
        self.problems.push(Problem { severity, text });
    }

    /// How many groups are in each state, in the order of [`Severity::ALL`].
    pub(crate) fn counts(&self) -> [usize; 4] {
        Severity::ALL.map(|severity| {
            let of = self.lines.iter().filter(|line| line.severity == severity);
            of.count()
        })
    }
}

/// Larger is worse.
fn rank(severity: Severity) -> usize {
    let worse_than = |other: &&Severity| severity.worst(**other) == severity && severity != **other;
    Severity::ALL.iter().filter(worse_than).count()
}

/// `1 message`, `2 messages`.
pub(crate) fn counted(number: usize, one: &str, several: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { several })
}

/// Instances that could not be read, those with the same reason together.
fn unread(board: &Board, severity: Severity) -> Vec<Problem> {
    let mut reasons: Vec<(&str, Vec<&InstanceId>)> = Vec::new();
    for (id, instance) in board.instances() {
        if let Some(failure) = &instance.last_error {
            let reason = &*failure.detail;
            match reasons.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, ids)) => ids.push(id),
                None => reasons.push((reason, vec![id])),
            }
        }
    }
    let problem = |(reason, ids): (&str, Vec<&InstanceId>)| {
        let ids: Vec<_> = ids.iter().map(|id| id.as_str()).collect();
        Problem {
            severity,
            text: format!("{} could not be read: {reason}", ids.join(", ")),
        }
    };
    reasons.into_iter().map(problem).collect()
}
