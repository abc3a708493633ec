//! Which timestamps the points of a query can have, and from when on.

use crate::mix::mix;

/// When a minute's points can be seen: a fixed delay and a share of the jitter that depends on the minute alone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Publication {
    pub(crate) delay_ms: u64,
    pub(crate) jitter_ms: u64,
    pub(crate) seed: u64,
}

impl Publication {
    fn is_visible(&self, point: i64, period_ms: i64, now: i64) -> bool {
        let noise = mix(self.seed, point.cast_unsigned()) % (self.jitter_ms.saturating_add(1));
        let delay = i64::try_from(self.delay_ms.saturating_add(noise)).unwrap_or(i64::MAX);
        point.saturating_add(period_ms).saturating_add(delay) <= now
    }

    /// The timestamps in `(start, end]` that are published at `now`, oldest first.
    pub(crate) fn times(&self, start: i64, end: i64, period_ms: i64, now: i64) -> Vec<Moment> {
        let mut time = (start.div_euclid(period_ms) + 1) * period_ms;
        let mut times = Vec::new();
        while time <= end && time + period_ms <= now {
            if self.is_visible(time, period_ms, now) {
                times.push(Moment::published(time));
            }
            time += period_ms;
        }
        times
    }
}

/// A timestamp that points may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) at: i64,
    /// Whether it is a period that is published, and not only the moment of a single point.
    pub(crate) is_published: bool,
}

impl Moment {
    pub(crate) fn published(at: i64) -> Self {
        Self {
            at,
            is_published: true,
        }
    }

    pub(crate) fn single(at: i64) -> Self {
        Self {
            at,
            is_published: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Moment, Publication};

    const MINUTE: i64 = 60_000;

    fn publication(delay_ms: u64, jitter_ms: u64) -> Publication {
        Publication {
            delay_ms,
            jitter_ms,
            seed: 3,
        }
    }

    #[test]
    fn a_point_is_published_when_its_minute_is_over_and_the_delay_has_passed() {
        let rule = publication(5_000, 0);
        let times = |now| rule.times(0, 10 * MINUTE, MINUTE, now);
        assert_eq!(times(2 * MINUTE + 4_999), Vec::new());
        assert_eq!(times(2 * MINUTE + 5_000), [Moment::published(MINUTE)]);
    }

    #[test]
    fn a_window_is_open_at_its_start_and_closed_at_its_end() {
        let times = publication(0, 0).times(MINUTE, 3 * MINUTE, MINUTE, i64::MAX / 2);
        assert_eq!(times, [2 * MINUTE, 3 * MINUTE].map(Moment::published));
    }

    #[test]
    fn jitter_depends_on_the_minute_alone_and_stays_in_its_bounds() {
        let rule = publication(1_000, 30_000);
        let first_seen = |minute: i64| {
            (0..MINUTE)
                .step_by(500)
                .find(|wait| rule.is_visible(minute * MINUTE, MINUTE, (minute + 1) * MINUTE + wait))
                .unwrap()
        };
        let seen: Vec<i64> = (0..20).map(first_seen).collect();
        assert_eq!(seen, (0..20).map(first_seen).collect::<Vec<_>>());
        assert!(
            seen.iter().all(|wait| (1_000..=31_000).contains(wait)),
            "{seen:?}"
        );
        assert!(seen.iter().any(|wait| *wait != seen[0]), "{seen:?}");
    }
}
