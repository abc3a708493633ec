//! What sources take from the process: variables, the home directory, the clock, and a way to send requests.

use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, OnceLock},
    time::Duration,
};

use jiff::Timestamp;
use reqwest::redirect;

use super::CredentialsError;
use crate::{Clock, SystemClock, TransportError, error::Phase, tls};

pub(crate) type Lookup = dyn Fn(&str) -> Option<String> + Send + Sync;

/// For connecting to STS or a credentials URI.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// For the whole answer of STS or a credentials URI.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Shared by all sources of one identity. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Context(Arc<Inner>);

struct Inner {
    lookup: Arc<Lookup>,
    clock: Arc<dyn Clock>,
    ca_file: Option<PathBuf>,
    /// Honours proxies; holds the CA bundle, so it is made when first needed.
    http: OnceLock<reqwest::Client>,
    /// Ignores proxies and speaks plain HTTP only: for the metadata service and loopback.
    direct: OnceLock<reqwest::Client>,
}

impl Context {
    pub(crate) fn new(
        lookup: Arc<Lookup>,
        clock: Arc<dyn Clock>,
        ca_file: Option<PathBuf>,
    ) -> Self {
        Self(Arc::new(Inner {
            lookup,
            clock,
            ca_file,
            http: OnceLock::new(),
            direct: OnceLock::new(),
        }))
    }

    /// The environment and the clock of the process.
    pub(crate) fn process() -> Self {
        Self::new(Arc::new(read_variable), Arc::new(SystemClock), None)
    }

    /// The same with other variables.
    pub(crate) fn with_lookup(
        &self,
        lookup: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        Self::new(Arc::new(lookup), self.clock(), self.0.ca_file.clone())
    }

    /// The same at another time.
    pub(crate) fn with_clock(&self, clock: impl Clock + 'static) -> Self {
        let clock = Arc::new(clock);
        Self::new(self.0.lookup.clone(), clock, self.0.ca_file.clone())
    }

    /// A variable without white space around it; an empty one counts as not set.
    pub(crate) fn var(&self, name: &str) -> Option<String> {
        let raw = (self.0.lookup)(name)?;
        let trimmed = raw.trim();
        (!trimmed.is_empty()).then(|| trimmed.to_owned())
    }

    /// Whether a switch such as `ALIBABA_CLOUD_ECS_METADATA_DISABLED` is on: `true`, `1`, in any case.
    pub(crate) fn is_on(&self, name: &str) -> bool {
        self.var(name)
            .is_some_and(|text| text == "1" || text.eq_ignore_ascii_case("true"))
    }

    /// The home directory, if there is one.
    pub(crate) fn home(&self) -> Option<PathBuf> {
        self.var("HOME")
            .or_else(|| self.var("USERPROFILE"))
            .map(PathBuf::from)
    }

    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        self.0.clock.clone()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    pub(crate) fn ca_file(&self) -> Option<&PathBuf> {
        self.0.ca_file.as_ref()
    }

    /// For https, through the system's proxy if there is one.
    pub(crate) fn http(&self, provider: &str) -> Result<&reqwest::Client, CredentialsError> {
        self.client(&self.0.http, provider, true)
    }

    /// For the metadata service and loopback: plain, and never through a proxy.
    pub(crate) fn direct_http(&self, provider: &str) -> Result<&reqwest::Client, CredentialsError> {
        self.client(&self.0.direct, provider, false)
    }

    fn client<'a>(
        &'a self,
        cell: &'a OnceLock<reqwest::Client>,
        provider: &str,
        is_public: bool,
    ) -> Result<&'a reqwest::Client, CredentialsError> {
        if let Some(client) = cell.get() {
            return Ok(client);
        }
        let ca_file = self.0.ca_file.as_deref().filter(|_| is_public);
        let tls = tls::client_config(is_public, ca_file, tls::system_certificates);
        let tls = tls.map_err(|error| CredentialsError::Misconfigured {
            provider: provider.to_owned(),
            detail: error.to_string(),
        })?;
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .http1_only()
            .user_agent(concat!("aliyun-cms/", env!("CARGO_PKG_VERSION")))
            .timeout(TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(redirect::Policy::none())
            .referer(false)
            .retry(reqwest::retry::never());
        if !is_public {
            builder = builder.no_proxy();
        }
        let made = builder
            .build()
            .map_err(|source| CredentialsError::Unavailable {
                provider: provider.to_owned(),
                source: Box::new(TransportError::new(Phase::SetUp, provider, source)),
            })?;
        Ok(cell.get_or_init(|| made))
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the credential providers are what reads the environment"
)]
pub(crate) fn read_variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Context")
    }
}
