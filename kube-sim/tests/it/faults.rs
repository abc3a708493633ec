use std::io::ErrorKind;

use kube_sim::{Fault, FaultKind, KubeSim};
use serde_json::json;

use crate::client::{CONSUMER, MERGE, Seen, get, patch, restart, start};

const AT: &str = "2026-11-22T11:00:00+08:00";

/// A restart that waits for its answer.
async fn restarted(sim: &KubeSim) -> Seen {
    patch(sim, CONSUMER, &restart(AT)).await
}

/// A restart whose client goes away once the server has decided what becomes of it, which it does without a break
/// after the request has arrived; an answer has every chance to come before.
async fn restart_and_leave(sim: &KubeSim) -> Option<Seen> {
    let decided = async {
        while sim.requests().is_empty() {
            tokio::task::yield_now().await;
        }
        for _ in 0..1000 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        seen = restarted(sim) => Some(seen),
        () = decided => None,
    }
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
    for kind in [FaultKind::Hang, FaultKind::Reset] {
        let sim = start().await;
        sim.fault(kind.clone());
        if kind == FaultKind::Hang {
            assert!(restart_and_leave(&sim).await.is_none());
        } else {
            let seen = restarted(&sim).await;
            let expected = (0, Some(ErrorKind::ConnectionReset));
            assert_eq!((seen.status(), seen.error), expected);
        }
        assert!(sim.rollouts("demo", "consumer").is_empty());
        let request = &sim.requests()[0];
        assert_eq!((request.answered, request.stored), (None, false));
    }
}

#[tokio::test]
async fn apply_then_hang_and_apply_then_reset_store_and_never_say_so() {
    for kind in [FaultKind::ApplyThenHang, FaultKind::ApplyThenReset] {
        let sim = start().await;
        sim.fault(Fault::new(kind.clone()).method("PATCH").nth(1));
        if kind == FaultKind::ApplyThenHang {
            assert!(restart_and_leave(&sim).await.is_none());
        } else {
            let seen = restarted(&sim).await;
            let expected = (0, Some(ErrorKind::ConnectionReset));
            assert_eq!((seen.status(), seen.error), expected);
        }
        assert_eq!(sim.rollouts("demo", "consumer").len(), 1);
        let request = sim.requests().remove(0);
        assert_eq!((request.answered, request.stored), (None, true));
        // The second try of the same restart is answered and restarts nothing.
        restarted(&sim).await.expect(200);
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
    assert_eq!(restarted(&sim).await.refusal().0, 504);
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
        assert!(restart_and_leave(&sim).await.is_none());
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
