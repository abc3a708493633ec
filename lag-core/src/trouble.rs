//! Which group a person should look at first, and what is to be said about all of them together.

use crate::{Board, GroupKey, Lag, Reading, recommend::Policy, recommend::RecommendBook};
use jiff::{SignedDuration, Timestamp};
use std::{cmp::Ordering, sync::Arc};

/// From this change per second on a lag grows or falls: less is noise, and shown as none.
const MOVES: f64 = 0.05;

/// Above which lag a group is in trouble.
#[derive(Debug, Clone, Default)]
pub struct GroupLimits {
    /// For every group.
    pub threshold: Option<Lag>,
    /// Rules whose lowest step counts where there is no threshold.
    pub book: Arc<RecommendBook>,
}

impl GroupLimits {
    /// The limit of one group: the threshold, or else the lowest step of the rule that is for it.
    #[must_use]
    pub fn of(&self, key: &GroupKey) -> Option<Lag> {
        self.threshold.or_else(|| self.steps(key).first().copied())
    }

    /// At which lags its rule asks for more replicas, from the lowest.
    #[must_use]
    pub fn steps(&self, key: &GroupKey) -> Vec<Lag> {
        match self.book.of(key).map(|rule| &rule.policy) {
            Some(Policy::Steps(policy)) => policy.steps().iter().map(|step| step.above).collect(),
            Some(Policy::Drain(_)) | None => Vec::new(),
        }
    }
}

/// How a group fares, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Condition {
    /// A fresh lag above its limit.
    Above,
    /// The cloud has not answered, and nothing was known before.
    Failed,
    /// Expected, and the cloud knows nothing of it.
    Absent,
    /// The last number is too old to be one.
    Stale,
    /// The lag grows.
    Growing,
    /// There is a lag, and it is not known to fall.
    Standing,
    /// The lag falls.
    Draining,
    /// No lag at all: a true zero.
    CaughtUp,
}

/// The place of a group in a list that is sorted by trouble: by its condition; among those that drain, the one that
/// needs longest first; among those that are out of date, the one whose last known lag was the largest part of its
/// limit; then the larger lag, or last known one; then what is longer out of date.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trouble {
    condition: Condition,
    drain: SignedDuration,
    /// Of a stale group: its last lag in limits, 0 without one.
    part: f64,
    /// Messages, as they are or were last known.
    size: f64,
    /// Of a stale group.
    age: SignedDuration,
}

impl Trouble {
    /// What a reading means for a group with this limit.
    #[must_use]
    pub fn of(reading: &Reading, limit: Option<Lag>) -> Self {
        let mut drain = SignedDuration::ZERO;
        let (mut part, mut size, mut age) = (0.0, 0.0, SignedDuration::ZERO);
        let condition = match reading {
            Reading::Fresh(sample) => {
                size = sample.lag.as_f64();
                let change = sample.trend.map_or(0.0, |trend| trend.per_second());
                let drains = sample.trend.and_then(|trend| trend.drain(sample.lag));
                drain = drains.unwrap_or_default();
                if limit.is_some_and(|limit| sample.lag > limit) {
                    Condition::Above
                } else if change >= MOVES {
                    Condition::Growing
                } else if sample.lag == Lag::ZERO {
                    Condition::CaughtUp
                } else if change <= -MOVES {
                    Condition::Draining
                } else {
                    Condition::Standing
                }
            }
            Reading::Stale { last, age: since } => {
                size = last.lag.as_f64();
                part = limit.map_or(0.0, |limit| part_of(size, limit));
                age = *since;
                Condition::Stale
            }
            Reading::Absent => Condition::Absent,
            Reading::Failed { .. } => Condition::Failed,
        };
        if condition != Condition::Draining {
            drain = SignedDuration::ZERO;
        }
        Self {
            condition,
            drain,
            part,
            size,
            age,
        }
    }

    /// How the group fares.
    #[must_use]
    pub fn condition(&self) -> Condition {
        self.condition
    }

