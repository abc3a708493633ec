//! What the board says, over time and through failures.
#![allow(clippy::unwrap_used)]

use jiff::{SignedDuration, Timestamp, ToSpan};
use lag_core::{
    Board, BoardCell, GroupKey, Instance, InstanceId, Lag, LagSample, LagSnapshot, Reading,
    SeriesName,
    port::{Collected, Failure},
};
use proptest::{collection::vec, option, prelude::*};
use std::{collections::BTreeMap, time::Duration};

const MAX_AGE: SignedDuration = SignedDuration::from_mins(5);
const FORGET_AFTER: SignedDuration = SignedDuration::from_hours(1);

fn start() -> Timestamp {
    "2026-01-15T08:30:00Z".parse().unwrap()
}

fn minutes(n: i64) -> Timestamp {
    start() + n.minutes()
}

fn id(name: &str) -> InstanceId {
    name.parse().unwrap()
}

fn total(group: &str) -> SeriesName {
    SeriesName {
        group: group.parse().unwrap(),
        topic: None,
    }
}

fn key(instance: &str, group: &str) -> GroupKey {
    GroupKey::total(id(instance), group.parse().unwrap())
}

fn sample(at: Timestamp, lag: f64) -> LagSample {
    LagSample {
        at,
        lag: Lag::try_from(lag).unwrap(),
        trend: None,
    }
}

fn watching(instances: &[&str], expected: &[&str]) -> Board {
    let instance = |name: &&str| Instance {
        id: id(name),
        region: "cn-hangzhou".into(),
        expected: expected.iter().map(|group| total(group)).collect(),
    };
    Board::default().watching("main", instances.iter().map(instance), start())
}

fn answer(at: Timestamp, instances: &[(&str, &[(&str, LagSample)])]) -> Collected {
    let series = |(instance, samples): &(&str, &[(&str, LagSample)])| {
        let mut samples: Vec<_> = samples.iter().map(|(g, s)| (total(g), *s)).collect();
        samples.sort_by(|a, b| a.0.cmp(&b.0));
        (id(instance), samples)
    };
    let snapshot = LagSnapshot {
        taken_at: at,
        instances: instances.iter().map(series).collect(),
        earlier: BTreeMap::new(),
        received: 0,
        dropped: lag_core::Dropped::default(),
    };
    Collected {
        snapshot,
        failed: BTreeMap::new(),
    }
}

fn because(kind: &'static str) -> Failure {
    Failure {
        kind,
        detail: "the cloud said no".into(),
    }
}

fn failure(at: Timestamp, instances: &[&str]) -> Collected {
    let failed = instances
        .iter()
        .map(|name| (id(name), because("throttled")))
        .collect();
    Collected {
        failed,
        ..answer(at, &[])
    }
}

fn collect(board: &Board, collected: Collected) -> Board {
    board.collected("main", collected, Duration::from_millis(80), FORGET_AFTER)
}

#[test]
fn before_the_first_answer_nothing_is_absent_and_nothing_is_a_number() {
    let board = watching(&["a"], &["orders"]);
    assert!(!board.is_tried());
    assert_eq!(
        board.read(&key("a", "orders"), minutes(1), MAX_AGE),
        Reading::Failed { since: start() }
    );
    assert!(!board.instance("a").unwrap().is_up());
}

#[test]
fn age_decides_between_fresh_and_stale() {
    let board = collect(
        &watching(&["a"], &[]),
        answer(minutes(2), &[("a", &[("g", sample(minutes(1), 7.0))])]),
    );
    let read = |now| board.read(&key("a", "g"), now, MAX_AGE);
    assert_eq!(
        read(minutes(6)),
        Reading::Fresh(sample(minutes(1), 7.0)),
        "exactly at the limit"
    );
    let just_over = minutes(6) + SignedDuration::from_millis(1);
    let age = MAX_AGE + SignedDuration::from_millis(1);
    assert_eq!(
        read(just_over),
        Reading::Stale {
            last: sample(minutes(1), 7.0),
            age
        }
    );
}

