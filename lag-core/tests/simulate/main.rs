//! The replica path of an HPA and of what feeds one: what a real controller was seen to do, its windows and policies,
//! a lag that follows from the replicas, and what always holds.
#![allow(clippy::unwrap_used)]

mod keda;
mod load;
mod measured;
mod properties;
mod recommended;
mod series;
mod windows;

use jiff::{SignedDuration, Timestamp};
use lag_core::{
    Bounds, Lag,
    simulate::{
        Behavior, Hpa, MetricTarget, Point, Policy, PolicyKind, SYNC_PERIOD, simulate as run,
    },
};

fn start() -> Timestamp {
    "2026-01-15T08:30:00Z".parse().unwrap()
}

fn lag(value: impl Into<f64>) -> Option<Lag> {
    Some(value.into().try_into().unwrap())
}

fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

fn value(target: u64) -> MetricTarget {
    MetricTarget::Value((target * 1000).try_into().unwrap())
}

fn average(target: u64) -> MetricTarget {
    MetricTarget::AverageValue((target * 1000).try_into().unwrap())
}

fn policy(kind: PolicyKind, value: u32, period: i64) -> Policy {
    Policy {
        kind,
        value,
        period: seconds(period),
    }
}

/// Bounds, a target and a behavior that never waits.
fn hpa(min: u32, max: u32, target: MetricTarget) -> Hpa {
    let mut behavior = Behavior::default();
    behavior.scale_down.stabilization_window = SignedDuration::ZERO;
    let bounds: Bounds = (min, max).try_into().unwrap();
    Hpa {
        behavior: Some(behavior),
        ..Hpa::new(bounds, target)
    }
}

/// One sync each for these lags, all pods ready.
fn simulate(hpa: &Hpa, replicas: u32, lags: impl IntoIterator<Item = Option<Lag>>) -> Vec<Point> {
    let times = std::iter::successors(Some(start()), |at| Some(*at + SYNC_PERIOD));
    run(hpa, replicas, times.zip(lags), |_, replicas| replicas)
}

/// Replicas after each sync of a steady lag.
fn path(hpa: &Hpa, replicas: u32, value: impl Into<f64>, count: usize) -> Vec<u32> {
    let points = simulate(hpa, replicas, vec![lag(value); count]);
    points.iter().map(|point| point.replicas).collect()
}
