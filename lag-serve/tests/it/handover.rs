//! What other replicas read, and what this one says of itself as one of several.

use crate::common::*;
use jiff::SignedDuration;
use lag_core::{Board, Handover, Standing, Writer, recommend::RecommendBook};
use std::sync::Arc;

const PATH: &str = "/api/v1/handover";
const KINDS: [&str; 1] = ["throttled"];

/// A replica that watches the same and knows nothing yet.
fn standby() -> Board {
    Board::default()
        .watching("main", [watched(A, &["缺失", "orders"])], now())
        .watching("other", [watched(B, &["billing"])], now())
}

#[tokio::test]
async fn a_standby_that_reads_it_has_the_same_board() {
    let reply = Served::new(every_state()).get(PATH).await;
    assert_eq!(reply.status, 200);
    assert_eq!(
        reply.header("content-type"),
        "application/json; charset=utf-8"
    );
    assert_eq!(reply.header("cache-control"), "no-cache");
    let handover = Handover::parse(reply.text(), &KINDS).unwrap();
    assert_eq!(handover.written_at, now());
    assert_eq!(
        standby().adopt(&handover, &RecommendBook::default(), now(), FORGET_AFTER),
        every_state()
    );
}

#[tokio::test]
async fn a_large_board_travels_whole() {
    let groups = (0..5_000).map(|n| (total(&format!("group-{n}")), sample(60, f64::from(n), None)));
    let board = Board::default().watching("main", [watched(A, &[])], now());
    let board = collect(&board, "main", answer(A, groups.collect()));
    let reply = Served::new(board.clone()).get(PATH).await;
    let handover = Handover::parse(reply.text(), &KINDS).unwrap();
    let standby = Board::default().watching("main", [watched(A, &[])], now());
    assert_eq!(
        standby.adopt(&handover, &RecommendBook::default(), now(), FORGET_AFTER),
        board
    );
}

#[tokio::test]
async fn a_board_that_is_known_is_not_sent_again_and_a_new_one_is() {
    let served = Served::new(every_state());
    let first = served.get(PATH).await.header("etag").to_owned();
    assert!(first.starts_with('"') && first.ends_with('"'), "{first}");
    let again = |etag: String| {
        let served = &served;
        async move { served.ask("GET", PATH, &[("if-none-match", &etag)]).await }
    };
    let reply = again(first.clone()).await;
    assert_eq!(
        (reply.status.as_u16(), reply.header("etag")),
        (304, &*first)
    );
    assert!(reply.body.is_empty());
    // The same content is another board all the same: it was collected again.
    served.cell.update(Board::clone);
    let reply = again(first.clone()).await;
    assert_eq!(reply.status, 200);
    let second = reply.header("etag").to_owned();
    assert_ne!(second, first);
    assert_eq!(again(second).await.status, 304);
    assert_eq!(again("*".into()).await.status, 200);
    let restarted = Served::with(every_state(), |config| {
        config.config_loaded_at += SignedDuration::from_nanos(1);
    });
    assert_ne!(restarted.get(PATH).await.header("etag"), first);
}

#[tokio::test]
async fn the_document_says_who_wrote_it_and_a_change_of_the_leader_is_news() {
    let served = Served::new(every_state());
    let standing = Arc::new(Standing::of("one-1"));
    served.exporter.is_replica(standing.clone());
    let reply = served.get(PATH).await;
    let waiting = reply.header("etag").to_owned();
    standing.lead(true, now());
    let reply = served
        .ask("GET", PATH, &[("if-none-match", &waiting)])
        .await;
    assert_eq!(
        reply.status, 200,
        "the board is the same, its writer is not"
    );
    let handover = Handover::parse(reply.text(), &KINDS).unwrap();
    let identity = "one-1".to_owned();
    assert_eq!(
        handover.writer,
        Some(Writer {
            identity,
            leads: true
        })
    );
    let leading = reply.header("etag").to_owned();
    standing.lead(false, now());
    let reply = served
        .ask("GET", PATH, &[("if-none-match", &leading)])
        .await;
    assert_eq!(reply.status, 200);
    assert!(
        !Handover::parse(reply.text(), &KINDS)
            .unwrap()
            .is_from_leader()
    );
}

#[tokio::test]
async fn when_no_replica_asks_every_face_says_so() {
    let served = Served::new(every_state());
    served.cell.update(|board| board.unattended(now()));
    let page = served.get("/metrics").await;
    for id in [A, B] {
        let up = format!("kafka_lag_up{{instance_id=\"{id}\"}} 0");
        assert!(page.text().contains(&up), "{}", page.text());
    }
    let reply = served.get("/api/v1/lag").await;
    let cause = "\"last_error\":\"no_leader\",\"last_error_detail\":\"no replica asks the cloud: ";
    assert_eq!(reply.text().matches(cause).count(), 2, "{}", reply.text());
    assert!(!reply.text().contains("\"up\":true"));
}

#[tokio::test]
async fn a_process_that_is_alone_says_nothing_of_leading() {
    let text = Served::new(every_state()).get("/metrics").await;
    assert!(!text.text().contains("kafka_lag_leader"));
    assert!(!text.text().contains("kafka_lag_follow"));
}

#[tokio::test]
async fn a_replica_says_whether_it_leads_and_when_it_followed() {
    let served = Served::new(every_state());
    let standing = Arc::new(Standing::default());
    served.exporter.is_replica(standing.clone());
    let lines = || async {
        let page = served.get("/metrics").await;
        let ours = |line: &&str| {
            line.starts_with("kafka_lag_leader ") || line.starts_with("kafka_lag_follow_")
        };
        page.text()
            .lines()
            .filter(ours)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(lines().await, ["kafka_lag_leader 0"]);
    standing.followed(Some(now()));
    standing.followed(None);
    let followed = format!(
        "kafka_lag_follow_last_success_timestamp_seconds {}",
        now().as_second()
    );
    assert_eq!(lines().await, ["kafka_lag_leader 0", &followed]);
    standing.lead(true, now());
    assert_eq!(lines().await, ["kafka_lag_leader 1", &followed]);
}

#[tokio::test]
async fn a_standby_is_ready_once_it_has_tried_to_follow_whatever_came_of_it() {
    let served = Served::new(standby());
    let standing = Arc::new(Standing::default());
    served.exporter.is_replica(standing.clone());
    let reply = served.get("/readyz").await;
    assert_eq!(reply.status, 503);
    assert!(
        reply
            .text()
            .contains("neither leads nor has tried to follow"),
        "{}",
        reply.text()
    );
    standing.lead(true, now());
    let reply = served.get("/readyz").await;
    assert_eq!(reply.status, 503);
    assert!(
        reply.text().contains("the first collection"),
        "{}",
        reply.text()
    );
    standing.lead(false, now());
    standing.followed(None);
    assert_eq!(served.get("/readyz").await.status, 200);
}
