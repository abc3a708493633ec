//! How often and after what wait a call is repeated.

use std::time::Duration;

/// The bounds of repeating a call.
///
/// Whether a failure is repeated at all is decided by its class
/// ([`Error::is_retryable`](crate::Error::is_retryable)), never by this policy
/// and never by a header.
///
/// ```
/// let policy = aliyun_cms::RetryPolicy::default().with_max_attempts(2);
/// assert_eq!(policy.max_attempts, 2);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// Calls in all, the first included; zero counts as one. Default 4.
    pub max_attempts: u32,
    /// Upper bound of the first wait; it doubles with each further one. Default 200 ms.
    pub initial_delay: Duration,
    /// Upper bound of every wait, also of one the server asks for. Default 20 s.
    pub max_delay: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_attempts: 4,
            initial_delay: Duration::from_millis(200),
            max_delay: Duration::from_secs(20),
        }
    }
}

impl RetryPolicy {
    /// One attempt, no repetition.
    #[must_use]
    pub fn none() -> Self {
        Self::default().with_max_attempts(1)
    }

    /// Sets [`max_attempts`](Self::max_attempts).
    #[must_use]
    pub fn with_max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// Sets [`initial_delay`](Self::initial_delay).
    #[must_use]
    pub fn with_initial_delay(mut self, delay: Duration) -> Self {
        self.initial_delay = delay;
        self
    }

    /// Sets [`max_delay`](Self::max_delay).
    #[must_use]
    pub fn with_max_delay(mut self, delay: Duration) -> Self {
        self.max_delay = delay;
        self
    }

    /// The wait after the `failed`-th attempt (the first is 1): "full jitter", a
    /// uniform draw from nothing up to the doubled delay, so that clients that
    /// failed together do not come back together.
    ///
    /// `jitter` is the draw, in `0.0..1.0`. `retry_after` is the server's wish: the
    /// wait is not shorter than that, unless that is longer than
    /// [`max_delay`](Self::max_delay).
    #[must_use]
    pub fn delay(&self, failed: u32, jitter: f64, retry_after: Option<Duration>) -> Duration {
        let factor = 2_u32.saturating_pow(failed.saturating_sub(1));
        let ceiling = self
            .initial_delay
            .saturating_mul(factor)
            .min(self.max_delay);
        let jitter = if jitter.is_finite() {
            jitter.clamp(0.0, 1.0)
        } else {
            1.0
        };
        ceiling
            .mul_f64(jitter)
            .max(retry_after.unwrap_or_default())
            .min(self.max_delay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn the_bound_doubles_up_to_the_cap_and_the_draw_scales_it() {
        let policy = RetryPolicy::default();
        let bounds: Vec<_> = (1..10)
            .map(|n| policy.delay(n, 1.0, None) / 1_000_000)
            .collect();
        let ms = [200, 400, 800, 1600, 3200, 6400, 12_800, 20_000, 20_000];
        assert_eq!(bounds, ms.map(Duration::from_nanos));
        assert_eq!(policy.delay(2, 0.25, None), 100 * MS);
        assert_eq!(policy.delay(5, 0.0, None), Duration::ZERO);
        assert_eq!(policy.delay(u32::MAX, 1.0, None), Duration::from_secs(20));
        assert_eq!(policy.delay(1, f64::NAN, None), 200 * MS);
    }

    #[test]
    fn the_servers_wish_is_a_lower_bound_under_the_cap() {
        let policy = RetryPolicy::default();
        assert_eq!(policy.delay(1, 0.5, Some(1500 * MS)), 1500 * MS);
        assert_eq!(policy.delay(5, 1.0, Some(1500 * MS)), 3200 * MS);
        assert_eq!(
            policy.delay(1, 0.5, Some(Duration::from_secs(3600))),
            policy.max_delay
        );
        assert_eq!(policy.delay(1, 1.0, Some(Duration::MAX)), policy.max_delay);
    }
}
