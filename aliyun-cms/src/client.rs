//! The client: one signed exchange, and the loop of attempts around it.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    Attempt, ClientBuilder, Clock, DescribeMetricLast, DescribeMetricList, DescribeMetricMetaList,
    Error, ErrorKind, Observer, ProvideCredentials, RateLimiter, Reply, RetryPolicy,
    attempt::{Params, RESERVED, Recipe},
    error::Repeat,
    exchange::{Answer, Failure},
    wire::{Nothing, Payload},
};

/// A client of the CloudMonitor API. Clones share connections and limits.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) http: reqwest::Client,
    pub(crate) recipe: Recipe,
    pub(crate) host: String,
    pub(crate) provider: Arc<dyn ProvideCredentials>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) retry: RetryPolicy,
    pub(crate) limiter: RateLimiter,
    pub(crate) observer: Option<Arc<dyn Observer>>,
    pub(crate) max_response_bytes: usize,
}

impl Client {
    /// Starts with the defaults; an endpoint and credentials are to be given.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::new()
    }

    pub(crate) fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    /// The points of a metric within a window: `DescribeMetricList`.
    pub fn describe_metric_list(
        &self,
        namespace: impl Into<String>,
        metric: impl Into<String>,
    ) -> DescribeMetricList {
        DescribeMetricList::new(self.clone(), namespace.into(), metric.into())
    }

    /// The newest points of a metric: `DescribeMetricLast`. There can be several for
    /// one series: group them, and take the newest.
    pub fn describe_metric_last(
        &self,
        namespace: impl Into<String>,
        metric: impl Into<String>,
    ) -> DescribeMetricLast {
        DescribeMetricLast::new(self.clone(), namespace.into(), metric.into())
    }

    /// What a namespace offers in this region: `DescribeMetricMetaList`.
    pub fn describe_metric_meta_list(
        &self,
        namespace: impl Into<String>,
    ) -> DescribeMetricMetaList {
        DescribeMetricMetaList::new(self.clone(), namespace.into())
    }

    /// Any RPC action, signed, limited and repeated like the others.
    ///
    /// A reply without `Code` and `Success` counts as success here, because some
    /// actions have neither.
    ///
    /// # Errors
    ///
    /// As for every call; also when a parameter has a name that the client sets itself.
    pub async fn call(
        &self,
        action: &str,
        params: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Reply, Error> {
        let params: Params = params
            .into_iter()
            .map(|(name, value)| (name.into(), value))
            .collect();
        if let Some((name, _)) = params.iter().find(|(name, _)| RESERVED.contains(&&**name)) {
            return Err(Error::invalid(
                action,
                format!("the client sets {name} itself"),
            ));
        }
        let answer = self.execute::<Nothing>(action, &params).await?;
        Ok(Reply::new(answer.head.request_id, answer.body))
    }

    /// Attempts until one succeeds, cannot heal, or was the last.
    pub(crate) async fn execute<T: Payload>(
        &self,
        action: &str,
        params: &Params,
    ) -> Result<Answer<T>, Error> {
        let inner = &*self.0;
        let mut renewed = false;
        let mut number = 1;
        loop {
            let turn = inner.limiter.acquire().await;
            let started = Instant::now();
            // Signs anew each time: a nonce is good for one request.
            let outcome = inner.exchange::<T>(action, params).await;
            let duration = started.elapsed();
            let retry_in = match &outcome {
                Ok(_) => {
                    inner.limiter.succeeded(turn);
                    None
                }
                Err(failure) => {
                    if failure.error.kind() == ErrorKind::Throttled {
                        inner.limiter.throttled(turn, failure.retry_after);
                    }
                    inner.wait_after(failure, number, &mut renewed)
                }
            };
            inner.observe(action, number, &outcome, duration, retry_in);
            match (outcome, retry_in) {
                (Ok(answer), _) => return Ok(answer),
                (Err(failure), None) => return Err(failure.error),
                (Err(_), Some(wait)) => tokio::time::sleep(wait).await,
            }
            number += 1;
        }
    }
}

impl Inner {
    /// The wait before the next attempt, if there is to be one. `Retry-After` lengthens
    /// a wait; it is never the reason for one.
    fn wait_after(&self, failure: &Failure, failed: u32, renewed: &mut bool) -> Option<Duration> {
        let repeat = match failure.error.api() {
            Some(api) => api.class.repeat,
            None if failure.error.is_retryable() => Repeat::Later,
            None => Repeat::Never,
        };
        let again = match repeat {
            Repeat::Never => false,
            Repeat::Later => true,
            Repeat::WithNewCredentials => {
                // Also when this was the last attempt: the next call needs new ones.
                self.provider.invalidate();
                !std::mem::replace(renewed, true)
            }
        };
        if !again || failed >= self.retry.max_attempts {
            return None;
        }
        Some(
            self.retry
                .delay(failed, self.clock.jitter(), failure.retry_after),
        )
    }

    fn observe<T>(
        &self,
        action: &str,
        number: u32,
        outcome: &Result<Answer<T>, Failure>,
        duration: Duration,
        retry_in: Option<Duration>,
    ) {
        let sent = outcome
            .as_ref()
            .map_or_else(|failure| failure.sent, |_| true);
        let clock_offset = match outcome {
            Ok(answer) => answer.clock_offset,
            Err(failure) => failure.clock_offset,
        };
        let outcome = outcome
            .as_ref()
            .map(|_| ())
            .map_err(|failure| failure.error.kind());
        tracing::debug!(
            action,
            attempt = number,
            outcome = outcome.err().map_or("success", |kind| kind.as_str()),
            duration_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
            "called CloudMonitor"
        );
        if let Some(observer) = &self.observer {
            observer.on_attempt(&Attempt {
                action,
                number,
                sent,
                outcome,
                duration,
                retry_in,
                clock_offset,
            });
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("endpoint", &self.0.host)
            .field("signature", &self.0.recipe.signature)
            .field("placement", &self.0.recipe.placement)
            .field("retry", &self.0.retry)
            .field("limiter", &self.0.limiter)
            .finish_non_exhaustive()
    }
}
