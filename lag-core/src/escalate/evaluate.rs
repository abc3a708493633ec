//! All groups: state and board in; next state, plans and verdicts out.

use super::{
    ActionPlan, CheckState, PolicyBook, Verdict,
    gates::{Case, Run},
    notes::Topic,
    step::step,
};
use crate::{Board, GroupKey, MappingError, Opinion, Reading, TargetMap, Threshold};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// A change counts for its UTC day and for the gap after it; a second day is for clocks that were put back.
const KEEP_CHANGES_FOR: SignedDuration = SignedDuration::from_hours(48);

/// What a run goes by.
#[derive(Debug, Clone, Copy)]
pub struct CheckRules<'r> {
    /// How lag is answered.
    pub policies: &'r PolicyBook,
    /// What may be changed.
    pub targets: &'r TargetMap,
    /// From this age on, a number is none.
    pub max_age: SignedDuration,
    /// When set, nothing that changes anything is planned, for this reason.
    pub hands_off: Option<&'r str>,
}

/// One line of the result.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupVerdict {
    /// The group.
    pub key: GroupKey,
    /// What is said about it.
    pub verdict: Verdict,
    /// The threshold that counted for it.
    pub threshold: Threshold,
    /// Its workload, shown as `namespace/Kind/name`, if one is mapped.
    pub workload: Option<String>,
}

/// What one run comes to, before anything is done.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// To be saved before anything is done.
    pub state: CheckState,
    /// To be done, in this order.
    pub plans: Vec<ActionPlan>,
    /// Every group of the board or the state, sorted.
    pub verdicts: Vec<GroupVerdict>,
    /// Groups whose policy wants a second opinion before it goes on: ask, and evaluate again with the answers.
    pub to_confirm: Vec<GroupKey>,
}

/// Works out what to do. A second evaluation with opinions starts from the same `state` as the first. Only totals of groups count (`topic` is `None`). Same arguments, same result.
///
/// # Errors
/// [`MappingError`] when the workload of any group that was read cannot be told: then nothing is done for any.
pub fn evaluate(
    rules: CheckRules<'_>,
    state: &CheckState,
    board: &Board,
    opinions: &BTreeMap<GroupKey, Opinion>,
    now: Timestamp,
) -> Result<Evaluation, MappingError> {
    let mut readings: BTreeMap<GroupKey, (Reading, bool)> = board
        .rows(now, rules.max_age)
        .filter(|row| row.series.topic.is_none())
        .map(|row| {
            let key = GroupKey::total(row.instance.clone(), row.series.group.clone());
            (key, (row.reading, true))
        })
        .collect();
    for key in state.groups.keys() {
        readings
            .entry(key.clone())
            .or_insert_with(|| (board.read(key, now, rules.max_age), false));
    }
    let mut run = Run {
        state: without_old_changes(state, rules.policies, now),
        plans: Vec::new(),
        to_confirm: Vec::new(),
    };
    let mut verdicts = Vec::with_capacity(readings.len());
    for (key, (reading, was_read)) in readings {
        let target = match rules.targets.resolve(&key) {
            // Nothing is done for a group that is only remembered, and it must not stop the others.
            Err(_) if !was_read => None,
            target => target?,
        };
        let policy = rules.policies.of(&key);
        let case = Case {
            topic: Topic {
                key: &key,
                policy,
                now,
            },
            targets: rules.targets,
            target: target.as_ref(),
            opinion: opinions.get(&key),
            hands_off: rules.hands_off,
        };
        let prior = run.state.groups.remove(&key);
        let (next, verdict) = step(&case, &mut run, prior, &reading);
        if let Some(record) = next {
            run.state.groups.insert(key.clone(), record);
        }
        verdicts.push(GroupVerdict {
            verdict,
            threshold: policy.threshold,
            workload: target.map(|target| target.workload.to_string()),
            key,
        });
    }
    Ok(Evaluation {
        state: run.state,
        plans: run.plans,
        verdicts,
        to_confirm: run.to_confirm,
    })
}

/// The state without changes that hold nothing up any more: workloads come and go, and nobody would ever clear them away.
fn without_old_changes(state: &CheckState, policies: &PolicyBook, now: Timestamp) -> CheckState {
    let own = policies.overrides.iter().map(|entry| &entry.policy);
    let gaps = own.map(|policy| policy.min_gap);
    let longest_gap = gaps.fold(policies.common.min_gap, SignedDuration::max);
    let keep_for = longest_gap.max(KEEP_CHANGES_FOR);
    let mut state = state.clone();
    let workloads = &mut state.workloads;
    workloads.retain(|_, known| now.duration_since(known.changed_at) <= keep_for);
    state
}
