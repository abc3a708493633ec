//! The simulator's time: the system clock, or a moment that stands still until it is moved.

use std::sync::{PoisonError, RwLock};

use jiff::Timestamp;

/// Real or manual time, switchable while the server runs.
#[derive(Debug)]
pub(crate) struct SimClock {
    manual: RwLock<Option<Timestamp>>,
}

impl SimClock {
    pub(crate) fn new(manual: Option<Timestamp>) -> Self {
        Self {
            manual: RwLock::new(manual),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.manual().unwrap_or_else(system_now)
    }

    /// The moment the clock was set to, or `None` while it follows the system.
    pub(crate) fn manual(&self) -> Option<Timestamp> {
        *self.manual.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set(&self, manual: Option<Timestamp>) {
        *self.manual.write().unwrap_or_else(PoisonError::into_inner) = manual;
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place of this crate that asks the system for the time"
)]
fn system_now() -> Timestamp {
    Timestamp::now()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::SimClock;

    #[test]
    fn a_manual_clock_stands_still_and_real_time_can_be_resumed() {
        let moment: Timestamp = "2026-01-15T08:30:00Z".parse().unwrap();
        let clock = SimClock::new(Some(moment));
        assert_eq!(clock.now(), moment);
        assert_eq!(clock.now(), moment);
        clock.set(None);
        assert!(clock.now() > moment);
    }
}
