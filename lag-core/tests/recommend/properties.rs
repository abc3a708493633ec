//! What holds for every policy and every history.

use crate::{
    drain,
    world::{GAPS, at, fresh, lag, moving, policy, step},
};
use jiff::SignedDuration;
use lag_core::{
    Bounds, Reading,
    recommend::{DrainRules, Memory, Policy, Running, Step, StepRules, recommend},
};
use proptest::{collection::vec, option, prelude::*};

const MOST: f64 = 400.0;

/// Any ladder that can work; and the least and the most it may say.
fn ladders() -> impl Strategy<Value = (Policy, u32, u32)> {
    let rungs = vec((1_u32..80, 1_u32..4), 1..5);
    let rest = (
        1_u32..5,
        0_u32..12,
        0.0..1.0,
        0_i64..4,
        option::of(1_u32..9),
    );
    (rungs, rest).prop_map(|(rungs, (base, room, back, minutes, partitions))| {
        let (mut above, mut add) = (0, 0);
        let one = |(more_lag, more)| {
            above += more_lag;
            add += more;
            let above = lag(f64::from(above));
            Step { above, add }
        };
        let steps: Vec<_> = rungs.into_iter().map(one).collect();
        let max = base + room;
        let most = max.min(partitions.unwrap_or(max));
        let rules = StepRules {
            base,
            max,
            back_at: lag(steps[0].above.as_f64() * back),
            steps,
            sustained_for: SignedDuration::from_mins(minutes),
            partitions,
        };
        (policy(rules), base.min(most), most)
    })
}

/// Minute by minute; `None` is a gap.
fn histories() -> impl Strategy<Value = Vec<Option<f64>>> {
    vec(option::weighted(0.8, 0.0..MOST), 0..12)
}

fn reading(minute: i64, value: Option<f64>) -> Reading {
    let gap = usize::try_from(minute).unwrap() % GAPS.len();
    value.map_or_else(GAPS[gap], |value| fresh(minute, value))
}

/// The memory after a history, and the minute that comes next.
fn remembered(policy: &Policy, history: &[Option<f64>]) -> (Option<Memory>, i64) {
    let mut memory = None;
    let mut minute = 0;
    for value in history {
        memory = step(policy, memory.as_ref(), &reading(minute, *value)).memory;
        minute += 1;
    }
    (memory, minute)
}

proptest! {
    #[test]
    fn a_number_is_always_within_the_limits((policy, least, most) in ladders(), history in histories(), start in option::of(0_u32..40)) {
        let mut memory = start.map(Memory::starting_at);
        for (minute, value) in (0..).zip(history) {
            let said = step(&policy, memory.as_ref(), &reading(minute, value));
            prop_assert!(value.is_some() || said.replicas.is_none());
            prop_assert!(said.replicas.is_none_or(|number| (least..=most).contains(&number)), "{said:?}");
            memory = said.memory;
        }
    }

    #[test]
    fn more_lag_never_means_fewer_replicas((policy, ..) in ladders(), history in histories(), a in 0.0..MOST, b in 0.0..MOST) {
        let (memory, next) = remembered(&policy, &history);
        let number = |value| step(&policy, memory.as_ref(), &fresh(next, value)).replicas;
        if let (Some(less), Some(more)) = (number(a.min(b)), number(a.max(b))) {
            prop_assert!(less <= more, "{less} {more}");
        }
    }

    #[test]
    fn a_gap_never_changes_what_is_said_after_it((policy, ..) in ladders(), history in histories(), last in 0.0..MOST) {
        let (memory, next) = remembered(&policy, &history);
        let mut bridged = None;
        for (minute, value) in (0..).zip(history) {
            if let Some(value) = value {
                bridged = step(&policy, bridged.as_ref(), &fresh(minute, value)).memory;
            }
        }
        let last = fresh(next, last);
        prop_assert_eq!(step(&policy, memory.as_ref(), &last), step(&policy, bridged.as_ref(), &last));
    }

    #[test]
    fn a_sample_repeated_says_the_same_again((policy, ..) in ladders(), history in histories(), last in 0.0..MOST) {
        let (memory, next) = remembered(&policy, &history);
        let last = fresh(next, last);
        let once = step(&policy, memory.as_ref(), &last);
        prop_assert_eq!(&step(&policy, once.memory.as_ref(), &last), &once);
    }

    #[test]
    fn draining_keeps_to_the_limits_and_asks_for_more_when_there_is_more(
        (min, room, partitions) in (1_u32..5, 0_u32..20, option::of(1_u32..9)),
        (replicas, trend, held) in (0_u32..40, -1e5..1e5, option::of(0_u32..40)),
        (a, b) in (0.0..1e6, 0.0..1e6),
    ) {
        let max = min + room;
        let bounds = Bounds::try_from((min, max)).unwrap();
        let policy = drain::policy(DrainRules { bounds, partitions, ..drain::rules() });
        let most = max.min(partitions.unwrap_or(max));
        let memory = held.map(Memory::starting_at);
        let running = Some(Running { replicas, since: at(0) });
        let number = |value| recommend(&policy, memory.as_ref(), &moving(10, value, trend), running).replicas.unwrap();
        let (less, more) = (number(f64::min(a, b)), number(f64::max(a, b)));
        prop_assert!(min.min(most) <= less && less <= more && more <= most, "{less} {more}");
    }
}
