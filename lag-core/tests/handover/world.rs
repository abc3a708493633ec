//! Boards with a past.

use jiff::{SignedDuration, Timestamp, ToSpan};
use lag_core::{
    Board, DropReason, Dropped, GroupKey, Handover, HandoverError, Instance, InstanceId, Lag,
    LagSample, LagSnapshot, SeriesName, Trend,
    port::{Collected, Failure},
    recommend::{Policy, RecommendBook, RecommendRule, Step, StepPolicy, StepRules},
};
use std::{collections::BTreeMap, time::Duration};

pub(crate) const MAX_AGE: SignedDuration = SignedDuration::from_mins(5);
pub(crate) const FORGET_AFTER: SignedDuration = SignedDuration::from_hours(1);
pub(crate) const KINDS: [&str; 2] = ["throttled", "timeout"];
pub(crate) const A: &str = "alikafka_pre-cn-a";
pub(crate) const B: &str = "alikafka_pre-cn-b";

pub(crate) fn minute(n: i64) -> Timestamp {
    "2026-01-15T08:30:00.123456789Z"
        .parse::<Timestamp>()
        .unwrap()
        + n.minutes()
}

pub(crate) fn id(name: &str) -> InstanceId {
    name.parse().unwrap()
}

pub(crate) fn key(instance: &str, group: &str) -> GroupKey {
    GroupKey::total(id(instance), group.parse().unwrap())
}

pub(crate) fn series(group: &str, topic: Option<&str>) -> SeriesName {
    SeriesName {
        group: group.parse().unwrap(),
        topic: topic.map(|topic| topic.parse().unwrap()),
    }
}

pub(crate) fn sample(at: Timestamp, lag: f64, slope: Option<f64>) -> LagSample {
    LagSample {
        at,
        lag: Lag::try_from(lag).unwrap(),
        trend: slope.and_then(Trend::from_per_second),
    }
}

/// A board of these instances, each a source of its own, of which nothing is known at this minute.
pub(crate) fn watching(instances: &[&str], since: i64) -> Board {
    instances.iter().fold(Board::default(), |board, name| {
        let instance = Instance {
            id: id(name),
            region: "cn-hangzhou".into(),
            expected: vec![],
        };
        board.watching(name, [instance], minute(since))
    })
}

pub(crate) fn answered(
    board: &Board,
    instance: &str,
    at: i64,
    mut samples: Vec<(SeriesName, LagSample)>,
) -> Board {
    samples.sort_by(|a, b| a.0.cmp(&b.0));
    samples.dedup_by(|a, b| a.0 == b.0);
    let mut snapshot = LagSnapshot::empty(minute(at));
    snapshot.received = 7;
    snapshot.dropped = Dropped {
        points: BTreeMap::from([(DropReason::Value, 2)]),
        series: 1,
    };
    snapshot.instances.insert(id(instance), samples);
    let collected = Collected {
        snapshot,
        failed: BTreeMap::new(),
    };
    let took = Duration::from_micros(80_123);
    let board = board.collected(instance, collected, took, FORGET_AFTER);
    board.learned(instance, Some(SignedDuration::from_millis(62_500)))
}

pub(crate) fn failed(board: &Board, instance: &str, at: i64, kind: &'static str) -> Board {
    let failure = Failure {
        kind,
        detail: "the cloud said \"no\": 限流\n".into(),
    };
    let collected = Collected {
        snapshot: LagSnapshot::empty(minute(at)),
        failed: BTreeMap::from([(id(instance), failure)]),
    };
    board.collected(instance, collected, Duration::ZERO, FORGET_AFTER)
}

/// Base 2, above 100k one more, above 150k two more, back at 50k.
pub(crate) fn book() -> RecommendBook {
    let step = |above: f64, add| Step {
        above: Lag::try_from(above).unwrap(),
        add,
    };
    let rules = StepRules {
        base: 2,
        max: 5,
        steps: vec![step(100_000.0, 1), step(150_000.0, 2)],
        back_at: Lag::try_from(50_000.0).unwrap(),
        sustained_for: SignedDuration::ZERO,
        partitions: None,
    };
    let rule = RecommendRule {
        groups: vec!["glob:*".parse().unwrap()],
        instances: vec![],
        policy: Policy::Steps(StepPolicy::try_from(rules).unwrap()),
        workload: None,
    };
    RecommendBook { rules: vec![rule] }
}

pub(crate) fn advised(board: &Board, at: i64) -> Board {
    board.recommending(&book(), minute(at), MAX_AGE, |_| None)
}

pub(crate) fn text(board: &Board, at: i64) -> String {
    serde_json::to_string(&board.handover(None, minute(at))).unwrap()
}

pub(crate) fn parse(text: &str) -> Result<Handover, HandoverError> {
    Handover::parse(text, &KINDS)
}

/// The other board after it has heard of the first.
pub(crate) fn told(leader: &Board, follower: &Board, at: i64) -> Board {
    let handover = parse(&text(leader, at)).unwrap();
    follower.adopt(&handover, &book(), minute(at), FORGET_AFTER)
}
