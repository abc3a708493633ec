//! What came of the plans goes back into the state.

use super::PolicyBook;
use super::{ActionPlan, Change, CheckState, ResolvedScale};
use crate::{Outcome, Refusal, Target, port::Scalable};
use jiff::Timestamp;

/// Records the outcomes of a plan's changes, in the order of the plan; fewer outcomes than changes means that the rest
/// was not tried. What worked, was refused for good or has used up its retries leaves `pending`; what people must know goes to
/// the outbox.
pub fn settle(
    state: &mut CheckState,
    policies: &PolicyBook,
    plan: &ActionPlan,
    outcomes: &[Outcome],
    now: Timestamp,
) {
    let _ = (state, policies, plan, outcomes, now);
    unimplemented!("helper escalate")
}

/// Notes the absolute number that change `index` of the plan comes to, for every group of the plan; to be saved before the
/// write, so that a repeat finds it.
pub fn remember(state: &mut CheckState, plan: &ActionPlan, index: usize, resolved: &ResolvedScale) {
    let _ = (state, plan, index, resolved);
    unimplemented!("helper escalate")
}

/// What to write, given what is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScaleDecision {
    /// Remember this, then write it.
    Write(ResolvedScale),
    /// It is so already: an earlier run, or somebody else, was here.
    Already {
        /// The number found.
        at: u32,
    },
    /// It must not be done.
    Refuse(Refusal),
}

/// Works out the absolute number for a change, never lowering what a `By(+n)` or a repeat finds raised further, and
/// taking back only what nobody else has changed since. [`Change::Restart`] is no scaling and is refused.
#[must_use]
pub fn decide_scale(change: &Change, found: &Scalable, target: &Target) -> ScaleDecision {
    let _ = (change, found, target);
    unimplemented!("helper escalate")
}
