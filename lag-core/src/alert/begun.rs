//! What beginning a change comes to, as values.

use super::{Hold, Reason, StepState};
use crate::{escalate::ResolvedScale, port::Scalable};
use jiff::Timestamp;
use std::fmt;

/// The workload as it was read, after the ledger was.
#[derive(Debug, Clone, Copy)]
pub struct Found<'f> {
    /// Its number and whose it is; not needed for a restart.
    pub scale: Option<&'f Scalable>,
    /// Whether a rollout is going on.
    pub rolling_out: bool,
}

/// What is to be done now. The ledger that comes with it is saved first, if it differs from the one given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// Save, then write this number over the version of the workload that was found, then [`settle`](super::settle).
    Write {
        /// Number of the change.
        number: u64,
        /// From and to, absolute.
        scale: ResolvedScale,
    },
    /// Save, then restart with the mark, then [`settle`](super::settle).
    Restart {
        /// Number of the change.
        number: u64,
        /// The moment of the decision, kept for every try: the same mark twice restarts once.
        mark: Timestamp,
    },
    /// An earlier try has ended like this.
    Settled(StepState),
    /// What is wished for is there; nothing was begun.
    Already {
        /// The number found.
        at: u32,
    },
    /// Not now; nothing was begun.
    Wait(Hold),
    /// What was found stands against it; nothing was begun.
    Refused(Reason),
}

/// What an intent without a known end comes to, given what is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reconcile {
    /// It was not made: write the same absolute number.
    WriteAgain(u32),
    /// It was made.
    Done,
    /// Somebody else was here, or it may not be made any more.
    Superseded,
}

impl Begun {
    /// What it came to as a word, for labels and JSON. `write` and `restart` still have to be made.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Write { .. } => "write",
            Self::Restart { .. } => "restart",
            Self::Settled(state) => state.as_str(),
            Self::Already { .. } => "already",
            Self::Wait(hold) => hold.as_str(),
            Self::Refused(reason) => reason.as_str(),
        }
    }
}

impl fmt::Display for Begun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write { scale, .. } => write!(f, "from {} to {}", scale.from, scale.to),
            Self::Restart { mark, .. } => write!(f, "restart of {mark}"),
            Self::Settled(StepState::Intended) => f.write_str("an earlier try is under way"),
            Self::Settled(StepState::Done) => f.write_str("an earlier try has done it"),
            Self::Settled(StepState::Failed) => f.write_str("an earlier try has failed"),
            Self::Settled(StepState::Superseded) => {
                f.write_str("somebody else has changed the number since: it is left alone")
            }
            Self::Already { at } => write!(f, "nothing to change at {at}"),
            Self::Wait(hold) => write!(f, "{hold}"),
            Self::Refused(reason) => write!(f, "{reason}"),
        }
    }
}
