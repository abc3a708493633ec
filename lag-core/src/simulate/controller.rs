//! One sync of the controller.

use super::{Hpa, memory::Memory};
use crate::Lag;
use jiff::Timestamp;

/// One sync of the controller.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Point {
    /// When.
    pub at: Timestamp,
    /// The value of the metric it saw; `None` if the metric failed.
    pub lag: Option<Lag>,
    /// Replicas afterwards.
    pub replicas: u32,
    /// What the lag alone asks for, before windows, policies and bounds; `None` if it was not asked.
    pub desired: Option<u32>,
    /// What decided.
    pub why: Why,
}

/// What decided, named like the reasons in the conditions of an HPA where there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The metric failed: the replicas stay.
    FailedGetExternalMetric,
    /// Somebody scaled to 0 while the minimum is above it: the HPA does nothing until somebody scales up.
    ScalingDisabled,
    /// Near enough to the target.
    WithinTolerance,
    /// The lag's own wish.
    DesiredWithinRange,
    /// A lower recommendation is not old enough yet.
    ScaleUpStabilized,
    /// A higher recommendation is not old enough yet.
    ScaleDownStabilized,
    /// The policies allow no more for now.
    ScaleUpLimit,
    /// The policies allow no fewer for now.
    ScaleDownLimit,
    /// More than the maximum.
    TooManyReplicas,
    /// Fewer than the minimum.
    TooFewReplicas,
}

impl Why {
    /// The reason as `kubectl describe hpa` shows it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FailedGetExternalMetric => "FailedGetExternalMetric",
            Self::ScalingDisabled => "ScalingDisabled",
            Self::WithinTolerance => "WithinTolerance",
            Self::DesiredWithinRange => "DesiredWithinRange",
            Self::ScaleUpStabilized => "ScaleUpStabilized",
            Self::ScaleDownStabilized => "ScaleDownStabilized",
            Self::ScaleUpLimit => "ScaleUpLimit",
            Self::ScaleDownLimit => "ScaleDownLimit",
            Self::TooManyReplicas => "TooManyReplicas",
            Self::TooFewReplicas => "TooFewReplicas",
        }
    }
}

/// The controller of one HPA, sync by sync, for whoever lets the next lag depend on the last replicas.
#[derive(Debug)]
pub struct Controller {
    hpa: Hpa,
    memory: Memory,
    replicas: u32,
}

impl Controller {
    /// A controller that finds so many replicas.
    #[must_use]
    pub fn new(hpa: Hpa, replicas: u32) -> Self {
        Self {
            hpa,
            memory: Memory::default(),
            replicas,
        }
    }

    /// Replicas asked for now.
    #[must_use]
    pub fn replicas(&self) -> u32 {
        self.replicas
    }

    /// Somebody else has scaled the workload.
    pub fn find(&mut self, replicas: u32) {
        self.replicas = replicas;
    }

    /// One sync: what the metric says, if it says anything, and how many pods are ready. `at` never goes back.
    pub fn sync(&mut self, at: Timestamp, lag: Option<Lag>, ready: u32) -> Point {
        let before = self.replicas;
        self.memory.begin(at, before);
        let (desired, after, why) = sync(&self.hpa, &mut self.memory, at, before, lag, ready);
        if let Some(behavior) = &self.hpa.behavior
            && after != before
        {
            self.memory.changed(behavior, at, before, after);
        }
        self.replicas = after;
        Point {
            at,
            lag,
            replicas: after,
            desired,
            why,
        }
    }
}

fn sync(
    hpa: &Hpa,
    memory: &mut Memory,
    at: Timestamp,
    current: u32,
    lag: Option<Lag>,
    ready: u32,
) -> (Option<u32>, u32, Why) {
    let (min, max) = (hpa.bounds.min(), hpa.bounds.max());
    if current == 0 && min != 0 {
        return (None, 0, Why::ScalingDisabled);
    }
    if current > max {
        return (None, max, Why::TooManyReplicas);
    }
    if current < min {
        return (None, min, Why::TooFewReplicas);
    }
    let Some(lag) = lag else {
        return (None, current, Why::FailedGetExternalMetric);
    };
    let proposal = hpa.proposal(lag, current, ready);
    let desired = proposal.unwrap_or(current);
    let wish = match &hpa.behavior {
        Some(behavior) => memory.stabilize(behavior, at, current, desired),
        None => memory.stabilize_without_behavior(at, desired),
    };
    let begin = |period| memory.at_begin(at, period, current);
    let ceiling = match &hpa.behavior {
        Some(behavior) => behavior.scale_up.ceiling(current, begin),
        None => current.saturating_mul(2).max(4),
    };
    let floor = match &hpa.behavior {
        Some(behavior) => behavior.scale_down.floor(current, begin),
        None => 0,
    };
    let (after, why) = if wish > current && wish > max.min(ceiling) {
        if max > ceiling {
            (ceiling, Why::ScaleUpLimit)
        } else {
            (max, Why::TooManyReplicas)
        }
    } else if wish < current && wish < min.max(floor) {
        if min < floor {
            (floor, Why::ScaleDownLimit)
        } else {
            (min, Why::TooFewReplicas)
        }
    } else if wish < desired {
        (wish, Why::ScaleUpStabilized)
    } else if wish > desired {
        (wish, Why::ScaleDownStabilized)
    } else if proposal.is_none() {
        (wish, Why::WithinTolerance)
    } else {
        (wish, Why::DesiredWithinRange)
    };
    (Some(desired), after, why)
}
