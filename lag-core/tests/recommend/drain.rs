//! Sentences about draining in time.

use crate::world::{GAPS, at, fresh, lag, moving};
use jiff::SignedDuration;
use lag_core::{
    Bounds, Reading,
    recommend::{DrainPolicy, DrainRules, Memory, Policy, Running, Why, recommend},
};

/// 100 messages a second and replica; done within 10 minutes; 1 to 10 replicas.
pub(crate) fn rules() -> DrainRules {
    DrainRules {
        bounds: Bounds::try_from((1, 10)).unwrap(),
        within: SignedDuration::from_mins(10),
        per_replica_per_second: 100.0,
        calm_at: lag(1_000.0),
        trend_over: SignedDuration::from_mins(3),
        partitions: None,
    }
}

pub(crate) fn policy(rules: DrainRules) -> Policy {
    Policy::Drain(DrainPolicy::try_from(rules).unwrap())
}

fn running(replicas: u32) -> Option<Running> {
    let since = at(0);
    Some(Running { replicas, since })
}

fn said(reading: &Reading, replicas: u32) -> Option<u32> {
    recommend(&policy(rules()), None, reading, running(replicas)).replicas
}

#[test]
fn enough_is_what_comes_in_and_the_backlog_spread_over_the_time() {
    // 2 replicas take 200, the lag grows by 50, so 250 come in; 60,000 in 600 seconds are 100 more.
    assert_eq!(said(&moving(10, 60e3, 50.0), 2), Some(4));
    // The same inflow, seen while 5 replicas drain it.
    assert_eq!(said(&moving(10, 60e3, -250.0), 5), Some(4));
    // Just enough is enough.
    assert_eq!(said(&moving(10, 60e3, 0.0), 2), Some(3));
    // Faster than needed: fewer will do.
    assert_eq!(said(&moving(10, 6e3, -450.0), 5), Some(1));
}

#[test]
fn no_number_of_replicas_above_the_limits_is_asked_for() {
    assert_eq!(said(&moving(10, 1e15, 1e12), 10), Some(10));
    let partitions = Some(4);
    let policy = policy(DrainRules {
        partitions,
        ..rules()
    });
    let reading = moving(10, 60e3, 50.0);
    // Only 4 of the 8 have work: 400 + 50 + 100 would need 6.
    let said = recommend(&policy, None, &reading, running(8));
    assert_eq!(said.replicas, Some(4));
}

#[test]
fn replicas_beyond_the_partitions_are_not_taken_for_consumption() {
    let partitions = Some(4);
    let policy = policy(DrainRules {
        partitions,
        ..rules()
    });
    let said = recommend(&policy, None, &moving(10, 60e3, -300.0), running(8));
    assert_eq!(said.replicas, Some(2), "100 in and 100 for the backlog");
}

#[test]
fn a_group_that_keeps_up_tries_one_replica_fewer() {
    assert_eq!(said(&moving(10, 1_000.0, 0.0), 5), Some(4));
    assert_eq!(said(&moving(10, 0.0, 0.1), 5), Some(4));
    assert_eq!(said(&moving(10, 0.0, 0.0), 1), Some(1));
    // Less lag must not mean more replicas: a little above, this trend asks for 1 as well.
    assert_eq!(said(&moving(10, 1_000.0, -450.0), 5), Some(1));
}

#[test]
fn the_number_holds_until_the_lag_is_drained() {
    let memory = Some(Memory::starting_at(4));
    for (value, want, why) in [
        (1_000.5, 4, Why::Draining),
        (90e3, 4, Why::Lag),
        (180e3, 6, Why::Lag),
        (1_000.0, 3, Why::Lag),
    ] {
        let reading = moving(10, value, -150.0);
        let said = recommend(&policy(rules()), memory.as_ref(), &reading, running(4));
        assert_eq!((said.replicas, said.why), (Some(want), why), "{value}");
    }
}

#[test]
fn an_older_sample_changes_nothing() {
    let policy = policy(rules());
    let newer = recommend(&policy, None, &moving(10, 60e3, 50.0), running(2));
    let reading = moving(9, 0.0, 0.0);
    let said = recommend(&policy, newer.memory.as_ref(), &reading, running(2));
    assert_eq!((said.replicas, said.why), (Some(4), Why::Older));
    assert_eq!(said.memory, newer.memory);
}

