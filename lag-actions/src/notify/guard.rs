//! At most 20 messages in any minute, so that the service does not block the robot.

use jiff::{SignedDuration, Timestamp};
use std::{collections::VecDeque, sync::Mutex};

const MINUTE: SignedDuration = SignedDuration::from_secs(60);
const A_MINUTE: usize = 20;

/// Counts what was sent in the last minute. A bucket that refills would let nearly 40 through in its first minute.
#[derive(Debug, Default)]
pub(super) struct Guard(Mutex<Window>);

#[derive(Debug, Default)]
struct Window {
    sent: VecDeque<Timestamp>,
    refused: Option<Timestamp>,
}

impl Guard {
    /// Whether one more may be sent now; it counts as sent.
    pub(super) fn take(&self, now: Timestamp) -> bool {
        let mut window = self.lock();
        // A clock that was set back leaves times of the future, which say nothing.
        let recent = |at: &Timestamp| *at <= now && now.duration_since(*at) < MINUTE;
        window.sent.retain(recent);
        window.refused = window.refused.filter(recent);
        let free = window.refused.is_none() && window.sent.len() < A_MINUTE;
        if free {
            window.sent.push_back(now);
        }
        free
    }

    /// The service wants less: a minute of silence, because asking on lengthens the block.
    pub(super) fn refused(&self, now: Timestamp) {
        self.lock().refused = Some(now);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Window> {
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(1_700_000_000_000 + ms).unwrap()
    }

    #[test]
    fn no_minute_has_more_than_twenty() {
        let guard = Guard::default();
        let sent: Vec<i64> = (0..300_000)
            .step_by(250)
            .filter(|ms| guard.take(at(*ms)))
            .collect();
        for first in &sent {
            let minute = first..&(first + 60_000);
            assert!(sent.iter().filter(|ms| minute.contains(ms)).count() <= 20);
        }
        assert_eq!(sent.len(), 100, "and none is refused without need");
    }

    #[test]
    fn a_refusal_of_the_service_is_followed_by_a_minute_of_silence() {
        let guard = Guard::default();
        assert!(guard.take(at(0)));
        guard.refused(at(100));
        assert!(!guard.take(at(60_099)));
        assert!(guard.take(at(60_100)));
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_silence_the_robot_for_an_hour() {
        let guard = Guard::default();
        (0..20).for_each(|_| assert!(guard.take(at(3_600_000))));
        guard.refused(at(3_600_000));
        assert!(guard.take(at(0)));
    }
}
