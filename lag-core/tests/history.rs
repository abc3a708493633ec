//! The last hour of lag: minutes of data, gaps that stay gaps, and nothing invented.
#![allow(clippy::unwrap_used)]

use jiff::{SignedDuration, Timestamp};
use lag_core::{
    Board, HISTORY_SLOTS, History, Instance, InstanceId, Lag, LagSample, LagSnapshot, SeriesName,
    SnapshotBuilder, SnapshotRules, port::Collected,
};
use proptest::prelude::*;
use std::{collections::BTreeMap, time::Duration};

const A: &str = "alikafka_pre-cn-a";
const FORGET_AFTER: SignedDuration = SignedDuration::from_hours(2);

/// So many minutes after a whole hour.
fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_768_464_000 + minute * 60).unwrap()
}

fn id() -> InstanceId {
    A.parse().unwrap()
}

fn watching() -> Board {
    let instance = Instance {
        id: id(),
        region: "cn-hangzhou".into(),
        expected: vec![],
    };
    Board::default().watching("main", [instance], at(0))
}

fn series(group: &str, topic: Option<&str>) -> SeriesName {
    SeriesName {
        group: group.parse().unwrap(),
        topic: topic.map(|topic| topic.parse().unwrap()),
    }
}

fn sample(minute: i64, lag: f64) -> LagSample {
    LagSample {
        at: at(minute),
        lag: Lag::try_from(lag).unwrap(),
        trend: None,
    }
}

fn collect(board: &Board, taken: i64, mut samples: Vec<(SeriesName, LagSample)>) -> Board {
    samples.sort_by(|a, b| a.0.cmp(&b.0));
    let mut snapshot = LagSnapshot::empty(at(taken));
    snapshot.instances.insert(id(), samples);
    let collected = Collected {
        snapshot,
        failed: BTreeMap::new(),
    };
    board.collected("main", collected, Duration::ZERO, FORGET_AFTER)
}

fn one(minute: i64, lag: f64) -> Board {
    let samples = vec![(series("g", None), sample(minute, lag))];
    collect(&watching(), minute, samples)
}

/// Minutes with a lag in the hour that ends with `now`.
fn points(history: &History, group: &str, now: i64) -> Vec<(i64, f64)> {
    let Some(hour) = history.of(A, group) else {
        return Vec::new();
    };
    let slots: Vec<_> = hour.until(at(now)).collect();
    assert_eq!(slots.len(), HISTORY_SLOTS);
    assert_eq!(slots[HISTORY_SLOTS - 1].0, at(now));
    let minute = |at_: Timestamp| at_.duration_since(at(0)).as_secs() / 60;
    let known = slots.into_iter();
    known
        .filter_map(|(at, lag)| Some((minute(at), lag?.as_f64())))
        .collect()
}

#[test]
fn a_gap_stays_a_gap_and_a_zero_stays_a_zero() {
    let mut history = History::default();
    for (minute, lag) in [(0, 5.0), (1, 0.0), (4, 182_345.0)] {
        history.take(&one(minute, lag));
    }
    assert_eq!(
        points(&history, "g", 6),
        [(0, 5.0), (1, 0.0), (4, 182_345.0)]
    );
}

#[test]
fn what_is_an_hour_old_is_not_shown_whether_something_newer_came_or_not() {
    let mut history = History::default();
    history.take(&one(0, 5.0));
    assert_eq!(points(&history, "g", 59), [(0, 5.0)]);
    assert_eq!(points(&history, "g", 60), []);
    history.take(&one(60, 6.0));
    assert_eq!(points(&history, "g", 60), [(60, 6.0)]);
    history.take(&one(600, 7.0));
    assert_eq!(points(&history, "g", 600), [(600, 7.0)]);
}

#[test]
fn a_minute_is_that_of_the_datum_and_its_newest_number_counts() {
    let mut history = History::default();
    let mut late = sample(3, 7.0);
    late.at += SignedDuration::from_secs(59);
    history.take(&one(3, 6.0));
    history.take(&collect(&watching(), 3, vec![(series("g", None), late)]));
    assert_eq!(points(&history, "g", 3), [(3, 7.0)]);
}

