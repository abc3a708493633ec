//! A client-side limit of calls, so that the vendor's limit is not reached, and a common back-off when it was.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

/// Pause of all calls after the first throttled one; doubled while throttling goes on.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(20);
/// Calls are spaced at most so many times as widely as the limit asks for.
const SLOWEST: f64 = 16.0;
/// What a success leaves of the extra spacing.
const RECOVERY: f64 = 0.9;

/// A token bucket: so many calls per second, with a small burst.
///
/// Clones share the bucket. The vendor counts per account (50 calls a second for
/// the metric queries, shared by all its users), so give one limiter to all
/// clients of an account: see [`ClientBuilder::limiter`](crate::ClientBuilder::limiter).
/// The default is 20 calls a second with a burst of 10. Retries are counted too.
///
/// When a call is throttled, every call of the limiter pauses, one second first and
/// up to 20 while it goes on (or as long as the service wants, up to the same bound);
/// then calls leave one by one and half as fast, and return to the full pace as they
/// succeed. Throttled calls that were under way together count once.
#[derive(Clone)]
pub struct RateLimiter(Option<Arc<Bucket>>);

/// The right to make one call, taken at a certain moment.
#[derive(Debug, Clone, Copy)]
pub struct Turn(Option<Instant>);

struct Bucket {
    /// Time that one call costs.
    interval: Duration,
    /// How far ahead of the even pace a burst may run.
    allowance: Duration,
    state: Mutex<State>,
}

struct State {
    /// When the next call were due if calls were evenly spaced.
    due: Option<Instant>,
    /// No call leaves before.
    paused_until: Option<Instant>,
    /// When a call was last found throttled; what had left before tells nothing new.
    throttled_at: Option<Instant>,
    /// The pause that follows the next throttled call.
    pause: Duration,
    /// How many times as wide the spacing is.
    slowdown: f64,
}

