//! A RAM role, assumed with other credentials: `AssumeRole`.

use std::{
    fmt,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use super::{
    Credentials, CredentialsError, CredentialsFuture, ProvideCredentials,
    answer::{misconfigured, unavailable},
    context::Context,
    sts,
};
use crate::{Client, DecodeError, Endpoint, Error, Placement, RateLimiter, RetryPolicy};

const TIMEOUT: Duration = Duration::from_secs(10);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The second is for a dropped connection; whoever keeps the credentials tries again later.
const ATTEMPTS: u32 = 2;

/// A RAM role to assume, and how.
///
/// ```
/// use std::time::Duration;
/// use aliyun_cms::AssumeRoleSettings;
/// let reader = AssumeRoleSettings::new("acs:ram::1234567890123456:role/reader")
///     .session_name("monitoring")
///     .duration(Duration::from_secs(900));
/// ```
#[derive(Clone)]
#[must_use]
pub struct AssumeRoleSettings {
    role_arn: String,
    session_name: Option<String>,
    external_id: Option<String>,
    policy: Option<String>,
    duration: Duration,
    sts_endpoint: Option<Endpoint>,
    sts_region: Option<String>,
}

impl AssumeRoleSettings {
    /// The role by its ARN, such as `acs:ram::1234567890123456:role/name`.
    pub fn new(role_arn: impl Into<String>) -> Self {
        Self {
            role_arn: role_arn.into(),
            session_name: None,
            external_id: None,
            policy: None,
            duration: sts::DEFAULT_DURATION,
            sts_endpoint: None,
            sts_region: None,
        }
    }

    /// What the vendor's audit log calls the session: 2 to 64 letters, digits and `. @ - _`.
    ///
    /// Else it is `ALIBABA_CLOUD_ROLE_SESSION_NAME`, else `aliyun-cms-rs-` and the second.
    pub fn session_name(mut self, name: impl Into<String>) -> Self {
        self.session_name = Some(name.into());
        self
    }

    /// The text that the role's trust policy demands in `sts:ExternalId`.
    pub fn external_id(mut self, id: impl Into<String>) -> Self {
        self.external_id = Some(id.into());
        self
    }

    /// A RAM policy as JSON; the session may do what both it and the role allow.
    pub fn policy(mut self, policy: impl Into<String>) -> Self {
        self.policy = Some(policy.into());
        self
    }

    /// How long a session lasts, from 15 minutes to 12 hours; the role's own maximum can be
    /// lower. Default one hour.
    pub fn duration(mut self, duration: Duration) -> Self {
        self.duration = duration;
        self
    }

    /// Where STS is.
    ///
    /// Else it is the host of [`sts_region`](Self::sts_region), else `ALIBABA_CLOUD_STS_ENDPOINT`,
    /// else the host of `ALIBABA_CLOUD_STS_REGION`, else `sts.aliyuncs.com`.
    pub fn sts_endpoint(mut self, endpoint: Endpoint) -> Self {
        self.sts_endpoint = Some(endpoint);
        self
    }

    /// The region whose STS is asked: `sts.<region>.aliyuncs.com`, or `sts-vpc.…` when
    /// `ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED` is on.
    pub fn sts_region(mut self, region: impl Into<String>) -> Self {
        self.sts_region = Some(region.into());
        self
    }

    /// As [`sts_endpoint`](Self::sts_endpoint), unless that was called.
    pub(super) fn or_sts_endpoint(mut self, endpoint: Option<Endpoint>) -> Self {
        self.sts_endpoint = self.sts_endpoint.or(endpoint);
        self
    }
}

/// Temporary keys of a RAM role that the keys of another source may assume (`AssumeRole`).
///
/// Every question is a call of STS: put it into a
/// [`CachedCredentials`](crate::CachedCredentials), and its base, if that costs something.
///
/// A base without any credentials is an error that stops a [`Chain`](super::Chain), because
/// the role was asked for.
pub struct AssumeRoleCredentials {
    base: Arc<Base>,
    settings: AssumeRoleSettings,
    context: Context,
    /// Loads the CA bundle, so it is made when first needed.
    client: OnceLock<Client>,
}

impl AssumeRoleCredentials {
    /// The role is assumed with what `base` provides.
    #[must_use]
    pub fn new(base: impl ProvideCredentials + 'static, role_arn: impl Into<String>) -> Self {
        Self::with_settings(base, AssumeRoleSettings::new(role_arn))
    }

    /// The same, with settings that were made before there was a base.
    #[must_use]
    pub fn with_settings(
        base: impl ProvideCredentials + 'static,
        settings: AssumeRoleSettings,
    ) -> Self {
        Self {
            base: Arc::new(Base {
                provider: Box::new(base),
                source: Mutex::new(None),
            }),
            settings,
            context: Context::process(),
            client: OnceLock::new(),
        }
    }

    /// Asks `lookup` for variables instead of the process.
    #[must_use]
    pub fn with_lookup(
        mut self,
        lookup: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.context = self.context.with_lookup(lookup);
        self
    }

    /// See [`AssumeRoleSettings::session_name`].
    #[must_use]
    pub fn session_name(mut self, name: impl Into<String>) -> Self {
        self.settings = self.settings.session_name(name);
        self
    }

    /// See [`AssumeRoleSettings::external_id`].
    #[must_use]
    pub fn external_id(mut self, id: impl Into<String>) -> Self {
        self.settings = self.settings.external_id(id);
        self
    }

    /// See [`AssumeRoleSettings::policy`].
    #[must_use]
    pub fn policy(mut self, policy: impl Into<String>) -> Self {
        self.settings = self.settings.policy(policy);
        self
    }

    /// See [`AssumeRoleSettings::duration`].
    #[must_use]
    pub fn duration(mut self, duration: Duration) -> Self {
        self.settings = self.settings.duration(duration);
        self
    }

    /// See [`AssumeRoleSettings::sts_endpoint`].
    #[must_use]
    pub fn sts_endpoint(mut self, endpoint: Endpoint) -> Self {
        self.settings = self.settings.sts_endpoint(endpoint);
        self
    }

    /// See [`AssumeRoleSettings::sts_region`].
    #[must_use]
    pub fn sts_region(mut self, region: impl Into<String>) -> Self {
        self.settings = self.settings.sts_region(region);
        self
    }

    pub(crate) fn context(mut self, context: Context) -> Self {
        self.context = context;
        self
    }

    async fn load(&self) -> Result<Credentials, CredentialsError> {
        let settings = &self.settings;
        let role = format!("the role {}", settings.role_arn);
        let session = sts::session_name(&self.context, &role, settings.session_name.as_deref())?;
        let seconds = sts::duration_seconds(&role, settings.duration)?;
        let (given, region) = (&settings.sts_endpoint, &settings.sts_region);
        let endpoint = sts::endpoint(&self.context, &role, given.as_ref(), region.as_deref())?;
        let provider = format!("STS at {endpoint}");

        let mut params = vec![
            ("RoleArn", settings.role_arn.clone()),
            ("RoleSessionName", session),
            ("DurationSeconds", seconds),
        ];
        params.extend(settings.policy.clone().map(|text| ("Policy", text)));
        params.extend(settings.external_id.clone().map(|id| ("ExternalId", id)));
        let params = params
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value));

        let client = self.client(&provider, endpoint)?;
        let reply = client.call("AssumeRole", params).await;
        let reply = reply.map_err(|error| self.explain(&role, &provider, error))?;
        let source = match self.base.source() {
            Some(base) => format!("{role}, assumed with {base}"),
            None => format!("{role}, assumed with other credentials"),
        };
        Ok(sts::credentials(&provider, reply.body().as_bytes())?.with_source(source))
    }

    fn client(&self, provider: &str, endpoint: Endpoint) -> Result<&Client, CredentialsError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let is_loopback = endpoint.is_loopback();
        let mut builder = Client::builder()
            .endpoint(endpoint)
            .credentials(self.base.clone())
            .clock(self.context.clock())
            .api_version(sts::API_VERSION)
            // A policy can be long, and a token in the query ends up in logs of proxies.
            .placement(Placement::Form)
            .timeout(TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .retry(RetryPolicy::default().with_max_attempts(ATTEMPTS))
            .limiter(RateLimiter::unlimited())
            .max_response_bytes(sts::MAX_BYTES);
        if let Some(path) = self.context.ca_file() {
            builder = builder.ca_file(path);
        }
        if is_loopback {
            builder = builder.no_proxy();
        }
        let made = builder
            .build()
            .map_err(|error| misconfigured(provider, error.to_string()))?;
        Ok(self.client.get_or_init(|| made))
    }

    fn explain(&self, role: &str, provider: &str, error: Error) -> CredentialsError {
        let role_arn = &self.settings.role_arn;
        match error {
            Error::Api { source, .. } => {
                sts::refused(provider, &sts::Call::AssumeRole { role_arn }, source)
            }
            Error::Credentials {
                source: CredentialsError::NotConfigured { provider },
                ..
            } => misconfigured(
                role,
                format!(
                    "there is nothing to assume it with: no credentials are configured in {provider}"
                ),
            ),
            Error::Credentials { source, .. } => source,
            Error::Transport { source, .. } => CredentialsError::Unavailable {
                provider: provider.to_owned(),
                source: Box::new(source),
            },
            Error::Decode {
                source: DecodeError::Markup,
                ..
            } => unavailable(provider, sts::MARKUP),
            other => CredentialsError::Unavailable {
                provider: provider.to_owned(),
                source: Box::new(other),
            },
        }
    }
}

