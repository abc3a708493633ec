//! All groups: state and board in; next state, plans and verdicts out.

use super::{ActionPlan, CheckState, PolicyBook, Verdict};
use crate::{Board, GroupKey, MappingError, Opinion, TargetMap, Threshold};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

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

/// Works out what to do. Only totals of groups count (`topic` is `None`). Same arguments, same result.
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
    let _ = (rules, state, board, opinions, now);
    unimplemented!("helper escalate")
}
