//! What is saved before what, and what a failure stops.

use crate::{
    ports::{Call, DOWN, End},
    world::{ABOVE, OK, PLUS_TWO, World, effects, is_settled, ladder, news, pending},
};
use lag_actions::Unreachable;
use lag_core::{
    Effect, News,
    escalate::{Action, Change},
    port::{PortError, PortErrorKind},
};

#[test]
fn the_decided_state_is_saved_before_the_first_call_of_the_scaler() {
    let mut world = World::new();
    world.run(&[("g", ABOVE)]).unwrap();
    let (saved, place) = world.saved_before("restart cust");
    assert_eq!(world.words()[..place], ["save", "lock"]);
    let decided = pending(&saved, "g");
    assert_eq!((decided.stage, decided.tries), (1, 1));
    assert_eq!(decided.change, Change::Restart { mark: world.now });
    assert_eq!(saved.workloads.len(), 1, "the change is counted");
}

#[test]
fn a_restart_carries_the_mark_that_was_saved_as_kubectl_writes_it() {
    let mut world = World::new();
    world.now = "2026-01-15T08:30:00.123456789Z".parse().unwrap();
    world.run(&[("g", ABOVE)]).unwrap();
    assert_eq!(world.deployment("cust").restarts, ["2026-01-15T08:40:00Z"]);
}

#[test]
fn what_came_of_each_plan_is_saved_before_the_next_plan_and_before_people_are_told() {
    let mut world = World::new();
    world.run(&[("g", ABOVE), ("h", ABOVE)]).unwrap();
    let (saved, _) = world.saved_before("restart other");
    assert!(is_settled(&saved, "g") && !is_settled(&saved, "h"));
    assert_eq!(saved.outbox.len(), 1);
    let (saved, _) = world.saved_before("tell duty");
    assert!(is_settled(&saved, "g") && is_settled(&saved, "h"));
    assert_eq!(saved.outbox.len(), 2);
}

#[test]
fn nothing_is_saved_when_nothing_has_changed() {
    let mut world = World::new();
    world.run(&[("g", OK)]).unwrap();
    assert!(world.words().is_empty(), "{:?}", world.words());
    world.run(&[("g", ABOVE)]).unwrap();
    world.run_now(&[("g", ABOVE)]).unwrap().unwrap();
    assert!(
        world.words().is_empty(),
        "the same sample: {:?}",
        world.words()
    );
}

#[test]
fn every_save_notes_when_it_was_made() {
    let mut world = World::new();
    world.fails(DOWN, |call| matches!(call, Call::Tell { .. }));
    world.run(&[("g", ABOVE)]).unwrap();
    world.run(&[("g", OK)]).unwrap();
    assert_eq!(world.saved().last_run, Some(world.now));
    world.repaired().run(&[("g", OK)]).unwrap();
    assert_eq!(world.words(), ["lock", "tell duty", "save"]);
    assert_eq!(world.saved().last_run, Some(world.now));
}

#[test]
fn a_state_that_cannot_be_saved_has_no_effect_at_all() {
    let mut world = World::new();
    world.fails(DOWN, |call| matches!(call, Call::Save(_)));
    let error = world.run(&[("g", ABOVE), ("h", ABOVE)]).unwrap_err();
    assert_eq!(error.to_string(), "save failed");
    assert_eq!(world.words(), ["save"]);
}

#[test]
fn an_outcome_that_cannot_be_saved_stops_the_run_and_is_found_by_the_next_one() {
    let mut world = World::new();
    world.fails(DOWN, |call| match call {
        Call::Save(state) => is_settled(state, "g"),
        _ => false,
    });
    world.run(&[("g", ABOVE), ("h", ABOVE)]).unwrap_err();
    assert_eq!(world.words(), ["save", "lock", "restart cust", "save"]);
    let next = world.repaired().run(&[("g", ABOVE), ("h", ABOVE)]);
    assert_eq!(
        effects(&next),
        [Effect::AlreadyRestarted, Effect::Restarted]
    );
    for name in ["cust", "other"] {
        assert_eq!(world.deployment(name).restarts.len(), 1, "{name}");
    }
    assert_eq!(world.received("duty").len(), 2);
}

