//! What is known of one instance.

use crate::{Earlier, GroupName, InstanceId, LagSample, Reading, SeriesName, port::Failure};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

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
    pub(crate) watched_since: Timestamp,
    /// Since when more is asked than the last answer that worked was asked for.
    pub(crate) unanswered_since: Option<Timestamp>,
    /// Series in the last answer that worked.
    pub(crate) answered: usize,
    /// Whether series were left out of that answer.
    pub(crate) is_cut: bool,
    /// What that answer said of earlier minutes, by group.
    pub(crate) earlier: Arc<[(GroupName, Earlier)]>,
    /// Sorted by name, each once.
    pub(crate) samples: Vec<(SeriesName, LagSample)>,
}

impl InstanceBoard {
    /// An instance of which nothing is known yet.
    pub(crate) fn watched(region: &str, mut expected: Vec<SeriesName>, since: Timestamp) -> Self {
        expected.sort();
        expected.dedup();
        Self {
            region: region.into(),
            expected: expected.into(),
            watched_since: since,
            unanswered_since: None,
            answered: 0,
            is_cut: false,
            earlier: Arc::default(),
            last_attempt: None,
            last_success: None,
            failing_since: None,
            consecutive_failures: 0,
            last_error: None,
            samples: Vec::new(),
        }
    }

    /// After a collection that worked.
    pub(super) fn succeed(
        &mut self,
        samples: Vec<(SeriesName, LagSample)>,
        at: Timestamp,
        forget_after: SignedDuration,
    ) {
        self.last_attempt = Some(at);
        self.last_success = Some(at);
        self.failing_since = None;
        self.consecutive_failures = 0;
        self.last_error = None;
        self.unanswered_since = None;
        self.answered = samples.len();
        self.merge(samples, at, forget_after);
    }

    /// After one that failed: samples stay, and their age does the rest.
    pub(super) fn fail(&mut self, failure: Failure, at: Timestamp) {
        self.last_attempt = Some(at);
        self.failing_since = self.failing_since.or(Some(at));
        self.consecutive_failures = self.consecutive_failures.saturating_add(1);
        self.last_error = Some(failure);
    }

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
            Ok(at) => Reading::of(self.samples[at].1, now, max_age),
            Err(_) => self.without_sample(),
        }
    }

    fn without_sample(&self) -> Reading {
        match (
            self.failing_since.or(self.unanswered_since),
            self.last_success,
        ) {
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
        self.merged(&self.samples, &self.expected, now, max_age)
    }

    /// Those of one group, its total first. Found by halving, however many groups there are.
    pub fn rows_of(
        &self,
        group: &str,
        now: Timestamp,
        max_age: SignedDuration,
    ) -> impl Iterator<Item = (&SeriesName, Reading)> {
        let samples = part(&self.samples, |(name, _)| name.group.as_str().cmp(group));
        let expected = part(&self.expected, |name| name.group.as_str().cmp(group));
        self.merged(samples, expected, now, max_age)
    }

    fn merged<'b>(
        &'b self,
        samples: &'b [(SeriesName, LagSample)],
        expected: &'b [SeriesName],
        now: Timestamp,
        max_age: SignedDuration,
    ) -> impl Iterator<Item = (&'b SeriesName, Reading)> {
        let mut samples = samples.iter().peekable();
        let mut expected = expected.iter().peekable();
        std::iter::from_fn(move || {
            let next_sample = samples.peek().map(|(name, _)| name);
            if let Some(missing) =
                expected.next_if(|name| next_sample.is_none_or(|other| *name < other))
            {
                return Some((missing, self.without_sample()));
            }
            let (name, sample) = samples.next()?;
            expected.next_if(|other| *other == name);
            Some((name, Reading::of(*sample, now, max_age)))
        })
    }

    /// What the last answer that worked said of the minutes before its newest points.
    pub(crate) fn earlier(&self) -> &[(GroupName, Earlier)] {
        &self.earlier
    }

    /// Every series with a sample, fresh or not, in the order of names.
    pub fn samples(&self) -> impl ExactSizeIterator<Item = (&SeriesName, &LagSample)> {
        self.samples.iter().map(|(name, sample)| (name, sample))
    }

    /// Newer samples win; series that the answer does not mention stay until they are older than `forget_after`.
    pub(crate) fn merge(
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

/// The entries that are equal, in a slice that is sorted that way.
fn part<T>(sorted: &[T], order: impl Fn(&T) -> std::cmp::Ordering) -> &[T] {
    let begin = sorted.partition_point(|entry| order(entry).is_lt());
    let rest = &sorted[begin..];
    &rest[..rest.partition_point(|entry| order(entry).is_eq())]
}
