//! From a configuration to a source that can be asked.

use aliyun_cms::{BuildError, Client, ClientBuilder, Clock, ErrorKind, RetryPolicy, SystemClock};
use jiff::{SignedDuration, Timestamp};
use lag_core::{ApiCalls, BATCH, Budgets, SnapshotRules};
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::{
    Account, CmsSource, Now,
    config::{CmsConfig, CollectConfig, LagConfig, SourceConfig},
    source::{ACTION, Question},
};

/// A set-up in which no collection could ever work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// An `https` endpoint cannot be verified.
    #[error(
        "no CA certificates were found on this system: install the package ca-certificates, or name a PEM file with \
         --cms.ca-file (or SSL_CERT_FILE)"
    )]
    NoCertificates,
    /// The file with further certificates.
    #[error("--cms.ca-file (or KAFKA_LAG_CMS_CA_FILE, or cms.ca_file) {path}: {reason}")]
    CaFile {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The client cannot be made.
    #[error("the client for source {source_name:?} cannot be made")]
    Client {
        /// Name of the source.
        source_name: String,
        /// Why.
        #[source]
        source: BuildError,
    },
}

/// Makes the source of a configuration, and announces it to those who count. Nothing is sent yet.
///
/// # Errors
/// [`SourceError`] when the HTTP client cannot be made, for example without any CA certificate.
pub fn connect(
    source: &SourceConfig,
    settings: (&CmsConfig, CollectConfig, LagConfig),
    account: &Account,
    calls: &Arc<ApiCalls>,
    now: Now,
) -> Result<CmsSource, SourceError> {
    let at = now();
    let made = make(source, settings, account, calls, now)?;
    announce(source, settings.1, account, calls, at);
    Ok(made)
}

/// Says to those who count that a source will be asked: its calls are shown from now on, also while there are none.
pub fn announce(
    source: &SourceConfig,
    collect: CollectConfig,
    account: &Account,
    calls: &ApiCalls,
    now: Timestamp,
) {
    let name: Arc<str> = source.name.as_str().into();
    calls.declare(
        &name,
        ACTION,
        ErrorKind::ALL.iter().map(|kind| kind.as_str()),
    );
    let metrics = 1 + usize::from(collect.topics);
    let expected = u32::try_from(source.instances.len().div_ceil(BATCH) * metrics);
    account.budgets.watch(
        &account.name,
        &name,
        (collect.interval, collect.window.period()),
        expected.map_or(f64::MAX, f64::from),
        now,
    );
}

/// Makes the source of a configuration, of which nobody knows yet.
///
/// # Errors
/// As [`connect`].
pub fn make(
    source: &SourceConfig,
    (cms, collect, lag): (&CmsConfig, CollectConfig, LagConfig),
    account: &Account,
    calls: &Arc<ApiCalls>,
    now: Now,
) -> Result<CmsSource, SourceError> {
    let name: Arc<str> = source.name.as_str().into();
    let client = client(source, cms, account, calls, now.clone())?;
    let rules = SnapshotRules {
        filter: source.filter.clone(),
        statistic: cms.statistic,
        max_series: lag.max_series,
        always: source
            .expected
            .values()
            .flatten()
            .map(|series| series.group.clone())
            .collect(),
        ..SnapshotRules::default()
    };
    let question = Question {
        metric: cms.metric.clone(),
        topic_metric: collect.topics.then(|| cms.topic_metric.clone()),
        window: collect.window,
        max_pages: cms.max_pages,
        rules,
    };
    Ok(CmsSource::new(
        (name, calls.clone()),
        (account.name.clone(), account.budgets.clone()),
        client,
        source.instances.clone(),
        question,
        now,
    ))
}

/// Makes the client of a source, for any call. Its attempts are counted under the source's name.
///
/// # Errors
/// [`SourceError`] when the HTTP client cannot be made, for example without any CA certificate.
pub fn client(
    source: &SourceConfig,
    cms: &CmsConfig,
    account: &Account,
    calls: &Arc<ApiCalls>,
    now: Now,
) -> Result<Client, SourceError> {
    let name: Arc<str> = source.name.as_str().into();
    let client = builder(source, cms, account, calls, now);
    client.build().map_err(|error| match error {
        BuildError::NoCertificates => SourceError::NoCertificates,
        BuildError::CaFile { path, reason } => SourceError::CaFile {
            path: path.display().to_string(),
            reason,
        },
        error => SourceError::Client {
            source_name: name.to_string(),
            source: error,
        },
    })
}

