//! Lag that a test decides point by point.

use cms_sim::{Scenario, SimConfig, Simulator};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::client::{Caller, INSTANCE, config, control, now, start};

fn seconds_ago(seconds: i64) -> i64 {
    now().as_millisecond() - seconds * 1000
}

fn pairs(points: &[Value]) -> Vec<(i64, f64)> {
    let pair = |point: &Value| {
        let value = point["Value"].as_f64().unwrap();
        (point["timestamp"].as_i64().unwrap(), value)
    };
    points.iter().map(pair).collect()
}

async fn points(caller: &Caller) -> Vec<(i64, f64)> {
    pairs(&caller.lag(&[]).await.points())
}

#[tokio::test]
async fn a_script_is_all_there_is_and_is_seen_at_once() {
    let (simulator, caller) = start(config().group(INSTANCE, "g", Scenario::constant(7))).await;
    simulator.script(INSTANCE, "g", &[(0, 30), (240, 10), (90, 20)]);
    let expected = [
        (seconds_ago(240), 10.0),
        (seconds_ago(90), 20.0),
        (seconds_ago(0), 30.0),
    ];
    assert_eq!(points(&caller).await, expected);
    assert_eq!(simulator.lag_at(INSTANCE, "g", now()), Some(30.0));
}

#[tokio::test]
async fn runs_within_one_minute_see_a_new_point_each() {
    let (simulator, caller) = start(config()).await;
    let mut newest = i64::MIN;
    for (before, lag) in [(240, 200_000), (210, 210_000), (180, 0), (150, 5)] {
        simulator.script(INSTANCE, "g", &[(before, lag)]);
        let [(at, _)] = points(&caller).await[..] else {
            panic!("one point")
        };
        assert!(at > newest);
        newest = at;
    }
}

#[tokio::test]
async fn timestamps_stay_where_they_are_when_time_goes_on_and_later_ones_come_in_time() {
    let (simulator, caller) = start(config()).await;
    simulator.script(INSTANCE, "g", &[(30, 1), (-30, 2)]);
    let first = (seconds_ago(30), 1.0);
    assert_eq!(points(&caller).await, [first]);
    let far = caller.lag(&[("EndTime", "2026-01-15T09:00:00Z")]).await;
    assert_eq!(pairs(&far.points()), [first], "nobody sees the future");
    simulator.set_now(now() + SignedDuration::from_secs(29));
    assert_eq!(points(&caller).await, [first]);
    simulator.set_now(now() + SignedDuration::from_secs(30));
    assert_eq!(points(&caller).await, [first, (seconds_ago(-30), 2.0)]);
}

#[tokio::test]
async fn an_empty_script_is_a_group_that_is_known_and_silent() {
    let (simulator, caller) = start(config().group(INSTANCE, "g", Scenario::constant(7))).await;
    simulator.script(INSTANCE, "g", &[]);
    assert_eq!(points(&caller).await, []);
    assert_eq!(
        control(&simulator, "GET", "/state", "").await.1["groups"],
        1
    );
}

#[tokio::test]
async fn scripted_and_other_groups_share_windows_pages_and_metrics() {
    let groups = config().group(INSTANCE, "a", Scenario::constant(7));
    let (simulator, caller) = start(groups).await;
    simulator.script(INSTANCE, "b", &[(150, 30), (90, 60)]);
    let start_ms = seconds_ago(120).to_string();
    let window = [("StartTime", start_ms.as_str()), ("Length", "1")];
    let pages = caller.pages(&window).await;
    let all: Vec<Value> = pages.into_iter().flatten().collect();
    assert_eq!(
        pairs(&all),
        [(seconds_ago(90), 60.0)],
        "the window of b, no minute of a is out yet"
    );
    let last = caller.version("2019-01-01");
    let parameters = [
        ("Namespace", "acs_kafka"),
        ("MetricName", "message_accumulation"),
    ];
    let found = last.call("DescribeMetricLast", &parameters).await.points();
    let group = |name: &str| found.iter().filter(|p| p["consumerGroup"] == name).count();
    assert_eq!((group("a"), group("b")), (2, 2));
    let topics = [
        ("MetricName", "message_accumulation_onetopic"),
        ("StartTime", start_ms.as_str()),
    ];
    assert_eq!(
        pairs(&caller.lag(&topics).await.points()),
        [(seconds_ago(90), 40.0), (seconds_ago(90), 20.0)]
    );
    let disk = [
        ("MetricName", "instance_disk_capacity"),
        ("StartTime", start_ms.as_str()),
    ];
    assert_eq!(caller.lag(&disk).await.points().len(), 0);
}

