//! Between the controller's `float64` and whole numbers, without `as`.

use crate::Lag;

/// Rounds once, like Go's `float64(x)`: the upper half is exact.
pub(super) fn float(value: u64) -> f64 {
    let low = u32::try_from(value & u64::from(u32::MAX)).unwrap_or(u32::MAX);
    let high = u32::try_from(value >> 32).unwrap_or(u32::MAX);
    f64::from(high) * 4_294_967_296.0 + f64::from(low)
}

/// The whole part; what is too large becomes the largest number, what is below zero or no number becomes zero.
pub(super) fn whole(value: f64) -> u64 {
    if value >= 1.0 {
        format!("{:.0}", value.trunc()).parse().unwrap_or(u64::MAX)
    } else {
        0
    }
}

/// Replicas are `int32` in Kubernetes; a proposal beyond that is the largest one.
pub(super) fn replicas(value: f64) -> u32 {
    const MOST: u32 = i32::MAX.unsigned_abs();
    u32::try_from(whole(value)).map_or(MOST, |count| count.min(MOST))
}

/// What the controller sees: quantities are rounded up to thousandths.
pub(super) fn milli(lag: Lag) -> u64 {
    whole((lag.as_f64() * 1000.0).ceil()).min(i64::MAX.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn edges_saturate_instead_of_wrapping() {
        assert_eq!(whole(f64::NAN), 0);
        assert_eq!(whole(-3.0), 0);
        assert_eq!(whole(2.999), 2);
        assert_eq!(whole(f64::INFINITY), u64::MAX);
        assert_eq!(replicas(1e300), 2_147_483_647);
        assert_eq!(replicas(4_294_967_299.0), 2_147_483_647);
        assert_eq!(
            milli(Lag::try_from(f64::MAX).unwrap()),
            i64::MAX.unsigned_abs()
        );
        assert_eq!(milli(Lag::try_from(0.0001).unwrap()), 1);
        assert_eq!(milli(Lag::try_from(100_001.0).unwrap()), 100_001_000);
    }

    proptest! {
        #[test]
        fn a_float_is_the_nearest_one(value in any::<u64>()) {
            let nearest: f64 = value.to_string().parse().unwrap();
            prop_assert!((float(value) - nearest).abs() == 0.0);
        }

        #[test]
        fn whole_numbers_survive_the_way_there_and_back(value in 0_u64..1 << 53) {
            prop_assert_eq!(whole(float(value)), value);
        }
    }
}
