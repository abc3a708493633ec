//! When points can be seen, and which window they lie in.

use std::time::Duration;

use cms_sim::{Scenario, Simulator};
use jiff::{SignedDuration, Timestamp};

use crate::client::{Caller, INSTANCE, config, now, start};

async fn one_group(scenario: Scenario) -> (Simulator, Caller) {
    start(config().group(INSTANCE, "g", scenario)).await
}

async fn timestamps(caller: &Caller, more: &[(&str, &str)]) -> Vec<i64> {
    let points = caller.lag(more).await.points();
    points
        .iter()
        .map(|point| point["timestamp"].as_i64().unwrap())
        .collect()
}

fn at(simulator: &Simulator, caller: &mut Caller, moment: &str) {
    let moment: Timestamp = moment.parse().unwrap();
    simulator.set_now(moment);
    caller.time = moment.to_string();
}

#[tokio::test]
async fn the_last_minute_is_not_there_yet() {
    let (simulator, mut caller) = one_group(Scenario::constant(3)).await;
    let minute = |text: &str| text.parse::<Timestamp>().unwrap().as_millisecond();
    at(&simulator, &mut caller, "2026-01-15T08:30:04Z");
    let newest = timestamps(&caller, &[]).await.pop().unwrap();
    assert_eq!(newest, minute("2026-01-15T08:28:00Z"));
    at(&simulator, &mut caller, "2026-01-15T08:30:05Z");
    let newest = timestamps(&caller, &[]).await.pop().unwrap();
    assert_eq!(newest, minute("2026-01-15T08:29:00Z"));
    let since = minute("2026-01-15T08:29:05Z").to_string();
    assert!(
        timestamps(&caller, &[("StartTime", &since)])
            .await
            .is_empty(),
        "asking for the last 60 s gives nothing"
    );
}

#[tokio::test]
async fn the_publication_delay_can_be_configured() {
    let config = config().group(INSTANCE, "g", Scenario::Zero);
    let (_simulator, caller) = start(config.publication_delay(Duration::from_secs(120))).await;
    let newest = timestamps(&caller, &[]).await.pop().unwrap();
    assert_eq!(now().as_millisecond() - newest, 180_000);
}

#[tokio::test]
async fn the_window_is_open_at_its_start_and_closed_at_its_end_in_every_form_of_time() {
    let (_simulator, caller) = one_group(Scenario::constant(3)).await;
    let expected: Vec<i64> = (26..=28).map(|m| 1_768_464_000_000 + m * 60_000).collect();
    for (start, end) in [
        ("1768465500000", "1768465680000"),
        ("2026-01-15T08:25:00Z", "2026-01-15T08:28:00Z"),
        ("2026-01-15 16:25:00", "2026-01-15 16:28:00"),
    ] {
        let window = [("StartTime", start), ("EndTime", end)];
        assert_eq!(timestamps(&caller, &window).await, expected, "{start}");
    }
}

#[tokio::test]
async fn a_value_is_the_lag_of_its_minute() {
    let (simulator, caller) = one_group(Scenario::sine(500, 400, 17)).await;
    for point in caller.lag(&[]).await.points() {
        let moment = Timestamp::from_millisecond(point["timestamp"].as_i64().unwrap()).unwrap();
        let lag = simulator.lag_at(INSTANCE, "g", moment);
        assert_eq!(point["Value"].as_f64(), lag);
    }
}

#[tokio::test]
async fn a_longer_period_reports_the_last_minute_of_each() {
    let (simulator, caller) = one_group(Scenario::sine(500, 400, 17)).await;
    let points = caller.lag(&[("Period", "300")]).await.points();
    assert_eq!(points.len(), 10);
    for point in points {
        let start = point["timestamp"].as_i64().unwrap();
        assert_eq!(start % 300_000, 0);
        let end = Timestamp::from_millisecond(start + 240_000).unwrap();
        assert_eq!(
            point["Value"].as_f64(),
            simulator.lag_at(INSTANCE, "g", end)
        );
    }
}

#[tokio::test]
async fn a_vanished_group_stops_having_points_and_zero_is_a_point() {
    let gone = now() - SignedDuration::from_mins(10);
    let config = config()
        .group(INSTANCE, "gone", Scenario::vanish(7, gone))
        .group(INSTANCE, "idle", Scenario::Zero);
    let (_simulator, caller) = start(config).await;
    let points = caller.lag(&[]).await.points();
    let of = |group: &str| -> Vec<_> {
        points
            .iter()
            .filter(|point| point["consumerGroup"] == group)
            .collect()
    };
    let newest = of("gone").last().unwrap()["timestamp"].as_i64().unwrap();
    assert_eq!(newest, gone.as_millisecond() - 60_000);
    assert!(
        of("idle")
            .iter()
            .all(|point| point["Value"].as_f64() == Some(0.0))
    );
    assert_eq!(of("idle").len(), 58);
}

#[tokio::test]
async fn a_new_scenario_begins_with_the_current_minute() {
    let (simulator, mut caller) = one_group(Scenario::constant(1)).await;
    simulator.set_scenario(INSTANCE, "g", Scenario::constant(2));
    at(&simulator, &mut caller, "2026-01-15T08:32:05Z");
    let points = caller.lag(&[]).await.points();
    let values: Vec<_> = points
        .iter()
        .rev()
        .take(3)
        .map(|point| point["Value"].as_f64().unwrap())
        .collect();
    assert_eq!(values, [2.0, 2.0, 1.0]);
}

#[tokio::test]
async fn jitter_is_the_same_in_two_runs_with_one_seed() {
    let mut seen = Vec::new();
    for seed in [5, 5, 6] {
        let config = config().group(INSTANCE, "g", Scenario::Zero).seed(seed);
        let (_simulator, caller) =
            start(config.publication_jitter(Duration::from_secs(1800))).await;
        seen.push(timestamps(&caller, &[]).await);
    }
    assert_eq!(seen[0], seen[1]);
    assert_ne!(seen[0], seen[2]);
}

#[tokio::test]
async fn a_request_more_than_fifteen_minutes_off_is_refused_with_the_servers_date() {
    let (_simulator, mut caller) = one_group(Scenario::Zero).await;
    for (time, code) in [
        ("2026-01-15T08:15:00Z", "200"),
        ("2026-01-15T08:45:00Z", "200"),
        ("2026-01-15T08:14:59Z", "InvalidTimeStamp.Expired"),
        ("2026-01-15T08:45:01Z", "InvalidTimeStamp.Expired"),
        ("15.01.2026 08:30", "InvalidTimeStamp.Format"),
        ("2026-01-15T08:30:00.5Z", "InvalidTimeStamp.Format"),
        ("2026-01-15T16:30:00+08", "InvalidTimeStamp.Format"),
    ] {
        caller.time = time.into();
        let seen = caller.lag(&[]).await;
        assert_eq!(seen.code(), code, "{time}");
        assert_eq!(seen.header("date"), Some("Thu, 15 Jan 2026 08:30:00 GMT"));
    }
}
