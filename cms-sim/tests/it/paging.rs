//! Pages, tokens, orders and metrics.

use cms_sim::{PointOrder, Scenario, SimConfig, Simulator};
use serde_json::Value;

use crate::client::{Caller, INSTANCE, config, fixture, now, start};

const WINDOW: [(&str, &str); 2] = [
    ("StartTime", "2026-01-15T08:23:00Z"),
    ("EndTime", "2026-01-15T08:28:00Z"),
];

fn seven_groups() -> SimConfig {
    (0..7).fold(config(), |config, number| {
        config.group(INSTANCE, format!("g{number}"), Scenario::constant(number))
    })
}

async fn seven() -> (Simulator, Caller) {
    start(seven_groups()).await
}

fn key(point: &Value) -> (i64, String) {
    (
        point["timestamp"].as_i64().unwrap(),
        point["consumerGroup"].as_str().unwrap().to_owned(),
    )
}

#[tokio::test]
async fn pages_hold_every_point_once_minute_by_minute() {
    let (_simulator, caller) = seven().await;
    let mut with_length = WINDOW.to_vec();
    with_length.push(("Length", "10"));
    let pages = caller.pages(&with_length).await;
    assert_eq!(
        pages.iter().map(Vec::len).collect::<Vec<_>>(),
        [10, 10, 10, 5]
    );
    let keys: Vec<_> = pages.iter().flatten().map(key).collect();
    assert!(keys.is_sorted());
    assert_eq!(keys.len(), 35);
}

#[tokio::test]
async fn group_major_order_serves_one_group_after_the_other() {
    let (_simulator, caller) = start(seven_groups().order(PointOrder::GroupMajor)).await;
    let mut with_length = WINDOW.to_vec();
    with_length.push(("Length", "4"));
    let keys: Vec<_> = caller
        .pages(&with_length)
        .await
        .iter()
        .flatten()
        .map(key)
        .collect();
    let swapped: Vec<_> = keys
        .iter()
        .map(|(time, group)| (group.clone(), *time))
        .collect();
    assert!(swapped.is_sorted());
    assert_eq!(keys.len(), 35);
}

#[tokio::test]
async fn a_token_is_opaque_and_carries_the_timestamp_of_the_next_point() {
    let (_simulator, caller) = seven().await;
    let mut with_length = WINDOW.to_vec();
    with_length.push(("Length", "7"));
    let token = caller.lag(&with_length).await.token().unwrap();
    let second_minute = "1768465500000";
    assert!(token.starts_with(second_minute), "{token}");
}

#[tokio::test]
async fn the_other_parameters_must_be_repeated_unchanged() {
    let (_simulator, caller) = seven().await;
    let first = [WINDOW[0], WINDOW[1], ("Length", "10"), ("Period", "60")];
    let token = caller.lag(&first).await.token().unwrap();
    let next = ("NextToken", token.as_str());
    for changed in [
        ("Length", "11"),
        ("Period", "300"),
        ("EndTime", "2026-01-15T08:29:00Z"),
        ("Dimensions", "{}"),
    ] {
        let mut second: Vec<_> = first
            .iter()
            .filter(|known| known.0 != changed.0)
            .copied()
            .collect();
        second.extend([changed, next]);
        let seen = caller.lag(&second).await;
        assert_eq!(seen.code(), "InvalidParameter", "{}", changed.0);
        assert!(seen.body().contains("NextToken"), "{}", seen.body());
    }
    let mut second = first.to_vec();
    second.push(("NextToken", "made-up"));
    assert_eq!(caller.lag(&second).await.code(), "InvalidParameter");
    second[4] = next;
    assert_eq!(caller.lag(&second).await.points().len(), 10);
}

#[tokio::test]
async fn later_pages_show_the_same_window_and_publication_state_although_time_goes_on() {
    let (simulator, caller) = seven().await;
    for (start, points) in [("2026-01-15T08:23:00Z", 35), ("", 7 * 58)] {
        let query = [("StartTime", start), ("Length", "30")];
        let mut found = caller.lag(&query).await;
        let mut count = found.points().len();
        simulator.set_now(now() + jiff::SignedDuration::from_mins(3));
        while let Some(token) = found.token() {
            found = caller
                .lag(&[query[0], query[1], ("NextToken", &token)])
                .await;
            count += found.points().len();
        }
        assert_eq!(count, points);
        simulator.set_now(now());
    }
}

