//! Whom an alert means, and whether it may.

use crate::first::{decided, reason, relabelled};
use crate::world::{alert, allowed, at, body, bounds, high, low, policy, resolved, start, target};
use lag_core::alert::{
    Alert, AlertPolicy, AllowedTarget, Decision, LabelMatcher, Ledger, MAX_SHARED, Reason, Status,
    plan,
};
use lag_core::{Target, Workload, WorkloadKind};

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
