//! What may be said about a group.

use crate::LagSample;
use jiff::{SignedDuration, Timestamp};

/// What may be said about a group. Only [`Reading::Fresh`] is a number; a new case must break every match.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reading {
    /// A number young enough to act on.
    Fresh(LagSample),
    /// The last known number is too old to be one.
    Stale {
        /// The last known point.
        last: LagSample,
        /// Its age.
        age: SignedDuration,
    },
    /// The cloud answered, and nothing is known of this group.
    Absent,
    /// The cloud has not answered, and nothing was known before.
    Failed {
        /// Since when.
        since: Timestamp,
    },
}

impl Reading {
    /// Every state, for metrics that count groups by state.
    pub const STATES: [&'static str; 4] = ["fresh", "stale", "absent", "failed"];

    /// The state as a word: `fresh`, `stale`, `absent` or `failed`.
    #[must_use]
    pub fn state(&self) -> &'static str {
        match self {
            Self::Fresh(_) => "fresh",
            Self::Stale { .. } => "stale",
            Self::Absent => "absent",
            Self::Failed { .. } => "failed",
        }
    }

    /// What a sample is now: a number while it is young enough.
    #[must_use]
    pub fn of(sample: LagSample, now: Timestamp, max_age: SignedDuration) -> Self {
        let age = sample.age(now);
        if age <= max_age {
            Self::Fresh(sample)
        } else {
            Self::Stale { last: sample, age }
        }
    }
}
