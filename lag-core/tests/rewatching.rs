//! Another configuration over a board: what stays, what goes, and what is not said of either.
#![allow(clippy::unwrap_used)]

use jiff::{SignedDuration, Timestamp, ToSpan};
use lag_core::{
    Board, GroupFilter, GroupKey, Instance, InstanceId, Keep, Lag, LagSample, LagSnapshot, Reading,
    Rewatched, SeriesName,
    port::Collected,
    recommend::{Policy, RecommendBook, RecommendRule, Step, StepPolicy, StepRules},
};
use std::{collections::BTreeMap, time::Duration};

const MAX_AGE: SignedDuration = SignedDuration::from_mins(5);
const FORGET_AFTER: SignedDuration = SignedDuration::from_hours(1);

fn start() -> Timestamp {
    "2026-01-15T08:30:00Z".parse().unwrap()
}

fn id(name: &str) -> InstanceId {
    name.parse().unwrap()
}

fn series(group: &str, topic: Option<&str>) -> SeriesName {
    SeriesName {
        group: group.parse().unwrap(),
        topic: topic.map(|topic| topic.parse().unwrap()),
    }
}

fn instance(name: &str, expected: &[&str]) -> Instance {
    Instance {
        id: id(name),
        region: "cn-hangzhou".into(),
        expected: expected.iter().map(|group| series(group, None)).collect(),
    }
}

fn source(name: &str, instances: &[(&str, Keep)]) -> Rewatched {
    let instances = instances.iter();
    Rewatched {
        name: name.to_owned(),
        instances: instances
            .map(|(name, keep)| (instance(name, &[]), *keep))
            .collect(),
        filter: GroupFilter::default(),
        topics: true,
    }
}

fn answer(instance: &str, names: &[(&str, Option<&str>)], at: Timestamp) -> Collected {
    let mut samples: Vec<_> = names
        .iter()
        .map(|(group, topic)| {
            let lag = Lag::try_from(7.0).unwrap();
            let sample = LagSample {
                at,
                lag,
                trend: None,
            };
            (series(group, *topic), sample)
        })
        .collect();
    samples.sort_by(|a, b| a.0.cmp(&b.0));
    let mut snapshot = LagSnapshot::empty(at);
    snapshot.instances.insert(id(instance), samples);
    Collected {
        snapshot,
        failed: BTreeMap::new(),
    }
}

/// Two instances of one source, each answered with two groups, one of them with a topic.
fn known() -> Board {
    let names = [("orders", None), ("orders", Some("t")), ("billing", None)];
    let both = [instance("a", &[]), instance("b", &[])];
    let board = Board::default().watching("main", both, start());
    let collect = |board: Board, name| {
        board.collected(
            "main",
            answer(name, &names, start()),
            Duration::ZERO,
            FORGET_AFTER,
        )
    };
    collect(collect(board, "a"), "b")
}

fn reading(board: &Board, instance: &str, group: &str, topic: Option<&str>) -> Reading {
    let key = GroupKey {
        instance: id(instance),
        group: group.parse().unwrap(),
        topic: topic.map(|topic| topic.parse().unwrap()),
    };
    board.read(&key, start(), MAX_AGE)
}

fn is_fresh(board: &Board, instance: &str, group: &str) -> bool {
    matches!(reading(board, instance, group, None), Reading::Fresh(_))
}

fn no_rules() -> RecommendBook {
    RecommendBook::default()
}

#[test]
fn what_stays_configured_keeps_its_samples_and_what_does_not_is_gone() {
    let next = known().rewatched([source("main", &[("a", Keep::All)])], &no_rules(), start());
    assert!(is_fresh(&next, "a", "orders") && is_fresh(&next, "a", "billing"));
    assert!(next.instance("b").is_none());
    assert!(next.instance("a").unwrap().is_up());
    assert_eq!(next.sources().len(), 1);
    assert!(next.sources().all(|(_, source)| source.attempts == 2));
}

