//! What may be said about a group, and the board that everything reads.

use crate::{
    Dropped, GroupKey, InstanceId, LagSample, SeriesName,
    port::{Collected, Failure},
};
use jiff::{SignedDuration, Timestamp};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

/// What may be said about a group. Only [`Reading::Fresh`] is a number; a new case must break every match.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reading {
    /// A number young enough to act on.
    Fresh(LagSample),
    /// The last known number is too old to be one.
    Stale {
        /// The last known point.
        last: LagSample,
        /// Its age.
        age: SignedDuration,
    },
    /// The cloud answered, and nothing is known of this group.
    Absent,
    /// The cloud has not answered, and nothing was known before.
    Failed {
        /// Since when.
        since: Timestamp,
    },
}

impl Reading {
    /// Every state, for metrics that count groups by state.
    pub const STATES: [&'static str; 4] = ["fresh", "stale", "absent", "failed"];

    /// The state as a word: `fresh`, `stale`, `absent` or `failed`.
    #[must_use]
    pub fn state(&self) -> &'static str {
        match self {
            Self::Fresh(_) => "fresh",
            Self::Stale { .. } => "stale",
            Self::Absent => "absent",
            Self::Failed { .. } => "failed",
        }
    }
}

/// An instance the board watches, before anything is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// The instance.
    pub id: InstanceId,
    /// The region it is asked for in, as a label.
    pub region: String,
    /// Series that should exist: missing ones are shown as such.
    pub expected: Vec<SeriesName>,
}

/// What is known of one instance.
#[derive(Debug, Clone, PartialEq)]
pub struct InstanceBoard {
    /// Region, as a label.
    pub region: Arc<str>,
    /// Series that should exist, sorted.
    pub expected: Arc<[SeriesName]>,
    /// When a collection last began, whatever came of it.
    pub last_attempt: Option<Timestamp>,
    /// When the last collection that worked began.
    pub last_success: Option<Timestamp>,
    /// When the first of the current row of failures began.
    pub failing_since: Option<Timestamp>,
    /// Length of that row.
    pub consecutive_failures: u64,
    /// Why the last collection failed; `None` while collections work.
    pub last_error: Option<Failure>,
    watched_since: Timestamp,
    /// Series in the last answer that worked.
    answered: usize,
    /// Sorted by name, each once.
    samples: Vec<(SeriesName, LagSample)>,
}

impl InstanceBoard {
    /// Whether the last collection worked. False before the first.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.last_success.is_some() && self.failing_since.is_none()
    }

    /// Whether the last answer that worked held nothing at all for this instance.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.last_success.is_some() && self.answered == 0
    }

    /// What may be said about one series now.
    #[must_use]
    pub fn read(&self, series: &SeriesName, now: Timestamp, max_age: SignedDuration) -> Reading {
        match self.samples.binary_search_by(|(name, _)| name.cmp(series)) {
            Ok(at) => judge(self.samples[at].1, now, max_age),
            Err(_) => self.without_sample(),
        }
    }

    fn without_sample(&self) -> Reading {
        match (self.failing_since, self.last_success) {
            (Some(since), _) => Reading::Failed { since },
            // Nothing was answered yet, so nothing is absent yet.
            (None, None) => Reading::Failed {
                since: self.watched_since,
            },
            (None, Some(_)) => Reading::Absent,
        }
    }

    /// Every series with a sample and every expected one, in the order of names.
    pub fn rows(
        &self,
        now: Timestamp,
        max_age: SignedDuration,
    ) -> impl Iterator<Item = (&SeriesName, Reading)> {
        let mut samples = self.samples.iter().peekable();
        let mut expected = self.expected.iter().peekable();
        std::iter::from_fn(move || {
            let next_sample = samples.peek().map(|(name, _)| name);
            if let Some(missing) =
                expected.next_if(|name| next_sample.is_none_or(|other| *name < other))
            {
                return Some((missing, self.without_sample()));
            }
            let (name, sample) = samples.next()?;
            expected.next_if(|other| *other == name);
            Some((name, judge(*sample, now, max_age)))
        })
    }

    /// Every series with a sample, fresh or not, in the order of names.
    pub fn samples(&self) -> impl ExactSizeIterator<Item = (&SeriesName, &LagSample)> {
        self.samples.iter().map(|(name, sample)| (name, sample))
    }

    /// Newer samples win; series that the answer does not mention stay until they are older than `forget_after`.
    fn merge(
        &mut self,
        new: Vec<(SeriesName, LagSample)>,
        now: Timestamp,
        forget_after: SignedDuration,
    ) {
        let old = std::mem::take(&mut self.samples);
        self.samples.reserve_exact(old.len().max(new.len()));
        let mut new = new.into_iter().peekable();
        for (name, sample) in old {
            while let Some(earlier) = new.next_if(|(other, _)| *other < name) {
                self.samples.push(earlier);
            }
            let newest = match new.next_if(|(other, _)| *other == name) {
                Some((_, answer)) if answer.at >= sample.at => answer,
                _ => sample,
            };
            if newest.age(now) <= forget_after {
                self.samples.push((name, newest));
            }
        }
        self.samples.extend(new);
    }
}

