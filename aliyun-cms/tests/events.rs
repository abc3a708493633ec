//! No secret gets into an event of any library, even at trace level.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::{
    io,
    sync::{Arc, Mutex},
};

use aliyun_cms::{Placement, SignatureVersion};
use common::{
    builder,
    leaks::{assert_clean, credentials, every_error},
    reply,
};
use wiremock::{Mock, MockServer, matchers::method};

/// Collects everything any library of this process says on this thread.
#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_event_shows_a_secret_even_at_trace_level() {
    let captured = Captured::default();
    let writer = captured.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
        .with_writer(move || writer.clone())
        .finish();
    // For the whole process: this is its only test. A default per thread is unreliable,
    // because libraries remember whether anybody listens.
    tracing::subscriber::set_global_default(subscriber).unwrap();
    for version in [SignatureVersion::V1, SignatureVersion::V3] {
        drop(every_error(version, Placement::Query).await);
        let server = MockServer::start().await;
        let page = reply("list-page-3-last-no-token");
        Mock::given(method("POST"))
            .respond_with(page)
            .mount(&server)
            .await;
        let client = builder(&server)
            .credentials(credentials())
            .signature(version)
            .build()
            .unwrap();
        client
            .describe_metric_list("n", "m")
            .send(None)
            .await
            .unwrap();
    }
    let text = String::from_utf8(captured.0.lock().unwrap().clone()).unwrap();
    assert!(
        text.contains("called CloudMonitor") && text.contains("outcome=\"success\""),
        "{text}"
    );
    assert_clean(&text);
}
