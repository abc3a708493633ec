//! A client-side limit of calls, so that the vendor's limit is not reached.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

/// A token bucket: so many calls per second, with a small burst.
///
/// Clones share the bucket. The vendor counts per account (50 calls a second for
/// the metric queries, shared by all its users), so give one limiter to all
/// clients of an account: see [`ClientBuilder::limiter`](crate::ClientBuilder::limiter).
/// The default is 20 calls a second with a burst of 10. Retries are counted too.
#[derive(Clone)]
pub struct RateLimiter(Option<Arc<Bucket>>);

struct Bucket {
    /// Time that one call costs.
    interval: Duration,
    /// How far ahead of the even pace a burst may run.
    allowance: Duration,
    /// When the next call were due if calls were evenly spaced.
    due: Mutex<Option<Instant>>,
}

impl RateLimiter {
    /// At most `calls_per_second` on average and `burst` at once. Zero counts as one.
    #[must_use]
    pub fn new(calls_per_second: u32, burst: u32) -> Self {
        let interval = Duration::from_secs(1) / calls_per_second.max(1);
        Self(Some(Arc::new(Bucket {
            interval,
            allowance: interval.saturating_mul(burst.max(1) - 1),
            due: Mutex::new(None),
        })))
    }

    /// Never waits: for tests, or when something else keeps the limit.
    #[must_use]
    pub const fn unlimited() -> Self {
        Self(None)
    }

    /// Waits for the turn of one call.
    ///
    /// Turns are handed out in the order of asking. A future that is dropped while
    /// it waits leaves its turn unused; the limit holds nevertheless.
    pub async fn acquire(&self) {
        let Some(bucket) = &self.0 else { return };
        let at = bucket.reserve(Instant::now());
        sleep_until(at).await;
    }
}

impl Bucket {
    /// The moment at which the caller may go; the lock is not held while it waits.
    fn reserve(&self, now: Instant) -> Instant {
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = due.map_or(now, |due| due.max(now));
        *due = Some(mine + self.interval);
        mine.checked_sub(self.allowance)
            .map_or(now, |at| at.max(now))
    }
}

impl Default for RateLimiter {
    fn default() -> Self {
        Self::new(20, 10)
    }
}

impl fmt::Debug for RateLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            None => f.write_str("RateLimiter(unlimited)"),
            Some(bucket) => f
                .debug_struct("RateLimiter")
                .field("interval", &bucket.interval)
                .field("allowance", &bucket.allowance)
                .finish_non_exhaustive(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_goes_at_once_and_the_rest_evenly() {
        let limiter = RateLimiter::new(20, 10);
        let start = Instant::now();
        for _ in 0..10 {
            limiter.acquire().await;
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
        for _ in 0..20 {
            limiter.acquire().await;
        }
        assert_eq!(start.elapsed(), Duration::from_secs(1));
    }

    #[tokio::test(start_paused = true)]
    async fn no_second_ever_sees_more_than_rate_plus_burst() {
        let limiter = RateLimiter::default();
        let mut at = Vec::new();
        for call in 0..200_u64 {
            limiter.acquire().await;
            at.push(Instant::now());
            if call % 37 == 0 {
                tokio::time::advance(Duration::from_millis(call * 7)).await;
            }
        }
        for (first, start) in at.iter().enumerate() {
            let within = at[first..]
                .iter()
                .take_while(|t| t.duration_since(*start) < Duration::from_secs(1))
                .count();
            assert!(within <= 30, "{within} calls within one second");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn clones_share_the_bucket() {
        let (a, start) = (RateLimiter::new(1, 1), Instant::now());
        let b = a.clone();
        a.acquire().await;
        b.acquire().await;
        a.acquire().await;
        assert_eq!(start.elapsed(), Duration::from_secs(2));
    }

    #[tokio::test(start_paused = true)]
    async fn unlimited_never_waits() {
        let (limiter, start) = (RateLimiter::unlimited(), Instant::now());
        for _ in 0..10_000 {
            limiter.acquire().await;
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
    }
}
