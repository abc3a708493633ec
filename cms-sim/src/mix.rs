//! Deterministic noise and the few number conversions that std does not offer.

/// One step of splitmix64 over a seed and a value: the only source of "randomness" here, so that a run can be repeated.
pub(crate) fn mix(seed: u64, value: u64) -> u64 {
    let mut z = seed ^ value.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A number of text, for values that belong to a name rather than to a moment.
pub(crate) fn mix_text(seed: u64, text: &str) -> u64 {
    text.bytes()
        .fold(seed, |state, byte| mix(state, u64::from(byte)))
}

/// A fraction in `0.0..1.0` from 53 of the 64 bits.
pub(crate) fn fraction(bits: u64) -> f64 {
    to_f64(bits >> 11) / 9_007_199_254_740_992.0
}

/// Exact below 2^53, which [`MAX_LAG`](crate::scenario::MAX_LAG) guarantees for lags.
pub(crate) fn to_f64(value: u64) -> f64 {
    let high = u32::try_from(value >> 32).unwrap_or(u32::MAX);
    let low = u32::try_from(value & 0xffff_ffff).unwrap_or(u32::MAX);
    f64::from(high) * 4_294_967_296.0 + f64::from(low)
}

/// The nearest whole number that is not negative.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped just before; std has no checked conversion from f64"
)]
pub(crate) fn whole(value: f64) -> u64 {
    value.round().clamp(0.0, 9_007_199_254_740_992.0) as u64
}

#[cfg(test)]
mod tests {
    use super::{fraction, mix, to_f64, whole};

    #[test]
    fn conversions_are_exact_for_every_lag_that_can_be_configured() {
        for value in [0, 1, 150_000, u64::from(u32::MAX) + 1, 1 << 53] {
            assert_eq!(whole(to_f64(value)), value);
        }
        assert_eq!(whole(-3.0), 0);
        assert_eq!(whole(f64::NAN), 0);
    }

    #[test]
    fn fractions_stay_below_one() {
        assert!(fraction(u64::MAX) < 1.0);
        assert!((0..1000).all(|n| (0.0..1.0).contains(&fraction(mix(7, n)))));
    }
}
