//! What the simulator has seen and sent.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use serde::Serialize;

/// Counts since the start or the last reset; calls of the control API are not among the calls.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Counters {
    /// All calls.
    pub calls: u64,
    /// Calls by `Action`; what is no known action counts under `other`.
    pub by_action: BTreeMap<String, u64>,
    /// Calls by what came of them: `OK`, the vendor's code, or the name of the fault that shaped the reply.
    pub by_outcome: BTreeMap<String, u64>,
    /// The most calls within any second.
    pub peak_calls_per_second: usize,
    /// Datapoints served.
    pub points: u64,
    /// Bytes written to sockets, heads and control API included.
    pub bytes_sent: u64,
}

/// The counters while they count.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    counts: Mutex<(Counters, VecDeque<Instant>)>,
    bytes: AtomicU64,
}

impl Tally {
    pub(crate) fn arrived(&self, action: &str, at: Instant) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let (counters, recent) = &mut *counts;
        counters.calls += 1;
        *counters.by_action.entry(action.to_owned()).or_default() += 1;
        forget_before(recent, at);
        recent.push_back(at);
        counters.peak_calls_per_second = counters.peak_calls_per_second.max(recent.len());
    }

    pub(crate) fn ended(&self, outcome: &str, points: usize) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.0.by_outcome.entry(outcome.to_owned()).or_default() += 1;
        counts.0.points += u64::try_from(points).unwrap_or_default();
    }

    pub(crate) fn sent(&self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or_default();
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> Counters {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        Counters {
            bytes_sent: self.bytes.load(Ordering::Relaxed),
            ..counts.0.clone()
        }
    }

    pub(crate) fn reset(&self) {
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner) = Default::default();
        self.bytes.store(0, Ordering::Relaxed);
    }
}

/// Drops what is a second old or older.
pub(crate) fn forget_before(recent: &mut VecDeque<Instant>, now: Instant) {
    while recent
        .front()
        .is_some_and(|call| now.saturating_duration_since(*call) >= Duration::from_secs(1))
    {
        recent.pop_front();
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::Tally;

    #[test]
    fn the_peak_is_the_most_calls_in_any_second() {
        let (tally, start) = (Tally::default(), Instant::now());
        for millis in [0, 900, 950, 1_000, 5_000] {
            tally.arrived("a", start + Duration::from_millis(millis));
        }
        assert_eq!(tally.read().peak_calls_per_second, 3);
        assert_eq!(tally.read().calls, 5);
        tally.reset();
        assert_eq!(tally.read(), super::Counters::default());
    }
}
