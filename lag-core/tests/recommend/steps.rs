//! Sentences about the ladder.

use crate::world::{GAPS, at, fresh, lag, path, policy, rules, step};
use jiff::SignedDuration;
use lag_core::recommend::{InvalidPolicy, Memory, Step, StepPolicy, StepRules, Why};

#[test]
fn the_table_of_the_documentation_is_what_happens() {
    let policy = policy(rules());
    let table = [
        (200_000.0, [4, 4, 4], Some(4)),
        (150_000.5, [4, 4, 4], Some(4)),
        (150_000.0, [3, 3, 4], None),
        (100_000.5, [3, 3, 4], None),
        (100_000.0, [2, 3, 3], None),
        (50_000.5, [2, 3, 3], None),
        (50_000.0, [2, 2, 2], Some(2)),
        (0.0, [2, 2, 2], Some(2)),
    ];
    for (value, after, from_nothing) in table {
        for (last, want) in [2, 3, 4].into_iter().zip(after) {
            let memory = Memory::starting_at(last);
            let said = step(&policy, Some(&memory), &fresh(0, value));
            assert_eq!(said.replicas, Some(want), "{value} after {last}");
        }
        let said = step(&policy, None, &fresh(0, value));
        assert_eq!(said.replicas, from_nothing, "{value} after nothing");
    }
}

#[test]
fn a_steady_lag_gives_a_steady_number() {
    for value in [46_000.0, 56_000.0, 120_000.0, 1e9] {
        let readings: Vec<_> = (0..30).map(|minute| fresh(minute, value)).collect();
        let path = path(&policy(rules()), &readings);
        assert!(
            path.iter().all(|said| *said == path[0]),
            "{value}: {path:?}"
        );
    }
}

#[test]
fn a_lag_that_wavers_around_a_step_changes_the_number_once() {
    let lags = [0.0, 140e3, 160e3, 140e3, 160e3, 140e3];
    let readings: Vec<_> = (0..)
        .zip(lags)
        .map(|(at, value)| fresh(at, value))
        .collect();
    let path = path(&policy(rules()), &readings);
    assert_eq!(path, [2, 3, 4, 4, 4, 4].map(Some));
}

#[test]
fn without_a_fresh_reading_there_is_no_number_and_the_memory_stays() {
    let policy = policy(rules());
    let memory = step(&policy, None, &fresh(0, 160e3)).memory;
    for gap in GAPS {
        let said = step(&policy, memory.as_ref(), &gap());
        assert_eq!((said.replicas, &said.memory), (None, &memory));
        let said = step(&policy, said.memory.as_ref(), &fresh(600, 120e3));
        assert_eq!(said.replicas, Some(4), "hysteresis survives the gap");
        assert_eq!(step(&policy, None, &gap()).memory, None);
    }
}

#[test]
fn every_reason_is_one_line_an_operator_can_read() {
    let (until, since, age) = (at(1), at(1), SignedDuration::from_mins(7));
    let said = [
        (Why::Lag, "the lag asks for it"),
        (
            Why::Undecided,
            "the lag lies between two steps, where a last number holds, and none is known",
        ),
        (
            Why::Waiting { until },
            "the lag is above a step, which counts from 1970-01-01T00:01:00Z on",
        ),
        (
            Why::Settling { until },
            "the replicas changed: the trend counts from 1970-01-01T00:01:00Z on",
        ),
        (Why::Stale { age }, "the last lag is 420s old"),
        (Why::Absent, "no lag is known of this group"),
        (
            Why::Failed { since },
            "no answer from the cloud since 1970-01-01T00:01:00Z",
        ),
    ];
    for (why, want) in said {
        assert_eq!(why.to_string(), want);
    }
}

#[test]
fn a_start_in_the_middle_of_a_backlog_is_not_sent_back_to_the_base() {
    let said = step(&policy(rules()), None, &fresh(0, 75e3));
    assert_eq!((said.replicas, said.why), (None, Why::Undecided));
    let memory = Memory::starting_at(3);
    let said = step(&policy(rules()), Some(&memory), &fresh(0, 75e3));
    assert_eq!((said.replicas, said.why), (Some(3), Why::Between));
}

#[test]
fn a_start_above_a_step_in_the_middle_does_not_scale_down_what_runs() {
    for sustained_for in [SignedDuration::ZERO, SignedDuration::from_mins(2)] {
        let policy = policy(StepRules {
            sustained_for,
            ..rules()
        });
        let readings: Vec<_> = (0..9).map(|minute| fresh(minute, 120e3)).collect();
        assert_eq!(path(&policy, &readings), [None; 9]);
        assert_eq!(step(&policy, None, &readings[0]).why, Why::Undecided);
    }
}

