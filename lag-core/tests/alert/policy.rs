//! Allow-lists that cannot be followed.

use crate::world::{allowed, bounds, minutes, target};
use jiff::SignedDuration;
use lag_core::{
    Target, Workload, WorkloadKind,
    alert::{
        AlertPolicy, AllowedTarget, Confirm, Further, LabelMatcher, PolicyError, ScaleBack, Step,
    },
};

fn check(targets: impl Into<Vec<AllowedTarget>>) -> Result<(), PolicyError> {
    AlertPolicy {
        targets: targets.into(),
        ..AlertPolicy::default()
    }
    .check()
}

fn named(place: &str, kind: WorkloadKind, name: &str) -> AllowedTarget {
    let target = target(name, bounds(1, 10));
    AllowedTarget::new(
        place,
        Target {
            workload: Workload {
                kind,
                ..target.workload
            },
            ..target
        },
    )
}

fn rollout(version: &str) -> WorkloadKind {
    WorkloadKind::Custom {
        group: "argoproj.io".into(),
        version: version.into(),
        kind: "Rollout".into(),
        plural: "rollouts".into(),
    }
}

fn way_back() -> ScaleBack {
    ScaleBack {
        after: minutes(30),
        step: 1,
        every: minutes(10),
        confirm: Confirm::LowAlert,
    }
}

#[test]
fn the_defaults_do_little() {
    let allowed = allowed();
    assert_eq!(allowed.scale_out, Some(Step::By(1)));
    let rest = (
        allowed.scale_in,
        allowed.set,
        allowed.restart,
        allowed.further,
        allowed.scale_back,
    );
    assert_eq!(rest, (None, false, false, None, None));
    assert!(allowed.cooldown >= minutes(10) && allowed.daily_cap <= 10);
    assert_eq!(check([allowed]), Ok(()));
    assert_eq!(check([]), Ok(()));
}

#[test]
fn every_fault_names_its_place_and_what_to_write() {
    let further = |every, most| {
        Some(Further {
            every: minutes(every),
            most,
        })
    };
    let restart_only = |kind| AllowedTarget {
        scale_out: None,
        restart: true,
        ..named("targets[0]", kind, "a")
    };
    let per = |per| Some(Step::PerValue { per, without: None });
    for (faulty, expected) in [
        (
            AllowedTarget {
                scale_out: None,
                ..allowed()
            },
            "nothing is allowed: allow scale-out",
        ),
        (
            named("targets[0]", WorkloadKind::Deployment, "A_b"),
            "no workload can be called \"A_b\"",
        ),
        (
            named("targets[0]", WorkloadKind::DaemonSet, "a"),
            "DaemonSet has no number of replicas: allow only restart",
        ),
        (
            restart_only(WorkloadKind::ReplicaSet),
            "ReplicaSet cannot be restarted",
        ),
        (restart_only(rollout("v1")), "Rollout cannot be restarted"),
        (
            named("targets[0]", rollout("v1/../x"), "a"),
            "write group, version, kind and plural",
        ),
        (
            AllowedTarget::new("targets[0]", target("a", bounds(0, 10))),
            "min is 0: write at least 1",
        ),
        (
            AllowedTarget {
                scale_out: Some(Step::By(0)),
                ..allowed()
            },
            "scale_out is a step of 0",
        ),
        (
            AllowedTarget {
                scale_in: Some(Step::Percent(0)),
                ..allowed()
            },
            "scale_in is a step of 0",
        ),
        (
            AllowedTarget {
                scale_out: per(0.0),
                ..allowed()
            },
            "scale_out.per is 0",
        ),
        (
            AllowedTarget {
                scale_out: per(f64::NAN),
                ..allowed()
            },
            "scale_out.per is NaN",
        ),
        (
            AllowedTarget {
                scale_out: Some(Step::PerValue {
                    per: 1.0,
                    without: Some(0),
                }),
                ..allowed()
            },
            "scale_out.without is 0",
        ),
        (
            AllowedTarget {
                scale_out: Some(Step::To(11)),
                ..allowed()
            },
            "goes to 11, which lies outside of 1 to 10",
        ),
        (
            AllowedTarget {
                daily_cap: 0,
                ..allowed()
            },
            "daily_cap is 0",
        ),
        (
            AllowedTarget {
                cooldown: minutes(-1),
                ..allowed()
            },
            "cooldown is too short: write at least 0s",
        ),
        (
            AllowedTarget {
                cooldown: minutes(7 * 24 * 60),
                ..allowed()
            },
            "cooldown is as long as retention",
        ),
        (
            AllowedTarget {
                max_value_age: Some(SignedDuration::ZERO),
                ..allowed()
            },
            "max_value_age is too short",
        ),
        (
            AllowedTarget {
                further: further(5, 1),
                ..allowed()
            },
            "further.every is shorter than cooldown",
        ),
        (
            AllowedTarget {
                further: further(10, 0),
                ..allowed()
            },
            "further.most is 0",
        ),
        (
            AllowedTarget {
                further: further(10, 1),
                scale_out: None,
                set: true,
                ..allowed()
            },
            "further is for scale-out and scale-in",
        ),
        (
            AllowedTarget {
                scale_back: Some(way_back()),
                scale_in: Some(Step::By(1)),
                ..allowed()
            },
            "would both take replicas away: keep one",
        ),
        (
            AllowedTarget {
                scale_back: Some(way_back()),
                scale_out: None,
                set: true,
                ..allowed()
            },
            "scale_back takes back what scale-out has added",
        ),
        (
            AllowedTarget {
                scale_back: Some(ScaleBack {
                    step: 0,
                    ..way_back()
                }),
                ..allowed()
            },
            "scale_back.step is 0",
        ),
        (
            AllowedTarget {
                scale_back: Some(ScaleBack {
                    every: minutes(0),
                    ..way_back()
                }),
                ..allowed()
            },
            "scale_back.every is too short: write at least 1s",
        ),
    ] {
        let error = check([faulty]).unwrap_err().to_string();
        assert!(
            error.starts_with("targets[0]: ") && error.contains(expected),
            "{error}"
        );
        assert!(!error.contains('\n') && !error.ends_with('.'), "{error}");
    }
}

