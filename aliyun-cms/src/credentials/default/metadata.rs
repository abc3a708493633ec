//! Whether this is an ECS instance, asked once in a while.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::super::{
    Credentials, CredentialsError, CredentialsFuture, ProvideCredentials, answer::unavailable,
};
use crate::Clock;

/// For so long nobody waits for a metadata service that was not there.
const REMEMBERED: SignedDuration = SignedDuration::from_mins(1);

/// Remembers what the metadata service turned out to be.
///
/// Where there is none, finding out takes a second or two: too long for every call of a
/// program without keys. Where there is one, it does not go away: no answer is then a failure
/// that passes, and no reason to search elsewhere.
#[derive(Debug)]
pub(super) struct Metadata<P> {
    source: P,
    clock: Arc<dyn Clock>,
    known: Mutex<Known>,
}

#[derive(Debug)]
enum Known {
    Nothing,
    Absent { since: Timestamp, provider: String },
    Present,
}

impl<P: ProvideCredentials> Metadata<P> {
    pub(super) fn new(source: P, clock: Arc<dyn Clock>) -> Self {
        Self {
            source,
            clock,
            known: Mutex::new(Known::Nothing),
        }
    }

    fn absent(&self) -> Option<CredentialsError> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let Known::Absent { since, provider } = &*known else {
            return None;
        };
        let age = self.clock.now().duration_since(*since);
        let is_recent = !age.is_negative() && age < REMEMBERED;
        is_recent.then(|| CredentialsError::NotConfigured {
            provider: provider.clone(),
        })
    }

    fn learn(
        &self,
        answer: Result<Credentials, CredentialsError>,
    ) -> Result<Credentials, CredentialsError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        match answer {
            Ok(found) => {
                *known = Known::Present;
                Ok(found)
            }
            Err(CredentialsError::NotConfigured { provider }) => {
                if matches!(*known, Known::Present) {
                    let text = "it gave credentials before, and does not now";
                    return Err(unavailable(&provider, text));
                }
                *known = Known::Absent {
                    since: self.clock.now(),
                    provider: provider.clone(),
                };
                Err(CredentialsError::NotConfigured { provider })
            }
            Err(other) => Err(other),
        }
    }
}

impl<P: ProvideCredentials> ProvideCredentials for Metadata<P> {
    fn provide_credentials<'a>(&'a self) -> CredentialsFuture<'a> {
        match self.absent() {
            Some(error) => CredentialsFuture::ready(Err(error)),
            None => CredentialsFuture::new(async move {
                self.learn(self.source.provide_credentials().await)
            }),
        }
    }

    fn invalidate(&self) {
        self.source.invalidate();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

    use super::*;

    #[derive(Debug, Default)]
    struct Hands(AtomicI64);

    impl Clock for Hands {
        fn now(&self) -> Timestamp {
            Timestamp::from_second(self.0.load(Ordering::Relaxed)).unwrap()
        }
        fn nonce(&self) -> String {
            String::new()
        }
    }

    #[derive(Debug, Default)]
    struct Service {
        is_there: AtomicU32,
        asked: AtomicU32,
    }

    impl ProvideCredentials for Service {
        fn provide_credentials<'a>(&'a self) -> CredentialsFuture<'a> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            CredentialsFuture::ready(match self.is_there.load(Ordering::Relaxed) {
                0 => Err(CredentialsError::NotConfigured {
                    provider: "m".to_owned(),
                }),
                _ => Ok(Credentials::new("i", "s")),
            })
        }
    }

    #[tokio::test]
    async fn an_absent_service_is_asked_again_after_a_minute_only() {
        let (service, clock) = (Arc::new(Service::default()), Arc::new(Hands::default()));
        let metadata = Metadata::new(service.clone(), clock.clone());
        for (second, asked) in [(0, 1), (1, 1), (59, 1), (60, 2), (61, 2), (-5, 3)] {
            clock.0.store(second, Ordering::Relaxed);
            let error = metadata.provide_credentials().await.unwrap_err();
            assert!(error.is_not_configured());
            assert_eq!(service.asked.load(Ordering::Relaxed), asked, "{second}");
        }
    }

    #[tokio::test]
    async fn a_service_that_was_there_is_missing_and_not_absent() {
        let service = Arc::new(Service::default());
        let metadata = Metadata::new(service.clone(), Arc::new(Hands::default()));
        service.is_there.store(1, Ordering::Relaxed);
        metadata.provide_credentials().await.unwrap();
        service.is_there.store(0, Ordering::Relaxed);
        let error = metadata.provide_credentials().await.unwrap_err();
        assert!(
            error.is_retryable() && !error.is_not_configured(),
            "{error}"
        );
    }
}
