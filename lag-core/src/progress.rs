//! The second opinion: what the Kafka service itself says about a group (`alikafka` `GetConsumerProgress`).

use crate::{Lag, Threshold};

/// A group's progress, per partition and without CloudMonitor's delay.
#[derive(Debug, Clone, PartialEq)]
pub struct ConsumerProgress {
    /// The sum that the service gives (`TotalDiff`), else our own sum.
    pub total: Lag,
    /// Partitions of all topics the group reads.
    pub partitions: u32,
    /// Lag of the partitions that a consumer has committed an offset for.
    pub committed: Lag,
}

/// An answer that is no progress.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the answer holds no consumer progress: {0}")]
pub struct ProgressError(pub(crate) String);

impl ConsumerProgress {
    /// Reads the reply of `GetConsumerProgress` (version 2019-09-16): numeric `Code`, `ConsumerProgress.TotalDiff`,
    /// `ConsumerProgress.TopicList.TopicList[].OffsetList.OffsetList[]` of `Partition`, `BrokerOffset`, `ConsumerOffset`; lists may also stand
    /// directly under their name.
    ///
    /// # Errors
    /// [`ProgressError`] when a needed part is missing or no number: absence is never a number.
    pub fn parse(json: &str) -> Result<Self, ProgressError> {
        Err(ProgressError(format!(
            "{} bytes: not read yet (helper core-rest)",
            json.len()
        )))
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
