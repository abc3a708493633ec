//! What `/api/v1/lag` says.

use crate::common::*;
use jiff::SignedDuration;
use lag_core::Board;

fn pretty(reply: &Reply) -> String {
    serde_json::to_string_pretty(&reply.json()).unwrap()
}

async fn single(path: &str) -> Reply {
    let reply = Served::new(every_state())
        .get(&format!("/api/v1/lag/{path}"))
        .await;
    assert_eq!(
        reply.header("content-type"),
        "application/json; charset=utf-8"
    );
    assert_eq!(reply.header("cache-control"), "no-store");
    reply
}

#[tokio::test]
async fn the_listing_holds_every_state() {
    let reply = Served::new(every_state()).get("/api/v1/lag").await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("cache-control"), "no-store");
    insta::assert_snapshot!(pretty(&reply));
}

#[tokio::test]
async fn a_fresh_group_is_200_with_a_number() {
    let reply = single("alikafka_pre-cn-a/orders").await;
    assert_eq!(reply.status, 200);
    insta::assert_snapshot!(reply.text(), @r#"{"instance_id":"alikafka_pre-cn-a","consumer_group":"orders","state":"fresh","lag":182345,"timestamp":"2026-01-15T08:28:00Z","age_seconds":120,"change_per_second":-100,"drain_seconds":1823.45}"#);
}

#[tokio::test]
async fn a_true_zero_is_a_number() {
    let reply = single("alikafka_pre-cn-a/caught-up").await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.json()["lag"], 0);
}

#[tokio::test]
async fn a_topic_is_asked_for_in_the_query() {
    let reply = single("alikafka_pre-cn-a/orders?topic=created").await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.json()["lag"], 182_000);
    assert_eq!(reply.json()["topic"], "created");
    let reply = single("alikafka_pre-cn-a/orders?topic=none").await;
    assert_eq!(reply.status, 404);
    let reply = single("alikafka_pre-cn-a/orders?topic=paid").await;
    assert_eq!(reply.status, 503);
}

#[tokio::test]
async fn a_query_answers_as_the_path_does() {
    let served = Served::new(every_state());
    for (query, path) in [
        (
            "instance=alikafka_pre-cn-a&group=orders",
            "alikafka_pre-cn-a/orders",
        ),
        (
            "topic=created&group=orders&instance=alikafka_pre-cn-a",
            "alikafka_pre-cn-a/orders?topic=created",
        ),
        (
            "instance=alikafka_pre-cn-a&group=silent",
            "alikafka_pre-cn-a/silent",
        ),
        (
            "instance=alikafka_pre-cn-b&group=billing",
            "alikafka_pre-cn-b/billing",
        ),
        (
            "instance=alikafka_pre-cn-a&group=nobody",
            "alikafka_pre-cn-a/nobody",
        ),
        ("instance=elsewhere&group=nobody", "elsewhere/nobody"),
    ] {
        let by_query = served.get(&format!("/api/v1/lag?{query}")).await;
        let by_path = served.get(&format!("/api/v1/lag/{path}")).await;
        assert_eq!(by_query.status, by_path.status, "{query}");
        assert_eq!(by_query.text(), by_path.text(), "{query}");
    }
    let listing = served.get("/api/v1/lag?").await;
    assert!(listing.json()["groups"].is_array());
}

#[tokio::test]
async fn the_instance_of_a_query_may_be_left_out_where_there_is_no_choice() {
    let watching = Board::default().watching("main", [watched(A, &[])], now());
    let lag = vec![(total("orders"), sample(60, 7.0, None))];
    let served = Served::new(collect(&watching, "main", answer(A, lag)));
    let reply = served.get("/api/v1/lag?group=orders").await;
    assert_eq!(
        (reply.status.as_u16(), &reply.json()["lag"]),
        (200, &7.into())
    );
    for (board, status, says) in [
        (
            every_state(),
            400,
            "parameter instance is missing and 2 instances are watched: write instance=alikafka_pre-cn-a or",
        ),
        (Board::default(), 404, "no instance is watched"),
    ] {
        let reply = Served::new(board).get("/api/v1/lag?group=orders").await;
        assert_eq!(reply.status, status);
        assert!(reply.text().contains(says), "{}", reply.text());
    }
}

#[tokio::test]
async fn a_query_that_cannot_be_granted_is_400_and_not_the_listing() {
    let served = Served::new(every_state());
    for (query, says) in [
        (
            "?consumer_group=orders",
            "parameters are instance, group, topic",
        ),
        ("?instance=alikafka_pre-cn-a", "parameter group is missing"),
        ("?topic=created", "parameter group is missing"),
        ("?instance=a&group=%ff", "the group is not text"),
        (
            "/alikafka_pre-cn-a/orders?topics=created",
            "the only one is topic",
        ),
    ] {
        let reply = served.get(&format!("/api/v1/lag{query}")).await;
        assert_eq!(reply.status, 400, "{query}");
        assert!(reply.text().contains(says), "{}", reply.text());
    }
}

