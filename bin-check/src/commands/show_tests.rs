use super::*;
use lag_core::{
    Instance, Lag, LagSample, LagSnapshot, SeriesName, Trend,
    port::{Collected, Failure},
};
use proptest::prelude::*;
use std::collections::BTreeMap;

const NOW: &str = "2026-01-15T08:30:00Z";
/// A lag that appears nowhere else: neither in a time nor in a name.
const OLD_LAG: f64 = 987_654_321.0;

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn series(name: &str) -> SeriesName {
    SeriesName {
        group: name.parse().unwrap(),
        topic: None,
    }
}

fn sample(lag: f64, seconds_ago: i64) -> LagSample {
    let at = now() - SignedDuration::from_secs(seconds_ago);
    let point = |at: Timestamp, lag: f64| (at.as_millisecond(), Lag::try_from(lag).unwrap());
    let before = at - SignedDuration::from_mins(1);
    LagSample {
        at,
        lag: Lag::try_from(lag).unwrap(),
        trend: Trend::fit(&[point(before, lag + 60.0), point(at, lag)]),
    }
}

fn view() -> View {
    View {
        output: Output::Text,
        order: Listing::Trouble,
        top: usize::MAX,
        max_age: SignedDuration::from_mins(5),
    }
}

fn instance(id: &str, expected: &[&str]) -> Instance {
    Instance {
        id: id.parse().unwrap(),
        region: "cn-hangzhou".into(),
        expected: expected.iter().map(|name| series(name)).collect(),
    }
}

fn collected(
    board: &Board,
    answers: &[(&str, Vec<(SeriesName, LagSample)>)],
    failed: &[&str],
) -> Board {
    let mut snapshot = LagSnapshot::empty(now());
    for (id, samples) in answers {
        let mut samples = samples.clone();
        samples.sort_by(|a, b| a.0.cmp(&b.0));
        snapshot.instances.insert(id.parse().unwrap(), samples);
    }
    let failure = Failure {
        kind: "forbidden",
        detail: "not permitted; grant it".into(),
    };
    let failed = failed
        .iter()
        .map(|id| (id.parse().unwrap(), failure.clone()));
    let collected = Collected {
        snapshot,
        failed: failed.collect::<BTreeMap<_, _>>(),
    };
    board.collected(
        "s",
        collected,
        Duration::ZERO,
        SignedDuration::from_hours(1),
    )
}

/// A board with every kind of reading on two instances and a third that fails.
fn board() -> Board {
    let instances = [
        instance("alikafka_pre-cn-0000000001", &["missing"]),
        instance("alikafka_post-cn-0000000002", &[]),
        instance("alikafka_pre-cn-0000000003", &["unread"]),
    ];
    let board = Board::default().watching("s", instances, now());
    let first = vec![
        (
            series("订单中心_生产环境_消费组_docking_analog"),
            sample(150_001.0, 83),
        ),
        (series("caught-up"), sample(0.0, 83)),
        (series("silent-for-long"), sample(OLD_LAG, 900)),
    ];
    let second = vec![(series("half"), sample(12.5, 100))];
    collected(
        &board,
        &[
            ("alikafka_pre-cn-0000000001", first),
            ("alikafka_post-cn-0000000002", second),
        ],
        &["alikafka_pre-cn-0000000003"],
    )
}

#[test]
fn every_kind_of_reading_at_80_columns() {
    let board = board();
    let text = view().text(&board, now(), Some(80), None);
    let rows = text.split("\n\n").next().unwrap();
    for line in rows.lines() {
        assert!(line.width() <= 80, "{} columns: {line}", line.width());
    }
    insta::assert_snapshot!(text);
}

#[test]
fn a_narrow_screen_has_no_column_for_draining() {
    let text = view().text(&board(), now(), Some(60), None);
    assert!(!text.contains("DRAINS"), "{text}");
    for line in text.split("\n\n").next().unwrap().lines() {
        assert!(line.width() <= 60, "{} columns: {line}", line.width());
    }
}

