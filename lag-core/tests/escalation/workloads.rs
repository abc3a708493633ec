//! Several groups, one workload; and what a workload may take in a day.

use crate::world::{ABOVE, OK, Seen, World, broken, key, lag, minutes, outcomes, world};
use lag_core::{
    Effect, News, Opinion, Refusal, Replicas,
    escalate::{Action, Change, EscalationPolicy, PolicyOverride, Stage, settle},
};

#[test]
fn a_group_without_a_target_is_told_of_and_nothing_is_changed() {
    let mut world = world();
    world.targets.rules.clear();
    for (word, refused) in [("escalated 1", 1), ("escalated 2", 1), ("escalated 3", 0)] {
        let ran = world.run(ABOVE);
        assert_eq!(ran.word(), word);
        assert!(ran.plans.is_empty());
        assert!(matches!(&ran.news[..], [News::Stage { outcomes, .. }]
            if outcomes.len() == refused
                && outcomes.iter().all(|o| o.effect == Effect::Refused(Refusal::NoTarget))));
    }
    assert_eq!(world.run(ABOVE).word(), "exhausted");
}

#[test]
fn a_target_that_cannot_be_told_refuses_the_whole_run() {
    use lag_core::escalate::{CheckRules, evaluate};
    let mut world = world();
    world.targets.rules[1].name = "{group|strip_suffix:_x}".parse().unwrap();
    let rules = CheckRules {
        policies: &world.policies,
        targets: &world.targets,
        max_age: minutes(5),
        hands_off: None,
    };
    let board = crate::world::board(world.now, &[("g", ABOVE), ("h", OK)]);
    assert!(evaluate(rules, &world.state, &board, &world.opinions, world.now).is_err());
}

#[test]
fn two_groups_of_one_workload_restart_it_once() {
    let mut world = world();
    let ran = world.run_all(&[("g1", ABOVE), ("g2", ABOVE)]);
    assert_eq!(world.cluster.restarts, 1);
    assert_eq!(ran.plans.len(), 1);
    assert_eq!(ran.plans[0].key, key("g1"));
    assert_eq!(ran.plans[0].with, [key("g2")]);
    let effects = |news: &News| match news {
        News::Stage { outcomes, .. } => outcomes[0].effect.clone(),
        other => panic!("{other:?}"),
    };
    let told: Vec<_> = ran.news.iter().map(effects).collect();
    assert_eq!(told, [Effect::Restarted, Effect::AlreadyRestarted]);
    let workload = world.state.workloads.values().next().unwrap();
    assert_eq!(workload.changes, 1, "counted once");
    assert!(
        world
            .state
            .groups
            .values()
            .all(|record| record.pending.is_empty())
    );
}

#[test]
fn a_joined_plan_that_failed_is_tried_again_together_with_the_same_mark() {
    let mut world = world();
    world.cluster.instead = Some(broken());
    let first = world.run_all(&[("g1", ABOVE), ("g2", ABOVE)]);
    world.cluster.instead = None;
    let second = world.run_all(&[("g1", ABOVE), ("g2", ABOVE)]);
    assert_eq!(second.plans.len(), 1);
    assert_eq!(second.plans[0].with, [key("g2")]);
    assert_eq!(first.changes(), second.changes());
    assert_eq!(world.cluster.restarts, 1);
}

#[test]
fn a_group_that_joins_later_takes_what_an_earlier_run_has_begun() {
    let mut world = World::with(|policy| policy.min_gap = minutes(1));
    // The second group restarts it and crashes; the first one, which would lead, comes a run later.
    let mut alone = world.clone();
    alone.now += minutes(10);
    let begun = alone.evaluate(&[("g2", ABOVE)]);
    world.state = begun.state;
    world.now = alone.now;
    world.cluster.act(&mut world.state, &begun.plans[0]);
    let joined = world.run_all(&[("g1", ABOVE), ("g2", ABOVE)]);
    assert_eq!(joined.plans.len(), 1);
    assert_eq!(
        joined.changes(),
        begun.plans[0].changes.iter().collect::<Vec<_>>()
    );
    assert_eq!(joined.effects, [Effect::AlreadyRestarted]);
    assert_eq!(world.cluster.restarts, 1);
}

#[test]
fn two_different_changes_of_one_workload_never_run_at_once() {
    let mut world = World::with(|policy| policy.min_gap = minutes(0));
    world.run_all(&[("g1", ABOVE), ("g2", OK)]);
    let ran = world.run_all(&[("g1", ABOVE), ("g2", ABOVE)]);
    assert_eq!(ran.word_of("g1"), "escalated 2");
    assert_eq!(ran.word_of("g2"), "gap");
    assert_eq!(ran.plans.len(), 1);
    assert_eq!(world.state.groups[&key("g2")].stage, 0);
}

