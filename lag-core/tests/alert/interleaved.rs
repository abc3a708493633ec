//! Two replicas at once, in every order of their steps, one of which may end at any of them and begin again.

use crate::world::{
    Job, Process, World, alert, allowed, at, body, high, minutes, policy, resolved, start,
};
use jiff::SignedDuration;
use lag_core::alert::{AlertPolicy, AllowedTarget, Confirm, ScaleBack, StepState};
use std::{
    collections::{BTreeSet, HashMap},
    time::Instant,
};

/// What a replica has before it.
#[derive(Debug, Clone)]
enum Act {
    /// A delivery or a tick, not before this minute.
    Do(i64, Job),
    /// Somebody scales by hand.
    Hand(u32),
}

#[derive(Debug, Clone)]
struct Replica {
    acts: Vec<Act>,
    process: Option<Process>,
}

impl Replica {
    fn new(acts: &[Act]) -> Self {
        Self {
            acts: acts.to_vec(),
            process: None,
        }
    }

    /// One step; `false` when there is none left.
    fn step(&mut self, world: &mut World, policy: &AlertPolicy) -> bool {
        let Some(act) = self.acts.first() else {
            return false;
        };
        match act {
            Act::Hand(to) => {
                world.scaled_by_hand(*to);
                self.acts.remove(0);
            }
            Act::Do(minute, job) => {
                world.now = world.now.max(at(*minute));
                let mut process = self
                    .process
                    .take()
                    .unwrap_or_else(|| Process::new(job.clone()));
                if process.step(world, policy) {
                    self.process = Some(process);
                } else {
                    self.acts.remove(0);
                }
            }
        }
        true
    }
}

struct Orders<'o> {
    policy: &'o AlertPolicy,
    judge: &'o dyn Fn(&World, bool),
    /// How many orders follow from a point that was walked already.
    walked: HashMap<String, u64>,
}

impl Orders<'_> {
    /// How many orders there are from here.
    fn go(&mut self, world: &World, replicas: &[Replica; 2], crashes: u32, crashed: bool) -> u64 {
        let point = format!("{world:?} {replicas:?} {crashes} {crashed}");
        if let Some(orders) = self.walked.get(&point) {
            return *orders;
        }
        let mut orders = 0;
        for one in 0..2 {
            let (mut world, mut after) = (world.clone(), replicas.clone());
            if !after[one].step(&mut world, self.policy) {
                continue;
            }
            sane(&world);
            orders += self.go(&world, &after, crashes, crashed);
            if crashes > 0 && after[one].process.is_some() {
                after[one].process = None;
                orders += self.go(&world, &after, crashes - 1, true);
            }
        }
        if orders == 0 {
            orders = 1;
            (self.judge)(world, crashed);
        }
        self.walked.insert(point, orders);
        orders
    }
}

/// What holds at every moment.
fn sane(world: &World) {
    assert!((1..=10).contains(&world.replicas));
    let keys: Vec<_> = world.effective.iter().flat_map(|step| &step.keys).collect();
    let different: BTreeSet<_> = keys.iter().collect();
    assert_eq!(
        different.len(),
        keys.len(),
        "done twice: {:?}",
        world.effective
    );
}

#[expect(
    clippy::print_stdout,
    reason = "how many orders there were is part of the proof"
)]
fn orders(
    policy: &AlertPolicy,
    world: &World,
    acts: [&[Act]; 2],
    crashes: u32,
    judge: impl Fn(&World, bool),
) {
    let began = Instant::now();
    let mut orders = Orders {
        policy,
        judge: &judge,
        walked: HashMap::new(),
    };
    let cases = orders.go(world, &acts.map(Replica::new), crashes, false);
    let points = orders.walked.len();
    println!("{cases} orders, {points} points in {:?}", began.elapsed());
    assert!(cases > 50);
}

fn deliver(minute: i64, alert: lag_core::alert::Alert) -> Act {
    Act::Do(minute, Job::Deliver(body([alert])))
}

fn tick(minute: i64) -> Act {
    Act::Do(minute, Job::Tick)
}

/// Back after half an hour, without any proof.
fn returning() -> AlertPolicy {
    policy(AllowedTarget {
        scale_back: Some(ScaleBack {
            after: minutes(30),
            step: 1,
            every: minutes(10),
            confirm: Confirm::Resolved,
        }),
        cooldown: SignedDuration::ZERO,
        ..allowed()
    })
}