#[test]
fn a_lost_lock_stops_the_run_before_the_next_plan_and_what_was_done_is_kept() {
    let mut world = World::new();
    let mut asked = 0;
    world.script(move |call, _| {
        asked += usize::from(*call == Call::Lock);
        match call {
            Call::Lock if asked == 2 => End::Fails(PortErrorKind::Busy),
            _ => End::Well,
        }
    });
    let error = world.run(&[("g", ABOVE), ("h", ABOVE)]).unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Busy);
    let words = world.words();
    assert_eq!(words, ["save", "lock", "restart cust", "save", "lock"]);
    assert!(is_settled(&world.saved(), "g") && !is_settled(&world.saved(), "h"));
    let next = world.repaired().run(&[("g", OK), ("h", ABOVE)]);
    assert_eq!(effects(&next), [Effect::Restarted]);
    assert_eq!(world.deployment("cust").restarts.len(), 1);
    assert_eq!(
        world.received("duty").len(),
        3,
        "two restarts, one recovery"
    );
}

#[test]
fn a_lock_that_is_lost_between_two_changes_of_a_plan_repeats_none_of_them() {
    let mut world = World::with(ladder([&[Action::Restart, PLUS_TWO, Action::Notify]]));
    let mut asked = 0;
    world.script(move |call, _| {
        asked += usize::from(*call == Call::Lock);
        match call {
            Call::Lock if asked == 2 => End::Fails(PortErrorKind::Busy),
            _ => End::Well,
        }
    });
    world.run(&[("g", ABOVE)]).unwrap_err();
    assert_eq!(world.words(), ["save", "lock", "restart cust", "lock"]);
    let next = world.repaired().run(&[("g", ABOVE)]);
    let scaled = Effect::Scaled { from: 3, to: 5 };
    assert_eq!(effects(&next), [Effect::AlreadyRestarted, scaled]);
    let cust = world.deployment("cust");
    assert_eq!((cust.restarts.len(), cust.replicas), (1, 5));
}

#[test]
fn one_failing_change_stops_neither_the_next_change_nor_the_next_plan() {
    let mut world = World::with(ladder([&[Action::Restart, PLUS_TWO, Action::Notify]]));
    world.fails(DOWN, |call| call.word() == "restart cust");
    let ended = world.run(&[("g", ABOVE), ("h", ABOVE)]);
    let failed = Effect::Failed {
        reason: "restart cust failed".to_owned(),
        last: false,
    };
    let scaled = Effect::Scaled { from: 3, to: 5 };
    let expected = [failed, scaled.clone(), Effect::Restarted, scaled];
    assert_eq!(effects(&ended), expected);
    assert!(ended.unwrap().has_failed());
    let next = world.repaired().run(&[("g", ABOVE), ("h", ABOVE)]);
    assert_eq!(effects(&next), [Effect::Restarted], "only what has failed");
    assert!(!next.unwrap().has_failed());
}

#[test]
fn after_a_minute_of_slow_changes_people_come_first_and_the_rest_is_for_the_next_run() {
    let mut world = World::new();
    world.slow = jiff::SignedDuration::from_secs(61);
    world.run(&[("g", ABOVE), ("h", ABOVE)]).unwrap();
    let words = world.words();
    assert!(words.contains(&"tell duty".to_owned()), "{words:?}");
    assert!(!words.contains(&"restart other".to_owned()), "{words:?}");
    assert!(is_settled(&world.saved(), "g"));
    assert_eq!(
        pending(&world.saved(), "h").tries,
        0,
        "what was not tried is no try"
    );
    world.run(&[("g", OK), ("h", ABOVE)]).unwrap();
    assert_eq!(world.deployment("other").restarts.len(), 1);
    assert!(is_settled(&world.saved(), "h"));
}

#[test]
fn a_cluster_that_cannot_be_reached_fails_each_change_with_its_reason_and_people_are_told() {
    let mut world = World::with(ladder([&[Action::Restart, PLUS_TWO, Action::Notify]]));
    let why = "no kubeconfig was found";
    let scaler = Unreachable(PortError::new(PortErrorKind::Invalid, why));
    let ended = world
        .run_with(&scaler, &[("g", ABOVE), ("h", ABOVE)])
        .unwrap();
    let failed = Effect::Failed {
        reason: why.to_owned(),
        last: false,
    };
    assert_eq!(effects(&ended), [(); 4].map(|()| failed.clone()));
    let told = world.received("duty");
    assert_eq!(told.len(), 2);
    for note in &told {
        assert!(matches!(news(note), News::Stage { outcomes, .. }
            if outcomes.iter().all(|outcome| outcome.effect == failed)));
    }
    let next = world.run(&[("g", ABOVE), ("h", ABOVE)]);
    assert!(effects(&next).iter().all(Effect::worked), "tried again");
}
