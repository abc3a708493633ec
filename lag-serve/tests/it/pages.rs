//! Probes, and requests that cannot be answered.

use crate::common::*;
use lag_core::Board;

const PATHS: [&str; 9] = [
    "/",
    "/metrics",
    "/healthz",
    "/-/healthy",
    "/readyz",
    "/-/ready",
    "/api/v1/lag",
    "/api/v1/lag/alikafka_pre-cn-a/orders",
    "/api/v1/handover",
];

#[tokio::test]
async fn a_page_is_read_with_get_and_head_and_nothing_else() {
    let served = Served::new(every_state());
    for path in PATHS {
        assert_eq!(served.get(path).await.status, 200, "{path}");
        let head = served.ask("HEAD", path, &[]).await;
        assert_eq!(head.status, 200, "{path}");
        assert!(head.body.is_empty(), "{path}");
        for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"] {
            let reply = served.ask(method, path, &[]).await;
            assert_eq!(reply.status, 405, "{method} {path}");
            assert_eq!(reply.header("allow"), "GET, HEAD", "{method} {path}");
        }
    }
}

#[tokio::test]
async fn an_unknown_page_names_those_there_are() {
    let served = Served::with(every_state(), |config| config.telemetry_path = "/m".into());
    for path in [
        "/x",
        "/metrics",
        "/api/v1",
        "/api/v1/lag/",
        "/healthz/",
        "/M",
    ] {
        let reply = served.get(path).await;
        assert_eq!(reply.status, 404, "{path}");
        assert_eq!(
            reply.text(),
            "no such page; there are /, /m, /api/v1/lag, /api/v1/lag/{instance}/{group}, /healthz, /readyz, /-/healthy, /-/ready and /-/reload\n"
        );
    }
}

#[tokio::test]
async fn no_answer_lets_a_browser_guess_its_type() {
    let served = Served::new(every_state());
    for path in PATHS.into_iter().chain(["/nowhere", "/api/v1/lag/x/y"]) {
        for method in ["GET", "HEAD", "POST"] {
            let reply = served.ask(method, path, &[]).await;
            let guess = reply.header("x-content-type-options");
            assert_eq!(guess, "nosniff", "{method} {path}");
        }
    }
}

#[tokio::test]
async fn readiness_comes_with_the_first_attempt_and_stays_in_an_outage() {
    let watching = Board::default()
        .watching("main", [watched(A, &[])], now())
        .watching("other", [watched(B, &[])], now());
    let served = Served::new(watching);
    for path in ["/readyz", "/-/ready"] {
        let reply = served.get(path).await;
        assert_eq!(reply.status, 503);
        assert!(
            reply.text().contains("first collection"),
            "{}",
            reply.text()
        );
    }
    served.cell.update(|b| collect(b, "main", failure(A)));
    assert_eq!(served.get("/readyz").await.status, 503, "one of two");
    served.cell.update(|b| collect(b, "other", failure(B)));
    for _ in 0..3 {
        assert_eq!(served.get("/readyz").await.status, 200);
        assert_eq!(served.get("/-/ready").await.status, 200);
        served.cell.update(|b| collect(b, "main", failure(A)));
    }
}

#[tokio::test]
async fn health_never_looks_at_the_board() {
    let served = Served::new(Board::default().watching("main", [watched(A, &["g"])], now()));
    for path in ["/healthz", "/-/healthy"] {
        assert_eq!(served.get(path).await.status, 200);
    }
    served.cell.update(|b| collect(b, "main", failure(A)));
    assert_eq!(served.get("/healthz").await.text(), "healthy\n");
}
