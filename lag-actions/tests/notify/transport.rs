//! What is sent again, and what is not because it could double the message.

use crate::common::{self, assert_error, clock, json, made, quick, send};
use lag_actions::notify::{Http, HttpOptions, Service, notifier};
use lag_core::port::PortErrorKind::{Invalid, RateLimited, Unavailable};
use serde_json::json;
use std::{
    io::{Read, Write},
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};

fn robot() -> Service {
    Service::DingTalk(common::dingtalk())
}

#[tokio::test]
async fn a_server_that_recovers_gets_the_message() {
    let server = common::server("/robot/send", json(&json!({"errcode": 0})), 1).await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(502))
        .up_to_n_times(2)
        .with_priority(1)
        .expect(2)
        .mount(&server)
        .await;
    send(&*made(&server, robot())).await.unwrap();
}

#[tokio::test]
async fn a_server_error_is_one_whatever_its_body_says() {
    for errcode in [0, 310_000] {
        let body = json!({"errcode": errcode});
        let answer = ResponseTemplate::new(503).set_body_json(&body);
        let server = common::server("/robot/send", answer, 3).await;
        let error = send(&*made(&server, robot())).await.unwrap_err();
        assert_error(&error, Unavailable, &["HTTP 503"]);

        let answer = ResponseTemplate::new(429).set_body_json(&body);
        let server = common::server("/robot/send", answer, 1).await;
        let error = send(&*made(&server, robot())).await.unwrap_err();
        assert_error(&error, RateLimited, &["HTTP 429"]);
    }
}

#[tokio::test]
async fn a_success_in_a_failed_answer_is_no_success() {
    let answer = ResponseTemplate::new(400).set_body_json(json!({"errcode": 0}));
    let server = common::server("/robot/send", answer, 1).await;
    let error = send(&*made(&server, robot())).await.unwrap_err();
    assert_error(&error, Invalid, &["HTTP 400"]);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let answer = ResponseTemplate::new(307).insert_header("location", "/elsewhere");
    let server = common::server("/robot/send", answer, 1).await;
    let error = send(&*made(&server, robot())).await.unwrap_err();
    assert_error(&error, Invalid, &["HTTP 307", "redirects are not followed"]);
    assert_eq!(common::requests(&server).await.len(), 1);
}

#[tokio::test]
async fn a_time_out_after_sending_is_final() {
    let answer = json(&json!({"errcode": 0})).set_delay(Duration::from_secs(60));
    let server = common::server("/robot/send", answer, 1).await;
    let options = HttpOptions {
        timeout: Duration::from_millis(300),
        ..quick()
    };
    let http = Arc::new(Http::new(options).unwrap());
    let robot = notifier(common::at(&server.uri(), robot()), http, clock()).unwrap();
    let error = send(&*robot).await.unwrap_err();
    assert_error(
        &error,
        Unavailable,
        &["did not answer in time", "may have been delivered"],
    );
}

#[tokio::test]
async fn a_connection_that_breaks_after_sending_is_final() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let _ = socket.read(&mut [0; 64]);
        drop(socket);
        listener.set_nonblocking(true).unwrap();
        listener
    });
    let settings = common::at(&format!("http://{address}"), robot());
    let robot = notifier(settings, common::http(), clock()).unwrap();
    let error = send(&*robot).await.unwrap_err();
    assert_error(
        &error,
        Unavailable,
        &["broke off", "may have been delivered"],
    );
    let listener = server.join().unwrap();
    assert!(listener.accept().is_err(), "nobody came a second time");
}

#[tokio::test]
async fn a_connection_that_never_was_is_tried_three_times() {
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let asked = Arc::new(AtomicU32::new(0));
    let count = asked.clone();
    let clock = Arc::new(move || {
        count.fetch_add(1, Ordering::SeqCst);
        common::now()
    });
    let settings = common::at(&format!("http://127.0.0.1:{port}"), robot());
    let robot = notifier(settings, common::http(), clock).unwrap();
    let error = send(&*robot).await.unwrap_err();
    assert_error(
        &error,
        Unavailable,
        &["could not connect to 127.0.0.1", "refused", "firewall"],
    );
    assert_eq!(
        asked.load(Ordering::SeqCst),
        3,
        "one signature for each attempt"
    );
}

#[tokio::test]
async fn an_endless_answer_is_not_read_on_and_on() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let _ = socket.read(&mut [0; 4096]);
        let _ = socket.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        while socket.write_all(&[b' '; 4096]).is_ok() {}
    });
    let options = HttpOptions {
        timeout: Duration::from_secs(2),
        ..quick()
    };
    let http = Arc::new(Http::new(options).unwrap());
    let settings = common::at(&format!("http://{address}"), robot());
    let robot = notifier(settings, http, clock()).unwrap();
    let error = send(&*robot).await.unwrap_err();
    assert_error(&error, Unavailable, &["something else than its JSON"]);
    // Waiting on this thread would keep the client from closing its side.
    let closed = tokio::task::spawn_blocking(move || server.join());
    closed.await.unwrap().unwrap();
}

#[tokio::test]
async fn the_name_is_the_configured_one() {
    let server = MockServer::start().await;
    assert_eq!(made(&server, robot()).name(), "ops");
}