#[test]
fn a_failure_keeps_the_samples_and_age_does_the_rest() {
    let board = collect(
        &watching(&["a"], &[]),
        answer(minutes(2), &[("a", &[("g", sample(minutes(1), 7.0))])]),
    );
    let board = collect(&board, failure(minutes(3), &["a"]));
    let board = collect(&board, failure(minutes(4), &["a"]));
    let instance = board.instance("a").unwrap();
    assert!(!instance.is_up());
    assert_eq!(instance.failing_since, Some(minutes(3)));
    assert_eq!(instance.consecutive_failures, 2);
    assert_eq!(instance.last_error, Some(because("throttled")));
    assert_eq!(instance.last_success, Some(minutes(2)));
    assert_eq!(instance.last_attempt, Some(minutes(4)));
    assert_eq!(
        board.read(&key("a", "g"), minutes(5), MAX_AGE).state(),
        "fresh"
    );
    assert_eq!(
        board.read(&key("a", "g"), minutes(7), MAX_AGE).state(),
        "stale"
    );
    assert_eq!(
        board.read(&key("a", "other"), minutes(5), MAX_AGE),
        Reading::Failed { since: minutes(3) }
    );

    let board = collect(&board, answer(minutes(5), &[("a", &[])]));
    let instance = board.instance("a").unwrap();
    assert!(
        instance.is_up() && instance.failing_since.is_none() && instance.consecutive_failures == 0
    );
}

#[test]
fn a_group_missing_from_one_answer_is_remembered_with_its_age_and_then_forgotten() {
    let board = collect(
        &watching(&["a"], &[]),
        answer(minutes(2), &[("a", &[("g", sample(minutes(1), 7.0))])]),
    );
    let board = collect(&board, answer(minutes(10), &[("a", &[])]));
    assert_eq!(
        board.read(&key("a", "g"), minutes(10), MAX_AGE).state(),
        "stale"
    );
    let board = collect(&board, answer(minutes(62), &[("a", &[])]));
    assert_eq!(
        board.read(&key("a", "g"), minutes(62), MAX_AGE),
        Reading::Absent
    );
}

#[test]
fn an_answer_with_older_data_does_not_turn_time_back() {
    let board = collect(
        &watching(&["a"], &[]),
        answer(minutes(3), &[("a", &[("g", sample(minutes(2), 7.0))])]),
    );
    let board = collect(
        &board,
        answer(minutes(4), &[("a", &[("g", sample(minutes(1), 900.0))])]),
    );
    assert_eq!(
        board.read(&key("a", "g"), minutes(4), MAX_AGE),
        Reading::Fresh(sample(minutes(2), 7.0))
    );
}

#[test]
fn a_corrected_value_of_the_same_minute_is_taken() {
    let board = collect(
        &watching(&["a"], &[]),
        answer(minutes(3), &[("a", &[("g", sample(minutes(2), 7.0))])]),
    );
    let board = collect(
        &board,
        answer(minutes(4), &[("a", &[("g", sample(minutes(2), 9.0))])]),
    );
    assert_eq!(
        board.read(&key("a", "g"), minutes(4), MAX_AGE),
        Reading::Fresh(sample(minutes(2), 9.0))
    );
}

#[test]
fn one_failing_instance_does_not_hide_the_others() {
    let mut mixed = answer(minutes(2), &[("a", &[("g", sample(minutes(1), 7.0))])]);
    mixed.failed.insert(id("b"), because("forbidden"));
    let board = collect(&watching(&["a", "b"], &[]), mixed);
    assert!(board.instance("a").unwrap().is_up());
    assert!(!board.instance("b").unwrap().is_up());
    assert_eq!(
        board.read(&key("a", "g"), minutes(2), MAX_AGE).state(),
        "fresh"
    );
    assert_eq!(
        board.read(&key("b", "g"), minutes(2), MAX_AGE).state(),
        "failed"
    );
}

#[test]
fn an_expected_group_that_never_came_is_listed_as_absent() {
    let board = collect(
        &watching(&["a"], &["b", "d"]),
        answer(
            minutes(2),
            &[(
                "a",
                &[
                    ("a", sample(minutes(1), 1.0)),
                    ("b", sample(minutes(1), 2.0)),
                    ("c", sample(minutes(1), 3.0)),
                ],
            )],
        ),
    );
    let rows: Vec<_> = board
        .rows(minutes(2), MAX_AGE)
        .map(|row| (row.series.group.as_str().to_owned(), row.reading.state()))
        .collect();
    let expected = [
        ("a", "fresh"),
        ("b", "fresh"),
        ("c", "fresh"),
        ("d", "absent"),
    ];
    assert_eq!(
        rows,
        expected.map(|(group, state)| (group.to_owned(), state))
    );
}

#[test]
fn an_answer_without_points_is_told_from_one_that_repeats_known_groups() {
    let board = watching(&["a"], &[]);
    assert!(
        !board.instance("a").unwrap().is_silent(),
        "nothing was asked yet"
    );
    let board = collect(
        &board,
        answer(minutes(2), &[("a", &[("g", sample(minutes(1), 7.0))])]),
    );
    assert!(!board.instance("a").unwrap().is_silent());
    let board = collect(&board, answer(minutes(3), &[("a", &[])]));
    let instance = board.instance("a").unwrap();
    assert!(instance.is_silent() && instance.is_up());
    assert_eq!(instance.samples().len(), 1, "what was known is remembered");
}