#[test]
fn two_entries_for_one_object_contradict_each_other() {
    let kind = || WorkloadKind::Deployment;
    let error = check([
        named("a.yaml line 3", kind(), "x"),
        named("a.yaml line 9", kind(), "x"),
    ])
    .unwrap_err();
    assert_eq!(error.place, "a.yaml line 9");
    assert!(
        error.problem.contains("is allowed at a.yaml line 3 too"),
        "{error}"
    );
    let error = check([
        named("one", rollout("v1alpha1"), "x"),
        named("two", rollout("v1"), "x"),
    ]);
    assert!(error.is_err(), "versions of one API hold the same objects");
    assert_eq!(
        check([
            named("one", kind(), "x"),
            named("two", WorkloadKind::StatefulSet, "x")
        ]),
        Ok(())
    );
}

#[test]
fn the_same_matchers_twice_are_refused() {
    let matched = |name, team: &str| AllowedTarget {
        matchers: vec![LabelMatcher {
            label: "team".into(),
            matcher: team.parse().unwrap(),
        }],
        ..named(name, WorkloadKind::Deployment, name)
    };
    let error = check([matched("one", "exact:pay"), matched("two", "exact:pay")]).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("two: the same alerts are for orders/Deployment/one at one too"),
        "{error}"
    );
    assert_eq!(
        check([matched("one", "exact:pay"), matched("two", "exact:web")]),
        Ok(())
    );
}

#[test]
fn times_of_the_whole_list_are_checked() {
    for (firing_for, retention, expected) in [
        (
            minutes(15),
            minutes(60),
            "retention is too short: write at least 24h",
        ),
        (
            SignedDuration::ZERO,
            minutes(1440),
            "firing_for is too short: write at least 1m",
        ),
        (
            minutes(1441),
            minutes(1440),
            "firing_for is longer than retention",
        ),
    ] {
        let policy = AlertPolicy {
            firing_for,
            retention,
            ..AlertPolicy::default()
        };
        let error = policy.check().unwrap_err().to_string();
        assert!(
            error.starts_with("alerts: ") && error.contains(expected),
            "{error}"
        );
    }
}
