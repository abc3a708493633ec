use std::{io::ErrorKind, time::Duration};

use kube_sim::{Fault, FaultKind, KubeSim};
use serde_json::json;

use crate::client::{CONSUMER, MERGE, Seen, get, patch, restart, send_within, start};

/// Long enough for an answer that comes, short enough to wait for one that does not.
const SHORT: Duration = Duration::from_millis(300);

async fn patch_briefly(sim: &KubeSim) -> Seen {
    let headers = [("content-type", MERGE)];
    let body = restart("2026-11-22T11:00:00+08:00").to_string();
    send_within(sim, SHORT, "PATCH", CONSUMER, &headers, &body).await
}

#[tokio::test]
async fn a_status_is_answered_so_often_and_then_no_more() {
    let sim = start().await;
    sim.fault(Fault::new(FaultKind::status(503, "ServiceUnavailable", "try later")).times(2));
    let expected = (503, "ServiceUnavailable".to_owned(), "try later".to_owned());
    for _ in 0..2 {
        assert_eq!(get(&sim, CONSUMER).await.refusal(), expected);
    }
    assert_eq!(get(&sim, CONSUMER).await.status(), 200);
}

#[tokio::test]
async fn a_status_may_ask_to_wait() {
    let sim = start().await;
    sim.fault(FaultKind::Status {
        code: 429,
        reason: "TooManyRequests".into(),
        message: "slower".into(),
        retry_after: Some(7),
    });
    assert!(get(&sim, CONSUMER).await.head().contains("retry-after: 7"));
}

#[tokio::test]
async fn hang_and_reset_store_nothing() {
    for (kind, error) in [
        (FaultKind::Hang, ErrorKind::TimedOut),
        (FaultKind::Reset, ErrorKind::ConnectionReset),
    ] {
        let sim = start().await;
        sim.fault(kind);
        let seen = patch_briefly(&sim).await;
        assert_eq!((seen.status(), seen.error), (0, Some(error)));
        assert!(sim.rollouts("demo", "consumer").is_empty());
        let request = &sim.requests()[0];
        assert_eq!((request.answered, request.stored), (None, false));
    }
}

#[tokio::test]
async fn apply_then_hang_and_apply_then_reset_store_and_never_say_so() {
    for (kind, error) in [
        (FaultKind::ApplyThenHang, ErrorKind::TimedOut),
        (FaultKind::ApplyThenReset, ErrorKind::ConnectionReset),
    ] {
        let sim = start().await;
        sim.fault(Fault::new(kind).method("PATCH").nth(1));
        let seen = patch_briefly(&sim).await;
        assert_eq!((seen.status(), seen.error), (0, Some(error)));
        assert_eq!(sim.rollouts("demo", "consumer").len(), 1);
        let request = sim.requests().remove(0);
        assert_eq!((request.answered, request.stored), (None, true));
        // The second try of the same restart is answered and restarts nothing.
        assert_eq!(patch_briefly(&sim).await.status(), 200);
        assert_eq!(sim.rollouts("demo", "consumer").len(), 1);
    }
}

#[tokio::test]
async fn apply_then_status_stores_and_says_that_it_failed() {
    let sim = start().await;
    sim.fault(FaultKind::ApplyThenStatus {
        code: 504,
        reason: "Timeout".into(),
        message: "the proxy lost its patience".into(),
    });
    assert_eq!(patch_briefly(&sim).await.refusal().0, 504);
    assert_eq!(sim.rollouts("demo", "consumer").len(), 1);
}

#[tokio::test]
async fn a_delay_comes_before_the_write_or_after_it() {
    let an_hour = 3_600_000;
    for (kind, rollouts) in [
        (FaultKind::Delay { ms: an_hour }, 0),
        (FaultKind::ApplyThenDelay { ms: an_hour }, 1),
    ] {
        let sim = start().await;
        sim.fault(kind);
        assert_eq!(patch_briefly(&sim).await.status(), 0);
        assert_eq!(sim.rollouts("demo", "consumer").len(), rollouts);
    }
    for kind in [
        FaultKind::Delay { ms: 1 },
        FaultKind::ApplyThenDelay { ms: 1 },
    ] {
        let sim = start().await;
        sim.fault(kind);
        patch(&sim, CONSUMER, &restart("a")).await.expect(200);
        assert_eq!(sim.rollouts("demo", "consumer").len(), 1);
    }
}

#[tokio::test]
async fn requests_are_kept_as_they_came() {
    let sim = start().await;
    let path = format!("{CONSUMER}/scale?fieldManager=kafka-lag");
    patch(&sim, &path, &json!({"spec": {"replicas": 3}}))
        .await
        .expect(200);
    let seen = sim.requests().remove(0);
    assert_eq!(seen.method, "PATCH");
    assert_eq!(seen.path, format!("{CONSUMER}/scale"));
    assert_eq!(seen.query, "fieldManager=kafka-lag");
    assert_eq!(seen.content_type, MERGE);
    assert_eq!(seen.body, r#"{"spec":{"replicas":3}}"#);
    assert_eq!((seen.answered, seen.stored), (Some(200), true));
    sim.reset();
    assert!(sim.requests().is_empty() && sim.changes().scale_changes.is_empty());
}
