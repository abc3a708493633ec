//! The number that an alert carries.

use super::{Alert, LabelNames};
use jiff::Timestamp;

/// What an alert says about its number. What cannot be read is no number, and never zero.
#[derive(Debug, Clone, PartialEq)]
pub enum AlertValue {
    /// A finite number.
    Number(f64),
    /// There is a text, and it is no number: `180.3k`, `+Inf`, `NaN`.
    Unreadable(String),
    /// There is none.
    Missing,
}

impl AlertValue {
    /// The number of an alert: the annotation where it can be read, otherwise the label, which the post's rule uses.
    #[must_use]
    pub fn of(alert: &Alert, names: &LabelNames) -> Self {
        let texts = [&alert.annotations, &alert.labels].map(|texts| texts.get(&names.value));
        let mut texts = texts.into_iter().flatten();
        if let Some(number) = texts.clone().find_map(|text| number(text)) {
            return Self::Number(number);
        }
        texts.next().map_or(Self::Missing, |text| {
            Self::Unreadable(text.chars().take(64).collect())
        })
    }
}

/// When the number was taken, where an annotation says so: RFC 3339, or seconds since the epoch as `{{ time }}` prints them.
pub(super) fn taken_at(alert: &Alert, names: &LabelNames) -> Option<Timestamp> {
    let text = alert.annotations.get(&names.value_time)?.trim();
    if let Ok(at) = text.parse() {
        return Some(at);
    }
    let seconds = number(text).filter(|seconds| *seconds >= 0.0)?;
    Timestamp::from_second(i64::from(whole(seconds.floor())?)).ok()
}

/// A number as Prometheus prints one, exponents included (`1.795318675632e+09`).
fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    let is_plain = |c: char| c.is_ascii_digit() || "+-.eE".contains(c);
    if text.len() > 64 || !text.chars().all(is_plain) {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// A number without a fraction that replicas can have.
pub(super) fn whole(value: f64) -> Option<u32> {
    let fits = value >= 0.0 && value <= f64::from(u32::MAX) && value.fract() == 0.0;
    fits.then(|| format!("{:.0}", value.abs()).parse().ok())
        .flatten()
}

/// How many of `per` make up the value, rounded up; beyond all bounds where it does not fit.
pub(super) fn portions(value: f64, per: f64) -> Option<u32> {
    (value >= 0.0).then(|| whole((value / per).ceil()).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_of_prometheus_are_read_and_words_are_not() {
        for (text, value) in [
            ("120500", 120_500.0),
            ("1.795318675632e+09", 1_795_318_675.632),
            (" 0 ", 0.0),
            ("-1.5", -1.5),
            ("1e-05", 0.000_01),
        ] {
            assert_eq!(number(text), Some(value), "{text}");
        }
        for text in [
            "", "180.3k", "NaN", "+Inf", "infinity", "1e999", "12 000", "1,5", "0x10", "e",
        ] {
            assert_eq!(number(text), None, "{text}");
        }
    }

    #[test]
    fn portions_are_rounded_up_and_saturate() {
        assert_eq!(portions(100_001.0, 50_000.0), Some(3));
        assert_eq!(portions(0.0, 50_000.0), Some(0));
        assert_eq!(portions(1e300, 1.0), Some(u32::MAX));
        assert_eq!(portions(1.0, 1e-320), Some(u32::MAX));
        assert_eq!(portions(-1.0, 10.0), None);
        assert_eq!(whole(4.0), Some(4));
        assert_eq!(whole(4.5), None);
        assert_eq!(whole(-0.0), Some(0));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic_or_say_anything_infinite(text in ".{0,80}") {
            prop_assert!(number(&text).is_none_or(f64::is_finite));
        }
    }
}
