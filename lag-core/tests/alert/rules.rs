//! One rule each.

use crate::world::{
    START, World, alert, allowed, at, body, bounds, high, labels, low, minutes, policy, resolved,
    start, target, with_value,
};
use jiff::SignedDuration;
use lag_core::{
    Refusal, Target, Workload, WorkloadKind,
    alert::{
        Action, Alert, AlertPolicy, AllowedTarget, Begun, Decision, Fingerprint, Further, Hold,
        LabelMatcher, Ledger, MAX_SHARED, Reason, Status, Step, StepState, decide, plan,
    },
};

fn decided(policy: &AlertPolicy, alert: &Alert) -> Decision {
    decide(policy, &Ledger::default(), alert, start())
}

fn reason(policy: &AlertPolicy, alert: &Alert) -> Reason {
    match decided(policy, alert) {
        Decision::Refused(reason) | Decision::Ignored(reason) => reason,
        other => panic!("{other:?}"),
    }
}

fn relabelled(pairs: &[(&str, &str)]) -> Alert {
    let labels = labels(pairs);
    Alert {
        fingerprint: Fingerprint::of(&labels),
        labels,
        ..high(start())
    }
}

/// One alert, delivered once: from how many to how many replicas.
fn once(allowed: AllowedTarget, alert: Alert, from: u32) -> u32 {
    let mut world = World::new(from);
    world.deliver_at(&policy(allowed), 0, alert)
}

fn everything() -> AllowedTarget {
    AllowedTarget {
        scale_in: Some(Step::By(1)),
        set: true,
        restart: true,
        cooldown: SignedDuration::ZERO,
        ..allowed()
    }
}

#[test]
fn both_spellings_of_a_direction_are_the_same() {
    for (action, expected) in [
        ("scale-out", 5),
        ("scale-up", 5),
        ("scale-in", 3),
        ("scale-down", 3),
    ] {
        assert_eq!(
            once(everything(), alert(action, "g", start()), 4),
            expected,
            "{action}"
        );
    }
}

#[test]
fn a_step_goes_as_far_as_the_policy_says_and_never_the_other_way_or_beyond_the_bounds() {
    let value = |per| Step::PerValue { per, without: None };
    for (step, from, out, in_) in [
        (Step::By(3), 4, 7, 1),
        (Step::By(20), 4, 10, 1),
        (Step::Percent(50), 5, 8, 3),
        (Step::Percent(1), 5, 6, 4),
        (Step::To(6), 4, 6, 4),
        (Step::To(6), 8, 8, 6),
        (value(25_000.0), 4, 8, 4),
        (value(25_000.0), 9, 9, 8),
        (value(1.0), 4, 10, 4),
        (Step::By(1), 10, 10, 9),
        (Step::By(1), 15, 15, 10),
        (Step::By(1), 0, 0, 0),
    ] {
        for (action, expected) in [("scale-out", out), ("scale-in", in_)] {
            let allowed = AllowedTarget {
                scale_out: Some(step),
                scale_in: Some(step),
                ..everything()
            };
            let alert = with_value(alert(action, "g", start()), "181022");
            assert_eq!(
                once(allowed, alert, from),
                expected,
                "{action} {step:?} from {from}"
            );
        }
    }
}

#[test]
fn a_value_that_cannot_be_read_is_never_zero() {
    let by_value = |without| AllowedTarget {
        scale_out: Some(Step::PerValue {
            per: 1000.0,
            without,
        }),
        scale_in: Some(Step::PerValue {
            per: 1000.0,
            without,
        }),
        ..everything()
    };
    let strict = policy(by_value(None));
    for action in ["scale-out", "scale-in", "set"] {
        let bare = alert(action, "g", start());
        assert_eq!(reason(&strict, &bare), Reason::NoValue);
        for text in ["180.3k", "NaN", "-5", ""] {
            let reason = reason(&strict, &with_value(bare.clone(), text));
            assert_eq!(reason.as_str(), "unusable_value", "{action} {text}");
            assert!(reason.to_string().contains("without humanize"), "{reason}");
        }
    }
    assert_eq!(once(by_value(Some(2)), high(start()), 4), 6);
    assert_eq!(
        once(by_value(None), with_value(low(start()), "0"), 4),
        1,
        "a true zero is one"
    );
}

