//! What holds for every HPA and every series.

use crate::{average, lag, policy, seconds, simulate, value};
use lag_core::{
    Bounds, Lag,
    simulate::{Behavior, Hpa, MetricTarget, Policy, PolicyKind, Rules, Select},
};
use proptest::{collection::vec, option, prelude::*};

fn policies() -> impl Strategy<Value = Policy> {
    let kind = prop_oneof![Just(PolicyKind::Pods), Just(PolicyKind::Percent)];
    (kind, 1_u32..150, 1_i64..90).prop_map(|(kind, value, period)| policy(kind, value, period))
}

fn rules() -> impl Strategy<Value = Rules> {
    let select = prop_oneof![
        3 => Just(Select::Max),
        3 => Just(Select::Min),
        1 => Just(Select::Disabled)
    ];
    let tolerance = option::of(0_u32..1000);
    (0_i64..400, select, vec(policies(), 0..3), tolerance).prop_map(
        |(window, select, policies, tolerance_milli)| Rules {
            stabilization_window: seconds(window),
            select,
            policies,
            tolerance_milli,
        },
    )
}

fn targets() -> impl Strategy<Value = MetricTarget> {
    (1_u64..2000, any::<bool>()).prop_map(|(target, whole)| {
        if whole {
            value(target)
        } else {
            average(target)
        }
    })
}

/// With a number of replicas to begin with, within its bounds.
fn hpas() -> impl Strategy<Value = (Hpa, u32)> {
    let behavior = (rules(), rules()).prop_map(|(scale_up, scale_down)| Behavior {
        scale_up,
        scale_down,
    });
    let bounds = (0_u32..10, 0_u32..20, 0_u32..20);
    (bounds, targets(), option::of(behavior)).prop_map(|((min, more, at), target, behavior)| {
        let bounds: Bounds = (min, min + more).try_into().unwrap();
        let hpa = Hpa {
            behavior,
            ..Hpa::new(bounds, target)
        };
        (hpa, (min + at).min(bounds.max()))
    })
}

fn lags() -> impl Strategy<Value = Vec<Option<Lag>>> {
    vec(
        option::of((0_u32..30_000).prop_map(|value| lag(value).unwrap())),
        0..80,
    )
}

proptest! {
    #[test]
    fn replicas_never_leave_the_bounds((hpa, start) in hpas(), lags in lags()) {
        for point in simulate(&hpa, start, lags) {
            prop_assert!(hpa.bounds.min() <= point.replicas, "{point:?}");
            prop_assert!(point.replicas <= hpa.bounds.max(), "{point:?}");
        }
    }

    #[test]
    fn a_gap_never_changes_replicas((hpa, start) in hpas(), lags in lags()) {
        let mut before = start;
        for point in simulate(&hpa, start, lags) {
            if point.lag.is_none() {
                prop_assert_eq!(point.replicas, before);
                prop_assert_eq!(point.desired, None);
            }
            before = point.replicas;
        }
    }

    #[test]
    fn the_same_series_gives_the_same_path((hpa, start) in hpas(), lags in lags()) {
        prop_assert_eq!(simulate(&hpa, start, lags.clone()), simulate(&hpa, start, lags));
    }

    #[test]
    fn each_sync_has_one_point_and_the_past_does_not_depend_on_the_future(
        (hpa, start) in hpas(), lags in lags(), cut in 0_usize..80,
    ) {
        let whole = simulate(&hpa, start, lags.clone());
        prop_assert_eq!(whole.len(), lags.len());
        let cut = cut.min(lags.len());
        prop_assert_eq!(simulate(&hpa, start, lags[..cut].to_vec()), whole[..cut].to_vec());
    }

    #[test]
    fn a_steady_lag_per_replica_comes_to_rest((hpa, start) in hpas(), value in 0_u32..30_000) {
        let (MetricTarget::Value(target) | MetricTarget::AverageValue(target)) = hpa.target;
        let hpa = Hpa { target: MetricTarget::AverageValue(target), ..hpa };
        let points = simulate(&hpa, start, vec![lag(value); 400]);
        let rest = points.last().unwrap().replicas;
        prop_assert!(points[300..].iter().all(|point| point.replicas == rest), "{rest}");
    }
}
