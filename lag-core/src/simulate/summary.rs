//! A way in a few numbers.

use super::Tick;
use crate::Lag;
use jiff::SignedDuration;

/// A way in a few numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Summary {
    /// The fewest replicas, those at the beginning included.
    pub fewest: u32,
    /// The most replicas, those at the beginning included.
    pub most: u32,
    /// Replicas in the mean over time.
    pub mean: f64,
    /// How often the number changed.
    pub changes: u32,
    /// How often it went up after it had gone down, or down after up.
    pub turns: u32,
    /// The highest lag, as it was; `None` if it was never known.
    pub worst: Option<Lag>,
    /// Time with a lag above a number.
    pub above: SignedDuration,
    /// Time in which the autoscaler had no number.
    pub without_data: SignedDuration,
    /// Length of the whole.
    pub lasts: SignedDuration,
}

impl Summary {
    /// Of syncs that lie `every` apart, each of which counts for the time up to the next. `None` for no syncs.
    #[must_use]
    pub fn of(ticks: &[Tick], every: SignedDuration, above: Lag) -> Option<Self> {
        let after = |tick: &Tick| tick.point.replicas;
        let time = |count: usize| every.saturating_mul(i32::try_from(count).unwrap_or(i32::MAX));
        let steps = ticks.iter().filter(|tick| tick.before != after(tick));
        let ways: Vec<bool> = steps.map(|tick| after(tick) > tick.before).collect();
        let turns = ways.windows(2).filter(|pair| pair[0] != pair[1]).count();
        let count = u32::try_from(ticks.len()).unwrap_or(u32::MAX);
        let begin = ticks.first()?.before;
        let all = || std::iter::once(begin).chain(ticks.iter().map(after));
        let sum: f64 = ticks.iter().map(|tick| f64::from(after(tick))).sum();
        Some(Self {
            fewest: all().min()?,
            most: all().max()?,
            mean: sum / f64::from(count),
            changes: u32::try_from(ways.len()).unwrap_or(u32::MAX),
            turns: u32::try_from(turns).unwrap_or(u32::MAX),
            worst: ticks.iter().filter_map(|tick| tick.lag).reduce(Lag::max),
            above: time(ticks.iter().filter(|tick| tick.lag > Some(above)).count()),
            without_data: time(ticks.iter().filter(|tick| tick.seen.is_none()).count()),
            lasts: time(ticks.len()),
        })
    }
}
