//! Pages in, samples out: the rules the first post got wrong, each as a sentence.
#![allow(clippy::unwrap_used)]

use jiff::{SignedDuration, Timestamp};
use lag_core::{
    DropReason, GroupFilter, LagSnapshot, SnapshotBuilder, SnapshotRules, Statistic, datapoint,
};
use proptest::prelude::*;

const PRE: &str = "alikafka_pre-cn-mp919o4v0001";
const POST: &str = "alikafka_post-cn-0pp1l9z8z0002";

fn now() -> Timestamp {
    "2026-01-15T08:31:00Z".parse().unwrap()
}

/// The text of `Datapoints` in a fixture.
fn page(name: &str) -> String {
    let path = format!("{}/tests/fixtures/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let reply: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    reply["body"]["Datapoints"].as_str().unwrap().to_owned()
}

fn fold(rules: &SnapshotRules, pages: &[String]) -> LagSnapshot {
    let mut builder =
        SnapshotBuilder::new(rules, [PRE.parse().unwrap(), POST.parse().unwrap()], now());
    for page in pages {
        builder.page(page).unwrap();
    }
    builder.finish()
}

/// `instance/group[/topic] -> lag`, in the order of the snapshot.
fn lags(snapshot: &LagSnapshot) -> Vec<(String, f64)> {
    let lines = snapshot.instances.iter().flat_map(|(instance, series)| {
        series.iter().map(move |(name, sample)| {
            let topic = name
                .topic
                .as_ref()
                .map_or(String::new(), |topic| format!("/{topic}"));
            (
                format!("{instance}/{}{topic}", name.group),
                sample.lag.as_f64(),
            )
        })
    });
    lines.collect()
}

fn point(seconds_ago: i64, group: &str, value: f64) -> String {
    let at = now().as_millisecond() - seconds_ago * 1000;
    format!(
        r#"{{"timestamp":{at},"instanceId":"{PRE}","consumerGroup":"{group}","Value":{value:?}}}"#
    )
}

#[test]
fn a_true_zero_stays_visible_and_is_never_replaced_by_another_statistic() {
    let snapshot = fold(&SnapshotRules::default(), &[page("list-zero-lag")]);
    assert_eq!(
        lags(&snapshot),
        [(format!("{PRE}/cust_docking_analog"), 0.0)]
    );
}

#[test]
fn the_newest_timestamp_wins_over_pages_and_instances() {
    let pages = [
        "list-page-1-next-token",
        "list-page-2-next-token",
        "list-page-3-last-no-token",
    ];
    let snapshot = fold(&SnapshotRules::default(), &pages.map(page));
    let expected = [
        (format!("{POST}/cust_docking_analog"), 99.0),
        (format!("{PRE}/cd_docking_analog"), 7.0),
        (format!("{PRE}/cust_docking_analog"), 149_000.0),
        (format!("{PRE}/orders-consumer"), 5.0),
    ];
    assert_eq!(lags(&snapshot), expected);
    assert_eq!(snapshot.received, 9);
}

#[test]
fn of_two_points_with_one_timestamp_the_larger_lag_counts() {
    let snapshot = fold(
        &SnapshotRules::default(),
        &[page("list-unordered-and-duplicates")],
    );
    assert_eq!(
        lags(&snapshot),
        [(format!("{PRE}/cust_docking_analog"), 31.0)]
    );
}

#[test]
fn without_value_the_first_statistic_that_is_present_counts() {
    let first = fold(
        &SnapshotRules::default(),
        &[page("list-statistics-without-value")],
    );
    assert_eq!(lags(&first)[0].1, 12.0);
    let rules = SnapshotRules {
        statistic: Statistic::Average,
        ..SnapshotRules::default()
    };
    assert_eq!(
        lags(&fold(&rules, &[page("list-statistics-without-value")]))[0].1,
        10.5
    );
}

#[test]
fn a_point_without_the_statistic_is_no_number() {
    let rules = SnapshotRules {
        statistic: Statistic::Maximum,
        ..SnapshotRules::default()
    };
    let snapshot = fold(&rules, &[page("list-page-1-next-token")]);
    assert_eq!(lags(&snapshot), []);
    assert_eq!(snapshot.dropped.points[&DropReason::Statistic], 4);
}

#[test]
fn an_empty_answer_holds_no_groups_rather_than_zeros() {
    let snapshot = fold(
        &SnapshotRules::default(),
        &[page("list-empty-array-string")],
    );
    assert_eq!(lags(&snapshot), []);
    assert_eq!(snapshot.instances.len(), 2);
    assert_eq!(snapshot.complete_through(), None);
}

#[test]
fn a_metric_without_consumer_groups_is_dropped_and_counted() {
    let snapshot = fold(&SnapshotRules::default(), &[page("list-disk-capacity")]);
    assert_eq!(lags(&snapshot), []);
    assert_eq!(snapshot.dropped.points[&DropReason::Group], 2);
}

#[test]
fn topics_are_series_of_their_own_beside_the_total() {
    let total = format!("[{}]", point(60, "cust_docking_analog", 150_001.0));
    let snapshot = fold(&SnapshotRules::default(), &[page("list-onetopic"), total]);
    let expected = [
        (format!("{PRE}/cd_docking_analog/orders"), 0.0),
        (format!("{PRE}/cust_docking_analog"), 150_001.0),
        (format!("{PRE}/cust_docking_analog/order-refunds"), 50_001.0),
        (format!("{PRE}/cust_docking_analog/orders"), 100_000.0),
    ];
    assert_eq!(lags(&snapshot), expected);
}

#[test]
fn a_page_that_is_cut_off_is_refused_whole() {
    let rules = SnapshotRules::default();
    let mut builder = SnapshotBuilder::new(&rules, [PRE.parse().unwrap()], now());
    builder
        .page(&format!("[{}]", point(60, "kept", 1.0)))
        .unwrap();
    let error = builder
        .page(&page("list-malformed-datapoints"))
        .unwrap_err();
    assert_eq!(error.index(), 0);
    let cut = format!("[{},{{", point(0, "kept", 2.0));
    assert_eq!(builder.page(&cut).unwrap_err().index(), 1);
    assert_eq!(lags(&builder.finish()), [(format!("{PRE}/kept"), 1.0)]);
}

#[test]
fn timestamps_in_the_future_are_not_trusted_blindly() {
    let future = format!("[{},{}]", point(-3600, "a", 9.0), point(60, "a", 1.0));
    let snapshot = fold(&SnapshotRules::default(), &[future]);
    assert_eq!(lags(&snapshot), [(format!("{PRE}/a"), 1.0)]);
    assert_eq!(snapshot.dropped.points[&DropReason::Timestamp], 1);

    let tolerant = SnapshotRules {
        future_tolerance: SignedDuration::from_mins(2),
        ..SnapshotRules::default()
    };
    let snapshot = fold(&tolerant, &[format!("[{}]", point(-90, "a", 9.0))]);
    let (_, sample) = &snapshot.instances[PRE][0];
    assert_eq!(
        sample.age(now()),
        SignedDuration::ZERO,
        "what is tolerated has no negative age"
    );
}

#[test]
fn absurd_timestamps_are_dropped_without_harm() {
    let absurd = format!(
        r#"[{{"timestamp":{},"instanceId":"{PRE}","consumerGroup":"a","Value":1}},
            {{"timestamp":{},"instanceId":"{PRE}","consumerGroup":"a","Value":1}}]"#,
        i64::MAX,
        i64::MIN
    );
    let snapshot = fold(&SnapshotRules::default(), &[absurd]);
    assert_eq!(snapshot.dropped.points[&DropReason::Timestamp], 2);
}