#[test]
fn a_workload_that_was_just_changed_for_one_group_rests_for_the_others() {
    let mut world = World::with(|policy| policy.min_gap = minutes(15));
    world.run_all(&[("g1", ABOVE), ("g2", OK)]);
    let ran = world.run_all(&[("g1", ABOVE), ("g2", ABOVE)]);
    assert_eq!(ran.word_of("g2"), "gap");
    let ran = world.run_all(&[("g1", ABOVE), ("g2", ABOVE)]);
    assert_eq!(ran.word_of("g1"), "escalated 2");
    assert_eq!(ran.word_of("g2"), "gap");
}

#[test]
fn groups_of_different_workloads_do_not_wait_for_each_other() {
    let mut world = world();
    let ran = world.run_all(&[("g", ABOVE), ("h", ABOVE)]);
    let of = |index: usize| ran.plans[index].target.workload.to_string();
    assert_eq!(
        (of(0), of(1)),
        (
            "orders/Deployment/cust".into(),
            "orders/Deployment/other".into()
        )
    );
}

#[test]
fn changes_beyond_the_daily_cap_are_refused_until_the_next_utc_day() {
    let mut world = World::with(|policy| policy.daily_cap = 2);
    world.run(ABOVE);
    world.run(ABOVE);
    world.run(OK);
    let capped = world.run(ABOVE);
    assert_eq!(capped.word(), "escalated 1", "recovery does not reset it");
    assert!(capped.plans.is_empty());
    assert!(matches!(&capped.news[..], [News::Stage { outcomes, .. }]
        if outcomes[0].effect == Effect::Refused(Refusal::DailyCap { changes: 2 })));
    world.now = "2026-01-16T00:00:00Z".parse().unwrap();
    let next_day = world.run(ABOVE);
    assert_eq!(next_day.effects, [Effect::Scaled { from: 5, to: 7 }]);
    let workload = world.state.workloads.values().next().unwrap();
    assert_eq!((workload.day.as_str(), workload.changes), ("2026-01-16", 1));
}

#[test]
fn another_try_is_not_counted_again() {
    let mut world = World::with(|policy| policy.daily_cap = 1);
    world.cluster.instead = Some(broken());
    world.run(ABOVE);
    world.cluster.instead = None;
    assert_eq!(world.run(ABOVE).effects, [Effect::Restarted]);
    let workload = world.state.workloads.values().next().unwrap();
    assert_eq!((workload.changes, workload.changed_at), (1, world.now));
}

#[test]
fn a_stage_that_goes_beyond_the_cap_in_the_middle_does_what_is_left_and_tells_the_rest() {
    let mut world = World::with(|policy| {
        policy.daily_cap = 1;
        let actions = vec![
            Action::Restart,
            Action::Scale(Replicas::By(2)),
            Action::Notify,
        ];
        policy.stages = vec![Stage { actions }];
    });
    let ran = world.run(ABOVE);
    assert_eq!(ran.effects, [Effect::Restarted]);
    let [News::Stage { outcomes, .. }] = &ran.news[..] else {
        panic!("{ran:?}");
    };
    let effects: Vec<_> = outcomes
        .iter()
        .map(|outcome| outcome.effect.clone())
        .collect();
    let refused = Effect::Refused(Refusal::DailyCap { changes: 1 });
    assert_eq!(effects, [refused, Effect::Restarted]);
    assert_eq!(world.record().done.len(), 2);
}

#[test]
fn lag_that_rises_although_replicas_grew_stops_scaling_and_is_told_once() {
    let mut world = World::with(|policy| {
        let actions = vec![Action::Scale(Replicas::By(2)), Action::Notify];
        policy.stages = vec![Stage { actions }; 4];
    });
    world.run(Seen::Lag(200_000.0));
    assert_eq!(world.record().lag_at_scale, Some(lag(200_000.0)));
    let fallen = world.run(Seen::Lag(190_000.0));
    assert_eq!(
        fallen.effects,
        [Effect::Scaled { from: 5, to: 7 }],
        "it helped"
    );
    let stuck = world.run(Seen::Lag(190_001.0));
    assert_eq!(stuck.word(), "escalated 3");
    assert!(stuck.plans.is_empty());
    assert!(
        matches!(&stuck.news[..], [News::Stuck { lag_at_scale }, News::Stage { outcomes, .. }]
        if *lag_at_scale == lag(190_000.0)
            && outcomes[0].effect == Effect::Refused(Refusal::Stuck))
    );
    let still = world.run(Seen::Lag(160_000.0));
    assert_eq!(still.news.len(), 1, "{:?}", still.news);
    assert!(still.plans.is_empty(), "for the rest of the episode");
}

