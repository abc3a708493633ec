//! The last hour of every group's lag, in memory: what a sparkline is drawn from.
//!
//! A slot is one minute of the datum's own time. Nothing is interpolated: a minute without a datum stays empty, and a true
//! zero is a zero. 20,000 groups take 6 MB, and the board 1 MB more for what answers said of earlier minutes.

use crate::{Board, GroupName, InstanceId, Lag, LagSample, SeriesName};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Minutes that are remembered.
pub const SLOTS: usize = 60;

/// [`SLOTS`], in the arithmetic of times.
const KEPT: i64 = 60;
/// Seconds of a slot.
const MINUTE: i64 = 60;

/// Points before the newest one that a trend looks at, and so the most that an answer is remembered with.
const EARLIER: usize = crate::fold::RECENT - 1;

/// The points of one answer before its newest, of the minutes just before it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Earlier {
    /// Minute of the newest point.
    newest: i64,
    /// One, two and so on minutes before that; negative is no point. NaN would be unequal to itself.
    lags: [f32; EARLIER],
}

impl Earlier {
    /// From `(milliseconds since the epoch, lag)`, the newest first.
    pub(crate) fn of(points: &[(i64, Lag)]) -> Self {
        let minute = |at: i64| at.div_euclid(MINUTE * 1_000);
        let newest = points.first().map_or(0, |(at, _)| minute(*at));
        let mut lags = [-1.0; EARLIER];
        // Of several in a minute the newest counts, so it is written last.
        for (at, lag) in points.iter().rev() {
            let before = newest.saturating_sub(minute(*at)).checked_sub(1);
            let before = before.and_then(|before| usize::try_from(before).ok());
            if let Some(place) = before.and_then(|before| lags.get_mut(before)) {
                *place = single(*lag);
            }
        }
        Self { newest, lags }
    }

    fn points(&self) -> impl Iterator<Item = (i64, f32)> {
        let newest = self.newest;
        let lags = self.lags.into_iter().zip(1_i64..);
        lags.filter_map(move |(lag, before)| (lag >= 0.0).then_some((newest - before, lag)))
    }
}

/// The last hour of every group on a board. Totals only: topics would multiply it.
#[derive(Debug, Default)]
pub struct History(BTreeMap<InstanceId, Vec<(GroupName, Box<Hour>)>>);

impl History {
    /// Takes the newest sample of each group and what the same answer said of the minutes before it, and forgets the groups that the board has forgotten. Taking a board twice
    /// changes nothing. Call it at each update of the board; what it is not shown it does not know.
    pub fn take(&mut self, board: &Board) {
        self.0.retain(|id, _| board.instance(id.as_str()).is_some());
        for (id, instance) in board.instances() {
            let known = self.0.entry(id.clone()).or_default();
            let totals = instance.samples().filter(|(name, _)| name.topic.is_none());
            follow(known, totals, instance.earlier());
        }
    }

    /// What is remembered of one group.
    #[must_use]
    pub fn of(&self, instance: &str, group: &str) -> Option<&Hour> {
        let groups = self.0.get(instance)?;
        let at = groups.binary_search_by(|(name, _)| name.as_str().cmp(group));
        at.ok().map(|at| &*groups[at].1)
    }

    /// How many groups are remembered.
    #[must_use]
    pub fn groups(&self) -> usize {
        self.0.values().map(Vec::len).sum()
    }
}

/// Both are sorted by name.
fn follow<'b>(
    known: &mut Vec<(GroupName, Box<Hour>)>,
    totals: impl Iterator<Item = (&'b SeriesName, &'b LagSample)>,
    earlier: &[(GroupName, Earlier)],
) {
    let mut earlier = earlier.iter().peekable();
    let old = std::mem::take(known);
    known.reserve(old.len());
    let mut old = old.into_iter().peekable();
    for (series, sample) in totals {
        while old.next_if(|(name, _)| *name < series.group).is_some() {}
        let same = old.next_if(|(name, _)| *name == series.group);
        let mut entry = same.unwrap_or_else(|| (series.group.clone(), Box::default()));
        entry.1.note(sample);
        while earlier.next_if(|(name, _)| *name < series.group).is_some() {}
        if let Some((_, earlier)) = earlier.next_if(|(name, _)| *name == series.group) {
            entry.1.complete(earlier);
        }
        known.push(entry);
    }
    known.shrink_to_fit();
}

/// The newest sixty minutes of one group, up to its newest datum.
#[derive(Debug, Clone)]
pub struct Hour {
    /// Minutes since the epoch.
    newest: i64,
    /// By minute modulo [`KEPT`]; NaN is no datum. Seven digits are enough for a picture, and half the memory.
    slots: [f32; SLOTS],
}

impl Default for Hour {
    fn default() -> Self {
        Self {
            newest: i64::MIN,
            slots: [f32::NAN; SLOTS],
        }
    }
}

impl Hour {
    /// Of two samples in one minute the one noted last counts: a board only ever goes on to newer ones.
    fn note(&mut self, sample: &LagSample) {
        let minute = sample.at.as_second().div_euclid(MINUTE);
        let ahead = minute.saturating_sub(self.newest);
        if ahead <= -KEPT {
            return;
        }
        for passed in 0..ahead.min(KEPT) {
            self.slots[slot(minute - passed)] = f32::NAN;
        }
        self.newest = self.newest.max(minute);
        self.slots[slot(minute)] = single(sample.lag);
    }

    /// Fills minutes that have no datum yet.
    fn complete(&mut self, earlier: &Earlier) {
        for (minute, lag) in earlier.points() {
            let is_kept = minute <= self.newest && self.newest.saturating_sub(minute) < KEPT;
            let place = &mut self.slots[slot(minute)];
            if is_kept && place.is_nan() {
                *place = lag;
            }
        }
    }

    /// The lag of each of the sixty minutes that end with the one of `now`, oldest first, with the beginning of its
    /// minute; to seven digits.
    pub fn until(&self, now: Timestamp) -> impl ExactSizeIterator<Item = (Timestamp, Option<Lag>)> {
        let last = now.as_second().div_euclid(MINUTE);
        (0..SLOTS).rev().map(move |back| {
            let minute = last.saturating_sub(i64::try_from(back).unwrap_or(KEPT));
            let second = minute.saturating_mul(MINUTE);
            let at = Timestamp::from_second(second).unwrap_or(Timestamp::MIN);
            (at, self.lag(minute))
        })
    }

    fn lag(&self, minute: i64) -> Option<Lag> {
        let is_kept = minute <= self.newest && self.newest.saturating_sub(minute) < KEPT;
        let value = is_kept.then(|| self.slots[slot(minute)])?;
        // NaN is no lag, and so no datum.
        Lag::try_from(f64::from(value)).ok()
    }
}

fn slot(minute: i64) -> usize {
    usize::try_from(minute.rem_euclid(KEPT)).unwrap_or(0)
}

/// The nearest number that fits; never infinite.
#[expect(
    clippy::cast_possible_truncation,
    reason = "`as` rounds to the nearest f32, and what is too large is cut before"
)]
fn single(lag: Lag) -> f32 {
    lag.as_f64().min(f64::from(f32::MAX)) as f32
}
