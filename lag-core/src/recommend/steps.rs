//! The rule people mean: above 100,000 one more, above 150,000 two more, at 50,000 back to the base, at most 5.

use super::{InvalidPolicy, Memory, Recommendation, Why};
use crate::{Bounds, EmptyBounds, Lag, LagSample};
use jiff::{SignedDuration, Timestamp};

/// More replicas above a lag.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Exactly there the step is not reached.
    pub above: Lag,
    /// So many more than the base, not than the step before.
    pub add: u32,
}

/// A step policy as written, not checked.
#[derive(Debug, Clone, PartialEq)]
pub struct StepRules {
    /// Replicas when there is little lag.
    pub base: u32,
    /// Never more than this.
    pub max: u32,
    /// Strictly rising in both numbers.
    pub steps: Vec<Step>,
    /// At this lag or below, back to the base. At most the lag of the lowest step.
    pub back_at: Lag,
    /// A step is taken when all samples of so much time are above it. Zero: at the first one.
    pub sustained_for: SignedDuration,
    /// Never more than this either, even when it is less than the base: more consumers than partitions idle.
    pub partitions: Option<u32>,
}

/// A ladder of lags that never wavers between two rungs.
///
/// A step is taken when the lag is above it; several at once if it is above several. It is left when the lag is at or
/// below the number *before its own*: the step below it, or `back_at` for the lowest. So between a step and the number
/// before it the last recommendation holds, and a lag that wavers around one number changes it once. With
/// base 2, above 100k +1, above 150k +2, back at 50k:
///
/// | lag | last 2 | last 3 | last 4 | nothing before |
/// |---|---|---|---|---|
/// | above 150k | 4 | 4 | 4 | 4 |
/// | above 100k, to 150k | 3 | 3 | 4 holds | none |
/// | above 50k, to 100k | 2 | 3 holds | 3 | none |
/// | to 50k | 2 | 2 | 2 | 2 |
///
/// Where nothing was recommended before, only what needs no last number is said: the base at or below `back_at`, and the
/// most above the highest step. In between more may run than the lag asks for, and a start in the middle of a backlog
/// must not scale that down. For the same reason there is no number while the highest step waits for `sustained_for`.
/// Who knows the replicas of the workload begins with [`Memory::starting_at`].
///
/// `sustained_for` is measured from the first sample above the step to the newest, all samples between them above it
/// too; time without samples counts as what lies on both sides of it. Going down never waits.
#[derive(Debug, Clone, PartialEq)]
pub struct StepPolicy {
    base: u32,
    limits: Bounds,
    steps: Vec<Step>,
    back_at: Lag,
    sustained_for: SignedDuration,
}

impl TryFrom<StepRules> for StepPolicy {
    type Error = InvalidPolicy;

    fn try_from(rules: StepRules) -> Result<Self, InvalidPolicy> {
        let StepRules {
            base, max, steps, ..
        } = rules;
        if base == 0 {
            return Err(InvalidPolicy::Zero { key: "base" });
        }
        if rules.partitions == Some(0) {
            return Err(InvalidPolicy::Zero { key: "partitions" });
        }
        let limits = Bounds::try_from((base, max))
            .map_err(|EmptyBounds { .. }| InvalidPolicy::MaxBelowBase { base, max })?;
        let lowest = steps.first().ok_or(InvalidPolicy::NoSteps)?.above;
        if rules.back_at > lowest {
            return Err(InvalidPolicy::BackAboveStep {
                back_at: rules.back_at.as_f64(),
                lowest: lowest.as_f64(),
            });
        }
        let mut before: Option<Step> = None;
        for step in &steps {
            let above = step.above.as_f64();
            if let Some(before) = before.filter(|before| before.above >= step.above) {
                let before = before.above.as_f64();
                return Err(InvalidPolicy::Unsorted { above, before });
            }
            let add = step.add;
            let least = before.map_or(0, |before| u64::from(before.add)) + 1;
            if u64::from(add) < least {
                return Err(InvalidPolicy::NotMore { above, add, least });
            }
            before = Some(*step);
        }
        if rules.sustained_for.is_negative() {
            let key = "sustained_for";
            return Err(InvalidPolicy::Negative { key });
        }
        Ok(Self {
            base,
            limits: rules.partitions.map_or(limits, |most| limits.at_most(most)),
            steps,
            back_at: rules.back_at,
            sustained_for: rules.sustained_for,
        })
    }
}

impl StepPolicy {
    /// Replicas when there is little lag, before `max` and `partitions` cut them.
    #[must_use]
    pub fn base(&self) -> u32 {
        self.base
    }

    /// The fewest and the most that are ever said.
    #[must_use]
    pub fn limits(&self) -> Bounds {
        self.limits
    }

    /// The steps, from the lowest.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// At this lag or below, back to the base.
    #[must_use]
    pub fn back_at(&self) -> Lag {
        self.back_at
    }

    /// How long the lag must be above a step.
    #[must_use]
    pub fn sustained_for(&self) -> SignedDuration {
        self.sustained_for
    }

    pub(super) fn follow(&self, memory: Memory, sample: LagSample) -> Recommendation {
        if memory.is_newer_than(sample) {
            return memory.says(self.limits, Why::Older);
        }
        let above = self.runs(&memory.above, sample);
        let asked = above.len();
        let lasts =
            |(_, since): &&(Lag, Timestamp)| sample.at.duration_since(*since) >= self.sustained_for;
        let taken = above.iter().take_while(lasts).count();
        let kept = memory
            .held
            .map(|held| self.rungs(held).min(self.room(sample.lag)));
        let rung = match kept {
            Some(kept) => Some(kept.max(taken)),
            None => (taken == self.steps.len() || sample.lag <= self.back_at).then_some(taken),
        };
        // Without a last number only the highest step is worth waiting for.
        let next = rung.unwrap_or(self.steps.len().saturating_sub(1));
        let why = match above.get(next) {
            Some((_, since)) => Why::Waiting {
                until: since
                    .saturating_add(self.sustained_for)
                    .unwrap_or(Timestamp::MAX),
            },
            None if rung == Some(asked) => Why::Lag,
            None if rung.is_none() => Why::Undecided,
            None => Why::Between,
        };
        let held = rung.map(|rung| self.replicas(rung));
        let seen = Some(sample.at);
        Memory { held, seen, above }.says(self.limits, why)
    }

    /// Steps this sample is above, from the lowest, each with the begin of its run.
    fn runs(&self, before: &[(Lag, Timestamp)], sample: LagSample) -> Vec<(Lag, Timestamp)> {
        let began = |above: Lag| before.iter().find(|(other, _)| *other == above);
        self.steps
            .iter()
            .map(|step| step.above)
            .take_while(|above| sample.lag > *above)
            .map(|above| (above, began(above).map_or(sample.at, |(_, since)| *since)))
            .collect()
    }

    /// The highest rung that this lag lets a group stay on.
    fn room(&self, lag: Lag) -> usize {
        let left_at = std::iter::once(self.back_at).chain(self.steps.iter().map(|step| step.above));
        let all = self.steps.len();
        left_at.take(all).take_while(|number| lag > *number).count()
    }

    /// The rung of a number, which an earlier policy may have given.
    fn rungs(&self, held: u32) -> usize {
        let reached = |step: &&Step| self.base.saturating_add(step.add) <= held;
        self.steps.iter().take_while(reached).count()
    }

    /// The number of a rung, before limits.
    fn replicas(&self, rung: usize) -> u32 {
        let step = rung.checked_sub(1).and_then(|at| self.steps.get(at));
        self.base.saturating_add(step.map_or(0, |step| step.add))
    }
}
