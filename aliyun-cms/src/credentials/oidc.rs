//! A RAM role, assumed with a token of an identity provider: `AssumeRoleWithOIDC`.

use std::{
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use reqwest::header::{ACCEPT, CONTENT_TYPE};
use secrecy::{ExposeSecret, SecretString};

use super::{
    Credentials, CredentialsError, CredentialsFuture, ProvideCredentials,
    answer::{self, misconfigured},
    context::Context,
    file, sts,
};
use crate::{Clock, Endpoint, sign::percent_encode};

const PROVIDER: &str = "OIDC";
const ACTION: &str = "AssumeRoleWithOIDC";
const ROLE_ARN: &str = "ALIBABA_CLOUD_ROLE_ARN";
const PROVIDER_ARN: &str = "ALIBABA_CLOUD_OIDC_PROVIDER_ARN";
const TOKEN_FILE: &str = "ALIBABA_CLOUD_OIDC_TOKEN_FILE";

/// What sets the three variables in a pod of ACK.
pub(super) const INJECTION: &str = "in ACK they are set together, in new pods only, when the namespace has the \
    label pod-identity.alibabacloud.com/injection: on and the service account the annotation \
    pod-identity.alibabacloud.com/role-name";

/// Temporary keys of a RAM role, for a token that an identity provider wrote to a file
/// (`AssumeRoleWithOIDC`): pods of ACK with RRSA, and others with an OIDC provider in RAM.
///
/// Nothing is signed, so no key is needed. The file is read anew each time, because
/// Kubernetes replaces the token in it. Every question is a call of STS: put it into a
/// [`CachedCredentials`](crate::CachedCredentials).
pub struct OidcCredentials {
    given: Option<Identity>,
    session_name: Option<String>,
    policy: Option<String>,
    duration: Duration,
    sts_endpoint: Option<Endpoint>,
    sts_region: Option<String>,
    context: Context,
}

/// Who asks for which role.
#[derive(Clone, Debug)]
struct Identity {
    role_arn: String,
    provider_arn: String,
    token_file: PathBuf,
}

impl OidcCredentials {
    /// The role, the OIDC provider (`acs:ram::1234567890123456:oidc-provider/name`), and the
    /// file with the token.
    #[must_use]
    pub fn new(
        role_arn: impl Into<String>,
        provider_arn: impl Into<String>,
        token_file: impl Into<PathBuf>,
    ) -> Self {
        Self {
            given: Some(Identity {
                role_arn: role_arn.into(),
                provider_arn: provider_arn.into(),
                token_file: token_file.into(),
            }),
            ..Self::from_environment()
        }
    }

    /// From `ALIBABA_CLOUD_ROLE_ARN`, `ALIBABA_CLOUD_OIDC_PROVIDER_ARN` and
    /// `ALIBABA_CLOUD_OIDC_TOKEN_FILE`, which ACK sets in pods that use RRSA.
    ///
    /// Without the last two nothing is set up here, whatever the first says; one of them
    /// without the others is an error that stops a [`Chain`](super::Chain).
    #[must_use]
    pub fn from_environment() -> Self {
        Self {
            given: None,
            session_name: None,
            policy: None,
            duration: sts::DEFAULT_DURATION,
            sts_endpoint: None,
            sts_region: None,
            context: Context::process(),
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

    /// The time and the nonce of requests from elsewhere than the system.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Clock + 'static) -> Self {
        self.context = self.context.with_clock(clock);
        self
    }

    /// As [`AssumeRoleSettings::session_name`](crate::AssumeRoleSettings::session_name).
    #[must_use]
    pub fn session_name(mut self, name: impl Into<String>) -> Self {
        self.session_name = Some(name.into());
        self
    }

    /// As [`AssumeRoleSettings::policy`](crate::AssumeRoleSettings::policy).
    #[must_use]
    pub fn policy(mut self, policy: impl Into<String>) -> Self {
        self.policy = Some(policy.into());
        self
    }

    /// As [`AssumeRoleSettings::duration`](crate::AssumeRoleSettings::duration).
    #[must_use]
    pub fn duration(mut self, duration: Duration) -> Self {
        self.duration = duration;
        self
    }

    /// As [`AssumeRoleSettings::sts_endpoint`](crate::AssumeRoleSettings::sts_endpoint).
    #[must_use]
    pub fn sts_endpoint(mut self, endpoint: Endpoint) -> Self {
        self.sts_endpoint = Some(endpoint);
        self
    }

    /// As [`AssumeRoleSettings::sts_region`](crate::AssumeRoleSettings::sts_region).
    #[must_use]
    pub fn sts_region(mut self, region: impl Into<String>) -> Self {
        self.sts_region = Some(region.into());
        self
    }

    pub(crate) fn context(mut self, context: Context) -> Self {
        self.context = context;
        self
    }

    async fn load(&self) -> Result<Credentials, CredentialsError> {
        let identity = match &self.given {
            Some(given) => given.clone(),
            None => self.identity()?,
        };
        let Identity {
            role_arn,
            provider_arn,
            token_file,
        } = &identity;
        let session = sts::session_name(&self.context, PROVIDER, self.session_name.as_deref())?;
        let seconds = sts::duration_seconds(PROVIDER, self.duration)?;
        let (given, region) = (self.sts_endpoint.as_ref(), self.sts_region.as_deref());
        let endpoint = sts::endpoint(&self.context, PROVIDER, given, region)?;
        let token = read_token(token_file)?;

        let mut form = vec![
            ("RoleArn", role_arn.as_str()),
            ("OIDCProviderArn", provider_arn),
            ("OIDCToken", token.expose_secret()),
            ("RoleSessionName", &session),
            ("DurationSeconds", &seconds),
        ];
        form.extend(self.policy.as_deref().map(|policy| ("Policy", policy)));
        let provider = format!("STS at {endpoint}");
        let answer = self.post(&provider, &endpoint, &form).await?;
        if !answer.status.is_success() {
            let error = sts::api_error(answer.status, &answer.body, &token, &self.context);
            let token_file = token_file.display().to_string();
            let call = sts::Call::WithOidc {
                role_arn,
                provider_arn,
                token_file: &token_file,
                token: &token,
            };
            return Err(sts::refused(&provider, &call, Box::new(error)));
        }
        let source = format!(
            "the role {role_arn}, assumed with the OIDC token in {}",
            token_file.display()
        );
        Ok(sts::credentials(&provider, &answer.body)?.with_source(source))
    }

    /// What the variables say; some without the others is an error.
    fn identity(&self) -> Result<Identity, CredentialsError> {
        let values =
            [ROLE_ARN, PROVIDER_ARN, TOKEN_FILE].map(|name| (name, self.context.var(name)));
        match values {
            [_, (_, None), (_, None)] => Err(CredentialsError::NotConfigured {
                provider: format!("{PROVIDER} ({PROVIDER_ARN} and {TOKEN_FILE})"),
            }),
            [
                (_, Some(role_arn)),
                (_, Some(provider_arn)),
                (_, Some(token_file)),
            ] => Ok(Identity {
                role_arn,
                provider_arn,
                token_file: token_file.into(),
            }),
            some => {
                let names = |is_set: bool| {
                    let of_kind = some.iter().filter(|(_, value)| value.is_some() == is_set);
                    let names: Vec<&str> = of_kind.map(|(name, _)| *name).collect();
                    let verb = if names.len() == 1 { "is" } else { "are" };
                    (names.join(" and "), verb)
                };
                let ((missing, are), (set, are_set)) = (names(false), names(true));
                Err(misconfigured(
                    PROVIDER,
                    format!("{missing} {are} not set, but {set} {are_set}; {INJECTION}"),
                ))
            }
        }
    }

    async fn post(
        &self,
        provider: &str,
        endpoint: &Endpoint,
        form: &[(&str, &str)],
    ) -> Result<answer::Answer, CredentialsError> {
        let timestamp = self.context.now().strftime("%Y-%m-%dT%H:%M:%SZ");
        let query = encode(&[
            ("Action", ACTION),
            ("Format", "JSON"),
            ("Version", sts::API_VERSION),
            ("Timestamp", &timestamp.to_string()),
            ("SignatureNonce", &self.context.clock().nonce()),
        ]);
        let http = match endpoint.is_loopback() && !endpoint.is_https() {
            true => self.context.direct_http(provider)?,
            false => self.context.http(provider)?,
        };
        let request = http
            .post(endpoint.with_query(Some(&query)))
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(encode(form));
        let answer = answer::fetch(request, &endpoint.to_string()).await;
        answer.map_err(|broken| broken.into_error(provider))
    }
}

/// Strictly: a form serialiser would write a space as `+`.
fn encode(pairs: &[(&str, &str)]) -> String {
    let pairs = pairs.iter();
    let encoded = pairs.map(|(name, value)| format!("{name}={}", percent_encode(value)));
    encoded.collect::<Vec<_>>().join("&")
}

fn read_token(path: &Path) -> Result<SecretString, CredentialsError> {
    file::read_secret(path).map_err(|error| {
        let detail = format!(
            "the token file {} {error}; in ACK it is a projected volume, mounted in new pods only, \
             when the namespace has the label pod-identity.alibabacloud.com/injection: on",
            path.display()
        );
        misconfigured(PROVIDER, detail)
    })
}

impl ProvideCredentials for OidcCredentials {
    fn provide_credentials<'a>(&'a self) -> CredentialsFuture<'a> {
        CredentialsFuture::new(self.load())
    }
}

impl fmt::Debug for OidcCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let endpoint = self.sts_endpoint.as_ref().map(ToString::to_string);
        f.debug_struct("OidcCredentials")
            .field("given", &self.given)
            .field("session_name", &self.session_name)
            .field("has_policy", &self.policy.is_some())
            .field("duration", &self.duration)
            .field("sts_endpoint", &endpoint)
            .field("sts_region", &self.sts_region)
            .finish_non_exhaustive()
    }
}
