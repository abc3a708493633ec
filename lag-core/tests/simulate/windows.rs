//! Windows, policies, ready pods, and what happens without a behavior.

use crate::{average, hpa, lag, path, policy, seconds, simulate, start, value};
use jiff::SignedDuration;
use lag_core::simulate::{Behavior, Hpa, PolicyKind, Rules, Select, Why, simulate as run};

fn edit(mut hpa: Hpa, change: impl FnOnce(&mut Behavior)) -> Hpa {
    change(hpa.behavior.as_mut().unwrap());
    hpa
}

/// `(number of syncs, lag)` in a row.
fn phases(hpa: &Hpa, replicas: u32, phases: &[(usize, u32)]) -> Vec<(u32, Why)> {
    let lags = phases.iter().flat_map(|(n, value)| vec![lag(*value); *n]);
    let points = simulate(hpa, replicas, lags);
    points.iter().map(|p| (p.replicas, p.why)).collect()
}

#[test]
fn by_default_the_way_down_waits_for_five_minutes() {
    let hpa = edit(hpa(1, 10, average(100)), |rules| {
        *rules = Behavior::default();
    });
    let points = phases(&hpa, 8, &[(1, 800), (21, 100)]);
    assert_eq!(points[1], (8, Why::ScaleDownStabilized));
    assert_eq!(points[19], (8, Why::ScaleDownStabilized));
    assert_eq!(points[20], (1, Why::DesiredWithinRange), "300 s later");
}

#[test]
fn the_replicas_it_begins_with_are_its_first_recommendation() {
    let hpa = edit(hpa(1, 10, average(100)), |rules| {
        *rules = Behavior::default();
    });
    let points = phases(&hpa, 8, &[(21, 100)]);
    assert_eq!(points[19], (8, Why::ScaleDownStabilized));
    assert_eq!(points[20].0, 1);
}

#[test]
fn a_window_upwards_takes_the_lowest_recommendation_in_it() {
    let hpa = edit(hpa(1, 10, average(100)), |rules| {
        rules.scale_up.stabilization_window = seconds(60);
    });
    let points = phases(&hpa, 2, &[(1, 200), (2, 800), (2, 500), (2, 800)]);
    assert!(points[..4].iter().all(|(replicas, _)| *replicas == 2));
    assert_eq!(points[3].1, Why::ScaleUpStabilized);
    assert_eq!(points[4].0, 5, "the two of 800 and two of 500 remain");
    let spike = phases(&hpa, 2, &[(4, 200), (2, 900), (4, 200)]);
    assert!(spike.iter().all(|(replicas, _)| *replicas == 2));
}

#[test]
fn by_default_the_way_up_is_four_pods_or_the_double() {
    let hpa = hpa(1, 100, average(10));
    assert_eq!(path(&hpa, 1, 1000, 6), [5, 10, 20, 40, 80, 100]);
    let points = phases(&hpa, 1, &[(6, 1000)]);
    assert_eq!(points[0].1, Why::ScaleUpLimit);
    assert_eq!(points[5].1, Why::DesiredWithinRange);
}

#[test]
fn select_min_takes_the_smaller_change_and_disabled_none() {
    let min = edit(hpa(1, 100, average(10)), |rules| {
        rules.scale_up.select = Select::Min;
        rules.scale_down.select = Select::Min;
        rules.scale_down.policies = vec![
            policy(PolicyKind::Pods, 2, 15),
            policy(PolicyKind::Percent, 50, 15),
        ];
    });
    assert_eq!(path(&min, 2, 1000, 4), [4, 8, 12, 16]);
    assert_eq!(path(&min, 10, 10, 5), [8, 6, 4, 2, 1]);
    let max = edit(min.clone(), |rules| rules.scale_down.select = Select::Max);
    assert_eq!(path(&max, 10, 10, 4), [5, 2, 1, 1], "half, cut to whole");
    let off = edit(min, |rules| {
        rules.scale_up.select = Select::Disabled;
        rules.scale_down.select = Select::Disabled;
    });
    assert_eq!(path(&off, 10, 1000, 3), [10, 10, 10]);
    assert_eq!(path(&off, 10, 10, 3), [10, 10, 10]);
}

