//! Ranges as monitoring plugins write them: `[@]start:end`.

use std::{fmt, str::FromStr};

/// A range of the monitoring plugins' guidelines, which says when to alert: `10` outside 0..10, `10:` below 10,
/// `~:10` above 10, `10:20` outside 10..20, `@10:20` inside 10..20. Ends belong to the range.
#[derive(Debug, Clone, PartialEq)]
pub struct Range {
    written: String,
    start: f64,
    end: f64,
    inside: bool,
}

/// Text that is no range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no range: write 150000 or ~:150000 to alert above it, 10: to alert below it, 10:20 outside, @10:20 inside"
)]
pub struct InvalidRange(String);

impl Range {
    /// Whether this number is to be alerted.
    #[must_use]
    pub fn alerts(&self, value: f64) -> bool {
        let within = value >= self.start && value <= self.end;
        within == self.inside
    }
}

impl FromStr for Range {
    type Err = InvalidRange;

    fn from_str(written: &str) -> Result<Self, InvalidRange> {
        let invalid = || InvalidRange(written.chars().take(64).collect());
        let (inside, rest) = written
            .strip_prefix('@')
            .map_or((false, written), |rest| (true, rest));
        let ends = match rest.split_once(':') {
            None => number(rest).map(|end| (0.0, end)),
            Some((start, end)) => {
                let start = match start {
                    "~" => Some(f64::NEG_INFINITY),
                    _ => number(start),
                };
                let end = match end {
                    "" => Some(f64::INFINITY),
                    _ => number(end),
                };
                start.zip(end)
            }
        };
        let (start, end) = ends
            .filter(|(start, end)| start <= end)
            .ok_or_else(invalid)?;
        Ok(Self {
            written: written.to_owned(),
            start,
            end,
            inside,
        })
    }
}

/// Digits, a point and a minus: `f64` itself would also read `inf`, `nan` and `1e9`.
fn number(text: &str) -> Option<f64> {
    let plain = |c: char| c.is_ascii_digit() || c == '.' || c == '-';
    text.chars()
        .all(plain)
        .then(|| text.parse::<f64>().ok())
        .flatten()
        .filter(|number| number.is_finite())
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_form_alerts_where_the_guidelines_say() {
        for (range, alerted, quiet) in [
            ("10", &[-0.1, 10.1][..], &[0.0, 5.0, 10.0][..]),
            ("10:", &[9.9, -1.0], &[10.0, 1e12]),
            ("~:10", &[10.1], &[10.0, 0.0, -1e12]),
            ("10:20", &[9.9, 20.1], &[10.0, 15.0, 20.0]),
            ("@10:20", &[10.0, 15.0, 20.0], &[9.9, 20.1]),
            ("@10", &[0.0, 10.0], &[-0.1, 10.1]),
            ("@~:10", &[10.0, -1.0], &[10.1]),
            ("-5:-1.5", &[-5.1, 0.0], &[-5.0, -1.5]),
            ("0:0", &[0.1], &[0.0]),
            ("~:", &[], &[-1e300, 0.0, 1e300]),
            ("150000", &[150_000.5], &[150_000.0]),
        ] {
            let parsed: Range = range.parse().unwrap();
            for value in alerted {
                assert!(parsed.alerts(*value), "{range} must alert at {value}");
            }
            for value in quiet {
                assert!(!parsed.alerts(*value), "{range} must be quiet at {value}");
            }
        }
    }

    #[test]
    fn anything_else_is_refused_with_examples() {
        let long = "9".repeat(400);
        for text in [
            "", "@", ":", "~", "20:10", "-5", "nan", "NaN:5", "inf", "5:inf", "~:inf", "1e9",
            "150k", " 10", "10 ", "10 :20", "10:20:30", ":10", "@@10", "1-2", "10:~", "--1", "+5",
            "1,000", "１０", &long,
        ] {
            let error = text.parse::<Range>().unwrap_err().to_string();
            assert!(error.contains("~:150000"), "{text}: {error}");
            assert!(error.len() < 250, "{error}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_the_same(start in -1000_i32..1000, more in 0_i32..1000, at in any::<bool>()) {
            let written = format!("{}{start}:{}", if at { "@" } else { "" }, start + more);
            let range: Range = written.parse().unwrap();
            prop_assert_eq!(range.to_string(), written.clone());
            prop_assert_eq!(range.to_string().parse::<Range>().unwrap(), range);
        }

        #[test]
        fn at_turns_every_answer_round(end in 0_u32..1000, value in -2000_i32..2000) {
            let plain: Range = end.to_string().parse().unwrap();
            let turned: Range = format!("@{end}").parse().unwrap();
            prop_assert_ne!(plain.alerts(value.into()), turned.alerts(value.into()));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "[-@~:.0-9a-z ]{0,12}|.{0,12}") {
            let _ = text.parse::<Range>();
        }
    }
}