#[test]
fn a_negative_lag_is_dropped_and_counted() {
    let snapshot = fold(
        &SnapshotRules::default(),
        &[format!("[{}]", point(60, "a", -5.0))],
    );
    assert_eq!(lags(&snapshot), []);
    assert_eq!(snapshot.dropped.points[&DropReason::Value], 1);
}

#[test]
fn points_of_instances_that_were_not_asked_for_are_dropped() {
    let rules = SnapshotRules::default();
    let mut builder = SnapshotBuilder::new(&rules, [POST.parse().unwrap()], now());
    builder.page(&format!("[{}]", point(60, "a", 1.0))).unwrap();
    let snapshot = builder.finish();
    assert_eq!(lags(&snapshot), []);
    assert_eq!(snapshot.dropped.points[&DropReason::Instance], 1);
}

#[test]
fn series_beyond_the_limit_are_dropped_and_counted_once_each() {
    let rules = SnapshotRules {
        max_series: 1,
        ..SnapshotRules::default()
    };
    let points: Vec<_> = ["a", "b", "b", "c", "a"]
        .iter()
        .map(|g| point(60, g, 1.0))
        .collect();
    let snapshot = fold(&rules, &[format!("[{}]", points.join(","))]);
    assert_eq!(lags(&snapshot), [(format!("{PRE}/a"), 1.0)]);
    assert_eq!(snapshot.dropped.series, 2);
}

