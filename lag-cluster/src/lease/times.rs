//! How long a lease lasts.

use std::time::Duration;

/// How long a lease lasts, and what follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseTimes {
    /// Others take the lease when it has not changed for so long. Whole seconds, as the API has them.
    pub duration: Duration,
    /// The holder stops when its last renewal was sent so long ago: before others may begin.
    pub deadline: Duration,
    /// Between two renewals.
    pub renew_every: Duration,
    /// Before something that failed is tried again, and the longest wait for the answer to a renewal: so short that
    /// after one lost answer there is time for another try before the deadline.
    pub retry_every: Duration,
}

impl LeaseTimes {
    /// client-go's 15 s, 10 s and 2 s, for a program that holds the lease for one run.
    pub const RUN: Self = Self {
        duration: Duration::from_secs(15),
        deadline: Duration::from_secs(10),
        renew_every: Duration::from_secs(5),
        retry_every: Duration::from_secs(2),
    };

    /// The same proportions for a lease of another length, renewed as often as it is looked at: for 15 s, 10 s and 2 s.
    #[must_use]
    pub fn lasting(duration: Duration) -> Self {
        let retry_every = duration * 2 / 15;
        Self {
            duration,
            deadline: duration * 2 / 3,
            renew_every: retry_every,
            retry_every,
        }
    }

    pub(super) fn seconds(&self) -> i32 {
        i32::try_from(self.duration.as_secs()).unwrap_or(i32::MAX)
    }
}
