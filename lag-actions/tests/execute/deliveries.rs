//! Who is told what, and what is left in the outbox.

use crate::{
    ports::{Call, DOWN, End},
    world::{ABOVE, OK, World, news},
};
use lag_actions::{Delivery, note_lost_state};
use lag_core::{Event, News, port::PortErrorKind};

/// How many dropped notes each message has told of, in the last run.
fn dropped(world: &World) -> Vec<(String, u64)> {
    let told = |call| match call {
        Call::Tell { who, dropped, .. } => Some((who, dropped)),
        _ => None,
    };
    world.journal().into_iter().filter_map(told).collect()
}

#[test]
fn who_was_told_is_saved_after_each_notifier() {
    let mut world = World::new();
    world.robots = vec!["duty", "team"];
    world.run(&[("g", ABOVE)]).unwrap();
    let words = world.words();
    assert_eq!(
        words[3..9],
        ["save", "lock", "tell duty", "save", "lock", "tell team"]
    );
    let (saved, _) = world.saved_before("tell team");
    let sent_to: Vec<_> = saved.outbox[0].sent_to.iter().collect();
    assert_eq!(sent_to, ["duty"]);
    assert_eq!(words[9], "save");
    assert!(world.saved().outbox.is_empty());
}

#[test]
fn one_failing_notifier_gets_all_of_it_later_and_the_other_is_not_told_twice() {
    let mut world = World::new();
    world.robots = vec!["duty", "team"];
    world.fails(DOWN, |call| call.word() == "tell duty");
    let ended = world.run(&[("g", ABOVE)]).unwrap();
    assert!(ended.has_failed());
    let [duty, team] = &ended.deliveries[..] else {
        panic!("{ended:?}");
    };
    assert_eq!(
        duty.result.as_ref().unwrap_err().kind,
        PortErrorKind::Unavailable
    );
    let expected = Delivery {
        notifier: "team".to_owned(),
        notes: 1,
        result: Ok(()),
    };
    assert_eq!(*team, expected);
    world.run(&[("g", ABOVE)]).unwrap();
    assert_eq!(world.received("duty"), []);
    let ended = world.repaired().run(&[("g", OK)]).unwrap();
    let counts: Vec<_> = ended.deliveries.iter().map(|one| one.notes).collect();
    assert_eq!(counts, [3, 1]);
    let facts = |who| {
        let notes = world.received(who);
        let facts = notes.into_iter().map(|note| (note.at, note.event));
        facts.collect::<Vec<_>>()
    };
    assert_eq!(facts("duty"), facts("team"));
    assert!(world.saved().outbox.is_empty());
}

#[test]
fn without_notifiers_the_outbox_is_emptied() {
    let mut world = World::new();
    world.robots.clear();
    world.run(&[("g", ABOVE)]).unwrap();
    let (saved, _) = world.saved_before("restart cust");
    assert!(saved.outbox.is_empty(), "nothing came of it yet");
    assert!(world.saved().outbox.is_empty());
    assert_eq!(
        world.words()[3..5],
        ["save", "save"],
        "with the note, and without"
    );
}

#[test]
fn a_notifier_that_has_left_the_configuration_holds_nothing_up() {
    let mut world = World::new();
    world.robots = vec!["duty", "old"];
    world.fails(DOWN, |call| call.word() == "tell old");
    world.run(&[("g", ABOVE)]).unwrap();
    assert_eq!(world.saved().outbox.len(), 1);
    world.robots = vec!["duty"];
    world.run_now(&[("g", ABOVE)]).unwrap().unwrap();
    assert_eq!(world.words(), ["save"], "nobody is told again");
    assert!(world.saved().outbox.is_empty());
}

#[test]
fn a_notifier_that_is_new_in_the_configuration_gets_what_is_still_there() {
    let mut world = World::new();
    world.fails(DOWN, |call| call.word() == "tell duty");
    world.run(&[("g", ABOVE)]).unwrap();
    world.robots = vec!["duty", "new"];
    world.run_now(&[("g", ABOVE)]).unwrap().unwrap();
    assert_eq!(world.received("new").len(), 1);
}

#[test]
fn dropped_notes_are_told_of_once() {
    let mut world = World::new();
    world.outside.get().saved.dropped_notes = 7;
    world.run(&[("g", ABOVE)]).unwrap();
    assert_eq!(dropped(&world), [("duty".to_owned(), 7)]);
    world.run(&[("g", ABOVE)]).unwrap();
    assert_eq!(dropped(&world), [("duty".to_owned(), 0)]);
}

#[test]
fn a_notifier_is_not_told_of_dropped_notes_that_only_another_one_lacks() {
    let mut world = World::new();
    world.robots = vec!["down", "duty"];
    world.fails(DOWN, |call| call.word() == "tell down");
    world.run(&[("g", ABOVE)]).unwrap();
    world.outside.get().saved.dropped_notes = 7;
    world.run(&[("g", ABOVE)]).unwrap();
    let told = [("down".to_owned(), 7), ("duty".to_owned(), 0)];
    assert_eq!(dropped(&world), told);
    world.repaired().run(&[("g", OK)]).unwrap();
    assert_eq!(dropped(&world), told);
    assert_eq!(world.saved().dropped_notes, 0);
}

#[test]
fn a_lock_that_is_lost_before_a_message_sends_none_and_the_next_run_does() {
    let mut world = World::new();
    world.robots = vec!["duty", "team"];
    let mut is_settled = false;
    world.script(move |call, _| {
        is_settled |= matches!(call, Call::Save(state) if !state.outbox.is_empty());
        match call {
            Call::Lock if is_settled => End::Fails(PortErrorKind::Busy),
            _ => End::Well,
        }
    });
    world.run(&[("g", ABOVE)]).unwrap_err();
    assert_eq!(
        world.words(),
        ["save", "lock", "restart cust", "save", "lock"]
    );
    world.repaired().run_now(&[("g", ABOVE)]).unwrap().unwrap();
    for who in ["duty", "team"] {
        let told = world.received(who);
        assert!(matches!(news(&told[0]), News::Stage { .. }));
        assert_eq!(told.len(), 1, "{who}");
    }
}

#[test]
fn a_lost_state_is_told_once() {
    let mut world = World::new();
    let now = world.now;
    note_lost_state(&mut world.outside.get().saved, "/state.json.bad", now);
    world.run(&[("g", OK)]).unwrap();
    world.run(&[("g", OK)]).unwrap();
    let told = world.received("duty");
    assert!(matches!(&told[..], [note]
        if matches!(&note.event, Event::StateLost { moved_to } if moved_to == "/state.json.bad")));
}