fn judge(sample: LagSample, now: Timestamp, max_age: SignedDuration) -> Reading {
    let age = sample.age(now);
    if age <= max_age {
        Reading::Fresh(sample)
    } else {
        Reading::Stale { last: sample, age }
    }
}

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
    instances: BTreeMap<InstanceId, Arc<InstanceBoard>>,
    sources: BTreeMap<Arc<str>, SourceBoard>,
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
            mut expected,
        } in instances
        {
            expected.sort();
            expected.dedup();
            let board = InstanceBoard {
                region: region.into(),
                expected: expected.into(),
                watched_since: now,
                answered: 0,
                last_attempt: None,
                last_success: None,
                failing_since: None,
                consecutive_failures: 0,
                last_error: None,
                samples: Vec::new(),
            };
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
        let Collected { snapshot, failed } = collected;
        let at = snapshot.taken_at;
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
            let Some(board) = next.instances.get_mut(&id) else {
                continue;
            };
            let board = Arc::make_mut(board);
            board.last_attempt = Some(at);
            board.last_success = Some(at);
            board.failing_since = None;
            board.consecutive_failures = 0;
            board.last_error = None;
            board.answered = samples.len();
            board.merge(samples, at, forget_after);
        }
        for (id, failure) in failed {
            let Some(board) = next.instances.get_mut(&id) else {
                continue;
            };
            let board = Arc::make_mut(board);
            board.last_attempt = Some(at);
            board.failing_since = board.failing_since.or(Some(at));
            board.consecutive_failures = board.consecutive_failures.saturating_add(1);
            board.last_error = Some(failure);
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
        self.sources.values().all(|source| source.attempts > 0)
    }
}

/// The board of the process: one immutable value, swapped whole, read by any number of threads.
#[derive(Debug, Default)]
pub struct BoardCell {
    board: RwLock<Arc<Board>>,
    updating: Mutex<()>,
}

impl BoardCell {
    /// A cell that holds this board.
    #[must_use]
    pub fn new(board: Board) -> Self {
        Self {
            board: RwLock::new(Arc::new(board)),
            updating: Mutex::new(()),
        }
    }

    /// The board of this moment.
    #[must_use]
    pub fn load(&self) -> Arc<Board> {
        self.board
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Replaces the board by what `next` makes of it. Readers do not wait for `next`; two updates do not run at once.
    pub fn update(&self, next: impl FnOnce(&Board) -> Board) {
        let _one = self.updating.lock().unwrap_or_else(PoisonError::into_inner);
        let board = Arc::new(next(&self.load()));
        *self.board.write().unwrap_or_else(PoisonError::into_inner) = board;
    }
}
