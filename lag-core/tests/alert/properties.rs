//! What holds for any labels and any history.

use crate::{
    oracle::{Fire, Kind, Oracle, Refire, Resolve, two_stages},
    world::{Job, Process, World, alert, allowed, at, body, bounds, minutes, start, target},
};
use jiff::SignedDuration;
use lag_core::{
    Target, Workload, WorkloadKind,
    alert::{
        Alert, AlertPolicy, AllowedTarget, Begun, Confirm, Fingerprint, Found, Further,
        LabelMatcher, Ledger, Payload, ScaleBack, Status, Step, begin, plan,
    },
};
use proptest::{collection::vec, option, prelude::*};

/// Two Deployments, a StatefulSet, and a workload for whatever is of team `pay`.
fn several() -> AlertPolicy {
    let everything = |name, kind| {
        let target = target(name, bounds(2, 6));
        AllowedTarget {
            scale_out: Some(Step::PerValue {
                per: 10.0,
                without: Some(3),
            }),
            scale_in: Some(Step::Percent(30)),
            set: true,
            restart: true,
            ..AllowedTarget::new(
                name,
                Target {
                    workload: Workload {
                        kind,
                        ..target.workload
                    },
                    ..target
                },
            )
        }
    };
    let policy = AlertPolicy {
        targets: vec![
            everything("a", WorkloadKind::Deployment),
            everything("b", WorkloadKind::Deployment),
            everything("b", WorkloadKind::StatefulSet),
            AllowedTarget {
                matchers: vec![LabelMatcher {
                    label: "team".into(),
                    matcher: "glob:p*".parse().unwrap(),
                }],
                ..everything("pay", WorkloadKind::Deployment)
            },
        ],
        ..AlertPolicy::default()
    };
    policy.check().unwrap();
    policy
}

/// Labels that often mean something and sometimes anything.
fn labels() -> impl Strategy<Value = Vec<(String, String)>> {
    let name = prop_oneof![
        8 => prop::sample::select(vec!["action", "namespace", "deployment", "statefulset", "workload", "name", "kind", "value", "team"]).prop_map(str::to_owned),
        1 => ".{0,6}",
    ];
    let value = prop_oneof![
        8 => prop::sample::select(vec!["scale-out", "scale-in", "set", "restart", "orders", "a", "b", "pay", "p", "Deployment", "StatefulSet", "3", "1e9", "kube-system"]).prop_map(str::to_owned),
        1 => ".{0,6}",
    ];
    let likely = [
        ("action".to_owned(), "scale-out".to_owned()),
        ("namespace".to_owned(), "orders".to_owned()),
    ];
    vec((name, value), 0..6).prop_map(move |more| likely.iter().cloned().chain(more).collect())
}

fn alerts() -> impl Strategy<Value = Vec<Alert>> {
    let one = (labels(), 0_i64..3, any::<bool>()).prop_map(|(labels, minute, fires)| {
        let labels = labels.into_iter().collect();
        Alert {
            status: if fires {
                Status::Firing
            } else {
                Status::Resolved
            },
            fingerprint: Fingerprint::of(&labels),
            labels,
            annotations: std::collections::BTreeMap::new(),
            starts_at: Some(at(minute)),
            ends_at: None,
        }
    });
    vec(one, 1..6)
}

/// A policy with everything that a history can touch.
fn lively() -> AlertPolicy {
    crate::world::policy(AllowedTarget {
        scale_out: Some(Step::Percent(40)),
        restart: true,
        set: true,
        cooldown: minutes(1),
        further: Some(Further {
            every: minutes(2),
            most: 3,
        }),
        scale_back: Some(ScaleBack {
            after: minutes(3),
            step: 2,
            every: SignedDuration::from_mins(1),
            confirm: Confirm::LowAlert,
        }),
        ..allowed()
    })
}

fn histories() -> impl Strategy<Value = Vec<(usize, i64, i64, bool, usize)>> {
    vec(
        (0_usize..5, 0_i64..6, 0_i64..3, any::<bool>(), 0_usize..8),
        0..30,
    )
}

