//! Policies for the groups of a board.

use crate::{
    drain,
    world::{at, lag, moving_sample, policy, rules, sample},
};
use jiff::{SignedDuration, Timestamp};
use lag_core::{
    Board, Dropped, GroupKey, Instance, LagSample, LagSnapshot, SeriesName, Workload, WorkloadKind,
    port::{Collected, Failure},
    recommend::{
        Advice, Policy, RecommendBook, RecommendRule, ReplicaCount, ReplicaNotes, Running, Step,
        StepRules, Why,
    },
};
use proptest::{collection::vec, option, prelude::*};
use std::{collections::BTreeMap, time::Duration};

const MAX_AGE: SignedDuration = SignedDuration::from_mins(5);
const INSTANCE: &str = "alikafka-a";

fn key(group: &str) -> GroupKey {
    GroupKey::total(INSTANCE.parse().unwrap(), group.parse().unwrap())
}

fn series(name: &str) -> SeriesName {
    let (group, topic) = name
        .split_once('/')
        .map_or((name, None), |(group, topic)| (group, Some(topic)));
    SeriesName {
        group: group.parse().unwrap(),
        topic: topic.map(|topic| topic.parse().unwrap()),
    }
}

fn workload() -> Workload {
    Workload {
        namespace: "orders".into(),
        kind: WorkloadKind::Deployment,
        name: "consumer".into(),
    }
}

fn rule(groups: &str, policy: Policy) -> RecommendRule {
    RecommendRule {
        groups: vec![groups.parse().unwrap()],
        instances: vec![],
        policy,
        workload: None,
    }
}

fn ladder(base: u32) -> Policy {
    policy(StepRules { base, ..rules() })
}

fn book(rules: impl Into<Vec<RecommendRule>>) -> RecommendBook {
    let rules = rules.into();
    RecommendBook { rules }
}

fn posts_rule() -> RecommendBook {
    book([rule("glob:*", policy(rules()))])
}

fn known(wanted: u32, ready: u32) -> Option<ReplicaCount> {
    let since = at(-60);
    let running = Running {
        replicas: ready,
        since,
    };
    Some(ReplicaCount { wanted, running })
}

fn unknown(_: &Workload) -> Option<ReplicaCount> {
    None
}

/// A board over time: what is collected, and what the policies say then.
struct Story {
    book: RecommendBook,
    board: Board,
}

impl Story {
    fn new(book: RecommendBook) -> Self {
        let instance = Instance {
            id: INSTANCE.parse().unwrap(),
            region: "cn-hangzhou".into(),
            expected: vec![series("missing")],
        };
        let board = Board::default().watching("main", [instance], at(-1));
        Self { book, board }
    }

    fn collect(&mut self, minute: i64, samples: &[(&str, LagSample)]) {
        let mut samples: Vec<_> = samples.iter().map(|(n, s)| (series(n), *s)).collect();
        samples.sort_by(|a, b| a.0.cmp(&b.0));
        let snapshot = LagSnapshot {
            taken_at: at(minute),
            instances: BTreeMap::from([(INSTANCE.parse().unwrap(), samples)]),
            earlier: BTreeMap::new(),
            received: 0,
            dropped: Dropped::default(),
        };
        let failed = BTreeMap::new();
        self.take(Collected { snapshot, failed });
    }

    fn fail(&mut self, minute: i64) {
        let failure = Failure {
            kind: "throttled",
            detail: "too many requests".into(),
        };
        self.take(Collected {
            snapshot: LagSnapshot::empty(at(minute)),
            failed: BTreeMap::from([(INSTANCE.parse().unwrap(), failure)]),
        });
    }

    fn take(&mut self, collected: Collected) {
        let forget_after = SignedDuration::from_hours(1);
        self.board = self
            .board
            .collected("main", collected, Duration::ZERO, forget_after);
    }

    fn recommend(&mut self, minute: i64, replicas: impl Fn(&Workload) -> Option<ReplicaCount>) {
        self.board = self
            .board
            .recommending(&self.book, at(minute), MAX_AGE, replicas);
    }

    /// A minute in which one group has this lag.
    fn minute(&mut self, minute: i64, lag: f64) {
        self.collect(minute, &[("g", sample(minute, lag))]);
        self.recommend(minute, unknown);
    }

