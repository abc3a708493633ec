//! The controller's loop over a series.

use super::{Hpa, memory::Memory};
use crate::Lag;
use jiff::{SignedDuration, Timestamp};

/// `--horizontal-pod-autoscaler-sync-period`, unless changed.
pub const SYNC_PERIOD: SignedDuration = SignedDuration::from_secs(15);

/// One sync of the controller.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Point {
    /// When.
    pub at: Timestamp,
    /// The lag it saw; `None` if the metric failed.
    pub lag: Option<Lag>,
    /// Replicas afterwards.
    pub replicas: u32,
    /// What the lag alone asks for, before windows, policies and bounds; `None` if it was not asked.
    pub desired: Option<u32>,
    /// What decided.
    pub why: Why,
}

/// What decided, named like the reasons in the conditions of an HPA where there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The metric failed: the replicas stay.
    FailedGetExternalMetric,
    /// Somebody scaled to 0 while the minimum is above it: the HPA does nothing until somebody scales up.
    ScalingDisabled,
    /// Near enough to the target.
    WithinTolerance,
    /// The lag's own wish.
    DesiredWithinRange,
    /// A lower recommendation is not old enough yet.
    ScaleUpStabilized,
    /// A higher recommendation is not old enough yet.
    ScaleDownStabilized,
    /// The policies allow no more for now.
    ScaleUpLimit,
    /// The policies allow no fewer for now.
    ScaleDownLimit,
    /// More than the maximum.
    TooManyReplicas,
    /// Fewer than the minimum.
    TooFewReplicas,
}

impl Why {
    /// The reason as `kubectl describe hpa` shows it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FailedGetExternalMetric => "FailedGetExternalMetric",
            Self::ScalingDisabled => "ScalingDisabled",
            Self::WithinTolerance => "WithinTolerance",
            Self::DesiredWithinRange => "DesiredWithinRange",
            Self::ScaleUpStabilized => "ScaleUpStabilized",
            Self::ScaleDownStabilized => "ScaleDownStabilized",
            Self::ScaleUpLimit => "ScaleUpLimit",
            Self::ScaleDownLimit => "ScaleDownLimit",
            Self::TooManyReplicas => "TooManyReplicas",
            Self::TooFewReplicas => "TooFewReplicas",
        }
    }
}

/// The replicas after each sync, from `start` replicas on. `syncs` is what each sync sees, in order of time (see
/// [`syncs`]); `ready` says how many pods are ready when there are so many replicas: `|_, replicas| replicas` is a
/// workload that starts at once.
///
/// `None` never scales. Only replicas out of bounds are brought back even then, because that needs no metric.
pub fn simulate(
    hpa: &Hpa,
    start: u32,
    syncs: impl IntoIterator<Item = (Timestamp, Option<Lag>)>,
    ready: impl Fn(Timestamp, u32) -> u32,
) -> Vec<Point> {
    let (mut memory, mut replicas) = (Memory::default(), start);
    let step = |(at, lag)| {
        memory.begin(at, replicas);
        let (desired, after, why) = sync(hpa, &mut memory, at, replicas, lag, &ready);
        if let Some(behavior) = &hpa.behavior
            && after != replicas
        {
            memory.changed(behavior, at, replicas, after);
        }
        replicas = after;
        Point {
            at,
            lag,
            replicas,
            desired,
            why,
        }
    };
    syncs.into_iter().map(step).collect()
}

fn sync(
    hpa: &Hpa,
    memory: &mut Memory,
    at: Timestamp,
    current: u32,
    lag: Option<Lag>,
    ready: impl Fn(Timestamp, u32) -> u32,
) -> (Option<u32>, u32, Why) {
    let (min, max) = (hpa.bounds.min(), hpa.bounds.max());
    if current == 0 && min != 0 {
        return (None, 0, Why::ScalingDisabled);
    }
    if current > max {
        return (None, max, Why::TooManyReplicas);
    }
    if current < min {
        return (None, min, Why::TooFewReplicas);
    }
    let Some(lag) = lag else {
        return (None, current, Why::FailedGetExternalMetric);
    };
    let proposal = hpa.proposal(lag, current, ready(at, current));
    let desired = proposal.unwrap_or(current);
    let wish = match &hpa.behavior {
        Some(behavior) => memory.stabilize(behavior, at, current, desired),
        None => memory.stabilize_without_behavior(at, desired),
    };
    let begin = |period| memory.at_begin(at, period, current);
    let ceiling = match &hpa.behavior {
        Some(behavior) => behavior.scale_up.ceiling(current, begin),
        None => current.saturating_mul(2).max(4),
    };
    let floor = match &hpa.behavior {
        Some(behavior) => behavior.scale_down.floor(current, begin),
        None => 0,
    };
    let (after, why) = if wish > current && wish > max.min(ceiling) {
        if max > ceiling {
            (ceiling, Why::ScaleUpLimit)
        } else {
            (max, Why::TooManyReplicas)
        }
    } else if wish < current && wish < min.max(floor) {
        if min < floor {
            (floor, Why::ScaleDownLimit)
        } else {
            (min, Why::TooFewReplicas)
        }
    } else if wish < desired {
        (wish, Why::ScaleUpStabilized)
    } else if wish > desired {
        (wish, Why::ScaleDownStabilized)
    } else if proposal.is_none() {
        (wish, Why::WithinTolerance)
    } else {
        (wish, Why::DesiredWithinRange)
    };
    (Some(desired), after, why)
}

/// What a controller that syncs `every` so often (at least a second) sees of a recorded series, in order of time: the
/// newest entry, and nothing once it is older than `max_age`, because no value is served that is not fresh.
pub fn syncs(
    series: &[(Timestamp, Option<Lag>)],
    every: SignedDuration,
    max_age: SignedDuration,
) -> impl Iterator<Item = (Timestamp, Option<Lag>)> {
    let every = every.max(SignedDuration::from_secs(1));
    let ends = series.first().map(|(at, _)| *at).zip(series.last());
    let times = ends.into_iter().flat_map(move |(first, (last, _))| {
        let next = move |at: &Timestamp| at.checked_add(every).ok();
        std::iter::successors(Some(first), next).take_while(move |at| at <= last)
    });
    times.map(move |now| {
        let known = series.partition_point(|(at, _)| *at <= now);
        let newest = known.checked_sub(1).and_then(|index| series.get(index));
        let fresh = newest.filter(|(at, _)| now.duration_since(*at) <= max_age);
        (now, fresh.and_then(|(_, lag)| *lag))
    })
}
