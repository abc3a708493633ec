//! How the program ends.

use crate::{
    harness::{Cloud, Running, exporter, usual},
    http,
};
use cms_sim::{Fault, FaultKind};
use std::{
    io::Write as _,
    time::{Duration, Instant},
};

#[test]
fn both_signals_end_it_with_0() {
    let cloud = Cloud::usual();
    for signal in ["TERM", "INT"] {
        let mut running = Running::start(&mut exporter(&cloud.url()));
        running.wait_until_read();
        let asked = Instant::now();
        running.signal(signal);
        assert_eq!(running.end().code(), Some(0), "{signal}");
        assert!(asked.elapsed() < Duration::from_secs(3), "{signal}");
        let log = running.log.text();
        assert!(log.contains(&format!("signal=SIG{signal}")), "{log}");
    }
}

#[test]
fn it_ends_within_seconds_while_the_cloud_does_not_answer() {
    let cloud = Cloud::start(usual().fault(Fault::new(FaultKind::Stall)));
    for signal in ["TERM", "INT"] {
        cloud.simulator.reset_counters();
        let mut running = Running::start(exporter(&cloud.url()).arg("--cms.timeout=60s"));
        while cloud.simulator.counters().calls == 0 {
            assert_eq!(running.get("/healthz").status, 200);
        }
        let asked = Instant::now();
        running.signal(signal);
        assert_eq!(running.end().code(), Some(0), "{signal}");
        assert!(asked.elapsed() < Duration::from_secs(3), "{signal}");
    }
}

/// A request whose head is not complete yet. The answer to a second one proves that the first was taken in.
fn begin(running: &Running) -> std::net::TcpStream {
    let mut stream = http::connect(running.address);
    stream
        .write_all(b"GET /metrics HTTP/1.1\r\nhost: exporter\r\n")
        .unwrap();
    assert_eq!(running.get("/healthz").status, 200);
    stream
}

/// Returns when the program takes no new connection: from then on only what is open may go on.
fn wait_until_closed(running: &Running) {
    let deadline = Instant::now() + Duration::from_secs(5);
    while std::net::TcpStream::connect(running.address).is_ok() {
        assert!(Instant::now() < deadline, "it still takes connections");
    }
}

#[test]
fn an_open_request_is_answered_before_the_end() {
    let cloud = Cloud::usual();
    let mut running = Running::start(&mut exporter(&cloud.url()));
    running.wait_until_read();
    let mut open = begin(&running);
    running.signal("TERM");
    wait_until_closed(&running);
    open.write_all(b"\r\n").unwrap();
    let reply = http::Reply::read(&mut open);
    assert_eq!(reply.status, 200);
    assert!(reply.text().contains("\nkafka_lag_up{"));
    assert_eq!(running.end().code(), Some(0));
}

#[test]
fn a_second_signal_does_not_wait_for_open_requests() {
    let cloud = Cloud::usual();
    let mut running = Running::start(&mut exporter(&cloud.url()));
    let _open = begin(&running);
    running.signal("TERM");
    running
        .log
        .until(|line| line.contains("open requests may finish"));
    let asked = Instant::now();
    running.signal("INT");
    assert_eq!(running.end().code(), Some(0));
    assert!(asked.elapsed() < Duration::from_secs(3));
    assert!(running.log.text().contains("ending at once"));
}

#[test]
fn a_request_that_never_ends_is_cut_after_the_grace_period() {
    let cloud = Cloud::usual();
    let mut running = Running::start(&mut exporter(&cloud.url()));
    let _open = begin(&running);
    let asked = Instant::now();
    running.signal("TERM");
    assert_eq!(running.end().code(), Some(0));
    assert!(
        asked.elapsed() < Duration::from_secs(9),
        "{:?}",
        asked.elapsed()
    );
}
