//! The role of the ECS instance, from its metadata service.

mod token;

use std::{fmt, time::Duration};

use reqwest::{
    Method,
    header::{HeaderName, HeaderValue},
};
use secrecy::SecretString;

use self::token::{Kept, TTL_SECONDS};
use super::{
    Credentials, CredentialsError, CredentialsFuture, ProvideCredentials,
    answer::{self, Answer, Broken, refusal},
    common::{misconfigured, unavailable, with_lookup},
    context::Context,
};
use crate::{Endpoint, TransportError};

const PROVIDER: &str = "the instance metadata service";
const ADDRESS: &str = "http://100.100.100.200";
const DISABLED: &str = "ALIBABA_CLOUD_ECS_METADATA_DISABLED";
const V1_DISABLED: &str = "ALIBABA_CLOUD_IMDSV1_DISABLED";
const ROLE: &str = "ALIBABA_CLOUD_ECS_METADATA";

const TOKEN_PATH: &str = "/latest/api/token";
const ROLES_PATH: &str = "/latest/meta-data/ram/security-credentials/";
const TOKEN_HEADER: HeaderName = HeaderName::from_static("x-aliyun-ecs-metadata-token");
const TTL_HEADER: HeaderName = HeaderName::from_static("x-aliyun-ecs-metadata-token-ttl-seconds");
/// It is next door, or it is not there.
const TIMEOUT: Duration = Duration::from_secs(1);

/// Temporary keys of the RAM role that is attached to the ECS instance.
///
/// The role is the one given to [`role`](Self::role), else `ALIBABA_CLOUD_ECS_METADATA`, else
/// the instance is asked. Requests carry a token (IMDSv2); when none is issued they go
/// without one, unless `ALIBABA_CLOUD_IMDSV1_DISABLED` is on.
///
/// Where nothing answers and no role is named this is no ECS instance, and nothing is set
/// up here; `ALIBABA_CLOUD_ECS_METADATA_DISABLED` saves the two seconds to find that out.
pub struct EcsRoleCredentials {
    ctx: Context,
    role: Option<String>,
    endpoint: Endpoint,
    is_required: bool,
    token: Kept,
}

/// How one round of questions is asked.
struct Session {
    token: Option<SecretString>,
    /// Whether the service has said anything at all.
    was_reached: bool,
}

impl EcsRoleCredentials {
    /// With the variables of the process.
    #[must_use]
    pub fn from_environment() -> Self {
        Self::new(Context::process())
    }

    pub(crate) fn new(ctx: Context) -> Self {
        Self {
            ctx,
            role: None,
            endpoint: Endpoint::url(ADDRESS).expect("the address of the service is a URL"),
            is_required: false,
            token: Kept::default(),
        }
    }

    /// Asks `lookup` for variables instead of the process.
    #[must_use]
    pub fn with_lookup(
        mut self,
        lookup: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.ctx = with_lookup(&self.ctx, lookup);
        self
    }

    /// The name of the role, which saves asking for it; without this role it is an error.
    #[must_use]
    pub fn role(mut self, name: impl Into<String>) -> Self {
        self.role = Some(name.into());
        self
    }

    /// Another address of the service: a simulator, or a forwarder.
    #[must_use]
    pub fn endpoint(mut self, endpoint: Endpoint) -> Self {
        self.endpoint = endpoint;
        self
    }

    /// Somebody chose this source by name, so that "no ECS instance" and "no role" are errors.
    pub(super) fn required(mut self) -> Self {
        self.is_required = true;
        self
    }

