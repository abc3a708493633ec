//! How long a rendering of a board stays true.

use jiff::{SignedDuration, Timestamp};
use lag_core::{LagSample, Reading};

/// The stretch of time in which no reading of one board changes its state. What is rendered at one moment of it is
/// right at every other: samples turn stale only at its end, and would be fresh again only before its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Validity {
    /// When the last of the stale samples turned stale. A clock that is set back may be earlier.
    from: Timestamp,
    /// When the first of the fresh samples turns stale; `None` when none will.
    until: Option<Timestamp>,
}

impl Validity {
    /// Of a board without samples: for ever.
    pub(crate) const ALWAYS: Self = Self {
        from: Timestamp::MIN,
        until: None,
    };

    /// Takes one more reading into account.
    pub(crate) fn narrow(&mut self, reading: &Reading, max_age: SignedDuration) {
        match reading {
            Reading::Fresh(sample) => {
                if let Some(end) = stale_from(sample, max_age) {
                    self.until = Some(self.until.map_or(end, |until| until.min(end)));
                }
            }
            Reading::Stale { last, .. } => {
                self.from = self
                    .from
                    .max(stale_from(last, max_age).unwrap_or(Timestamp::MAX));
            }
            // Time alone changes nothing about these.
            Reading::Absent | Reading::Failed { .. } => {}
        }
    }

    /// Whether a rendering with this validity is true at `now`.
    pub(crate) fn holds_at(&self, now: Timestamp) -> bool {
        self.from <= now && self.until.is_none_or(|until| now < until)
    }
}

/// The first moment at which a sample is older than `max_age`; `None` beyond the calendar.
fn stale_from(sample: &LagSample, max_age: SignedDuration) -> Option<Timestamp> {
    let last_fresh = sample.at.checked_add(max_age).ok()?;
    last_fresh.checked_add(SignedDuration::from_nanos(1)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use lag_core::Lag;

    const MAX_AGE: SignedDuration = SignedDuration::from_mins(5);

    fn sample(at: &str) -> LagSample {
        LagSample {
            at: at.parse().unwrap(),
            lag: Lag::ZERO,
            trend: None,
        }
    }

    fn moment(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn it_ends_when_the_oldest_fresh_sample_turns_stale() {
        let mut validity = Validity::ALWAYS;
        validity.narrow(&Reading::Fresh(sample("2026-01-15T08:28:00Z")), MAX_AGE);
        validity.narrow(&Reading::Fresh(sample("2026-01-15T08:27:00Z")), MAX_AGE);
        assert!(validity.holds_at(moment("2026-01-15T08:32:00Z")));
        assert!(!validity.holds_at(moment("2026-01-15T08:32:00.000000001Z")));
    }

    #[test]
    fn it_begins_when_the_newest_stale_sample_turned_stale() {
        let mut validity = Validity::ALWAYS;
        for at in ["2026-01-15T08:00:00Z", "2026-01-15T08:10:00Z"] {
            let (last, age) = (sample(at), SignedDuration::from_mins(20));
            validity.narrow(&Reading::Stale { last, age }, MAX_AGE);
        }
        assert!(!validity.holds_at(moment("2026-01-15T08:15:00Z")));
        assert!(validity.holds_at(moment("2026-01-15T08:15:00.000000001Z")));
        assert!(validity.holds_at(Timestamp::MAX));
    }

    #[test]
    fn without_samples_it_is_for_ever() {
        let mut validity = Validity::ALWAYS;
        validity.narrow(&Reading::Absent, MAX_AGE);
        let since = Timestamp::UNIX_EPOCH;
        validity.narrow(&Reading::Failed { since }, MAX_AGE);
        assert_eq!(validity, Validity::ALWAYS);
        assert!(validity.holds_at(Timestamp::MIN) && validity.holds_at(Timestamp::MAX));
    }
}
