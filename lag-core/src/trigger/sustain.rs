//! For how long a lag has been above a number, by the time of its samples.

use super::{NoNumber, Trigger};
use crate::{GroupKey, LagSample};
use jiff::Timestamp;

/// What is kept of one group and one [`Trigger::activation`] between two samples. Time without samples counts as what
/// lies on both sides of it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Sustained {
    /// Time of the newest sample.
    seen: Option<Timestamp>,
    run: Option<Run>,
}

/// Samples above the number, without one at or below it between them.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Run {
    since: Timestamp,
    /// A sample at or below the number came before, so the run is known from its begin.
    is_whole: bool,
}

impl Sustained {
    fn follow(self, trigger: &Trigger, sample: LagSample) -> Self {
        if self.seen.is_some_and(|seen| seen > sample.at) {
            return self;
        }
        let is_above = sample.lag > trigger.activation;
        let begin = Run {
            since: sample.at,
            is_whole: self.seen.is_some(),
        };
        Self {
            seen: Some(sample.at),
            run: is_above.then(|| self.run.unwrap_or(begin)),
        }
    }
}

impl Trigger {
    /// Whether a workload at zero replicas is wanted, by a fresh sample of its group, and what to remember for the next
    /// one. Without [`Self::sustained_for`] nothing need be remembered.
    ///
    /// # Errors
    /// [`NoNumber::Unsure`] when the lag was above already at the first sample that is remembered: a no could end what
    /// has been running for an hour, a yes would come too early.
    pub fn is_active(
        &self,
        key: &GroupKey,
        before: Sustained,
        sample: LagSample,
    ) -> (Result<bool, NoNumber>, Sustained) {
        let after = before.follow(self, sample);
        let lasts = |run: Run| {
            let seen = after.seen.unwrap_or(run.since);
            seen.duration_since(run.since) >= self.sustained_for
        };
        let answer = match after.run {
            None => Ok(false),
            Some(run) if lasts(run) => Ok(true),
            Some(run) if run.is_whole => Ok(false),
            Some(run) => Err(NoNumber::Unsure {
                key: key.clone(),
                since: run.since,
                until: run
                    .since
                    .saturating_add(self.sustained_for)
                    .unwrap_or(Timestamp::MAX),
            }),
        };
        (answer, after)
    }
}
