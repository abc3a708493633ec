//! The rules of the design that one group alone can show; the last one is the enumeration.

use crate::world::{ABOVE, BETWEEN, OK, Seen, World, broken, start, world};
use lag_core::{
    Effect, News, Outcome, Replicas,
    escalate::{Change, CheckState},
};

#[test]
fn restart_then_scale_then_tell_then_silence_recovery_ends_the_episode() {
    let mut world = world();
    assert_eq!(world.run(OK).word(), "ok");
    assert_eq!(world.state, CheckState::default(), "nothing to remember");

    let first = world.run(ABOVE);
    assert_eq!(first.word(), "escalated 1");
    assert_eq!(first.effects, [Effect::Restarted]);
    assert!(
        matches!(&first.news[..], [News::Stage { outcomes, before, last: false }]
        if outcomes[0].effect == Effect::Restarted && before.is_empty())
    );

    let second = world.run(ABOVE);
    assert_eq!(second.word(), "escalated 2");
    assert_eq!(second.effects, [Effect::Scaled { from: 3, to: 5 }]);
    assert!(
        matches!(&second.news[..], [News::Stage { outcomes, before, last: false }]
        if outcomes.len() == 1 && before.len() == 1)
    );

    let third = world.run(ABOVE);
    assert_eq!(third.word(), "escalated 3");
    assert!(third.plans.is_empty());
    assert!(
        matches!(&third.news[..], [News::Stage { outcomes, before, last: true }]
        if outcomes.is_empty() && before.len() == 2)
    );

    for _ in 0..5 {
        let silent = world.run(ABOVE);
        assert_eq!(silent.word(), "exhausted");
        assert!(silent.plans.is_empty() && silent.news.is_empty());
    }

    let end = world.run(OK);
    assert_eq!(end.word(), "recovered 3");
    assert!(
        matches!(&end.news[..], [News::Recovered { before, dropped: 0, .. }]
        if before.len() == 2)
    );
    assert!(world.state.groups.is_empty());

    let again = world.run(ABOVE);
    assert_eq!(again.effects, [Effect::Restarted], "a new episode");
    assert_eq!(world.cluster.restarts, 2);
}

#[test]
fn missing_stale_or_failed_data_neither_escalates_nor_resets() {
    for unknown in [Seen::Absent, Seen::Stale, Seen::Failed] {
        let mut world = world();
        for (seen, word) in [
            (unknown, ""),
            (ABOVE, "escalated 1"),
            (unknown, ""),
            (ABOVE, "escalated 2"),
            (unknown, ""),
            (ABOVE, "escalated 3"),
            (unknown, ""),
            (ABOVE, "exhausted"),
        ] {
            let before = world.state.clone();
            let ran = world.run(seen);
            if word.is_empty() {
                assert_eq!(world.state, before, "{unknown:?}");
                assert!(ran.plans.is_empty() && ran.news.is_empty());
                assert!(["absent", "stale", "failed"].contains(&ran.word().as_str()));
            } else {
                assert_eq!(ran.word(), word, "{unknown:?}");
            }
        }
        assert_eq!(world.cluster.restarts, 1);
    }
}

#[test]
fn a_group_that_has_left_the_board_neither_escalates_nor_resets() {
    let mut world = world();
    world.run(ABOVE);
    let before = world.state.clone();
    let ran = world.run_all(&[]);
    assert_eq!(ran.word(), "absent");
    assert_eq!(world.state, before);
    assert_eq!(world.run(ABOVE).word(), "escalated 2");
}