    fn advice(&self, group: &str, now: Timestamp) -> Option<Advice> {
        self.board.advice(&key(group), now, MAX_AGE)
    }

    fn replicas(&self, minute: i64) -> Option<u32> {
        match self.advice("g", at(minute)).unwrap() {
            Advice::Replicas { replicas, .. } => Some(replicas),
            Advice::Silent(_) => None,
        }
    }

    fn why(&self, minute: i64) -> Why {
        self.advice("g", at(minute)).unwrap().why()
    }
}

#[test]
fn a_fresh_lag_has_a_number_with_its_sample_and_reason() {
    let mut story = Story::new(posts_rule());
    story.minute(0, 160e3);
    let said = Advice::Replicas {
        replicas: 4,
        sample: sample(0, 160e3),
        why: Why::Lag,
    };
    assert_eq!(story.advice("g", at(5)), Some(said), "exactly at the limit");
}

#[test]
fn advice_of_an_older_sample_is_not_shown() {
    let mut story = Story::new(posts_rule());
    story.minute(0, 160e3);
    story.collect(1, &[("g", sample(1, 10.0))]);
    assert_eq!(story.advice("g", at(1)), Some(Advice::Silent(Why::Unseen)));
    // The cloud also mends a minute that it has published before.
    story.minute(2, 160e3);
    story.collect(2, &[("g", sample(2, 170e3))]);
    assert_eq!(story.why(2), Why::Unseen);
    story.recommend(2, unknown);
    assert_eq!(story.replicas(2), Some(4));
}

#[test]
fn a_stale_reading_silences_the_recommendation_and_keeps_its_memory() {
    let mut story = Story::new(posts_rule());
    story.minute(0, 160e3);
    let age = SignedDuration::from_mins(6);
    assert_eq!(
        story.why(6),
        Why::Stale { age },
        "also before policies look again"
    );
    story.recommend(6, unknown);
    assert_eq!(
        story.advice("g", at(6)),
        Some(Advice::Silent(Why::Stale { age }))
    );
    story.minute(10, 120e3);
    assert_eq!(story.replicas(10), Some(4), "the last number holds");
}

#[test]
fn a_gap_in_the_data_changes_nothing_after_it() {
    let mut story = Story::new(posts_rule());
    story.minute(0, 160e3);
    for minute in 1..30 {
        story.fail(minute);
        story.recommend(minute, unknown);
        assert_eq!(story.replicas(minute).is_some(), minute <= 5, "{minute}");
    }
    story.minute(30, 75e3);
    assert_eq!(story.replicas(30), Some(3));
}

#[test]
fn a_topic_has_no_recommendation() {
    let mut story = Story::new(posts_rule());
    story.collect(0, &[("g", sample(0, 10.0)), ("g/t", sample(0, 160e3))]);
    story.recommend(0, unknown);
    let topic = GroupKey {
        topic: Some("t".parse().unwrap()),
        ..key("g")
    };
    assert_eq!(story.board.advice(&topic, at(0), MAX_AGE), None);
    assert_eq!(story.book.of(&topic), None);
    let all: Vec<_> = story.board.all_advice(at(0), MAX_AGE).collect();
    let keys: Vec<_> = all.iter().map(|(key, _)| (*key).clone()).collect();
    assert_eq!(keys, [key("g"), key("missing")]);
    assert_eq!(all[1].1, Advice::Silent(Why::Absent));
}

#[test]
fn the_first_rule_that_fits_counts_and_a_group_without_one_has_no_advice() {
    let elsewhere = RecommendRule {
        instances: vec!["prefix:other".parse().unwrap()],
        ..rule("glob:*", ladder(5))
    };
    let rules = [
        elsewhere,
        rule("prefix:a", ladder(3)),
        rule("suffix:z", ladder(1)),
    ];
    let mut story = Story::new(book(rules));
    let names = ["az", "bz", "c"].map(|name| (name, sample(0, 0.0)));
    story.collect(0, &names);
    story.recommend(0, unknown);
    let number = |group| match story.advice(group, at(0)) {
        Some(Advice::Replicas { replicas, .. }) => Some(replicas),
        Some(Advice::Silent(why)) => panic!("{why}"),
        None => None,
    };
    assert_eq!(["az", "bz", "c"].map(number), [Some(3), Some(1), None]);
}

