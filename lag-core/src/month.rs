//! Calendar months, by which quotas are counted.

use jiff::{Timestamp, civil, tz::Offset};
use std::{fmt, str::FromStr};

/// A calendar month in China, where the vendor's bills are made. That the quota is counted so is not documented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month {
    year: i16,
    month: i8,
}

/// Not of the form `2026-11`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no month: they look like 2026-11")]
pub struct InvalidMonth(String);

impl Month {
    const ZONE: Offset = Offset::constant(8);

    /// The month of a moment.
    #[must_use]
    pub fn of(at: Timestamp) -> Self {
        let date = Self::ZONE.to_datetime(at).date();
        Self {
            year: date.year(),
            month: date.month(),
        }
    }

    /// The first moment after it.
    #[must_use]
    pub fn end(self) -> Timestamp {
        let (year, month) = match self.month {
            12 => (self.year.saturating_add(1), 1),
            month => (self.year, month + 1),
        };
        civil::Date::new(year, month, 1)
            .ok()
            .and_then(|first| Self::ZONE.to_timestamp(first.into()).ok())
            .unwrap_or(Timestamp::MAX)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl FromStr for Month {
    type Err = InvalidMonth;

    fn from_str(text: &str) -> Result<Self, InvalidMonth> {
        let refused = || InvalidMonth(text.to_owned());
        let (year, month) = text.split_once('-').ok_or_else(refused)?;
        let (year, month) = (year.parse().ok(), month.parse().ok());
        match (year, month) {
            (Some(year @ 1970..=9998), Some(month @ 1..=12)) => Ok(Self { year, month }),
            _ => Err(refused()),
        }
    }
}