/// The client of a source, before it is built: another endpoint or API version can still be given.
pub fn builder(
    source: &SourceConfig,
    cms: &CmsConfig,
    account: &Account,
    calls: &Arc<ApiCalls>,
    now: Now,
) -> ClientBuilder {
    let name: Arc<str> = source.name.as_str().into();
    let observer = {
        let (calls, skew, now) = (calls.clone(), SkewWatch::default(), now.clone());
        let (budgets, account) = (account.budgets.clone(), account.name.clone());
        move |attempt: &aliyun_cms::Attempt<'_>| {
            if let Some(offset) = attempt.clock_offset {
                skew.note(&name, offset);
            }
            if attempt.sent && Budgets::is_metered(attempt.action) {
                budgets.count(&account, &name, now());
            }
            calls.record(
                &name,
                attempt.action,
                attempt.outcome.map_err(|kind| kind.as_str()),
            );
        }
    };
    let mut client = Client::builder()
        .endpoint(source.endpoint.clone())
        .credentials(account.credentials.clone())
        .clock(SigningClock(now))
        .signature(cms.signature)
        .placement(cms.placement)
        .timeout(cms.timeout)
        .retry(RetryPolicy::default().with_max_attempts(cms.max_attempts))
        .limiter(account.limiter.clone())
        .user_agent(concat!("kafka-lag/", env!("CARGO_PKG_VERSION")))
        .observer(observer);
    if is_local(&source.endpoint.to_string()) {
        client = client.no_proxy();
    }
    if let Some(file) = &cms.ca_file {
        client = client.ca_file(file);
    }
    client
}

/// Whether a host is this machine, which no proxy can reach.
#[must_use]
pub fn is_local(host: &str) -> bool {
    ["127.0.0.1", "localhost", "[::1]"]
        .iter()
        .any(|local| host.starts_with(local))
}

/// Says once when the clock of this machine goes wrong, and once when it is right again: ages are measured with it,
/// and up to 15 minutes the cloud accepts the requests all the same.
#[derive(Debug, Default)]
struct SkewWatch(AtomicBool);

impl SkewWatch {
    /// More than the resolution of `Date` and the longest attempt can explain, and enough to matter for an age.
    const LIMIT: SignedDuration = SignedDuration::from_mins(1);

    /// Whether the clock is wrong now, if that is news.
    fn news(&self, offset: SignedDuration) -> Option<bool> {
        let is_wrong = offset.abs() > Self::LIMIT;
        (self.0.swap(is_wrong, Ordering::Relaxed) != is_wrong).then_some(is_wrong)
    }

    fn note(&self, source: &str, offset: SignedDuration) {
        let Some(is_wrong) = self.news(offset) else {
            return;
        };
        if is_wrong {
            let direction = if offset.is_positive() {
                "ahead of"
            } else {
                "behind"
            };
            tracing::warn!(
                source.name = source,
                seconds = offset.abs().as_secs(),
                "the clock of this machine is {direction} CloudMonitor's, so ages are wrong by as much: synchronise it (NTP)"
            );
        } else {
            tracing::info!(
                source.name = source,
                "the clock of this machine agrees with CloudMonitor's again"
            );
        }
    }
}

/// Our clock for the client's timestamps; nonces and jitter come from the system.
pub(crate) struct SigningClock(pub(crate) Now);

impl fmt::Debug for SigningClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningClock")
    }
}

impl Clock for SigningClock {
    fn now(&self) -> Timestamp {
        (self.0)()
    }

    fn nonce(&self) -> String {
        SystemClock.nonce()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_clock_is_news_once_and_so_is_its_mending() {
        let watch = SkewWatch::default();
        let news =
            [0, 59, -60, 61, 300, -300, 2, 0].map(|s| watch.news(SignedDuration::from_secs(s)));
        let expected = [None, None, None, Some(true), None, None, Some(false), None];
        assert_eq!(news, expected);
    }
}