#[test]
fn the_reason_without_a_last_number_is_the_highest_step_only_when_the_lag_is_above_it() {
    let policy = policy(StepRules {
        sustained_for: SignedDuration::from_mins(3),
        ..rules()
    });
    let said = step(&policy, None, &fresh(0, 160e3));
    assert_eq!(
        (said.replicas, said.why),
        (None, Why::Waiting { until: at(3) })
    );
}

#[test]
fn a_step_counts_when_the_lag_was_above_it_for_long_enough() {
    let sustained_for = SignedDuration::from_mins(3);
    let policy = policy(StepRules {
        sustained_for,
        ..rules()
    });
    let lags = [40e3, 110e3, 160e3, 160e3, 160e3, 160e3, 90e3, 160e3, 160e3];
    let readings: Vec<_> = (0..)
        .zip(lags)
        .map(|(at, value)| fresh(at, value))
        .collect();
    let want = [2, 2, 2, 2, 3, 4, 3, 3, 3].map(Some);
    assert_eq!(path(&policy, &readings), want);
    let restarted = path(&policy, &readings[2..6]);
    assert_eq!(restarted, [None, None, None, Some(4)], "no base meanwhile");
}

#[test]
fn the_same_sample_seen_often_is_seen_once() {
    let sustained_for = SignedDuration::from_secs(1);
    let policy = policy(StepRules {
        sustained_for,
        ..rules()
    });
    let one = fresh(1, 160e3);
    let mut readings = vec![fresh(0, 0.0)];
    readings.extend(std::iter::repeat_n(one, 100));
    assert!(path(&policy, &readings).iter().all(|said| *said == Some(2)));
}

#[test]
fn an_older_sample_changes_nothing() {
    let policy = policy(rules());
    let newer = step(&policy, None, &fresh(5, 160e3));
    let said = step(&policy, newer.memory.as_ref(), &fresh(4, 0.0));
    assert_eq!((said.replicas, said.why), (Some(4), Why::Older));
    assert_eq!(said.memory, newer.memory);
}

#[test]
fn partitions_win_over_the_base_and_max_over_the_steps() {
    for (max, partitions, little, much) in [
        (5, Some(1), 1, 1),
        (5, Some(3), 2, 3),
        (3, None, 2, 3),
        (5, Some(9), 2, 4),
    ] {
        let policy = policy(StepRules {
            max,
            partitions,
            ..rules()
        });
        let readings = [fresh(0, 0.0), fresh(1, 1e9)];
        assert_eq!(path(&policy, &readings), [Some(little), Some(much)]);
    }
}

#[test]
fn a_changed_policy_takes_the_memory_over() {
    let mut more = rules();
    more.steps.push(Step {
        above: lag(300e3),
        add: 3,
    });
    let memory = step(&policy(more), None, &fresh(0, 400e3)).memory;
    let said = step(&policy(rules()), memory.as_ref(), &fresh(1, 120e3));
    assert_eq!(said.replicas, Some(4));
}

#[test]
fn a_policy_that_cannot_work_is_refused_with_what_would() {
    type Break = fn(&mut StepRules);
    let cases: [(Break, &str); 9] = [
        (|rules| rules.base = 0, "base is 0: write at least 1"),
        (
            |rules| rules.partitions = Some(0),
            "partitions is 0: write at least 1",
        ),
        (
            |rules| rules.max = 1,
            "max 1 lies below base 2: write at least 2",
        ),
        (
            |rules| rules.steps.clear(),
            "there is no step: write at least one, such as above 100000, add 1",
        ),
        (
            |rules| rules.steps.reverse(),
            "the step above 100000 follows the one above 150000: sort steps by lag, each once",
        ),
        (
            |rules| rules.steps[1].above = lag(100e3),
            "the step above 100000 follows the one above 100000: sort steps by lag, each once",
        ),
        (
            |rules| rules.steps[1].add = 1,
            "the step above 150000 adds 1: write at least 2, more than for less lag",
        ),
        (
            |rules| rules.back_at = lag(120e3),
            "back_at 120000 lies above the lowest step: write at most 100000",
        ),
        (
            |rules| rules.sustained_for = SignedDuration::from_secs(-1),
            "sustained_for is negative: write 0s or more",
        ),
    ];
    for (break_it, want) in cases {
        let mut rules = rules();
        break_it(&mut rules);
        let error: InvalidPolicy = StepPolicy::try_from(rules).unwrap_err();
        assert_eq!(error.to_string(), want);
    }
}