    async fn load(&self) -> Result<Credentials, CredentialsError> {
        if self.ctx.is_on(DISABLED) {
            return Err(not_configured(&format!("{DISABLED} is on")));
        }
        let role = match (&self.role, self.ctx.var(ROLE)) {
            (Some(role), _) => Some((role.clone(), "the role that was asked for")),
            (None, Some(role)) => Some((role, ROLE)),
            (None, None) => None,
        };
        if let Some((name, origin)) = &role
            && !is_role_name(name)
        {
            let text = format!(
                "{origin} is not the name of a RAM role: 1 to 64 letters, digits, '.', '_' and '-'"
            );
            return Err(misconfigured(PROVIDER, text));
        }
        let role = role.as_ref().map(|(name, _)| name.as_str());

        if let Some(token) = self.token.get(self.ctx.now()) {
            let session = Session {
                token: Some(token),
                was_reached: true,
            };
            match self.ask(role, &session).await {
                // The service restarted, or our clock jumped: the token is not good any more.
                Err(CredentialsError::Refused { .. }) => self.token.forget(),
                found_or_broken => return found_or_broken,
            }
        }
        let session = self.session(role).await?;
        self.ask(role, &session).await
    }

    /// The role's name if it is not known, and its keys.
    async fn ask(
        &self,
        named: Option<&str>,
        session: &Session,
    ) -> Result<Credentials, CredentialsError> {
        let role = match named {
            Some(role) => role.to_owned(),
            None => self.attached_role(session).await?,
        };
        let answer = self
            .get(&format!("{ROLES_PATH}{role}"), named, session)
            .await?;
        match answer.status.as_u16() {
            200 => {}
            404 if named.is_some() => {
                let text = format!(
                    "the RAM role {role} is not attached to this instance: attach it, or name the \
                     one that is"
                );
                return Err(misconfigured(PROVIDER, text));
            }
            404 => return Err(self.no_role()),
            _ => return Err(refused(&answer)),
        }
        let source = format!("the RAM role {role} of this ECS instance");
        Ok(answer::keys(PROVIDER, &answer.body)?.with_source(source))
    }

    async fn attached_role(&self, session: &Session) -> Result<String, CredentialsError> {
        let answer = self.get(ROLES_PATH, None, session).await?;
        match answer.status.as_u16() {
            200 => {}
            404 => return Err(self.no_role()),
            _ => return Err(refused(&answer)),
        }
        let name = answer.body.trim_ascii();
        match str::from_utf8(name) {
            Ok("") => Err(self.no_role()),
            Ok(name) if is_role_name(name) => Ok(name.to_owned()),
            _ if answer::is_markup(name) => Err(answer::markup(PROVIDER)),
            _ => Err(misconfigured(
                PROVIDER,
                "it answers with something else than the name of a RAM role",
            )),
        }
    }

    fn no_role(&self) -> CredentialsError {
        let text = "no RAM role is attached to this instance";
        match self.is_required {
            true => misconfigured(PROVIDER, text),
            false => not_configured(text),
        }
    }

    async fn get(
        &self,
        path: &str,
        named: Option<&str>,
        session: &Session,
    ) -> Result<Answer, CredentialsError> {
        let header = session.token.as_ref().and_then(token::header);
        let answer = self.send(Method::GET, path, header.map(|value| (TOKEN_HEADER, value)));
        match answer.await? {
            Ok(answer) => Ok(answer),
            Err(Broken::Transport(source)) if !session.was_reached => {
                Err(self.unreachable(source, named, ""))
            }
            Err(broken) => Err(broken.into_error(PROVIDER)),
        }
    }

