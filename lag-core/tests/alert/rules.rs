//! When an alert acts, and how often.

use crate::first::everything;
use crate::world::{
    World, alert, allowed, at, body, high, low, minutes, policy, resolved, start, with_value,
};
use jiff::SignedDuration;
use lag_core::alert::{
    Action, AllowedTarget, Decision, Further, Hold, Ledger, Reason, decide, plan,
};

#[test]
fn a_firing_alert_acts_once_whatever_the_number_of_deliveries() {
    let (policy, mut world) = (policy(allowed()), World::new(2));
    for minute in 0..600 {
        world.deliver_at(&policy, minute, high(start()));
    }
    assert_eq!((world.replicas, world.effective.len()), (3, 1));
    assert_eq!(
        world.deliver_at(&policy, 600, high(at(590))),
        4,
        "a new episode acts anew"
    );
}

#[test]
fn further_steps_go_by_time_and_have_an_end() {
    let further = Further {
        every: minutes(5),
        most: 2,
    };
    let policy = policy(AllowedTarget {
        further: Some(further),
        cooldown: minutes(5),
        ..allowed()
    });
    for gap in [1, 2, 5] {
        let mut world = World::new(2);
        let mut minute = 0;
        while minute < 60 {
            world.deliver_at(&policy, minute, high(start()));
            minute += gap;
        }
        let steps: Vec<_> = world
            .effective
            .iter()
            .map(|step| (step.to, step.keys[0].stage))
            .collect();
        assert_eq!(steps, [(3, 1), (4, 2), (5, 3)], "every {gap} minutes");
        let times = world
            .effective
            .windows(2)
            .map(|pair| pair[1].at.duration_since(pair[0].at));
        assert!(
            times.clone().all(|time| time >= minutes(5)),
            "{:?}",
            times.collect::<Vec<_>>()
        );
    }
    let mut world = World::new(2);
    world.deliver_at(&policy, 0, high(start()));
    let Decision::Repeat { next, .. } = decide(&policy, &world.ledger, &high(start()), at(1))
    else {
        panic!("no repeat");
    };
    assert_eq!(next, Some(at(5)));
}

#[test]
fn a_resolved_alert_ends_its_stages_and_an_old_copy_changes_nothing() {
    let further = Further {
        every: minutes(10),
        most: 5,
    };
    let policy = policy(AllowedTarget {
        further: Some(further),
        ..allowed()
    });
    let mut world = World::new(2);
    world.deliver_at(&policy, 0, high(start()));
    world.deliver_at(&policy, 11, resolved(high(start())));
    assert_eq!(world.deliver_at(&policy, 12, high(start())), 3);
    let decision = decide(&policy, &world.ledger, &high(start()), at(12));
    assert_eq!(decision, Decision::Ignored(Reason::Ended));
    // Also of an alert that was never acted upon, and where the end came first.
    world.deliver_at(&policy, 20, resolved(high(at(15))));
    assert_eq!(world.deliver_at(&policy, 21, high(at(15))), 3);
}

#[test]
fn an_alert_that_goes_on_with_its_old_start_long_after_its_end_is_no_copy() {
    let further = Further {
        every: minutes(10),
        most: 5,
    };
    let policy = policy(AllowedTarget {
        further: Some(further),
        ..allowed()
    });
    let mut world = World::new(2);
    world.deliver_at(&policy, 0, high(start()));
    world.deliver_at(&policy, 5, resolved(high(start())));
    assert_eq!(
        world.deliver_at(&policy, 21, high(start())),
        4,
        "stage 2, not stage 1 again"
    );
    assert_eq!(world.effective[1].keys[0].stage, 2);
}

#[test]
fn the_cooldown_is_the_workloads_and_whoever_waits_acts_when_it_comes_again() {
    let (policy, mut world) = (policy(allowed()), World::new(2));
    let other = |minute| alert("scale-out", "other", at(minute));
    world.deliver_at(&policy, 0, high(start()));
    assert_eq!(world.deliver_at(&policy, 1, other(1)), 3);
    let decision = decide(&policy, &world.ledger, &other(1), at(1));
    let until = Some(at(10));
    assert_eq!(
        decision,
        Decision::Wait {
            until,
            why: Hold::Cooldown
        }
    );
    assert_eq!(world.deliver_at(&policy, 10, other(1)), 4);
}

