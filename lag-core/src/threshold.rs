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
