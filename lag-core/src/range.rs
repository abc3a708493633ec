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
        let _ = (written, |written: String| InvalidRange(written));
        unimplemented!("helper core-rest")
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}