#[tokio::test]
async fn names_are_percent_decoded() {
    let reply = single("alikafka_pre-cn-a/%E8%AE%A2%E5%8D%95%22%5C").await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.json()["consumer_group"], "订单\"\\");
    let reply = single("alikafka_pre-cn-a/%ff").await;
    assert_eq!(reply.status, 400);
    assert!(reply.text().contains("percent-encode"));
    let reply = single("alikafka_pre-cn-a/orders?topic=%ff").await;
    assert_eq!(reply.status, 400);
}

#[tokio::test]
async fn a_stale_group_is_503_and_shows_the_last_number_as_such() {
    let reply = single("alikafka_pre-cn-a/silent").await;
    assert_eq!(reply.status, 503);
    insta::assert_snapshot!(reply.text(), @r#"{"error":"the last known lag of alikafka_pre-cn-a/silent is 301 s old, older than the 300 s up to which it is a number","instance_id":"alikafka_pre-cn-a","consumer_group":"silent","state":"stale","last":{"lag":99,"timestamp":"2026-01-15T08:24:59Z","age_seconds":301}}"#);
}

#[tokio::test]
async fn a_group_whose_instance_never_answered_is_503_with_the_reason() {
    let reply = single("alikafka_pre-cn-b/billing").await;
    assert_eq!(reply.status, 503);
    insta::assert_snapshot!(reply.text(), @r#"{"error":"no lag of alikafka_pre-cn-b/billing: no collection has worked since 2026-01-15T08:29:55Z: DescribeMetricList was refused: too many requests","instance_id":"alikafka_pre-cn-b","consumer_group":"billing","state":"failed","failing_since":"2026-01-15T08:29:55Z"}"#);
}

#[tokio::test]
async fn before_the_first_answer_a_group_is_503_not_404() {
    let board = Board::default().watching("main", [watched(A, &[])], now());
    let reply = Served::new(board).get(&format!("/api/v1/lag/{A}/g")).await;
    assert_eq!(reply.status, 503);
    assert_eq!(reply.json()["state"], "failed");
}

#[tokio::test]
async fn an_absent_group_is_404_and_says_where_to_look() {
    let reply = single("alikafka_pre-cn-a/nobody").await;
    assert_eq!(reply.status, 404);
    insta::assert_snapshot!(reply.text(), @r#"{"error":"no lag of alikafka_pre-cn-a/nobody: the last answer held nothing usable of it: the cloud may not know it, it may never have had a lag, or a filter or --lag.max-series leaves it out; known groups are listed at /api/v1/lag","instance_id":"alikafka_pre-cn-a","consumer_group":"nobody","state":"absent"}"#);
    let reply = single("elsewhere/nobody").await;
    assert_eq!(reply.status, 404);
    insta::assert_snapshot!(reply.text(), @r#"{"error":"no lag of elsewhere/nobody: the instance is not watched; known groups are listed at /api/v1/lag","instance_id":"elsewhere","consumer_group":"nobody","state":"absent"}"#);
    let reply = single(&format!("alikafka_pre-cn-a/{}", "x".repeat(513))).await;
    assert_eq!(reply.status, 404, "no group can have this name");
    assert_eq!(reply.json()["state"], "absent");
    assert!(reply.text().contains("/api/v1/lag"));
}

#[tokio::test]
async fn a_lag_is_never_shown_without_being_fresh() {
    let served = Served::new(every_state());
    for minutes in [0, 1, 3, 4, 5, 60] {
        served.set_clock(now() + SignedDuration::from_mins(minutes));
        let listing = served.get("/api/v1/lag").await.json();
        for group in listing["groups"].as_array().unwrap() {
            let is_fresh = group["state"] == "fresh";
            assert_eq!(group.get("lag").is_some(), is_fresh, "{group}");
            assert!(!group.as_object().unwrap().values().any(|v| v.is_null()));
        }
    }
}

#[tokio::test]
async fn a_large_listing_is_whole() {
    let samples = (0..1500)
        .map(|n| (total(&format!("g{n:04}")), sample(120, f64::from(n), None)))
        .collect();
    let board = Board::default().watching("main", [watched(A, &[])], now());
    let served = Served::new(collect(&board, "main", answer(A, samples)));
    let listing = served.get("/api/v1/lag").await.json();
    let groups = listing["groups"].as_array().unwrap();
    assert_eq!(groups.len(), 1500);
    assert_eq!(groups[1499]["lag"], 1499);
}