#[test]
fn ready_means_every_source_was_tried_and_an_outage_does_not_undo_it() {
    let instance = Instance {
        id: id("b"),
        region: "cn-beijing".into(),
        expected: vec![],
    };
    let board = watching(&["a"], &[]).watching("other", [instance], start());
    let board = collect(&board, failure(minutes(1), &["a"]));
    assert!(!board.is_tried(), "the other source was not tried");
    let board = board.collected(
        "other",
        failure(minutes(1), &["b"]),
        Duration::ZERO,
        FORGET_AFTER,
    );
    assert!(board.is_tried());
}

#[test]
fn readers_keep_the_board_they_took() {
    let cell = BoardCell::new(watching(&["a"], &[]));
    let before = cell.load();
    cell.update(|board| collect(board, failure(minutes(1), &["a"])));
    assert_eq!(before.instance("a").unwrap().consecutive_failures, 0);
    assert_eq!(cell.load().instance("a").unwrap().consecutive_failures, 1);
}

/// One collection: which groups it mentions, with how old a point, or a failure.
fn any_history() -> impl Strategy<Value = Vec<Option<Vec<(usize, i64, u32)>>>> {
    let points = proptest::collection::vec((0_usize..3, 0_i64..12, 0_u32..1000), 0..4);
    proptest::collection::vec(proptest::option::of(points), 0..12)
}

proptest! {
    #[test]
    fn absence_never_becomes_a_number(history in any_history()) {
        let groups = ["g0", "g1", "g2"];
        let mut board = watching(&["a"], &["g0"]);
        let mut newest: [Option<(Timestamp, f64)>; 3] = [None; 3];
        for (turn, outcome) in history.into_iter().enumerate() {
            let now = minutes(i64::try_from(turn).unwrap() * 3);
            let collected = match outcome {
                None => failure(now, &["a"]),
                Some(points) => {
                    let mut seen = BTreeMap::new();
                    for (group, age, lag) in points {
                        seen.insert(group, (now - age.minutes(), f64::from(lag)));
                    }
                    for (group, (at, lag)) in &seen {
                        if newest[*group].is_none_or(|(known, _)| *at >= known) {
                            newest[*group] = Some((*at, *lag));
                        }
                    }
                    let samples: Vec<_> = seen.iter().map(|(g, (at, lag))| (groups[*g], sample(*at, *lag))).collect();
                    answer(now, &[("a", &samples)])
                }
            };
            board = collect(&board, collected);
            for (index, group) in groups.iter().enumerate() {
                match (board.read(&key("a", group), now, MAX_AGE), newest[index]) {
                    (Reading::Fresh(shown), Some((at, lag))) => {
                        prop_assert_eq!((shown.at, shown.lag.as_f64()), (at, lag));
                        prop_assert!(now.duration_since(at) <= MAX_AGE);
                    }
                    (Reading::Fresh(shown), None) => prop_assert!(false, "{shown:?} out of nothing"),
                    (_, Some((at, _))) => prop_assert!(now.duration_since(at) > MAX_AGE),
                    (_, None) => {}
                }
            }
        }
    }

    #[test]
    fn rows_of_a_group_are_the_rows_with_its_name(
        samples in vec((name(), option::of(name())), 0..12),
        expected in vec(name(), 0..5),
        asked in name(),
    ) {
        let series = |(group, topic): &(String, Option<String>)| SeriesName {
            group: group.parse().unwrap(),
            topic: topic.as_ref().map(|topic| topic.parse().unwrap()),
        };
        let expected: Vec<_> = expected.iter().map(String::as_str).collect();
        let samples: BTreeMap<_, _> = samples.iter().map(|name| (series(name), sample(minutes(1), 7.0))).collect();
        let mut collected = answer(minutes(2), &[]);
        collected.snapshot.instances.insert(id("a"), samples.into_iter().collect());
        let board = collect(&watching(&["a"], &expected), collected);
        let board = board.instance("a").unwrap();
        let all = board.rows(minutes(2), MAX_AGE);
        let wanted: Vec<_> = all.filter(|(series, _)| series.group.as_str() == asked).collect();
        let found: Vec<_> = board.rows_of(&asked, minutes(2), MAX_AGE).collect();
        prop_assert_eq!(found, wanted);
    }
}

/// Names of which one is often the beginning of another.
fn name() -> impl Strategy<Value = String> {
    "[ab]{1,3}"
}
