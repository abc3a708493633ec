//! What a trigger is told of a board: a number only from a fresh sample.

use crate::world::*;
use jiff::SignedDuration;
use lag_core::{
    Board, Lag,
    recommend::{Policy, RecommendBook, RecommendRule, Step, StepPolicy, StepRules},
    trigger::{NoNumber, NoNumberKind, Trigger},
};

const I: &str = "alikafka_pre-cn-a";

fn value(trigger: &Trigger, board: &Board) -> Result<f64, NoNumber> {
    trigger.value(board, at(0), MAX_AGE)
}

fn refusal(trigger: &Trigger, board: &Board) -> (NoNumberKind, String) {
    let error = value(trigger, board).unwrap_err();
    (error.kind(), error.to_string())
}

#[test]
fn a_fresh_lag_is_the_value_and_a_true_zero_too() {
    for lag in [182_345.0, 0.0, 0.5] {
        let board = answered(&watching(&[I]), I, Some(sample(-120, lag)));
        assert_eq!(value(&trigger(&[]), &board), Ok(lag));
    }
}

#[test]
fn a_stale_lag_is_no_value_and_says_how_old_it_is_and_why() {
    let board = answered(&watching(&[I]), I, Some(sample(-301, 7.0)));
    let (kind, text) = refusal(&trigger(&[]), &board);
    assert_eq!(kind, NoNumberKind::Unavailable);
    assert_eq!(
        text,
        "the last lag of alikafka_pre-cn-a/orders is 301 s old, older than the 300 s up to which it is a number: collections work and bring nothing newer, so the cloud publishes late or has stopped; wait, or see the group at /api/v1/lag of the exporter"
    );
    let (_, text) = refusal(&trigger(&[]), &failed(&board, I));
    let end = "the last collection failed, DescribeMetricList was refused: too many requests";
    assert!(text.ends_with(end), "{text}");
}

#[test]
fn a_trigger_may_shorten_the_age_and_not_lengthen_it() {
    let board = answered(&watching(&[I]), I, Some(sample(-200, 7.0)));
    let (kind, text) = refusal(&trigger(&[("maxAgeSeconds", "199")]), &board);
    assert_eq!(kind, NoNumberKind::Unavailable);
    assert!(text.contains("200 s old, older than the 199 s"), "{text}");
    let board = answered(&watching(&[I]), I, Some(sample(-301, 7.0)));
    let (_, text) = refusal(&trigger(&[("maxAgeSeconds", "3600")]), &board);
    assert!(text.contains("older than the 300 s"), "{text}");
}

#[test]
fn an_unknown_group_is_no_value() {
    let (kind, text) = refusal(&trigger(&[]), &answered(&watching(&[I]), I, None));
    assert_eq!(kind, NoNumberKind::Unknown);
    assert!(text.contains("check consumerGroup and topic"), "{text}");
}

#[test]
fn a_lag_that_no_autoscaler_can_hold_is_no_value() {
    let board = |lag| answered(&watching(&[I]), I, Some(sample(-60, lag)));
    for lag in [9.2e15, 9_223_372_036_854_774.0] {
        assert_eq!(value(&trigger(&[]), &board(lag)), Ok(lag));
    }
    for lag in [9_223_372_036_854_776.0, 9.3e15, 1e300, f64::MAX] {
        let (kind, text) = refusal(&trigger(&[]), &board(lag));
        assert_eq!(kind, NoNumberKind::Unavailable);
        assert!(text.contains("9.22e15 is the most"), "{text}");
    }
}

#[test]
fn a_topic_that_nobody_collects_is_said_to_be_that() {
    let board = answered(&watching(&[I]), I, Some(sample(-60, 1.0)));
    let error = value(&trigger(&[("topic", "created")]), &board).unwrap_err();
    let told = error.clone().without_topics();
    assert_eq!(told.kind(), NoNumberKind::Unknown);
    assert!(told.to_string().contains("--collect.topics"), "{told}");
    assert!(!error.to_string().contains("--collect.topics"), "{error}");
    let unknown = answered(&watching(&[I]), I, None);
    let total = value(&trigger(&[]), &unknown).unwrap_err();
    assert_eq!(total.clone().without_topics(), total);
}

