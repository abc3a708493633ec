//! Every short history of deliveries, with an end of the program at every point of each.

use crate::{
    oracle::{Fire, Kind, Oracle, Refire, Resolve, two_stages},
    world::{At, Job, Process, World},
};
use lag_core::alert::{AlertPolicy, Begun, Key, Payload, StepState};
use std::{collections::BTreeSet, time::Instant};

/// Where a delivery ends before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Crash {
    BeforeIntent,
    AfterIntent,
    AfterWrite,
    AfterSettle,
}

const CRASHES: [Crash; 4] = [
    Crash::BeforeIntent,
    Crash::AfterIntent,
    Crash::AfterWrite,
    Crash::AfterSettle,
];

/// Delivers and ends there; whether that point was reached.
fn ends(world: &mut World, policy: &AlertPolicy, body: &Payload, crash: Crash) -> bool {
    let mut process = Process::new(Job::Deliver(body.clone()));
    loop {
        let here = match (&process.at, crash) {
            (At::SaveIntent(Begun::Write { .. }), Crash::BeforeIntent)
            | (At::Write(_), Crash::AfterIntent)
            | (At::SaveSettled(_), Crash::AfterWrite) => true,
            (At::Answer, _) => return crash == Crash::AfterSettle && !process.came_to.is_empty(),
            _ => false,
        };
        if here {
            return true;
        }
        process.step(world, policy);
    }
}

struct Walk<'w> {
    policy: &'w AlertPolicy,
    gaps: &'w [i64],
    crashes: &'w [Crash],
    /// Whether what had no answer comes again at once.
    retries: bool,
    history: Vec<(Kind, i64, Option<Crash>)>,
    cases: u64,
}

impl Walk<'_> {
    fn go(&mut self, left: usize, world: &World, oracle: &Oracle) {
        if left == 0 {
            self.cases += 1;
            return;
        }
        for kind in [Fire, Resolve, Refire] {
            for gap in self.gaps {
                let mut oracle = oracle.clone();
                let (now, body) = oracle.deliver(kind, *gap);
                let crashes = self.crashes.iter().copied().map(Some);
                for crash in std::iter::once(None).chain(crashes) {
                    let mut after = world.clone();
                    after.now = now;
                    self.history.push((kind, *gap, crash));
                    if self.deliver(&mut after, &body, crash) {
                        self.judge(kind, world, &after, &oracle);
                        self.go(left - 1, &after, &oracle);
                    }
                    self.history.pop();
                }
            }
        }
    }

    /// Whether there is such a case: a delivery that never comes to the point is walked once.
    fn deliver(&self, world: &mut World, body: &Payload, crash: Option<Crash>) -> bool {
        let reached = crash.is_none_or(|crash| ends(world, self.policy, body, crash));
        if reached && (crash.is_none() || self.retries) {
            world.run(self.policy, &Job::Deliver(body.clone()));
        }
        reached
    }

    fn judge(&self, kind: Kind, before: &World, after: &World, oracle: &Oracle) {
        let history = &self.history;
        if kind == Resolve {
            assert_eq!(
                after.replicas, before.replicas,
                "{history:?}: resolved scales"
            );
        }
        assert!((2..=5).contains(&after.replicas), "{history:?}");
        if self.retries {
            oracle.compare(after, history);
            let known = after
                .ledger
                .workloads
                .values()
                .flat_map(|known| &known.steps);
            let made = known.filter(|step| step.state == StepState::Done).count();
            assert_eq!(
                made,
                after.effective.len(),
                "{history:?}: every step is known to be done"
            );
        }
        once(after, history);
    }
}

/// No stage of any episode has two effective steps, and no episode more than its stages.
fn once(world: &World, history: &impl std::fmt::Debug) {
    let keys: Vec<&Key> = world.effective.iter().flat_map(|step| &step.keys).collect();
    let different: BTreeSet<_> = keys.iter().collect();
    assert_eq!(different.len(), keys.len(), "{history:?}: done twice");
    assert!(keys.iter().all(|key| key.stage <= 2), "{history:?}");
    assert!(
        world.effective.iter().all(|step| step.to == step.from + 1),
        "{history:?}"
    );
}

#[expect(
    clippy::print_stdout,
    reason = "how many histories there were is part of the proof"
)]
fn walk(length: usize, gaps: &[i64], crashes: &[Crash], retries: bool) -> u64 {
    let began = Instant::now();
    let mut walk = Walk {
        policy: &two_stages(),
        gaps,
        crashes,
        retries,
        history: Vec::new(),
        cases: 0,
    };
    walk.go(length, &World::new(2), &Oracle::new());
    println!(
        "{} histories of {length} in {:?}",
        walk.cases,
        began.elapsed()
    );
    walk.cases
}

#[test]
fn over_all_histories_the_steps_are_those_that_the_policy_allows() {
    assert_eq!(walk(5, &[0, 6, 20], &[], true), 9_u64.pow(5));
}

#[test]
fn over_all_histories_with_an_end_at_any_point_and_a_retry_the_steps_are_the_same() {
    assert!(walk(4, &[0, 6], &CRASHES, true) > 20_000);
    assert!(walk(3, &[0, 6, 20], &CRASHES, true) > 5_000);
}

#[test]
fn over_all_histories_with_ends_that_nothing_retries_no_stage_is_done_twice() {
    assert!(walk(4, &[0, 6], &CRASHES, false) > 20_000);
    assert!(walk(3, &[0, 6, 20], &CRASHES, false) > 5_000);
}