#[test]
fn a_group_that_must_be_kept_has_room_beyond_the_limit() {
    let always = ["c".parse().unwrap()].into();
    let rules = SnapshotRules {
        max_series: 1,
        always,
        ..SnapshotRules::default()
    };
    let points: Vec<_> = ["a", "b", "c"].iter().map(|g| point(60, g, 1.0)).collect();
    let snapshot = fold(&rules, &[format!("[{}]", points.join(","))]);
    let names: Vec<_> = lags(&snapshot).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, [format!("{PRE}/a"), format!("{PRE}/c")]);
    assert_eq!(snapshot.dropped.series, 1);
}

#[test]
fn an_answer_of_which_nothing_can_be_used_says_why() {
    let rules = SnapshotRules::default();
    let none = fold(
        &rules,
        &[format!(
            "[{},{}]",
            point(60, "a", -1.0),
            point(60, "b", -2.0)
        )],
    );
    assert_eq!(none.all_dropped(), Some(DropReason::Value));
    let some = fold(
        &rules,
        &[format!(
            "[{},{}]",
            point(60, "a", -1.0),
            point(60, "b", 2.0)
        )],
    );
    assert_eq!(some.all_dropped(), None);
    assert_eq!(
        fold(&rules, &["[]".to_owned()]).all_dropped(),
        None,
        "nothing came, so nothing was dropped"
    );
}

#[test]
fn groups_the_filter_does_not_want_leave_no_trace() {
    let filter = GroupFilter {
        include: vec!["suffix:_analog".parse().unwrap()],
        exclude: vec![],
    };
    let rules = SnapshotRules {
        filter,
        ..SnapshotRules::default()
    };
    let snapshot = fold(&rules, &[page("list-page-3-last-no-token")]);
    assert_eq!(
        lags(&snapshot),
        [(format!("{PRE}/cust_docking_analog"), 149_000.0)]
    );
    assert_eq!(snapshot.dropped, lag_core::Dropped::default());
}

#[test]
fn the_trend_comes_from_the_points_of_the_same_answer() {
    let points = [
        point(60, "a", 1200.0),
        point(180, "a", 0.0),
        point(120, "a", 600.0),
    ];
    let snapshot = fold(
        &SnapshotRules::default(),
        &[format!("[{}]", points.join(","))],
    );
    let (_, sample) = &snapshot.instances[PRE][0];
    assert_eq!(sample.trend.unwrap().per_second(), 10.0);
    assert_eq!(sample.trend.unwrap().drain(sample.lag), None);
}

#[test]
fn completeness_is_where_half_of_the_groups_are() {
    let points = [
        point(60, "a", 1.0),
        point(120, "b", 1.0),
        point(120, "c", 1.0),
        point(900, "d", 1.0),
    ];
    let snapshot = fold(
        &SnapshotRules::default(),
        &[format!("[{}]", points.join(","))],
    );
    assert_eq!(
        snapshot.complete_through(),
        Some(now() - SignedDuration::from_secs(120))
    );
}