#[test]
fn a_day_has_a_limit_and_a_new_day_a_new_one() {
    let policy = policy(AllowedTarget {
        daily_cap: 2,
        cooldown: SignedDuration::ZERO,
        ..allowed()
    });
    let mut world = World::new(1);
    for minute in 0..5 {
        world.deliver_at(&policy, minute, high(at(minute)));
    }
    assert_eq!(world.replicas, 3);
    let Decision::Wait {
        until: Some(until),
        why,
    } = decide(&policy, &world.ledger, &high(at(5)), at(5))
    else {
        panic!("no wait");
    };
    assert_eq!(
        (until.to_string().as_str(), why),
        ("2026-11-23T00:00:00Z", Hold::DailyCap)
    );
    world.now = until;
    world.deliver(&policy, [high(at(5))]);
    assert_eq!(world.replicas, 4);
    let known = world.ledger.workloads.values().next().unwrap();
    assert_eq!(
        known.begun_on(at(6)),
        1,
        "a clock that is behind begins no day anew"
    );
}

#[test]
fn two_alerts_of_one_body_share_a_step_and_both_are_done() {
    let (policy, mut world) = (policy(allowed()), World::new(2));
    let both = [high(start()), alert("scale-out", "other", start())];
    world.deliver(&policy, both.clone());
    assert_eq!((world.replicas, world.effective[0].keys.len()), (3, 2));
    for minute in [1, 11, 100] {
        world.now = at(minute);
        for alert in &both {
            world.deliver(&policy, [alert.clone()]);
        }
    }
    assert_eq!(world.replicas, 3);
}

#[test]
fn more_replicas_win_over_fewer_and_over_anything_else() {
    let policy = policy(everything());
    let value = |action| with_value(alert(action, "g", start()), "8");
    let asked = [
        low(start()),
        value("set"),
        alert("restart", "g", start()),
        high(start()),
    ];
    let plan = plan(&policy, &Ledger::default(), &body(asked.clone()), start());
    assert_eq!(plan.planned.len(), 1);
    assert_eq!(plan.planned[0].alerts, [3]);
    let by = Action::ScaleOut;
    for decision in &plan.decisions[..3] {
        assert_eq!(*decision, Decision::Refused(Reason::Contradicted { by }));
    }
    let mut world = World::new(4);
    world.deliver(&policy, asked);
    assert_eq!((world.replicas, world.restarts.len()), (5, 0));
}

#[test]
fn fewer_replicas_wait_until_no_alert_for_more_fires() {
    let (policy, mut world) = (policy(everything()), World::new(4));
    world.deliver_at(&policy, 0, high(start()));
    assert_eq!(world.deliver_at(&policy, 5, low(at(5))), 5);
    let by = Action::ScaleOut;
    let decision = decide(&policy, &world.ledger, &low(at(5)), at(5));
    assert_eq!(decision, Decision::Refused(Reason::Contradicted { by }));
    world.deliver_at(&policy, 6, resolved(high(start())));
    assert_eq!(world.deliver_at(&policy, 7, low(at(5))), 4);
}

#[test]
fn a_restart_is_one_for_an_episode_and_carries_the_moment_of_its_decision() {
    let policy = policy(AllowedTarget {
        further: Some(Further {
            every: minutes(10),
            most: 5,
        }),
        ..everything()
    });
    let mut world = World::new(2);
    for minute in [3, 4, 60] {
        world.deliver_at(&policy, minute, alert("restart", "g", start()));
    }
    assert_eq!(
        (world.restarts.as_slice(), world.replicas),
        ([at(3)].as_slice(), 2)
    );
}

#[test]
fn what_fires_longer_than_anything_is_remembered_keeps_its_key() {
    let (policy, mut world) = (policy(allowed()), World::new(2));
    for day in 0..30 {
        world.deliver_at(&policy, day * 24 * 60, high(start()));
    }
    assert_eq!((world.replicas, world.effective.len()), (3, 1));
    // Silence, longer than what is remembered: the key is gone, and the old start is refused.
    world.deliver_at(&policy, 45 * 24 * 60, high(start()));
    assert_eq!(world.replicas, 3);
    assert!(world.ledger.workloads.is_empty(), "{:?}", world.ledger);
}

#[test]
fn what_is_remembered_has_a_bound() {
    let policy = policy(AllowedTarget {
        cooldown: SignedDuration::ZERO,
        ..allowed()
    });
    let mut world = World::new(2);
    for minute in 0..3 {
        let flood: Vec<_> = (0..999)
            .map(|n| alert("scale-out", &format!("{minute}-{n}"), at(minute)))
            .collect();
        world.now = at(minute);
        world.deliver(&policy, flood);
    }
    world.deliver_at(&policy, 9, high(at(9)));
    let known = world.ledger.workloads.values().next().unwrap();
    assert!(known.alerts.len() <= 1025, "{}", known.alerts.len());
    let keys = known.steps.iter().flat_map(|step| &step.keys);
    assert!(
        keys.clone()
            .all(|key| known.alerts.contains_key(&key.alert))
    );
}