    /// A new token, or the decision to go without one.
    async fn session(&self, named: Option<&str>) -> Result<Session, CredentialsError> {
        let ttl = Some((TTL_HEADER, HeaderValue::from(TTL_SECONDS)));
        let is_v1_forbidden = self.ctx.is_on(V1_DISABLED);
        let forbidden = |why: &str| {
            format!(
                "{why}, and {V1_DISABLED} forbids to ask without one: turn that off, or let the \
                 instance's metadata service support tokens (IMDSv2)"
            )
        };
        match self.send(Method::PUT, TOKEN_PATH, ttl).await? {
            Ok(answer) => match token::read(&answer) {
                Some(token) => {
                    self.token.put(token.clone(), self.ctx.now());
                    Ok(Session {
                        token: Some(token),
                        was_reached: true,
                    })
                }
                None if is_v1_forbidden && answer.status.is_server_error() => {
                    let why = format!("it issued no token (HTTP {})", answer.status.as_u16());
                    Err(unavailable(PROVIDER, forbidden(&why)))
                }
                None if is_v1_forbidden => {
                    let why = format!("it issues no token (HTTP {})", answer.status.as_u16());
                    Err(misconfigured(PROVIDER, forbidden(&why)))
                }
                None => Ok(Session {
                    token: None,
                    was_reached: true,
                }),
            },
            // Inside a container the hop limit of the instance can swallow the answer to this
            // request and to no other: only who forbids the older protocol gives up here.
            Err(Broken::Transport(source)) if is_v1_forbidden || !source.is_timeout() => {
                let note = match is_v1_forbidden {
                    true => format!(", and {V1_DISABLED} forbids to ask without a token"),
                    false => String::new(),
                };
                Err(self.unreachable(source, named, &note))
            }
            Err(Broken::Transport(_)) => Ok(Session {
                token: None,
                was_reached: false,
            }),
            Err(broken) => Err(broken.into_error(PROVIDER)),
        }
    }

    fn unreachable(
        &self,
        source: TransportError,
        named: Option<&str>,
        note: &str,
    ) -> CredentialsError {
        if named.is_some() || self.is_required {
            return CredentialsError::Unavailable {
                provider: PROVIDER.to_owned(),
                source: Box::new(source),
            };
        }
        not_configured(&format!(
            "{} does not answer, so this is no ECS instance{note}",
            self.endpoint
        ))
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        header: Option<(HeaderName, HeaderValue)>,
    ) -> Result<Result<Answer, Broken>, CredentialsError> {
        let http = match self.endpoint.is_https() {
            true => self.ctx.http(PROVIDER)?,
            false => self.ctx.direct_http(PROVIDER)?,
        };
        let mut url = self.endpoint.with_query(None);
        url.set_path(path);
        let mut request = http.request(method, url).timeout(TIMEOUT);
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        Ok(answer::fetch(request, &self.endpoint.to_string()).await)
    }
}

/// The name becomes a part of a path: nothing that ends the part or climbs up may be in it.
fn is_role_name(name: &str) -> bool {
    let is_allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    (1..=64).contains(&name.len())
        && name.bytes().all(is_allowed)
        && name.bytes().any(|b| b.is_ascii_alphanumeric())
}

fn refused(answer: &Answer) -> CredentialsError {
    refusal(
        PROVIDER,
        answer.status,
        "check that the instance allows access to its metadata, and that no firewall answers \
         in its place",
    )
}

fn not_configured(why: &str) -> CredentialsError {
    CredentialsError::NotConfigured {
        provider: format!("{PROVIDER} ({why})"),
    }
}

impl ProvideCredentials for EcsRoleCredentials {
    fn provide_credentials<'a>(&'a self) -> CredentialsFuture<'a> {
        CredentialsFuture::new(self.load())
    }
}

impl fmt::Debug for EcsRoleCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EcsRoleCredentials")
            .field("role", &self.role)
            .field("endpoint", &self.endpoint.to_string())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_name_cannot_leave_its_part_of_the_path() {
        for good in ["kafka-lag", "A", "a.b_c-9", &"x".repeat(64)] {
            assert!(is_role_name(good), "{good}");
        }
        for bad in [
            "",
            ".",
            "..",
            "-",
            "a/b",
            "../x",
            "a?b",
            "a#b",
            "a%2fb",
            "a b",
            "a\n",
            "名",
            "a\\b",
            "a@b",
            "a:b",
            &"x".repeat(65),
        ] {
            assert!(!is_role_name(bad), "{bad}");
        }
    }
}
