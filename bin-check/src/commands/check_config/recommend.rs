//! The rules for recommended replicas, in words.

use jiff::SignedDuration;
use lag_core::{
    Matcher, PromDuration,
    recommend::{DrainPolicy, Policy, RecommendBook, RecommendRule, StepPolicy},
};
use std::fmt::Write as _;

use crate::output::number;

/// One line for each rule; nothing when there are none.
pub(super) fn describe(book: &RecommendBook) -> String {
    if book.rules.is_empty() {
        return String::new();
    }
    let mut text = "recommended replicas (the first rule that fits a group counts)\n".to_owned();
    for rule in &book.rules {
        let _ = writeln!(text, "  {}", line(rule));
    }
    text.push('\n');
    text
}

fn line(rule: &RecommendRule) -> String {
    let mut text = patterns(&rule.groups);
    if !rule.instances.is_empty() {
        let _ = write!(text, " of {}", patterns(&rule.instances));
    }
    text += " -> ";
    text += &match &rule.policy {
        Policy::Steps(policy) => steps(policy),
        Policy::Drain(policy) => drain(policy),
    };
    if let Some(workload) = &rule.workload {
        let _ = write!(text, "; replicas of {workload}");
    }
    text
}

fn steps(policy: &StepPolicy) -> String {
    let mut text = format!("steps: base {}", policy.base());
    for step in policy.steps() {
        let _ = write!(text, ", above {} +{}", number::lag(step.above), step.add);
    }
    let _ = write!(text, ", back at {}", number::lag(policy.back_at()));
    if !policy.sustained_for().is_zero() {
        let _ = write!(text, ", above for {}", span(policy.sustained_for()));
    }
    let _ = write!(text, ", at most {}", policy.limits().max());
    text
}

fn drain(policy: &DrainPolicy) -> String {
    let (rules, limits) = (policy.rules(), policy.limits());
    format!(
        "drain: within {} at {} a second and replica, {} to {} replicas, calm at {}",
        span(rules.within),
        rules.per_replica_per_second,
        limits.min(),
        limits.max(),
        number::lag(rules.calm_at)
    )
}

fn span(duration: SignedDuration) -> String {
    PromDuration::from(duration.unsigned_abs()).to_string()
}

fn patterns(list: &[Matcher]) -> String {
    let list: Vec<_> = list.iter().map(ToString::to_string).collect();
    list.join(", ")
}
