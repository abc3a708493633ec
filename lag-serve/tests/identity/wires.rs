//! What is spoken, and what slow, large and wrong clients get.

use crate::{
    certificates::Ca,
    client::{BOTH, Connection, Http, handshake, secured, trusting},
    server::{Clock, GRACE, Pair, Server, echo},
};
use axum::{Router, routing::get};
use lag_serve::web::{ClientCertificates, Protocols, ServerTls, Wire};
use std::{fs, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Notify,
    time::{Instant, timeout},
};

/// A server without a guard, and the CA of its certificate.
async fn started(protocols: Protocols) -> (Server, Ca, Pair) {
    let serving = Ca::new("serving");
    let pair = Pair::new(&serving.server());
    let tls = pair.tls(ClientCertificates::None, protocols, &Clock::new());
    (Server::start(Wire::Tls(tls), echo()).await, serving, pair)
}

async fn answered(server: &Server, serving: &Ca) {
    for http in BOTH {
        let stream = secured(server, trusting(serving, None), http)
            .await
            .unwrap();
        let mut connection = Connection::over(stream, http).await.unwrap();
        connection.get("/", &[]).await.served();
    }
}

#[tokio::test]
async fn both_sides_agree_on_an_http() {
    let (server, serving, _pair) = started(Protocols::Web).await;
    for (http, version) in [(Http::One, "HTTP/1.1"), (Http::Two, "HTTP/2.0")] {
        let stream = secured(&server, trusting(&serving, None), http)
            .await
            .unwrap();
        let mut connection = Connection::over(stream, http).await.unwrap();
        for _ in 0..3 {
            let reply = connection.get("/", &[]).await;
            assert!(reply.body.starts_with(version), "{}", reply.body);
        }
    }
    let stream = handshake(&server, trusting(&serving, None)).await.unwrap();
    let mut silent = Connection::over(stream, Http::One).await.unwrap();
    silent.get("/", &[]).await.served();
}

#[tokio::test]
async fn grpc_speaks_http2_alone() {
    let (server, serving, _pair) = started(Protocols::Grpc).await;
    let first = secured(&server, trusting(&serving, None), Http::One).await;
    assert!(first.is_err(), "no common protocol");
    for config in [trusting(&serving, None), {
        let mut config = trusting(&serving, None);
        config.alpn_protocols = vec![b"h2".to_vec()];
        config
    }] {
        let stream = handshake(&server, config).await.unwrap();
        let mut connection = Connection::over(stream, Http::Two).await.unwrap();
        connection.get("/", &[]).await.served();
    }
}

#[tokio::test]
async fn http2_needs_no_tls_where_both_sides_know() {
    let server = Server::start(Wire::Http2, echo()).await;
    let stream = TcpStream::connect(server.address).await.unwrap();
    let mut connection = Connection::over(stream, Http::Two).await.unwrap();
    connection.get("/", &[]).await.served();
    let mut wrong = TcpStream::connect(server.address).await.unwrap();
    wrong
        .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    let mut rest = Vec::new();
    _ = wrong.read_to_end(&mut rest).await;
    assert!(!String::from_utf8_lossy(&rest).contains("200 OK"));
}

#[tokio::test]
async fn a_required_certificate_must_be_shown_and_be_good() {
    let (serving, clients) = (Ca::new("serving"), Ca::new("clients"));
    let pair = Pair::new(&serving.server());
    let ca_file = pair.directory.path().join("ca.crt");
    fs::write(&ca_file, clients.pem()).unwrap();
    let required = ClientCertificates::Required { ca_file };
    let tls: ServerTls = pair.tls(required, Protocols::Grpc, &Clock::new());
    let server = Server::start(Wire::Tls(tls), echo()).await;
    let good = clients.client("keda");
    let foreign = Ca::new("clients").client("keda");
    for (own, is_good) in [(Some(&good), true), (Some(&foreign), false), (None, false)] {
        let stream = secured(&server, trusting(&serving, own), Http::Two).await;
        let answered = match stream {
            Ok(stream) => match Connection::over(stream, Http::Two).await {
                Ok(mut connection) => connection.try_get("/", &[]).await.is_ok(),
                Err(_) => false,
            },
            Err(_) => false,
        };
        assert_eq!(answered, is_good);
    }
}

#[tokio::test]
async fn silent_handshakes_hold_nobody_up_and_end_in_seconds() {
    let (server, serving, _pair) = started(Protocols::Web).await;
    let mut silent = Vec::new();
    for n in 0..64 {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        if n % 2 == 0 {
            // The beginning of a ClientHello.
            stream.write_all(&[0x16, 3, 1, 2, 0, 1]).await.unwrap();
        }
        silent.push(stream);
    }
    timeout(GRACE, answered(&server, &serving)).await.unwrap();
    tokio::time::pause();
    let begun = Instant::now();
    for mut stream in silent {
        let mut rest = Vec::new();
        _ = stream.read_to_end(&mut rest).await;
    }
    let waited = begun.elapsed();
    assert!(waited <= Duration::from_secs(10), "{waited:?}");
}

