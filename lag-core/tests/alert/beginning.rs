//! What is found at the workload, and what earlier tries have left.

use crate::first::everything;
use crate::world::{At, World, alert, allowed, at, body, bounds, high, policy, start};
use lag_core::Refusal;
use lag_core::alert::{
    Begun, Found, Hold, Ledger, Reason, Reconcile, StepState, begin, plan, reconcile, settle,
};
use lag_core::escalate::ScaleSubject;
use lag_core::port::Scalable;

#[test]
fn a_rollout_an_autoscaler_and_a_zero_stop_a_step_without_using_its_key_up() {
    let policy = policy(allowed());
    let mut world = World::new(2);
    world.rolling_out = true;
    assert_eq!(
        world.deliver(&policy, [high(start())]),
        [Begun::Wait(Hold::Rollout)]
    );
    world.rolling_out = false;
    world.owner = Some("HorizontalPodAutoscaler/cd".into());
    let by = "HorizontalPodAutoscaler/cd".to_owned();
    let refused = |refusal| [Begun::Refused(Reason::Workload(refusal))];
    assert_eq!(
        world.deliver(&policy, [high(start())]),
        refused(Refusal::Autoscaled { by })
    );
    world.owner = None;
    world.scaled_by_hand(0);
    assert_eq!(
        world.deliver(&policy, [high(start())]),
        refused(Refusal::AtZero)
    );
    world.scaled_by_hand(10);
    assert_eq!(
        world.deliver(&policy, [high(start())]),
        refused(Refusal::AtMaximum { at: 10 })
    );
    world.scaled_by_hand(2);
    assert_eq!(world.deliver_at(&policy, 1, high(start())), 3);
}

#[test]
fn a_change_that_certainly_failed_is_tried_again_after_a_while() {
    let policy = policy(allowed());
    let mut world = World::new(2);
    let plan = plan(&policy, &world.ledger, &body([high(start())]), start());
    let found = world.found();
    let found = Found {
        scale: Some(&found),
        rolling_out: false,
    };
    let intent = &plan.planned[0].intent;
    let (ledger, _) = begin(&plan.ledger, intent, found, start());
    let workload = &intent.target.workload;
    world.ledger = settle(&ledger, workload, 0, StepState::Failed);
    assert_eq!(world.deliver_at(&policy, 5, high(start())), 2);
    assert_eq!(world.deliver_at(&policy, 10, high(start())), 3);
    let late = settle(&world.ledger, workload, 1, StepState::Failed);
    assert_eq!(late, world.ledger, "what is done is not undone");
}

#[test]
fn a_restart_that_nobody_saw_end_is_taken_up_with_its_old_mark() {
    for here in [
        |at: &At| matches!(at, At::Write(_)),
        |at: &At| matches!(at, At::SaveSettled(_)),
    ] {
        let (policy, mut world) = (policy(everything()), World::new(2));
        let restart = alert("restart", "g", start());
        world.die(&policy, restart.clone(), here);
        world.rolling_out = true;
        world.deliver_at(&policy, 30, restart);
        assert_eq!(world.restarts, [start()]);
    }
}

#[test]
fn an_intent_that_nobody_came_back_for_is_closed_by_the_next_change() {
    let policy = policy(allowed());
    let other = alert("scale-out", "other", at(20));
    for (wrote, expected) in [(false, StepState::Superseded), (true, StepState::Done)] {
        let mut world = World::new(2);
        world.die(&policy, high(start()), |at| match at {
            At::Write(_) => !wrote,
            At::SaveSettled(_) => wrote,
            _ => false,
        });
        world.deliver_at(&policy, 20, other.clone());
        let steps = &world.ledger.workloads.values().next().unwrap().steps;
        let states: Vec<_> = steps.iter().map(|step| step.state).collect();
        assert_eq!(states, [expected, StepState::Done]);
        let replicas = world.replicas;
        assert_eq!(replicas, if wrote { 4 } else { 3 });
        assert_eq!(world.deliver_at(&policy, 40, high(start())), replicas);
    }
}

#[test]
fn the_minimum_of_an_autoscaler_is_raised_to_what_the_replicas_would_be() {
    let scale = |at, most| Scalable {
        subject: ScaleSubject::HpaMin("cd".into()),
        replicas: 4,
        at,
        most: Some(most),
        owner: None,
        version: "1".into(),
    };
    let plan = plan(
        &policy(allowed()),
        &Ledger::default(),
        &body([high(start())]),
        start(),
    );
    let begun = |found: &Scalable| {
        let found = Found {
            scale: Some(found),
            rolling_out: false,
        };
        begin(&plan.ledger, &plan.planned[0].intent, found, start()).1
    };
    let Begun::Write { scale: written, .. } = begun(&scale(2, 6)) else {
        panic!("no write");
    };
    assert_eq!((written.from, written.to), (2, 5));
    assert_eq!(begun(&scale(2, 4)).as_str(), "at_maximum");
    let limits = bounds(1, 10);
    for (found, expected) in [
        (scale(2, 6), Reconcile::WriteAgain(5)),
        (scale(5, 6), Reconcile::Done),
        (scale(3, 6), Reconcile::Superseded),
        (scale(2, 4), Reconcile::Superseded),
        (World::new(2).found(), Reconcile::Superseded),
    ] {
        assert_eq!(reconcile(&written, &found, limits), expected, "{found:?}");
    }
    assert_eq!(
        reconcile(&written, &scale(2, 6), bounds(1, 4)),
        Reconcile::Superseded
    );
}
