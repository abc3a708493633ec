//! How the lag of one group runs over time: a pure function of scenario and moment.

mod curve;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Lags are capped here, where every whole number still has an exact `f64`.
pub const MAX_LAG: u64 = 1 << 53;

/// The lag of one consumer group over time.
///
/// Scenarios with a `start` begin there; without one they begin at the moment the scenario was given to the simulator.
/// In JSON the name stands in `scenario`, for example `{"scenario":"ramp","from":0,"per_minute":30000}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "scenario", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Scenario {
    /// Always the same lag.
    Constant {
        /// Messages waiting.
        lag: u64,
    },
    /// Grows without consumers, until `max` if there is one.
    Ramp {
        /// Lag until the start.
        #[serde(default)]
        from: u64,
        /// Growth.
        per_minute: u64,
        /// Where the growth ends.
        #[serde(default)]
        max: Option<u64>,
        /// When the growth begins.
        #[serde(default)]
        start: Option<Timestamp>,
    },
    /// `peak` for some minutes, `base` otherwise.
    Spike {
        /// Lag outside the spike.
        #[serde(default)]
        base: u64,
        /// Lag inside the spike.
        peak: u64,
        /// Length of the spike.
        minutes: u32,
        /// Repeats the spike at this distance.
        #[serde(default)]
        every_minutes: Option<u32>,
        /// When the (first) spike begins.
        #[serde(default)]
        start: Option<Timestamp>,
    },
    /// Swings around `mean`, never below zero; bound to absolute time.
    Sine {
        /// Middle of the swing.
        mean: u64,
        /// Height of the swing.
        amplitude: u64,
        /// Length of one swing.
        #[serde(default = "sixty")]
        period_minutes: u32,
        /// Shifts the swing, so that groups differ.
        #[serde(default)]
        phase_minutes: u32,
    },
    /// Consumers catch up until nothing is left.
    Drain {
        /// Lag until the start.
        from: u64,
        /// Messages consumed beyond what arrives.
        per_minute: u64,
        /// When the catching up begins.
        #[serde(default)]
        start: Option<Timestamp>,
    },
    /// Has a constant lag and then no points at all, as after the deletion of a group.
    Vanish {
        /// Lag as long as there are points.
        lag: u64,
        /// Minutes after the start at which the points end.
        #[serde(default)]
        after_minutes: u32,
        /// From where the minutes count.
        #[serde(default)]
        start: Option<Timestamp>,
    },
    /// Caught up: points with the value 0, which is not the same as no points.
    Zero,
    /// A list of values, one per step; `null` is a step without points.
    Steps {
        /// The values in order; the first also holds before the start.
        values: Vec<Option<u64>>,
        /// Length of one step.
        #[serde(default = "one")]
        step_minutes: u32,
        /// Starts again after the last value instead of keeping it.
        #[serde(default)]
        repeat: bool,
        /// When the first step begins.
        #[serde(default)]
        start: Option<Timestamp>,
    },
}

fn one() -> u32 {
    1
}

fn sixty() -> u32 {
    60
}

impl Scenario {
    /// The same lag forever.
    #[must_use]
    pub fn constant(lag: u64) -> Self {
        Self::Constant { lag }
    }

    /// Growth from `from` by `per_minute`, without end.
    #[must_use]
    pub fn ramp(from: u64, per_minute: u64) -> Self {
        Self::Ramp {
            from,
            per_minute,
            max: None,
            start: None,
        }
    }

    /// One spike of `minutes` from `start` on.
    #[must_use]
    pub fn spike(base: u64, peak: u64, start: Timestamp, minutes: u32) -> Self {
        Self::Spike {
            base,
            peak,
            minutes,
            every_minutes: None,
            start: Some(start),
        }
    }

    /// A swing around `mean`.
    #[must_use]
    pub fn sine(mean: u64, amplitude: u64, period_minutes: u32) -> Self {
        Self::Sine {
            mean,
            amplitude,
            period_minutes,
            phase_minutes: 0,
        }
    }

    /// Catching up from `from` by `per_minute`.
    #[must_use]
    pub fn drain(from: u64, per_minute: u64) -> Self {
        Self::Drain {
            from,
            per_minute,
            start: None,
        }
    }

    /// Points of `lag` before `at`, none from then on.
    #[must_use]
    pub fn vanish(lag: u64, at: Timestamp) -> Self {
        Self::Vanish {
            lag,
            after_minutes: 0,
            start: Some(at),
        }
    }

    /// One value per minute from `start` on; the last one stays.
    #[must_use]
    pub fn steps(values: impl IntoIterator<Item = Option<u64>>, start: Timestamp) -> Self {
        Self::Steps {
            values: values.into_iter().collect(),
            step_minutes: 1,
            repeat: false,
            start: Some(start),
        }
    }

    /// What is wrong with the parameters, for the control API; the model itself survives any.
    pub(crate) fn complaint(&self) -> Option<&'static str> {
        match self {
            Self::Sine {
                period_minutes: 0, ..
            } => Some("period_minutes must be at least 1"),
            Self::Steps {
                step_minutes: 0, ..
            } => Some("step_minutes must be at least 1"),
            Self::Steps { values, .. } if values.is_empty() => {
                Some("values must hold at least one value")
            }
            Self::Spike {
                every_minutes: Some(0),
                ..
            } => Some("every_minutes must be at least 1"),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Scenario;

    #[test]
    fn the_json_form_names_what_it_does_not_know() {
        let ramp: Scenario = serde_json::from_str(r#"{"scenario":"ramp","per_minute":3}"#).unwrap();
        assert_eq!(ramp, Scenario::ramp(0, 3));
        let unknown = serde_json::from_str::<Scenario>(r#"{"scenario":"rampe"}"#).unwrap_err();
        assert!(
            unknown.to_string().contains("`constant`, `ramp`"),
            "{unknown}"
        );
        let extra = r#"{"scenario":"constant","lag":1,"lagg":2}"#;
        assert!(serde_json::from_str::<Scenario>(extra).is_err());
    }
}
