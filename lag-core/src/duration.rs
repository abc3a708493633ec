//! Durations as Prometheus users write them.

use std::{fmt, str::FromStr, time::Duration};

/// A duration in the notation of Prometheus: `30s`, `5m`, `1h30m`, `1d`; units `ms s m h d w y`, largest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PromDuration(Duration);

/// Text that is no duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a duration: write numbers with units ms, s, m, h, d, w or y, largest first, such as 30s, 5m or 1h30m"
)]
pub struct InvalidDuration(String);

/// Units from the largest to the smallest, in milliseconds.
const UNITS: [(&str, u64); 7] = [
    ("y", 31_536_000_000),
    ("w", 604_800_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

impl PromDuration {
    /// A duration of whole seconds.
    #[must_use]
    pub const fn from_secs(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// The same duration for the standard library.
    #[must_use]
    pub const fn as_std(self) -> Duration {
        self.0
    }
}

impl From<PromDuration> for Duration {
    fn from(duration: PromDuration) -> Self {
        duration.0
    }
}

impl From<Duration> for PromDuration {
    fn from(duration: Duration) -> Self {
        Self(duration)
    }
}

impl FromStr for PromDuration {
    type Err = InvalidDuration;

    fn from_str(text: &str) -> Result<Self, InvalidDuration> {
        let invalid = || InvalidDuration(text.chars().take(64).collect());
        if text == "0" {
            return Ok(Self(Duration::ZERO));
        }
        let (mut rest, mut units, mut total) = (text, UNITS.iter(), 0_u64);
        if rest.is_empty() {
            return Err(invalid());
        }
        while !rest.is_empty() {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let (number, tail) = rest.split_at(digits);
            let letters = tail.bytes().take_while(u8::is_ascii_alphabetic).count();
            let (unit, tail) = tail.split_at(letters);
            let number: u64 = number.parse().map_err(|_| invalid())?;
            // `units` only moves on: a unit twice or in the wrong order is not found any more.
            let (_, factor) = units.find(|(name, _)| *name == unit).ok_or_else(invalid)?;
            total = number
                .checked_mul(*factor)
                .and_then(|ms| total.checked_add(ms))
                .ok_or_else(invalid)?;
            rest = tail;
        }
        Ok(Self(Duration::from_millis(total)))
    }
}

impl fmt::Display for PromDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        if rest == 0 {
            return f.write_str("0s");
        }
        // Weeks and years are read but not written: nobody recognises 604800 seconds as "1w" at a glance.
        for (unit, factor) in &UNITS[2..] {
            if rest >= *factor {
                write!(f, "{}{unit}", rest / factor)?;
                rest %= factor;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_notation_of_prometheus_is_read() {
        for (text, seconds) in [
            ("30s", 30),
            ("5m", 300),
            ("1h30m", 5400),
            ("1d", 86_400),
            ("1w", 604_800),
            ("1m30s", 90),
            ("0", 0),
        ] {
            assert_eq!(
                text.parse::<PromDuration>().unwrap().as_std(),
                Duration::from_secs(seconds),
                "{text}"
            );
        }
        assert_eq!(
            "1s500ms".parse::<PromDuration>().unwrap().as_std(),
            Duration::from_millis(1500)
        );
    }

    #[test]
    fn anything_else_is_refused_with_an_example() {
        for text in [
            "",
            "5",
            "m",
            "5 m",
            "5m5m",
            "30s5m",
            "-5m",
            "1.5h",
            "5x",
            "99999999999999999999s",
            "5m,",
        ] {
            let error = text.parse::<PromDuration>().unwrap_err().to_string();
            assert!(error.contains("such as 30s"), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_the_same(ms in 0_u64..10_000_000_000) {
            let duration = PromDuration(Duration::from_millis(ms));
            prop_assert_eq!(duration.to_string().parse::<PromDuration>().unwrap(), duration);
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,20}") {
            let _ = text.parse::<PromDuration>();
        }
    }
}