#[test]
fn the_same_sample_never_counts_twice_cms_may_answer_two_runs_with_the_same_minute() {
    let mut world = world();
    let once = |lag: f64, minute: i64| {
        Seen::Sample(lag_core::LagSample {
            at: start() + crate::world::minutes(minute),
            lag: crate::world::lag(lag),
            trend: None,
        })
    };
    world.policies.common.min_gap = jiff::SignedDuration::ZERO;
    let mut run = |seen, at: i64| {
        world.now = start() + crate::world::minutes(at);
        world.run_now(&[("g", seen)]).word()
    };
    assert_eq!(run(once(200_000.0, 1), 2), "escalated 1");
    assert_eq!(run(once(200_000.0, 1), 3), "same sample");
    assert_eq!(run(once(300_000.0, 1), 3), "same sample", "corrected");
    assert_eq!(run(once(300_000.0, 0), 3), "same sample", "older");
    assert_eq!(run(once(0.0, 1), 3), "same sample", "it ends nothing");
    assert_eq!(run(once(120_000.0, 1), 3), "same sample");
    assert_eq!(run(once(200_000.0, 2), 3), "escalated 2");
}

#[test]
fn a_failed_action_is_tried_again_before_the_next_stage_and_only_that_action() {
    let mut world = world();
    world.cluster.instead = Some(broken());
    let first = world.run(ABOVE);
    assert_eq!(first.word(), "escalated 1");
    assert!(
        matches!(&first.news[..], [News::Stage { outcomes, .. }]
            if outcomes[0].effect == broken()),
        "people are told of the failure in the same run"
    );
    world.cluster.instead = None;
    let second = world.run(ABOVE);
    assert_eq!(second.word(), "retried 1");
    assert_eq!(second.effects, [Effect::Restarted]);
    assert!(matches!(&second.news[..], [News::Retry { outcomes }]
        if outcomes[0].effect == Effect::Restarted));
    assert_eq!(world.run(ABOVE).word(), "escalated 2");
}

#[test]
fn what_worked_is_not_repeated_because_something_else_of_its_stage_failed() {
    use lag_core::escalate::{Action, Stage};
    let both = Stage {
        actions: vec![
            Action::Restart,
            Action::Scale(Replicas::By(2)),
            Action::Notify,
        ],
    };
    let mut world = World::with(|policy| policy.stages = vec![both]);
    world.now += crate::world::minutes(10);
    let evaluation = world.evaluate(&[("g", ABOVE)]);
    world.state = evaluation.state;
    let plan = &evaluation.plans[0];
    let outcome = |effect| Outcome {
        stage: 1,
        at: world.now,
        workload: plan.target.workload.to_string(),
        effect,
    };
    let outcomes = [outcome(Effect::Restarted), outcome(broken())];
    lag_core::escalate::settle(
        &mut world.state,
        &world.policies,
        plan,
        &outcomes,
        world.now,
    );
    let second = world.run(ABOVE);
    assert_eq!(second.word(), "retried 1");
    assert!(matches!(second.changes()[..], [Change::Scale { .. }]));
    assert_eq!(world.cluster.restarts, 0, "the restart was not sent again");
    assert_eq!(world.run(ABOVE).word(), "exhausted");
}

#[test]
fn exactly_at_the_threshold_is_not_a_breach() {
    let mut world = world();
    assert_eq!(world.run(Seen::Lag(150_000.0)).word(), "ok");
    assert_eq!(world.run(Seen::Lag(150_000.5)).word(), "escalated 1");
    assert_eq!(world.run(Seen::Lag(150_000.0)).word(), "between");
    assert_eq!(world.run(Seen::Lag(100_000.5)).word(), "between");
    assert_eq!(world.run(Seen::Lag(100_000.0)).word(), "recovered 1");
}

#[test]
fn between_recover_at_and_breach_above_nothing_changes() {
    let mut world = world();
    assert_eq!(world.run(BETWEEN).word(), "ok", "it begins nothing");
    assert_eq!(world.state, CheckState::default());
    world.cluster.instead = Some(broken());
    world.run(ABOVE);
    let mut before = world.state.clone();
    let ran = world.run(BETWEEN);
    assert_eq!(ran.word(), "between");
    assert!(ran.plans.is_empty(), "a failed change waits, too");
    let seen = world.record().clone();
    let record = before.groups.values_mut().next().unwrap();
    (record.sample_at, record.lag) = (seen.sample_at, seen.lag);
    assert_eq!(world.state, before, "apart from the newest sample");
}
