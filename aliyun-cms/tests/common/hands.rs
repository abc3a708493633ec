//! A clock that is set by hand, and a source that answers what it is told.

use std::{
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

use aliyun_cms::{
    CachedCredentials, Clock, Credentials, CredentialsError, CredentialsFuture, ProvideCredentials,
};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Semaphore;

pub type Answer = Result<Credentials, CredentialsError>;

/// Stands still until it is moved. Clones are the same clock.
#[derive(Clone, Debug)]
pub struct Hands(Arc<Mutex<Timestamp>>);

impl Default for Hands {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(
            "2026-01-15T08:30:00Z".parse().unwrap(),
        )))
    }
}

impl Hands {
    pub fn forward(&self, seconds: i64) {
        *self.0.lock().unwrap() += SignedDuration::from_secs(seconds);
    }

    pub fn after(&self, seconds: i64) -> Timestamp {
        self.now() + SignedDuration::from_secs(seconds)
    }
}

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
    fn nonce(&self) -> String {
        "nonce".to_owned()
    }
    fn jitter(&self) -> f64 {
        0.0
    }
}

/// Answers when its gate lets it, with what the number of the question (from 1) leads to.
pub struct Source {
    pub asked: AtomicU32,
    pub invalidated: AtomicU32,
    pub gate: Semaphore,
    answer: Box<dyn Fn(u32) -> Answer + Send + Sync>,
}

impl Source {
    pub fn new(answer: impl Fn(u32) -> Answer + Send + Sync + 'static) -> Arc<Self> {
        Self::gated(Semaphore::MAX_PERMITS, answer)
    }

    /// Gives so many answers, and then one for each permit that is added to the gate.
    pub fn gated(open: usize, answer: impl Fn(u32) -> Answer + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self {
            asked: AtomicU32::new(0),
            invalidated: AtomicU32::new(0),
            gate: Semaphore::new(open),
            answer: Box::new(answer),
        })
    }

    pub fn asked(&self) -> u32 {
        self.asked.load(Ordering::Relaxed)
    }
}

impl ProvideCredentials for Source {
    fn provide_credentials<'a>(&'a self) -> CredentialsFuture<'a> {
        CredentialsFuture::new(async move {
            let number = self.asked.fetch_add(1, Ordering::Relaxed) + 1;
            self.gate.acquire().await.unwrap().forget();
            (self.answer)(number)
        })
    }

    fn invalidate(&self) {
        self.invalidated.fetch_add(1, Ordering::Relaxed);
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Source")
    }
}

pub fn unavailable() -> CredentialsError {
    CredentialsError::Unavailable {
        provider: "p".to_owned(),
        source: "down".into(),
    }
}

/// Lets ten thousand other tasks go on, some times each: the scheduler runs 61 in between.
pub async fn others() {
    for _ in 0..500 {
        tokio::task::yield_now().await;
    }
}

pub fn numbered(number: u32) -> Credentials {
    Credentials::new(format!("key-{number}"), "s").with_source("the test")
}

/// Sets that live so many seconds, numbered by the question.
pub fn living(clock: &Hands, seconds: i64) -> impl Fn(u32) -> Answer + Send + Sync + 'static {
    let clock = clock.clone();
    move |number| Ok(numbered(number).with_expiry(clock.after(seconds)))
}

pub fn cache(source: &Arc<Source>, clock: &Hands) -> CachedCredentials {
    CachedCredentials::new(source.clone()).with_clock(clock.clone())
}

pub async fn key(cache: &CachedCredentials) -> Result<String, CredentialsError> {
    let found = cache.provide_credentials().await?;
    Ok(found.access_key_id().to_owned())
}