#[test]
fn what_the_board_forgot_is_forgotten_and_topics_are_not_kept() {
    let mut history = History::default();
    let samples = ["a", "b", "c"].map(|group| (series(group, None), sample(0, 1.0)));
    let topic = (series("b", Some("t")), sample(0, 9.0));
    let all: Vec<_> = samples.into_iter().chain([topic]).collect();
    let board = collect(&watching(), 0, all);
    history.take(&board);
    assert_eq!(history.groups(), 3);
    assert_eq!(points(&history, "b", 0), [(0, 1.0)]);
    let later = collect(&board, 121, vec![(series("b", None), sample(121, 2.0))]);
    history.take(&later);
    assert_eq!(history.groups(), 1);
    assert_eq!(points(&history, "b", 121), [(121, 2.0)]);
    assert_eq!(points(&history, "a", 0), []);
    history.take(&Board::default());
    assert_eq!(history.groups(), 0, "an instance that is not watched");
}

/// The board after an answer that holds these minutes, in this order.
fn answered(board: &Board, taken: i64, points: &[(i64, f64)]) -> Board {
    let rules = SnapshotRules::default();
    let mut pages = SnapshotBuilder::new(&rules, [id()], at(taken));
    for (minute, lag) in points {
        let ms = at(*minute).as_millisecond();
        let point = format!(
            r#"[{{"timestamp":{ms},"instanceId":"{A}","consumerGroup":"g","Value":{lag:?}}},
               {{"timestamp":{ms},"instanceId":"{A}","consumerGroup":"g","topic":"t","Value":1.0}}]"#
        );
        pages.page(&point).unwrap();
    }
    let collected = Collected {
        snapshot: pages.finish(),
        failed: BTreeMap::new(),
    };
    board.collected("main", collected, Duration::ZERO, FORGET_AFTER)
}

#[test]
fn an_answer_fills_the_minutes_before_its_newest_and_overwrites_none() {
    let mut history = History::default();
    let first = answered(&watching(), 11, &[(8, 4.0), (10, 0.0), (9, 3.0), (5, 8.0)]);
    history.take(&first);
    let wanted = [(5, 8.0), (8, 4.0), (9, 3.0), (10, 0.0)];
    assert_eq!(points(&history, "g", 10), wanted);
    // Three minutes later, as when collections are rarer to save calls.
    let next = answered(&first, 14, &[(13, 7.0), (12, 6.0), (10, 99.0)]);
    history.take(&next);
    history.take(&next);
    let wanted = [&wanted[..], &[(12, 6.0), (13, 7.0)]].concat();
    assert_eq!(points(&history, "g", 13), wanted);
}

#[test]
fn the_largest_lag_is_still_a_lag() {
    let mut history = History::default();
    history.take(&one(0, f64::MAX));
    assert_eq!(points(&history, "g", 0), [(0, f64::from(f32::MAX))]);
}

proptest! {
    /// Against a map of minutes: whatever the order and the repeats, what is shown was seen, and what was seen in the
    /// hour before the newest is shown.
    #[test]
    fn a_slot_is_never_invented_and_the_order_does_not_matter(
        seen in proptest::collection::vec((0_i64..200, 0_u32..1_000_000), 0..80),
        now in 0_i64..260,
    ) {
        let mut history = History::default();
        let mut model = BTreeMap::new();
        for (minute, lag) in &seen {
            history.take(&one(*minute, f64::from(*lag)));
            history.take(&one(*minute, f64::from(*lag)));
            model.insert(*minute, *lag);
        }
        let newest = model.keys().next_back().copied().unwrap_or_default();
        let wanted: Vec<_> = model
            .into_iter()
            .filter(|(minute, _)| *minute <= now && *minute > now - 60 && *minute > newest - 60)
            .map(|(minute, lag)| (minute, f64::from(lag)))
            .collect();
        prop_assert_eq!(points(&history, "g", now), wanted);
    }
}