#[tokio::test]
async fn slow_heads_hold_nobody_up_and_end_in_seconds() {
    let (server, serving, _pair) = started(Protocols::Web).await;
    let mut slow = Vec::new();
    for (http, begin) in [
        (Http::One, &b"GET / HTTP/1.1\r\nho"[..]),
        (Http::One, b""),
        (Http::Two, b""),
        (Http::Two, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ] {
        let mut stream = secured(&server, trusting(&serving, None), http)
            .await
            .unwrap();
        stream.write_all(begin).await.unwrap();
        slow.push(stream);
    }
    timeout(GRACE, answered(&server, &serving)).await.unwrap();
    tokio::time::pause();
    let begun = Instant::now();
    for mut stream in slow {
        let mut rest = Vec::new();
        _ = stream.read_to_end(&mut rest).await;
        assert!(!String::from_utf8_lossy(&rest).contains("200 OK"));
    }
    let waited = begun.elapsed();
    assert!((9..60).contains(&waited.as_secs()), "{waited:?}");
}

#[tokio::test]
async fn a_path_of_a_mebibyte_is_refused_and_the_next_request_answered() {
    let (server, serving, _pair) = started(Protocols::Web).await;
    let path = "a".repeat(1 << 20);
    for head in [
        format!("GET /{path} HTTP/1.1\r\nhost: x\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nhost: x\r\nx-long: {path}\r\n\r\n"),
        format!(
            "GET / HTTP/1.1\r\nhost: x\r\n{}\r\n",
            "a: b\r\n".repeat(1 << 17)
        ),
    ] {
        let config = trusting(&serving, None);
        let mut stream = secured(&server, config, Http::One).await.unwrap();
        // The server may answer and close before it has read all of it.
        _ = stream.write_all(head.as_bytes()).await;
        let mut rest = Vec::new();
        _ = stream.read_to_end(&mut rest).await;
        let text = String::from_utf8_lossy(&rest);
        let first = text.lines().next().unwrap_or_default();
        assert!(
            [
                "",
                "HTTP/1.1 431 Request Header Fields Too Large",
                "HTTP/1.1 414 URI Too Long"
            ]
            .contains(&first),
            "{first}"
        );
    }
    let long = "b".repeat(1 << 20);
    for headers in [vec![("x-long", long.as_str())], vec![("a", "b"); 1 << 15]] {
        let config = trusting(&serving, None);
        let stream = secured(&server, config, Http::Two).await.unwrap();
        let mut connection = Connection::over(stream, Http::Two).await.unwrap();
        if let Ok(reply) = connection.try_get("/", &headers).await {
            assert_eq!(reply.status.as_u16(), 431);
        }
    }
    answered(&server, &serving).await;
}

#[tokio::test]
async fn whoever_speaks_no_tls_gets_no_answer() {
    let (server, serving, _pair) = started(Protocols::Web).await;
    for noise in [
        &b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"[..],
        &[0; 4096],
        &[0xff; 64],
    ] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(noise).await.unwrap();
        let mut rest = Vec::new();
        _ = timeout(GRACE, stream.read_to_end(&mut rest)).await.unwrap();
        assert!(!String::from_utf8_lossy(&rest).contains("HTTP/1.1 200"));
    }
    answered(&server, &serving).await;
}

#[tokio::test]
async fn an_open_request_finishes_on_both_when_the_server_ends() {
    for http in BOTH {
        let (reached, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (tell, wait) = (reached.clone(), release.clone());
        let handler = || async move {
            tell.notify_one();
            wait.notified().await;
            "done"
        };
        let serving = Ca::new("serving");
        let pair = Pair::new(&serving.server());
        let tls = pair.tls(ClientCertificates::None, Protocols::Web, &Clock::new());
        let router = Router::new().route("/held", get(handler));
        let server = Server::start(Wire::Tls(tls), router).await;
        let stream = secured(&server, trusting(&serving, None), http)
            .await
            .unwrap();
        let mut connection = Connection::over(stream, http).await.unwrap();
        let open = tokio::spawn(async move { connection.get("/held", &[]).await });
        reached.notified().await;
        server.stop.send(()).unwrap();
        while TcpStream::connect(server.address).await.is_ok() {
            tokio::task::yield_now().await;
        }
        release.notify_one();
        assert_eq!(open.await.unwrap().body, "done");
        server.ended.await.unwrap().unwrap();
    }
}
