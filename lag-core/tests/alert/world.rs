//! A cluster, a ledger in it, and replicas that go step by step, as the program does, and may end at any step.

use jiff::{SignedDuration, Timestamp};
use lag_core::{
    Bounds, OnAutoscaler, RestartWay, Target, Workload, WorkloadKind,
    alert::{
        Alert, AlertPolicy, AllowedTarget, Begun, Fingerprint, Found, Intent, Key, Ledger, Payload,
        Status, StepState, begin, due, plan, settle,
    },
    escalate::{ResolvedScale, ScaleSubject},
    port::Scalable,
};
use std::collections::BTreeMap;

pub(crate) const START: &str = "2026-11-22T03:34:15.713Z";

pub(crate) fn start() -> Timestamp {
    START.parse().unwrap()
}

pub(crate) fn minutes(count: i64) -> SignedDuration {
    SignedDuration::from_mins(count)
}

pub(crate) fn at(minute: i64) -> Timestamp {
    start() + minutes(minute)
}

pub(crate) fn bounds(min: u32, max: u32) -> Bounds {
    Bounds::try_from((min, max)).unwrap()
}

pub(crate) fn target(name: &str, bounds: Bounds) -> Target {
    Target {
        workload: Workload {
            namespace: "orders".into(),
            kind: WorkloadKind::Deployment,
            name: name.into(),
        },
        bounds,
        partitions: None,
        restart: RestartWay::Rollout,
        autoscaler: OnAutoscaler::Refuse,
    }
}

/// One replica more for each alert, from 1 to 10.
pub(crate) fn allowed() -> AllowedTarget {
    AllowedTarget::new("targets[0]", target("cd-consumer", bounds(1, 10)))
}

pub(crate) fn policy(allowed: AllowedTarget) -> AlertPolicy {
    let policy = AlertPolicy {
        targets: vec![allowed],
        ..AlertPolicy::default()
    };
    policy.check().unwrap();
    policy
}

pub(crate) fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    pairs.iter().map(pair).collect()
}

/// An alert for the workload that the others here allow.
pub(crate) fn alert(action: &str, group: &str, starts_at: Timestamp) -> Alert {
    let labels = labels(&[
        ("action", action),
        ("namespace", "orders"),
        ("deployment", "cd-consumer"),
        ("consumer_group", group),
    ]);
    Alert {
        status: Status::Firing,
        fingerprint: Fingerprint::of(&labels),
        labels,
        annotations: BTreeMap::new(),
        starts_at: Some(starts_at),
        ends_at: None,
    }
}

pub(crate) fn high(starts_at: Timestamp) -> Alert {
    alert("scale-out", "g", starts_at)
}

pub(crate) fn low(starts_at: Timestamp) -> Alert {
    alert("scale-in", "g", starts_at)
}

pub(crate) fn resolved(alert: Alert) -> Alert {
    Alert {
        status: Status::Resolved,
        ..alert
    }
}

pub(crate) fn with_value(mut alert: Alert, value: &str) -> Alert {
    alert.annotations.insert("value".into(), value.into());
    alert
}

pub(crate) fn body(alerts: impl Into<Vec<Alert>>) -> Payload {
    Payload {
        alerts: alerts.into(),
        truncated_alerts: 0,
        group_key: String::new(),
    }
}

/// One write that changed something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Effective {
    pub(crate) keys: Vec<Key>,
    pub(crate) from: u32,
    pub(crate) to: u32,
    pub(crate) at: Timestamp,
}

/// The world that replicas share. Objects have versions, as in Kubernetes.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) now: Timestamp,
    pub(crate) ledger: Ledger,
    pub(crate) ledger_version: u64,
    pub(crate) replicas: u32,
    pub(crate) version: u64,
    pub(crate) rolling_out: bool,
    pub(crate) owner: Option<String>,
    pub(crate) restarts: Vec<Timestamp>,
    pub(crate) effective: Vec<Effective>,
}

impl World {
    pub(crate) fn new(replicas: u32) -> Self {
        Self {
            now: start(),
            ledger: Ledger::default(),
            ledger_version: 1,
            replicas,
            version: 1,
            rolling_out: false,
            owner: None,
            restarts: Vec::new(),
            effective: Vec::new(),
        }
    }

    pub(crate) fn found(&self) -> Scalable {
        Scalable {
            subject: ScaleSubject::Replicas,
            replicas: self.replicas,
            at: self.replicas,
            most: None,
            owner: self.owner.clone(),
            version: self.version.to_string(),
        }
    }

    /// Somebody else changes the number.
    pub(crate) fn scaled_by_hand(&mut self, to: u32) {
        self.replicas = to;
        self.version += 1;
    }

    fn save(&mut self, ledger: &Ledger, over: u64) -> bool {
        if self.ledger_version != over {
            return false;
        }
        self.ledger = Ledger::clone(ledger);
        self.ledger_version += 1;
        true
    }

    fn write(&mut self, scale: &ResolvedScale, keys: &[Key], over: u64) -> bool {
        if self.version != over {
            return false;
        }
        self.version += 1;
        if self.replicas != scale.to {
            self.effective.push(Effective {
                keys: keys.to_vec(),
                from: self.replicas,
                to: scale.to,
                at: self.now,
            });
        }
        self.replicas = scale.to;
        true
    }

    /// Runs a job to its end, with nothing beside it.
    pub(crate) fn run(&mut self, policy: &AlertPolicy, job: &Job) -> Vec<Begun> {
        let mut process = Process::new(job.clone());
        while process.step(self, policy) {}
        process.came_to
    }

