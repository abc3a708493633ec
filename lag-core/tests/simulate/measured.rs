//! The tables measured on a real control plane (Kubernetes 1.36), row by row.

use crate::{average, hpa, lag, path, policy, simulate, value};
use lag_core::simulate::{Hpa, MetricTarget, PolicyKind};

/// Minimum 2, maximum 5, one more at a time.
fn measured(target: MetricTarget) -> Hpa {
    let mut hpa = hpa(2, 5, target);
    let behavior = hpa.behavior.as_mut().unwrap();
    behavior.scale_up.policies = vec![policy(PolicyKind::Pods, 1, 15)];
    hpa
}

fn with_tolerances(target: MetricTarget) -> Hpa {
    let mut hpa = measured(target);
    let behavior = hpa.behavior.as_mut().unwrap();
    behavior.scale_up.tolerance_milli = Some(0);
    behavior.scale_down.tolerance_milli = Some(666);
    hpa
}

fn settled(hpa: &Hpa, replicas: u32, lag: u32) -> u32 {
    *path(hpa, replicas, lag, 20).last().unwrap()
}

#[test]
fn value_climbs_to_the_maximum_while_the_lag_stays_just_above_the_target() {
    let hpa = measured(value(50_000));
    for (lag, expected) in [
        (55_000, [2, 2, 2, 2, 2]),
        (56_000, [3, 4, 5, 5, 5]),
        (100_001, [3, 4, 5, 5, 5]),
    ] {
        assert_eq!(path(&hpa, 2, lag, 5), expected, "{lag}");
    }
}

#[test]
fn value_with_one_more_per_30_seconds_climbs_every_second_sync() {
    let mut hpa = measured(value(50_000));
    let behavior = hpa.behavior.as_mut().unwrap();
    behavior.scale_up.policies = vec![policy(PolicyKind::Pods, 1, 30)];
    assert_eq!(path(&hpa, 2, 56_000, 6), [3, 3, 4, 4, 5, 5]);
}

#[test]
fn value_gets_stuck_on_the_way_down() {
    let hpa = measured(value(50_000));
    for (lag, expected) in [
        (49_000, 5),
        (46_000, 5),
        (45_000, 5),
        (40_000, 4),
        (37_400, 3),
        (33_300, 2),
    ] {
        assert_eq!(settled(&hpa, 5, lag), expected, "{lag} from 5");
    }
    // The same lags one after the other, as they were measured.
    let lags = [100_001, 49_000, 46_000, 45_000, 40_000, 37_400, 33_300];
    let steps = lags.iter().flat_map(|value| vec![lag(*value); 10]);
    let points = simulate(&hpa, 2, steps);
    let ends: Vec<_> = points.chunks(10).map(|step| step[9].replicas).collect();
    assert_eq!(ends, [5, 5, 5, 5, 4, 3, 2]);
}

#[test]
fn average_value_follows_the_lag_within_a_tenth() {
    let hpa = measured(average(50_000));
    for (from, lag, expected) in [
        (2, 110_000, 2),
        (2, 110_001, 3),
        (3, 165_000, 3),
        (3, 165_001, 4),
        (4, 220_000, 4),
        (4, 220_001, 5),
        (5, 200_001, 5),
        (5, 200_000, 4),
        (4, 150_001, 4),
        (4, 150_000, 3),
        (3, 100_001, 3),
        (3, 100_000, 2),
    ] {
        assert_eq!(settled(&hpa, from, lag), expected, "{lag} from {from}");
    }
}

#[test]
fn tolerances_of_its_own_make_it_the_wanted_rule() {
    let hpa = with_tolerances(average(50_000));
    for (from, lag, expected) in [
        (2, 100_000, 2),
        (2, 100_001, 3),
        (3, 150_000, 3),
        (3, 150_001, 4),
        (4, 66_800, 4),
        (4, 66_700, 2),
        (3, 50_100, 3),
        (3, 50_000, 2),
    ] {
        assert_eq!(settled(&hpa, from, lag), expected, "{lag} from {from}");
    }
}
