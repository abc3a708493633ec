//! Events at the workload: best effort, and never in the way of people.

use crate::{
    ports::{Call, DOWN, End},
    world::{ABOVE, PLUS_TWO, World, effects, ladder},
};
use lag_core::{Effect, escalate::Action, port::PortErrorKind};

/// Events of the last run: reason, note, and whether it is a warning.
fn events(world: &World) -> Vec<(String, String, bool)> {
    let event = |call| match call {
        Call::Event {
            reason,
            note,
            is_warning,
        } => Some((reason, note, is_warning)),
        _ => None,
    };
    world.journal().into_iter().filter_map(event).collect()
}

#[test]
fn an_event_has_a_reason_in_camel_case_and_says_what_came_of_it() {
    let about = "lag 200000 of group g (alikafka-1): ";
    let say = |effects: [(&str, &str, bool); 2]| {
        effects.map(|(reason, text, is_warning)| {
            (reason.to_owned(), format!("{about}{text}"), is_warning)
        })
    };
    let mut world = World::with(ladder([&[Action::Restart, PLUS_TWO]]));
    world.run(&[("g", ABOVE)]).unwrap();
    let done = [
        ("KafkaLagRestarted", "restarted", false),
        ("KafkaLagScaled", "scaled from 3 to 5 replicas", false),
    ];
    assert_eq!(events(&world), say(done));

    let mut world = World::with(ladder([&[Action::Restart, PLUS_TWO]]));
    world
        .outside
        .get()
        .cluster
        .get_mut("cust")
        .unwrap()
        .replicas = 0;
    world.fails(DOWN, |call| call.word() == "restart cust");
    world.run(&[("g", ABOVE)]).unwrap();
    let not_done = [
        (
            "KafkaLagActionFailed",
            "failed, will be tried again: restart cust failed",
            true,
        ),
        (
            "KafkaLagRefused",
            "not changed: somebody scaled it to zero",
            true,
        ),
    ];
    assert_eq!(events(&world), say(not_done));
}

#[test]
fn what_an_earlier_run_has_done_is_recorded_as_done() {
    let mut world = World::new();
    world.fails(End::FailsAfter(PortErrorKind::Unavailable), |call| {
        call.word() == "restart cust"
    });
    world.run(&[("g", ABOVE)]).unwrap();
    world.repaired().run(&[("g", ABOVE)]).unwrap();
    assert!(matches!(&events(&world)[..], [(reason, _, false)] if reason == "KafkaLagDone"));
}

#[test]
fn an_event_that_cannot_be_written_stops_nothing() {
    let mut world = World::new();
    let refused = End::Fails(PortErrorKind::Forbidden);
    world.fails(refused, |call| matches!(call, Call::Event { .. }));
    let ended = world.run(&[("g", ABOVE), ("h", ABOVE)]).unwrap();
    assert!(!ended.has_failed());
    assert_eq!((ended.acted.len(), events(&world).len()), (2, 2));
    assert_eq!(world.received("duty").len(), 2);
}

#[test]
fn people_are_told_before_events_are_written() {
    let mut world = World::new();
    world.fails(End::Hangs, |call| matches!(call, Call::Event { .. }));
    world.now += crate::world::minutes(10);
    assert!(world.run_now(&[("g", ABOVE), ("h", ABOVE)]).is_none());
    assert_eq!(world.received("duty").len(), 2);
    assert!(world.saved().outbox.is_empty());
}

#[test]
fn an_api_server_that_does_not_answer_is_not_asked_for_the_other_events() {
    let mut world = World::new();
    world.fails(DOWN, |call| matches!(call, Call::Event { .. }));
    world.run(&[("g", ABOVE), ("h", ABOVE)]).unwrap();
    assert_eq!(events(&world).len(), 1);
}

#[test]
fn a_change_that_is_given_up_is_not_said_to_be_tried_again() {
    let mut world = World::new();
    world.policies.common.retries = 1;
    world.fails(DOWN, |call| call.word() == "restart cust");
    for last in [false, true] {
        let ended = world.run(&[("g", ABOVE)]);
        let reason = "restart cust failed".to_owned();
        assert_eq!(effects(&ended), [Effect::Failed { reason, last }]);
        assert_eq!(events(&world)[0].1.contains("given up"), last);
    }
}
