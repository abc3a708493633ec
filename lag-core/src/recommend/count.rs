//! How many replicas workloads have, as far as that was seen lately.

use super::Running;
use crate::target::Workload;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// Replicas of a workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplicaCount {
    /// As many as somebody has asked for: what a policy begins with. Ready ones can be fewer for a while, as in a
    /// rollout, and to begin with those would scale down in the middle of a backlog.
    pub wanted: u32,
    /// As many as consume.
    pub running: Running,
}

/// What was seen of workloads. A number is only true for a while: one that was not seen again is unknown, never 0.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReplicaNotes(BTreeMap<Workload, Note>);

#[derive(Debug, Clone, PartialEq)]
struct Note {
    count: ReplicaCount,
    seen: Timestamp,
}

impl ReplicaNotes {
    /// Notes what a look at `at` has found. The number of ready replicas is that since it was first seen: it may be
    /// older, but a trend must not be measured over a change. Nothing is known of the time between two looks that lie
    /// further apart than `keep`.
    pub fn see(
        &mut self,
        workload: &Workload,
        (wanted, ready): (u32, u32),
        at: Timestamp,
        keep: SignedDuration,
    ) {
        let before = self.of(workload, at, keep).map(|count| count.running);
        let running = before
            .filter(|running| running.replicas == ready)
            .unwrap_or(Running {
                replicas: ready,
                since: at,
            });
        let count = ReplicaCount { wanted, running };
        self.0.insert(workload.clone(), Note { count, seen: at });
    }

    /// Notes that a look has failed: what was known before is not known any more.
    pub fn lose(&mut self, workload: &Workload) {
        self.0.remove(workload);
    }

    /// What is known of a workload, if it was seen at most `keep` ago.
    #[must_use]
    pub fn of(
        &self,
        workload: &Workload,
        now: Timestamp,
        keep: SignedDuration,
    ) -> Option<ReplicaCount> {
        let note = self.0.get(workload)?;
        (now.duration_since(note.seen).abs() <= keep).then_some(note.count)
    }
}