impl ProvideCredentials for AssumeRoleCredentials {
    fn provide_credentials<'a>(&'a self) -> CredentialsFuture<'a> {
        CredentialsFuture::new(self.load())
    }

    // `invalidate` does nothing: when a session has expired, the keys that it was opened with
    // need not have. When they have, the call of STS says so, and its client tells the base.
}

/// What the client signs with; remembers where it came from, to say so.
#[derive(Debug)]
struct Base {
    provider: Box<dyn ProvideCredentials>,
    source: Mutex<Option<String>>,
}

impl Base {
    fn source(&self) -> Option<String> {
        let source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
        source.clone()
    }
}

impl ProvideCredentials for Base {
    fn provide_credentials<'a>(&'a self) -> CredentialsFuture<'a> {
        CredentialsFuture::new(async move {
            let found = self.provider.provide_credentials().await?;
            let source = found.source().map(str::to_owned);
            *self.source.lock().unwrap_or_else(PoisonError::into_inner) = source;
            Ok(found)
        })
    }

    fn invalidate(&self) {
        self.provider.invalidate();
    }
}

impl fmt::Debug for AssumeRoleSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let endpoint = self.sts_endpoint.as_ref().map(ToString::to_string);
        // An external id is half a secret between two companies.
        f.debug_struct("AssumeRoleSettings")
            .field("role_arn", &self.role_arn)
            .field("session_name", &self.session_name)
            .field("has_external_id", &self.external_id.is_some())
            .field("has_policy", &self.policy.is_some())
            .field("duration", &self.duration)
            .field("sts_endpoint", &endpoint)
            .field("sts_region", &self.sts_region)
            .finish()
    }
}

impl fmt::Debug for AssumeRoleCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AssumeRoleCredentials")
            .field("base", &self.base.provider)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
