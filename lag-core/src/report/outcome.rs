//! What came of a change.

use super::{Language, chinese, english, markup::visible, steps::Tense};
use jiff::Timestamp;

/// What came of one change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Stage that wanted it.
    pub stage: u32,
    /// When, by the clock of the run.
    pub at: Timestamp,
    /// The workload, shown as `namespace/Kind/name`.
    pub workload: String,
    /// What came of it.
    pub effect: Effect,
}

/// What came of one change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// A restart was begun.
    Restarted,
    /// It was begun by an earlier run, or together with another group of the same workload.
    AlreadyRestarted,
    /// Pods were evicted one by one.
    Evicted {
        /// How many.
        pods: u32,
    },
    /// The number of replicas was changed.
    Scaled {
        /// Before.
        from: u32,
        /// After.
        to: u32,
    },
    /// The autoscaler's minimum was changed.
    MinimumChanged {
        /// For example `HorizontalPodAutoscaler/cust`.
        autoscaler: String,
        /// Before.
        from: u32,
        /// After.
        to: u32,
    },
    /// The wanted number was there already.
    AlreadyScaled {
        /// The number found.
        at: u32,
    },
    /// It was not done, for a good reason.
    Refused(Refusal),
    /// It did not work.
    Failed {
        /// What was being done and what went wrong, for people; free of secrets.
        reason: String,
        /// Whether it is given up.
        last: bool,
    },
}

impl Effect {
    /// Whether something is different afterwards, or was made so by an earlier run.
    #[must_use]
    pub fn worked(&self) -> bool {
        match self {
            Self::Restarted
            | Self::AlreadyRestarted
            | Self::Evicted { .. }
            | Self::Scaled { .. }
            | Self::MinimumChanged { .. }
            | Self::AlreadyScaled { .. } => true,
            Self::Refused(_) | Self::Failed { .. } => false,
        }
    }

    /// The effect in plain words, for example `scaled from 2 to 4 replicas`; in one line, names as they are.
    #[must_use]
    pub fn in_words(&self, language: Language) -> String {
        match language {
            Language::English => english::effect(self, Tense::Now, &visible),
            Language::Chinese => chinese::effect(self, Tense::Now, &visible),
        }
    }
}

/// Why a change was not made although it could have been tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// No workload is mapped to the group.
    NoTarget,
    /// The Deployment is paused: a restart would wait until it is resumed.
    Paused,
    /// A rollout is still going on. Tried again by the next run.
    RollingOut,
    /// The update strategy is OnDelete: a changed template restarts nothing.
    OnDelete,
    /// The kind cannot be restarted, or has no number of replicas.
    Kind(String),
    /// Something else owns the number of replicas.
    Autoscaled {
        /// For example `HorizontalPodAutoscaler/cust`.
        by: String,
    },
    /// It has as many replicas as it may have.
    AtMaximum {
        /// The number.
        at: u32,
    },
    /// It has as many replicas as the topic has partitions.
    AtPartitions {
        /// The number.
        at: u32,
    },
    /// It was scaled to zero by somebody.
    AtZero,
    /// A PodDisruptionBudget does not allow an eviction now. Tried again by the next run.
    Disruption,
    /// Somebody else has changed the number since, so it is not taken back.
    ChangedSince {
        /// The number found.
        at: u32,
    },
    /// Replicas grew and lag rises all the same.
    Stuck,
    /// The workload has been changed often enough today.
    DailyCap {
        /// Changes counted today (UTC).
        changes: u32,
    },
}

impl Refusal {
    /// Whether the next run may find it otherwise.
    #[must_use]
    pub fn passes(&self) -> bool {
        matches!(self, Self::RollingOut | Self::Disruption)
    }

    /// The reason in plain words, for example `somebody scaled it to zero`; in one line, names as they are.
    #[must_use]
    pub fn in_words(&self, language: Language) -> String {
        match language {
            Language::English => english::refusal(self, Tense::Now, &visible),
            Language::Chinese => chinese::refusal(self, Tense::Now, &visible),
        }
    }
}
