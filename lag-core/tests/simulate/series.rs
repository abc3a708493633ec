//! From a recorded series to what each sync sees.

use crate::{lag, seconds, start};
use jiff::SignedDuration;
use lag_core::{Lag, simulate::syncs};

/// What is seen every 15 s of entries at these seconds.
fn seen(entries: &[(i64, Option<Lag>)], max_age: i64) -> Vec<Option<Lag>> {
    let series: Vec<_> = entries
        .iter()
        .map(|(at, lag)| (start() + seconds(*at), *lag))
        .collect();
    syncs(&series, seconds(15), seconds(max_age))
        .map(|(_, lag)| lag)
        .collect()
}

#[test]
fn each_sync_sees_the_newest_entry() {
    let entries = [(0, lag(1)), (20, lag(2)), (25, lag(3)), (60, lag(4))];
    let expected = [lag(1), lag(1), lag(3), lag(3), lag(4)];
    assert_eq!(seen(&entries, 60), expected);
}

#[test]
fn a_hole_in_the_series_is_no_value_once_the_last_one_is_too_old() {
    let entries = [(0, lag(1)), (75, lag(2))];
    let expected = [lag(1), lag(1), lag(1), None, None, lag(2)];
    assert_eq!(seen(&entries, 30), expected);
}

#[test]
fn a_failed_entry_hides_the_value_before_it() {
    let entries = [(0, lag(1)), (15, None), (30, lag(2))];
    assert_eq!(seen(&entries, 600), [lag(1), None, lag(2)]);
}

#[test]
fn an_empty_series_has_no_sync_and_no_step_is_shorter_than_a_second() {
    assert_eq!(seen(&[], 60), []);
    let series = [(start(), lag(1)), (start() + seconds(3), lag(1))];
    let count = syncs(&series, SignedDuration::ZERO, seconds(60)).count();
    assert_eq!(count, 4);
}