#[test]
fn escaped_and_foreign_names_survive() {
    let text = format!(
        r#"[{{"timestamp":{},"instanceId":"{PRE}","consumerGroup":"\u8ba2\u5355\"_\\","Value":1,"unknown":{{"a":[1,null]}}}}]"#,
        now().as_millisecond()
    );
    let snapshot = fold(&SnapshotRules::default(), &[text]);
    assert_eq!(lags(&snapshot), [(format!("{PRE}/订单\"_\\"), 1.0)]);
}

#[test]
fn queries_of_one_collection_add_up() {
    let rules = SnapshotRules::default();
    let mut all = fold(&rules, &[page("list-page-3-last-no-token")]);
    all.absorb(fold(
        &rules,
        &[page("list-onetopic"), format!("[{}]", point(60, "z", -1.0))],
    ));
    all.absorb(LagSnapshot::empty(now()));
    let names: Vec<_> = lags(&all).into_iter().map(|(name, _)| name).collect();
    let expected = [
        "cd_docking_analog/orders",
        "cust_docking_analog",
        "cust_docking_analog/order-refunds",
        "cust_docking_analog/orders",
        "orders-consumer",
    ];
    assert_eq!(names, expected.map(|name| format!("{PRE}/{name}")));
    assert_eq!((all.series(), all.received), (5, 6));
    assert_eq!(all.dropped.points[&DropReason::Value], 1);
}

/// Points as the property tests make them: few groups, few moments, so that collisions are common.
fn any_points() -> impl Strategy<Value = Vec<(i64, usize, f64)>> {
    let value = prop_oneof![
        Just(0.0),
        (0_u32..1_000_000).prop_map(f64::from),
        Just(-1.0)
    ];
    proptest::collection::vec((-5_i64..30, 0_usize..4, value), 0..60)
}

fn pages_of(points: &[(i64, usize, f64)], length: usize) -> Vec<String> {
    let text = |(minutes, group, value): &(i64, usize, f64)| {
        point(minutes * 60, ["a", "b", "c", "d"][*group], *value)
    };
    let texts: Vec<_> = points.iter().map(text).collect();
    texts
        .chunks(length)
        .map(|page| format!("[{}]", page.join(",")))
        .collect()
}

proptest! {
    #[test]
    fn neither_the_order_of_points_nor_that_of_pages_matters(
        points in any_points(),
        seed in any::<u64>(),
        lengths in (1_usize..20, 1_usize..20),
    ) {
        let rules = SnapshotRules::default();
        let forth = fold(&rules, &pages_of(&points, lengths.0));
        let mut shuffled = points;
        let mut random = seed;
        for i in (1..shuffled.len()).rev() {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let j = usize::try_from((random >> 33) % (i as u64 + 1)).unwrap();
            shuffled.swap(i, j);
        }
        let back = fold(&rules, &pages_of(&shuffled, lengths.1));
        prop_assert_eq!(forth, back);
    }

    #[test]
    fn a_sample_is_always_one_of_the_points_and_absence_never_becomes_a_number(points in any_points()) {
        let snapshot = fold(&SnapshotRules::default(), &pages_of(&points, 7));
        for (name, sample) in &snapshot.instances[PRE] {
            let group = ["a", "b", "c", "d"].iter().position(|g| *g == name.group.as_str()).unwrap();
            let minutes = now().duration_since(sample.at).as_secs() / 60;
            prop_assert!(points.contains(&(minutes, group, sample.lag.as_f64())));
        }
        for (index, group) in ["a", "b", "c", "d"].iter().enumerate() {
            let usable = points.iter().any(|(at, g, value)| *g == index && *value >= 0.0 && *at >= 0);
            let shown = snapshot.instances[PRE].iter().any(|(name, _)| name.group.as_str() == *group);
            prop_assert_eq!(usable, shown);
        }
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in ".{0,200}") {
        let _ = datapoint::parse(&text, Statistic::First);
    }

    #[test]
    fn no_change_of_one_byte_makes_the_parser_panic(at in 0_usize..400, with in any::<u8>()) {
        let mut bytes = page("list-page-1-next-token").into_bytes();
        let at = at % bytes.len();
        bytes[at] = with;
        if let Ok(text) = String::from_utf8(bytes) {
            let _ = datapoint::parse(&text, Statistic::First);
        }
    }
}
