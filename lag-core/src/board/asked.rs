//! Why nothing newer is known of an instance, and whether all is known that it has.

use super::InstanceBoard;
use jiff::{SignedDuration, Timestamp};

/// What to do when nobody asks any more.
const UNASKED: &str =
    "see the log of the exporter (a replica that does not lead, or a collection that hangs)";

impl InstanceBoard {
    /// Whether series were left out, beyond the limit, of the answer that last worked. Which ones is not known, so what does
    /// not name its groups is only a part, and a group that is not there may exist.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// That nobody has asked the cloud for longer than `max_age`, since when, and what to do; `None` while somebody does,
    /// and after a failure, which says more. What is known says nothing of now then, not even that a series is absent.
    #[must_use]
    pub fn unasked(&self, now: Timestamp, max_age: SignedDuration) -> Option<String> {
        let since = self.unasked_since(now, max_age)?;
        self.last_error
            .is_none()
            .then(|| format!("nobody has asked CloudMonitor since {since:.0}: {UNASKED}"))
    }

    /// Why there is no newer number and what to do, where that is known: nobody asks, or the last collection failed.
    #[must_use]
    pub fn trouble(&self, now: Timestamp, max_age: SignedDuration) -> Option<String> {
        let Some(failure) = &self.last_error else {
            return self.unasked(now, max_age);
        };
        // An instance may rest after a failure, or nobody leads any more.
        Some(match self.unasked_since(now, max_age) {
            Some(since) => format!("{}; not asked again since {since:.0}", failure.detail),
            None => failure.detail.to_string(),
        })
    }

    fn unasked_since(&self, now: Timestamp, max_age: SignedDuration) -> Option<Timestamp> {
        let since = self.last_attempt.unwrap_or(self.watched_since);
        (now.duration_since(since) > max_age).then_some(since)
    }
}
