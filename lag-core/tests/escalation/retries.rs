//! Changes that failed, were refused for now, or were begun by a run that crashed.

use crate::world::{ABOVE, OK, World, broken, minutes, outcomes, world};
use lag_core::{
    Effect, LagSample, News, Outcome, Refusal, Replicas,
    escalate::{Action, Change, Stage, settle},
};

#[test]
fn a_change_that_fails_too_often_is_given_up_told_and_the_ladder_goes_on() {
    let mut world = world();
    world.cluster.instead = Some(broken());
    assert_eq!(world.run(ABOVE).word(), "escalated 1");
    for _ in 0..2 {
        let retry = world.run(ABOVE);
        assert_eq!(retry.word(), "retried 1");
        assert!(retry.news.is_empty(), "the failure is known already");
    }
    let last = world.run(ABOVE);
    assert_eq!(last.word(), "retried 1");
    assert!(matches!(&last.news[..], [News::Retry { outcomes }]
        if matches!(outcomes[0].effect, Effect::Failed { last: true, .. })));
    world.cluster.instead = None;
    let next = world.run(ABOVE);
    assert_eq!(next.word(), "escalated 2");
    assert_eq!(next.effects, [Effect::Scaled { from: 3, to: 5 }]);
    assert!(matches!(&next.news[..], [News::Stage { before, .. }] if before.len() == 1));
}

#[test]
fn what_the_adapter_gives_up_is_given_up() {
    let mut world = world();
    world.cluster.instead = Some(Effect::Failed {
        reason: "no such workload".to_owned(),
        last: true,
    });
    world.run(ABOVE);
    world.cluster.instead = None;
    assert_eq!(world.run(ABOVE).word(), "escalated 2");
}

#[test]
fn every_try_of_a_restart_bears_the_same_mark() {
    let mut world = world();
    world.cluster.instead = Some(broken());
    let first = world.run(ABOVE);
    let second = world.run(ABOVE);
    assert_eq!(first.changes(), second.changes());
}

#[test]
fn what_is_refused_for_now_is_tried_again_and_what_is_refused_for_good_is_not() {
    for (refusal, word) in [
        (Refusal::RollingOut, "retried 1"),
        (Refusal::Disruption, "retried 1"),
        (Refusal::Paused, "escalated 2"),
        (Refusal::OnDelete, "escalated 2"),
    ] {
        let mut world = world();
        world.cluster.instead = Some(Effect::Refused(refusal.clone()));
        let first = world.run(ABOVE);
        assert!(matches!(&first.news[..], [News::Stage { outcomes, .. }]
            if outcomes[0].effect == Effect::Refused(refusal.clone())));
        world.cluster.instead = None;
        assert_eq!(world.run(ABOVE).word(), word, "{refusal:?}");
    }
}

#[test]
fn a_change_that_was_never_reached_is_tried_by_the_next_run_and_told_then() {
    let mut world = world();
    world.now += minutes(10);
    let evaluation = world.evaluate(&[("g", ABOVE)]);
    world.state = evaluation.state;
    settle(
        &mut world.state,
        &world.policies,
        &evaluation.plans[0],
        &[],
        world.now,
    );
    assert!(world.state.outbox.is_empty(), "nothing came of it yet");
    let next = world.run(ABOVE);
    assert_eq!(next.word(), "retried 1");
    assert!(matches!(&next.news[..], [News::Stage { .. }]));
}

#[test]
fn after_a_crash_the_same_sample_may_try_again_and_restarts_once() {
    for made in [false, true] {
        let mut world = world();
        world.crash(ABOVE, made);
        let next = world.run_now(&[("g", ABOVE)]);
        assert_eq!(next.word(), "retried 1", "the very same sample");
        let effect = if made {
            Effect::AlreadyRestarted
        } else {
            Effect::Restarted
        };
        assert_eq!(next.effects, [effect]);
        assert!(matches!(&next.news[..], [News::Stage { .. }]), "told once");
        assert_eq!(world.cluster.restarts, 1);
        assert_eq!(world.run(ABOVE).word(), "escalated 2");
    }
}

#[test]
fn after_a_crash_replicas_are_not_added_twice() {
    for made in [false, true] {
        let mut world = world();
        world.run(ABOVE);
        world.crash(ABOVE, made);
        let next = world.run(ABOVE);
        assert_eq!(next.word(), "retried 2");
        assert_eq!(world.cluster.replicas, 5);
        assert_eq!(world.record().added.len(), 1, "made by us either way");
    }
}

