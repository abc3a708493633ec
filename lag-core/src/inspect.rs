//! What became of every point of one series: which one is the number, which were passed over and why.
//!
//! Nothing is decided a second time here: points go through [`SnapshotBuilder`] one by one and together, and what it
//! made of them is compared.

use crate::{
    DatapointError, DropReason, GroupFilter, InstanceId, Lag, LagSample, SnapshotBuilder,
    SnapshotRules, fold::RECENT,
};
use jiff::Timestamp;

/// What became of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is the number.
    Counts,
    /// It is older than the number, and part of its trend.
    Trend,
    /// Another point of the same moment had a larger lag, or the same and came first.
    Outvoted,
    /// It is older than what a trend is made from.
    Older,
    /// It cannot be believed.
    Dropped(DropReason),
}

impl Fate {
    /// The fate as a word: `counts`, `trend`, `outvoted`, `older` or `dropped`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counts => "counts",
            Self::Trend => "trend",
            Self::Outvoted => "outvoted",
            Self::Older => "older",
            Self::Dropped(_) => "dropped",
        }
    }
}

/// One series, looked at closely.
#[derive(Debug, Clone, PartialEq)]
pub struct Inspection {
    /// The number and its trend, if any point can be believed.
    pub sample: Option<LagSample>,
    /// What became of each point, in the order in which they were given.
    pub fates: Vec<Fate>,
}

impl Inspection {
    /// Looks at the points of one series, each the text of one JSON object. Filters and limits are not applied: what is
    /// asked for by name is shown.
    ///
    /// # Errors
    /// [`DatapointError`] when a text is no point.
    pub fn new(
        points: &[&str],
        rules: &SnapshotRules,
        instance: &InstanceId,
        taken_at: Timestamp,
    ) -> Result<Self, DatapointError> {
        let rules = SnapshotRules {
            filter: GroupFilter::default(),
            max_series: usize::MAX,
            ..rules.clone()
        };
        let fold = |page: &str| -> Result<Result<Option<LagSample>, DropReason>, DatapointError> {
            let mut builder = SnapshotBuilder::new(&rules, [instance.clone()], taken_at);
            builder.page(page)?;
            let snapshot = builder.finish();
            let sample = snapshot.instances.into_values().flatten().next();
            let sample = sample.map(|(_, sample)| sample);
            let dropped = snapshot.dropped.points.into_keys().next();
            Ok(match (sample, dropped) {
                (None, Some(reason)) => Err(reason),
                (sample, _) => Ok(sample),
            })
        };
        let mut alone = Vec::with_capacity(points.len());
        for point in points {
            alone.push(fold(&format!("[{point}]"))?);
        }
        let sample = fold(&format!("[{}]", points.join(",")))?.ok().flatten();
        let moments = moments(&alone);
        let mut taken = vec![false; moments.len()];
        let fates = alone.iter().map(|point| match point {
            Err(reason) => Fate::Dropped(*reason),
            Ok(None) => Fate::Older,
            Ok(Some(point)) => match moments.iter().position(|(at, _)| *at == point.at) {
                None => Fate::Older,
                Some(place) if moments[place].1 != point.lag || taken[place] => Fate::Outvoted,
                Some(place) => {
                    taken[place] = true;
                    if place == 0 {
                        Fate::Counts
                    } else {
                        Fate::Trend
                    }
                }
            },
        });
        let fates = fates.collect();
        Ok(Self { sample, fates })
    }
}

/// The newest moments and the lag of each, newest first.
fn moments(points: &[Result<Option<LagSample>, DropReason>]) -> Vec<(Timestamp, Lag)> {
    let mut moments: Vec<(Timestamp, Lag)> = Vec::new();
    for point in points.iter().flatten().flatten() {
        match moments.iter_mut().find(|(at, _)| *at == point.at) {
            Some((_, lag)) => *lag = lag.max(point.lag),
            None => moments.push((point.at, point.lag)),
        }
    }
    moments.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    moments.truncate(RECENT);
    moments
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Trend;
    use proptest::prelude::*;

    const NOW: i64 = 1_768_465_800;

    fn point(minutes_ago: i64, value: &str) -> String {
        let at = (NOW - minutes_ago * 60) * 1000;
        format!(r#"{{"timestamp":{at},"instanceId":"i","consumerGroup":"g","Value":{value}}}"#)
    }

    fn inspect(points: &[String]) -> Inspection {
        let points: Vec<_> = points.iter().map(String::as_str).collect();
        let now = Timestamp::from_second(NOW).unwrap();
        let rules = SnapshotRules::default();
        Inspection::new(&points, &rules, &"i".parse().unwrap(), now).unwrap()
    }

    #[test]
    fn the_newest_point_counts_and_the_others_say_why_not() {
        let points = [
            point(3, "10"),
            point(1, "30"),
            point(1, "20"),
            point(2, "-1"),
            point(-5, "7"),
            point(2, "\"x\"")
                .replace("\"x\"", "5")
                .replace("Value", "Sum"),
        ];
        let found = inspect(&points);
        assert_eq!(
            found.fates,
            [
                Fate::Trend,
                Fate::Counts,
                Fate::Outvoted,
                Fate::Dropped(DropReason::Value),
                Fate::Dropped(DropReason::Timestamp),
                Fate::Dropped(DropReason::Statistic),
            ]
        );
        assert_eq!(found.sample.unwrap().lag, Lag::try_from(30.0).unwrap());
    }

    #[test]
    fn a_trend_is_made_from_as_many_moments_as_are_marked() {
        let points: Vec<_> = (1..=9).map(|n| point(n, &(n * n).to_string())).collect();
        let found = inspect(&points);
        let marked: Vec<_> = (1..=9)
            .zip(&found.fates)
            .filter(|(_, fate)| matches!(fate, Fate::Counts | Fate::Trend))
            .map(|(n, _): (i64, _)| {
                let lag = f64::from(i32::try_from(n * n).unwrap());
                ((NOW - n * 60) * 1000, Lag::try_from(lag).unwrap())
            })
            .collect();
        assert_eq!(marked.len(), RECENT);
        assert_eq!(found.sample.unwrap().trend, Trend::fit(&marked));
    }

    #[test]
    fn without_a_believable_point_there_is_no_number() {
        assert_eq!(inspect(&[]).sample, None);
        assert_eq!(inspect(&[point(1, "-3")]).sample, None);
    }

    proptest! {
        #[test]
        fn exactly_one_point_counts_when_there_is_a_number(
            points in proptest::collection::vec((-2_i64..12, -2_i64..5), 0..12)
        ) {
            let points: Vec<_> = points.into_iter().map(|(at, v)| point(at, &v.to_string())).collect();
            let found = inspect(&points);
            let counting = found.fates.iter().filter(|fate| **fate == Fate::Counts).count();
            prop_assert_eq!(counting, usize::from(found.sample.is_some()));
        }
    }
}
