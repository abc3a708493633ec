//! Calls to the cloud, counted: they are paid and limited.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// Counts every attempt of every call since the start of the process, by source and action.
#[derive(Debug, Default)]
pub struct ApiCalls(Mutex<CallTotals>);

/// Counts by source and action.
pub type CallTotals = BTreeMap<(Arc<str>, Arc<str>), CallCount>;

/// Attempts of one action.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallCount {
    /// All attempts, retries and failures included.
    pub requests: u64,
    /// Failed attempts by kind, a closed list; also answers that turned out to be unusable afterwards.
    pub errors: BTreeMap<&'static str, u64>,
}

impl ApiCalls {
    /// Makes an action visible with zeros, so that the first failure is a step and not a new series.
    pub fn declare(
        &self,
        source: &str,
        action: &str,
        kinds: impl IntoIterator<Item = &'static str>,
    ) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry((source.into(), action.into())).or_default();
        for kind in kinds {
            count.errors.entry(kind).or_default();
        }
    }

    /// Counts one attempt; `Err` holds the kind of the failure.
    pub fn record(&self, source: &str, action: &str, outcome: Result<(), &'static str>) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry((source.into(), action.into())).or_default();
        count.requests += 1;
        if let Err(kind) = outcome {
            *count.errors.entry(kind).or_default() += 1;
        }
    }

    /// Counts a failure that shows only after the requests themselves have worked, such as pages that do not end.
    pub fn record_late(&self, source: &str, action: &str, kind: &'static str) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry((source.into(), action.into())).or_default();
        *count.errors.entry(kind).or_default() += 1;
    }

    /// The counts so far, sorted by source and action.
    #[must_use]
    pub fn totals(&self) -> CallTotals {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_requests_too() {
        let calls = ApiCalls::default();
        calls.declare("main", "DescribeMetricList", ["throttled", "timeout"]);
        calls.record("main", "DescribeMetricList", Ok(()));
        calls.record("main", "DescribeMetricList", Err("throttled"));
        let totals = calls.totals();
        let count = &totals[&("main".into(), "DescribeMetricList".into())];
        assert_eq!(count.requests, 2);
        assert_eq!(
            count.errors,
            BTreeMap::from([("throttled", 1), ("timeout", 0)])
        );
    }
}
