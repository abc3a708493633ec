//! What holds whatever happens.

use crate::world::{Seen, World, broken, key, minutes, world};
use lag_core::{
    Opinion, Replicas,
    escalate::{Action, CheckRules, EscalationPolicy, Stage, evaluate},
};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// Two groups of one workload, one of another, one without.
const GROUPS: [&str; 4] = ["g1", "g2", "h", "x"];

fn any_seen() -> impl Strategy<Value = Seen> {
    prop_oneof![
        3 => (0..4_u32).prop_map(|n| Seen::Lag(f64::from(n) * 80_000.0)),
        1 => Just(Seen::Stale),
        1 => Just(Seen::Absent),
        1 => Just(Seen::Failed),
    ]
}

fn any_policy() -> impl Strategy<Value = EscalationPolicy> {
    let action = prop_oneof![
        Just(Action::Restart),
        Just(Action::Notify),
        (-2..4_i32).prop_map(|n| Action::Scale(Replicas::By(n))),
        (0..6_u32).prop_map(|n| Action::Scale(Replicas::To(n))),
    ];
    let stage = proptest::collection::vec(action, 0..3).prop_map(|actions| Stage { actions });
    (
        proptest::collection::vec(stage, 0..4),
        (0..3_i64, 0..3_i64, 0..3_u32, 0..3_u32),
        any::<[bool; 4]>(),
    )
        .prop_map(
            |(stages, (gap, sustained, retries, cap), [confirm, back, remind, told])| {
                EscalationPolicy {
                    stages,
                    min_gap: minutes(gap * 8),
                    sustained_for: minutes(sustained * 8),
                    retries,
                    daily_cap: cap * 2,
                    confirm,
                    scale_back: back,
                    tell_recovery: told,
                    remind_every: remind.then(|| minutes(15)),
                    ..EscalationPolicy::default()
                }
            },
        )
}

#[derive(Debug, Clone)]
struct Turn {
    seen: [Seen; 4],
    fails: bool,
    crashes: bool,
    hands_off: bool,
    agrees: Option<bool>,
    after: i64,
}

fn any_turn() -> impl Strategy<Value = Turn> {
    (
        [any_seen(), any_seen(), any_seen(), any_seen()],
        (
            any::<bool>(),
            prop::bool::weighted(0.1),
            prop::bool::weighted(0.1),
        ),
        proptest::option::of(any::<bool>()),
        0..12_i64,
    )
        .prop_map(|(seen, (fails, crashes, hands_off), agrees, after)| Turn {
            seen,
            fails,
            crashes,
            hands_off,
            agrees,
            after,
        })
}

fn play(world: &mut World, turn: &Turn) -> Result<(), TestCaseError> {
    world.now += minutes(turn.after);
    world.hands_off = turn.hands_off.then_some("switched off");
    world.cluster.instead = turn.fails.then(broken);
    world.opinions.clear();
    if let Some(agrees) = turn.agrees {
        let total = crate::world::lag(500_000.0);
        let opinion = if agrees {
            let partitions = 5;
            Opinion::Agrees { total, partitions }
        } else {
            Opinion::Disagrees { total }
        };
        world
            .opinions
            .extend(GROUPS.map(|group| (key(group), opinion.clone())));
    }
    let seen: Vec<_> = GROUPS.into_iter().zip(turn.seen).collect();

    let evaluation = world.evaluate(&seen);
    prop_assert_eq!(&evaluation, &world.evaluate(&seen), "the same again");
    let mut planned = BTreeSet::new();
    for plan in &evaluation.plans {
        prop_assert!(!turn.hands_off);
        let workload = plan.target.workload.clone();
        prop_assert!(planned.insert(workload), "one plan for a workload");
        for member in std::iter::once(&plan.key).chain(&plan.with) {
            let given = world.targets.resolve(member).unwrap();
            let given = given.map(|target| target.workload);
            prop_assert_eq!(given.as_ref(), Some(&plan.target.workload));
            let pending = &evaluation.state.groups[member].pending;
            let pending: Vec<_> = pending.iter().map(|pending| &pending.change).collect();
            prop_assert_eq!(pending, plan.changes.iter().collect::<Vec<_>>());
        }
    }
    for (group, seen) in &seen {
        if !matches!(seen, Seen::Lag(_)) {
            let (before, after) = (&world.state.groups, &evaluation.state.groups);
            prop_assert_eq!(before.get(&key(group)), after.get(&key(group)));
        }
    }
    if turn.crashes {
        world.state = evaluation.state;
    } else {
        world.run_now(&seen);
    }
    for record in world.state.groups.values() {
        prop_assert!(!record.recovered || !record.pending.is_empty());
        prop_assert!(
            record
                .pending
                .iter()
                .all(|pending| pending.stage <= record.stage)
        );
    }
    Ok(())
}

proptest! {
    #[test]
    fn plans_name_only_what_the_map_gives_and_the_same_arguments_give_the_same_result(
        policy in any_policy(),
        turns in proptest::collection::vec(any_turn(), 1..12),
    ) {
        let mut world = world();
        world.policies.common = policy;
        for turn in &turns {
            play(&mut world, turn)?;
        }
    }

    #[test]
    fn the_order_in_which_groups_are_watched_does_not_matter(seen in [any_seen(), any_seen(), any_seen(), any_seen()]) {
        let world = world();
        let rules = CheckRules {
            policies: &world.policies,
            targets: &world.targets,
            max_age: crate::world::MAX_AGE,
            hands_off: None,
        };
        let forth: Vec<_> = GROUPS.into_iter().zip(seen).collect();
        let back: Vec<_> = forth.iter().rev().copied().collect();
        let of = |seen: &[_]| {
            let board = crate::world::board(world.now, seen);
            evaluate(rules, &world.state, &board, &world.opinions, world.now).unwrap()
        };
        prop_assert_eq!(of(&forth), of(&back));
    }
}