#[tokio::test]
async fn the_default_length_is_1000_and_1440_the_most() {
    let config = (0..30).fold(config(), |config, number| {
        config.group(INSTANCE, format!("g{number:02}"), Scenario::Zero)
    });
    let (_simulator, caller) = start(config).await;
    assert_eq!(caller.lag(&[]).await.points().len(), 1000);
    assert_eq!(caller.lag(&[("Length", "1440")]).await.points().len(), 1440);
    for length in ["0", "1441", "-1", "many"] {
        assert_eq!(
            caller.lag(&[("Length", length)]).await.code(),
            "InvalidParameter",
            "{length}"
        );
    }
}

#[tokio::test]
async fn dimensions_are_an_object_an_array_or_everything() {
    let other = "alikafka_post-cn-sim00000002";
    let (_simulator, caller) = start(seven_groups().group(other, "other", Scenario::Zero)).await;
    let both = format!(r#"[{{"instanceId":"{INSTANCE}"}},{{"instanceId":"{other}"}}]"#);
    let one = format!(r#"{{"instanceId":"{INSTANCE}","consumerGroup":"g3"}}"#);
    for (dimensions, groups) in [
        (both.as_str(), 8),
        ("{}", 8),
        (one.as_str(), 1),
        (r#"{"instanceId":"x"}"#, 0),
    ] {
        let points = caller
            .lag(&[WINDOW[0], WINDOW[1], ("Dimensions", dimensions)])
            .await
            .points();
        assert_eq!(points.len(), groups * 5, "{dimensions}");
    }
}

/// The same keys with values of the same JSON type.
fn assert_same_shape(ours: &Value, theirs: &Value) {
    let kinds = |value: &Value| -> Vec<(String, std::mem::Discriminant<Value>)> {
        let fields = value.as_object().unwrap().iter();
        fields
            .map(|(key, field)| (key.clone(), std::mem::discriminant(field)))
            .collect()
    };
    assert_eq!(kinds(ours), kinds(theirs), "{ours}\n{theirs}");
}

fn first_point(body: &Value) -> Value {
    let list: Value = serde_json::from_str(body["Datapoints"].as_str().unwrap()).unwrap();
    list[0].clone()
}

#[tokio::test]
async fn replies_have_the_shape_of_the_vendors() {
    let (_simulator, caller) = seven().await;
    for (metric, length, name) in [
        ("message_accumulation", "1", "list-page-1-next-token"),
        ("message_accumulation", "1440", "list-page-3-last-no-token"),
        ("message_accumulation_onetopic", "1440", "list-onetopic"),
        ("instance_disk_capacity", "1440", "list-disk-capacity"),
    ] {
        let (_, theirs) = fixture(name);
        let seen = caller
            .lag(&[("MetricName", metric), ("Length", length)])
            .await;
        assert_same_shape(&seen.json(), &theirs);
        assert_same_shape(&first_point(&seen.json()), &first_point(&theirs));
        assert_eq!(
            seen.header("content-type"),
            Some("application/json;charset=utf-8")
        );
    }
    let (_, theirs) = fixture("list-empty-array-string");
    let seen = caller.lag(&[("Dimensions", r#"{"instanceId":"x"}"#)]).await;
    assert_same_shape(&seen.json(), &theirs);
    assert_eq!(seen.json()["Datapoints"], "[]");
}

#[tokio::test]
async fn topics_sum_to_their_group() {
    let config = config()
        .topics(3)
        .group(INSTANCE, "g", Scenario::constant(100_001));
    let (_simulator, caller) = start(config).await;
    let metric = ("MetricName", "message_accumulation_onetopic");
    let points = caller.lag(&[WINDOW[0], WINDOW[1], metric]).await.points();
    assert_eq!(points.len(), 15);
    for minute in points.chunks(3) {
        let sum: f64 = minute
            .iter()
            .map(|point| point["Value"].as_f64().unwrap())
            .sum();
        assert_eq!(sum, 100_001.0);
    }
    let orders = format!(r#"{{"instanceId":"{INSTANCE}","topic":"orders"}}"#);
    let points = caller
        .lag(&[WINDOW[0], WINDOW[1], metric, ("Dimensions", &orders)])
        .await
        .points();
    assert_eq!(points.len(), 5);
    assert!(points.iter().all(|point| point["topic"] == "orders"));
}

#[tokio::test]
async fn the_disk_has_a_maximum_and_no_value() {
    let (_simulator, caller) = seven().await;
    let points = caller
        .lag(&[("MetricName", "instance_disk_capacity")])
        .await
        .points();
    assert_eq!(points.len(), 58);
    for point in points {
        let used = point["Maximum"].as_f64().unwrap();
        assert!((0.0..100.0).contains(&used));
        assert_eq!(point.get("Value"), None);
    }
}

#[tokio::test]
async fn last_gives_the_newest_points_of_each_series_and_reaches_back() {
    let gone = now() - jiff::SignedDuration::from_mins(90);
    let config = config()
        .group(INSTANCE, "alive", Scenario::constant(1))
        .group(INSTANCE, "gone", Scenario::vanish(2, gone));
    let (_simulator, caller) = start(config).await;
    let parameters = [
        ("Namespace", "acs_kafka"),
        ("MetricName", "message_accumulation"),
    ];
    let points = caller
        .call("DescribeMetricLast", &parameters)
        .await
        .points();
    let keys: Vec<_> = points.iter().map(key).collect();
    let newest_alive = now().as_millisecond() - 120_000;
    let newest_gone = gone.as_millisecond() - 60_000;
    let expected = [
        (newest_alive - 60_000, "alive"),
        (newest_alive, "alive"),
        (newest_gone - 60_000, "gone"),
        (newest_gone, "gone"),
    ];
    assert_eq!(keys, expected.map(|(time, group)| (time, group.to_owned())));
}

#[tokio::test]
async fn the_metadata_lists_the_metrics_that_are_served() {
    let (_simulator, caller) = seven().await;
    let seen = caller
        .call("DescribeMetricMetaList", &[("Namespace", "acs_kafka")])
        .await;
    let (_, theirs) = fixture("meta-list-acs-kafka");
    assert_same_shape(&seen.json(), &theirs);
    let ours = seen.json();
    assert_eq!(ours["TotalCount"], "3");
    let their_list = theirs["Resources"]["Resource"].as_array().unwrap();
    for resource in ours["Resources"]["Resource"].as_array().unwrap() {
        let same = their_list
            .iter()
            .find(|known| known["MetricName"] == resource["MetricName"]);
        assert_eq!(Some(resource), same);
    }
    let page = [
        ("Namespace", "acs_kafka"),
        ("PageSize", "2"),
        ("PageNumber", "2"),
    ];
    let seen = caller.call("DescribeMetricMetaList", &page).await;
    assert_eq!(
        seen.json()["Resources"]["Resource"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let seen = caller
        .call("DescribeMetricMetaList", &[("Namespace", "acs_other")])
        .await;
    assert_eq!(seen.json()["TotalCount"], "0");
}

#[tokio::test]
async fn names_with_every_kind_of_character_survive_the_double_encoding() {
    let name = "订单-\"消费组\"\\_\n%2B";
    let (_simulator, caller) = start(config().group(INSTANCE, name, Scenario::Zero)).await;
    let points = caller.lag(&[]).await.points();
    assert!(points.iter().all(|point| point["consumerGroup"] == name));
    let dimensions =
        serde_json::json!({ "instanceId": INSTANCE, "consumerGroup": name }).to_string();
    assert_eq!(
        caller
            .lag(&[("Dimensions", &dimensions)])
            .await
            .points()
            .len(),
        58
    );
}

#[tokio::test]
async fn twenty_thousand_groups_come_in_seventy_pages() {
    let config = SimConfig::scale(20_000).manual_clock(now()).rate_limit(0);
    let (simulator, caller) = start(config).await;
    let pages = caller
        .pages(&[WINDOW[0], WINDOW[1], ("Length", "1440")])
        .await;
    assert_eq!(pages.len(), 70);
    assert_eq!(pages.iter().map(Vec::len).sum::<usize>(), 100_000);
    assert_eq!(simulator.counters().points, 100_000);
}