#[test]
fn a_group_that_is_forgotten_begins_anew() {
    let mut story = Story::new(posts_rule());
    story.minute(0, 160e3);
    story.collect(90, &[]);
    story.recommend(90, unknown);
    assert_eq!(story.advice("g", at(90)), None);
    story.minute(91, 75e3);
    assert_eq!(story.why(91), Why::Undecided);
}

#[test]
fn a_start_in_the_middle_of_a_backlog_begins_with_the_number_that_is_set() {
    let named = RecommendRule {
        workload: Some(workload()),
        ..rule("glob:*", policy(rules()))
    };
    let mut story = Story::new(book([named]));
    story.minute(0, 75e3);
    assert_eq!((story.replicas(0), story.why(0)), (None, Why::NoReplicas));
    // The cluster answers after the cloud. One of the pods is just being replaced: that is no reason to scale down.
    story.recommend(0, |asked| {
        assert_eq!(*asked, workload());
        known(3, 2)
    });
    assert_eq!(story.replicas(0), Some(3));
    story.collect(1, &[("g", sample(1, 75e3))]);
    story.recommend(1, |_| known(5, 5));
    assert_eq!(
        story.replicas(1),
        Some(3),
        "what policies have said counts from then on"
    );
}

#[test]
fn a_workload_that_cannot_be_counted_is_not_scaled_down() {
    let named = RecommendRule {
        workload: Some(workload()),
        ..rule("glob:*", policy(rules()))
    };
    let mut story = Story::new(book([named]));
    for minute in 0..5 {
        story.minute(minute, 120e3);
        assert_eq!(
            (story.replicas(minute), story.why(minute)),
            (None, Why::NoReplicas)
        );
    }
    story.collect(5, &[("g", sample(5, 120e3))]);
    story.recommend(5, |_| known(4, 4));
    assert_eq!((story.replicas(5), story.why(5)), (Some(4), Why::Between));
    story.minute(6, 120e3);
    assert_eq!(story.replicas(6), Some(4), "the last number holds");
}

#[test]
fn what_needs_no_last_number_is_said_without_the_count() {
    for (lag, replicas) in [(50e3, 2), (150_001.0, 4)] {
        let named = RecommendRule {
            workload: Some(workload()),
            ..rule("glob:*", policy(rules()))
        };
        let mut story = Story::new(book([named]));
        story.minute(0, lag);
        assert_eq!(
            (story.replicas(0), story.why(0)),
            (Some(replicas), Why::Lag)
        );
    }
}

#[test]
fn the_number_to_begin_with_is_taken_when_the_first_lag_is_there() {
    let named = RecommendRule {
        workload: Some(workload()),
        ..rule("glob:*", policy(rules()))
    };
    let mut story = Story::new(book([named]));
    story.fail(0);
    story.recommend(0, |_| known(2, 2));
    // Somebody scales by hand during the outage.
    story.collect(30, &[("g", sample(30, 75e3))]);
    story.recommend(30, |_| known(4, 4));
    assert_eq!(
        story.replicas(30),
        Some(3),
        "4 less one step, not back to 2"
    );
}

#[test]
fn draining_counts_the_replicas_that_are_ready_and_holds_without_them() {
    let rule = RecommendRule {
        workload: Some(workload()),
        ..rule("glob:*", drain::policy(drain::rules()))
    };
    let mut story = Story::new(book([rule]));
    story.collect(0, &[("g", moving_sample(0, 60e3, 50.0))]);
    story.recommend(0, unknown);
    assert_eq!((story.replicas(0), story.why(0)), (None, Why::NoReplicas));
    story.recommend(0, |_| known(2, 2));
    assert_eq!(story.replicas(0), Some(4));
    story.collect(1, &[("g", moving_sample(1, 1e6, 50.0))]);
    story.recommend(1, unknown);
    assert_eq!(
        (story.replicas(1), story.why(1)),
        (Some(4), Why::NoReplicas)
    );
}

