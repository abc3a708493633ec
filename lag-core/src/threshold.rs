//! When lag is too much, and when it is well again.

use crate::Lag;

/// Two numbers with a gap between them, so that a lag that wavers does not begin and end episodes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Threshold {
    breach_above: Lag,
    recover_at: Lag,
}

/// Thresholds the wrong way round.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error(
    "recovery at {recover_at} lies above the breach at {breach_above}: it must be at most that"
)]
pub struct InvalidThreshold {
    breach_above: f64,
    recover_at: f64,
}

impl Threshold {
    /// A breach is above the first number, exactly there it is none; recovery is at the second number or below.
    ///
    /// # Errors
    /// [`InvalidThreshold`] when recovery lies above the breach.
    pub fn new(breach_above: Lag, recover_at: Lag) -> Result<Self, InvalidThreshold> {
        if recover_at > breach_above {
            return Err(InvalidThreshold {
                breach_above: breach_above.as_f64(),
                recover_at: recover_at.as_f64(),
            });
        }
        Ok(Self {
            breach_above,
            recover_at,
        })
    }

    /// Above this, lag is too much.
    #[must_use]
    pub fn breach_above(self) -> Lag {
        self.breach_above
    }

    /// At this or below, it is well again.
    #[must_use]
    pub fn recover_at(self) -> Lag {
        self.recover_at
    }

    /// Whether this lag is too much.
    #[must_use]
    pub fn is_breach(self, lag: Lag) -> bool {
        lag > self.breach_above
    }

    /// Whether this lag ends an episode.
    #[must_use]
    pub fn is_recovery(self, lag: Lag) -> bool {
        lag <= self.recover_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lag(value: f64) -> Lag {
        Lag::try_from(value).unwrap()
    }

    #[test]
    fn a_threshold_exactly_met_is_no_breach() {
        let threshold = Threshold::new(lag(150_000.0), lag(100_000.0)).unwrap();
        assert!(!threshold.is_breach(lag(150_000.0)));
        assert!(threshold.is_breach(lag(150_000.5)));
        assert!(threshold.is_recovery(lag(100_000.0)));
    }

    #[test]
    fn between_the_two_numbers_there_is_neither_breach_nor_recovery() {
        let threshold = Threshold::new(lag(150_000.0), lag(100_000.0)).unwrap();
        for value in [100_000.5, 120_000.0, 150_000.0] {
            assert!(!threshold.is_breach(lag(value)), "{value}");
            assert!(!threshold.is_recovery(lag(value)), "{value}");
        }
    }

    #[test]
    fn one_number_for_both_leaves_no_gap_and_no_overlap() {
        let threshold = Threshold::new(lag(5.0), lag(5.0)).unwrap();
        for value in [0.0, 4.9, 5.0, 5.1] {
            assert_ne!(
                threshold.is_breach(lag(value)),
                threshold.is_recovery(lag(value)),
                "{value}"
            );
        }
    }

    #[test]
    fn recovery_above_the_breach_is_refused() {
        let error = Threshold::new(lag(100.0), lag(101.0)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "recovery at 101 lies above the breach at 100: it must be at most that"
        );
    }
}
