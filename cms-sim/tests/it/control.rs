//! The control API over HTTP.

use cms_sim::{FaultKind, Scenario};
use serde_json::json;

use crate::client::{INSTANCE, NOW, config, control, send, start};

#[tokio::test]
async fn the_state_shows_time_groups_faults_and_counters() {
    let (simulator, caller) = start(config().group(INSTANCE, "g", Scenario::constant(5))).await;
    caller.lag(&[]).await;
    caller.call("DescribeMetricTop", &[]).await;
    control(
        &simulator,
        "POST",
        "/faults",
        r#"{"fault":"throttling","times":3}"#,
    )
    .await;
    let (status, state) = control(&simulator, "GET", "/state", "").await;
    assert_eq!(status, 200);
    assert_eq!(
        (&state["now"], &state["clock"]),
        (&json!(NOW), &json!("manual"))
    );
    assert_eq!(state["groups"], 1);
    assert_eq!(
        state["instances"],
        json!([{ "instance": INSTANCE, "groups": 1 }])
    );
    assert_eq!(
        state["faults"],
        json!([{ "fault": "throttling", "times": 3, "probability": 1.0 }])
    );
    let counters = &state["counters"];
    assert_eq!(counters["calls"], 2);
    assert_eq!(
        counters["by_action"],
        json!({ "DescribeMetricList": 1, "other": 1 })
    );
    assert_eq!(
        counters["by_outcome"],
        json!({ "OK": 1, "InvalidAction.NotFound": 1 })
    );
    assert_eq!(counters["points"], 58);
    assert!(counters["bytes_sent"].as_u64().unwrap() > 1000);

    assert_eq!(
        control(&simulator, "POST", "/counters/reset", "").await.0,
        200
    );
    let counters = simulator.counters();
    assert_eq!((counters.calls, counters.points), (0, 0));
}

#[tokio::test]
async fn every_fault_can_be_switched_on_and_off_by_its_name() {
    let (simulator, _caller) = start(config()).await;
    for name in FaultKind::names() {
        let body = json!({ "fault": name }).to_string();
        let (status, answer) = control(&simulator, "POST", "/faults", &body).await;
        assert_eq!(status, 200, "{answer}");
        assert_eq!(answer["active"][0]["fault"], name);
        let (status, answer) = control(&simulator, "DELETE", &format!("/faults/{name}"), "").await;
        assert_eq!((status, &answer["removed"]), (200, &json!(1)));
    }
    assert!(simulator.faults().is_empty());
}

#[tokio::test]
async fn a_fault_takes_scope_times_probability_and_its_number() {
    let (simulator, _caller) = start(config()).await;
    let body = json!({
        "fault": "slow", "ms": 7, "action": "DescribeMetricList", "instance": INSTANCE,
        "page": 2, "times": 4, "probability": 0.5,
    });
    let (status, answer) = control(&simulator, "POST", "/faults", &body.to_string()).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["active"], json!([body]));
    assert_eq!(
        control(&simulator, "DELETE", "/faults", "").await.1["removed"],
        1
    );
}

