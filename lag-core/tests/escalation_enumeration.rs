//! The last rule of the design: every history of six runs, with every pattern of failures, and with crashes.
#![allow(clippy::unwrap_used)]

#[expect(dead_code, reason = "made for the other tests; these need a part")]
#[path = "escalation/world.rs"]
mod world;

use jiff::Timestamp;
use lag_core::{
    Board, Effect, Event, News, Note, Opinion,
    escalate::{
        CheckRules, CheckState, Evaluation, GroupState, PolicyBook, Verdict, evaluate, settle,
    },
};
use std::{collections::BTreeMap, time::Instant};
use world::{ABOVE, BETWEEN, Cluster, MAX_AGE, OK, Seen, broken, minutes, outcomes, world};

const RUNS: usize = 6;
const READINGS: usize = 4;
const UNKNOWN: usize = 3;
const BREACH: usize = 2;

/// What can befall a run that has something to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Works,
    Fails,
    /// Ended after the first save, before anything was done.
    CrashesBefore,
    /// Ended after the number of replicas was remembered, before it was written.
    CrashesAtTheWrite,
    /// Ended when everything was done, before it was settled.
    CrashesAfter,
}

use Fate::{CrashesAfter, CrashesAtTheWrite, CrashesBefore, Fails, Works};

/// One point of the tree of histories.
#[derive(Debug, Clone)]
struct Node {
    state: CheckState,
    cluster: Cluster,
    /// How the cluster stood when the open episode began.
    began: Cluster,
}

/// Walks the tree: histories that begin in the same way share that part, because the same arguments give the same result.
struct Walk {
    policies: PolicyBook,
    targets: lag_core::TargetMap,
    opinions: BTreeMap<lag_core::GroupKey, Opinion>,
    boards: Vec<[Board; READINGS]>,
    fates: &'static [Fate],
    /// Whether a run without anything to do is walked once for all its fates, which are then the same.
    merges: bool,
}

fn at(run: usize) -> Timestamp {
    world::start() + minutes(10 * i64::try_from(run).unwrap())
}

impl Walk {
    fn new(fates: &'static [Fate], merges: bool) -> Self {
        let board = |run: usize, seen| world::board(at(run), &[("g", seen)]);
        let unknown = [Seen::Absent, Seen::Stale, Seen::Failed];
        let boards = |run: usize| {
            let unknown = board(run, unknown[run % 3]);
            [
                board(run, OK),
                board(run, BETWEEN),
                board(run, ABOVE),
                unknown,
            ]
        };
        let world = world();
        Self {
            policies: world.policies,
            targets: world.targets,
            opinions: BTreeMap::new(),
            boards: (0..RUNS).map(boards).collect(),
            fates,
            merges,
        }
    }

    fn run(&self) -> u64 {
        let cluster = world().cluster;
        let state = CheckState::default();
        let began = cluster.clone();
        self.go(
            0,
            1,
            &Node {
                state,
                cluster,
                began,
            },
        )
    }

    /// How many cases there are below this point.
    fn go(&self, run: usize, weight: u64, node: &Node) -> u64 {
        if run == RUNS {
            return weight;
        }
        let rules = CheckRules {
            policies: &self.policies,
            targets: &self.targets,
            max_age: MAX_AGE,
            hands_off: None,
        };
        let now = at(run);
        let mut cases = 0;
        for reading in 0..READINGS {
            let board = &self.boards[run][reading];
            let next = evaluate(rules, &node.state, board, &self.opinions, now).unwrap();
            judge(reading, &node.state, &next);
            let (fates, weight) = if self.merges && next.plans.is_empty() {
                let alike = u64::try_from(self.fates.len()).unwrap();
                (&self.fates[..1], weight * alike)
            } else {
                (self.fates, weight)
            };
            for fate in fates {
                let child = self.child(node, &next, *fate, now);
                cases += self.go(run + 1, weight, &child);
            }
        }
        cases
    }

    fn child(&self, node: &Node, next: &Evaluation, fate: Fate, now: Timestamp) -> Node {
        let mut child = Node {
            state: next.state.clone(),
            cluster: node.cluster.clone(),
            began: node.began.clone(),
        };
        let since = |state: &CheckState| record(state).map(|record| record.since);
        if since(&node.state) != since(&child.state) {
            child.began = node.cluster.clone();
        }
        let fails = matches!(fate, Fails | CrashesAtTheWrite);
        child.cluster.instead = fails.then(broken);
        for plan in next.plans.iter().filter(|_| fate != CrashesBefore) {
            let effects = child.cluster.act(&mut child.state, plan);
            if matches!(fate, Works | Fails) {
                let outcomes = outcomes(plan, effects, now);
                settle(&mut child.state, &self.policies, plan, &outcomes, now);
            }
        }
        harmless(&child);
        let crashes = !matches!(fate, Works | Fails);
        told(&node.state, next, &child.state, crashes);
        child
    }
}

