//! A run that ends at any of its calls, and the runs after it.

use crate::{
    ports::{Call, End},
    world::{ABOVE, BASE, OK, PLUS_TWO, World, ladder, minutes},
};
use lag_core::{
    Event, News,
    escalate::{Action, EscalationPolicy},
    port::PortErrorKind,
};
use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
};

const ROBOTS: [&str; 2] = ["duty", "team"];

/// How the one call ends that does not end well.
const ENDS: [End; 4] = [
    End::Hangs,
    End::HangsAfter,
    End::Fails(PortErrorKind::Unavailable),
    End::FailsAfter(PortErrorKind::Unavailable),
];

/// Restart, then two more replicas; taken back on recovery or not.
fn world(scale_back: bool) -> World {
    let stages: [&[Action]; 2] = [
        &[Action::Restart, Action::Notify],
        &[PLUS_TWO, Action::Notify],
    ];
    let mut world = World::with(EscalationPolicy {
        scale_back,
        ..ladder(stages)
    });
    world.robots = ROBOTS.to_vec();
    world
}

/// What has to hold over all runs.
struct Witness {
    world: World,
    /// Calls so far; the one with the number of the script is the one that ends otherwise.
    calls: Arc<AtomicU32>,
    journal: Vec<Call>,
}

impl Witness {
    fn new(scale_back: bool, number: u32, end: &End) -> Self {
        let (world, end) = (world(scale_back), end.clone());
        let calls = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&calls);
        world.script(move |_, cluster| {
            assert!(cluster["cust"].replicas <= BASE + 2);
            match counted.fetch_add(1, Relaxed) == number {
                true => end.clone(),
                false => End::Well,
            }
        });
        let journal = Vec::new();
        Self {
            world,
            calls,
            journal,
        }
    }

    /// A run; whether it came to an end.
    fn run(&mut self, lag: f64, after: i64) -> bool {
        self.world.now += minutes(after);
        let ended = self.world.run_now(&[("g", lag)]);
        self.journal.extend(self.world.journal());
        matches!(ended, Some(Ok(_)))
    }

    /// Every note that was ever saved has reached both robots.
    fn assert_told(&self, about: &str) {
        let noted = self.world.outside.get().noted.clone();
        for who in ROBOTS {
            let told = self.world.received(who);
            for note in &noted {
                let has = |told: &lag_core::Note| told.at == note.at && told.event == note.event;
                assert!(told.iter().any(has), "{about}: {who} lacks {note:?}");
            }
            let is_of = |note: &lag_core::Note, wanted: u32| matches!(&note.event, Event::Group { stage, news: News::Stage { .. }, .. } if *stage == wanted);
            for stage in [1, 2] {
                let tells = told.iter().any(|note| is_of(note, stage));
                assert!(tells, "{about}: {who} does not know of stage {stage}");
            }
        }
        assert!(self.world.saved().outbox.is_empty(), "{about}");
    }

    fn assert_restarted_once(&self, about: &str) {
        assert_eq!(self.world.deployment("cust").restarts.len(), 1, "{about}");
        let mut marks: Vec<_> = self.journal.iter().filter_map(mark).collect();
        marks.dedup();
        assert_eq!(marks.len(), 1, "{about}");
    }
}

fn mark(call: &Call) -> Option<&str> {
    match call {
        Call::Restart { mark, .. } => Some(mark),
        _ => None,
    }
}

/// Calls of the history without any trouble.
fn all_calls(scale_back: bool, lags: &[f64]) -> u32 {
    let mut witness = Witness::new(scale_back, u32::MAX, &End::Well);
    for lag in lags {
        assert!(witness.run(*lag, 10));
    }
    witness.calls.load(Relaxed)
}

/// Plays the history once for each of its calls and each end of that call: a run that does not end is followed by another
/// one, at once (with the same sample) or with the next sample.
fn for_each_trouble(scale_back: bool, lags: &[f64], check: impl Fn(&mut Witness, &str)) {
    let calls = all_calls(scale_back, lags);
    assert!(calls > 15, "{calls}");
    for number in 0..calls {
        for end in &ENDS {
            for after in [0, 10] {
                let mut witness = Witness::new(scale_back, number, end);
                for lag in lags {
                    let has_ended = witness.run(*lag, 10);
                    if !has_ended {
                        assert!(witness.run(*lag, after), "only one call ends badly");
                    }
                }
                check(
                    &mut witness,
                    &format!("call {number} {end:?}, again after {after}"),
                );
            }
        }
    }
}

#[test]
fn whichever_call_is_the_last_of_a_run_nothing_is_done_twice_and_nothing_is_left_out() {
    for_each_trouble(false, &[ABOVE, ABOVE], |witness, about| {
        // A change or a message that failed is made by a later run, before the next stage.
        while witness.world.deployment("cust").replicas < BASE + 2 {
            assert!(
                witness.run(ABOVE, 10) && witness.journal.len() < 100,
                "{about}"
            );
        }
        assert!(witness.run(ABOVE, 10), "{about}");
        witness.assert_restarted_once(about);
        assert_eq!(
            witness.world.deployment("cust").replicas,
            BASE + 2,
            "{about}"
        );
        witness.assert_told(about);
    });
}

#[test]
fn whichever_call_is_the_last_of_a_run_exactly_what_was_added_is_taken_back() {
    for_each_trouble(true, &[ABOVE, ABOVE, OK], |witness, about| {
        assert!(witness.run(OK, 10) && witness.run(OK, 10), "{about}");
        witness.assert_restarted_once(about);
        assert_eq!(witness.world.deployment("cust").replicas, BASE, "{about}");
        assert!(witness.world.saved().groups.is_empty(), "{about}");
        assert!(witness.world.saved().outbox.is_empty(), "{about}");
    });
}

#[test]
fn whichever_call_is_the_last_of_a_run_at_most_one_message_comes_twice() {
    for_each_trouble(false, &[ABOVE, ABOVE], |witness, about| {
        let repeated = |who| {
            let notes = witness.world.received(who);
            let facts = notes
                .iter()
                .map(|note| format!("{:?}", (note.at, &note.event)));
            notes.len() - facts.collect::<BTreeSet<_>>().len()
        };
        let repeated: usize = ROBOTS.into_iter().map(repeated).sum();
        assert!(repeated <= 1, "{about}: {repeated}");
    });
}
