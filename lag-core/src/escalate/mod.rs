//! The staged reaction: state and reading in, next state and plans out. Pure; time is an argument.
//!
//! Order of a run: open (lock), collect, [`evaluate`], save, act, [`settle`], save, close. A crash before the first save
//! has done nothing; after it, what was pending is carried out by the next run, in a way that is safe to send twice.

mod begin;
mod ending;
mod evaluate;
mod gates;
mod notes;
mod policy;
mod retry;
mod scale;
mod settle;
mod state;
mod step;

pub use evaluate::{CheckRules, Evaluation, GroupVerdict, evaluate};
pub use policy::{Action, EscalationPolicy, PolicyBook, PolicyOverride, Stage};
pub use scale::{ScaleDecision, decide_scale};
pub use settle::{postpone, remember, settle};
pub use state::{
    Change, CheckState, GroupState, Pending, ResolvedScale, ScaleSubject, WorkloadState,
};
pub use step::{Hold, Verdict};

use crate::{GroupKey, LagSample, Target};
use jiff::Timestamp;

/// What is to be done for one group in this run, in this order.
#[derive(Debug, Clone, PartialEq)]
pub struct ActionPlan {
    /// The group.
    pub key: GroupKey,
    /// Other groups of the same workload whose stage wants the same in this run: it is done once for all of them.
    pub with: Vec<GroupKey>,
    /// Their workload.
    pub target: Target,
    /// Time of the sample that began the episode.
    pub episode: Timestamp,
    /// Number of the stage, from 1.
    pub stage: u32,
    /// The sample that is acted on. A retry acts on the current one.
    pub sample: LagSample,
    /// What to do: all that is pending for the group.
    pub changes: Vec<Change>,
}
