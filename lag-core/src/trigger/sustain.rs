//! For how long a lag has been above a number, by the time of its samples.

use super::{NoNumber, Trigger};
use crate::{GroupKey, LagSample};
use jiff::{SignedDuration, Timestamp};

/// For so long after a sample at or below the number the next one may come and still be the begin of what is above:
/// CloudMonitor has one a minute, and one may be missing. After a longer gap, when the lag rose is not known.
const GAP: SignedDuration = SignedDuration::from_mins(2);

/// What is kept of one group and one [`Trigger::activation`] between two samples. Samples that nobody asked about are
/// not seen.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Sustained {
    /// Time of the newest sample.
    seen: Option<Timestamp>,
    /// Time of the newest sample at or below the number.
    below: Option<Timestamp>,
    /// Time of the first sample above the number after that one, if there is any.
    above: Option<Timestamp>,
}

impl Sustained {
    fn follow(self, trigger: &Trigger, sample: LagSample) -> Self {
        let at = sample.at;
        if self.seen.is_some_and(|seen| seen > at) {
            return self;
        }
        let seen = Some(at);
        if sample.lag > trigger.activation {
            let above = self.above.or(Some(at));
            return Self {
                seen,
                above,
                ..self
            };
        }
        Self {
            seen,
            below: Some(at),
            above: None,
        }
    }

    /// The earliest time from which on the lag can have been above, given that it was at `above`. `None`: any.
    fn earliest(self, above: Timestamp) -> Option<Timestamp> {
        let is_known = |below: Timestamp| above.duration_since(below) <= GAP;
        self.below
            .map(|below| if is_known(below) { above } else { below })
    }
}

impl Trigger {
    /// Whether a workload at zero replicas is wanted, by a fresh sample of its group, and what to remember for the next
    /// one. Without [`Self::sustained_for`] nothing need be remembered.
    ///
    /// A yes: the first and the newest sample above are so far apart, without one at or below between them. A no: the
    /// newest is at or below, or even from the earliest time at which the lag can have risen it is not so long.
    ///
    /// # Errors
    /// [`NoNumber::Unsure`] between the two: no sample was seen before the first one above, or not for a while. A no
    /// could end what has been running for an hour, a yes would come too early.
    pub fn is_active(
        &self,
        key: &GroupKey,
        before: Sustained,
        sample: LagSample,
    ) -> (Result<bool, NoNumber>, Sustained) {
        let after = before.follow(self, sample);
        let Some(above) = after.above else {
            return (Ok(false), after);
        };
        let newest = after.seen.unwrap_or(above);
        let lasts = |since| newest.duration_since(since) >= self.sustained_for;
        let answer = if lasts(above) {
            Ok(true)
        } else if after
            .earliest(above)
            .is_some_and(|earliest| !lasts(earliest))
        {
            Ok(false)
        } else {
            let until = above.saturating_add(self.sustained_for);
            Err(NoNumber::Unsure {
                key: key.clone(),
                since: above,
                until: until.unwrap_or(Timestamp::MAX),
            })
        };
        (answer, after)
    }
}
