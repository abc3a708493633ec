//! The number itself.

use serde::Serialize;

/// Messages not yet consumed: finite and not negative by construction. Zero is a value like any other.
#[derive(Debug, Clone, Copy, Default, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Lag(f64);

/// A number that cannot be a lag: negative, infinite or not a number.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("{0} is not a lag: it must be finite and not negative")]
pub struct InvalidLag(f64);

impl Lag {
    /// A group that has caught up.
    pub const ZERO: Self = Self(0.0);

    /// The number of messages.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        self.0
    }

    /// The larger of two.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self(self.0.max(other.0))
    }
}

impl TryFrom<f64> for Lag {
    type Error = InvalidLag;

    fn try_from(value: f64) -> Result<Self, InvalidLag> {
        if value.is_finite() && value >= 0.0 {
            Ok(Self(value + 0.0)) // turns -0.0 into 0.0
        } else {
            Err(InvalidLag(value))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_finite_numbers_from_zero_up_are_a_lag() {
        for bad in [-1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(Lag::try_from(bad).is_err(), "{bad}");
        }
        assert!(Lag::try_from(-0.0).unwrap().as_f64().is_sign_positive());
        assert_eq!(Lag::try_from(0.0), Ok(Lag::ZERO));
    }
}
