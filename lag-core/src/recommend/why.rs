//! Reasons in the words of an operator.

use jiff::{SignedDuration, Timestamp};
use std::fmt;

/// Why a number of replicas was recommended, or none. Shown as one line that can stand in an HPA's condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// This lag asks for it.
    Lag,
    /// The lag has fallen, not yet far enough to go down: the last number holds.
    Between,
    /// No number: a last one might hold, and there is none.
    Undecided,
    /// The lag is above the next step, not yet for long enough.
    Waiting {
        /// The first sample of this time or later that is above it too counts.
        until: Timestamp,
    },
    /// Fewer would do for what is left, not for all of it in time: the last number holds.
    Draining,
    /// A newer sample was seen before: the last number holds.
    Older,
    /// No number: no policy has seen the newest sample yet.
    Unseen,
    /// The sample has no trend: the last number holds.
    NoTrend,
    /// Nobody said how many replicas run: the last number holds, and without one there is none.
    NoReplicas,
    /// The replicas changed while the trend was measured: the last number holds.
    Settling {
        /// Samples of this time or later count.
        until: Timestamp,
    },
    /// No number: the last sample is too old.
    Stale {
        /// Its age.
        age: SignedDuration,
    },
    /// No number: nothing is known of the group.
    Absent,
    /// No number: the cloud has not answered.
    Failed {
        /// Since when.
        since: Timestamp,
    },
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lag => f.write_str("the lag asks for it"),
            Self::Between => f.write_str("the lag lies between two steps: the last number holds"),
            Self::Undecided => f.write_str(
                "the lag lies between two steps, where a last number holds, and none is known",
            ),
            Self::Waiting { until } => {
                write!(f, "the lag is above a step, which counts from {until} on")
            }
            Self::Draining => f.write_str("the lag is not drained yet: the last number holds"),
            Self::Older => f.write_str("a newer sample was seen before"),
            Self::Unseen => f.write_str("no policy has seen the newest lag yet"),
            Self::NoTrend => f.write_str("one sample has no trend: wait for the next"),
            Self::NoReplicas => f.write_str("the number of running replicas is not known"),
            Self::Settling { until } => {
                write!(f, "the replicas changed: the trend counts from {until} on")
            }
            Self::Stale { age } => write!(f, "the last lag is {}s old", age.as_secs()),
            Self::Absent => f.write_str("no lag is known of this group"),
            Self::Failed { since } => write!(f, "no answer from the cloud since {since}"),
        }
    }
}
