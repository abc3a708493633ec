//! For any two boards.

use crate::world::*;
use lag_core::{Board, LagSample, Reading};
use proptest::prelude::*;

/// One thing that happens to a board at a minute.
#[derive(Debug, Clone)]
enum Happening {
    Answer(&'static str, Vec<(usize, i64, f64, Option<f64>)>),
    Failure(&'static str, usize),
    Advice,
}

fn instance() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just(A), Just(B)]
}

fn happening() -> impl Strategy<Value = Happening> {
    let point = (0..4_usize, 0..90_i64, any::<f64>(), any::<Option<f64>>());
    prop_oneof![
        (instance(), prop::collection::vec(point, 0..5))
            .prop_map(|(id, points)| Happening::Answer(id, points)),
        (instance(), 0..KINDS.len()).prop_map(|(id, kind)| Happening::Failure(id, kind)),
        Just(Happening::Advice),
    ]
}

const GROUPS: [(&str, Option<&str>); 4] = [
    ("orders", None),
    ("orders", Some("created")),
    ("订单\"\\", None),
    ("z", None),
];

/// A board that watches from minute 0 on, and what happened to it since, a minute each.
fn board() -> impl Strategy<Value = Board> {
    prop::collection::vec(happening(), 0..8).prop_map(|all| {
        let mut board = watching(&[A, B], 0);
        for (at, happening) in (1..).zip(all) {
            board = match happening {
                Happening::Answer(id, points) => {
                    let points = points.into_iter().map(|(group, age, lag, slope)| {
                        let (group, topic) = GROUPS[group];
                        let lag = if lag.is_finite() { lag.abs() } else { 0.0 };
                        (series(group, topic), sample(minute(at - age), lag, slope))
                    });
                    answered(&board, id, at, points.collect())
                }
                Happening::Failure(id, kind) => failed(&board, id, at, KINDS[kind]),
                Happening::Advice => advised(&board, at),
            };
        }
        board
    })
}

/// What is known of every series of the instances, fresh or not.
fn samples(board: &Board) -> Vec<(String, LagSample)> {
    let instances = board.instances();
    let all = instances.flat_map(|(id, instance)| {
        instance
            .samples()
            .map(move |(series, sample)| (format!("{id} {series:?}"), *sample))
    });
    all.collect()
}

proptest! {
    #[test]
    fn a_document_holds_every_bit_of_its_board(board in board()) {
        let standby = watching(&[A, B], 0);
        let now = 8;
        let handover = parse(&text(&board, now)).unwrap();
        prop_assert_eq!(handover.written_at, minute(now));
        // Nothing is forgotten here, however old it is.
        let forever = jiff::SignedDuration::MAX;
        let adopted = standby.adopt(&handover, &book(), minute(now), forever);
        // A source or an instance that was never tried leaves the standby as it is, which is the same.
        prop_assert_eq!(&adopted, &board);
        prop_assert_eq!(parse(&text(&adopted, now)), Ok(handover));
    }

    #[test]
    fn adopting_makes_no_number_and_makes_none_younger(a in board(), b in board(), now in -5..120_i64) {
        let adopted = told(&b, &a, now);
        let before: Vec<_> = [samples(&a), samples(&b)].concat();
        for found in samples(&adopted) {
            prop_assert!(before.contains(&found), "{:?} was in neither", found);
        }
        for row in adopted.rows(minute(now), MAX_AGE) {
            if let Reading::Fresh(fresh) = row.reading {
                let name = format!("{} {:?}", row.instance, row.series);
                let trusted = |(other, sample): &(String, LagSample)| {
                    *other == name && *sample == fresh && sample.age(minute(now)) <= MAX_AGE
                };
                prop_assert!(before.iter().any(trusted));
            }
        }
        // What was not new to the follower comes from the past of its clock.
        let own = samples(&a);
        for (name, sample) in samples(&adopted) {
            let is_own = own.contains(&(name, sample));
            prop_assert!(is_own || sample.at <= minute(now));
        }
    }

    #[test]
    fn adopting_twice_is_adopting_once(a in board(), b in board()) {
        let once = told(&b, &a, 20);
        prop_assert_eq!(told(&b, &once, 20), once);
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in ".{0,200}") {
        let _ = parse(&text);
    }
}