fn raises(world: &World) -> usize {
    world
        .effective
        .iter()
        .filter(|step| step.to > step.from)
        .count()
}

fn lowers(world: &World) -> usize {
    world.effective.len() - raises(world)
}

#[test]
fn two_alertmanagers_that_send_the_same_at_once_cause_one_step() {
    let same = [deliver(0, high(start()))];
    orders(
        &policy(allowed()),
        &World::new(2),
        [&same, &same],
        2,
        |world, _| {
            assert_eq!((world.effective.len(), world.replicas), (1, 3));
            let mut steps = world
                .ledger
                .workloads
                .values()
                .flat_map(|known| &known.steps);
            assert!(
                steps.all(|step| step.state == StepState::Done),
                "{:?}",
                world.ledger
            );
        },
    );
}

#[test]
fn two_alerts_at_once_cause_one_step_within_the_cooldown() {
    let (one, other) = (high(start()), alert("scale-out", "other", start()));
    let acts = [[deliver(0, one)], [deliver(0, other)]];
    orders(
        &policy(allowed()),
        &World::new(2),
        [&acts[0], &acts[1]],
        1,
        |world, crashed| {
            assert!(world.effective.len() == 1 || crashed && world.effective.is_empty());
        },
    );
}

#[test]
fn the_end_of_an_alert_beside_its_delivery_never_adds_a_step() {
    let acts = [
        [deliver(0, high(start()))],
        [deliver(1, resolved(high(start())))],
    ];
    orders(
        &policy(allowed()),
        &World::new(2),
        [&acts[0], &acts[1]],
        1,
        |world, _| {
            assert!(world.effective.len() <= 1);
        },
    );
}

#[test]
fn a_replica_that_sleeps_while_the_other_goes_there_and_back_does_not_add_a_step() {
    let policy = returning();
    let sleeper = [deliver(0, high(start()))];
    let busy = [
        deliver(0, high(start())),
        deliver(5, resolved(high(start()))),
        tick(40),
    ];
    orders(&policy, &World::new(2), [&sleeper, &busy], 1, |world, _| {
        assert_eq!(raises(world), 1, "{:?}", world.effective);
        assert!(lowers(world) <= 1);
    });
}

#[test]
fn two_timers_at_once_go_back_one_step() {
    let policy = returning();
    let mut world = World::new(2);
    for minute in [0, 1] {
        world.deliver_at(&policy, minute, high(at(minute)));
    }
    for minute in [0, 1] {
        world.deliver_at(&policy, 2, resolved(high(at(minute))));
    }
    let ticks = [tick(60)];
    orders(&policy, &world, [&ticks, &ticks], 1, |world, crashed| {
        assert!(lowers(world) == 1 || crashed && lowers(world) == 0);
        assert!(world.replicas >= 3);
    });
}

#[test]
fn a_timer_beside_a_new_alert_leaves_every_number_explained() {
    let policy = returning();
    let mut world = World::new(2);
    world.deliver_at(&policy, 0, high(start()));
    world.deliver_at(&policy, 1, resolved(high(start())));
    let acts = [[tick(60)], [deliver(60, high(at(60)))]];
    orders(&policy, &world, [&acts[0], &acts[1]], 1, |world, _| {
        // While the timer is at it, the alert waits for its next delivery.
        let mut world = world.clone();
        world.deliver_at(&policy, 62, high(at(60)));
        assert_eq!(raises(&world), 2, "{:?}", world.effective);
        assert!(lowers(&world) <= 1);
        let mut steps = world.effective.iter();
        assert!(steps.all(|step| step.from.abs_diff(step.to) == 1));
    });
}

#[test]
fn a_number_of_somebody_else_is_never_overwritten_with_an_older_one() {
    let acts = [
        vec![deliver(0, high(start()))],
        vec![Act::Hand(6), deliver(1, high(start()))],
    ];
    orders(
        &policy(allowed()),
        &World::new(2),
        [&acts[0], &acts[1]],
        1,
        |world, _| {
            assert!([6, 7].contains(&world.replicas), "{:?}", world.effective);
            assert!(world.effective.len() <= 1);
        },
    );
}
