//! What happened, as data and in words: outcomes, notes to people, and the digest that is sent.

use crate::{GroupKey, Lag, LagSample};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;

/// What came of one change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Stage that wanted it.
    pub stage: u32,
    /// When, by the clock of the run.
    pub at: Timestamp,
    /// The workload, shown as `namespace/Kind/name`.
    pub workload: String,
    /// What came of it.
    pub effect: Effect,
}

/// What came of one change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// A restart was begun.
    Restarted,
    /// It was begun by an earlier run, or together with another group of the same workload.
    AlreadyRestarted,
    /// Pods were evicted one by one.
    Evicted {
        /// How many.
        pods: u32,
    },
    /// The number of replicas was changed.
    Scaled {
        /// Before.
        from: u32,
        /// After.
        to: u32,
    },
    /// The autoscaler's minimum was changed.
    MinimumChanged {
        /// For example `HorizontalPodAutoscaler/cust`.
        autoscaler: String,
        /// Before.
        from: u32,
        /// After.
        to: u32,
    },
    /// The wanted number was there already.
    AlreadyScaled {
        /// The number found.
        at: u32,
    },
    /// It was not done, for a good reason.
    Refused(Refusal),
    /// It did not work.
    Failed {
        /// For people; free of secrets.
        reason: String,
        /// Whether it is given up.
        last: bool,
    },
}

impl Effect {
    /// Whether something is different afterwards, or was made so by an earlier run.
    #[must_use]
    pub fn worked(&self) -> bool {
        match self {
            Self::Restarted
            | Self::AlreadyRestarted
            | Self::Evicted { .. }
            | Self::Scaled { .. }
            | Self::MinimumChanged { .. }
            | Self::AlreadyScaled { .. } => true,
            Self::Refused(_) | Self::Failed { .. } => false,
        }
    }
}

/// Why a change was not made although it could have been tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// No workload is mapped to the group.
    NoTarget,
    /// The Deployment is paused: a restart would wait until it is resumed.
    Paused,
    /// A rollout is still going on. Tried again by the next run.
    RollingOut,
    /// The update strategy is OnDelete: a changed template restarts nothing.
    OnDelete,
    /// The kind cannot be restarted, or has no number of replicas.
    Kind(String),
    /// Something else owns the number of replicas.
    Autoscaled {
        /// For example `HorizontalPodAutoscaler/cust`.
        by: String,
    },
    /// It has as many replicas as it may have.
    AtMaximum {
        /// The number.
        at: u32,
    },
    /// It has as many replicas as the topic has partitions.
    AtPartitions {
        /// The number.
        at: u32,
    },
    /// It was scaled to zero by somebody.
    AtZero,
    /// A PodDisruptionBudget does not allow an eviction now. Tried again by the next run.
    Disruption,
    /// Somebody else has changed the number since, so it is not taken back.
    ChangedSince {
        /// The number found.
        at: u32,
    },
    /// Replicas grew and lag rises all the same.
    Stuck,
    /// The workload has been changed often enough today.
    DailyCap {
        /// Changes counted today (UTC).
        changes: u32,
    },
}

impl Refusal {
    /// Whether the next run may find it otherwise.
    #[must_use]
    pub fn passes(&self) -> bool {
        matches!(self, Self::RollingOut | Self::Disruption)
    }
}

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
    /// The state could not be read and was moved aside.
    StateLost {
        /// Where it lies now.
        moved_to: String,
    },
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

/// Language of a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Chinese (simplified).
    Chinese,
}

/// How names are protected in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Markup {
    /// As they are; control characters made visible.
    Plain,
    /// As code spans, so that `_`, `*` and `#` in names mean nothing.
    Markdown,
}

/// A digest: one message for one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Shown in lists and notifications: plain text without line breaks.
    pub title: String,
    /// One paragraph for each note.
    pub lines: Vec<String>,
}

/// Puts notes into words: what happened, not what was meant; with number, age of the number, threshold, workload, and episode and stage,
/// by which a repeat is known.
#[must_use]
pub fn compose(
    notes: &[&Note],
    dropped: u64,
    language: Language,
    markup: Markup,
    now: Timestamp,
) -> Message {
    // PLACEHOLDER, to be dropped.
    let _ = (language, markup, now);
    let line = |note: &&Note| match &note.event {
        Event::Group { key, .. } => format!("{key}: something happened"),
        Event::StateLost { moved_to } => format!("the state was moved to {moved_to}"),
    };
    Message {
        title: format!("kafka-lag: {} notes, {dropped} dropped", notes.len()),
        lines: notes.iter().map(line).collect(),
    }
}

impl Message {
    /// Lines joined by `separator`, cut at a whole line so that the result has at most `most` bytes of UTF-8, with a notice of how
    /// many lines were left out. A single line that is too long is cut at a character.
    #[must_use]
    pub fn fit(&self, separator: &str, most: usize, language: Language) -> String {
        // PLACEHOLDER, to be dropped.
        let _ = language;
        let mut out = String::new();
        for line in &self.lines {
            if out.len() + separator.len() + line.len() + 40 > most {
                out.push_str("(more)");
                break;
            }
            out.push_str(line);
            out.push_str(separator);
        }
        out.truncate(out.floor_char_boundary(most));
        out
    }
}
