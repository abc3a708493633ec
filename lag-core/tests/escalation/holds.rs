//! Every reason to wait although a group is above its threshold.

use crate::world::{ABOVE, BETWEEN, OK, Seen, World, key, lag, minutes, world};
use lag_core::{
    LagSample, Trend,
    escalate::{CheckState, Hold, Verdict},
};

#[test]
fn a_breach_must_last_by_the_times_of_its_samples() {
    let mut world = World::with(|policy| policy.sustained_for = minutes(25));
    let first = world.run(ABOVE);
    let until = world.record().since + minutes(25);
    assert!(matches!(&first.verdicts[&key("g")],
        Verdict::Held { why: Hold::NotSustained { until: told }, stage: 0, .. } if *told == until));
    assert_eq!(world.run(ABOVE).word(), "not sustained");
    assert_eq!(world.run(ABOVE).word(), "not sustained");
    assert_eq!(world.run(ABOVE).word(), "escalated 1");
    assert_eq!(world.run(ABOVE).word(), "escalated 2", "asked once");
}

#[test]
fn a_breach_that_does_not_last_leaves_nothing_behind() {
    for (seen, word) in [(BETWEEN, "ok"), (OK, "recovered 0")] {
        let mut world = World::with(|policy| policy.sustained_for = minutes(25));
        world.run(ABOVE);
        let ran = world.run(seen);
        assert_eq!(ran.word(), word);
        assert!(ran.news.is_empty());
        assert_eq!(world.state, CheckState::default());
    }
}

#[test]
fn between_two_stages_of_a_group_lies_at_least_the_gap() {
    let mut world = World::with(|policy| policy.min_gap = minutes(25));
    assert_eq!(world.run(ABOVE).word(), "escalated 1");
    let began = world.record().stage_at.unwrap();
    let held = world.run(ABOVE);
    assert!(matches!(&held.verdicts[&key("g")],
        Verdict::Held { why: Hold::Gap { until }, .. } if *until == began + minutes(25)));
    assert_eq!(world.run(ABOVE).word(), "gap");
    assert_eq!(world.record().stage, 1);
    assert_eq!(world.record().stage_at, Some(began), "untouched");
    assert_eq!(world.run(ABOVE).word(), "escalated 2");
}

#[test]
fn a_stage_that_only_tells_waits_for_the_gap_too() {
    let mut world = World::with(|policy| policy.min_gap = minutes(15));
    world.targets.rules.clear();
    assert_eq!(world.run(ABOVE).word(), "escalated 1");
    let held = world.run(ABOVE);
    assert_eq!(held.word(), "gap");
    assert!(held.news.is_empty());
    assert_eq!(world.run(ABOVE).word(), "escalated 2");
    assert_eq!(world.run(ABOVE).word(), "gap");
    assert_eq!(world.run(ABOVE).word(), "escalated 3");
}

fn falling(world: &World, number: f64, minutes_to_recovery: f64) -> Seen {
    let per_minute = (number - 100_000.0) / minutes_to_recovery;
    let now = world.now.as_millisecond();
    let points = [(now - 60_000, lag(number + per_minute)), (now, lag(number))];
    Seen::Sample(LagSample {
        at: world.now,
        lag: lag(number),
        trend: Trend::fit(&points),
    })
}

#[test]
fn nothing_is_done_while_the_lag_drains_in_time_by_itself() {
    let mut world = World::with(|policy| policy.hold_while_draining_within = Some(minutes(30)));
    world.now += minutes(10);
    let seen = falling(&world, 200_000.0, 20.0);
    let held = world.run_now(&[("g", seen)]);
    let Verdict::Held {
        why: Hold::Draining { within },
        ..
    } = &held.verdicts[&key("g")]
    else {
        panic!("{held:?}");
    };
    assert!((within.as_secs_f64() - 1200.0).abs() < 1.0, "{within}");
    world.now += minutes(10);
    let seen = falling(&world, 190_000.0, 40.0);
    assert_eq!(
        world.run_now(&[("g", seen)]).word(),
        "escalated 1",
        "too slow"
    );
    world.now += minutes(10);
    let seen = falling(&world, 180_000.0, 10.0);
    assert_eq!(world.run_now(&[("g", seen)]).word(), "draining");
    assert_eq!(world.run(ABOVE).word(), "escalated 2", "no trend, no hold");
}

#[test]
fn with_hands_off_nothing_begins_not_even_a_stage_that_only_tells() {
    let mut world = world();
    world.hands_off = Some("the state was lost");
    for _ in 0..3 {
        let held = world.run(ABOVE);
        assert_eq!(held.word(), "hands off: the state was lost");
        assert!(held.plans.is_empty() && held.news.is_empty());
    }
    assert_eq!(world.record().stage, 0);
    world.hands_off = None;
    world.run(ABOVE);
    world.run(ABOVE);
    world.hands_off = Some("switched off");
    assert_eq!(world.run(ABOVE).word(), "hands off: switched off");
    assert_eq!(world.record().stage, 2);
    let end = world.run(OK);
    assert_eq!(end.word(), "recovered 2", "an episode may end");
    assert_eq!(end.news.len(), 1);
}

#[test]
fn with_hands_off_nothing_is_tried_again() {
    let mut world = world();
    world.crash(ABOVE, false);
    world.hands_off = Some("switched off");
    for _ in 0..9 {
        let held = world.run(ABOVE);
        assert_eq!(held.word(), "hands off: switched off");
        assert!(held.plans.is_empty());
    }
    world.hands_off = None;
    assert_eq!(world.run(ABOVE).word(), "retried 1");
    assert_eq!(world.cluster.restarts, 1);
}

#[test]
fn an_empty_ladder_does_nothing_and_says_nothing() {
    let mut world = World::with(|policy| {
        policy.stages = vec![];
        policy.remind_every = Some(minutes(1));
    });
    for _ in 0..3 {
        let ran = world.run(ABOVE);
        assert_eq!(ran.word(), "exhausted");
        assert!(ran.plans.is_empty() && ran.news.is_empty());
    }
    let end = world.run(OK);
    assert_eq!(end.word(), "recovered 0");
    assert!(end.news.is_empty());
}

#[test]
fn a_reaction_to_totals_ignores_the_topics_of_a_group() {
    use lag_core::{Board, Instance, SeriesName, escalate::CheckRules};
    let mut world = world();
    world.now += minutes(10);
    let topic = SeriesName {
        group: "g".parse().unwrap(),
        topic: Some("orders".parse().unwrap()),
    };
    let instance = Instance {
        id: "g".parse().unwrap(),
        region: "cn-hangzhou".into(),
        expected: vec![topic],
    };
    let board = Board::default().watching("main", [instance], world.now);
    let rules = CheckRules {
        policies: &world.policies,
        targets: &world.targets,
        max_age: minutes(5),
        hands_off: None,
    };
    let none = std::collections::BTreeMap::new();
    let evaluation =
        lag_core::escalate::evaluate(rules, &world.state, &board, &none, world.now).unwrap();
    assert!(evaluation.verdicts.is_empty());
}