    pub(crate) fn deliver(
        &mut self,
        policy: &AlertPolicy,
        alerts: impl Into<Vec<Alert>>,
    ) -> Vec<Begun> {
        self.run(policy, &Job::Deliver(body(alerts)))
    }

    /// A delivery by a replica that ends where `here` says so.
    pub(crate) fn die(&mut self, policy: &AlertPolicy, alert: Alert, here: impl Fn(&At) -> bool) {
        let mut process = Process::new(Job::Deliver(body([alert])));
        while !here(&process.at) {
            assert!(process.step(self, policy), "it never came there");
        }
    }

    /// As `deliver`, at a minute.
    pub(crate) fn deliver_at(&mut self, policy: &AlertPolicy, minute: i64, alert: Alert) -> u32 {
        self.now = at(minute);
        self.deliver(policy, [alert]);
        self.replicas
    }

    /// The timer, at a minute.
    pub(crate) fn tick_at(&mut self, policy: &AlertPolicy, minute: i64) -> u32 {
        self.now = at(minute);
        self.run(policy, &Job::Tick);
        self.replicas
    }
}

/// What a replica has to do.
#[derive(Debug, Clone)]
pub(crate) enum Job {
    Deliver(Payload),
    Tick,
}

/// Where a replica stands: what it does next.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum At {
    ReadLedger,
    ReadWorkload,
    SaveIntent(Begun),
    Write(Begun),
    SaveSettled(u64),
    ReadToSettle(u64),
    Answer,
}

/// One replica at one job.
#[derive(Debug, Clone)]
pub(crate) struct Process {
    job: Job,
    pub(crate) at: At,
    read: Ledger,
    ledger: Ledger,
    ledger_version: u64,
    version: u64,
    todo: Vec<Intent>,
    pub(crate) came_to: Vec<Begun>,
}

impl Process {
    pub(crate) fn new(job: Job) -> Self {
        Self {
            job,
            at: At::ReadLedger,
            read: Ledger::default(),
            ledger: Ledger::default(),
            ledger_version: 0,
            version: 0,
            todo: Vec::new(),
            came_to: Vec::new(),
        }
    }

    /// Does the next step; whether there is another.
    pub(crate) fn step(&mut self, world: &mut World, policy: &AlertPolicy) -> bool {
        self.at = match self.at.clone() {
            At::ReadLedger => self.read_ledger(world, policy),
            At::ReadWorkload => self.read_workload(world),
            At::SaveIntent(begun) => {
                if world.save(&self.ledger, self.ledger_version) {
                    self.saved();
                    match &begun {
                        Begun::Write { .. } | Begun::Restart { .. } => At::Write(begun),
                        other => self.ended(other.clone()),
                    }
                } else {
                    At::ReadLedger
                }
            }
            At::Write(begun) => self.write(world, begun),
            At::SaveSettled(number) => {
                let workload = &self.todo[0].target.workload;
                self.ledger = settle(&self.ledger, workload, number, StepState::Done);
                if self.ledger == self.read {
                    self.next()
                } else if world.save(&self.ledger, self.ledger_version) {
                    self.saved();
                    self.next()
                } else {
                    At::ReadToSettle(number)
                }
            }
            At::ReadToSettle(number) => {
                self.read_from(world);
                At::SaveSettled(number)
            }
            At::Answer => return false,
        };
        self.at != At::Answer
    }

    fn read_from(&mut self, world: &World) {
        self.read = world.ledger.clone();
        self.ledger = world.ledger.clone();
        self.ledger_version = world.ledger_version;
    }

    fn saved(&mut self) {
        self.ledger_version += 1;
        self.read = self.ledger.clone();
    }

    fn read_ledger(&mut self, world: &World, policy: &AlertPolicy) -> At {
        self.read_from(world);
        self.came_to.clear();
        self.todo = match &self.job {
            Job::Tick => due(policy, &self.ledger, world.now),
            Job::Deliver(payload) => {
                let plan = plan(policy, &self.ledger, payload, world.now);
                self.ledger = plan.ledger;
                plan.planned.into_iter().map(|one| one.intent).collect()
            }
        };
        if !self.todo.is_empty() {
            At::ReadWorkload
        } else if self.ledger == self.read {
            At::Answer
        } else {
            At::SaveIntent(Begun::Already { at: 0 })
        }
    }

    fn read_workload(&mut self, world: &World) -> At {
        let scale = world.found();
        self.version = world.version;
        let found = Found {
            scale: Some(&scale),
            rolling_out: world.rolling_out,
        };
        let (ledger, begun) = begin(&self.ledger, &self.todo[0], found, world.now);
        self.ledger = ledger;
        if self.ledger == self.read {
            self.ended(begun)
        } else {
            At::SaveIntent(begun)
        }
    }

    fn write(&mut self, world: &mut World, begun: Begun) -> At {
        let number = match &begun {
            Begun::Write { number, scale } => {
                if !world.write(scale, &self.todo[0].keys, self.version) {
                    return At::ReadLedger;
                }
                *number
            }
            Begun::Restart { number, mark } => {
                if !world.restarts.contains(mark) {
                    world.restarts.push(*mark);
                }
                *number
            }
            other => panic!("{other:?} is no write"),
        };
        self.came_to.push(begun);
        At::SaveSettled(number)
    }

    fn ended(&mut self, begun: Begun) -> At {
        if self.todo.is_empty() {
            return At::Answer;
        }
        self.came_to.push(begun);
        self.next()
    }

    fn next(&mut self) -> At {
        self.todo.remove(0);
        if self.todo.is_empty() {
            At::Answer
        } else {
            At::ReadWorkload
        }
    }
}
