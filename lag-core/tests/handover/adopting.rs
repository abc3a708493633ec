//! What a standby shows after it has read the leader's board.

use crate::world::*;
use lag_core::{Reading, recommend::Advice};

#[test]
fn a_standby_shows_what_the_leader_shows() {
    let leader = watching(&[A, B], 0);
    let samples = vec![
        (
            series("orders", None),
            sample(minute(1), 182_345.0, Some(-1.0 / 3.0)),
        ),
        (
            series("orders", Some("created")),
            sample(minute(1), 5.0, None),
        ),
        (series("caught-up", None), sample(minute(1), 0.0, None)),
    ];
    let leader = advised(&answered(&leader, A, 2, samples), 2);
    let leader = failed(&leader, B, 2, "throttled");
    let standby = told(&leader, &watching(&[A, B], 1), 3);
    assert_eq!(standby, leader);
    let read = |group| standby.read(&key(A, group), minute(3), MAX_AGE);
    assert!(matches!(read("caught-up"), Reading::Fresh(zero) if zero.lag.as_f64() == 0.0));
    assert_eq!(read("unknown"), Reading::Absent);
    assert!(standby.is_tried());
    let b = standby.instance(B).unwrap();
    assert!(!b.is_up());
    assert_eq!(b.last_error.as_ref().unwrap().kind, "throttled");
    let unknown = standby.read(&key(B, "orders"), minute(3), MAX_AGE);
    assert_eq!(unknown, Reading::Failed { since: minute(2) });
}

#[test]
fn a_stale_number_of_the_leader_is_stale_here_by_our_own_clock() {
    let leader = watching(&[A], 0);
    let leader = answered(
        &leader,
        A,
        1,
        vec![(series("orders", None), sample(minute(0), 9.0, None))],
    );
    let standby = watching(&[A], 0);
    for (now, is_fresh) in [(5, true), (6, false), (60, false)] {
        let reading = told(&leader, &standby, now).read(&key(A, "orders"), minute(now), MAX_AGE);
        assert_eq!(
            matches!(reading, Reading::Fresh(_)),
            is_fresh,
            "{reading:?}"
        );
    }
    let forgotten = told(&leader, &standby, 61).read(&key(A, "orders"), minute(61), MAX_AGE);
    assert_eq!(forgotten, Reading::Absent);
}

#[test]
fn a_number_from_the_future_of_our_clock_is_none() {
    // Its age would count as zero for as long as our clock is behind.
    let leader = watching(&[A], 0);
    let leader = answered(
        &leader,
        A,
        10,
        vec![(series("orders", None), sample(minute(9), 9.0, None))],
    );
    let standby = told(&leader, &watching(&[A], 0), 8);
    assert_eq!(
        standby.read(&key(A, "orders"), minute(8), MAX_AGE),
        Reading::Absent
    );
    let later = told(&leader, &standby, 9);
    assert!(matches!(
        later.read(&key(A, "orders"), minute(9), MAX_AGE),
        Reading::Fresh(_)
    ));
}

#[test]
fn instances_and_sources_that_are_not_watched_here_are_left_out() {
    let leader = answered(
        &watching(&[A, B], 0),
        B,
        1,
        vec![(series("x", None), sample(minute(0), 1.0, None))],
    );
    let leader = advised(&leader, 1);
    let standby = told(&leader, &watching(&[A], 0), 1);
    assert!(standby.instance(B).is_none());
    assert_eq!(standby.sources().count(), 1);
    assert_eq!(standby.all_advice(minute(1), MAX_AGE).count(), 0);
    assert!(
        !standby.is_tried(),
        "of A the leader has not tried anything"
    );
}

#[test]
fn newer_samples_of_our_own_stay_and_the_leader_says_how_collections_fare() {
    let group = || series("orders", None);
    let leader = answered(
        &watching(&[A], 0),
        A,
        2,
        vec![(group(), sample(minute(1), 10.0, None))],
    );
    let leader = failed(&leader, A, 3, "timeout");
    // It has led before, and collected later than the leader did, by a clock that may be wrong.
    let own = vec![
        (group(), sample(minute(4), 40.0, None)),
        (series("mine", None), sample(minute(4), 1.0, None)),
    ];
    let own = answered(&watching(&[A], 0), A, 5, own);
    let standby = told(&leader, &own, 5);
    for (name, lag) in [("orders", 40.0), ("mine", 1.0)] {
        let reading = standby.read(&key(A, name), minute(5), MAX_AGE);
        assert!(
            matches!(reading, Reading::Fresh(found) if found.lag.as_f64() == lag),
            "{reading:?}"
        );
    }
    let instance = standby.instance(A).unwrap();
    assert!(!instance.is_up());
    assert_eq!(instance.failing_since, Some(minute(3)));
}

#[test]
fn a_leader_that_has_not_asked_yet_changes_nothing() {
    let own = answered(
        &watching(&[A], 0),
        A,
        1,
        vec![(series("x", None), sample(minute(0), 1.0, None))],
    );
    assert_eq!(told(&watching(&[A], 2), &own, 3), own);
}

#[test]
fn a_step_that_was_taken_survives_the_take_over() {
    let group = || series("orders", None);
    let leader = watching(&[A], 0);
    let leader = answered(&leader, A, 1, vec![(group(), sample(minute(0), 0.0, None))]);
    let leader = advised(&leader, 1);
    let leader = answered(
        &leader,
        A,
        2,
        vec![(group(), sample(minute(1), 120_000.0, None))],
    );
    let leader = advised(&leader, 2);
    let standby = told(&leader, &watching(&[A], 0), 2);
    let replicas =
        |board: &lag_core::Board, at| match board.advice(&key(A, "orders"), minute(at), MAX_AGE) {
            Some(Advice::Replicas { replicas, .. }) => Some(replicas),
            _ => None,
        };
    assert_eq!(replicas(&standby, 2), Some(3), "as the leader recommends");
    assert_eq!(
        replicas(&standby, 7),
        None,
        "and no longer than its sample is fresh"
    );
    // Between 50,000 and 100,000 the last number holds, and without memory there is none.
    let between = vec![(group(), sample(minute(3), 70_000.0, None))];
    let led = advised(&answered(&standby, A, 4, between.clone()), 4);
    assert_eq!(replicas(&led, 4), Some(3));
    let without = advised(&answered(&watching(&[A], 0), A, 4, between), 4);
    assert_eq!(replicas(&without, 4), None);
}
