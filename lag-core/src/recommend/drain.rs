//! Enough replicas to be done in time.

use super::{InvalidPolicy, Memory, Recommendation, Why};
use crate::{Bounds, Lag, LagSample, Trend};
use jiff::{SignedDuration, Timestamp};

/// A drain policy as written, not checked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DrainRules {
    /// The fewest and the most replicas.
    pub bounds: Bounds,
    /// The lag should be gone in this time.
    pub within: SignedDuration,
    /// What one busy replica consumes: measure it under load.
    pub per_replica_per_second: f64,
    /// At this lag or below, the group keeps up, and consumers may idle.
    pub calm_at: Lag,
    /// How far the points of a trend lie apart at most: the width of the query window.
    pub trend_over: SignedDuration,
    /// Never more than this, even when it is less than the fewest.
    pub partitions: Option<u32>,
}

/// Enough replicas to drain the lag within a time, at the measured rate.
///
/// A trend is what comes in less what is consumed. Lag alone cannot tell the two apart: a lag that grows by 5 a second
/// may be 5 in and none out, or 1005 in and 1000 out, and what one more replica would change is in neither number. So the
/// rate of one replica is written down, and the inflow follows: trend + rate × running replicas. Wanted are the fewest
/// replicas whose rate is at least inflow + lag / `within`.
///
/// Assumed is that every replica up to the number of partitions is busy, and equally so. That holds while there is a
/// backlog spread over the partitions; a lag that sits in one partition is not drained by more replicas. At `calm_at` or
/// below it does not hold: consumers idle, and the inflow is only known to be *at most* what they could do. There it
/// tries one replica fewer than run (or what the trend asks for, if that is less still), and again when the trend has
/// settled, until lag grows above `calm_at`.
///
/// Until the lag is at `calm_at` the number only rises: the time is counted from the first number, not from each sample
/// anew. It also holds, if there is one, when the sample has no trend, when nobody knows how many replicas run, and when
/// that number changed within `trend_over` before the sample: such a trend belongs to both numbers, and what the old
/// number lacked would be added to the new one a second time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DrainPolicy {
    limits: Bounds,
    rules: DrainRules,
}

/// How many replicas consume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Running {
    /// Ready ones.
    pub replicas: u32,
    /// Since when it is that many.
    pub since: Timestamp,
}

impl TryFrom<DrainRules> for DrainPolicy {
    type Error = InvalidPolicy;

    fn try_from(rules: DrainRules) -> Result<Self, InvalidPolicy> {
        if rules.bounds.min() == 0 {
            return Err(InvalidPolicy::Zero { key: "min" });
        }
        if rules.partitions == Some(0) {
            return Err(InvalidPolicy::Zero { key: "partitions" });
        }
        if !rules.within.is_positive() {
            return Err(InvalidPolicy::Within);
        }
        let rate = rules.per_replica_per_second;
        if !(rate.is_finite() && rate > 0.0) {
            return Err(InvalidPolicy::Rate(rate));
        }
        if rules.trend_over.is_negative() {
            return Err(InvalidPolicy::Negative { key: "trend_over" });
        }
        let limits = rules
            .partitions
            .map_or(rules.bounds, |most| rules.bounds.at_most(most));
        Ok(Self { limits, rules })
    }
}

impl DrainPolicy {
    /// As written.
    #[must_use]
    pub fn rules(&self) -> &DrainRules {
        &self.rules
    }

    /// The fewest and the most that are ever said.
    #[must_use]
    pub fn limits(&self) -> Bounds {
        self.limits
    }

    pub(super) fn follow(
        &self,
        memory: Memory,
        sample: LagSample,
        running: Option<Running>,
    ) -> Recommendation {
        if memory.is_newer_than(sample) {
            return memory.says(self.limits, Why::Older);
        }
        let backlog = sample.lag > self.rules.calm_at;
        let (held, why) = match self.wanted(sample, running) {
            // The rest would fit into a new `within` with fewer, and the whole take twice as long.
            Ok(wanted) if backlog && memory.held > Some(wanted) => (memory.held, Why::Draining),
            Ok(wanted) => (Some(wanted), Why::Lag),
            Err(doubt) => (memory.held, doubt),
        };
        let (seen, above) = (Some(sample.at), Vec::new());
        Memory { held, seen, above }.says(self.limits, why)
    }

    fn wanted(&self, sample: LagSample, running: Option<Running>) -> Result<u32, Why> {
        let trend = sample.trend.ok_or(Why::NoTrend)?;
        let running = running.ok_or(Why::NoReplicas)?;
        let until = running
            .since
            .saturating_add(self.rules.trend_over)
            .unwrap_or(Timestamp::MAX);
        if sample.at < until {
            return Err(Why::Settling { until });
        }
        let enough = self.enough(sample.lag, trend, running.replicas);
        let calm = sample.lag <= self.rules.calm_at;
        let fewer = running.replicas.saturating_sub(1);
        Ok(if calm { enough.min(fewer) } else { enough })
    }

    /// The fewest replicas within the limits that drain in time; the most when none do.
    fn enough(&self, lag: Lag, trend: Trend, running: u32) -> u32 {
        let rate = self.rules.per_replica_per_second;
        let busy = self
            .rules
            .partitions
            .map_or(running, |most| running.min(most));
        let inflow = (trend.per_second() + rate * f64::from(busy)).max(0.0);
        let needed = inflow + lag.as_f64() / self.rules.within.as_secs_f64();
        let (mut least, mut most) = (self.limits.min(), self.limits.max());
        while least < most {
            let middle = least + (most - least) / 2;
            if f64::from(middle) * rate >= needed {
                most = middle;
            } else {
                least = middle + 1;
            }
        }
        least
    }
}
