//! The second opinion: what the Kafka service itself says about a group (`alikafka` `GetConsumerProgress`).

mod reply;

use crate::{Lag, Threshold};
use reply::{Reply, TopicOffsets};
use serde_json::Number;

/// A group's progress, per partition and without CloudMonitor's delay.
#[derive(Debug, Clone, PartialEq)]
pub struct ConsumerProgress {
    /// The sum that the service gives (`TotalDiff`), else our own sum over the partitions.
    pub total: Lag,
    /// Partitions of all topics the group reads; 0 when the reply lists none, which says nothing.
    pub partitions: u32,
    /// Lag of the listed partitions for which a consumer has committed an offset above zero. What [`Self::total`] has more
    /// than this lies in partitions that nobody has consumed yet, or in a part that is not listed: zero with zero
    /// [`Self::partitions`] is not known.
    pub committed: Lag,
}

/// An answer that is no progress.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the answer holds no consumer progress: {0}")]
pub struct ProgressError(pub(crate) String);

impl ConsumerProgress {
    /// Reads the reply of `GetConsumerProgress` (version 2019-09-16): numeric `Code`, `ConsumerProgress.TotalDiff`,
    /// `ConsumerProgress.TopicList.TopicList[].OffsetList.OffsetList[]` of `Partition`, `BrokerOffset`, `ConsumerOffset`. Lists may also stand
    /// directly under their name, a list of one may stand without brackets (so in the vendor's example), numbers may be text.
    ///
    /// # Errors
    /// [`ProgressError`] when the service refuses (with its words), and when a needed part is missing or no number: absence is
    /// never a number. `TotalDiff` may only be missing where every partition has both offsets.
    pub fn parse(json: &str) -> Result<Self, ProgressError> {
        let reply = Reply::read(json).map_err(ProgressError)?;
        let sums = Sums::of(&reply.topics);
        let total = match (reply.total, sums.complete) {
            (Some(total), _) => lag(total, "TotalDiff")?,
            (None, true) => to_lag(sums.all)?,
            (None, false) => {
                return Err(ProgressError(
                    "TotalDiff is missing, and the offsets of its partitions are not complete"
                        .to_owned(),
                ));
            }
        };
        Ok(Self {
            total,
            partitions: sums.partitions,
            committed: to_lag(sums.committed)?,
        })
    }

    /// Whether it agrees that lag is too much.
    #[must_use]
    pub fn opinion(&self, threshold: Threshold) -> Opinion {
        if threshold.is_breach(self.total) {
            Opinion::Agrees {
                total: self.total,
                partitions: self.partitions,
            }
        } else {
            Opinion::Disagrees { total: self.total }
        }
    }
}

/// What the lists add up to.
struct Sums {
    all: u64,
    committed: u64,
    partitions: u32,
    complete: bool,
}

impl Sums {
    fn of(topics: &[TopicOffsets]) -> Self {
        let mut sums = Self {
            all: 0,
            committed: 0,
            partitions: 0,
            complete: !topics.is_empty(),
        };
        for topic in topics {
            sums.complete &= !topic.offsets.is_empty();
            for offset in &topic.offsets {
                sums.partitions = sums.partitions.saturating_add(1);
                let known = |number: Option<i64>| number.and_then(|n| u64::try_from(n).ok());
                let (Some(newest), Some(consumed)) = (known(offset.broker), known(offset.consumer))
                else {
                    sums.complete = false;
                    continue;
                };
                // A commit ahead of the newest offset is no lag, and takes none from other partitions.
                let behind = newest.saturating_sub(consumed);
                sums.all = sums.all.saturating_add(behind);
                if consumed > 0 {
                    sums.committed = sums.committed.saturating_add(behind);
                }
            }
        }
        sums
    }
}

fn to_lag(sum: u64) -> Result<Lag, ProgressError> {
    lag(Number::from(sum).as_f64().unwrap_or(f64::NAN), "the sum")
}

fn lag(number: f64, what: &str) -> Result<Lag, ProgressError> {
    Lag::try_from(number).map_err(|error| ProgressError(format!("{what}: {error}")))
}

/// What the second opinion says about a breach. Only agreement acts.
#[derive(Debug, Clone, PartialEq)]
pub enum Opinion {
    /// It is a breach.
    Agrees {
        /// Lag as the service has it.
        total: Lag,
        /// Partitions, where known: more consumers stay idle. 0 when not known.
        partitions: u32,
    },
    /// It is none: CloudMonitor counts falsely for partitions that nobody consumes or that hold no messages.
    Disagrees {
        /// Lag as the service has it.
        total: Lag,
    },
    /// It could not be had.
    Unavailable {
        /// Why, for people.
        reason: String,
    },
}
