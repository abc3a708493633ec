//! What the captured bodies lead to.

use crate::world::{World, allowed, bounds, minutes, policy, target};
use jiff::Timestamp;
use lag_core::alert::{
    AlertPolicy, AllowedTarget, Begun, Decision, Fingerprint, Ledger, Payload, Reason, Step,
    StepState, Wish, plan,
};

const FIRING: &[u8] = include_bytes!("../fixtures/alertmanager/firing.json");
const PARTLY: &[u8] = include_bytes!("../fixtures/alertmanager/partly-resolved.json");
const RESOLVED: &[u8] = include_bytes!("../fixtures/alertmanager/resolved.json");
const NEWER: &[u8] = include_bytes!("../fixtures/alertmanager/firing-0.34-shape.json");

fn delivered() -> Timestamp {
    "2026-11-22T03:34:25Z".parse().unwrap()
}

fn read(body: &[u8]) -> Payload {
    Payload::parse(body).unwrap()
}

fn words(decisions: &[Decision]) -> Vec<&str> {
    decisions.iter().map(Decision::as_str).collect()
}

fn per_value() -> AlertPolicy {
    policy(AllowedTarget {
        scale_out: Some(Step::PerValue {
            per: 50_000.0,
            without: None,
        }),
        ..allowed()
    })
}

/// A world in which `firing.json` was answered.
fn fired() -> (AlertPolicy, World) {
    let (policy, mut world) = (policy(allowed()), World::new(2));
    world.now = delivered();
    let came_to = world.run(&policy, &crate::world::Job::Deliver(read(FIRING)));
    assert!(matches!(came_to[..], [Begun::Write { .. }]), "{came_to:?}");
    (policy, world)
}

#[test]
fn firing_json_is_one_step_that_both_alerts_share() {
    let plan = plan(
        &policy(allowed()),
        &Ledger::default(),
        &read(FIRING),
        delivered(),
    );
    assert_eq!(words(&plan.decisions), ["step", "step"]);
    assert_eq!(plan.planned.len(), 1);
    assert_eq!(plan.planned[0].alerts, [0, 1]);
    let keys = plan.planned[0].intent.keys.iter();
    let keys: Vec<_> = keys.map(ToString::to_string).collect();
    assert_eq!(
        keys,
        [
            "91d808cf129f7060@2026-11-22T03:34:15.713Z#1",
            "1cacf3a2f513b810@2026-11-22T03:34:15.713Z#1"
        ]
    );
    let (_, world) = fired();
    assert_eq!(world.replicas, 3);
}

#[test]
fn firing_json_by_value_goes_to_what_the_larger_lag_needs() {
    let (policy, mut world) = (per_value(), World::new(2));
    world.now = delivered();
    world.run(&policy, &crate::world::Job::Deliver(read(FIRING)));
    assert_eq!(world.replicas, 4, "181022 in portions of 50000");
}

#[test]
fn firing_json_again_changes_nothing() {
    let (policy, mut world) = fired();
    for minute in [0, 1, 10, 600] {
        world.now = delivered() + minutes(minute);
        let plan = plan(&policy, &world.ledger, &read(FIRING), world.now);
        assert_eq!(words(&plan.decisions), ["repeat", "repeat"], "{minute}");
        world.run(&policy, &crate::world::Job::Deliver(read(FIRING)));
    }
    assert_eq!((world.replicas, world.effective.len()), (3, 1));
}

#[test]
fn partly_resolved_json_notes_the_end_of_one_and_repeats_the_other() {
    let (policy, mut world) = fired();
    world.now = delivered() + minutes(4);
    let plan = plan(&policy, &world.ledger, &read(PARTLY), world.now);
    assert_eq!(plan.decisions[0], Decision::Ignored(Reason::Resolved));
    let Decision::Repeat { key, state, next } = &plan.decisions[1] else {
        panic!("{:?}", plan.decisions[1]);
    };
    assert_eq!((key.stage, *state, *next), (1, StepState::Done, None));
    assert!(plan.planned.is_empty());
    let known = plan.ledger.workloads.values().next().unwrap();
    let ends = known.alerts.values().map(|seen| seen.resolved.is_some());
    assert_eq!(ends.collect::<Vec<_>>(), [false, true]);
}

#[test]
fn partly_resolved_json_alone_is_a_step_for_the_one_that_fires() {
    let plan = plan(
        &policy(allowed()),
        &Ledger::default(),
        &read(PARTLY),
        delivered(),
    );
    assert_eq!(words(&plan.decisions), ["ignored", "step"]);
    assert_eq!(plan.planned[0].alerts, [1]);
}

#[test]
fn resolved_json_never_scales_with_or_without_its_partner() {
    let (policy, mut world) = fired();
    for ledger in [Ledger::default(), world.ledger.clone()] {
        let plan = plan(&policy, &ledger, &read(RESOLVED), delivered() + minutes(5));
        assert_eq!(plan.decisions, [Decision::Ignored(Reason::Resolved)]);
        assert!(plan.planned.is_empty());
    }
    world.run(&policy, &crate::world::Job::Deliver(read(RESOLVED)));
    assert_eq!((world.replicas, world.effective.len()), (3, 1));
}

#[test]
fn the_newer_shape_is_one_step_and_the_alerts_that_are_missing_are_reported() {
    let plan = plan(&per_value(), &Ledger::default(), &read(NEWER), delivered());
    assert_eq!(words(&plan.decisions), ["step", "step"]);
    assert_eq!((plan.planned.len(), plan.truncated), (1, 3));
    let Wish::Out(amounts) = &plan.planned[0].intent.wish else {
        panic!("{:?}", plan.planned[0].intent.wish);
    };
    assert_eq!(amounts.len(), 2, "120500 and 181022, of the annotation");
}

#[test]
fn nothing_captured_reaches_a_workload_that_is_not_allowed() {
    for other in ["cd-consumer2", "cust-consumer", "orders"] {
        let policy = policy(AllowedTarget::new(
            "targets[0]",
            target(other, bounds(1, 10)),
        ));
        for body in [FIRING, PARTLY, NEWER] {
            let plan = plan(&policy, &Ledger::default(), &read(body), delivered());
            assert!(plan.planned.is_empty());
            let refused =
                Decision::Refused(Reason::NotAllowed("orders/Deployment/cd-consumer".into()));
            assert_eq!(plan.decisions[1], refused);
            assert_eq!(plan.ledger, Ledger::default(), "nothing is noted");
        }
    }
}

#[test]
fn the_fingerprint_of_every_captured_alert_is_the_hash_of_its_labels() {
    for body in [FIRING, PARTLY, RESOLVED, NEWER] {
        for alert in read(body).alerts {
            assert_eq!(Fingerprint::of(&alert.labels), alert.fingerprint);
        }
    }
}
