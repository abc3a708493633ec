//! What one collection found: one sample per series, and what was left out.

use crate::{Earlier, GroupFilter, GroupName, InstanceId, Lag, SeriesName, Statistic, Trend};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// What is taken from the pages.
#[derive(Debug, Clone)]
pub struct SnapshotRules {
    /// Which groups are looked at.
    pub filter: GroupFilter,
    /// Which statistic of a point is its lag.
    pub statistic: Statistic,
    /// How far ahead of our clock a point may be before it is dropped. Zero by default: CMS stamps a point with the
    /// start of its minute, so an honest one lies at least a minute back, which forgives a clock that is as slow.
    pub future_tolerance: SignedDuration,
    /// The most series kept; later ones are dropped and counted, so beyond it the order of points does matter.
    pub max_series: usize,
    /// Groups that are kept whatever the limit.
    pub always: BTreeSet<GroupName>,
}

impl Default for SnapshotRules {
    fn default() -> Self {
        Self {
            filter: GroupFilter::default(),
            statistic: Statistic::default(),
            future_tolerance: SignedDuration::ZERO,
            max_series: 100_000,
            always: BTreeSet::new(),
        }
    }
}

/// Why a point was not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DropReason {
    /// No `instanceId`, or one that was not asked for.
    Instance,
    /// No usable `consumerGroup`: the metric is probably not one of consumer groups.
    Group,
    /// A `topic` that cannot be a name.
    Topic,
    /// None of the statistics looked at.
    Statistic,
    /// A negative or infinite number.
    Value,
    /// In the future beyond the tolerance, or outside the calendar.
    Timestamp,
}

impl DropReason {
    /// Every reason, in the order of [`Self::as_str`]'s use as a label.
    pub const ALL: [Self; 6] = [
        Self::Instance,
        Self::Group,
        Self::Topic,
        Self::Statistic,
        Self::Value,
        Self::Timestamp,
    ];

    /// The reason as a metric label.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Instance => "instance",
            Self::Group => "group",
            Self::Topic => "topic",
            Self::Statistic => "statistic",
            Self::Value => "value",
            Self::Timestamp => "timestamp",
        }
    }
}

/// What was left out of a snapshot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Points that could not be used, by reason.
    pub points: BTreeMap<DropReason, u64>,
    /// Series beyond [`SnapshotRules::max_series`].
    pub series: u64,
}

/// The newest known point of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LagSample {
    /// The time CMS gives the point: the start of the period it was aggregated over.
    pub at: Timestamp,
    /// Messages not yet consumed.
    pub lag: Lag,
    /// Where it is going, if the same answer held at least two moments.
    pub trend: Option<Trend>,
}

impl LagSample {
    /// Age of the number. A timestamp slightly ahead of our clock is of age zero.
    #[must_use]
    pub fn age(&self, now: Timestamp) -> SignedDuration {
        now.duration_since(self.at).max(SignedDuration::ZERO)
    }
}

/// What one collection of some instances found.
#[derive(Debug, Clone, PartialEq)]
pub struct LagSnapshot {
    /// When the collection began.
    pub taken_at: Timestamp,
    /// Series of every instance that was asked, sorted by name; an instance without groups has an empty list.
    pub instances: BTreeMap<InstanceId, Vec<(SeriesName, LagSample)>>,
    /// What the answers said of the minutes before the newest point, of group totals, sorted by name: for pictures alone.
    pub earlier: BTreeMap<InstanceId, Vec<(GroupName, Earlier)>>,
    /// Points in all pages.
    pub received: u64,
    /// What was left out.
    pub dropped: Dropped,
}

impl LagSnapshot {
    /// A snapshot of no instance yet.
    #[must_use]
    pub fn empty(taken_at: Timestamp) -> Self {
        Self {
            taken_at,
            instances: BTreeMap::new(),
            earlier: BTreeMap::new(),
            received: 0,
            dropped: Dropped::default(),
        }
    }

    /// Adds what another query of the same collection found: other instances, or other series of the same ones.
    pub fn absorb(&mut self, other: Self) {
        for (id, mut series) in other.instances {
            let known = self.instances.entry(id).or_default();
            if known.is_empty() {
                *known = series;
            } else {
                known.append(&mut series);
                known.sort_by(|a, b| a.0.cmp(&b.0));
                known.dedup_by(|later, first| later.0 == first.0);
            }
        }
        for (id, mut groups) in other.earlier {
            let known = self.earlier.entry(id).or_default();
            known.append(&mut groups);
            known.sort_by(|a, b| a.0.cmp(&b.0));
            known.dedup_by(|later, first| later.0 == first.0);
        }
        self.received = self.received.saturating_add(other.received);
        self.dropped.series = self.dropped.series.saturating_add(other.dropped.series);
        for (reason, count) in other.dropped.points {
            *self.dropped.points.entry(reason).or_default() += count;
        }
    }

    /// Why points were dropped, if no point of a whole answer could be used.
    #[must_use]
    pub fn all_dropped(&self) -> Option<DropReason> {
        let dropped: u64 = self.dropped.points.values().sum();
        let (reason, _) = self
            .dropped
            .points
            .iter()
            .max_by_key(|(_, count)| **count)?;
        (dropped == self.received).then_some(*reason)
    }

    /// Series of all instances.
    #[must_use]
    pub fn series(&self) -> usize {
        self.instances.values().map(Vec::len).sum()
    }

    /// The moment up to which half of the series have data: what the publication delay is learned from. A single
    /// early or silent group does not move it.
    #[must_use]
    pub fn complete_through(&self) -> Option<Timestamp> {
        let mut newest: Vec<_> = self
            .instances
            .values()
            .flatten()
            .map(|(_, sample)| sample.at)
            .collect();
        let middle = newest.len() / 2;
        (!newest.is_empty()).then(|| *newest.select_nth_unstable(middle).1)
    }
}
