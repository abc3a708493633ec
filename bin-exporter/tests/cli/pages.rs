//! What a scraper gets over a real socket.

use crate::{
    harness::{Cloud, INSTANCE, Running, exporter, lag, value},
    http,
};
use std::io::{Read as _, Write as _};

#[test]
fn metrics_come_in_the_format_and_the_encoding_that_was_asked_for() {
    let cloud = Cloud::usual();
    let mut running = Running::start(&mut exporter(&cloud.url()));
    running.wait_until_read();
    let text = "text/plain; version=0.0.4; charset=utf-8";
    let open = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    for (accept, kind) in [
        ("*/*", text),
        ("text/plain;version=0.0.4", text),
        ("application/openmetrics-text", open),
        (
            "application/openmetrics-text; version=1.0.0,text/plain;version=0.0.4;q=0.5",
            open,
        ),
        (
            "application/openmetrics-text;version=1.0.0;q=0.2,text/plain;q=0.9",
            text,
        ),
        (";;;=,", text),
    ] {
        for encoding in ["identity", "gzip", "gzip, deflate, br"] {
            let headers = [("accept", accept), ("accept-encoding", encoding)];
            let reply = http::get(running.address, "/metrics", &headers);
            assert_eq!(
                (reply.status, reply.header("content-type")),
                (200, Some(kind)),
                "{accept}"
            );
            assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
            let zipped = encoding.starts_with("gzip");
            assert_eq!(
                reply.header("content-encoding"),
                zipped.then_some("gzip"),
                "{encoding}"
            );
            let page = if zipped {
                let mut page = String::new();
                flate2::read::GzDecoder::new(&*reply.body)
                    .read_to_string(&mut page)
                    .unwrap();
                page
            } else {
                reply.text()
            };
            assert_eq!(value(&page, &lag("busy")), Some(150_001.0));
            assert_eq!(value(&page, &lag("caught-up")), Some(0.0));
            assert_eq!(page.ends_with("# EOF\n"), kind == open, "{accept}");
            assert!(page.contains("\nprocess_resident_memory_bytes "), "{page}");
        }
    }
}

#[test]
fn the_build_of_the_metrics_is_the_one_of_the_command_line() {
    let cloud = Cloud::usual();
    let running = Running::start(&mut exporter(&cloud.url()));
    let version = crate::harness::output(&mut crate::harness::program(&["--version"]));
    let version = String::from_utf8(version.stdout).unwrap();
    let page = running.metrics();
    let info = page
        .lines()
        .find(|line| line.starts_with("kafka_lag_exporter_build_info{"))
        .unwrap();
    for part in ["version", "revision", "branch", "rustversion"] {
        let (_, value) = info.split_once(&format!("{part}=\"")).unwrap();
        assert!(
            version.contains(value.split('"').next().unwrap()),
            "{part}: {info} {version}"
        );
    }
}

#[test]
fn every_page_answers_and_refuses_what_it_does_not_take() {
    let cloud = Cloud::usual();
    let mut running = Running::start(&mut exporter(&cloud.url()));
    running.wait_until_read();
    let busy = format!("/api/v1/lag/{INSTANCE}/busy");
    for path in [
        "/",
        "/metrics",
        "/healthz",
        "/-/healthy",
        "/readyz",
        "/-/ready",
        "/api/v1/lag",
        &busy,
    ] {
        assert_eq!(running.get(path).status, 200, "{path}");
        let mut stream = http::connect(running.address);
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        assert_eq!(http::Reply::read(&mut stream).status, 405, "{path}");
    }
    assert_eq!(running.get("/nowhere").status, 404);
    let one: serde_json::Value = serde_json::from_str(&running.get(&busy).text()).unwrap();
    assert_eq!(
        (&one["lag"], &one["state"]),
        (&150_001.into(), &"fresh".into()),
        "{one}"
    );
}

#[test]
fn it_listens_on_every_address_it_is_given() {
    let cloud = Cloud::usual();
    let mut running =
        Running::start(exporter(&cloud.url()).arg("--web.listen-address=127.0.0.1:0,localhost:0"));
    let second = running.log.until(|line| line.contains("listening"));
    let (_, port) = second.rsplit_once(':').unwrap();
    let port: u16 = port
        .trim_matches(|c: char| !c.is_ascii_digit())
        .parse()
        .unwrap();
    let connected = std::net::TcpStream::connect(("localhost", port));
    assert_ne!(port, running.address.port());
    assert!(connected.is_ok());
    assert_eq!(running.get("/healthz").status, 200);
}
