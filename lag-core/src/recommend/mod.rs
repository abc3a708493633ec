//! How many replicas a group should have: an absolute number, worked out from its lag. Pure, no clock.
//!
//! An HPA that is given a lag as its metric multiplies: a steady lag scales up without end, or never down. Given this
//! number with `AverageValue: 1` it has nothing to work out: so many replicas it is. Two kinds of policy exist:
//! [`StepPolicy`], a ladder of lags, and [`DrainPolicy`], a time within which the lag should be gone.
//!
//! Only [`Reading::Fresh`] is followed. Without it there is no number at all, so that the publisher withdraws its series
//! and autoscalers leave the workload as it is; the [`Memory`] stays as it was, and a gap in the data changes nothing of
//! what comes after it. Time is the time of samples: a sample that is seen twice counts once.

mod book;
mod count;
mod drain;
mod invalid;
mod steps;
mod why;

pub use book::{Advice, RecommendBook, RecommendRule};
pub(crate) use book::{AdviceBoard, Said};
pub use count::{ReplicaCount, ReplicaNotes};
pub use drain::{DrainPolicy, DrainRules, Running};
pub use invalid::InvalidPolicy;
pub use steps::{Step, StepPolicy, StepRules};
pub use why::Why;

use crate::{Bounds, Lag, LagSample, Reading};
use jiff::Timestamp;

/// By which rule replicas are recommended.
#[derive(Debug, Clone, PartialEq)]
pub enum Policy {
    /// A ladder of lags.
    Steps(StepPolicy),
    /// A time to be done in.
    Drain(DrainPolicy),
}

impl Policy {
    /// The fewest and the most that are ever said.
    #[must_use]
    pub fn limits(&self) -> Bounds {
        match self {
            Self::Steps(policy) => policy.limits(),
            Self::Drain(policy) => policy.limits(),
        }
    }
}

/// What is kept of a group between two samples.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Memory {
    /// The last number, before `max` and `partitions` of a step policy cut it, so that changed limits need no memory.
    pub(crate) held: Option<u32>,
    /// Time of the newest sample.
    pub(crate) seen: Option<Timestamp>,
    /// Steps the lag is above now, by their lag, and the first sample of that run.
    pub(crate) above: Vec<(Lag, Timestamp)>,
}

impl Memory {
    /// Begins with a number known from elsewhere, such as the replicas a workload has when we start.
    #[must_use]
    pub fn starting_at(replicas: u32) -> Self {
        Self {
            held: Some(replicas),
            ..Self::default()
        }
    }

    fn is_newer_than(&self, sample: LagSample) -> bool {
        self.seen.is_some_and(|seen| seen > sample.at)
    }

    fn says(self, limits: Bounds, why: Why) -> Recommendation {
        let within = |held: u32| held.clamp(limits.min(), limits.max());
        Recommendation {
            replicas: self.held.map(within),
            memory: Some(self),
            why,
        }
    }
}

/// A number of replicas, if one may be said now, and what to remember for the next sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Recommendation {
    /// So many replicas, not so many more. `None` when nothing may be said: then publish nothing.
    pub replicas: Option<u32>,
    /// What to hand in next time. `None` only when nothing was ever known.
    pub memory: Option<Memory>,
    /// Why this number, or why none.
    pub why: Why,
}

/// What the policy says now. `running` is needed by [`Policy::Drain`] alone.
#[must_use]
pub fn recommend(
    policy: &Policy,
    memory: Option<&Memory>,
    reading: &Reading,
    running: Option<Running>,
) -> Recommendation {
    let silent = |why| Recommendation {
        replicas: None,
        memory: memory.cloned(),
        why,
    };
    match *reading {
        Reading::Fresh(sample) => {
            let memory = memory.cloned().unwrap_or_default();
            match policy {
                Policy::Steps(policy) => policy.follow(memory, sample),
                Policy::Drain(policy) => policy.follow(memory, sample, running),
            }
        }
        Reading::Stale { age, .. } => silent(Why::Stale { age }),
        Reading::Absent => silent(Why::Absent),
        Reading::Failed { since } => silent(Why::Failed { since }),
    }
}
