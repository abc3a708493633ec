//! Triggers and boards by a few words.

use jiff::{SignedDuration, Timestamp};
use lag_core::{
    Board, GroupKey, Instance, Lag, LagSample, LagSnapshot, SeriesName,
    port::{Collected, Failure},
    trigger::{InvalidTrigger, Trigger},
};
use std::{collections::BTreeMap, time::Duration};

pub(crate) const MAX_AGE: SignedDuration = SignedDuration::from_mins(5);

pub(crate) fn parse(metadata: &[(&str, &str)]) -> Result<Trigger, InvalidTrigger> {
    Trigger::parse(metadata.iter().copied())
}

/// A trigger on `orders`, with these keys besides.
pub(crate) fn trigger(more: &[(&str, &str)]) -> Trigger {
    let mut metadata = vec![("consumerGroup", "orders"), ("lagThreshold", "50000")];
    metadata.extend(more);
    parse(&metadata).unwrap()
}

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_768_465_800 + second).unwrap()
}

pub(crate) fn sample(second: i64, lag: f64) -> LagSample {
    LagSample {
        at: at(second),
        lag: Lag::try_from(lag).unwrap(),
        trend: None,
    }
}

pub(crate) fn key(instance: &str, group: &str) -> GroupKey {
    GroupKey::total(instance.parse().unwrap(), group.parse().unwrap())
}

/// A board that watches these and has heard nothing.
pub(crate) fn watching(instances: &[&str]) -> Board {
    let instances = instances.iter().map(|id| Instance {
        id: id.parse().unwrap(),
        region: "cn-hangzhou".into(),
        expected: vec![],
    });
    Board::default().watching("main", instances, at(-200))
}

/// After an answer in which `orders` had this sample, or which held nothing.
pub(crate) fn answered(board: &Board, instance: &str, sample: Option<LagSample>) -> Board {
    let orders = SeriesName {
        group: "orders".parse().unwrap(),
        topic: None,
    };
    let mut snapshot = LagSnapshot::empty(at(0));
    let samples = sample.map(|sample| (orders, sample)).into_iter().collect();
    snapshot
        .instances
        .insert(instance.parse().unwrap(), samples);
    collected(board, snapshot, BTreeMap::new())
}

/// After an attempt that was refused.
pub(crate) fn failed(board: &Board, instance: &str) -> Board {
    let failure = Failure {
        kind: "throttled",
        detail: "DescribeMetricList was refused: too many requests".into(),
    };
    let failed = BTreeMap::from([(instance.parse().unwrap(), failure)]);
    collected(board, LagSnapshot::empty(at(0)), failed)
}

fn collected(
    board: &Board,
    snapshot: LagSnapshot,
    failed: BTreeMap<lag_core::InstanceId, Failure>,
) -> Board {
    let collected = Collected { snapshot, failed };
    let forget_after = SignedDuration::from_hours(1);
    board.collected("main", collected, Duration::from_millis(80), forget_after)
}
