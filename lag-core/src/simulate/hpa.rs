//! The HPA itself, and what one value of its metric makes it propose.

use super::{Behavior, number};
use crate::{Bounds, Lag};
use std::num::NonZeroU64;

/// `spec.metrics[0].external.target`, in thousandths as the API server has it: `50000` is 50,000,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricTarget {
    /// `type: Value`: ready pods are multiplied by lag/target. A lag that stays above it drives to the maximum.
    Value(NonZeroU64),
    /// `type: AverageValue`: lag per replica.
    AverageValue(NonZeroU64),
}

/// A HorizontalPodAutoscaler with one external metric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hpa {
    /// `minReplicas` and `maxReplicas`.
    pub bounds: Bounds,
    /// What the lag is compared with.
    pub target: MetricTarget,
    /// The controller's `--horizontal-pod-autoscaler-tolerance` in thousandths, inclusive: 100 unless changed.
    pub tolerance_milli: u32,
    /// `behavior`. Without it: at most the double or 4 replicas per sync up, and never below the highest recommendation
    /// of the last 5 minutes.
    pub behavior: Option<Behavior>,
}

impl Hpa {
    /// An HPA that sets nothing else, on a cluster that sets nothing either.
    #[must_use]
    pub fn new(bounds: Bounds, target: MetricTarget) -> Self {
        Self {
            bounds,
            target,
            tolerance_milli: 100,
            behavior: None,
        }
    }

    /// Replicas that this lag asks for, before bounds and behavior; `None` if it is near enough to the target.
    pub(super) fn proposal(&self, lag: Lag, current: u32, ready: u32) -> Option<u32> {
        let usage = number::float(number::milli(lag));
        let (ratio, wanted) = match self.target {
            MetricTarget::Value(target) => {
                let ratio = usage / number::float(target.get());
                if current == 0 {
                    return Some(number::replicas(ratio.ceil()));
                }
                (ratio, ratio * f64::from(ready))
            }
            MetricTarget::AverageValue(target) => {
                let target = number::float(target.get());
                // Nothing runs: infinite or no number, so never near the target.
                (usage / (target * f64::from(current)), usage / target)
            }
        };
        (!self.tolerates(ratio)).then(|| number::replicas(wanted.ceil()))
    }

    fn tolerates(&self, ratio: f64) -> bool {
        let rules = self.behavior.as_ref();
        let up = rules.and_then(|rules| rules.scale_up.tolerance_milli);
        let down = rules.and_then(|rules| rules.scale_down.tolerance_milli);
        let part = |own: Option<u32>| f64::from(own.unwrap_or(self.tolerance_milli)) / 1000.0;
        1.0 - part(down) <= ratio && ratio <= 1.0 + part(up)
    }
}
