//! Credentials from environment variables.

use std::{fmt, sync::Arc};

use secrecy::{ExposeSecret, SecretString};

use super::{Credentials, CredentialsError, CredentialsFuture, ProvideCredentials};

const PROVIDER: &str = "the environment";

type Lookup = dyn Fn(&str) -> Option<String> + Send + Sync;

/// Reads an access key, and a security token if there is one, from variables.
///
/// They are read anew each time. An empty variable counts as not set, and white
/// space around a value (the line break of a mounted file) is dropped.
///
/// An id without its secret is an error that stops a [`Chain`](super::Chain).
/// The vendor's own libraries differ here: they go on to the next source.
#[derive(Clone)]
pub struct EnvironmentCredentials {
    id: String,
    secret: String,
    token: String,
    lookup: Arc<Lookup>,
}

impl EnvironmentCredentials {
    /// The vendor's names: `ALIBABA_CLOUD_ACCESS_KEY_ID`, `ALIBABA_CLOUD_ACCESS_KEY_SECRET`
    /// and, for temporary keys, `ALIBABA_CLOUD_SECURITY_TOKEN`.
    #[must_use]
    pub fn new() -> Self {
        Self::named(
            "ALIBABA_CLOUD_ACCESS_KEY_ID",
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
            "ALIBABA_CLOUD_SECURITY_TOKEN",
        )
    }

    /// Other names, for instance older ones.
    #[must_use]
    pub fn named(
        id: impl Into<String>,
        secret: impl Into<String>,
        token: impl Into<String>,
    ) -> Self {
        Self {
            id: id.into(),
            secret: secret.into(),
            token: token.into(),
            lookup: Arc::new(read),
        }
    }

    /// Asks `lookup` instead of the process: for tests, or a configuration of your own.
    ///
    /// ```
    /// use aliyun_cms::EnvironmentCredentials;
    /// let fixed = EnvironmentCredentials::new().with_lookup(|name| match name {
    ///     "ALIBABA_CLOUD_ACCESS_KEY_ID" => Some("id".to_owned()),
    ///     "ALIBABA_CLOUD_ACCESS_KEY_SECRET" => Some("secret".to_owned()),
    ///     _ => None,
    /// });
    /// ```
    #[must_use]
    pub fn with_lookup(
        mut self,
        lookup: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.lookup = Arc::new(lookup);
        self
    }

    /// Wrapped before anything else happens to it.
    fn get(&self, name: &str) -> Option<SecretString> {
        let raw = SecretString::from((self.lookup)(name)?);
        let trimmed = raw.expose_secret().trim();
        (!trimmed.is_empty()).then(|| SecretString::from(trimmed))
    }

    fn load(&self) -> Result<Credentials, CredentialsError> {
        let missing = |name: &str, because: &str| {
            Err(CredentialsError::Misconfigured {
                provider: PROVIDER.to_owned(),
                detail: format!("{name} is not set (or is empty, or not UTF-8), {because}"),
            })
        };
        let (id, secret, token) = (
            self.get(&self.id),
            self.get(&self.secret),
            self.get(&self.token),
        );
        match (id, secret, token) {
            (None, None, None) => Err(CredentialsError::NotConfigured {
                provider: format!("{PROVIDER} ({} and {})", self.id, self.secret),
            }),
            (None, Some(_), _) => missing(&self.id, &format!("but {} is", self.secret)),
            (None, None, Some(_)) => missing(&self.id, &format!("but {} is", self.token)),
            (Some(_), None, _) => missing(&self.secret, &format!("but {} is", self.id)),
            // The vendor's temporary ids begin so, and are refused without their token.
            (Some(id), Some(_), None) if id.expose_secret().starts_with("STS.") => missing(
                &self.token,
                &format!("but {} holds a temporary key", self.id),
            ),
            (Some(id), Some(secret), token) => {
                let credentials = Credentials::new(id.expose_secret(), secret);
                Ok(match token {
                    Some(token) => credentials.with_security_token(token),
                    None => credentials,
                })
            }
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the credential provider that reads the environment"
)]
fn read(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

impl Default for EnvironmentCredentials {
    fn default() -> Self {
        Self::new()
    }
}

impl ProvideCredentials for EnvironmentCredentials {
    fn provide_credentials<'a>(&'a self) -> CredentialsFuture<'a> {
        Box::pin(std::future::ready(self.load()))
    }
}

impl fmt::Debug for EnvironmentCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnvironmentCredentials")
            .field("id", &self.id)
            .field("secret", &self.secret)
            .field("token", &self.token)
            .finish_non_exhaustive()
    }
}
