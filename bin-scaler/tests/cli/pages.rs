//! Each status, and the pages about the program itself.

use crate::{
    harness::{CONFIG, World, alert, until},
    http::{self, send},
};
use kube_sim::{Fault, FaultKind};
use std::thread;

const POST: &str = "POST /webhook/alertmanager";

#[test]
fn each_kind_of_wrong_request_has_its_status() {
    let world = World::new(&format!("{CONFIG}  webhook:\n    body_limit: 2048\n"));
    let running = world.start();
    let json = ("content-type", "application/json");
    let at = running.address;
    let status = |head: &str, headers: &[(&str, &str)], body: &str| {
        send(at, head, headers, body).unwrap().status
    };
    let get = running.get("/webhook/alertmanager");
    assert_eq!((get.status, get.header("allow")), (405, Some("POST")));
    assert_eq!(
        status("PUT /hpa", &[json, ("content-length", "2")], "{}"),
        405
    );
    assert_eq!(status("POST /metrics", &[("content-length", "0")], ""), 405);
    assert_eq!(status("POST /other", &[("content-length", "0")], ""), 404);
    assert_eq!(status(POST, &[("content-length", "2")], "{}"), 415);
    let text = ("content-type", "text/plain");
    assert_eq!(status(POST, &[text, ("content-length", "2")], "{}"), 415);
    // Refused by what it says, before it is sent; and by what it is, when it does not say.
    assert_eq!(
        status(POST, &[json, ("content-length", "104857600")], ""),
        413
    );
    let chunk = format!("1000\r\n{}\r\n0\r\n\r\n", " ".repeat(4096));
    assert_eq!(
        status(POST, &[json, ("transfer-encoding", "chunked")], &chunk),
        413
    );
    let origin = [("origin", "http://127.0.0.1:9877")];
    let browser = http::post(at, "/hpa", &origin, &alert("Lag", "firing"));
    assert_eq!(browser.status, 403, "a page of a browser");
    for body in ["", "{", "[]", "{}", r#"{"status":"firing"}"#] {
        assert_eq!(running.deliver(body).status, 400, "{body}");
    }
    assert_eq!(world.steps(), 0);
    assert_eq!(
        running.value("kafka_lag_scaler_deliveries_total{code=\"400\"}"),
        Some(5.0)
    );
    assert_eq!(
        running.value("kafka_lag_scaler_deliveries_total{code=\"413\"}"),
        Some(2.0)
    );
}

#[test]
fn it_is_ready_when_ledger_and_cluster_were_read_once() {
    let world = World::new(CONFIG);
    world.api.fault(Fault::new(FaultKind::status(
        503,
        "ServiceUnavailable",
        "not now",
    )));
    let mut running = world.start();
    running.log.until(|line| line.contains("not ready"));
    let page = running.get("/readyz");
    assert_eq!(page.status, 503);
    assert!(page.text().contains("the log says why"), "{}", page.text());
    assert_eq!(running.get("/healthz").status, 200);
    world.api.clear_faults();
    until("ready", || running.get("/readyz").status == 200);
    world.api.fault(Fault::new(FaultKind::status(
        503,
        "ServiceUnavailable",
        "not now",
    )));
    assert_eq!(running.get("/readyz").status, 200, "stays so in an outage");
}

#[test]
fn an_unreachable_cluster_is_told_to_alertmanager_as_5xx() {
    let world = World::new(CONFIG);
    let running = world.start();
    world.api.fault(Fault::new(FaultKind::status(
        503,
        "ServiceUnavailable",
        "not now",
    )));
    let reply = running.deliver(&alert("Lag", "firing"));
    assert_eq!(reply.status, 503, "{}", reply.text());
    assert_eq!(reply.header("retry-after"), Some("1"));
    assert_eq!(reply.json()["status"], "try_again");
    world.api.clear_faults();
    assert_eq!(
        running
            .deliver_until_taken(&alert("Lag", "firing"))
            .result(),
        "done"
    );
    assert_eq!(world.steps(), 1);
}

#[test]
fn the_front_page_and_the_metrics_say_what_this_is() {
    let world = World::new(CONFIG);
    let running = world.start();
    let page = running.get("/").text();
    assert!(page.contains("/webhook/alertmanager"), "{page}");
    let metrics = running.get("/metrics");
    let kind = metrics.header("content-type").unwrap();
    assert!(kind.starts_with("text/plain; version=0.0.4"), "{kind}");
    let text = metrics.text();
    for name in [
        "kafka_lag_scaler_build_info{",
        "kafka_lag_scaler_alerts_total{result=\"done\"} 0",
        "kafka_lag_scaler_ledger_conflicts_total 0",
        "process_resident_memory_bytes",
    ] {
        assert!(text.contains(name), "{name}: {text}");
    }
    assert_eq!(http::get(running.address, "/nope").status, 404);
}

#[test]
fn who_finds_no_place_is_sent_away_and_comes_again() {
    let webhook = "  webhook:\n    concurrency: 1\n    deadline: 20s\n";
    let world = World::new(&format!("{CONFIG}{webhook}"));
    let running = world.start();
    until("ready", || running.get("/readyz").status == 200);
    let before = world.api.requests().len();
    world.api.fault(FaultKind::Hang);
    let address = running.address;
    let first = thread::spawn(move || http::post(address, "/hpa", &[], &alert("Lag", "firing")));
    until("the first has its place", || {
        world.api.requests().len() > before
    });
    let second = running.deliver(&alert("Other", "firing"));
    assert_eq!(
        (second.status, second.header("retry-after")),
        (503, Some("1"))
    );
    assert!(
        second.text().contains("too many deliveries"),
        "{}",
        second.text()
    );
    let first = first.join().unwrap();
    assert_eq!(
        (first.status, first.result().as_str()),
        (503, "unavailable"),
        "{}",
        first.text()
    );
    world.api.clear_faults();
    assert_eq!(
        running
            .deliver_until_taken(&alert("Lag", "firing"))
            .result(),
        "done"
    );
    assert_eq!(world.steps(), 1);
}