#[test]
fn set_writes_a_whole_number_within_the_bounds() {
    let set = |value: &str, from| {
        once(
            everything(),
            with_value(alert("set", "g", start()), value),
            from,
        )
    };
    assert_eq!((set("6", 4), set("2", 4), set("6e+00", 4)), (6, 2, 6));
    assert_eq!((set("181022", 4), set("0", 4), set("2.5", 4)), (10, 1, 4));
    assert_eq!(set("6", 0), 0, "switched off by somebody");
}

#[test]
fn a_value_may_have_to_be_young_and_to_say_so() {
    let policy = policy(AllowedTarget {
        scale_out: Some(Step::PerValue {
            per: 1000.0,
            without: None,
        }),
        max_value_age: Some(minutes(5)),
        ..allowed()
    });
    let valued = with_value(high(start()), "5000");
    assert_eq!(reason(&policy, &valued), Reason::NoValueTime);
    let timed = |time: &str| {
        let mut alert = valued.clone();
        alert.annotations.insert("value_time".into(), time.into());
        alert
    };
    for young in [
        START,
        "2026-11-22T11:31:00+08:00",
        "1.795318455e+09",
        "1795318455.7",
    ] {
        assert_eq!(decided(&policy, &timed(young)).as_str(), "step", "{young}");
    }
    for old in ["2026-11-22T03:29:00Z", "1.795e+09", "2026-11-22T03:40:00Z"] {
        assert_eq!(reason(&policy, &timed(old)).as_str(), "old_value", "{old}");
    }
    assert_eq!(reason(&policy, &timed("yesterday")), Reason::NoValueTime);
}

#[test]
fn labels_select_among_the_allowed_and_never_outside() {
    let workload = |kind: WorkloadKind, name: &str| {
        let target = target(name, bounds(1, 10));
        AllowedTarget::new(
            format!("targets: {} {name}", kind.as_str()),
            Target {
                workload: Workload {
                    kind,
                    ..target.workload
                },
                ..target
            },
        )
    };
    let rollout = WorkloadKind::Custom {
        group: "argoproj.io".into(),
        version: "v1alpha1".into(),
        kind: "Rollout".into(),
        plural: "rollouts".into(),
    };
    let policy = AlertPolicy {
        targets: vec![
            workload(WorkloadKind::Deployment, "web"),
            workload(WorkloadKind::StatefulSet, "web"),
            workload(WorkloadKind::StatefulSet, "db"),
            workload(rollout, "canary"),
            AllowedTarget {
                matchers: vec![LabelMatcher {
                    label: "team".into(),
                    matcher: "exact:pay".parse().unwrap(),
                }],
                ..workload(WorkloadKind::Deployment, "pay")
            },
        ],
        ..AlertPolicy::default()
    };
    policy.check().unwrap();
    let out = |pairs: &[(&str, &str)]| {
        let named = [&[("action", "scale-out"), ("namespace", "orders")], pairs].concat();
        match decided(&policy, &relabelled(&named)) {
            Decision::Step(intent) => intent.target.workload.to_string(),
            Decision::Refused(reason) => reason.as_str().to_owned(),
            other => panic!("{other:?}"),
        }
    };
    for (pairs, expected) in [
        (&[("deployment", "web")][..], "orders/Deployment/web"),
        (&[("statefulset", "web")], "orders/StatefulSet/web"),
        (
            &[("statefulset", "db"), ("name", "something")],
            "orders/StatefulSet/db",
        ),
        (&[("name", "db")], "orders/StatefulSet/db"),
        (&[("workload", "canary")], "orders/Rollout/canary"),
        (
            &[("workload", "web"), ("kind", "statefulset")],
            "orders/StatefulSet/web",
        ),
        (&[("workload", "web")], "ambiguous"),
        (
            &[("deployment", "web"), ("statefulset", "db")],
            "not_allowed",
        ),
        (&[("deployment", "db")], "not_allowed"),
        (&[("deployment", "web-2")], "not_allowed"),
        (&[("deployment", "pay")], "not_allowed"),
        (&[("team", "pay")], "orders/Deployment/pay"),
        (
            &[("team", "pay"), ("deployment", "db")],
            "orders/Deployment/pay",
        ),
        (&[("team", "pay"), ("deployment", "web")], "ambiguous"),
        (&[("workload", "web"), ("kind", "Pod\n")], "not_allowed"),
        (&[("deployment", "../../secrets")], "invalid_name"),
        (&[("deployment", "Web")], "invalid_name"),
        (&[("deployment", "")], "invalid_name"),
        (
            &[("namespace", "kube-system"), ("deployment", "web")],
            "not_allowed",
        ),
        (
            &[("namespace", "a.b"), ("deployment", "web")],
            "invalid_name",
        ),
        (&[], "no_target"),
    ] {
        assert_eq!(out(pairs), expected, "{pairs:?}");
    }
    let shown = reason(
        &policy,
        &relabelled(&[
            ("action", "scale-out"),
            ("namespace", "orders"),
            ("name", "x"),
            ("kind", "a\nb"),
        ]),
    );
    assert!(!shown.to_string().contains('\n'), "{shown}");
}

