//! The way back: slow, proven, and only what we added ourselves.

use crate::world::{
    At, Job, World, alert, allowed, at, high, low, minutes, policy, resolved, start,
};
use jiff::SignedDuration;
use lag_core::alert::{
    AlertPolicy, AllowedTarget, Confirm, Decision, Reason, ScaleBack, decide, due,
};

fn back(confirm: Confirm) -> AlertPolicy {
    policy(AllowedTarget {
        scale_back: Some(ScaleBack {
            after: minutes(30),
            step: 1,
            every: minutes(10),
            confirm,
        }),
        cooldown: SignedDuration::ZERO,
        ..allowed()
    })
}

/// From 2 to 4 by two episodes, which end in minute 10.
fn raised(policy: &AlertPolicy) -> World {
    let mut world = World::new(2);
    world.deliver_at(policy, 0, high(start()));
    world.deliver_at(policy, 1, alert("scale-out", "other", start()));
    assert_eq!(world.replicas, 4);
    world.deliver_at(policy, 9, resolved(alert("scale-out", "other", start())));
    world.deliver_at(policy, 10, resolved(high(start())));
    world
}

#[test]
fn it_goes_back_step_by_step_to_the_number_before_and_no_further() {
    let policy = back(Confirm::Resolved);
    let mut world = raised(&policy);
    let path: Vec<_> = (10..120)
        .map(|minute| world.tick_at(&policy, minute))
        .collect();
    let changes: Vec<_> = world.effective[2..]
        .iter()
        .map(|step| (step.at, step.to))
        .collect();
    assert_eq!(changes, [(at(40), 3), (at(50), 2)], "{path:?}");
    assert!(world.effective[2..].iter().all(|step| step.keys.is_empty()));
    let known = world.ledger.workloads.values().next().unwrap();
    assert_eq!(
        (known.baseline, known.begun),
        (None, 2),
        "the way back does not count"
    );
}

#[test]
fn a_vanished_metric_resolves_too_so_a_low_alert_must_fire() {
    let policy = back(Confirm::default());
    let mut world = raised(&policy);
    assert_eq!(world.tick_at(&policy, 100), 4);
    world.deliver_at(&policy, 101, low(at(101)));
    let decision = decide(&policy, &world.ledger, &low(at(101)), at(101));
    assert_eq!(decision, Decision::Ignored(Reason::Confirms));
    assert_eq!(world.replicas, 4, "the proof alone changes nothing");
    assert_eq!(world.tick_at(&policy, 101), 3);
    // Silence after that: the proof gets old.
    assert_eq!(world.tick_at(&policy, 117), 3);
    world.deliver_at(&policy, 118, low(at(101)));
    assert_eq!(world.tick_at(&policy, 118), 2);
}

#[test]
fn a_low_alert_that_has_resolved_proves_nothing() {
    let policy = back(Confirm::LowAlert);
    let mut world = raised(&policy);
    world.deliver_at(&policy, 100, low(at(100)));
    world.deliver_at(&policy, 101, resolved(low(at(100))));
    assert_eq!(world.tick_at(&policy, 102), 4);
}

#[test]
fn nothing_goes_back_while_an_alert_fires_or_was_never_heard_of_again() {
    let policy = back(Confirm::Resolved);
    let mut world = raised(&policy);
    // One that only waits for its turn counts as well.
    let mut capped = policy.clone();
    capped.targets[0].daily_cap = 2;
    world.deliver_at(&capped, 20, alert("scale-out", "third", at(20)));
    for minute in 20..600 {
        assert_eq!(world.tick_at(&policy, minute), 4);
    }
    world.deliver_at(&policy, 600, resolved(alert("scale-out", "third", at(20))));
    assert_eq!(world.tick_at(&policy, 629), 4);
    assert_eq!(world.tick_at(&policy, 630), 3);
}

#[test]
fn a_copy_of_a_resolved_alert_puts_it_off() {
    let policy = back(Confirm::Resolved);
    let mut world = raised(&policy);
    world.deliver_at(&policy, 20, high(start()));
    assert_eq!(world.tick_at(&policy, 49), 4);
    assert_eq!(world.tick_at(&policy, 50), 3);
}

#[test]
fn a_number_that_somebody_else_has_set_is_left_alone() {
    let policy = back(Confirm::Resolved);
    for number in [2, 3, 5, 9] {
        let mut world = raised(&policy);
        world.scaled_by_hand(number);
        for minute in 40..100 {
            assert_eq!(world.tick_at(&policy, minute), number);
        }
        let known = world.ledger.workloads.values().next().unwrap();
        assert_eq!(known.baseline, None, "and is not asked about again");
    }
}

#[test]
fn the_way_back_from_a_number_of_somebody_else_leads_to_that_number() {
    let policy = back(Confirm::Resolved);
    let mut world = raised(&policy);
    world.scaled_by_hand(6);
    assert_eq!(world.deliver_at(&policy, 60, high(at(60))), 7);
    world.deliver_at(&policy, 61, resolved(high(at(60))));
    for minute in 61..200 {
        world.tick_at(&policy, minute);
    }
    assert_eq!(world.replicas, 6);
}

#[test]
fn a_new_episode_on_the_way_back_keeps_the_number_before() {
    let policy = back(Confirm::Resolved);
    let mut world = raised(&policy);
    assert_eq!(world.tick_at(&policy, 40), 3);
    assert_eq!(world.deliver_at(&policy, 45, high(at(45))), 4);
    world.deliver_at(&policy, 50, resolved(high(at(45))));
    assert_eq!(world.tick_at(&policy, 79), 4);
    for minute in 80..200 {
        world.tick_at(&policy, minute);
    }
    assert_eq!(world.replicas, 2);
}

#[test]
fn nothing_is_due_without_the_setting() {
    let policy = policy(allowed());
    let world = raised(&back(Confirm::Resolved));
    assert!(due(&policy, &world.ledger, at(1000)).is_empty());
}

#[test]
fn a_rollout_puts_it_off() {
    let policy = back(Confirm::Resolved);
    let mut world = raised(&policy);
    world.rolling_out = true;
    assert_eq!(world.tick_at(&policy, 40), 4);
    world.rolling_out = false;
    assert_eq!(world.tick_at(&policy, 41), 3);
    assert!(world.run(&policy, &Job::Tick).is_empty());
}

#[test]
fn a_step_whose_end_nobody_noted_is_taken_back_too() {
    let policy = back(Confirm::Resolved);
    let mut world = World::new(2);
    world.die(&policy, high(start()), |at| {
        matches!(at, At::SaveSettled(_))
    });
    assert_eq!(world.replicas, 3);
    world.deliver_at(&policy, 10, resolved(high(start())));
    assert_eq!(world.tick_at(&policy, 40), 2);
}
