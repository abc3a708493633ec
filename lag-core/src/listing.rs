//! In which order groups are listed: trouble first.

use crate::{Lag, Reading, Row};
use jiff::SignedDuration;
use std::cmp::Reverse;

/// Order of a listing. Rows that are equal in it keep the order of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Listing {
    /// What has no number (failed, absent, stale), then the largest lag first.
    #[default]
    Trouble,
    /// Instance, group, topic.
    Name,
    /// What has no age (failed, absent), then the oldest first.
    Age,
}

impl Listing {
    /// Sorts rows that are in the order of names, as [`crate::Board::rows`] gives them.
    pub fn arrange(self, rows: &mut [Row<'_>]) {
        match self {
            Self::Trouble => rows.sort_by(|a, b| {
                let lags = || lag(&b.reading).partial_cmp(&lag(&a.reading));
                let order = without_number(&a.reading).cmp(&without_number(&b.reading));
                order.then_with(|| lags().unwrap_or(std::cmp::Ordering::Equal))
            }),
            Self::Name => {}
            Self::Age => rows.sort_by_key(|row| Reverse(age(&row.reading))),
        }
    }
}

/// How surely there is no number: the surest first.
fn without_number(reading: &Reading) -> u8 {
    match reading {
        Reading::Failed { .. } => 0,
        Reading::Absent => 1,
        Reading::Stale { .. } => 2,
        Reading::Fresh(_) => 3,
    }
}

/// The lag to sort by; that of a stale row is not shown and so does not count.
fn lag(reading: &Reading) -> Lag {
    match reading {
        Reading::Fresh(sample) => sample.lag,
        Reading::Stale { .. } | Reading::Absent | Reading::Failed { .. } => Lag::ZERO,
    }
}

/// The age to sort by: older than all that have one when there is none. Fresh rows are compared by their points'
/// times, which is the same.
fn age(reading: &Reading) -> (u8, SignedDuration) {
    match reading {
        Reading::Failed { .. } => (3, SignedDuration::ZERO),
        Reading::Absent => (2, SignedDuration::ZERO),
        Reading::Stale { age, .. } => (1, *age),
        Reading::Fresh(sample) => {
            let since_epoch = sample.at.duration_since(jiff::Timestamp::UNIX_EPOCH);
            (0, -since_epoch)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{InstanceId, LagSample, SeriesName};
    use jiff::Timestamp;

    fn sample(lag: f64, at: i64) -> LagSample {
        LagSample {
            at: Timestamp::from_second(at).unwrap(),
            lag: Lag::try_from(lag).unwrap(),
            trend: None,
        }
    }

    fn arranged(order: Listing, readings: &[(&str, Reading)]) -> Vec<String> {
        let instance: InstanceId = "i".parse().unwrap();
        let series: Vec<_> = readings
            .iter()
            .map(|(name, _)| SeriesName {
                group: name.parse().unwrap(),
                topic: None,
            })
            .collect();
        let mut rows: Vec<_> = readings
            .iter()
            .zip(&series)
            .map(|((_, reading), series)| Row {
                instance: &instance,
                series,
                reading: *reading,
            })
            .collect();
        order.arrange(&mut rows);
        rows.iter()
            .map(|row| row.series.group.to_string())
            .collect()
    }

    fn readings() -> [(&'static str, Reading); 7] {
        let since = Timestamp::from_second(0).unwrap();
        let age = SignedDuration::from_secs;
        [
            ("a-zero", Reading::Fresh(sample(0.0, 950))),
            (
                "b-stale",
                Reading::Stale {
                    last: sample(9e9, 1),
                    age: age(999),
                },
            ),
            ("c-big", Reading::Fresh(sample(500.0, 960))),
            ("d-absent", Reading::Absent),
            ("e-failed", Reading::Failed { since }),
            ("f-big-too", Reading::Fresh(sample(500.0, 940))),
            (
                "g-older",
                Reading::Stale {
                    last: sample(1.0, 0),
                    age: age(1000),
                },
            ),
        ]
    }

    #[test]
    fn what_has_no_number_comes_first_and_then_the_largest_lag() {
        assert_eq!(
            arranged(Listing::Trouble, &readings()),
            [
                "e-failed",
                "d-absent",
                "b-stale",
                "g-older",
                "c-big",
                "f-big-too",
                "a-zero"
            ]
        );
    }

    #[test]
    fn by_age_the_oldest_comes_first() {
        assert_eq!(
            arranged(Listing::Age, &readings()),
            [
                "e-failed",
                "d-absent",
                "g-older",
                "b-stale",
                "f-big-too",
                "a-zero",
                "c-big"
            ]
        );
    }

    #[test]
    fn by_name_nothing_moves() {
        let names = readings().map(|(name, _)| name.to_owned());
        assert_eq!(arranged(Listing::Name, &readings()), names);
    }
}
