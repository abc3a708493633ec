//! What a trigger may be told of a board, and why not more.

use super::{Trigger, Wanted};
use crate::{
    Board, GroupKey, InstanceBoard, InstanceId, LagSample, Reading,
    recommend::{Advice, Why},
};
use jiff::{SignedDuration, Timestamp};

/// The most an autoscaler can hold: the largest double whose thousandths fit a signed 64-bit integer. KEDA makes one of
/// them from the float, and what does not fit turns negative.
const MOST: f64 = 9_223_372_036_854_774.0;

/// Instances named in a message.
const NAMED: usize = 5;

/// Why there is no number: neither a zero nor a no. The texts stand in the events of a ScaledObject.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NoNumber {
    /// Which instance is not said.
    #[error(
        "metadata key instanceId is missing and {count} instances are watched: write one of {known}"
    )]
    SeveralInstances {
        /// How many.
        count: usize,
        /// The first of them.
        known: String,
    },
    /// The instance is not watched.
    #[error(
        "instance {instance:?} is not watched: correct instanceId to one of {known}, or let the exporter watch it"
    )]
    NotWatched {
        /// As the trigger names it; empty when it names none.
        instance: String,
        /// The first of the watched ones.
        known: String,
    },
    /// The cloud answered without it.
    #[error(
        "no lag of {key}: the last answer held nothing usable of it; check consumerGroup and topic against /api/v1/lag of the exporter, and the exporter's filters"
    )]
    Absent {
        /// The series.
        key: GroupKey,
    },
    /// A topic was asked for where only totals are collected.
    #[error(
        "no lag of {key}: lags by topic are not collected: remove topic from the metadata, or let the exporter collect them (--collect.topics)"
    )]
    NoTopics {
        /// The series.
        key: GroupKey,
    },
    /// No policy is for the group.
    #[error(
        "no policy recommends replicas for {key}: add one to the exporter, or ask for metric lag"
    )]
    NoPolicy {
        /// The group.
        key: GroupKey,
    },
    /// The last number is too old.
    #[error(
        "the last lag of {key} is {age} s old, older than the {limit} s up to which it is a number: {cause}"
    )]
    Stale {
        /// The series.
        key: GroupKey,
        /// Its age in seconds.
        age: i64,
        /// The age up to which it is a number, in seconds.
        limit: i64,
        /// Why nothing newer is there, and what to do.
        cause: String,
    },
    /// Nothing was ever known.
    #[error("no lag of {key}: no collection has worked since {since}: {cause}")]
    Failed {
        /// The series.
        key: GroupKey,
        /// Since when.
        since: Timestamp,
        /// Why, and what to do.
        cause: String,
    },
    /// The lag is a number that no autoscaler can hold.
    #[error(
        "the lag of {key} is no number for an autoscaler: in thousandths it must fit a signed 64-bit integer, so 9.22e15 is the most"
    )]
    TooLarge {
        /// The series.
        key: GroupKey,
    },
    /// Nobody has asked the cloud for so long that not even absence is known.
    #[error("no lag of {key}: {cause}")]
    Unasked {
        /// The series.
        key: GroupKey,
        /// Since when, and what to do.
        cause: String,
    },
    /// The policy says nothing now.
    #[error(
        "no number of replicas for {key} now: {why}; replicas stay as they are until there is one"
    )]
    Silent {
        /// The group.
        key: GroupKey,
        /// Why.
        why: Why,
    },
    /// Whether the lag has been above its number for long enough is not known.
    #[error(
        "the lag of {key} has been above activationLagThreshold at least since {since}; whether for sustainSeconds is known from {until} on: wait"
    )]
    Unsure {
        /// The series.
        key: GroupKey,
        /// The first sample that is remembered.
        since: Timestamp,
        /// The time of the sample that decides.
        until: Timestamp,
    },
}

/// What to do about a [`NoNumber`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoNumberKind {
    /// Correct the trigger.
    Invalid,
    /// Correct the trigger or what the exporter watches.
    Unknown,
    /// Wait, and look why.
    Unavailable,
}

impl NoNumber {
    /// What to do about it.
    #[must_use]
    pub fn kind(&self) -> NoNumberKind {
        match self {
            Self::SeveralInstances { .. } => NoNumberKind::Invalid,
            Self::NotWatched { .. }
            | Self::Absent { .. }
            | Self::NoTopics { .. }
            | Self::NoPolicy { .. } => NoNumberKind::Unknown,
            Self::Stale { .. }
            | Self::Failed { .. }
            | Self::TooLarge { .. }
            | Self::Unasked { .. }
            | Self::Silent { .. }
            | Self::Unsure { .. } => NoNumberKind::Unavailable,
        }
    }

