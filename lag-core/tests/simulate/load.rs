//! A lag that follows from the replicas: late points, pods that start, partitions, outages.

use crate::{average, hpa, lag, seconds, value};
use jiff::SignedDuration;
use lag_core::{
    Lag,
    simulate::{Autoscaler, Input, Load, MetricTarget, Span, Summary, Tick, Timing, play},
};

/// 1,200 messages a second come in, a replica consumes 500: three are enough.
fn load() -> Load {
    Load {
        inflow: 1200.0,
        peaks: Vec::new(),
        rate: 500.0,
        lag: Lag::ZERO,
        partitions: None,
        outages: Vec::new(),
        lasts: SignedDuration::from_hours(4),
    }
}

fn late() -> Timing {
    Timing {
        start_up: seconds(30),
        delay: seconds(90),
        ..Timing::default()
    }
}

fn run(target: MetricTarget, load: Load, timing: &Timing) -> Vec<Tick> {
    let scaler = Autoscaler::Hpa(hpa(2, 20, target));
    play(&scaler, 2, &Input::Load(load), timing)
}

fn summary(ticks: &[Tick]) -> Summary {
    Summary::of(ticks, seconds(15), lag(100_000).unwrap()).unwrap()
}

#[test]
fn value_overshoots_what_three_replicas_could_do_and_swings() {
    let ticks = run(value(50_000), load(), &late());
    assert!(summary(&ticks).most > 4, "{:?}", summary(&ticks));
    assert!(summary(&ticks).turns > 4, "{:?}", summary(&ticks));
}

#[test]
fn average_value_needs_no_more_than_three_and_keeps_the_backlog_it_is_told_to_keep() {
    let ticks = run(average(50_000), load(), &late());
    assert_eq!(summary(&ticks).most, 3);
    // From the second hour on.
    for tick in &ticks[480..] {
        let lag = tick.lag.unwrap().as_f64();
        assert!((50_000.0..170_000.0).contains(&lag), "{lag}");
    }
}

#[test]
fn what_is_seen_is_as_old_as_the_delay_and_up_to_a_period_more() {
    let ticks = run(average(50_000), load(), &late());
    for tick in &ticks {
        let age = tick.seen.unwrap().age(tick.point.at);
        assert!((90..150).contains(&age.as_secs()), "{age:?}");
    }
    assert_eq!(ticks[0].lag, Some(Lag::ZERO));
    // 200 a second more than two replicas can do.
    assert_eq!(ticks[40].lag, lag(120_000));
}

#[test]
fn a_replica_consumes_only_once_it_has_started() {
    let hasty = run(average(10_000), load(), &Timing::default());
    let slow = Timing {
        start_up: seconds(300),
        ..Timing::default()
    };
    let slow = run(average(10_000), load(), &slow);
    let first = slow.iter().find(|tick| tick.point.replicas > tick.before);
    let at = first.unwrap().point.at;
    let then = slow.iter().find(|tick| tick.ready > 2).unwrap().point.at;
    assert_eq!(then.duration_since(at), seconds(300));
    assert!(summary(&slow).worst > summary(&hasty).worst);
}

#[test]
fn replicas_beyond_the_partitions_drain_nothing() {
    let capped = Load {
        partitions: Some(2),
        ..load()
    };
    let ticks = run(average(50_000), capped, &Timing::default());
    assert_eq!(ticks.last().unwrap().point.replicas, 20);
    assert_eq!(ticks.last().unwrap().lag, lag(200 * (4 * 3600 - 15)));
}

#[test]
fn a_peak_counts_while_it_lasts() {
    let calm = Load {
        inflow: 0.0,
        peaks: vec![(
            1100.0,
            Span {
                from: seconds(600),
                lasts: seconds(100),
            },
        )],
        ..load()
    };
    let ticks = run(average(50_000), calm, &Timing::default());
    assert_eq!(ticks[40].lag, Some(Lag::ZERO));
    assert_eq!(
        summary(&ticks).worst,
        lag(9_000),
        "90 s of 100 a second at this sync"
    );
    assert_eq!(ticks.last().unwrap().lag, Some(Lag::ZERO));
}

#[test]
fn an_outage_becomes_no_number_and_moves_nothing() {
    let outage = Span {
        from: seconds(3600),
        lasts: seconds(3600),
    };
    let dark = Load {
        outages: vec![outage],
        ..load()
    };
    let ticks = run(value(50_000), dark, &late());
    let without: Vec<_> = ticks.iter().filter(|tick| tick.seen.is_none()).collect();
    assert!(!without.is_empty());
    // The last point is of 59:00, and a number until it is 5 minutes old.
    let first = without[0].point.at.as_second();
    assert_eq!(first, 59 * 60 + 315);
    assert_eq!(without.last().unwrap().point.at.as_second(), 7200 + 75);
    for tick in without {
        assert_eq!(tick.point.replicas, tick.before);
    }
    assert_eq!(summary(&ticks).without_data, seconds(7200 + 90 - first));
}
