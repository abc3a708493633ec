//! What an observer learns about the clock of this machine.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::sync::{Arc, Mutex};

use aliyun_cms::Attempt;
use common::{FakeClock, builder};
use jiff::SignedDuration;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::method};

/// Offsets seen while the server says that it is `date`.
async fn offsets(date: &str, status: u16) -> Vec<Option<SignedDuration>> {
    let server = MockServer::start().await;
    let body = r#"{"Code":"200","Success":true}"#;
    let template = ResponseTemplate::new(status)
        .set_body_string(body)
        .insert_header("date", date);
    Mock::given(method("POST"))
        .respond_with(template)
        .mount(&server)
        .await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let note = seen.clone();
    let client = builder(&server)
        .clock(FakeClock {
            now: "2026-01-15T08:30:00Z".parse().unwrap(),
            ..FakeClock::default()
        })
        .observer(move |attempt: &Attempt<'_>| note.lock().unwrap().push(attempt.clock_offset))
        .build()
        .unwrap();
    let _ = client.describe_metric_list("n", "m").send(None).await;
    std::mem::take(&mut *seen.lock().unwrap())
}

#[tokio::test]
async fn every_reply_with_a_date_tells_how_far_the_clock_is_off() {
    // The fake clock stands at 08:30.
    for status in [200, 403] {
        let ahead = offsets("Thu, 15 Jan 2026 08:24:00 GMT", status).await;
        assert_eq!(ahead, [Some(SignedDuration::from_mins(6))], "{status}");
        let behind = offsets("Thu, 15 Jan 2026 08:31:30 GMT", status).await;
        assert_eq!(behind, [Some(SignedDuration::from_secs(-90))], "{status}");
    }
}

#[tokio::test]
async fn a_date_that_cannot_be_read_tells_nothing() {
    assert_eq!(offsets("yesterday", 200).await, [None]);
}