    /// The same as said by one who collects no lags by topic.
    #[must_use]
    pub fn without_topics(self) -> Self {
        if let Self::Absent { key } = &self
            && key.topic.is_some()
        {
            return Self::NoTopics { key: key.clone() };
        }
        self
    }
}

impl Trigger {
    /// The series it is about.
    ///
    /// # Errors
    /// [`NoNumber::NotWatched`], or [`NoNumber::SeveralInstances`] when it names none and there is a choice. Neither
    /// depends on what the cloud answers.
    pub fn key(&self, board: &Board) -> Result<GroupKey, NoNumber> {
        let mut watched = board.instances().map(|(id, _)| id);
        let count = watched.len();
        let instance = match &self.instance {
            Some(id) if board.instance(id.as_str()).is_some() => id.clone(),
            None if count > 1 => {
                let known = named(watched);
                return Err(NoNumber::SeveralInstances { count, known });
            }
            None if count == 1 => watched.next().expect("one was counted").clone(),
            other => {
                let instance = other.as_ref().map_or(String::new(), ToString::to_string);
                let known = named(watched);
                return Err(NoNumber::NotWatched { instance, known });
            }
        };
        Ok(GroupKey {
            instance,
            group: self.group.clone(),
            topic: self.topic.clone(),
        })
    }

    /// The fresh sample of its series. `max_age` is that of whoever serves; the trigger may only shorten it.
    ///
    /// # Errors
    /// [`NoNumber`] when there is none.
    pub fn sample(
        &self,
        board: &Board,
        key: &GroupKey,
        now: Timestamp,
        max_age: SignedDuration,
    ) -> Result<LagSample, NoNumber> {
        let limit = self.limit(max_age);
        let instance = board.instance(key.instance.as_str());
        match board.read(key, now, limit) {
            Reading::Fresh(sample) => Ok(sample),
            Reading::Absent => {
                let key = key.clone();
                Err(match instance.and_then(|board| board.unasked(now, max_age)) {
                    Some(cause) => NoNumber::Unasked { key, cause },
                    None => NoNumber::Absent { key },
                })
            }
            Reading::Stale { age, .. } => Err(NoNumber::Stale {
                key: key.clone(),
                age: age.as_secs(),
                limit: limit.as_secs(),
                cause: cause(instance, now, max_age).unwrap_or_else(|| {
                    "collections work and bring nothing newer, so the cloud publishes late or has stopped; wait, or see the group at /api/v1/lag of the exporter".to_owned()
                }),
            }),
            Reading::Failed { since } => Err(NoNumber::Failed {
                key: key.clone(),
                since,
                cause: cause(instance, now, max_age).unwrap_or_else(|| {
                    "none has ended yet; wait for the first, or see the exporter's log".to_owned()
                }),
            }),
        }
    }

    /// The number it asks for, not negative and no more than an autoscaler can hold: from a fresh sample.
    ///
    /// # Errors
    /// [`NoNumber`] when there is none.
    pub fn value(
        &self,
        board: &Board,
        now: Timestamp,
        max_age: SignedDuration,
    ) -> Result<f64, NoNumber> {
        let key = self.key(board)?;
        let sample = self.sample(board, &key, now, max_age)?;
        match self.wanted {
            Wanted::Lag { .. } => {
                let lag = sample.lag.as_f64();
                if lag > MOST {
                    return Err(NoNumber::TooLarge { key });
                }
                Ok(lag)
            }
            Wanted::Replicas => match board.advice(&key, now, self.limit(max_age)) {
                Some(Advice::Replicas { replicas, .. }) => Ok(f64::from(replicas)),
                Some(Advice::Silent(why)) => Err(NoNumber::Silent { key, why }),
                None => Err(NoNumber::NoPolicy { key }),
            },
        }
    }

    fn limit(&self, max_age: SignedDuration) -> SignedDuration {
        self.max_age.map_or(max_age, |own| own.min(max_age))
    }
}

fn cause(
    instance: Option<&InstanceBoard>,
    now: Timestamp,
    max_age: SignedDuration,
) -> Option<String> {
    let instance = instance?;
    let trouble = instance.trouble(now, max_age)?;
    Some(match instance.last_error {
        Some(_) => format!("the last collection failed, {trouble}"),
        None => trouble,
    })
}

fn named<'i>(ids: impl ExactSizeIterator<Item = &'i InstanceId>) -> String {
    let more = ids.len().saturating_sub(NAMED);
    let names: Vec<&str> = ids.take(NAMED).map(InstanceId::as_str).collect();
    match more {
        _ if names.is_empty() => "none".to_owned(),
        0 => names.join(", "),
        more => format!("{} and {more} more", names.join(", ")),
    }
}