#[tokio::test]
async fn wrong_faults_are_refused_with_what_is_allowed() {
    let (simulator, _caller) = start(config()).await;
    for (body, hint) in [
        (
            r#"{"fault":"trottling"}"#,
            "allowed: throttling, throttling_retry_after, http_429",
        ),
        (r#"{"fault":"reset","ms":5}"#, "`reset` takes no `ms`"),
        (r#"{"fault":"reset","probability":1.5}"#, "between 0 and 1"),
        (r#"{"fault":"reset","times":0}"#, "at least 1"),
        (r#"{"fault":"reset","page":0}"#, "counts from 1"),
        (r#"{"fault":"reset","often":3}"#, "unknown field `often`"),
        ("reset", "the body is not as expected"),
    ] {
        let (status, answer) = control(&simulator, "POST", "/faults", body).await;
        assert_eq!(status, 400, "{body}");
        assert!(answer["error"].as_str().unwrap().contains(hint), "{answer}");
    }
    let (status, answer) = control(&simulator, "DELETE", "/faults/trottling", "").await;
    assert_eq!(status, 400);
    assert!(answer["error"].as_str().unwrap().contains("allowed: "));
    assert!(simulator.faults().is_empty());
}

#[tokio::test]
async fn groups_are_created_changed_and_removed() {
    let (simulator, caller) = start(config()).await;
    let path = "/groups/alikafka_pre-cn-sim00000001/%E8%AE%A2%E5%8D%95%20a";
    let (status, answer) = control(
        &simulator,
        "PUT",
        path,
        r#"{"scenario":"constant","lag":5}"#,
    )
    .await;
    assert_eq!(
        (status, &answer["lag"], &answer["group"]),
        (200, &json!(5), &json!("订单 a"))
    );
    let points = caller.lag(&[]).await.points();
    assert_eq!(points.len(), 58);
    assert_eq!(
        (&points[0]["consumerGroup"], &points[0]["Value"]),
        (&json!("订单 a"), &json!(5.0))
    );
    control(
        &simulator,
        "PUT",
        path,
        r#"{"scenario":"drain","from":9,"per_minute":1}"#,
    )
    .await;
    let (_, answer) = control(&simulator, "GET", path, "").await;
    assert_eq!(answer["scenario"]["scenario"], "drain");
    assert_eq!(answer["lag"], 9);
    assert_eq!(control(&simulator, "DELETE", path, "").await.0, 200);
    assert_eq!(control(&simulator, "DELETE", path, "").await.0, 404);
    assert_eq!(control(&simulator, "GET", path, "").await.0, 404);
}

#[tokio::test]
async fn wrong_scenarios_are_refused_with_what_is_allowed() {
    let (simulator, _caller) = start(config()).await;
    for (body, hint) in [
        (
            r#"{"scenario":"rampe"}"#,
            "expected one of `constant`, `ramp`, `spike`",
        ),
        (r#"{"scenario":"constant"}"#, "missing field `lag`"),
        (r#"{"scenario":"constant","lag":-1}"#, "-1"),
        (
            r#"{"scenario":"sine","mean":1,"amplitude":1,"period_minutes":0}"#,
            "period_minutes",
        ),
        (r#"{"scenario":"steps","values":[]}"#, "at least one value"),
        (r#"{"lag":5}"#, "scenario"),
    ] {
        let (status, answer) = control(&simulator, "PUT", "/groups/i/g", body).await;
        assert_eq!(status, 400, "{body}");
        assert!(answer["error"].as_str().unwrap().contains(hint), "{answer}");
    }
}

#[tokio::test]
async fn the_clock_is_set_and_released() {
    let (simulator, _caller) = start(config()).await;
    let set = r#"{"now":"2026-01-15T09:00:00Z"}"#;
    let (status, answer) = control(&simulator, "PUT", "/clock", set).await;
    assert_eq!(
        (status, &answer["now"]),
        (200, &json!("2026-01-15T09:00:00Z"))
    );
    assert_eq!(simulator.now().to_string(), "2026-01-15T09:00:00Z");
    assert_eq!(
        control(&simulator, "PUT", "/clock", r#"{"real":true}"#)
            .await
            .0,
        200
    );
    assert_eq!(
        control(&simulator, "GET", "/state", "").await.1["clock"],
        "real"
    );
    for body in [
        "{}",
        r#"{"now":"soon"}"#,
        r#"{"now":"2026-01-15T09:00:00Z","real":true}"#,
    ] {
        assert_eq!(
            control(&simulator, "PUT", "/clock", body).await.0,
            400,
            "{body}"
        );
    }
}

#[tokio::test]
async fn unknown_paths_and_methods_name_the_known_ones() {
    let (simulator, _caller) = start(config()).await;
    for (method, path, status) in [
        ("GET", "/_sim/stat", 404),
        ("GET", "/_sim", 404),
        ("PATCH", "/_sim/state", 405),
    ] {
        let seen = send(simulator.addr(), method, path, &[], "").await;
        assert_eq!(seen.status(), status, "{method} {path}");
        assert!(
            seen.json()["routes"]
                .to_string()
                .contains("GET /_sim/state")
        );
    }
}

#[tokio::test]
async fn calls_of_the_control_api_are_no_calls() {
    let (simulator, _caller) = start(config()).await;
    control(&simulator, "GET", "/state", "").await;
    assert_eq!(simulator.counters().calls, 0);
}
