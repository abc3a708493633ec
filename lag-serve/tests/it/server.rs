//! The server over real sockets.

use crate::common::*;
use axum::{Router, routing::get};
use lag_serve::web::{self, BindError, ListenAddress};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::{Notify, oneshot},
    task::JoinHandle,
    time::{Instant, timeout},
};

const FLAG: &str = "--web.listen-address";

/// A server on a free port, with the means to end it.
struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<std::io::Result<()>>,
}

impl Server {
    async fn start(router: Router, grace: Duration) -> Self {
        let listener = web::bind(&"127.0.0.1:0".parse().unwrap(), FLAG)
            .await
            .unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let shutdown = async { stopped.await.unwrap() };
        let ended = tokio::spawn(web::serve(listener, router, shutdown, grace));
        Self {
            address,
            stop,
            ended,
        }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }
}

/// A route that answers when it is let, and says when it was reached.
fn held() -> (Router, Arc<Notify>, Arc<Notify>) {
    let (reached, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (tell, wait) = (reached.clone(), release.clone());
    let handler = || async move {
        tell.notify_one();
        wait.notified().await;
        "done\n"
    };
    (Router::new().route("/held", get(handler)), reached, release)
}

async fn rest(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    // A connection that is cut may end in an error; what came before it counts.
    _ = stream.read_to_end(&mut text).await;
    String::from_utf8_lossy(&text).into_owned()
}

const GRACE: Duration = Duration::from_secs(5);

#[tokio::test]
async fn get_and_head_work_over_one_connection() {
    let server = Server::start(Served::new(every_state()).router, GRACE).await;
    let mut stream = server.connect().await;
    let head = b"HEAD /metrics HTTP/1.1\r\nhost: x\r\n\r\n";
    let get = b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    stream.write_all(head).await.unwrap();
    stream.write_all(get).await.unwrap();
    let text = rest(&mut stream).await;
    let (head, rest) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(head.contains("content-length: "), "{head}");
    assert!(
        rest.starts_with("HTTP/1.1 200 OK\r\n"),
        "no body in between: {rest}"
    );
    assert!(rest.ends_with("\r\n\r\nhealthy\n"), "{rest}");
}

#[tokio::test(start_paused = true)]
async fn a_slow_header_is_cut() {
    let server = Server::start(Served::new(every_state()).router, GRACE).await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET /healthz HT").await.unwrap();
    let begun = Instant::now();
    let text = rest(&mut stream).await;
    assert!(!text.contains("200 OK"), "{text}");
    let waited = begun.elapsed();
    assert!((9..30).contains(&waited.as_secs()), "{waited:?}");
}

#[tokio::test]
async fn an_open_request_finishes_and_idle_connections_end() {
    let (router, reached, release) = held();
    let server = Server::start(router, GRACE).await;
    let mut idle = server.connect().await;
    let mut open = server.connect().await;
    open.write_all(b"GET /held HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    reached.notified().await;
    server.stop.send(()).unwrap();
    assert_eq!(rest(&mut idle).await, "");
    assert!(!server.ended.is_finished());
    assert!(
        TcpStream::connect(server.address).await.is_err(),
        "no new ones"
    );
    release.notify_one();
    let text = rest(&mut open).await;
    assert!(text.ends_with("done\n"), "{text}");
    server.ended.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_request_that_takes_longer_than_the_grace_is_cut() {
    let (router, reached, _release) = held();
    let server = Server::start(router, GRACE).await;
    let mut open = server.connect().await;
    open.write_all(b"GET /held HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    reached.notified().await;
    let begun = Instant::now();
    server.stop.send(()).unwrap();
    server.ended.await.unwrap().unwrap();
    assert!(begun.elapsed() >= GRACE);
    assert_eq!(rest(&mut open).await, "");
}

#[tokio::test]
async fn a_large_answer_arrives_whole() {
    let samples = (0..4_000)
        .map(|n| (total(&format!("g{n:05}")), sample(120, f64::from(n), None)))
        .collect();
    let board = lag_core::Board::default().watching("main", [watched(A, &[])], now());
    let board = collect(&board, "main", answer(A, samples));
    let server = Server::start(Served::new(board).router, GRACE).await;
    for _ in 0..2 {
        let mut stream = server.connect().await;
        stream
            .write_all(b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\naccept: application/openmetrics-text\r\n\r\n")
            .await
            .unwrap();
        let text = rest(&mut stream).await;
        assert!(text.contains("consumer_group=\"g03999\"} 3999\n"));
        assert!(text.ends_with("\n# EOF\n"));
    }
}

#[tokio::test]
async fn all_interfaces_means_both_families() {
    let listener = web::bind(&":0".parse().unwrap(), FLAG).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let accepted = tokio::spawn(async move { listener.accept().await.map(|_| ()) });
    TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    timeout(GRACE, accepted).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn a_taken_port_names_the_flag() {
    for host in ["127.0.0.1", ""] {
        let free: ListenAddress = format!("{host}:0").parse().unwrap();
        let first = web::bind(&free, FLAG).await.unwrap();
        let port = first.local_addr().unwrap().port();
        let taken: ListenAddress = format!("{host}:{port}").parse().unwrap();
        let error = web::bind(&taken, FLAG).await.unwrap_err();
        assert!(matches!(error, BindError::InUse { .. }), "{error:?}");
        let text = error.to_string();
        for part in ["--web.listen-address", &port.to_string()] {
            assert!(text.contains(part), "{text}");
        }
    }
}

#[tokio::test]
async fn an_address_of_another_host_is_refused_with_the_flag() {
    // Reserved for documentation: no host has it.
    let error = web::bind(&"192.0.2.1:0".parse().unwrap(), FLAG)
        .await
        .unwrap_err();
    assert!(matches!(error, BindError::Other { .. }), "{error:?}");
    assert!(
        error.to_string().contains("--web.listen-address"),
        "{error}"
    );
}
