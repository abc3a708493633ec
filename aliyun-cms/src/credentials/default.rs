//! The places where credentials are usually found, in order.

mod metadata;
mod source;

use std::{fmt, path::PathBuf, sync::Arc};

use secrecy::SecretString;

pub use self::source::{CredentialsSource, UnknownSource};
use self::{metadata::Metadata, source::Only};
use super::{
    AssumeRoleCredentials, AssumeRoleSettings, CachedCredentials, Chain, CliProfileCredentials,
    CredentialsFuture, EcsRoleCredentials, EnvironmentCredentials, OidcCredentials,
    ProfileFileCredentials, ProvideCredentials, UriCredentials,
    common::given,
    context::{Context, Lookup, read_variable},
};
use crate::{BuildError, Clock, Endpoint, SystemClock, tls};

/// Finds credentials where the vendor's own libraries look for them, and keeps them.
///
/// Asked in this order: variables (and what was given to
/// [`also`](DefaultCredentialsBuilder::also)), OIDC, the configuration of the command line, the
/// ini file, the role of the instance, the credentials URI. Only a source that is not set up
/// at all lets the next one be asked; a broken one is an error.
///
/// What was found is kept as [`CachedCredentials`] says. Clones share it.
///
/// ```
/// use aliyun_cms::{CredentialsSource, DefaultCredentials};
/// let found = DefaultCredentials::builder().build()?;
/// let chosen = DefaultCredentials::builder().only(CredentialsSource::Oidc).build()?;
/// # Ok::<(), aliyun_cms::BuildError>(())
/// ```
#[derive(Clone, Debug)]
pub struct DefaultCredentials(CachedCredentials);

impl DefaultCredentials {
    /// Starts with the variables and the clock of the process.
    pub fn builder() -> DefaultCredentialsBuilder {
        DefaultCredentialsBuilder {
            lookup: Arc::new(read_variable),
            clock: Arc::new(SystemClock),
            ca_file: None,
            also: Vec::new(),
            instead: None,
            only: None,
            profile: None,
            ecs_role: None,
            session_name: None,
            metadata_endpoint: None,
            sts_endpoint: None,
            assume_role: None,
        }
    }
}

impl ProvideCredentials for DefaultCredentials {
    fn provide_credentials<'a>(&'a self) -> CredentialsFuture<'a> {
        self.0.provide_credentials()
    }

    fn invalidate(&self) {
        self.0.invalidate();
    }
}

/// Settings of [`DefaultCredentials`]; all have defaults.
#[must_use]
pub struct DefaultCredentialsBuilder {
    lookup: Arc<Lookup>,
    clock: Arc<dyn Clock>,
    ca_file: Option<PathBuf>,
    also: Vec<Box<dyn ProvideCredentials>>,
    instead: Option<Instead>,
    only: Option<CredentialsSource>,
    profile: Option<String>,
    ecs_role: Option<String>,
    session_name: Option<String>,
    metadata_endpoint: Option<Endpoint>,
    sts_endpoint: Option<Endpoint>,
    assume_role: Option<AssumeRoleSettings>,
}

/// What is asked in place of the search.
enum Instead {
    Source(Box<dyn ProvideCredentials>),
    Oidc {
        role_arn: String,
        provider_arn: String,
        token_file: PathBuf,
    },
    Uri(SecretString),
}

impl DefaultCredentialsBuilder {
    /// Asks `lookup` for variables, `HOME` among them, instead of the process.
    pub fn lookup(
        mut self,
        lookup: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.lookup = Arc::new(lookup);
        self
    }

