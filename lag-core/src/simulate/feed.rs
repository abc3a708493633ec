//! What may be known of a lag: points come late, and stop being a number when they are old.

use super::Timing;
use crate::{Lag, LagSample, Trend};
use jiff::{SignedDuration, Timestamp};

/// Points in order of time.
#[derive(Debug, Default)]
pub(super) struct Feed(pub(super) Vec<(Timestamp, Option<Lag>)>);

impl Feed {
    /// The newest point that is published, while it is young enough; nothing while that point is a failure.
    pub(super) fn seen(
        &self,
        now: Timestamp,
        delay: SignedDuration,
        timing: &Timing,
    ) -> Option<LagSample> {
        let published = |(at, _): &(Timestamp, _)| now.duration_since(*at) >= delay;
        let known = self.0.get(..self.0.partition_point(published))?;
        let (at, lag) = *known.last()?;
        let lag = lag.filter(|_| now.duration_since(at) <= timing.max_age)?;
        let recent = known.iter().rev();
        let recent = recent.take_while(|(then, _)| at.duration_since(*then) < timing.trend_over);
        let points: Vec<_> = recent
            .filter_map(|(then, lag)| Some((then.as_millisecond(), (*lag)?)))
            .collect();
        Some(LagSample {
            at,
            lag,
            trend: Trend::fit(&points),
        })
    }
}
