//! Everything known at one moment, which everything reads.

mod asked;
mod cell;
mod instance;
mod rewatch;
mod unattended;

pub use cell::BoardCell;
pub use instance::{Instance, InstanceBoard};
pub use rewatch::{Keep, Rewatched};

use crate::{
    Dropped, GroupKey, InstanceId, Reading, SeriesName,
    port::Collected,
    recommend::{Advice, AdviceBoard, RecommendBook, ReplicaCount},
    target::Workload,
};
use jiff::{SignedDuration, Timestamp};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// One line of a listing: where, and what may be said.
#[derive(Debug, Clone, PartialEq)]
pub struct Row<'b> {
    /// The instance.
    pub instance: &'b InstanceId,
    /// The series.
    pub series: &'b SeriesName,
    /// What may be said about it.
    pub reading: Reading,
}

impl Row<'_> {
    /// The name of the series anywhere.
    #[must_use]
    pub fn key(&self) -> GroupKey {
        GroupKey {
            instance: self.instance.clone(),
            group: self.series.group.clone(),
            topic: self.series.topic.clone(),
        }
    }
}

/// What the last collection of one source brought.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SourceBoard {
    /// Collections tried so far.
    pub attempts: u64,
    /// Points in all pages of the last one.
    pub received: u64,
    /// What the last one left out.
    pub dropped: Dropped,
    /// How long the last one took.
    pub last_duration: Duration,
    /// How long after its timestamp a point appears, as far as the schedule has learned it.
    pub publication_delay: Option<SignedDuration>,
}

/// Everything known at one moment. Immutable: collections make a new one, readers keep the one they took.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Board {
    pub(crate) instances: BTreeMap<InstanceId, Arc<InstanceBoard>>,
    pub(crate) sources: BTreeMap<Arc<str>, SourceBoard>,
    pub(crate) advice: Arc<AdviceBoard>,
    /// Whether it was ready before it was configured anew: a source that is new then does not undo that.
    pub(crate) was_tried: bool,
}

impl Board {
    /// Adds a source and its instances, before anything is known of them.
    #[must_use]
    pub fn watching(
        mut self,
        source: &str,
        instances: impl IntoIterator<Item = Instance>,
        now: Timestamp,
    ) -> Self {
        self.sources.insert(source.into(), SourceBoard::default());
        for Instance {
            id,
            region,
            expected,
        } in instances
        {
            let board = InstanceBoard::watched(&region, expected, now);
            self.instances.insert(id, Arc::new(board));
        }
        self
    }

    /// The board after a collection of `source`. Failed instances keep their samples, whose age does the rest.
    /// Samples older than `forget_after` that the answer did not repeat are forgotten.
    #[must_use]
    pub fn collected(
        &self,
        source: &str,
        collected: Collected,
        took: Duration,
        forget_after: SignedDuration,
    ) -> Self {
        let mut next = self.clone();
        let Collected {
            mut snapshot,
            failed,
        } = collected;
        let at = snapshot.taken_at;
        let is_cut = snapshot.dropped.series > 0;
        if let Some(board) = next.sources.get_mut(source) {
            *board = SourceBoard {
                attempts: board.attempts.saturating_add(1),
                received: snapshot.received,
                dropped: snapshot.dropped,
                last_duration: took,
                publication_delay: board.publication_delay,
            };
        }
        for (id, samples) in snapshot.instances {
            if let Some(board) = next.instances.get_mut(&id) {
                let board = Arc::make_mut(board);
                board.succeed(samples, at, forget_after);
                board.is_cut = is_cut;
                board.earlier = snapshot.earlier.remove(&id).unwrap_or_default().into();
            }
        }
        for (id, failure) in failed {
            if let Some(board) = next.instances.get_mut(&id) {
                Arc::make_mut(board).fail(failure, at);
            }
        }
        next
    }

    /// Notes what the schedule of a source has learned.
    #[must_use]
    pub fn learned(&self, source: &str, publication_delay: Option<SignedDuration>) -> Self {
        let mut next = self.clone();
        if let Some(board) = next.sources.get_mut(source) {
            board.publication_delay = publication_delay;
        }
        next
    }

    /// What may be said about one series now.
    #[must_use]
    pub fn read(&self, key: &GroupKey, now: Timestamp, max_age: SignedDuration) -> Reading {
        let board = self.instances.get(&key.instance);
        board.map_or(Reading::Absent, |board| {
            board.read(&key.series(), now, max_age)
        })
    }

    /// Every series that is known or expected, sorted.
    pub fn rows(&self, now: Timestamp, max_age: SignedDuration) -> impl Iterator<Item = Row<'_>> {
        self.instances.iter().flat_map(move |(instance, board)| {
            board.rows(now, max_age).map(move |(series, reading)| Row {
                instance,
                series,
                reading,
            })
        })
    }

    /// Watched instances, sorted.
    pub fn instances(&self) -> impl ExactSizeIterator<Item = (&InstanceId, &InstanceBoard)> {
        self.instances.iter().map(|(id, board)| (id, &**board))
    }

    /// What is known of one instance.
    #[must_use]
    pub fn instance(&self, id: &str) -> Option<&InstanceBoard> {
        self.instances.get(id).map(|board| &**board)
    }

    /// Sources, sorted by name.
    pub fn sources(&self) -> impl ExactSizeIterator<Item = (&str, &SourceBoard)> {
        self.sources.iter().map(|(name, board)| (&**name, board))
    }

    /// Whether every source has been tried at least once: what readiness means. An outage does not undo it.
    #[must_use]
    pub fn is_tried(&self) -> bool {
        self.was_tried || self.sources.values().all(|source| source.attempts > 0)
    }

    /// The board after the policies have looked at it. `replicas` says how many a workload has, where that is known.
    /// Call it after every [`Self::collected`]: what policies said of older samples is not shown.
    #[must_use]
    pub fn recommending(
        &self,
        book: &RecommendBook,
        now: Timestamp,
        max_age: SignedDuration,
        replicas: impl Fn(&Workload) -> Option<ReplicaCount>,
    ) -> Self {
        let totals = self
            .rows(now, max_age)
            .filter(|row| row.series.topic.is_none());
        let next = self.advice.follow(book, totals, replicas);
        let mut board = self.clone();
        board.advice = Arc::new(next);
        board
    }

    /// How many replicas a group should have now; `None` when no policy is for it.
    #[must_use]
    pub fn advice(
        &self,
        key: &GroupKey,
        now: Timestamp,
        max_age: SignedDuration,
    ) -> Option<Advice> {
        let said = self.advice.of(key)?;
        Some(said.now(&self.read(key, now, max_age)))
    }

    /// The same for every group that a policy is for, sorted.
    pub fn all_advice(
        &self,
        now: Timestamp,
        max_age: SignedDuration,
    ) -> impl Iterator<Item = (&GroupKey, Advice)> {
        let said = self.advice.iter();
        said.map(move |(key, said)| (key, said.now(&self.read(key, now, max_age))))
    }
}
