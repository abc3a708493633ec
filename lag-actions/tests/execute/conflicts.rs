//! Scaling: the number is known before it is written, and nobody else's is lowered.

use crate::{
    ports::{Call, DOWN, End},
    world::{ABOVE, OK, PLUS_TWO, World, effects, is_settled, ladder, pending},
};
use lag_core::{
    Effect, News, Refusal,
    escalate::{Action, Change, CheckState, EscalationPolicy},
    port::PortErrorKind,
};

fn scaling() -> World {
    World::with(ladder([&[PLUS_TWO, Action::Notify]]))
}

/// The number that is saved for `g`.
fn number(state: &CheckState) -> Option<u32> {
    match &pending(state, "g").change {
        Change::Scale { resolved, .. } => resolved.as_ref().map(|resolved| resolved.to),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_absolute_number_is_saved_before_it_is_written() {
    let mut world = scaling();
    world.run(&[("g", ABOVE)]).unwrap();
    let words = [
        "save",
        "lock",
        "read cust",
        "save",
        "lock",
        "scale cust to 5",
    ];
    assert_eq!(world.words()[..6], words);
    assert_eq!(number(&world.saved_before("read cust").0), None);
    assert_eq!(number(&world.saved_before("scale cust to 5").0), Some(5));
}

#[test]
fn a_number_that_cannot_be_saved_is_not_written() {
    let mut world = scaling();
    world.fails(DOWN, |call| match call {
        Call::Save(state) => number(state).is_some(),
        _ => false,
    });
    world.run(&[("g", ABOVE)]).unwrap_err();
    assert_eq!(world.words(), ["save", "lock", "read cust", "save"]);
    assert_eq!(world.deployment("cust").replicas, 3);
    let next = world.repaired().run(&[("g", ABOVE)]);
    assert_eq!(effects(&next), [Effect::Scaled { from: 3, to: 5 }]);
}

#[test]
fn a_lock_that_is_lost_after_the_number_was_saved_writes_nothing() {
    let mut world = scaling();
    let mut has_read = false;
    world.script(move |call, _| {
        has_read |= matches!(call, Call::Read { .. });
        match call {
            Call::Lock if has_read => End::Fails(PortErrorKind::Busy),
            _ => End::Well,
        }
    });
    world.run(&[("g", ABOVE)]).unwrap_err();
    let words = world.words();
    assert_eq!(words, ["save", "lock", "read cust", "save", "lock"]);
    assert_eq!(world.deployment("cust").replicas, 3);
}

#[test]
fn after_a_conflict_it_is_read_and_decided_again_with_the_number_that_was_saved() {
    let mut world = scaling();
    let mut is_first = true;
    world.script(move |call, cluster| {
        if matches!(call, Call::Scale { .. }) && std::mem::take(&mut is_first) {
            let cust = cluster.get_mut("cust").unwrap();
            cust.replicas = 4;
            cust.version += 1;
        }
        End::Well
    });
    let ended = world.run(&[("g", ABOVE)]);
    assert_eq!(
        effects(&ended),
        [Effect::Scaled { from: 4, to: 5 }],
        "not to 6"
    );
    let words = world.words();
    let again = ["scale cust to 5", "read cust", "lock", "scale cust to 5"];
    assert_eq!(words[5..9], again, "saved once");
}

#[test]
fn a_higher_number_that_somebody_else_has_written_meanwhile_is_not_lowered() {
    let mut world = scaling();
    world.script(|call, cluster| {
        if let Call::Scale { .. } = call {
            let cust = cluster.get_mut("cust").unwrap();
            cust.replicas = 8;
            cust.version += 1;
        }
        End::Well
    });
    let ended = world.run(&[("g", ABOVE)]);
    assert_eq!(effects(&ended), [Effect::AlreadyScaled { at: 8 }]);
    assert_eq!(world.deployment("cust").replicas, 8);
    let writes = world
        .words()
        .into_iter()
        .filter(|word| word.starts_with("scale"));
    assert_eq!(writes.count(), 1);
}

#[test]
fn the_fifth_conflict_is_a_failure_that_the_next_run_tries_again() {
    let mut world = scaling();
    world.fails(End::Fails(PortErrorKind::Conflict), |call| {
        matches!(call, Call::Scale { .. })
    });
    let ended = world.run(&[("g", ABOVE)]);
    assert!(
        matches!(&effects(&ended)[..], [Effect::Failed { reason, last: false }]
        if reason == "scale cust to 5 failed")
    );
    let count = |word: &str| world.words().iter().filter(|other| *other == word).count();
    assert_eq!((count("read cust"), count("scale cust to 5")), (5, 5));
    assert_eq!(world.received("duty").len(), 1, "people know");
    assert_eq!(number(&world.saved()), Some(5));
    let next = world.repaired().run(&[("g", ABOVE)]);
    assert_eq!(effects(&next), [Effect::Scaled { from: 3, to: 5 }]);
    assert!(is_settled(&world.saved(), "g"));
}

#[test]
fn another_failure_than_a_conflict_is_not_tried_again_in_the_same_run() {
    for word in ["read cust", "scale cust to 5"] {
        let mut world = scaling();
        world.fails(DOWN, move |call| call.word() == word);
        let ended = world.run(&[("g", ABOVE)]);
        assert!(matches!(
            &effects(&ended)[..],
            [Effect::Failed { last: false, .. }]
        ));
        let times = world.words().iter().filter(|other| *other == word).count();
        assert_eq!(times, 1, "{word}");
    }
}

#[test]
fn what_is_refused_after_reading_is_not_written() {
    let mut world = scaling();
    world
        .outside
        .get()
        .cluster
        .get_mut("cust")
        .unwrap()
        .replicas = 0;
    let ended = world.run(&[("g", ABOVE)]);
    assert_eq!(effects(&ended), [Effect::Refused(Refusal::AtZero)]);
    assert_eq!(world.words()[..4], ["save", "lock", "read cust", "save"]);
}

#[test]
fn replicas_that_somebody_else_changes_meanwhile_are_not_taken_back() {
    let mut world = World::with(EscalationPolicy {
        scale_back: true,
        ..ladder([&[PLUS_TWO, Action::Notify]])
    });
    world.run(&[("g", ABOVE)]).unwrap();
    world.script(|call, cluster| {
        if call.word() == "scale cust to 3" {
            let cust = cluster.get_mut("cust").unwrap();
            cust.replicas = 6;
            cust.version += 1;
        }
        End::Well
    });
    let ended = world.run(&[("g", OK)]);
    let refused = Effect::Refused(Refusal::ChangedSince { at: 6 });
    assert_eq!(effects(&ended), [refused]);
    assert_eq!(world.deployment("cust").replicas, 6);
    let told = world.received("duty");
    let last = told.last().map(crate::world::news);
    assert!(matches!(last, Some(News::ScaledBack { .. })), "{last:?}");
}