#[test]
fn names_of_labels_are_a_setting() {
    let mut policy = policy(allowed());
    policy.labels.action = "do".into();
    policy.labels.deployment = "consumer".into();
    let alert = relabelled(&[
        ("do", "scale-out"),
        ("namespace", "orders"),
        ("consumer", "cd-consumer"),
    ]);
    assert_eq!(decided(&policy, &alert).as_str(), "step");
    assert_eq!(reason(&policy, &high(start())), Reason::NoAction);
}

#[test]
fn who_asks_for_nothing_is_ignored_and_who_asks_for_too_much_is_refused() {
    let policy = policy(allowed());
    for (alert, word, expected) in [
        (
            relabelled(&[("deployment", "cd-consumer")]),
            "ignored",
            "no_action",
        ),
        (alert("page", "g", start()), "ignored", "unknown_action"),
        (resolved(high(start())), "ignored", "resolved"),
        (
            Alert {
                status: Status::Unknown,
                ..high(start())
            },
            "ignored",
            "unknown_status",
        ),
        (
            alert("restart", "g", start()),
            "refused",
            "action_not_allowed",
        ),
        (low(start()), "refused", "action_not_allowed"),
        (
            Alert {
                starts_at: None,
                ..high(start())
            },
            "refused",
            "no_start",
        ),
        (high(at(6)), "refused", "in_future"),
        (high(at(-7 * 24 * 60 - 1)), "refused", "too_old"),
    ] {
        let decision = decided(&policy, &alert);
        assert_eq!(
            (decision.as_str(), reason(&policy, &alert).as_str()),
            (word, expected)
        );
        assert!(!decision.to_string().contains('\n'));
    }
}

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
fn more_alerts_than_may_share_a_step_are_refused() {
    let alerts: Vec<_> = (0..=MAX_SHARED)
        .map(|n| alert("scale-out", &n.to_string(), start()))
        .collect();
    let plan = plan(
        &policy(allowed()),
        &Ledger::default(),
        &body(alerts),
        start(),
    );
    assert_eq!(plan.planned[0].intent.keys.len(), MAX_SHARED);
    assert_eq!(
        plan.decisions[MAX_SHARED],
        Decision::Refused(Reason::Crowded)
    );
}

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
fn a_change_that_certainly_failed_is_tried_again_after_a_while() {
    let policy = policy(allowed());
    let mut world = World::new(2);
    let plan = plan(&policy, &world.ledger, &body([high(start())]), start());
    let found = world.found();
    let found = lag_core::alert::Found {
        scale: Some(&found),
        rolling_out: false,
    };
    let intent = &plan.planned[0].intent;
    let (ledger, _) = lag_core::alert::begin(&plan.ledger, intent, found, start());
    let workload = &intent.target.workload;
    world.ledger = lag_core::alert::settle(&ledger, workload, 0, StepState::Failed);
    assert_eq!(world.deliver_at(&policy, 5, high(start())), 2);
    assert_eq!(world.deliver_at(&policy, 10, high(start())), 3);
    let late = lag_core::alert::settle(&world.ledger, workload, 1, StepState::Failed);
    assert_eq!(late, world.ledger, "what is done is not undone");
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
