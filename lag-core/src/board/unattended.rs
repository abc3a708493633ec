//! Instances that no replica asks for: not the cloud's failure, and a failure all the same.

use super::{Board, InstanceBoard};
use crate::port::Failure;
use jiff::Timestamp;
use std::sync::Arc;

/// Kind of the failure when no replica leads, as far as this one knows.
const NO_LEADER: &str = "no_leader";
/// Kind of the failure when the replica that leads does not watch the instance.
const NOT_WATCHED: &str = "not_watched";

impl Board {
    /// The board of a replica that has neither led nor read a leader `since` then: nothing is up. Samples stay, and their
    /// age does the rest. The next collection, or the next word of a leader about one, takes it back.
    #[must_use]
    pub fn unattended(&self, since: Timestamp) -> Self {
        let mut next = self.clone();
        let detail = format!(
            "no replica asks the cloud: this one does not lead, and has read no leader since {since:.0}; the log of each \
             replica says why"
        );
        let failure = Failure {
            kind: NO_LEADER,
            detail: detail.into(),
        };
        for instance in next.instances.values_mut() {
            if !instance.is_unattended() {
                Arc::make_mut(instance).leave(failure.clone(), since);
            }
        }
        next
    }
}

impl InstanceBoard {
    /// Whether it is shown as failing because no replica asks, by [`Board::unattended`].
    #[must_use]
    pub fn is_unattended(&self) -> bool {
        self.fails_as(&[NO_LEADER])
    }

    /// Whether its failure is one between replicas, which is nothing to hand over: each judges that for itself.
    pub(crate) fn is_left(&self) -> bool {
        self.fails_as(&[NO_LEADER, NOT_WATCHED])
    }

    /// The leader knows nothing of it.
    pub(crate) fn leave_out(&mut self, now: Timestamp) {
        let failure = Failure {
            kind: NOT_WATCHED,
            detail: "the replica that leads does not watch this instance, so nobody asks for it: give all replicas the same \
                     configuration"
                .into(),
        };
        self.leave(failure, now);
    }

    fn leave(&mut self, failure: Failure, since: Timestamp) {
        self.failing_since = self.failing_since.or(Some(since));
        self.consecutive_failures = self.consecutive_failures.max(1);
        self.last_error = Some(failure);
    }

    fn fails_as(&self, kinds: &[&str]) -> bool {
        let failure = self.last_error.as_ref();
        failure.is_some_and(|failure| kinds.contains(&failure.kind))
    }
}