/// Deliveries and ticks, some of which end early.
fn lived(policy: &AlertPolicy, history: &[(usize, i64, i64, bool, usize)]) -> World {
    let mut world = World::new(3);
    let mut minute = 0;
    for (action, gap, start, fires, steps) in history {
        minute += gap;
        world.now = at(minute);
        let Some(action) = ["scale-out", "scale-in", "set", "restart"].get(*action) else {
            world.run(policy, &Job::Tick);
            continue;
        };
        let mut one = crate::world::with_value(alert(action, "g", at(*start)), "7");
        if !fires {
            one.status = Status::Resolved;
        }
        let mut process = Process::new(Job::Deliver(body([one])));
        for _ in 0..*steps {
            process.step(&mut world, policy);
        }
        assert!((1..=10).contains(&world.replicas));
    }
    world
}

proptest! {
    #[test]
    fn whatever_the_labels_an_intent_is_for_an_allowed_workload_and_within_its_bounds(alerts in alerts(), replicas in 0_u32..9) {
        let policy = several();
        let payload: Payload = body(alerts);
        let plan = plan(&policy, &Ledger::default(), &payload, at(3));
        let world = World::new(replicas);
        let scale = world.found();
        let mut touched = Vec::new();
        for planned in &plan.planned {
            let target = &planned.intent.target;
            prop_assert!(policy.targets.iter().any(|one| one.target == *target));
            prop_assert!(!touched.contains(&&target.workload), "two changes of one workload");
            touched.push(&target.workload);
            prop_assert!(!planned.alerts.is_empty() && !planned.intent.keys.is_empty());
            prop_assert!(planned.alerts.iter().all(|index| payload.alerts[*index].status == Status::Firing));
            let found = Found { scale: Some(&scale), rolling_out: false };
            let (_, begun) = begin(&plan.ledger, &planned.intent, found, at(3));
            if let Begun::Write { scale, .. } = begun {
                prop_assert!((2..=6).contains(&scale.to) && scale.from == replicas && replicas > 0);
            }
        }
    }

    #[test]
    fn nothing_outside_of_the_list_is_even_noted(alerts in alerts()) {
        let policy = several();
        let plan = plan(&policy, &Ledger::default(), &body(alerts), at(3));
        for workload in plan.ledger.workloads.keys() {
            prop_assert!(policy.targets.iter().any(|one| one.target.workload == *workload));
        }
    }

    #[test]
    fn any_ledger_reads_back_the_same(history in histories()) {
        let ledger = lived(&lively(), &history).ledger;
        prop_assert_eq!(Ledger::from_json(ledger.to_json().as_bytes()).unwrap(), ledger);
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in vec(any::<u8>(), 0..100), text in "\\{.{0,40}\\}") {
        prop_assert!(Ledger::from_json(&bytes).is_err());
        prop_assert!(Ledger::from_json(text.as_bytes()).is_err());
    }

    #[test]
    fn no_key_of_any_history_has_two_effective_steps(history in histories()) {
        let world = lived(&lively(), &history);
        let keys: Vec<_> = world.effective.iter().flat_map(|step| &step.keys).collect();
        let different: std::collections::BTreeSet<_> = keys.iter().collect();
        prop_assert_eq!(different.len(), keys.len());
    }

    #[test]
    fn long_histories_with_retries_come_to_what_the_policy_allows(
        history in vec((prop::sample::select(vec![Fire, Fire, Fire, Resolve, Refire]), 0_i64..25, option::of(0_usize..7)), 0..60),
    ) {
        let policy = two_stages();
        let (mut world, mut oracle) = (World::new(2), Oracle::new());
        let shown: Vec<(Kind, i64, Option<usize>)> = history.clone();
        for (kind, gap, steps) in history {
            let (now, payload) = oracle.deliver(kind, gap);
            world.now = now;
            if let Some(steps) = steps {
                let mut ended = Process::new(Job::Deliver(payload.clone()));
                for _ in 0..steps {
                    ended.step(&mut world, &policy);
                }
            }
            world.run(&policy, &Job::Deliver(payload));
            oracle.compare(&world, &shown);
        }
        prop_assert!(world.now >= start());
    }
}