/// Only a fresh breach acts, unknown changes nothing, no stage is skipped.
fn judge(reading: usize, before: &CheckState, next: &Evaluation) {
    if reading == UNKNOWN {
        assert_eq!(next.state, *before, "unknown changes nothing");
    }
    assert!(
        next.plans.is_empty() || reading == BREACH,
        "only a fresh breach acts"
    );
    let record = self::record(before);
    if let (Some(record), Some(after)) = (record, self::record(&next.state))
        && record.since == after.since
    {
        assert!(
            after.done.starts_with(&record.done),
            "what was done is known"
        );
    }
    let stage = record.map_or(0, |record| record.stage);
    match &next.verdicts[0].verdict {
        Verdict::Escalated { stage: begun, .. } => {
            assert_eq!(
                (reading, *begun),
                (BREACH, stage + 1),
                "no stage is skipped"
            );
            let is_open = record.is_some_and(|record| !record.pending.is_empty());
            assert!(!is_open, "the stage before is not done");
        }
        Verdict::Retried { .. } => assert_eq!(reading, BREACH),
        Verdict::Ok(_)
        | Verdict::Held { .. }
        | Verdict::Exhausted { .. }
        | Verdict::Recovered { .. }
        | Verdict::Unknown { .. } => {
            let after = self::record(&next.state);
            assert!(after.is_none_or(|after| after.stage == stage));
        }
    }
}

/// At most one restart and two more replicas in an episode, whatever failed or crashed.
fn harmless(node: &Node) {
    let (began, is) = (&node.began, &node.cluster);
    assert!(is.restarts <= began.restarts + 1, "restarted twice");
    let record = record(&node.state);
    let scales = record.map_or(1, |record| u32::from(record.stage >= 2));
    assert!(
        is.replicas <= began.replicas + 2 * scales,
        "{} replicas",
        is.replicas
    );
}

/// Every stage is told in the run in which it begins; after a crash later, but before the next one begins.
fn told(before: &CheckState, next: &Evaluation, after: &CheckState, crashes: bool) {
    let stages = |notes: &[Note]| -> Vec<u32> {
        let told = notes.iter().filter_map(|note| match &note.event {
            Event::Group { stage, news, .. } => {
                matches!(news, News::Stage { .. }).then_some(*stage)
            }
            Event::Alert { .. } | Event::StateLost { .. } => None,
        });
        told.collect()
    };
    let new = &after.outbox[before.outbox.len()..];
    if let Verdict::Escalated { stage, .. } = next.verdicts[0].verdict {
        let expected: &[u32] = if crashes { &[] } else { &[stage] };
        // A stage that only tells has told when the crash comes.
        let is_quiet = next.plans.is_empty();
        assert!(
            is_quiet || stages(new) == expected,
            "told once, in the same run"
        );
    }
    let Some(record) = record(after) else {
        return;
    };
    let count = |wanted: u32, fits: fn(&News) -> bool| {
        let of_stage = |note: &&Note| match &note.event {
            Event::Group {
                episode,
                stage,
                news,
                ..
            } => *episode == record.since && *stage == wanted && fits(news),
            Event::Alert { .. } | Event::StateLost { .. } => false,
        };
        after.outbox.iter().filter(of_stage).count()
    };
    for stage in 1..=record.stage {
        let first = count(stage, |news| matches!(news, News::Stage { .. }));
        let later = count(stage, |news| matches!(news, News::Retry { .. }));
        assert!(first <= 1, "stage {stage} is told twice");
        if stage < record.stage || record.pending.is_empty() {
            assert!(first + later >= 1, "stage {stage} is never told");
        }
    }
}

/// The record of the only group.
fn record(state: &CheckState) -> Option<&GroupState> {
    state.groups.values().next()
}

#[test]
fn over_all_histories_and_failures_of_six_runs_no_stage_is_skipped_and_nothing_is_restarted_twice()
{
    let began = Instant::now();
    let cases = Walk::new(&[Works, Fails], false).run();
    println!("{cases} histories with failures in {:?}", began.elapsed());
    assert_eq!(cases, 262_144);
}

#[test]
fn over_all_histories_with_crashes_nothing_is_done_twice_and_every_stage_is_told() {
    let began = Instant::now();
    let fates = &[Works, Fails, CrashesBefore, CrashesAtTheWrite, CrashesAfter];
    let cases = Walk::new(fates, true).run();
    println!("{cases} histories with crashes in {:?}", began.elapsed());
    assert_eq!(cases, 20_u64.pow(6));
}

#[test]
fn the_fake_cluster_restarts_once_for_a_mark_and_twice_for_two() {
    let mut world = world();
    world.crash(ABOVE, true);
    let plan = world.evaluate(&[("g", ABOVE)]).plans.remove(0);
    assert_eq!(
        world.cluster.act(&mut world.state, &plan),
        [Effect::AlreadyRestarted]
    );
    let mut other = plan;
    let mark = world.now;
    other.changes = vec![lag_core::escalate::Change::Restart {
        mark: mark + minutes(1),
    }];
    assert_eq!(
        world.cluster.act(&mut world.state, &other),
        [Effect::Restarted]
    );
}