#[test]
fn in_doubt_the_last_number_holds() {
    let policy = policy(rules());
    let reading = moving(10, 60e3, 50.0);
    let late = Running {
        replicas: 4,
        since: at(8),
    };
    let cases = [
        (fresh(10, 60e3), running(2), Why::NoTrend),
        (reading, None, Why::NoReplicas),
        (reading, Some(late), Why::Settling { until: at(11) }),
    ];
    for (reading, running, why) in cases {
        let nothing = recommend(&policy, None, &reading, running);
        assert_eq!((nothing.replicas, nothing.why), (None, why));
        let memory = Memory::starting_at(7);
        let held = recommend(&policy, Some(&memory), &reading, running);
        assert_eq!((held.replicas, held.why), (Some(7), why));
    }
}

#[test]
fn without_a_fresh_reading_there_is_no_number() {
    let memory = Some(Memory::starting_at(7));
    for gap in GAPS {
        let said = recommend(&policy(rules()), memory.as_ref(), &gap(), running(2));
        assert_eq!((said.replicas, &said.memory), (None, &memory));
    }
}

/// Minutes until the lag is calm, and the most replicas on the way.
fn drive(policy: &Policy, mut value: f64, inflow: f64) -> (i64, u32) {
    let mut memory = None;
    let mut now = Running {
        replicas: 1,
        since: at(0),
    };
    let (mut lags, mut most) = (vec![value], 1);
    for minute in 1..120 {
        value = (value + 60.0 * (inflow - 100.0 * f64::from(now.replicas))).max(0.0);
        lags.push(value);
        if value <= 1_000.0 {
            return (minute, most);
        }
        let before = lags[lags.len().saturating_sub(4)];
        let over = i32::try_from(lags.len().min(4) - 1).unwrap();
        let reading = moving(minute, value, (value - before) / (60.0 * f64::from(over)));
        let said = recommend(policy, memory.as_ref(), &reading, Some(now));
        memory = said.memory;
        if let Some(replicas) = said.replicas.filter(|wanted| *wanted != now.replicas) {
            let since = at(minute);
            now = Running { replicas, since };
            most = most.max(replicas);
        }
    }
    (120, most)
}

#[test]
fn a_group_that_follows_the_number_is_done_about_in_time_and_does_not_run_away() {
    let careful = policy(rules());
    let hasty = policy(DrainRules {
        trend_over: SignedDuration::ZERO,
        ..rules()
    });
    for (value, inflow, enough) in [(60e3, 250.0, 4), (120e3, 50.0, 3), (5e3, 420.0, 5)] {
        let (minutes, most) = drive(&careful, value, inflow);
        assert!(
            minutes <= 10 + 3,
            "{minutes} minutes from {value} at {inflow}"
        );
        assert!(
            (enough..=enough + 2).contains(&most),
            "{most} from {value} at {inflow}"
        );
        let (_, run_away) = drive(&hasty, value, inflow);
        assert!(
            run_away > most,
            "a trend of both numbers: {run_away}, not more than {most}"
        );
    }
}

#[test]
fn a_drain_policy_that_cannot_work_is_refused_with_what_would() {
    type Break = fn(&mut DrainRules);
    let rate = "write how many messages one busy replica consumes in a second, more than 0";
    let cases: [(Break, String); 6] = [
        (
            |rules| rules.bounds = Bounds::try_from((0, 3)).unwrap(),
            "min is 0: write at least 1".to_owned(),
        ),
        (
            |rules| rules.partitions = Some(0),
            "partitions is 0: write at least 1".to_owned(),
        ),
        (
            |rules| rules.within = SignedDuration::ZERO,
            "within must be longer than nothing: write for example 10m".to_owned(),
        ),
        (
            |rules| rules.per_replica_per_second = 0.0,
            format!("per_replica_per_second is 0: {rate}"),
        ),
        (
            |rules| rules.per_replica_per_second = f64::NAN,
            format!("per_replica_per_second is NaN: {rate}"),
        ),
        (
            |rules| rules.trend_over = SignedDuration::from_secs(-1),
            "trend_over is negative: write 0s or more".to_owned(),
        ),
    ];
    for (break_it, want) in cases {
        let mut rules = rules();
        break_it(&mut rules);
        assert_eq!(DrainPolicy::try_from(rules).unwrap_err().to_string(), want);
    }
}