#[test]
fn a_change_that_ends_every_run_is_dropped_and_told() {
    let mut world = world();
    for _ in 0..4 {
        world.crash(ABOVE, false);
    }
    assert_eq!(world.record().pending[0].tries, 4);
    let dropped = world.run(ABOVE);
    assert!(dropped.plans.is_empty(), "nothing else in this run");
    assert!(
        dropped.word().contains("begun 4 times"),
        "{}",
        dropped.word()
    );
    let [News::Retry { outcomes }] = &dropped.news[..] else {
        panic!("{dropped:?}");
    };
    let Effect::Failed { reason, last: true } = &outcomes[0].effect else {
        panic!("{outcomes:?}");
    };
    assert!(reason.contains("restart was begun 4 times") && reason.contains("not known"));
    assert_eq!(world.run(ABOVE).word(), "escalated 2");
}

#[test]
fn a_pending_change_whose_target_has_left_the_map_is_refused() {
    let mut world = world();
    world.crash(ABOVE, false);
    world.targets.rules.clear();
    let refused = world.run(ABOVE);
    assert!(refused.plans.is_empty());
    assert!(matches!(&refused.news[..], [News::Retry { outcomes }]
        if outcomes[0].effect == Effect::Refused(Refusal::NoTarget)));
    assert!(world.record().pending.is_empty());
}

#[test]
fn settling_a_group_that_is_gone_changes_nothing() {
    let mut world = world();
    world.now += minutes(10);
    let evaluation = world.evaluate(&[("g", ABOVE)]);
    let plan = &evaluation.plans[0];
    let before = world.state.clone();
    let outcomes = outcomes(plan, vec![Effect::Restarted], world.now);
    settle(
        &mut world.state,
        &world.policies,
        plan,
        &outcomes,
        world.now,
    );
    assert_eq!(world.state, before);
}

#[test]
fn settling_the_same_plan_twice_counts_once() {
    let mut world = world();
    let first = world.run(ABOVE);
    let before = world.state.clone();
    let again = outcomes(&first.plans[0], vec![Effect::Restarted], world.now);
    settle(
        &mut world.state,
        &world.policies,
        &first.plans[0],
        &again,
        world.now,
    );
    assert_eq!(world.state, before);
}

#[test]
fn a_silent_stage_is_told_only_when_something_went_wrong() {
    let silent = || {
        World::with(|policy| {
            let actions = vec![Action::Restart, Action::Scale(Replicas::By(1))];
            policy.stages = vec![Stage { actions }];
        })
    };
    let mut good = silent();
    assert!(good.run(ABOVE).news.is_empty());
    let mut bad = silent();
    bad.cluster.instead = Some(broken());
    assert!(
        matches!(&bad.run(ABOVE).news[..], [News::Stage { outcomes, .. }]
        if outcomes.len() == 2)
    );
    bad.cluster.instead = None;
    assert!(
        matches!(&bad.run(ABOVE).news[..], [News::Retry { outcomes }]
        if outcomes.len() == 2)
    );
}

#[test]
fn a_partly_carried_out_plan_keeps_the_rest_and_a_new_sample_goes_with_the_next_try() {
    let mut world = World::with(|policy| {
        let actions = vec![
            Action::Restart,
            Action::Scale(Replicas::By(1)),
            Action::Notify,
        ];
        policy.stages = vec![Stage { actions }];
    });
    world.now += minutes(10);
    let evaluation = world.evaluate(&[("g", ABOVE)]);
    world.state = evaluation.state;
    let plan = &evaluation.plans[0];
    let one: Vec<Outcome> = outcomes(plan, vec![Effect::Restarted], world.now);
    settle(&mut world.state, &world.policies, plan, &one, world.now);
    assert_eq!(world.record().pending.len(), 1);
    let next = world.run(ABOVE);
    assert!(matches!(next.changes()[..], [Change::Scale { .. }]));
    let LagSample { at, .. } = next.plans[0].sample;
    assert_eq!(at, world.now - minutes(1));
    assert!(matches!(&next.news[..], [News::Retry { outcomes }] if outcomes.len() == 1));
    assert!(
        matches!(&world.run(OK).news[..], [News::Recovered { before, lasted, .. }]
        if before.len() == 2 && *lasted == minutes(20))
    );
}

#[test]
fn two_stages_that_begin_at_the_same_moment_are_both_told() {
    let mut world = World::with(|policy| policy.min_gap = minutes(0));
    for (stage, age) in [(1, 3), (2, 2), (3, 1)] {
        let sample = LagSample {
            at: world.now - minutes(age),
            lag: crate::world::lag(200_000.0),
            trend: None,
        };
        let ran = world.run_now(&[("g", crate::world::Seen::Sample(sample))]);
        assert_eq!(ran.word(), format!("escalated {stage}"));
        assert!(matches!(&ran.news[..], [News::Stage { .. }]), "{stage}");
    }
}
