//! Absence never becomes a number, for random boards at random times.

use crate::common::*;
use jiff::{SignedDuration, Timestamp};
use lag_core::{Board, Reading, names};
use lag_serve::{Encoding, Format};
use proptest::prelude::*;
use std::collections::BTreeMap;
use tokio::runtime::Builder;

type Shown = BTreeMap<(String, String), String>;

/// Two instances, few names, ages around the limit; one collection may fail after the samples came.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    samples: Vec<(bool, u8, Option<u8>, i64, u32)>,
    expected: Vec<u8>,
    answered: [bool; 2],
    fails: [bool; 2],
    /// Series that each answer left out.
    dropped: [u64; 2],
}

pub(crate) fn plan() -> impl Strategy<Value = Plan> {
    let sample = (
        any::<bool>(),
        0_u8..6,
        proptest::option::of(0_u8..3),
        -120_i64..700,
        0_u32..5,
    );
    (
        proptest::collection::vec(sample, 0..20),
        proptest::collection::vec(0_u8..8, 0..4),
        any::<[bool; 2]>(),
        any::<[bool; 2]>(),
        prop_oneof![3 => Just([0, 0]), 1 => any::<[bool; 2]>().prop_map(|cut| cut.map(u64::from))],
    )
        .prop_map(|(samples, expected, answered, fails, dropped)| Plan {
            samples,
            expected,
            answered,
            fails,
            dropped,
        })
}

#[cfg(feature = "external-metrics")]
impl Plan {
    /// Whether series were left out of an answer of either instance.
    pub(crate) fn left_out(&self) -> [bool; 2] {
        [0, 1].map(|at| self.answered[at] && self.dropped[at] > 0)
    }
}

pub(crate) fn group(n: u8) -> String {
    // Some names need escaping.
    format!("g{n}{}", ["", "\"", "\\", "订"][usize::from(n % 4)])
}

pub(crate) fn board(plan: &Plan) -> Board {
    let expected: Vec<_> = plan.expected.iter().map(|n| group(*n)).collect();
    let expected: Vec<_> = expected.iter().map(String::as_str).collect();
    let mut board = Board::default().watching(
        "main",
        [watched(A, &expected), watched(B, &expected)],
        now(),
    );
    for (at, instance) in [A, B].into_iter().enumerate() {
        if plan.answered[at] {
            let mut samples = BTreeMap::new();
            for (of, name, topic, age, lag) in &plan.samples {
                let series = match topic {
                    None => total(&group(*name)),
                    Some(topic) => in_topic(&group(*name), &format!("t{topic}")),
                };
                if usize::from(*of) == at {
                    samples.insert(series, sample(*age, f64::from(*lag), Some(2.0)));
                }
            }
            let mut answer = answer(instance, samples.into_iter().collect());
            answer.snapshot.dropped.series = plan.dropped[at];
            board = collect(&board, "main", answer);
        }
        if plan.fails[at] {
            board = collect(&board, "main", failure(instance));
        }
    }
    board
}

/// Fresh totals, as the core judges them.
fn truth(board: &Board, now: Timestamp) -> Shown {
    let fresh = board.rows(now, MAX_AGE).filter_map(|row| {
        let (Reading::Fresh(sample), None) = (row.reading, &row.series.topic) else {
            return None;
        };
        let key = (row.instance.to_string(), row.series.group.to_string());
        Some((key, sample.lag.as_f64().to_string()))
    });
    fresh.collect()
}

/// The lags of an exposition, read by a parser of its own.
fn in_exposition(text: &str) -> Shown {
    let prefix = format!("{}{{instance_id=\"", names::LAG);
    let lines = text.lines().filter_map(|line| line.strip_prefix(&prefix));
    lines
        .map(|rest| {
            let (instance, rest) = rest.split_once("\",consumer_group=\"").unwrap();
            let (group, lag) = rest.rsplit_once("\"} ").unwrap();
            let group = group.replace("\\\"", "\"").replace("\\\\", "\\");
            ((instance.into(), group), lag.into())
        })
        .collect()
}

fn in_json(listing: &serde_json::Value) -> Shown {
    let groups = listing["groups"].as_array().unwrap().iter();
    let totals = groups.filter(|group| group.get("topic").is_none());
    totals
        .filter_map(|group| {
            let lag = group.get("lag")?;
            let text = |key: &str| group[key].as_str().unwrap().to_owned();
            Some((
                (text("instance_id"), text("consumer_group")),
                lag.to_string(),
            ))
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn absence_never_becomes_a_number(plan in plan(), moments in proptest::collection::vec(-400_i64..1000, 1..6)) {
        let board = board(&plan);
        let runtime = Builder::new_current_thread().build().unwrap();
        let cached = Served::new(board.clone());
        for moment in moments {
            let now = now() + SignedDuration::from_secs(moment);
            let truth = truth(&board, now);
            // Asked again and again with a clock that jumps both ways, and once only.
            cached.set_clock(now);
            let once = Served::new(board.clone());
            once.set_clock(now);
            for format in [Format::Text, Format::OpenMetrics] {
                let text = |served: &Served| {
                    let plain = served.exporter.exposition(format);
                    let packed = served.exporter.exposition_encoded(format, Encoding::Gzip);
                    let plain = steady(std::str::from_utf8(&plain).unwrap());
                    assert_eq!(steady(&gunzip(&packed)), plain);
                    plain
                };
                let shown = text(&cached);
                prop_assert_eq!(&in_exposition(&shown), &truth);
                prop_assert_eq!(shown, text(&once), "cached and uncached");
            }
            let json = runtime.block_on(cached.get("/api/v1/lag")).json();
            prop_assert_eq!(&in_json(&json), &truth);
        }
    }
}