#[test]
fn without_policies_nothing_is_said_or_kept() {
    let mut story = Story::new(posts_rule());
    story.minute(0, 160e3);
    story.book = RecommendBook::default();
    story.recommend(0, unknown);
    assert_eq!(story.advice("g", at(0)), None);
    assert_eq!(story.board.all_advice(at(0), MAX_AGE).count(), 0);
}

#[test]
fn every_workload_is_counted_once() {
    let named = RecommendRule {
        workload: Some(workload()),
        ..rule("glob:*", ladder(2))
    };
    let book = book([rule("exact:x", ladder(2)), named.clone(), named]);
    assert_eq!(
        book.workloads().into_iter().collect::<Vec<_>>(),
        [&workload()]
    );
}

#[test]
fn a_count_is_known_for_a_while_and_since_it_was_first_seen() {
    let (keep, workload) = (SignedDuration::from_mins(2), workload());
    let mut notes = ReplicaNotes::default();
    assert_eq!(notes.of(&workload, at(0), keep), None);
    notes.see(&workload, (4, 3), at(0), keep);
    notes.see(&workload, (4, 3), at(2), keep);
    let count = notes.of(&workload, at(4), keep).unwrap();
    let since = |replicas, minute| Running {
        replicas,
        since: at(minute),
    };
    assert_eq!((count.wanted, count.running), (4, since(3, 0)));
    let late = at(4) + SignedDuration::from_millis(1);
    assert_eq!(notes.of(&workload, late, keep), None, "too old is unknown");

    notes.see(&workload, (4, 4), at(4), keep);
    let running =
        |notes: &ReplicaNotes, minute| notes.of(&workload, at(minute), keep).unwrap().running;
    assert_eq!(running(&notes, 4), since(4, 4));
    notes.see(&workload, (4, 4), at(9), keep);
    assert_eq!(running(&notes, 9), since(4, 9), "nobody looked in between");
    notes.lose(&workload);
    assert_eq!(notes.of(&workload, at(9), keep), None);
    notes.see(&workload, (0, 0), at(10), keep);
    assert_eq!(
        running(&notes, 10),
        since(0, 10),
        "a true zero stays visible"
    );
}

/// Minute by minute: nothing collected, a failure, or an answer in which the group may be missing or old.
#[derive(Debug, Clone)]
enum Turn {
    Nothing,
    Failure,
    Answer(Option<(i64, f64)>),
}

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let answer = option::weighted(0.8, (0_i64..9, 0.0..3e5)).prop_map(Turn::Answer);
    vec(
        prop_oneof![1 => Just(Turn::Nothing), 1 => Just(Turn::Failure), 4 => answer],
        0..20,
    )
}

proptest! {
    #[test]
    fn for_any_history_no_advice_is_given_without_a_fresh_sample(turns in turns(), looks in vec(any::<bool>(), 20), extra in 0_i64..9) {
        let steps = vec![Step { above: lag(1e5), add: 1 }, Step { above: lag(15e4), add: 2 }];
        let mut story = Story::new(book([rule("glob:*", policy(StepRules { steps, ..rules() }))]));
        for (minute, (turn, looks)) in (0..).zip(turns.into_iter().zip(looks)) {
            match turn {
                Turn::Nothing => {}
                Turn::Failure => story.fail(minute),
                Turn::Answer(None) => story.collect(minute, &[]),
                Turn::Answer(Some((age, lag))) => story.collect(minute, &[("g", sample(minute - age, lag))]),
            }
            if looks {
                story.recommend(minute, unknown);
            }
            for now in [minute, minute + extra] {
                let reading = story.board.read(&key("g"), at(now), MAX_AGE);
                match (story.advice("g", at(now)), reading) {
                    (Some(Advice::Replicas { sample, replicas, .. }), lag_core::Reading::Fresh(shown)) => {
                        prop_assert_eq!(sample, shown);
                        prop_assert!((2..=5).contains(&replicas));
                    }
                    (Some(Advice::Replicas { .. }), other) => prop_assert!(false, "a number out of {other:?}"),
                    (Some(Advice::Silent(_)) | None, _) => {}
                }
                let listed = story.board.all_advice(at(now), MAX_AGE).find(|(found, _)| **found == key("g"));
                prop_assert_eq!(listed.map(|(_, advice)| advice), story.advice("g", at(now)));
            }
        }
    }
}