#[test]
fn without_a_screen_nothing_is_cut() {
    let text = view().text(&board(), now(), None, None);
    assert!(
        text.contains("订单中心_生产环境_消费组_docking_analog"),
        "{text}"
    );
}

#[test]
fn a_screen_is_never_overfull() {
    let many = (0..500).map(|n| (series(&format!("group-{n}")), sample(f64::from(n), 90)));
    let board = Board::default().watching("s", [instance("i", &[])], now());
    let board = collected(&board, &[("i", many.collect())], &[]);
    let text = view().text(&board, now(), Some(80), Some(24));
    assert!(text.lines().count() < 24, "{text}");
    assert!(
        text.contains("more") && text.contains("group-499 "),
        "{text}"
    );
    let top = View { top: 2, ..view() };
    let text = top.text(&board, now(), None, None);
    assert!(text.contains("… and 498 more\n\n500 fresh"), "{text}");
}

#[test]
fn instances_that_fail_for_one_reason_are_one_remark() {
    let detail = |n: u32| format!("no (HTTP 403, request 0000-{n:04}): not permitted; grant it");
    assert_eq!(
        without_request(&detail(7)),
        "no (HTTP 403): not permitted; grant it"
    );
    assert_eq!(without_request("no (request A-1): x"), "no: x");
    assert_eq!(without_request("the request is odd"), "the request is odd");
    let ids: Vec<_> = (0..20).map(|n| format!("i-{n:02}")).collect();
    let instances = ids.iter().map(|id| instance(id, &[]));
    let board = Board::default().watching("s", instances, now());
    let failed = ids.iter().zip(0..).map(|(id, n)| {
        let detail = detail(n).into();
        let kind = "forbidden";
        (id.parse().unwrap(), Failure { kind, detail })
    });
    let collected = Collected {
        snapshot: LagSnapshot::empty(now()),
        failed: failed.collect::<BTreeMap<_, _>>(),
    };
    let forget = SignedDuration::from_hours(1);
    let board = board.collected("s", collected, Duration::ZERO, forget);
    assert_eq!(
        remarks(&board),
        ["i-00, i-01, i-02 and 17 more could not be read: no (HTTP 403): not permitted; grant it"]
    );
    let text = view().text(&board, now(), Some(80), Some(12));
    assert!(text.lines().count() < 12, "{text}");
}

#[test]
fn remarks_that_do_not_fit_are_counted() {
    let lines: Vec<_> = (0..9).map(|n| format!("remark {n}")).collect();
    let (text, taken) = fitting(&lines, 4, Some(80));
    assert_eq!(
        text,
        "remark 0\nremark 1\nremark 2\n… 6 more: kafka-lag doctor\n"
    );
    assert_eq!(taken, 4);
    assert_eq!(fitting(&lines, 9, Some(80)).1, 9);
    assert_eq!(fitting(&lines, usize::MAX, None).1, 9);
}

#[test]
fn groups_stay_apart_at_80_columns() {
    let names: Vec<_> = (0..5)
        .map(|n| format!("payments-production-eu-{n}-settlement-reconciliation-worker"))
        .collect();
    let ids = ["alikafka_pre-cn-0000000001", "alikafka_pre-cn-0000000002"];
    let board = Board::default().watching("s", ids.map(|id| instance(id, &[])), now());
    let samples: Vec<_> = names
        .iter()
        .map(|name| (series(name), sample(5.0, 60)))
        .collect();
    let board = collected(&board, &[(ids[0], samples), (ids[1], Vec::new())], &[]);
    let text = view().text(&board, now(), Some(80), None);
    let rows: std::collections::BTreeSet<_> = text
        .lines()
        .filter(|line| line.ends_with("fresh"))
        .map(|line| line.split_whitespace().nth(1))
        .collect();
    assert_eq!(rows.len(), 5, "{text}");
    assert!(!text.contains("DRAINS"), "{text}");
}

/// What a group can be in.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Fresh,
    Stale,
    Absent,
    Failed,
}