#[test]
fn a_policy_counts_what_changed_within_its_period() {
    let hpa = edit(hpa(1, 100, average(10)), |rules| {
        rules.scale_up.policies = vec![policy(PolicyKind::Percent, 10, 60)];
    });
    assert_eq!(path(&hpa, 10, 1000, 6), [11, 11, 11, 11, 13, 13]);
}

#[test]
fn without_any_policy_nothing_moves() {
    let hpa = edit(hpa(1, 100, average(10)), |rules| {
        for Rules { policies, .. } in [&mut rules.scale_up, &mut rules.scale_down] {
            policies.clear();
        }
    });
    assert_eq!(path(&hpa, 10, 1000, 2), [10, 10]);
    assert_eq!(path(&hpa, 10, 0, 2), [10, 10]);
}

#[test]
fn without_behavior_it_doubles_from_four_on_and_keeps_the_highest_wish_of_five_minutes() {
    let bounds = (1, 100).try_into().unwrap();
    let hpa = Hpa::new(bounds, average(10));
    assert_eq!(path(&hpa, 1, 300, 5), [4, 8, 16, 30, 30]);
    // One spike is followed to the end although it is over: only a behavior prevents that.
    let points = phases(&hpa, 1, &[(1, 10), (1, 300), (22, 10)]);
    assert_eq!(points[4], (30, Why::ScaleDownStabilized));
    assert_eq!(points[21].0, 30, "exactly 300 s still count");
    assert_eq!(points[22], (1, Why::DesiredWithinRange));
}

#[test]
fn value_multiplies_ready_pods_so_a_rolling_restart_shrinks_the_wish() {
    let hpa = hpa(2, 10, value(100));
    let one = |ready: u32| run(&hpa, 6, [(start(), lag(150))], move |_, _| ready)[0];
    assert_eq!(one(6).replicas, 9);
    assert_eq!(one(3).replicas, 5);
    assert_eq!(one(0).desired, Some(0));
    assert_eq!((one(0).replicas, one(0).why), (2, Why::TooFewReplicas));
}

#[test]
fn roundings_are_those_of_the_controller() {
    let hpa = hpa(1, 200, value(100));
    // As float64, 0.55 × 100 is 55.00000000000001.
    assert_eq!(simulate(&hpa, 100, [lag(55)])[0].desired, Some(56));
    assert_eq!(simulate(&hpa, 100, [lag(90)])[0].why, Why::WithinTolerance);
    assert_eq!(simulate(&hpa, 100, [lag(110)])[0].why, Why::WithinTolerance);
    assert_eq!(simulate(&hpa, 10, [lag(89.9)])[0].desired, Some(9));
    assert_eq!(simulate(&hpa, 10, [lag(110.1)])[0].desired, Some(12));
}

#[test]
fn zero_replicas_are_left_only_where_zero_is_allowed() {
    for target in [value(100), average(100)] {
        assert_eq!(path(&hpa(0, 9, target), 0, 250, 1), [3]);
        assert_eq!(path(&hpa(0, 9, target), 0, 0, 1), [0]);
        let off = simulate(&hpa(1, 9, target), 0, [lag(250)]);
        assert_eq!((off[0].replicas, off[0].why), (0, Why::ScalingDisabled));
    }
}

#[test]
fn replicas_out_of_bounds_are_brought_back_even_without_a_metric() {
    let hpa = hpa(2, 5, average(100));
    for (from, to, why) in [(1, 2, Why::TooFewReplicas), (9, 5, Why::TooManyReplicas)] {
        let points = simulate(&hpa, from, [None, None]);
        assert_eq!((points[0].replicas, points[0].why), (to, why));
        assert_eq!(points[1].replicas, to);
        assert_eq!(points[1].why, Why::FailedGetExternalMetric);
    }
}

#[test]
fn the_largest_lag_only_reaches_the_maximum() {
    for target in [value(1), average(1)] {
        let mut hpa = hpa(1, u32::MAX, target);
        assert_eq!(path(&hpa, 1, f64::MAX, 1), [5]);
        let behavior = hpa.behavior.as_mut().unwrap();
        behavior.scale_up.policies = vec![policy(PolicyKind::Pods, u32::MAX, 15)];
        behavior.scale_up.stabilization_window = SignedDuration::ZERO;
        assert_eq!(path(&hpa, 1, f64::MAX, 1), [2_147_483_647]);
    }
}
