//! What is remembered between runs.

use crate::{GroupKey, Lag, LagSample, Note, Outcome, Replicas, Workload};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Everything that is remembered. Groups without an episode are not in it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CheckState {
    /// Episodes, and what is left to do after one.
    pub groups: BTreeMap<GroupKey, GroupState>,
    /// Changes of workloads; they outlive episodes, or a lag that comes and goes would have no limit.
    pub workloads: BTreeMap<Workload, WorkloadState>,
    /// What people have not been told yet.
    pub outbox: Vec<Note>,
    /// Notes that were dropped because the outbox was full; told with the next message.
    pub dropped_notes: u64,
    /// When a run last saved.
    pub last_run: Option<Timestamp>,
}

/// An episode: from the first fresh sample above the threshold to recovery.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupState {
    /// Time of the sample that began it.
    pub since: Timestamp,
    /// Stages begun; 0 while the breach has not lasted long enough.
    pub stage: u32,
    /// Time of the newest sample that was counted: the same sample never counts twice.
    pub sample_at: Timestamp,
    /// Lag in that sample; not known of an episode that was taken over from the first post's program.
    pub lag: Option<Lag>,
    /// When the last stage began, by the clock of the run.
    pub stage_at: Option<Timestamp>,
    /// Changes that are decided and not known to be done.
    pub pending: Vec<Pending>,
    /// What was done in this episode, in order.
    pub done: Vec<Outcome>,
    /// When people were last told about it.
    pub told_at: Option<Timestamp>,
    /// Lag when replicas were last added: if it rises from there, more replicas do not help.
    pub lag_at_scale: Option<Lag>,
    /// Replicas that were added in this episode, in order: what a scale-back takes back.
    pub added: Vec<ResolvedScale>,
    /// Replicas grew and lag rises all the same: no more scaling in this episode.
    pub stuck: bool,
    /// People were told that the second opinion disagrees.
    pub disputed: bool,
    /// People were told that the second opinion cannot be had.
    pub unconfirmed: bool,
    /// The lag has recovered, and only a pending scale-back keeps the record.
    pub recovered: bool,
}

impl GroupState {
    pub(super) fn opened(sample: LagSample) -> Self {
        Self {
            since: sample.at,
            stage: 0,
            sample_at: sample.at,
            lag: Some(sample.lag),
            stage_at: None,
            pending: Vec::new(),
            done: Vec::new(),
            told_at: None,
            lag_at_scale: None,
            added: Vec::new(),
            stuck: false,
            disputed: false,
            unconfirmed: false,
            recovered: false,
        }
    }

    /// Counts a sample; an older one than is known counts for nothing.
    pub(super) fn saw(&mut self, sample: LagSample) {
        if sample.at >= self.sample_at {
            self.sample_at = sample.at;
            self.lag = Some(sample.lag);
        }
    }

    /// The newest sample that was counted.
    pub(super) fn sample(&self) -> Option<LagSample> {
        self.lag.map(|lag| LagSample {
            at: self.sample_at,
            lag,
            trend: None,
        })
    }

    /// Whether people know what came of the stage that began last.
    pub(super) fn has_told_stage(&self) -> bool {
        self.told_at
            .is_some_and(|told| self.stage_at.is_none_or(|began| told >= began))
    }
}

/// A change that is decided and not known to be done.
#[derive(Debug, Clone, PartialEq)]
pub struct Pending {
    /// What.
    pub change: Change,
    /// Stage that wanted it.
    pub stage: u32,
    /// Whether people are to be told of its outcome even if it works.
    pub tell: bool,
    /// Runs that have tried it, the current one included.
    pub tries: u32,
}

/// A change of a workload.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Restart. The mark is the moment of the decision, kept for every try: the same mark twice restarts once.
    Restart {
        /// By the clock of the run that decided it.
        mark: Timestamp,
    },
    /// Change the number of replicas.
    Scale {
        /// As the policy says it.
        wanted: Replicas,
        /// As it was worked out before the first write: a repeat finds it true and writes nothing.
        resolved: Option<ResolvedScale>,
    },
    /// Take back what [`Change::Scale`] has added.
    ScaleBack(ResolvedScale),
}

impl Change {
    /// Whether both are tries of the same, or the same wish of two groups; how far it has come does not matter.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Restart { .. }, Self::Restart { .. }) => true,
            (Self::Scale { wanted, .. }, Self::Scale { wanted: also, .. }) => wanted == also,
            (Self::ScaleBack(back), Self::ScaleBack(also)) => back == also,
            (Self::Restart { .. } | Self::Scale { .. } | Self::ScaleBack(_), _) => false,
        }
    }
}

/// A scaling in absolute numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedScale {
    /// Whose number it is.
    pub subject: ScaleSubject,
    /// The number before.
    pub from: u32,
    /// The number wanted.
    pub to: u32,
}

/// Whose number a scaling changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScaleSubject {
    /// The workload's `spec.replicas`.
    Replicas,
    /// `spec.minReplicas` of the HPA with this name.
    HpaMin(String),
    /// `spec.minReplicaCount` of the KEDA ScaledObject with this name.
    ScaledObjectMin(String),
}

/// Changes of one workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkloadState {
    /// Start of the last change, by the clock of the run.
    pub changed_at: Timestamp,
    /// UTC day of the count, as `2026-11-22`.
    pub day: String,
    /// Changes begun on that day.
    pub changes: u32,
}
