//! What the gateway remembers between calls: nonces and the rate of calls.

use std::{
    collections::{BTreeMap, HashSet, VecDeque},
    time::{Duration, Instant},
};

use crate::counters::forget_before;

/// A timestamp may be this far from the server's clock.
pub(crate) const TOLERANCE_MS: i64 = 15 * 60 * 1000;

/// However fast the calls come, no more nonces than this are kept.
const MOST_NONCES: usize = 200_000;

/// Nonces already used, as long as their timestamp could still be accepted.
#[derive(Debug, Default)]
pub(crate) struct Nonces {
    known: HashSet<String>,
    order: VecDeque<(i64, String)>,
}

impl Nonces {
    /// `false` when the nonce was used before.
    pub(crate) fn take(&mut self, nonce: &str, now_ms: i64) -> bool {
        while let Some((taken, _)) = self.order.front()
            && (now_ms - taken > 2 * TOLERANCE_MS || self.order.len() >= MOST_NONCES)
        {
            if let Some((_, old)) = self.order.pop_front() {
                self.known.remove(&old);
            }
        }
        if !self.known.insert(nonce.to_owned()) {
            return false;
        }
        self.order.push_back((now_ms, nonce.to_owned()));
        true
    }
}

/// Calls per second and action, in a sliding second of real time.
#[derive(Debug)]
pub(crate) struct RateLimit {
    per_second: usize,
    recent: BTreeMap<&'static str, VecDeque<Instant>>,
}

impl RateLimit {
    pub(crate) fn new(per_second: u32) -> Self {
        Self {
            per_second: usize::try_from(per_second).unwrap_or(usize::MAX),
            recent: BTreeMap::new(),
        }
    }

    /// Counts the call, or says how many milliseconds to wait.
    pub(crate) fn admit(&mut self, action: &'static str, now: Instant) -> Result<(), u64> {
        if self.per_second == 0 {
            return Ok(());
        }
        let recent = self.recent.entry(action).or_default();
        forget_before(recent, now);
        if recent.len() < self.per_second {
            recent.push_back(now);
            return Ok(());
        }
        let oldest = recent
            .front()
            .map_or(Duration::ZERO, |call| now.saturating_duration_since(*call));
        let wait = Duration::from_secs(1).saturating_sub(oldest);
        Err(u64::try_from(wait.as_millis()).unwrap_or(1000).max(1))
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Nonces, RateLimit, TOLERANCE_MS};

    #[test]
    fn a_nonce_is_refused_as_long_as_its_timestamp_could_be_valid() {
        let mut nonces = Nonces::default();
        assert!(nonces.take("n", 0));
        assert!(!nonces.take("n", 2 * TOLERANCE_MS));
        assert!(nonces.take("n", 2 * TOLERANCE_MS + 1));
    }

    #[test]
    fn the_limit_holds_in_every_second_and_per_action() {
        let (mut limit, start) = (RateLimit::new(2), Instant::now());
        let at = |millis| start + Duration::from_millis(millis);
        assert_eq!(limit.admit("a", at(0)), Ok(()));
        assert_eq!(limit.admit("a", at(600)), Ok(()));
        assert_eq!(limit.admit("a", at(700)), Err(300));
        assert_eq!(limit.admit("b", at(700)), Ok(()));
        assert_eq!(limit.admit("a", at(1_000)), Ok(()));
        assert_eq!(limit.admit("a", at(1_100)), Err(500));
    }

    #[test]
    fn zero_means_no_limit() {
        let mut limit = RateLimit::new(0);
        assert!((0..1000).all(|_| limit.admit("a", Instant::now()).is_ok()));
    }
}