    /// Worse first. Equal ones are to be sorted by name.
    #[must_use]
    pub fn order(&self, other: &Self) -> Ordering {
        self.condition
            .cmp(&other.condition)
            .then_with(|| other.drain.cmp(&self.drain))
            .then_with(|| other.part.total_cmp(&self.part))
            .then_with(|| other.size.total_cmp(&self.size))
            .then_with(|| other.age.cmp(&self.age))
    }
}

/// How many limits a lag is. Of a limit of zero everything is too much, but not nothing.
fn part_of(size: f64, limit: Lag) -> f64 {
    if size > 0.0 {
        size / limit.as_f64()
    } else {
        0.0
    }
}

/// Groups by what is the matter with them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// All of them.
    pub groups: usize,
    /// Above their limit.
    pub above: usize,
    /// Without a fresh number, whatever the reason.
    pub blind: usize,
    /// With a limit.
    pub limited: usize,
}

impl Tally {
    /// Counts one group.
    pub fn count(&mut self, trouble: &Trouble, limit: Option<Lag>) {
        self.groups += 1;
        self.limited += usize::from(limit.is_some());
        match trouble.condition {
            Condition::Above => self.above += 1,
            Condition::Failed | Condition::Absent | Condition::Stale => self.blind += 1,
            Condition::Growing
            | Condition::Standing
            | Condition::Draining
            | Condition::CaughtUp => {}
        }
    }
}

/// One sentence of the verdict over everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// Nothing is known yet.
    Untried,
    /// Instances that cannot be read, or are not asked.
    Unread {
        /// How many.
        instances: usize,
        /// Of how many.
        of: usize,
        /// Since when the first of them.
        since: Option<Timestamp>,
    },
    /// Instances that answer with no usable point.
    Silent {
        /// How many.
        instances: usize,
    },
    /// Groups above their limit.
    Above {
        /// How many.
        groups: usize,
    },
    /// Groups without a fresh number.
    Blind {
        /// How many.
        groups: usize,
        /// Of how many.
        of: usize,
    },
    /// Series that were left out, beyond the configured limit.
    Cut {
        /// How many.
        series: u64,
    },
    /// Nothing is wrong.
    Well {
        /// How many groups are fresh.
        groups: usize,
        /// Each has a limit, and is not above it.
        within: bool,
    },
}

impl Finding {
    /// The verdict over a board: what is wrong, the worst first, or that nothing is. Never empty.
    #[must_use]
    pub fn all(board: &Board, tally: &Tally, now: Timestamp, max_age: SignedDuration) -> Vec<Self> {
        if !board.is_tried() {
            return vec![Self::Untried];
        }
        let mut findings = Vec::new();
        let unread = board
            .instances()
            .filter(|(_, one)| !one.is_up() || one.unasked(now, max_age).is_some());
        let unread: Vec<_> = unread
            .map(|(_, one)| one.failing_since.or(one.last_attempt))
            .collect();
        if !unread.is_empty() {
            findings.push(Self::Unread {
                instances: unread.len(),
                of: board.instances().len(),
                since: unread.into_iter().flatten().min(),
            });
        }
        if tally.above > 0 {
            let groups = tally.above;
            findings.push(Self::Above { groups });
        }
        if tally.blind > 0 {
            let (groups, of) = (tally.blind, tally.groups);
            findings.push(Self::Blind { groups, of });
        }
        let silent = board.instances().filter(|(_, one)| one.is_silent()).count();
        if silent > 0 {
            findings.push(Self::Silent { instances: silent });
        }
        let series = board.sources().map(|(_, source)| source.dropped.series);
        let series = series.fold(0, u64::saturating_add);
        if series > 0 {
            findings.push(Self::Cut { series });
        }
        if findings.is_empty() {
            let groups = tally.groups;
            let within = groups > 0 && tally.limited == groups;
            findings.push(Self::Well { groups, within });
        }
        findings
    }
}
