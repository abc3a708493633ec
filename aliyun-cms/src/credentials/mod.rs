//! Keys, and where they come from.

use std::{fmt, sync::Arc};

use jiff::Timestamp;
use secrecy::SecretString;

use crate::{ApiError, TransportError, redact::masked_id};

mod answer;
mod assume_role;
mod cache;
mod chain;
mod cli_profile;
mod common;
mod context;
mod default;
mod ecs;
mod env;
mod file;
mod future;
mod oidc;
mod profile_file;
mod sts;
mod uri;

pub use self::{
    assume_role::{AssumeRoleCredentials, AssumeRoleSettings},
    cache::CachedCredentials,
    chain::Chain,
    cli_profile::CliProfileCredentials,
    default::{CredentialsSource, DefaultCredentials, DefaultCredentialsBuilder, UnknownSource},
    ecs::EcsRoleCredentials,
    env::EnvironmentCredentials,
    file::FileCredentials,
    future::CredentialsFuture,
    oidc::OidcCredentials,
    profile_file::ProfileFileCredentials,
    uri::UriCredentials,
};

/// A source of [`Credentials`].
///
/// It is asked before every attempt, so a source that costs something should
/// keep what it has until shortly before it expires.
///
/// ```
/// use aliyun_cms::{Credentials, CredentialsFuture, ProvideCredentials};
///
/// #[derive(Debug)]
/// struct Vault;
///
/// impl ProvideCredentials for Vault {
///     fn provide_credentials<'a>(&'a self) -> CredentialsFuture<'a> {
///         CredentialsFuture::new(async { Ok(Credentials::new("id", "secret")) })
///     }
/// }
/// ```
pub trait ProvideCredentials: fmt::Debug + Send + Sync {
    /// The credentials to sign the next attempt with.
    fn provide_credentials<'a>(&'a self) -> CredentialsFuture<'a>;

    /// The vendor said that the last credentials have expired: forget what is kept.
    ///
    /// The default does nothing, which is right for sources that keep nothing.
    fn invalidate(&self) {}
}

impl<P: ProvideCredentials + ?Sized> ProvideCredentials for Arc<P> {
    fn provide_credentials<'a>(&'a self) -> CredentialsFuture<'a> {
        (**self).provide_credentials()
    }

    fn invalidate(&self) {
        (**self).invalidate();
    }
}

impl<P: ProvideCredentials + ?Sized> ProvideCredentials for Box<P> {
    fn provide_credentials<'a>(&'a self) -> CredentialsFuture<'a> {
        (**self).provide_credentials()
    }

    fn invalidate(&self) {
        (**self).invalidate();
    }
}

/// An access key, with a security token when it is a temporary one.
///
/// Is its own provider. Cheap to clone; `Debug` shows no more of the id than its ends.
#[derive(Clone)]
pub struct Credentials(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    access_key_id: String,
    access_key_secret: SecretString,
    security_token: Option<SecretString>,
    expiry: Option<Timestamp>,
    source: Option<Arc<str>>,
}

impl Credentials {
    /// A long-lived access key, or a temporary one whose token follows.
    #[must_use]
    pub fn new(
        access_key_id: impl Into<String>,
        access_key_secret: impl Into<SecretString>,
    ) -> Self {
        Self(Arc::new(Inner {
            access_key_id: access_key_id.into(),
            access_key_secret: access_key_secret.into(),
            security_token: None,
            expiry: None,
            source: None,
        }))
    }

    /// The token of a temporary (STS) key. It is signed and sent with every call.
    #[must_use]
    pub fn with_security_token(mut self, token: impl Into<SecretString>) -> Self {
        Arc::make_mut(&mut self.0).security_token = Some(token.into());
        self
    }

    /// When they end. For sources that keep credentials; the client does not look at it.
    #[must_use]
    pub fn with_expiry(mut self, expiry: Timestamp) -> Self {
        Arc::make_mut(&mut self.0).expiry = Some(expiry);
        self
    }

    /// Where they came from, in words for a person; holds no secret.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Arc<str>>) -> Self {
        Arc::make_mut(&mut self.0).source = Some(source.into());
        self
    }

    /// The id of the key: not secret, but mask it in logs.
    #[must_use]
    pub fn access_key_id(&self) -> &str {
        &self.0.access_key_id
    }

    /// The secret of the key.
    #[must_use]
    pub fn access_key_secret(&self) -> &SecretString {
        &self.0.access_key_secret
    }

    /// The token of a temporary key.
    #[must_use]
    pub fn security_token(&self) -> Option<&SecretString> {
        self.0.security_token.as_ref()
    }

    /// When they end, if they do.
    #[must_use]
    pub fn expiry(&self) -> Option<Timestamp> {
        self.0.expiry
    }

    /// Where they came from, such as "the environment (ALIBABA_CLOUD_ACCESS_KEY_ID)", if that was noted.
    #[must_use]
    pub fn source(&self) -> Option<&str> {
        self.0.source.as_deref()
    }

    /// The id with all but its ends masked, fit for a log.
    #[must_use]
    pub fn masked_access_key_id(&self) -> String {
        masked_id(&self.0.access_key_id)
    }
}

impl ProvideCredentials for Credentials {
    fn provide_credentials<'a>(&'a self) -> CredentialsFuture<'a> {
        CredentialsFuture::ready(Ok(self.clone()))
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("source", &self.0.source)
            .field("access_key_id", &masked_id(&self.0.access_key_id))
            .field("has_security_token", &self.0.security_token.is_some())
            .field("expiry", &self.0.expiry)
            .finish_non_exhaustive()
    }
}

/// Why a source gave no credentials.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// Nothing is set up here: a [`Chain`] asks its next source.
    #[error("no credentials are configured in {provider}")]
    NotConfigured {
        /// The source, or the sources, that had nothing.
        provider: String,
    },
    /// Something is set up, and it is wrong: a [`Chain`] stops, because going on
    /// would silently use another identity.
    #[error("{provider} is set up wrongly: {detail}")]
    Misconfigured {
        /// The source.
        provider: String,
        /// What to correct; holds no secret.
        detail: String,
    },
    /// It is set up and was asked, and said no: a role that may not be assumed, a token that is not accepted.
    /// Waiting does not help; the detail says what does.
    #[error("{provider} refused to give credentials: {detail}")]
    Refused {
        /// The source.
        provider: String,
        /// What to do about it; holds no secret.
        detail: String,
        /// The refusal.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It is set up, and did not answer this time.
    #[error("{provider} did not give credentials")]
    Unavailable {
        /// The source.
        provider: String,
        /// What happened.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl CredentialsError {
    /// Whether nothing was set up at all, as opposed to set up wrongly.
    #[must_use]
    pub fn is_not_configured(&self) -> bool {
        matches!(self, Self::NotConfigured { .. })
    }

    /// Whether asking again later may help; only the environment's owner can heal the others.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    /// What to do about a connection that failed; the other errors say it themselves.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let Self::Unavailable { source, .. } = self else {
            return None;
        };
        if let Some(broken) = source.downcast_ref::<TransportError>() {
            return broken.hint();
        }
        if let Some(answer) = source.downcast_ref::<ApiError>() {
            return answer.hint();
        }
        if let Some(call) = source.downcast_ref::<crate::Error>() {
            return call.hint();
        }
        if let Some(reason) = source.downcast_ref::<cache::Reason>() {
            return reason.of().hint();
        }
        source.downcast_ref::<Self>().and_then(Self::hint)
    }
}
