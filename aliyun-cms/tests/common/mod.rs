//! What several test files need: fixed time, counted nonces, fixtures as replies.
#![allow(dead_code, clippy::unwrap_used, unreachable_pub, missing_docs)]

pub mod hands;
pub mod leaks;
pub mod machine;
pub mod roles;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use aliyun_cms::{
    Attempt, Client, ClientBuilder, Clock, Credentials, Endpoint, ErrorKind, Observer, RateLimiter,
    RetryPolicy,
};
use jiff::Timestamp;
use serde_json::Value;
use wiremock::{MockServer, Request, ResponseTemplate};

pub const KEY_ID: &str = "dummy-key-id-for-tests";
pub const SECRET: &str = "dummy-secret-for-tests";
pub const TOKEN: &str = "CAIS8wF1q6Ft5B2yfSjIr5eGAtH+mq1xhfFP/aF+u2QX8AAAA3Nh0z/x9Y+7Sw==";
pub const NONCE: &str = "8f0b5f2c-7c1e-4d0a-9a55-3c7e0f4b2d11";

/// Stands still, counts nonces, and draws the same jitter each time.
#[derive(Clone, Debug)]
pub struct FakeClock {
    pub now: Timestamp,
    pub nonces: Arc<AtomicU32>,
    pub jitter: f64,
}

impl Default for FakeClock {
    fn default() -> Self {
        let now = "2026-01-15T08:30:00.987Z".parse().unwrap();
        Self {
            now,
            nonces: Arc::default(),
            jitter: 0.0,
        }
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        self.now
    }
    fn nonce(&self) -> String {
        match self.nonces.fetch_add(1, Ordering::Relaxed) {
            0 => NONCE.to_owned(),
            n => format!("nonce-{n}"),
        }
    }
    fn jitter(&self) -> f64 {
        self.jitter
    }
}

/// Remembers attempts: number, outcome, planned wait, whether sent.
#[derive(Clone, Default)]
pub struct Log(pub Arc<Mutex<Vec<Seen>>>);

#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    pub action: String,
    pub number: u32,
    pub outcome: Result<(), ErrorKind>,
    pub retry_in: Option<Duration>,
    pub sent: bool,
}

impl Observer for Log {
    fn on_attempt(&self, attempt: &Attempt<'_>) {
        self.0.lock().unwrap().push(Seen {
            action: attempt.action.to_owned(),
            number: attempt.number,
            outcome: attempt.outcome,
            retry_in: attempt.retry_in,
            sent: attempt.sent,
        });
    }
}

impl Log {
    pub fn seen(&self) -> Vec<Seen> {
        self.0.lock().unwrap().clone()
    }
}

pub fn credentials() -> Credentials {
    Credentials::new(KEY_ID, SECRET)
}

/// Against this server, with fixed time and no waiting at all between attempts.
pub fn builder(server: &MockServer) -> ClientBuilder {
    Client::builder()
        .endpoint(Endpoint::url(&server.uri()).unwrap())
        .credentials(credentials())
        .clock(FakeClock::default())
        .limiter(RateLimiter::unlimited())
        .no_proxy()
}

/// As [`builder`], for replies that are to be judged and not repeated.
pub fn client(server: &MockServer) -> Client {
    builder(server).retry(RetryPolicy::none()).build().unwrap()
}

pub fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

pub fn json(path: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(fixtures().join(path)).unwrap()).unwrap()
}

/// A file of `cms-responses` as the server sends it.
pub fn reply(name: &str) -> ResponseTemplate {
    let fixture = json(&format!("cms-responses/{name}.json"));
    let status = u16::try_from(fixture["status"].as_u64().unwrap()).unwrap();
    let headers = fixture["headers"].as_object().unwrap();
    let content_type = headers["Content-Type"].as_str().unwrap();
    let body = match &fixture["body"] {
        Value::String(text) => text.clone(),
        tree => tree.to_string(),
    };
    let mut reply = ResponseTemplate::new(status).set_body_raw(body, content_type);
    for (name, value) in headers.iter().filter(|(name, _)| *name != "Content-Type") {
        reply = reply.insert_header(name.as_str(), value.as_str().unwrap());
    }
    reply
}

/// Query parameters as a server decodes them.
pub fn query(request: &Request) -> BTreeMap<String, String> {
    request.url.query_pairs().into_owned().collect()
}

pub async fn received(server: &MockServer) -> Vec<Request> {
    server.received_requests().await.unwrap()
}

/// The whole chain, as a program prints it.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        text.push_str(": ");
        text.push_str(&error.to_string());
        next = error.source();
    }
    text
}