#[test]
fn a_restart_is_still_made_when_scaling_is_stuck() {
    let mut world = World::with(|policy| {
        let scale = Action::Scale(Replicas::By(2));
        policy.stages = vec![
            Stage {
                actions: vec![scale],
            },
            Stage {
                actions: vec![scale, Action::Restart],
            },
        ];
    });
    world.run(ABOVE);
    let ran = world.run(Seen::Lag(300_000.0));
    assert_eq!(ran.effects, [Effect::Restarted]);
    assert_eq!(world.cluster.replicas, 5);
}

#[test]
fn a_joined_group_counts_its_own_lag_and_the_smaller_number_of_partitions() {
    let mut world = World::with(|policy| {
        policy.confirm = true;
        let actions = vec![Action::Scale(Replicas::By(5))];
        policy.stages = vec![Stage { actions }];
    });
    for (group, partitions) in [("g1", 6), ("g2", 4)] {
        let total = lag(1e6);
        world
            .opinions
            .insert(key(group), Opinion::Agrees { total, partitions });
    }
    let ran = world.run_all(&[("g1", ABOVE), ("g2", Seen::Lag(300_000.0))]);
    assert_eq!(ran.plans.len(), 1);
    assert_eq!(world.cluster.replicas, 4);
    let then = |group: &str| world.state.groups[&key(group)].lag_at_scale;
    assert_eq!(then("g1"), Some(lag(200_000.0)));
    assert_eq!(then("g2"), Some(lag(300_000.0)));
}

#[test]
fn a_remembered_number_reaches_every_group_of_the_plan() {
    let mut world = World::with(|policy| {
        let actions = vec![Action::Scale(Replicas::By(2))];
        policy.stages = vec![Stage { actions }];
    });
    world.cluster.instead = Some(broken());
    world.run_all(&[("g1", ABOVE), ("g2", ABOVE)]);
    for record in world.state.groups.values() {
        let Change::Scale { resolved, .. } = &record.pending[0].change else {
            panic!("{record:?}");
        };
        assert_eq!(resolved.as_ref().map(|resolved| resolved.to), Some(5));
    }
    // One of them is settled late, with a number of its own: the other one's try keeps it.
    world.cluster.instead = None;
    let ran = world.run_all(&[("g1", ABOVE), ("g2", Seen::Absent)]);
    assert_eq!(ran.effects, [Effect::Scaled { from: 3, to: 5 }]);
    let ran = world.run_all(&[("g1", ABOVE), ("g2", ABOVE)]);
    assert_eq!(ran.effects, [Effect::AlreadyScaled { at: 5 }]);
    assert_eq!(world.cluster.replicas, 5);
    let outcomes = outcomes(&ran.plans[0], vec![broken()], world.now);
    settle(
        &mut world.state,
        &world.policies,
        &ran.plans[0],
        &outcomes,
        world.now,
    );
}

#[test]
fn a_change_of_a_workload_is_forgotten_after_two_days_and_not_before() {
    let mut world = world();
    world.run(ABOVE);
    let changed_at = world.now;
    world.run(OK);
    world.now = changed_at + minutes(2 * 24 * 60);
    let kept = world.evaluate(&[("g", OK)]).state;
    assert_eq!(kept, world.state, "nothing to save");
    world.now += minutes(1);
    let state = world.evaluate(&[("g", OK)]).state;
    assert!(state.workloads.is_empty());
}

#[test]
fn a_change_of_a_workload_is_not_forgotten_while_any_policy_still_waits_for_it() {
    let days = |n: i64| minutes(n * 24 * 60);
    let policy = EscalationPolicy {
        min_gap: days(3),
        ..EscalationPolicy::default()
    };
    let mut world = world();
    world.policies.overrides.push(PolicyOverride {
        groups: vec!["glob:g2".parse().unwrap()],
        instances: vec![],
        policy,
    });
    world.run_all(&[("g1", ABOVE), ("g2", OK)]);
    world.now += days(2);
    let seen = [("g1", OK), ("g2", ABOVE)];
    assert_eq!(world.run_all(&seen).word_of("g2"), "gap");
    world.now += days(1);
    assert_eq!(world.run_all(&seen).word_of("g2"), "escalated 1");
}
