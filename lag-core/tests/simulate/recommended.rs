//! A step policy in front of an HPA that only has to follow.

use crate::{average, hpa, lag, seconds, start};
use lag_core::{
    Lag,
    recommend::{Policy, Step, StepRules, Why},
    simulate::{Autoscaler, Input, SYNC_PERIOD, Tick, Timing, play},
};
use proptest::{collection::vec, option, prelude::*};

fn steps() -> Autoscaler {
    let step = |above, add| Step {
        above: lag(above).unwrap(),
        add,
    };
    let rules = StepRules {
        base: 2,
        max: 5,
        steps: vec![step(100_000, 1), step(150_000, 2)],
        back_at: lag(50_000).unwrap(),
        sustained_for: seconds(0),
        partitions: None,
    };
    Autoscaler::Recommended {
        policy: Policy::Steps(rules.try_into().unwrap()),
        hpa: hpa(2, 5, average(1)),
    }
}

fn over(scaler: &Autoscaler, lags: impl IntoIterator<Item = Option<Lag>>) -> Vec<Tick> {
    let times = std::iter::successors(Some(start()), |at| Some(*at + SYNC_PERIOD));
    let points: Vec<_> = times.zip(lags).collect();
    let end = points.last().map_or(start(), |(at, _)| *at);
    let input = Input::Series {
        points,
        begin: start(),
        end,
    };
    play(scaler, 2, &input, &Timing::default())
}

#[test]
fn the_hpa_follows_the_number() {
    let lags = [56_000, 100_001, 60_000, 150_001, 149_000, 100_000, 50_000];
    let ticks = over(&steps(), lags.map(lag));
    let path: Vec<_> = ticks.iter().map(|tick| tick.point.replicas).collect();
    assert_eq!(path, [2, 3, 3, 4, 4, 3, 2]);
    assert_eq!(ticks[2].advice, Some(Why::Between));
    assert_eq!(ticks[3].point.lag, lag(4), "the HPA sees replicas");
}

proptest! {
    #[test]
    fn no_number_moves_nothing(lags in vec(option::of(0_u32..300_000), 1..60)) {
        let plain = Autoscaler::Hpa(hpa(2, 5, average(50_000)));
        for scaler in [steps(), plain] {
            let lags = lags.iter().map(|value| value.and_then(lag));
            for tick in over(&scaler, lags) {
                if tick.seen.is_none() {
                    prop_assert_eq!(tick.point.replicas, tick.before);
                    prop_assert_eq!(tick.point.lag, None);
                }
            }
        }
    }
}