    /// Time and nonces from elsewhere than the system.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// More CA certificates, as PEM, for STS and credentials URIs.
    pub fn ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.ca_file = Some(path.into());
        self
    }

    /// A source that is asked after the vendor's variables, for instance for older names of
    /// them. Can be called several times.
    pub fn also(mut self, provider: impl ProvideCredentials + 'static) -> Self {
        self.also.push(Box::new(provider));
        self
    }

    /// This source in place of the search, with the cache and the role of this builder.
    ///
    /// Of `source`, [`oidc`](Self::oidc) and [`uri`](Self::uri) the last one counts.
    pub fn source(mut self, provider: impl ProvideCredentials + 'static) -> Self {
        self.instead = Some(Instead::Source(Box::new(provider)));
        self
    }

    /// This OIDC token in place of the search; see [`OidcCredentials::new`].
    pub fn oidc(
        mut self,
        role_arn: impl Into<String>,
        provider_arn: impl Into<String>,
        token_file: impl Into<PathBuf>,
    ) -> Self {
        self.instead = Some(Instead::Oidc {
            role_arn: role_arn.into(),
            provider_arn: provider_arn.into(),
            token_file: token_file.into(),
        });
        self
    }

    /// This credentials URI in place of the search. It is a secret.
    pub fn uri(mut self, uri: impl Into<SecretString>) -> Self {
        self.instead = Some(Instead::Uri(uri.into()));
        self
    }

    /// Searches nowhere else. That nothing is set up there is then an error that says what to
    /// set.
    pub fn only(mut self, source: CredentialsSource) -> Self {
        self.only = Some(source);
        self
    }

    /// The profile of the command line's configuration, or of the ini file, that is read there
    /// instead of the current or default one.
    pub fn profile(mut self, name: impl Into<String>) -> Self {
        self.profile = Some(name.into());
        self
    }

    /// The role of the instance, which then must be there.
    pub fn ecs_role(mut self, name: impl Into<String>) -> Self {
        self.ecs_role = Some(name.into());
        self
    }

    /// What the audit log calls the session of an OIDC role; else see
    /// [`AssumeRoleSettings::session_name`].
    pub fn session_name(mut self, name: impl Into<String>) -> Self {
        self.session_name = Some(name.into());
        self
    }

    /// Another address of the metadata service: for tests and forwarders.
    pub fn metadata_endpoint(mut self, endpoint: Endpoint) -> Self {
        self.metadata_endpoint = Some(endpoint);
        self
    }

    /// Where STS is, for every role that is assumed; else see
    /// [`AssumeRoleSettings::sts_endpoint`].
    pub fn sts_endpoint(mut self, endpoint: Endpoint) -> Self {
        self.sts_endpoint = Some(endpoint);
        self
    }

    /// Assumes a role with what was found. Both are kept until shortly before they expire.
    pub fn assume_role(mut self, settings: AssumeRoleSettings) -> Self {
        self.assume_role = Some(settings);
        self
    }

    /// Puts it together. No source is asked yet.
    ///
    /// # Errors
    ///
    /// When the CA file cannot be used.
    pub fn build(mut self) -> Result<DefaultCredentials, BuildError> {
        if let Some(path) = &self.ca_file {
            tls::client_config(false, Some(path), Vec::new)?;
        }
        let context = Context::new(
            self.lookup.clone(),
            self.clock.clone(),
            self.ca_file.clone(),
        );
        let clock = self.clock.clone();
        let role = self.assume_role.take();
        let endpoint = self.sts_endpoint.clone();
        let keys = CachedCredentials::new(self.keys(&context)).with_clock(clock.clone());
        let Some(role) = role else {
            return Ok(DefaultCredentials(keys));
        };
        let role = role.or_sts_endpoint(endpoint);
        let role = AssumeRoleCredentials::with_settings(keys, role).context(context);
        let kept = CachedCredentials::new(role).with_clock(clock);
        Ok(DefaultCredentials(kept))
    }

    fn keys(mut self, context: &Context) -> Box<dyn ProvideCredentials> {
        match (self.instead.take(), self.only) {
            (Some(Instead::Source(source)), _) => source,
            (Some(Instead::Uri(uri)), _) => Box::new(UriCredentials::new(context.clone()).uri(uri)),
            (
                Some(Instead::Oidc {
                    role_arn,
                    provider_arn,
                    token_file,
                }),
                _,
            ) => {
                let given = OidcCredentials::new(role_arn, provider_arn, token_file);
                Box::new(self.oidc_source(given, context))
            }
            (None, Some(name)) => {
                let source = self.one(name, context);
                Box::new(Only { name, source })
            }
            (None, None) => {
                let mut chain = Chain::new();
                for name in CredentialsSource::ALL {
                    chain = chain.then(self.one(name, context));
                }
                Box::new(chain)
            }
        }
    }

    fn one(&mut self, name: CredentialsSource, context: &Context) -> Box<dyn ProvideCredentials> {
        let profile = self.profile.clone();
        let (sts, metadata) = (self.sts_endpoint.clone(), self.metadata_endpoint.clone());
        match name {
            CredentialsSource::Environment => {
                let vendors = EnvironmentCredentials::new().shared_lookup(self.lookup.clone());
                let also = std::mem::take(&mut self.also).into_iter();
                Box::new(also.fold(Chain::new().then(vendors), Chain::then))
            }
            CredentialsSource::Oidc => {
                Box::new(self.oidc_source(OidcCredentials::from_environment(), context))
            }
            CredentialsSource::CliProfile => {
                let cli = CliProfileCredentials::new(context.clone(), profile);
                let cli = given(cli, sts, CliProfileCredentials::sts_endpoint);
                Box::new(given(
                    cli,
                    metadata,
                    CliProfileCredentials::metadata_endpoint,
                ))
            }
            CredentialsSource::ProfileFile => {
                let ini = ProfileFileCredentials::new(context.clone(), profile);
                let ini = given(ini, sts, ProfileFileCredentials::sts_endpoint);
                Box::new(given(
                    ini,
                    metadata,
                    ProfileFileCredentials::metadata_endpoint,
                ))
            }
            CredentialsSource::EcsRole => {
                let ecs = EcsRoleCredentials::new(context.clone());
                let ecs = given(ecs, metadata, EcsRoleCredentials::endpoint);
                let ecs = given(ecs, self.ecs_role.clone(), EcsRoleCredentials::role);
                match self.only {
                    Some(_) => Box::new(ecs.required()),
                    None => Box::new(Metadata::new(ecs, context.clock())),
                }
            }
            CredentialsSource::Uri => Box::new(UriCredentials::new(context.clone())),
        }
    }

    fn oidc_source(&self, source: OidcCredentials, context: &Context) -> OidcCredentials {
        let source = source.context(context.clone());
        let source = given(
            source,
            self.session_name.clone(),
            OidcCredentials::session_name,
        );
        let endpoint = self.sts_endpoint.clone();
        given(source, endpoint, OidcCredentials::sts_endpoint)
    }
}

impl fmt::Debug for DefaultCredentialsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |endpoint: &Option<Endpoint>| endpoint.as_ref().map(ToString::to_string);
        let instead = self.instead.as_ref().map(|instead| match instead {
            Instead::Source(_) => "a source",
            Instead::Oidc { .. } => "oidc",
            Instead::Uri(_) => "a URI",
        });
        f.debug_struct("DefaultCredentialsBuilder")
            .field("also", &self.also)
            .field("instead", &instead)
            .field("only", &self.only)
            .field("profile", &self.profile)
            .field("ecs_role", &self.ecs_role)
            .field("metadata_endpoint", &shown(&self.metadata_endpoint))
            .field("sts_endpoint", &shown(&self.sts_endpoint))
            .field("assume_role", &self.assume_role)
            .finish_non_exhaustive()
    }
}