#[test]
fn an_instance_may_move_to_another_source() {
    let moved = [
        source("main", &[("a", Keep::All)]),
        source("other", &[("b", Keep::Samples)]),
    ];
    let next = known().rewatched(moved, &no_rules(), start());
    assert!(is_fresh(&next, "b", "orders"));
}

#[test]
fn a_filter_ends_groups_at_once_but_not_expected_ones() {
    let mut filtered = source("main", &[("a", Keep::Samples)]);
    filtered.filter.include = vec!["exact:other".parse().unwrap()];
    filtered.instances[0].0.expected = vec![series("billing", None)];
    let next = known().rewatched([filtered], &no_rules(), start());
    assert!(!is_fresh(&next, "a", "orders") && is_fresh(&next, "a", "billing"));
    let rows: Vec<_> = next.rows(start(), MAX_AGE).collect();
    assert_eq!(rows.len(), 1, "{rows:?}");
}

#[test]
fn what_was_never_asked_for_is_not_absent_until_it_was_answered() {
    let asked = known().rewatched(
        [source("main", &[("a", Keep::Samples)])],
        &no_rules(),
        start(),
    );
    let missing = |board: &Board| reading(board, "a", "new", None);
    assert!(matches!(missing(&known()), Reading::Absent));
    assert_eq!(missing(&asked), Reading::Failed { since: start() });
    assert!(asked.instance("a").unwrap().is_up(), "no collection failed");
    let again = asked.rewatched([source("main", &[("a", Keep::All)])], &no_rules(), start());
    assert_eq!(missing(&again), Reading::Failed { since: start() });
    let later = answer("a", &[("orders", None)], start() + 1.minutes());
    let answered = again.collected("main", later, Duration::ZERO, FORGET_AFTER);
    assert!(matches!(missing(&answered), Reading::Absent));
}

#[test]
fn the_numbers_of_another_metric_do_not_stay() {
    let asked = |keep| known().rewatched([source("main", &[("a", keep)])], &no_rules(), start());
    let none = asked(Keep::Nothing);
    assert_eq!(
        reading(&none, "a", "orders", None),
        Reading::Failed { since: start() }
    );
    assert!(!none.instance("a").unwrap().is_up());
    let totals = asked(Keep::Totals);
    assert!(is_fresh(&totals, "a", "orders"));
    let topic = reading(&totals, "a", "orders", Some("t"));
    assert_eq!(topic, Reading::Failed { since: start() });
}

#[test]
fn a_new_source_does_not_undo_readiness_and_does_not_make_it() {
    let two = || {
        [
            source("main", &[("a", Keep::All)]),
            source("new", &[("c", Keep::Nothing)]),
        ]
    };
    assert!(known().rewatched(two(), &no_rules(), start()).is_tried());
    let untried = Board::default().watching("main", [instance("a", &[])], start());
    assert!(!untried.rewatched(two(), &no_rules(), start()).is_tried());
}

#[test]
fn advice_stays_for_groups_that_still_have_a_rule() {
    let rule = |groups: &str| {
        let rules = StepRules {
            base: 2,
            max: 5,
            steps: vec![Step {
                above: Lag::try_from(5.0).unwrap(),
                add: 1,
            }],
            back_at: Lag::ZERO,
            sustained_for: SignedDuration::ZERO,
            partitions: None,
        };
        RecommendBook {
            rules: vec![RecommendRule {
                groups: vec![groups.parse().unwrap()],
                instances: vec![],
                policy: Policy::Steps(StepPolicy::try_from(rules).unwrap()),
                workload: None,
            }],
        }
    };
    let all = rule("glob:*");
    let board = known().recommending(&all, start(), MAX_AGE, |_| None);
    assert_eq!(board.all_advice(start(), MAX_AGE).count(), 4);
    let some = rule("exact:orders");
    let same = || [source("main", &[("a", Keep::All)])];
    let next = board.rewatched(same(), &some, start());
    assert_eq!(next.all_advice(start(), MAX_AGE).count(), 1);
    let none = board.rewatched(same(), &no_rules(), start());
    assert_eq!(none.all_advice(start(), MAX_AGE).count(), 0);
}
