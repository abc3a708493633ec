//! The credentials file that the vendor's libraries share.

mod ini;

use std::{
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use self::ini::{Ini, Section};
use super::{
    AssumeRoleCredentials, Credentials, CredentialsError, CredentialsFuture, OidcCredentials,
    ProvideCredentials,
    common::{
        filled, given, key_pair, listed, misconfigured, on_behalf, read_file, with_lookup, word,
    },
    context::Context,
    ecs::EcsRoleCredentials,
};
use crate::Endpoint;

const FILE: &str = "ALIBABA_CLOUD_CREDENTIALS_FILE";
const PROFILE: &str = "ALIBABA_CLOUD_PROFILE";
const DEFAULT_PROFILE: &str = "default";
/// The first is what the Go and Node libraries read, the second what the Python library reads.
const PLACES: [&str; 2] = [".alibabacloud/credentials", ".alibabacloud/credentials.ini"];
const TYPES: &str = "access_key, sts, ecs_ram_role, ram_role_arn and oidc_role_arn";

/// A section of the vendor's credentials file: `~/.alibabacloud/credentials`, else
/// `~/.alibabacloud/credentials.ini`; `ALIBABA_CLOUD_CREDENTIALS_FILE` names another.
///
/// The section is the one given to [`profile`](Self::profile), else `ALIBABA_CLOUD_PROFILE`,
/// else `default`. It is read anew each time. Its `type` is one of
///
/// | type | keys |
/// |---|---|
/// | `access_key` | `access_key_id`, `access_key_secret` |
/// | `sts` | the same and `security_token` |
/// | `ecs_ram_role` | `role_name`, or the role that is attached |
/// | `ram_role_arn` | `access_key_id`, `access_key_secret`, `role_arn`; optional `security_token`, `role_session_name`, `role_session_expiration`, `policy`, `external_id` |
/// | `oidc_role_arn` | `oidc_provider_arn`, `oidc_token_file_path`, `role_arn`; optional `role_session_name`, `policy` |
pub struct ProfileFileCredentials {
    ctx: Context,
    profile: Option<String>,
    sts_endpoint: Option<Endpoint>,
    metadata_endpoint: Option<Endpoint>,
}

impl ProfileFileCredentials {
    /// With the variables and the home directory of the process.
    #[must_use]
    pub fn from_environment() -> Self {
        Self::new(Context::process(), None)
    }

    pub(crate) fn new(ctx: Context, profile: Option<String>) -> Self {
        Self {
            ctx,
            profile,
            sts_endpoint: None,
            metadata_endpoint: None,
        }
    }

    /// Asks `lookup` for variables, `HOME` among them, instead of the process.
    #[must_use]
    pub fn with_lookup(
        mut self,
        lookup: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.ctx = with_lookup(&self.ctx, lookup);
        self
    }

    /// The section; if the file has no such section it is an error.
    #[must_use]
    pub fn profile(mut self, name: impl Into<String>) -> Self {
        self.profile = Some(name.into());
        self
    }

    /// Where STS is, for sections that assume a role.
    #[must_use]
    pub fn sts_endpoint(mut self, endpoint: Endpoint) -> Self {
        self.sts_endpoint = Some(endpoint);
        self
    }

    /// Where the metadata service is, for sections that use the instance's role.
    #[must_use]
    pub fn metadata_endpoint(mut self, endpoint: Endpoint) -> Self {
        self.metadata_endpoint = Some(endpoint);
        self
    }

    async fn load(&self) -> Result<Credentials, CredentialsError> {
        let (path, text) = self.find()?;
        let provider = format!("the credentials file {}", path.display());
        let ini = Ini::parse(&text).map_err(|bad| {
            misconfigured(&provider, format!("line {}: {}", bad.line, bad.problem))
        })?;

        let asked = self.profile.clone().or_else(|| self.ctx.var(PROFILE));
        let name = asked.as_deref().unwrap_or(DEFAULT_PROFILE);
        let absent = |why: String| match asked {
            Some(_) => misconfigured(&provider, why),
            None => CredentialsError::NotConfigured {
                provider: format!("{provider} ({why})"),
            },
        };
        let Some(section) = ini.section(name) else {
            return Err(absent(match listed(ini.names()) {
                none if none.is_empty() => format!("it has no section {name:?}, nor any other"),
                names => format!("it has no section {name:?}; its sections are {names}"),
            }));
        };
        // A key that the vendor's Java library honours.
        if section.get("enable").is_some_and(|value| value == "false") {
            return Err(absent(format!(
                "section {name:?} is switched off by enable = false"
            )));
        }

        let kind = value(section, "type").unwrap_or_default();
        let wrong = |what: &str| misconfigured(&provider, format!("section {name:?} {what}"));
        let source = self.source(section, &kind).map_err(|what| wrong(&what))?;
        let section = format!("section {name:?} ({kind}) of {provider}");
        match source.provide_credentials().await {
            Ok(found) => Ok(found.with_source(section)),
            Err(error) => Err(on_behalf(&section, error)),
        }
    }

    fn find(&self) -> Result<(PathBuf, String), CredentialsError> {
        let read = |path: &Path| {
            read_file(path).map_err(|what| {
                misconfigured(&format!("the credentials file {}", path.display()), what)
            })
        };
        if let Some(path) = self.ctx.var(FILE).map(PathBuf::from) {
            return match read(&path)? {
                Some(text) => Ok((path, text)),
                None => Err(misconfigured(
                    &format!("the credentials file {}", path.display()),
                    format!("{FILE} names it, and there is no such file"),
                )),
            };
        }
        let home = self.ctx.home();
        for path in PLACES
            .iter()
            .filter_map(|place| Some(home.as_ref()?.join(place)))
        {
            if let Some(text) = read(&path)? {
                return Ok((path, text));
            }
        }
        Err(CredentialsError::NotConfigured {
            provider: format!("the credentials file (~/{} or ~/{})", PLACES[0], PLACES[1]),
        })
    }

    /// What the section describes, or what is wrong with it.
    fn source(&self, section: &Section, kind: &str) -> Result<Box<dyn ProvideCredentials>, String> {
        let get = |key: &str| value(section, key);
        let has = |what: &str| format!("({kind}) has {what}");
        let need = |key: &str| get(key).ok_or_else(|| has(&format!("no {key}")));
        let keys = |token: Option<String>| {
            let (id, secret) = (get("access_key_id"), get("access_key_secret"));
            key_pair(id, secret, token, "security_token").map_err(|what| has(&what))
        };
        Ok(match kind {
            "access_key" => Box::new(keys(get("security_token"))?),
            "sts" => Box::new(keys(Some(need("security_token")?))?),
            "ecs_ram_role" => {
                let role = EcsRoleCredentials::new(self.ctx.clone()).required();
                let role = given(role, get("role_name"), EcsRoleCredentials::role);
                let endpoint = self.metadata_endpoint.clone();
                Box::new(given(role, endpoint, EcsRoleCredentials::endpoint))
            }
            "ram_role_arn" => {
                let base = keys(get("security_token"))?;
                let role = AssumeRoleCredentials::new(base, need("role_arn")?);
                let role = role.context(self.ctx.clone());
                let seconds = get("role_session_expiration").map(|text| text.parse());
                let seconds = seconds.transpose().map_err(|_| {
                    has("a role_session_expiration that is no number of seconds such as 3600")
                })?;
                let duration = seconds.filter(|s| *s > 0).map(Duration::from_secs);
                let role = given(role, duration, AssumeRoleCredentials::duration);
                let name = get("role_session_name");
                let role = given(role, name, AssumeRoleCredentials::session_name);
                let role = given(role, get("policy"), AssumeRoleCredentials::policy);
                let id = get("external_id");
                let role = given(role, id, AssumeRoleCredentials::external_id);
                let endpoint = self.sts_endpoint.clone();
                Box::new(given(role, endpoint, AssumeRoleCredentials::sts_endpoint))
            }
            "oidc_role_arn" => {
                let (arn, provider) = (need("role_arn")?, need("oidc_provider_arn")?);
                let role = OidcCredentials::new(arn, provider, need("oidc_token_file_path")?);
                let role = role.context(self.ctx.clone());
                let name = get("role_session_name");
                let role = given(role, name, OidcCredentials::session_name);
                let role = given(role, get("policy"), OidcCredentials::policy);
                let endpoint = self.sts_endpoint.clone();
                Box::new(given(role, endpoint, OidcCredentials::sts_endpoint))
            }
            "" => return Err(format!("has no type: it is one of {TYPES}")),
            other => {
                let shown = word(other).unwrap_or("that is not shown here");
                return Err(format!(
                    "has the type {shown}, which is not supported: it must be one of {TYPES}"
                ));
            }
        })
    }
}

fn value(section: &Section, key: &str) -> Option<String> {
    filled(section.get(key).cloned())
}

impl ProvideCredentials for ProfileFileCredentials {
    fn provide_credentials<'a>(&'a self) -> CredentialsFuture<'a> {
        CredentialsFuture::new(self.load())
    }
}

impl fmt::Debug for ProfileFileCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProfileFileCredentials")
            .field("profile", &self.profile)
            .finish_non_exhaustive()
    }
}
