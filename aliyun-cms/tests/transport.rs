//! Connections that fail, hang, break off or say too much.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::time::Duration;

use aliyun_cms::{Client, Endpoint, Error, ErrorKind, RateLimiter, RetryPolicy};
use common::{FakeClock, Log, builder, received, reply};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use wiremock::{Mock, MockServer, matchers::method};

const MS: Duration = Duration::from_millis(1);

async fn ask(client: &Client) -> Result<(), Error> {
    client
        .describe_metric_list("n", "m")
        .send(None)
        .await
        .map(drop)
}

/// A client of whatever listens there.
fn at(address: std::net::SocketAddr) -> (Client, Log) {
    let log = Log::default();
    let client = Client::builder()
        .endpoint(Endpoint::url(&format!("http://{address}")).unwrap())
        .credentials(common::credentials())
        .clock(FakeClock::default())
        .limiter(RateLimiter::unlimited())
        .timeout(50 * MS)
        .retry(RetryPolicy::default().with_max_attempts(2))
        .observer(log.clone())
        .no_proxy()
        .build()
        .unwrap();
    (client, log)
}

#[tokio::test]
async fn a_refused_connection_is_a_network_error_and_repeated() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let (client, log) = at(address);
    let error = ask(&client).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Network, "{error:?}");
    assert!(error.is_retryable());
    assert!(error.hint().unwrap().contains(&address.to_string()));
    assert!(
        common::chain(&error).contains("could not connect to 127.0.0.1:"),
        "{error:?}"
    );
    assert_eq!(log.seen().len(), 2);
    assert!(
        log.seen().iter().all(|seen| !seen.sent),
        "no call was used up"
    );
}

#[tokio::test]
async fn a_server_that_never_answers_is_a_timeout_per_attempt() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (client, log) = at(listener.local_addr().unwrap());
    let error = ask(&client).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error:?}");
    assert!(matches!(&error, Error::Transport { source, .. } if source.is_timeout()));
    assert_eq!(log.seen().len(), 2);
    assert!(log.seen().iter().all(|seen| seen.sent), "it may have been");
}

#[tokio::test]
async fn a_reply_that_breaks_off_is_a_network_error_and_repeated() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (client, log) = at(listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        for _ in 0..2 {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut buffer = [0; 4096];
            let _ = socket.read(&mut buffer).await.unwrap();
            let half = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"Code\":";
            socket.write_all(half).await.unwrap();
        }
    });
    let error = ask(&client).await.unwrap_err();
    server.await.unwrap();
    assert_eq!(error.kind(), ErrorKind::Network, "{error:?}");
    assert!(common::chain(&error).contains("broke off"), "{error:?}");
    assert_eq!(log.seen().len(), 2);
}

#[tokio::test]
async fn a_reply_over_the_limit_is_refused_once_whether_announced_or_not() {
    let server = MockServer::start().await;
    let page = reply("list-page-1-next-token");
    Mock::given(method("POST"))
        .respond_with(page)
        .mount(&server)
        .await;
    let client = builder(&server).max_response_bytes(200).build().unwrap();
    let error = ask(&client).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.is_retryable()),
        (ErrorKind::Decode, false)
    );
    assert!(error.hint().unwrap().contains("max_response_bytes"));
    assert_eq!(received(&server).await.len(), 1);

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let chunked = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut buffer = [0; 4096];
        let _ = socket.read(&mut buffer).await.unwrap();
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        let chunk = format!("64\r\n{}\r\n", "x".repeat(100));
        socket
            .write_all(format!("{head}{}", chunk.repeat(5)).as_bytes())
            .await
            .unwrap();
        socket
    });
    let client = Client::builder()
        .endpoint(Endpoint::url(&format!("http://{address}")).unwrap())
        .credentials(common::credentials())
        .max_response_bytes(200)
        .no_proxy()
        .build()
        .unwrap();
    let error = ask(&client).await.unwrap_err();
    assert!(
        common::chain(&error).ends_with("it is larger than 200 bytes"),
        "{error:?}"
    );
    drop(chunked.await.unwrap());
}

#[tokio::test]
async fn an_error_page_over_the_limit_is_judged_by_its_status() {
    let server = MockServer::start().await;
    let page = wiremock::ResponseTemplate::new(502).set_body_string("x".repeat(1000));
    Mock::given(method("POST"))
        .respond_with(page)
        .mount(&server)
        .await;
    let client = builder(&server).max_response_bytes(200).build().unwrap();
    assert_eq!(
        ask(&client).await.unwrap_err().kind(),
        ErrorKind::Unavailable
    );
    assert_eq!(received(&server).await.len(), 4);
}
