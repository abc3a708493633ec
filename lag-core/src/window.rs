//! Which stretch of time one query asks for.

use crate::PromDuration;
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// How windows are cut: the period of the metric, how far back to ask, points per page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowPolicy {
    period: Duration,
    span: Duration,
    page_length: u16,
}

/// One query's stretch of time, open on the left and closed on the right, as CMS reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueryWindow {
    /// Points later than this.
    pub start: Timestamp,
    /// Points up to and including this.
    pub end: Timestamp,
}

/// A window in which no complete point can be expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidWindow {
    /// The period is not one that CMS aggregates by.
    #[error(
        "a period of {} is not known to CMS: use a multiple of 1m (Kafka metrics have 1m)",
        PromDuration::from(*.0)
    )]
    Period(Duration),
    /// The window is too short for the vendor's delay, or longer than CMS allows.
    #[error(
        "a window of {} cannot work with a period of {}: a point appears about a minute after its period ends, \
         so use at least {} (3 periods; 5 are advised) and at most 31d",
        PromDuration::from(*span), PromDuration::from(*period), PromDuration::from(*least)
    )]
    Span {
        /// The window asked for.
        span: Duration,
        /// The period of the metric.
        period: Duration,
        /// The shortest window that can hold a complete point.
        least: Duration,
    },
    /// CMS answers with 1 to 1440 points a page.
    #[error("a page of {0} points is not possible: CMS allows 1 to 1440")]
    PageLength(u16),
}

impl WindowPolicy {
    /// Checks the numbers against each other and against the vendor's limits (31 days, 1440 points a page).
    ///
    /// # Errors
    /// [`InvalidWindow`] says which number is wrong and what would work.
    pub fn new(period: Duration, span: Duration, page_length: u16) -> Result<Self, InvalidWindow> {
        if period.is_zero() || !period.as_secs().is_multiple_of(60) || period.subsec_nanos() != 0 {
            return Err(InvalidWindow::Period(period));
        }
        let least = period.saturating_mul(3);
        if span < least || span > Duration::from_hours(31 * 24) {
            return Err(InvalidWindow::Span {
                span,
                period,
                least,
            });
        }
        if !(1..=1440).contains(&page_length) {
            return Err(InvalidWindow::PageLength(page_length));
        }
        Ok(Self {
            period,
            span,
            page_length,
        })
    }

    /// Period of the metric.
    #[must_use]
    pub fn period(self) -> Duration {
        self.period
    }

    /// Points per page.
    #[must_use]
    pub fn page_length(self) -> u16 {
        self.page_length
    }

    /// The most points one series can have in a window.
    #[must_use]
    pub fn points_per_series(self) -> u32 {
        u32::try_from(self.span.as_secs() / self.period.as_secs()).unwrap_or(u32::MAX)
    }

    /// The window that ends now. It starts on a period's edge, so every run of one period asks for the same points.
    #[must_use]
    pub fn at(self, now: Timestamp) -> QueryWindow {
        let period = i64::try_from(self.period.as_secs()).unwrap_or(i64::MAX);
        let edge = now.as_second().div_euclid(period).saturating_mul(period);
        let span = SignedDuration::try_from(self.span).unwrap_or(SignedDuration::MAX);
        let start = Timestamp::from_second(edge)
            .and_then(|edge| edge.checked_sub(span))
            .unwrap_or(Timestamp::MIN);
        QueryWindow { start, end: now }
    }
}

impl Default for WindowPolicy {
    /// One-minute points of the last five minutes, 1440 a page.
    fn default() -> Self {
        Self {
            period: Duration::from_mins(1),
            span: Duration::from_mins(5),
            page_length: 1440,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    #[test]
    fn a_window_that_cannot_hold_a_complete_point_is_refused_with_the_arithmetic() {
        let error = WindowPolicy::new(MINUTE, MINUTE, 1440).unwrap_err();
        assert!(error.to_string().contains("at least 3m"), "{error}");
        assert!(WindowPolicy::new(MINUTE, 3 * MINUTE, 1440).is_ok());
        assert!(WindowPolicy::new(MINUTE, Duration::from_hours(32 * 24), 1440).is_err());
    }

    #[test]
    fn periods_and_page_lengths_are_those_of_the_vendor() {
        for period in [
            Duration::ZERO,
            Duration::from_secs(15),
            Duration::from_millis(60_500),
        ] {
            assert_eq!(
                WindowPolicy::new(period, Duration::from_hours(1), 1440),
                Err(InvalidWindow::Period(period))
            );
        }
        for length in [0, 1441] {
            assert_eq!(
                WindowPolicy::new(MINUTE, 5 * MINUTE, length),
                Err(InvalidWindow::PageLength(length))
            );
        }
    }

    #[test]
    fn a_window_starts_on_the_edge_of_a_period_and_ends_now() {
        let now: Timestamp = "2026-01-15T08:30:42.5Z".parse().unwrap();
        let window = WindowPolicy::default().at(now);
        assert_eq!(window.start, "2026-01-15T08:25:00Z".parse().unwrap());
        assert_eq!(window.end, now);
        assert_eq!(WindowPolicy::default().points_per_series(), 5);
    }
}
