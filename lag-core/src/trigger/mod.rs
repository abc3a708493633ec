//! What a trigger of KEDA asks for, and what it may be told. Pure, no clock.
//!
//! A trigger is the `metadata` of a ScaledObject's trigger: texts under names in camelCase. It asks for two things: a
//! number, which an HPA divides by the target, and whether a workload at zero replicas is wanted. Both come from a fresh
//! sample alone; without one there is a [`NoNumber`], which the asker must not take for a zero or a no.

mod answer;
mod invalid;
mod name;
mod parse;
mod sustain;

pub use answer::{NoNumber, NoNumberKind};
pub use invalid::InvalidTrigger;
pub use sustain::Sustained;

use crate::{GroupName, InstanceId, Lag, TopicName};
use jiff::SignedDuration;

/// A trigger, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Trigger {
    /// `None`: the only instance that is watched.
    instance: Option<InstanceId>,
    group: GroupName,
    topic: Option<TopicName>,
    wanted: Wanted,
    activation: Lag,
    sustained_for: SignedDuration,
    max_age: Option<SignedDuration>,
    metric_name: String,
}

/// Which number is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Wanted {
    /// The lag itself, and how much of it one replica may have.
    Lag { per_replica: f64 },
    /// The number of replicas a policy recommends.
    Replicas,
}

impl Trigger {
    /// Name of its metric: stable, and safe in a URL. Compare without regard to case: not every API keeps it.
    #[must_use]
    pub fn metric_name(&self) -> &str {
        &self.metric_name
    }

    /// What an HPA divides the number by with `AverageValue`: at least 0.001.
    #[must_use]
    pub fn target(&self) -> f64 {
        match self.wanted {
            Wanted::Lag { per_replica } => per_replica,
            Wanted::Replicas => 1.0,
        }
    }

    /// Above this lag a workload at zero replicas is wanted.
    #[must_use]
    pub fn activation(&self) -> Lag {
        self.activation
    }

    /// For so long, by the time of samples, the lag must have been above that. Zero: one sample is enough.
    #[must_use]
    pub fn sustained_for(&self) -> SignedDuration {
        self.sustained_for
    }
}
