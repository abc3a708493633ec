//! The names of the places that are searched.

use std::{fmt, str::FromStr};

use super::super::{
    CredentialsError, CredentialsFuture, ProvideCredentials, answer::misconfigured, oidc,
};

/// One of the places that [`DefaultCredentials`](crate::DefaultCredentials) searches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CredentialsSource {
    /// `environment`: the vendor's variables, and what was given to
    /// [`also`](crate::DefaultCredentialsBuilder::also).
    Environment,
    /// `oidc`: a role by a token from a file, as pods of ACK have it.
    Oidc,
    /// `cli-profile`: the configuration of the vendor's command line, `~/.aliyun/config.json`.
    CliProfile,
    /// `profile-file`: the ini file `~/.alibabacloud/credentials`.
    ProfileFile,
    /// `ecs`: the role of the instance, from its metadata service.
    EcsRole,
    /// `uri`: the server that `ALIBABA_CLOUD_CREDENTIALS_URI` names.
    Uri,
}

impl CredentialsSource {
    /// Every source, in the order in which they are asked.
    pub const ALL: [Self; 6] = [
        Self::Environment,
        Self::Oidc,
        Self::CliProfile,
        Self::ProfileFile,
        Self::EcsRole,
        Self::Uri,
    ];

    /// The name in configurations. It does not change between versions.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::Oidc => "oidc",
            Self::CliProfile => "cli-profile",
            Self::ProfileFile => "profile-file",
            Self::EcsRole => "ecs",
            Self::Uri => "uri",
        }
    }

    /// What somebody who wants this source has to do.
    fn needs(self) -> String {
        let text = match self {
            Self::Environment => {
                "set both, or the same names with _FILE at their end to the paths of files"
            }
            Self::Oidc => {
                return format!(
                    "set ALIBABA_CLOUD_ROLE_ARN, ALIBABA_CLOUD_OIDC_PROVIDER_ARN and \
                     ALIBABA_CLOUD_OIDC_TOKEN_FILE: {}",
                    oidc::INJECTION
                );
            }
            Self::CliProfile => "run `aliyun configure`, or mount its file ~/.aliyun/config.json",
            Self::ProfileFile => {
                "write ~/.alibabacloud/credentials, or set ALIBABA_CLOUD_CREDENTIALS_FILE to the \
                 path of such a file"
            }
            Self::EcsRole => {
                "attach a RAM role to the instance, and unset ALIBABA_CLOUD_ECS_METADATA_DISABLED"
            }
            Self::Uri => "set ALIBABA_CLOUD_CREDENTIALS_URI",
        };
        text.to_owned()
    }
}

impl fmt::Display for CredentialsSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for CredentialsSource {
    type Err = UnknownSource;

    fn from_str(text: &str) -> Result<Self, UnknownSource> {
        let found = Self::ALL.into_iter().find(|source| source.as_str() == text);
        found.ok_or_else(|| UnknownSource(text.to_owned()))
    }
}

/// Not the name of a [`CredentialsSource`]; its text lists them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no source of credentials: use environment, oidc, cli-profile, profile-file, ecs or uri"
)]
pub struct UnknownSource(String);

/// The one source somebody chose: that it is not set up is a mistake.
#[derive(Debug)]
pub(super) struct Only<P> {
    pub(super) name: CredentialsSource,
    pub(super) source: P,
}

impl<P: ProvideCredentials> ProvideCredentials for Only<P> {
    fn provide_credentials<'a>(&'a self) -> CredentialsFuture<'a> {
        CredentialsFuture::new(async move {
            let answer = self.source.provide_credentials().await;
            answer.map_err(|error| match error {
                CredentialsError::NotConfigured { provider } => misconfigured(
                    &format!("the one source that is asked, {},", self.name),
                    format!(
                        "no credentials are configured in {provider}; {}",
                        self.name.needs()
                    ),
                ),
                other => other,
            })
        })
    }

    fn invalidate(&self) {
        self.source.invalidate();
    }
}
