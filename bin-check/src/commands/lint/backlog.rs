//! What a target of type `Value` does to a backlog, in the user's own numbers.

use super::look::units;
use crate::output::number;

/// An autoscaler with a target of type `Value`, as far as it is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Multiplied {
    /// The target, in thousandths.
    pub(super) value: Option<i128>,
    pub(super) min: u64,
    pub(super) max: Option<u64>,
    /// How far the lag may be from the target without a change, upwards and downwards, in thousandths.
    pub(super) tolerance: (i128, i128),
}

/// What a cluster has unless it is told otherwise.
pub(super) const TOLERANCE: i128 = 100;

impl Multiplied {
    /// The largest lag that changes nothing upwards, and the largest at which the replicas come back to the minimum; in
    /// thousandths. From n replicas the controller asks for ceil(lag / value * n): fewer only when lag <= value * (n - 1) / n,
    /// which is hardest for the last step, from min + 1.
    pub(super) fn edges(self, value: i128) -> (i128, i128) {
        let (above, below) = self.tolerance;
        let up = value.saturating_mul(1000 + above) / 1000;
        let min = i128::from(self.min.max(1));
        let last_step = value.saturating_mul(min) / (min + 1);
        // At the edge of the tolerance nothing changes yet.
        let near = value.saturating_mul(1000 - below) / 1000 - 1;
        (up, last_step.min(near))
    }

    pub(super) fn words(self) -> String {
        let (Some(value), Some(max)) = (self.value.filter(|value| *value > 0), self.max) else {
            return "Value multiplies the replicas that are there at each look: a steady backlog climbs to the maximum"
                .to_owned();
        };
        let (up, down) = self.edges(value);
        format!(
            "Value multiplies the replicas that are there at each look: any steady lag above {} climbs to {}, and they are back at {} \
             only when it is {} or less",
            units(up),
            number::count(max),
            number::count(self.min.max(1)),
            units(down),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::{SignedDuration, Timestamp};
    use lag_core::{
        Bounds, Lag,
        simulate::{Behavior, Hpa, MetricTarget, SYNC_PERIOD, simulate},
    };
    use proptest::prelude::*;

    /// Replicas after many looks at a steady lag, by the arithmetic of the controller.
    fn settled(value: u64, (min, max): (u32, u32), from: u32, lag: u64) -> u32 {
        let mut behavior = Behavior::default();
        behavior.scale_down.stabilization_window = SignedDuration::ZERO;
        let target = MetricTarget::Value((value * 1000).try_into().unwrap());
        let bounds = Bounds::try_from((min, max)).unwrap();
        let hpa = Hpa {
            behavior: Some(behavior),
            ..Hpa::new(bounds, target)
        };
        let lag = Lag::try_from(f64::from(u32::try_from(lag).unwrap())).unwrap();
        let times =
            std::iter::successors(Some(Timestamp::UNIX_EPOCH), |at| Some(*at + SYNC_PERIOD));
        let path = simulate(&hpa, from, times.zip(vec![Some(lag); 80]), |_, replicas| {
            replicas
        });
        path.last().unwrap().replicas
    }

    proptest! {
        #[test]
        fn the_words_are_what_the_controller_does(value in 100_u64..1_000_000, min in 1_u32..12, more in 1_u32..12) {
            let bounds = (min, min + more);
            let multiplied = Multiplied {
                value: Some(i128::from(value) * 1000),
                min: min.into(),
                max: Some(bounds.1.into()),
                tolerance: (TOLERANCE, TOLERANCE),
            };
            let (up, down) = multiplied.edges(i128::from(value) * 1000);
            let (up, down) = (u64::try_from(up / 1000).unwrap(), u64::try_from(down / 1000).unwrap());
            prop_assert_eq!(settled(value, bounds, min, up + 1), bounds.1);
            prop_assert_eq!(settled(value, bounds, min, up - 1), min);
            // At an exact fraction the controller's own rounding decides.
            prop_assert_eq!(settled(value, bounds, bounds.1, down - 1), min);
            prop_assert!(settled(value, bounds, bounds.1, down + 1) > min);
        }
    }
}