impl RateLimiter {
    /// At most `calls_per_second` on average and `burst` at once. Zero counts as one.
    #[must_use]
    pub fn new(calls_per_second: u32, burst: u32) -> Self {
        let interval = Duration::from_secs(1) / calls_per_second.max(1);
        Self(Some(Arc::new(Bucket {
            interval,
            allowance: interval.saturating_mul(burst.max(1) - 1),
            state: Mutex::new(State {
                due: None,
                paused_until: None,
                throttled_at: None,
                pause: FIRST_PAUSE,
                slowdown: 1.0,
            }),
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
    pub async fn acquire(&self) -> Turn {
        let Some(bucket) = &self.0 else {
            return Turn(None);
        };
        loop {
            let at = bucket.reserve(Instant::now());
            sleep_until(at).await;
            // A pause may have begun meanwhile: queue again, or all who waited would leave together at its end.
            let now = Instant::now();
            if bucket.lock().paused_until.is_none_or(|end| end <= now) {
                return Turn(Some(now));
            }
        }
    }

    /// The call of this turn was throttled: everybody pauses, at least `retry_after` if the service said so.
    pub fn throttled(&self, turn: Turn, retry_after: Option<Duration>) {
        let (Some(bucket), Some(left_at)) = (&self.0, turn.0) else {
            return;
        };
        bucket.throttled(left_at, Instant::now(), retry_after.unwrap_or_default());
    }

    /// The call of this turn was answered: back to the full pace, step by step.
    pub fn succeeded(&self, turn: Turn) {
        let (Some(bucket), Some(left_at)) = (&self.0, turn.0) else {
            return;
        };
        let mut state = bucket.lock();
        if state.throttled_at.is_none_or(|at| at < left_at) {
            state.pause = FIRST_PAUSE;
            state.slowdown = (state.slowdown * RECOVERY).max(1.0);
        }
    }
}

impl Bucket {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The moment at which the caller may go; the lock is not held while it waits.
    fn reserve(&self, now: Instant) -> Instant {
        let mut state = self.lock();
        let mine = state.due.map_or(now, |due| due.max(now));
        state.due = Some(mine + self.interval.mul_f64(state.slowdown));
        mine.checked_sub(self.allowance)
            .map_or(now, |at| at.max(now))
    }

    fn throttled(&self, left_at: Instant, now: Instant, wish: Duration) {
        let mut state = self.lock();
        let is_news = state.throttled_at.is_none_or(|at| at < left_at);
        let pause = if is_news { state.pause.max(wish) } else { wish };
        let end = now + pause.min(LONGEST_PAUSE);
        if state.paused_until.is_none_or(|known| known < end) {
            state.paused_until = Some(end);
            // No burst afterwards: the first leaves at the end of the pause, the others evenly spaced.
            let first = end + self.allowance;
            state.due = Some(state.due.map_or(first, |due| due.max(first)));
        }
        if is_news {
            state.throttled_at = Some(now);
            state.pause = (state.pause * 2).min(LONGEST_PAUSE);
            state.slowdown = (state.slowdown * 2.0).min(SLOWEST);
        }
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

    /// So many calls that take no time, all waiting together; returns when each left.
    async fn leave_together(limiter: &RateLimiter, calls: usize) -> Vec<Instant> {
        let mut all = tokio::task::JoinSet::new();
        for _ in 0..calls {
            let limiter = limiter.clone();
            all.spawn(async move {
                limiter.acquire().await;
                Instant::now()
            });
        }
        let mut at = all.join_all().await;
        at.sort();
        at
    }

    #[tokio::test(start_paused = true)]
    async fn one_throttled_call_stops_all_and_they_return_one_by_one_at_half_the_pace() {
        let (limiter, start) = (RateLimiter::new(20, 10), Instant::now());
        let turn = limiter.acquire().await;
        limiter.throttled(turn, None);
        let at = leave_together(&limiter, 5).await;
        let after: Vec<_> = at
            .iter()
            .map(|at| at.duration_since(start).as_millis())
            .collect();
        assert_eq!(after, [1000, 1100, 1200, 1300, 1400]);
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_waited_when_the_pause_began_do_not_leave_together_at_its_end() {
        let limiter = RateLimiter::new(20, 10);
        let turn = limiter.acquire().await;
        let (waiting, start) = (limiter.clone(), Instant::now());
        let leaving = tokio::spawn(async move { leave_together(&waiting, 30).await });
        tokio::time::sleep(Duration::from_millis(200)).await;
        limiter.throttled(turn, None);
        let at = leaving.await.unwrap();
        let pause = start + Duration::from_millis(200)..start + Duration::from_millis(1200);
        assert!(!at.iter().any(|at| pause.contains(at) && *at != pause.start));
        let late: Vec<_> = at.into_iter().filter(|at| *at >= pause.end).collect();
        assert!(late.len() > 10, "{}", late.len());
        for pair in late.windows(2) {
            assert!(pair[1].duration_since(pair[0]) >= Duration::from_millis(50));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn calls_that_were_under_way_together_count_as_one_throttling() {
        let (limiter, start) = (RateLimiter::new(20, 10), Instant::now());
        let mut turns = Vec::new();
        for _ in 0..8 {
            turns.push(limiter.acquire().await);
        }
        tokio::time::advance(Duration::from_millis(10)).await;
        for turn in turns {
            limiter.throttled(turn, None);
        }
        limiter.acquire().await;
        assert_eq!(start.elapsed(), Duration::from_millis(1010));
    }

    #[tokio::test(start_paused = true)]
    async fn pauses_double_up_to_twenty_seconds_and_end_with_a_success() {
        let (limiter, mut pauses) = (RateLimiter::new(20, 10), Vec::new());
        let mut turn = limiter.acquire().await;
        for _ in 0..7 {
            tokio::time::advance(Duration::from_millis(1)).await;
            limiter.throttled(turn, None);
            let start = Instant::now();
            turn = limiter.acquire().await;
            pauses.push(start.elapsed().as_secs());
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 20, 20]);
        limiter.succeeded(turn);
        tokio::time::advance(Duration::from_secs(5)).await;
        let turn = limiter.acquire().await;
        limiter.throttled(turn, None);
        let start = Instant::now();
        limiter.acquire().await;
        assert_eq!(start.elapsed().as_secs(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn the_services_wish_lengthens_the_pause_up_to_the_bound() {
        for (wish, expected) in [(1500, 1500), (300, 1000), (3_600_000, 20_000)] {
            let limiter = RateLimiter::new(20, 10);
            let turn = limiter.acquire().await;
            let start = Instant::now();
            limiter.throttled(turn, Some(Duration::from_millis(wish)));
            limiter.acquire().await;
            assert_eq!(start.elapsed(), Duration::from_millis(expected));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn successes_bring_the_full_pace_back() {
        let limiter = RateLimiter::new(20, 1);
        let turn = limiter.acquire().await;
        limiter.throttled(turn, None);
        for _ in 0..10 {
            let turn = limiter.acquire().await;
            tokio::time::advance(Duration::from_millis(1)).await;
            limiter.succeeded(turn);
        }
        limiter.acquire().await;
        let start = Instant::now();
        limiter.acquire().await;
        assert_eq!(start.elapsed(), Duration::from_millis(50));
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
