//! `resource.Quantity`, the numbers of Kubernetes: whole, or in thousandths with the suffix `m`.

use lag_core::Lag;
use std::fmt;

/// A number in thousandths. Autoscalers calculate in these, as signed 64-bit integers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Quantity(i64);

impl Quantity {
    /// Nothing, to add to.
    pub(super) const ZERO: Self = Self(0);

    /// A lag, its shortest decimal text rounded up to thousandths. `None` if an autoscaler could not hold it.
    pub(super) fn of(lag: Lag) -> Option<Self> {
        let text = lag.as_f64().to_string(); // never an exponent
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let (thousandths, rest) = fraction.split_at(fraction.len().min(3));
        let rounded_up = i64::from(rest.bytes().any(|digit| digit != b'0'));
        let thousandths: i64 = format!("{thousandths:0<3}").parse().ok()?;
        let whole: i64 = whole.parse().ok()?;
        whole
            .checked_mul(1_000)?
            .checked_add(thousandths)?
            .checked_add(rounded_up)
            .map(Self)
    }

    /// A count.
    pub(super) fn count(count: u32) -> Self {
        Self(i64::from(count) * 1_000)
    }

    /// The sum, as an autoscaler makes it. `None` where it would overflow.
    pub(super) fn plus(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 % 1_000 == 0 {
            write!(f, "{}", self.0 / 1_000)
        } else {
            write!(f, "{}m", self.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(value: f64) -> Option<String> {
        Quantity::of(Lag::try_from(value).unwrap()).map(|quantity| quantity.to_string())
    }

    #[test]
    fn whole_numbers_are_plain_and_others_are_in_thousandths() {
        for (value, text) in [
            (0.0, "0"),
            (152_340.0, "152340"),
            (110_500.5, "110500500m"),
            (0.1, "100m"),
            (2.5, "2500m"),
            (0.25, "250m"),
            (0.1234, "124m"),
            (0.9999, "1"),
            (1e-300, "1m"),
            (9_223_372_036_854_774.0, "9223372036854774"),
        ] {
            assert_eq!(written(value).as_deref(), Some(text), "{value}");
        }
    }

    #[test]
    fn what_an_autoscaler_cannot_hold_is_no_quantity() {
        for value in [9_223_372_036_854_776.0, 1e18, 1e19, 1e300, f64::MAX] {
            assert_eq!(written(value), None, "{value}");
        }
        let most = Quantity::of(Lag::try_from(9.2e15).unwrap()).unwrap();
        assert_eq!(most.plus(most), None);
    }

    /// Reads a quantity as a decimal, in thousandths.
    fn thousandths(text: &str) -> i128 {
        match text.strip_suffix('m') {
            Some(thousandths) => thousandths.parse().unwrap(),
            None => text.parse::<i128>().unwrap() * 1_000,
        }
    }

    /// The exact value of a double in 2^-60 parts of a thousandth, from its bits. For 2^-50 <= value < 2^53.
    fn exact(value: f64) -> i128 {
        let bits = i128::from(value.to_bits());
        let (exponent, fraction) = ((bits >> 52) - 1_075, bits & ((1 << 52) - 1));
        let mantissa = (fraction | 1 << 52) * 1_000;
        let shift = exponent + 60;
        if shift >= 0 {
            mantissa << shift
        } else {
            mantissa >> -shift
        }
    }

    proptest! {
        #[test]
        fn a_quantity_is_the_lag_rounded_up_to_thousandths(value in prop_oneof![1e-6..10.0_f64, 0.0..1e6_f64, 1e9..8e12_f64]) {
            prop_assume!(value > 1e-6);
            let written = thousandths(&written(value).unwrap());
            // The shortest text of a double differs from it by less than one part in 2^52.
            let slack = exact(value) >> 52;
            let (low, high) = (exact(value) - slack, exact(value) + slack + (1 << 60));
            prop_assert!((low..=high).contains(&(written << 60)), "{} for {}", written, value);
        }

        #[test]
        fn whole_lags_keep_every_digit(whole in 0_u64..9_007_199_254_740_992) {
            let value: f64 = whole.to_string().parse().unwrap();
            prop_assert_eq!(written(value), Some(whole.to_string()));
        }

        #[test]
        fn decimals_of_three_places_are_exact(thousands in 0_u64..1_000_000_000_000) {
            let value: f64 = format!("{thousands}e-3").parse().unwrap();
            prop_assert_eq!(super::tests::thousandths(&written(value).unwrap()), i128::from(thousands));
        }

        #[test]
        fn no_double_makes_a_quantity_of_another_form(bits: u64) {
            if let Ok(lag) = Lag::try_from(f64::from_bits(bits)) && let Some(quantity) = Quantity::of(lag) {
                let text = quantity.to_string();
                let digits = text.strip_suffix('m').unwrap_or(&text);
                prop_assert!(!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()), "{}", text);
            }
        }
    }
}
