//! One event per attempt, for metrics and for counting calls against a quota.

use std::time::Duration;

use jiff::SignedDuration;

use crate::ErrorKind;

/// Is told of every attempt, retries included, when it has ended.
///
/// Runs on the task of the call: count, and return. Closures that take an
/// [`&Attempt`](Attempt) are observers.
pub trait Observer: Send + Sync {
    /// Called once per attempt, before the wait for the next one.
    fn on_attempt(&self, attempt: &Attempt<'_>);
}

impl<F: Fn(&Attempt<'_>) + Send + Sync> Observer for F {
    fn on_attempt(&self, attempt: &Attempt<'_>) {
        self(attempt);
    }
}

/// What happened in one attempt.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Attempt<'a> {
    /// The API action, such as `DescribeMetricList`.
    pub action: &'a str,
    /// 1 for the first attempt of a call.
    pub number: u32,
    /// Whether the service may have seen a request. `false` when there were no
    /// credentials to sign with or no connection: such an attempt does not count
    /// against a quota.
    pub sent: bool,
    /// How it ended; the kind is a closed list, fit for a metric's label.
    pub outcome: Result<(), ErrorKind>,
    /// From asking for credentials to the decoded reply; waiting for the limiter
    /// is not part of it.
    pub duration: Duration,
    /// The wait before the next attempt, or `None` when this was the last one.
    pub retry_in: Option<Duration>,
    /// How far this machine's clock was ahead of the server's, negative when behind: our time of signing less the
    /// reply's `Date`. Right to about a second and the duration; `None` without a reply or such a header.
    pub clock_offset: Option<SignedDuration>,
}