#[test]
fn nothing_is_absent_and_nobody_else_is_blamed_when_nobody_asks_the_cloud() {
    let asks = "nobody has asked CloudMonitor since ";
    let what =
        ": see the log of the exporter (a replica that does not lead, or a collection that hangs)";
    let later = |seconds: i64| at(seconds + 300);
    for (board, head) in [
        (
            answered(&watching(&[I]), I, None),
            "no lag of alikafka_pre-cn-a/orders: ",
        ),
        (
            answered(&watching(&[I]), I, Some(sample(-1, 7.0))),
            "older than the 300 s up to which it is a number: ",
        ),
        (watching(&[I]), "no collection has worked since "),
    ] {
        let error = |now| {
            trigger(&[])
                .value(&board, now, MAX_AGE)
                .map_err(|error| (error.kind(), error.to_string()))
        };
        if let Err((_, early)) = error(at(0)) {
            assert!(!early.contains(asks), "{early}");
        }
        let (kind, text) = error(later(60)).unwrap_err();
        assert_eq!(kind, NoNumberKind::Unavailable);
        for part in [head, asks, what] {
            assert!(text.contains(part), "{text}");
        }
    }
    // A failure says more, and may be why nobody asks.
    let failed = failed(&answered(&watching(&[I]), I, None), I);
    let error = trigger(&[]).value(&failed, later(60), MAX_AGE).unwrap_err();
    assert_eq!(error.kind(), NoNumberKind::Unavailable);
    let text = error.to_string();
    assert!(
        text.contains("too many requests; not asked again since "),
        "{text}"
    );
}

#[test]
fn nothing_is_unknown_before_the_first_collection_has_worked() {
    let (kind, text) = refusal(&trigger(&[]), &watching(&[I]));
    assert_eq!(kind, NoNumberKind::Unavailable);
    assert!(
        text.ends_with("none has ended yet; wait for the first, or see the exporter's log"),
        "{text}"
    );
    let (kind, text) = refusal(&trigger(&[]), &failed(&watching(&[I]), I));
    assert_eq!(kind, NoNumberKind::Unavailable);
    assert!(text.ends_with("too many requests"), "{text}");
}

#[test]
fn the_instance_may_be_left_out_where_there_is_only_one() {
    let named = trigger(&[("instanceId", I)]);
    for trigger in [&trigger(&[]), &named] {
        assert_eq!(trigger.key(&watching(&[I])), Ok(key(I, "orders")));
    }
    let many = ["a", "b", "c", "d", "e", "f", "g"];
    let (kind, text) = refusal(&trigger(&[]), &watching(&many));
    assert_eq!(kind, NoNumberKind::Invalid);
    assert_eq!(
        text,
        "metadata key instanceId is missing and 7 instances are watched: write one of a, b, c, d, e and 2 more"
    );
    let (kind, text) = refusal(&named, &watching(&["a", "b"]));
    assert_eq!(kind, NoNumberKind::Unknown);
    assert_eq!(
        text,
        "instance \"alikafka_pre-cn-a\" is not watched: correct instanceId to one of a, b, or let the exporter watch it"
    );
    let (kind, text) = refusal(&trigger(&[]), &Board::default());
    assert_eq!(kind, NoNumberKind::Unknown);
    assert!(text.contains("one of none"), "{text}");
}

fn book() -> RecommendBook {
    let step = Step {
        above: Lag::try_from(100_000.0).unwrap(),
        add: 1,
    };
    let rules = StepRules {
        base: 2,
        max: 5,
        steps: vec![step],
        back_at: Lag::try_from(50_000.0).unwrap(),
        sustained_for: SignedDuration::ZERO,
        partitions: None,
    };
    let rule = RecommendRule {
        groups: vec!["exact:orders".parse().unwrap()],
        instances: vec![],
        policy: Policy::Steps(StepPolicy::try_from(rules).unwrap()),
        workload: None,
    };
    RecommendBook { rules: vec![rule] }
}

#[test]
fn recommended_replicas_come_from_the_advice_or_not_at_all() {
    let replicas = [
        ("consumerGroup", "orders"),
        ("metric", "recommendedReplicas"),
    ];
    let trigger = parse(&replicas).unwrap();
    let advised = |age: i64, lag: f64| {
        let board = answered(&watching(&[I]), I, Some(sample(-age, lag)));
        let running = |_: &_| None;
        board.recommending(&book(), at(0), MAX_AGE, running)
    };
    assert_eq!(value(&trigger, &advised(60, 120_000.0)), Ok(3.0));
    assert_eq!(value(&trigger, &advised(60, 0.0)), Ok(2.0));
    let (kind, text) = refusal(&trigger, &advised(60, 70_000.0));
    assert_eq!(kind, NoNumberKind::Unavailable);
    assert!(text.contains("between two steps"), "{text}");
    let (kind, _) = refusal(&trigger, &advised(301, 120_000.0));
    assert_eq!(kind, NoNumberKind::Unavailable);
    let without = answered(&watching(&[I]), I, Some(sample(-60, 1.0)));
    let (kind, text) = refusal(&trigger, &without);
    assert_eq!(kind, NoNumberKind::Unknown);
    assert!(
        text.starts_with("no policy recommends replicas for"),
        "{text}"
    );
}
