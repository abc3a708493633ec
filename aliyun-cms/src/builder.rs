//! Setting up a client.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use reqwest::{header::HeaderValue, redirect};

use crate::{
    BuildError, Client, Clock, Endpoint, Observer, Placement, ProvideCredentials, RateLimiter,
    RetryPolicy, SignatureVersion, SystemClock, TransportError, attempt::Recipe, client::Inner,
    error::Phase, tls,
};

/// Settings of a [`Client`]; an endpoint and credentials are needed, the rest has defaults.
#[must_use]
pub struct ClientBuilder {
    endpoint: Option<Endpoint>,
    credentials: Option<Arc<dyn ProvideCredentials>>,
    clock: Arc<dyn Clock>,
    retry: RetryPolicy,
    timeout: Duration,
    connect_timeout: Duration,
    signature: SignatureVersion,
    placement: Placement,
    observer: Option<Arc<dyn Observer>>,
    limiter: RateLimiter,
    max_response_bytes: usize,
    user_agent: String,
    api_version: String,
    ca_file: Option<PathBuf>,
    system_proxy: bool,
}

impl ClientBuilder {
    pub(crate) fn new() -> Self {
        Self {
            endpoint: None,
            credentials: None,
            clock: Arc::new(SystemClock),
            retry: RetryPolicy::default(),
            timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(5),
            signature: SignatureVersion::default(),
            placement: Placement::default(),
            observer: None,
            limiter: RateLimiter::default(),
            max_response_bytes: 16 << 20,
            user_agent: concat!("aliyun-cms/", env!("CARGO_PKG_VERSION")).to_owned(),
            api_version: "2019-01-01".to_owned(),
            ca_file: None,
            system_proxy: true,
        }
    }

    /// Where the API is.
    pub fn endpoint(mut self, endpoint: Endpoint) -> Self {
        self.endpoint = Some(endpoint);
        self
    }

    /// What to sign with; asked before every attempt.
    pub fn credentials(mut self, provider: impl ProvideCredentials + 'static) -> Self {
        self.credentials = Some(Arc::new(provider));
        self
    }

    /// Time, nonces and jitter from elsewhere than the system.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// How often and after what wait calls are repeated.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// For one attempt, from connecting to the last byte. Default 10 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// For connecting alone, as a part of [`timeout`](Self::timeout). Default 5 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// The signature scheme. Default [`SignatureVersion::V1`].
    pub fn signature(mut self, version: SignatureVersion) -> Self {
        self.signature = version;
        self
    }

    /// Where parameters travel. Default [`Placement::Query`].
    pub fn placement(mut self, placement: Placement) -> Self {
        self.placement = placement;
        self
    }

    /// Is told of every attempt. Default: nobody.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// A limiter to share with other clients of the account. Default: one of its own,
    /// with 20 calls a second.
    pub fn limiter(mut self, limiter: RateLimiter) -> Self {
        self.limiter = limiter;
        self
    }

    /// Larger replies are refused while they arrive. Default 16 MiB; a full page of
    /// 1440 points has about a quarter of one.
    pub fn max_response_bytes(mut self, limit: usize) -> Self {
        self.max_response_bytes = limit;
        self
    }

    /// The header `User-Agent`. Default: name and version of this crate.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = user_agent.into();
        self
    }

    /// The API version. Default `2019-01-01`; others are for [`Client::call`].
    pub fn api_version(mut self, version: impl Into<String>) -> Self {
        self.api_version = version.into();
        self
    }

    /// More CA certificates, as PEM, in addition to the system's.
    pub fn ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.ca_file = Some(path.into());
        self
    }

    /// Ignores `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and their lower-case forms,
    /// which are honoured otherwise.
    pub fn no_proxy(mut self) -> Self {
        self.system_proxy = false;
        self
    }

    /// Builds the client. Nothing is sent, and credentials are not asked for yet.
    ///
    /// # Errors
    ///
    /// Without an endpoint or credentials, when no CA certificates are found for an
    /// `https` endpoint, or when a setting cannot be used.
    pub fn build(self) -> Result<Client, BuildError> {
        let endpoint = self.endpoint.ok_or(BuildError::NoEndpoint)?;
        let provider = self.credentials.ok_or(BuildError::NoCredentials)?;
        let user_agent = header("user_agent", &self.user_agent)?;
        header("api_version", &self.api_version)?;
        let tls = tls::client_config(
            endpoint.is_https(),
            self.ca_file.as_deref(),
            tls::system_certificates,
        )?;

        let mut http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .http1_only()
            .user_agent(user_agent)
            .timeout(self.timeout)
            .connect_timeout(self.connect_timeout)
            // A redirect would carry the signature to another host.
            .redirect(redirect::Policy::none())
            .referer(false)
            // Only this crate repeats calls, because it signs them anew.
            .retry(reqwest::retry::never());
        if !self.system_proxy {
            http = http.no_proxy();
        }
        let host = endpoint.to_string();
        let http = http.build().map_err(|source| BuildError::Http {
            source: TransportError::new(Phase::SetUp, &host, source),
        })?;

        Ok(Client::new(Inner {
            http,
            recipe: Recipe {
                endpoint,
                signature: self.signature,
                placement: self.placement,
                api_version: self.api_version,
            },
            host,
            provider,
            clock: self.clock,
            retry: self.retry,
            limiter: self.limiter,
            observer: self.observer,
            max_response_bytes: self.max_response_bytes,
        }))
    }
}

fn header(what: &'static str, text: &str) -> Result<HeaderValue, BuildError> {
    match HeaderValue::from_str(text) {
        Ok(value) if !text.is_empty() => Ok(value),
        _ => Err(BuildError::NotAHeader { what }),
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("endpoint", &self.endpoint.as_ref().map(ToString::to_string))
            .field("has_credentials", &self.credentials.is_some())
            .field("retry", &self.retry)
            .field("timeout", &self.timeout)
            .field("signature", &self.signature)
            .field("placement", &self.placement)
            .field("limiter", &self.limiter)
            .finish_non_exhaustive()
    }
}