#[tokio::test]
async fn a_point_on_a_whole_minute_is_not_doubled_by_that_minute() {
    let (simulator, caller) = start(config().group(INSTANCE, "a", Scenario::constant(7))).await;
    simulator.script(INSTANCE, "b", &[(120, 5)]);
    let minute = seconds_ago(120);
    let found = points(&caller).await;
    let there: Vec<_> = found.iter().filter(|(at, _)| *at == minute).collect();
    assert_eq!(there, [&(minute, 7.0), &(minute, 5.0)]);
    assert_eq!(found.iter().filter(|(_, lag)| *lag == 5.0).count(), 1);
}

#[tokio::test]
async fn a_lag_from_now_on_is_seen_at_once_and_every_minute_after() {
    let (simulator, caller) = start(config().group(INSTANCE, "g", Scenario::constant(7))).await;
    simulator.set_now(now() + SignedDuration::from_secs(30));
    simulator.set_lag(INSTANCE, "g", Some(9));
    let found = points(&caller).await;
    assert_eq!(found.last(), Some(&(seconds_ago(-30), 9.0)));
    assert!(found[..found.len() - 1].iter().all(|(_, lag)| *lag == 7.0));
    simulator.set_now(now() + SignedDuration::from_secs(185));
    let found = points(&caller).await;
    let since: Vec<_> = found
        .iter()
        .filter(|(_, lag)| *lag == 9.0)
        .map(|(at, _)| *at)
        .collect();
    assert_eq!(since, [0, -30, -60, -120].map(seconds_ago));
}

#[tokio::test]
async fn a_lag_that_ends_leaves_the_points_of_before() {
    let (simulator, caller) = start(config()).await;
    simulator.script(INSTANCE, "g", &[(100, 7)]);
    simulator.set_lag(INSTANCE, "g", None);
    simulator.set_now(now() + SignedDuration::from_mins(10));
    assert_eq!(points(&caller).await, [(seconds_ago(100), 7.0)]);
    assert_eq!(simulator.lag_at(INSTANCE, "g", simulator.now()), None);
    simulator.set_scenario(INSTANCE, "g", Scenario::constant(3));
    simulator.set_now(now() + SignedDuration::from_secs(665));
    let minute = seconds_ago(-600);
    assert_eq!(
        points(&caller).await,
        [(seconds_ago(100), 7.0), (minute, 3.0)]
    );
}

#[tokio::test]
async fn it_works_with_the_clock_of_the_machine() {
    let simulator = Simulator::start(SimConfig::default()).await.unwrap();
    let caller = |simulator: &Simulator| {
        let time = Timestamp::from_second(simulator.now().as_second()).unwrap();
        Caller {
            time: time.to_string(),
            ..Caller::new(simulator)
        }
    };
    simulator.script(INSTANCE, "g", &[(240, 5), (0, 6)]);
    let found = points(&caller(&simulator)).await;
    assert_eq!(
        found.iter().map(|point| point.1).collect::<Vec<_>>(),
        [5.0, 6.0]
    );
    assert_eq!(found[1].0 - found[0].0, 240_000);
    simulator.set_lag(INSTANCE, "g", Some(8));
    assert_eq!(points(&caller(&simulator)).await.last().unwrap().1, 8.0);
}

#[tokio::test]
async fn the_control_api_scripts_groups_too() {
    let (simulator, caller) = start(config()).await;
    let path = format!("/groups/{INSTANCE}/g");
    let body = r#"{"points":[{"seconds_ago":240,"lag":5},{"seconds_ago":0,"lag":6}]}"#;
    let (status, answer) = control(&simulator, "PUT", &format!("{path}/points"), body).await;
    assert_eq!(
        (status, &answer["lag"], &answer["scenario"]),
        (200, &json!(6), &Value::Null)
    );
    assert_eq!(
        answer["points"][0],
        json!({ "timestamp": seconds_ago(240), "lag": 5 })
    );
    assert_eq!(points(&caller).await.len(), 2);
    let (_, answer) = control(&simulator, "PUT", &format!("{path}/lag"), r#"{"lag":8}"#).await;
    assert_eq!(answer["lag"], 8);
    let (_, answer) = control(&simulator, "PUT", &format!("{path}/lag"), r#"{"lag":null}"#).await;
    assert_eq!(answer["lag"], Value::Null);
    for (end, body, hint) in [
        ("lag", "{}", "missing field `lag`"),
        ("lag", r#"{"lag":-1}"#, "-1"),
        (
            "points",
            r#"{"points":[{"lag":5}]}"#,
            "missing field `seconds_ago`",
        ),
        ("points", r#"{"point":[]}"#, "expected `points`"),
    ] {
        let (status, answer) = control(&simulator, "PUT", &format!("{path}/{end}"), body).await;
        assert_eq!(status, 400, "{body}");
        assert!(answer["error"].as_str().unwrap().contains(hint), "{answer}");
    }
}
