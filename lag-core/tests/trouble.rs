//! Whom to look at first, and the verdict over all.
#![allow(clippy::unwrap_used)]

use jiff::{SignedDuration, Timestamp};
use lag_core::{
    Board, Condition, Finding, GroupKey, GroupLimits, Instance, Lag, LagSample, LagSnapshot,
    Reading, Tally, Trend, Trouble,
    port::{Collected, Failure},
    recommend::{Policy, RecommendBook, RecommendRule, Step, StepPolicy, StepRules},
};
use proptest::prelude::*;
use std::{collections::BTreeMap, sync::Arc, time::Duration};

const MAX_AGE: SignedDuration = SignedDuration::from_mins(5);

fn now() -> Timestamp {
    "2026-01-15T08:30:00Z".parse().unwrap()
}

fn lag(value: f64) -> Lag {
    Lag::try_from(value).unwrap()
}

fn fresh(value: f64, per_second: Option<f64>) -> Reading {
    Reading::Fresh(LagSample {
        at: now(),
        lag: lag(value),
        trend: per_second.and_then(Trend::from_per_second),
    })
}

fn stale(seconds: i64) -> Reading {
    stale_with(seconds, 9e9)
}

fn stale_with(seconds: i64, last: f64) -> Reading {
    let age = SignedDuration::from_secs(seconds);
    let last = LagSample {
        at: now() - age,
        lag: lag(last),
        trend: None,
    };
    Reading::Stale { last, age }
}

fn key() -> GroupKey {
    GroupKey::total("i".parse().unwrap(), "orders".parse().unwrap())
}

#[test]
fn the_worst_comes_first() {
    let limit = Some(lag(1_000.0));
    let sorted = [
        fresh(2_000.0, Some(-100.0)),
        fresh(1_001.0, Some(5.0)),
        Reading::Failed { since: now() },
        Reading::Absent,
        stale(900),
        stale(400),
        fresh(500.0, Some(0.5)),
        fresh(3.0, Some(80.0)),
        fresh(1_000.0, Some(0.0)),
        fresh(600.0, None),
        fresh(500.0, Some(-0.01)),
        fresh(100.0, Some(-0.1)),
        fresh(900.0, Some(-90.0)),
        fresh(0.0, Some(-50.0)),
    ];
    let troubles = sorted.map(|reading| Trouble::of(&reading, limit));
    for pair in troubles.windows(2) {
        assert!(pair[0].order(&pair[1]).is_lt(), "{pair:?}");
    }
}

#[test]
fn in_an_outage_the_worst_is_what_was_the_worst_before_it() {
    let sorted = [
        (stale_with(400, 500.0), Some(0.0)),
        (stale_with(400, 900.0), Some(300.0)),
        (stale_with(400, 5_000.0), Some(4_000.0)),
        (stale_with(400, 2.0), Some(4_000.0)),
        (stale_with(400, 9_999.0), None),
        (stale_with(900, 7.0), None),
        (stale_with(400, 7.0), None),
        (stale_with(400, 0.0), Some(0.0)),
    ];
    let troubles = sorted.map(|(reading, limit)| Trouble::of(&reading, limit.map(lag)));
    for pair in troubles.windows(2) {
        assert!(pair[0].order(&pair[1]).is_lt(), "{pair:?}");
    }
}

#[test]
fn exactly_at_the_limit_is_not_above_it_and_a_stale_number_never_is() {
    let at = Some(lag(1_000.0));
    assert_eq!(
        Trouble::of(&fresh(1_000.0, None), at).condition(),
        Condition::Standing
    );
    assert_eq!(Trouble::of(&stale(400), at).condition(), Condition::Stale);
}

#[test]
fn the_limit_is_the_threshold_or_else_the_lowest_step() {
    let step = |above: f64, add| Step {
        above: lag(above),
        add,
    };
    let rules = StepRules {
        base: 2,
        max: 5,
        steps: vec![step(100_000.0, 1), step(150_000.0, 2)],
        back_at: lag(50_000.0),
        sustained_for: SignedDuration::ZERO,
        partitions: None,
    };
    let rule = RecommendRule {
        groups: vec!["glob:ord*".parse().unwrap()],
        instances: vec![],
        policy: Policy::Steps(StepPolicy::try_from(rules).unwrap()),
        workload: None,
    };
    let mut limits = GroupLimits {
        threshold: None,
        book: Arc::new(RecommendBook { rules: vec![rule] }),
    };
    assert_eq!(limits.of(&key()), Some(lag(100_000.0)));
    assert_eq!(limits.steps(&key()), [lag(100_000.0), lag(150_000.0)]);
    let other = GroupKey::total("i".parse().unwrap(), "billing".parse().unwrap());
    assert_eq!(limits.of(&other), None);
    limits.threshold = Some(lag(7.0));
    assert_eq!(limits.of(&key()), Some(lag(7.0)));
    assert_eq!(limits.of(&other), Some(lag(7.0)));
}