fn kinds() -> impl Strategy<Value = Vec<Kind>> {
    let kind = prop_oneof![
        Just(Kind::Fresh),
        Just(Kind::Stale),
        Just(Kind::Absent),
        Just(Kind::Failed)
    ];
    proptest::collection::vec(kind, 1..12)
}

/// Groups `g-0`, `g-1`, … of these kinds; those that fail are on an instance of their own.
fn board_of(kinds: &[Kind]) -> Board {
    let names = |wanted: Kind| -> Vec<String> {
        let found = kinds
            .iter()
            .enumerate()
            .filter(|(_, kind)| **kind == wanted);
        found.map(|(n, _)| format!("g-{n}")).collect()
    };
    let (absent, failed) = (names(Kind::Absent), names(Kind::Failed));
    let texts = |names: &[String]| names.iter().map(|name| series(name)).collect::<Vec<_>>();
    let mut here = instance("here", &[]);
    here.expected = texts(&absent);
    let mut there = instance("there", &[]);
    there.expected = texts(&failed);
    let board = Board::default().watching("s", [here, there], now());
    let fresh = names(Kind::Fresh)
        .into_iter()
        .map(|name| (series(&name), sample(5.0, 60)));
    let stale = names(Kind::Stale)
        .into_iter()
        .map(|name| (series(&name), sample(OLD_LAG, 600)));
    collected(
        &board,
        &[("here", fresh.chain(stale).collect())],
        &["there"],
    )
}

proptest! {
    #[test]
    fn no_rendering_shows_a_number_for_what_is_not_fresh(kinds in kinds(), width in proptest::option::of(40_usize..120)) {
        let board = board_of(&kinds);
        let text = view().text(&board, now(), width, None);
        prop_assert!(!text.contains("987"), "{}", text);
        for (n, kind) in kinds.iter().enumerate() {
            let name = format!("g-{n}");
            let line = text.lines().find(|line| line.split_whitespace().nth(1) == Some(&name));
            let line = line.unwrap_or_else(|| panic!("{name} has a row: {text}"));
            // A narrow screen has a column less.
            let has_drains = width.is_none_or(|width| width >= 68);
            let mut cells: Vec<_> = line.split_whitespace().skip(2).collect();
            if !has_drains && *kind != Kind::Fresh {
                cells.insert(1, "-");
            }
            match kind {
                Kind::Fresh => prop_assert_eq!(cells[0], "5"),
                Kind::Stale => prop_assert_eq!(&cells, &["-", "-", "-", "10m00s", "stale"]),
                Kind::Absent => prop_assert_eq!(&cells, &["-", "-", "-", "-", "absent"]),
                Kind::Failed => prop_assert_eq!(&cells, &["-", "-", "-", "-", "failed"]),
            }
        }
    }

    #[test]
    fn no_document_holds_a_number_for_what_is_not_fresh(kinds in kinds()) {
        let board = board_of(&kinds);
        let mut args = lag_runtime::args::Args::default();
        args.read.source.region = Some("cn-hangzhou".into());
        args.read.source.instance = vec!["here".into()];
        let config = Config::resolve(&args, &lag_runtime::config::File::default(), &|_| None).unwrap();
        let text = json::line(&view().document(&board, &config, now())).unwrap();
        prop_assert!(!text.contains("987"), "{}", text);
        let document: serde_json::Value = serde_json::from_str(&text).unwrap();
        let groups = document["groups"].as_array().unwrap();
        prop_assert_eq!(groups.len(), kinds.len());
        for group in groups {
            let n: usize = group["consumer_group"].as_str().unwrap()[2..].parse().unwrap();
            let is_fresh = kinds[n] == Kind::Fresh;
            for key in ["lag", "change_per_second", "drain_seconds"] {
                prop_assert_eq!(group[key].is_null(), !is_fresh, "{} of {}", key, group);
            }
            if matches!(kinds[n], Kind::Absent | Kind::Failed) {
                prop_assert!(group["timestamp"].is_null() && group["age_seconds"].is_null(), "{}", group);
            }
        }
    }
}
