//! What collecting will cost, before a call is made.

use crate::{InstanceId, Rests, WindowPolicy};
use jiff::Timestamp;
use std::time::Duration;

/// A month of 30 days, in seconds.
const MONTH: u64 = 30 * 86_400;

/// Calls of one source, by arithmetic alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallEstimate {
    /// Queries of one collection and metric: instances in fifties.
    pub batches: u64,
    /// Metrics that are asked for.
    pub metrics: u64,
    /// Pages of one answer.
    pub pages: u64,
    /// Time between collections.
    pub interval: Duration,
}

impl CallEstimate {
    /// The estimate for answers of one page.
    #[must_use]
    pub fn new(instances: &[InstanceId], metrics: u64, interval: Duration) -> Self {
        let batches = Rests::default().batches(instances, Timestamp::UNIX_EPOCH);
        Self {
            batches: batches.len() as u64,
            metrics,
            pages: 1,
            interval,
        }
    }

    /// Calls of one collection.
    #[must_use]
    pub fn per_collection(self) -> u64 {
        self.batches
            .saturating_mul(self.metrics)
            .saturating_mul(self.pages)
    }

    /// Calls of a month of 30 days, at the configured interval.
    #[must_use]
    pub fn per_month(self) -> u64 {
        calls_per_month(self.per_collection(), self.interval)
    }
}

/// Calls of a month of 30 days, for so many calls each interval.
#[must_use]
pub fn calls_per_month(calls: u64, interval: Duration) -> u64 {
    let collections = Duration::from_secs(MONTH).as_millis() / interval.as_millis().max(1);
    u64::try_from(collections)
        .unwrap_or(u64::MAX)
        .saturating_mul(calls)
}

/// How many series the first page of an answer has room for.
#[must_use]
pub fn series_per_page(window: WindowPolicy) -> u64 {
    let page = u64::from(window.page_length());
    page / u64::from(window.points_per_series().max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(count: usize) -> Vec<InstanceId> {
        (0..count)
            .map(|n| format!("i-{n:03}").parse().unwrap())
            .collect()
    }

    #[test]
    fn one_call_a_minute_is_43_200_a_month() {
        let estimate = CallEstimate::new(&ids(50), 1, Duration::from_mins(1));
        assert_eq!(
            (estimate.per_collection(), estimate.per_month()),
            (1, 43_200)
        );
    }

    #[test]
    fn more_than_fifty_instances_metrics_and_pages_multiply() {
        let mut estimate = CallEstimate::new(&ids(51), 2, Duration::from_mins(1));
        estimate.pages = 3;
        assert_eq!(estimate.per_collection(), 12);
        assert_eq!(estimate.per_month(), 518_400);
        estimate.interval = Duration::from_millis(500);
        assert_eq!(estimate.per_month(), 62_208_000);
    }

    #[test]
    fn a_page_of_five_minutes_holds_288_groups() {
        assert_eq!(series_per_page(WindowPolicy::default()), 288);
    }
}