fn board() -> Board {
    let watched = ["a", "b"].map(|id| Instance {
        id: id.parse().unwrap(),
        region: "r".into(),
        expected: vec![],
    });
    Board::default().watching("main", watched, now())
}

fn collected(board: &Board, failing: &[&str], dropped: u64) -> Board {
    let failure = Failure {
        kind: "timeout",
        detail: "no answer".into(),
    };
    let mut snapshot = LagSnapshot::empty(now());
    snapshot.dropped.series = dropped;
    for id in ["a", "b"].into_iter().filter(|id| !failing.contains(id)) {
        let series = lag_core::SeriesName {
            group: "g".parse().unwrap(),
            topic: None,
        };
        let Reading::Fresh(sample) = fresh(1.0, None) else {
            unreachable!()
        };
        let samples = vec![(series, sample)];
        snapshot.instances.insert(id.parse().unwrap(), samples);
    }
    let failed = failing
        .iter()
        .map(|id| (id.parse().unwrap(), failure.clone()))
        .collect::<BTreeMap<_, _>>();
    let collected = Collected { snapshot, failed };
    board.collected("main", collected, Duration::ZERO, SignedDuration::MAX)
}

fn tally(readings: &[Reading], limit: Option<Lag>) -> Tally {
    let mut tally = Tally::default();
    for reading in readings {
        tally.count(&Trouble::of(reading, limit), limit);
    }
    tally
}

#[test]
fn the_verdict_names_what_is_wrong_and_only_then_nothing() {
    let well = tally(&[fresh(1.0, None), fresh(0.0, None)], Some(lag(5.0)));
    let all = |board: &Board, tally: &Tally| Finding::all(board, tally, now(), MAX_AGE);
    assert_eq!(all(&board(), &well), [Finding::Untried]);
    let up = collected(&board(), &[], 0);
    let (groups, within) = (2, true);
    assert_eq!(all(&up, &well), [Finding::Well { groups, within }]);
    let unlimited = tally(&[fresh(1.0, None)], None);
    assert_eq!(
        all(&up, &unlimited),
        [Finding::Well {
            groups: 1,
            within: false
        }]
    );
    let bad = tally(
        &[fresh(9.0, None), stale(400), Reading::Absent],
        Some(lag(5.0)),
    );
    let down = collected(&up, &["b"], 3);
    assert_eq!(
        all(&down, &bad),
        [
            Finding::Unread {
                instances: 1,
                of: 2,
                since: Some(now())
            },
            Finding::Above { groups: 1 },
            Finding::Blind { groups: 2, of: 3 },
            Finding::Cut { series: 3 },
        ]
    );
    // Nobody asks any more, and nothing has failed.
    let later = now() + SignedDuration::from_mins(6);
    assert!(matches!(
        Finding::all(&up, &well, later, MAX_AGE)[0],
        Finding::Unread { instances: 2, .. }
    ));
}

fn any_reading() -> impl Strategy<Value = Reading> {
    prop_oneof![
        (0_u32..50, -20_i32..20)
            .prop_map(|(lag, pace)| fresh(f64::from(lag), Some(f64::from(pace) / 10.0))),
        (0_u32..50).prop_map(|lag| fresh(f64::from(lag), None)),
        (300_i64..600, 0_u32..50).prop_map(|(age, last)| stale_with(age, f64::from(last))),
        Just(Reading::Absent),
        Just(Reading::Failed {
            since: Timestamp::UNIX_EPOCH
        }),
    ]
}

proptest! {
    #[test]
    fn it_is_an_order(a in any_reading(), b in any_reading(), c in any_reading()) {
        let [a, b, c] = [a, b, c].map(|reading| Trouble::of(&reading, Some(lag(25.0))));
        prop_assert_eq!(a.order(&b), b.order(&a).reverse());
        if a.order(&b).is_le() && b.order(&c).is_le() {
            prop_assert!(a.order(&c).is_le());
        }
    }

    #[test]
    fn every_group_is_fresh_or_blind_and_counted_once(readings in proptest::collection::vec(any_reading(), 0..20)) {
        let tally = tally(&readings, Some(lag(25.0)));
        let fresh = readings.iter().filter(|reading| matches!(reading, Reading::Fresh(_))).count();
        prop_assert_eq!(tally.groups, readings.len());
        prop_assert_eq!(tally.blind, readings.len() - fresh);
        prop_assert!(tally.above <= fresh);
    }
}
