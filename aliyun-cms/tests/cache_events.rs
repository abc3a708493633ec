//! What is logged while credentials cannot be renewed.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::{
    io,
    sync::{Arc, Mutex},
};

use aliyun_cms::{CachedCredentials, CredentialsError, ProvideCredentials};
use common::{
    hands::{Hands, Source, others},
    leaks::{assert_clean, credentials},
};

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
async fn a_failing_renewal_is_told_once_and_its_end_too_without_any_secret() {
    let captured = Captured::default();
    let writer = captured.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    // For the whole process: this is its only test.
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let clock = Hands::default();
    let lives = clock.clone();
    let source = Source::new(move |number| match number {
        2..=5 => Err(CredentialsError::Unavailable {
            provider: "STS".to_owned(),
            source: "down".into(),
        }),
        _ => Ok(credentials().with_expiry(lives.after(3600))),
    });
    let cache = CachedCredentials::new(source.clone()).with_clock(clock.clone());
    cache.provide_credentials().await.unwrap();
    clock.forward(2700);
    for _ in 0..60 {
        cache.provide_credentials().await.unwrap();
        others().await;
        clock.forward(1);
    }
    assert_eq!(source.asked(), 6);
    let text = String::from_utf8(captured.0.lock().unwrap().clone()).unwrap();
    let told: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("renewed"))
        .collect();
    let [failing, recovered] = told[..] else {
        panic!("{text}")
    };
    assert!(
        failing.contains(" WARN ") && recovered.contains(" INFO "),
        "{text}"
    );
    let expected = "credentials could not be renewed; the old ones stay in use error=STS did not \
                    give credentials error.sources=[down] until=2026-01-15T09:30:00Z";
    assert!(failing.ends_with(expected), "{failing}");
    assert!(
        recovered.ends_with("credentials were renewed again"),
        "{recovered}"
    );
    assert_clean(&text);
    assert_clean(&format!("{cache:?} {cache:#?}"));
}
