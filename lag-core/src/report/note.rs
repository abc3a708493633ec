//! What people are told about, as facts.

use super::{Language, Outcome, message::clip, writer::Writer};
use crate::{GroupKey, Lag, LagSample};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;

/// Something people are to be told: facts, not words, so that it can wait and be told in any language.
#[derive(Debug, Clone, PartialEq)]
pub struct Note {
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub event: Event,
    /// Notifiers that have it already, by name.
    pub sent_to: BTreeSet<String>,
}

/// What people are told about.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Something about one group.
    Group {
        /// The group.
        key: GroupKey,
        /// Time of the sample that began the episode: with the stage it tells a repeat from news.
        episode: Timestamp,
        /// Stages begun.
        stage: u32,
        /// The sample that was acted on.
        sample: LagSample,
        /// The threshold it was held against.
        breach_above: Lag,
        /// What kind of news.
        news: News,
    },
    /// Alerts of Alertmanager have changed a workload, or were to. Nothing is known of a group.
    Alert {
        /// Names of the alerts; none when replicas were taken back by time.
        alerts: Vec<String>,
        /// What came of it.
        outcome: Outcome,
        /// Alerts that Alertmanager has cut off from the same body.
        truncated: u64,
    },
    /// The state could not be read and was moved aside.
    StateLost {
        /// Where it lies now.
        moved_to: String,
    },
}

impl Event {
    /// The event in plain words: one line of at most 1,024 bytes, which is what a Kubernetes Event holds. Without the age of the
    /// number, because it is told at once.
    #[must_use]
    pub fn one_line(&self, language: Language) -> String {
        let now = match self {
            Self::Group { sample, .. } => sample.at,
            Self::Alert { .. } | Self::StateLost { .. } => Timestamp::UNIX_EPOCH,
        };
        let line = Writer::at_once(language, now).event(self);
        clip(&line, 1024).into_owned()
    }
}

/// News about a group.
#[derive(Debug, Clone, PartialEq)]
pub enum News {
    /// A stage was taken; what came of it. No outcomes: the stage only tells.
    Stage {
        /// Of this stage.
        outcomes: Vec<Outcome>,
        /// Of the stages before, in order.
        before: Vec<Outcome>,
        /// Whether it was the last stage.
        last: bool,
    },
    /// A change of an earlier run was tried again.
    Retry {
        /// What came of it.
        outcomes: Vec<Outcome>,
    },
    /// All stages are taken, and it still lasts.
    Reminder {
        /// What was done in the episode.
        before: Vec<Outcome>,
    },
    /// Replicas grew and lag rises all the same.
    Stuck {
        /// Lag when replicas were added.
        lag_at_scale: Lag,
    },
    /// The second opinion that the policy wants could not be had, so nothing is changed.
    Unconfirmed {
        /// Why, for people; free of secrets.
        reason: String,
    },
    /// The Kafka service itself says otherwise, so nothing is changed.
    Disputed {
        /// Lag as the service has it.
        total: Lag,
    },
    /// The episode is over.
    Recovered {
        /// From the first sample above to this one.
        lasted: SignedDuration,
        /// What was done in it.
        before: Vec<Outcome>,
        /// Changes that were pending, which are dropped.
        dropped: u32,
    },
    /// Added replicas were taken back, or not.
    ScaledBack {
        /// What came of it.
        outcomes: Vec<Outcome>,
    },
    /// No fresh sample for too long: the episode is closed, and nobody knows how it ended.
    Lost {
        /// Since the last sample.
        missing_for: SignedDuration,
    },
}
