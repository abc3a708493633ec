//! One group: its state and what was read, in; its next state and verdict, out.

use crate::{Lag, LagSample};
use jiff::{SignedDuration, Timestamp};

/// What a run says about a group.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// Fresh, not above, no episode.
    Ok(LagSample),
    /// Above, and a stage begins.
    Escalated {
        /// What was read.
        sample: LagSample,
        /// Its number, from 1.
        stage: u32,
    },
    /// A change that failed before is tried again.
    Retried {
        /// What was read.
        sample: LagSample,
        /// Stage that wanted it.
        stage: u32,
    },
    /// In an episode, and nothing is done for a reason.
    Held {
        /// What was read.
        sample: LagSample,
        /// Stages begun.
        stage: u32,
        /// Why nothing is done.
        why: Hold,
    },
    /// Above, and every stage has been taken: silence until recovery, apart from reminders.
    Exhausted {
        /// What was read.
        sample: LagSample,
        /// Whether people are reminded in this run.
        reminded: bool,
    },
    /// The episode ends.
    Recovered {
        /// What was read.
        sample: LagSample,
        /// Stages that were taken.
        stages: u32,
    },
    /// No number: nothing begins, nothing ends.
    Unknown {
        /// `stale`, `absent` or `failed`.
        state: &'static str,
        /// Age of the last known number, if there is one.
        age: Option<SignedDuration>,
        /// Whether an episode is open (or was closed because the group was gone for too long).
        stage: Option<u32>,
    },
}

/// Why nothing is done although an episode is open.
#[derive(Debug, Clone, PartialEq)]
pub enum Hold {
    /// The sample was counted by an earlier run already.
    SameSample,
    /// Between recovery and breach.
    Between,
    /// The breach has not lasted long enough.
    NotSustained {
        /// The sample time from which it counts.
        until: Timestamp,
    },
    /// The last stage, or the last change of the workload, is too recent.
    Gap {
        /// When the next stage may begin.
        until: Timestamp,
    },
    /// The lag drains in time by itself.
    Draining {
        /// Time to recovery at the measured rate.
        within: SignedDuration,
    },
    /// The second opinion is wanted and not there yet.
    Unconfirmed {
        /// Why, when it could not be had.
        reason: Option<String>,
    },
    /// The second opinion says otherwise.
    Disputed {
        /// Lag as the Kafka service has it.
        total: Lag,
    },
    /// The state was lost, or acting is switched off for this run.
    HandsOff(String),
}
