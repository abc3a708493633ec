//! The profiles of the vendor's command line tool, `aliyun`.

mod config;
mod external;
mod messages;
mod mode;
mod split;

use std::{fmt, time::Duration};

use self::{
    config::{Config, Profile},
    external::External,
    messages::{Origin, Wrong, unsupported, way},
    mode::Mode,
};
use super::{
    AssumeRoleCredentials, Credentials, CredentialsError, CredentialsFuture, OidcCredentials,
    ProvideCredentials,
    common::{filled, given, key_pair, listed, misconfigured, on_behalf, with_lookup},
    context::Context,
    ecs::EcsRoleCredentials,
    uri::UriCredentials,
};
use crate::Endpoint;

const PROFILE: &str = "ALIBABA_CLOUD_PROFILE";
const DISABLED: &str = "ALIBABA_CLOUD_CLI_PROFILE_DISABLED";
const DEFAULT_PROFILE: &str = "default";

/// A profile of the command line tool `aliyun`: `~/.aliyun/config.json`, or the file that
/// `ALIBABA_CLOUD_CONFIG_FILE` names.
///
/// The profile is the one given to [`profile`](Self::profile), else `ALIBABA_CLOUD_PROFILE`,
/// else the file's current one. It is read anew each time. Supported are the modes AK,
/// StsToken, RamRoleArn, EcsRamRole, OIDC, ChainableRamRoleArn, External and CredentialsURI;
/// those for which a person logs in are not. `ALIBABA_CLOUD_CLI_PROFILE_DISABLED` skips all.
///
/// The program of mode External is started without a shell, gets no input, and is killed
/// after 60 seconds.
pub struct CliProfileCredentials {
    ctx: Context,
    profile: Option<String>,
    sts_endpoint: Option<Endpoint>,
    metadata_endpoint: Option<Endpoint>,
}

impl CliProfileCredentials {
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

    /// The profile; if the file has no such profile it is an error.
    #[must_use]
    pub fn profile(mut self, name: impl Into<String>) -> Self {
        self.profile = Some(name.into());
        self
    }

    /// Where STS is, for profiles that assume a role, whatever their `sts_region`.
    #[must_use]
    pub fn sts_endpoint(mut self, endpoint: Endpoint) -> Self {
        self.sts_endpoint = Some(endpoint);
        self
    }

    /// Where the metadata service is, for profiles that use the instance's role.
    #[must_use]
    pub fn metadata_endpoint(mut self, endpoint: Endpoint) -> Self {
        self.metadata_endpoint = Some(endpoint);
        self
    }

    async fn load(&self) -> Result<Credentials, CredentialsError> {
        if self.ctx.is_on(DISABLED) {
            return Err(CredentialsError::NotConfigured {
                provider: format!("the CLI configuration ({DISABLED} is on)"),
            });
        }
        let config = Config::read(&self.ctx)?;
        let (name, origin) = match (&self.profile, self.ctx.var(PROFILE), &config.current) {
            (Some(name), _, _) => (name.clone(), Origin::Argument),
            (None, Some(name), _) => (name, Origin::Variable),
            (None, None, Some(name)) => (name.clone(), Origin::Current),
            (None, None, None) => (DEFAULT_PROFILE.to_owned(), Origin::Nobody),
        };
        let Some(profile) = config.profile(&name) else {
            return Err(origin.no_such(&name, &config));
        };
        if !origin.is_by_name() && is_blank(profile) {
            return Err(CredentialsError::NotConfigured {
                provider: format!("{} (profile {name:?} is empty)", config.provider),
            });
        }
        let source = self.source(&config, profile, &mut vec![name.clone()]);
        let source = source.map_err(|what| misconfigured(&config.provider, what))?;
        let shown = format!(
            "profile {name:?} ({}) of {}",
            mode(profile).map_or("", Mode::as_str),
            config.provider
        );
        match source.provide_credentials().await {
            Ok(found) => Ok(found.with_source(shown)),
            Err(error) => Err(on_behalf(&shown, error)),
        }
    }

    /// What the profile describes, or what is wrong with it. `trail` holds the names of the
    /// profiles on the way here, this one last, so that a circle is seen.
    fn source(
        &self,
        config: &Config,
        profile: &Profile,
        trail: &mut Vec<String>,
    ) -> Result<Box<dyn ProvideCredentials>, String> {
        let name = profile.name.as_deref().unwrap_or_default();
        let Some(mode) = mode(profile) else {
            let text = profile.mode.as_deref().unwrap_or_default();
            return Err(unsupported(name, text));
        };
        let wrong = Wrong {
            profile: name,
            mode,
        };
        let need = |field: &Option<String>, key: &str| {
            filled(field.clone()).ok_or_else(|| wrong.has(&format!("no {key}")))
        };
        let keys = |token: Option<&String>| {
            let (id, secret) = (&profile.access_key_id, &profile.access_key_secret);
            key_pair(id.clone(), secret.clone(), token.cloned(), "sts_token")
                .map_err(|what| wrong.has(&what))
        };
        Ok(match mode {
            Mode::Ak if is_temporary(profile) => {
                let what = "a temporary access_key_id, which needs an sts_token";
                return Err(wrong.has_and_needs(what, Mode::StsToken));
            }
            Mode::Ak => Box::new(keys(None)?),
            Mode::StsToken => {
                need(&profile.sts_token, "sts_token")?;
                Box::new(keys(profile.sts_token.as_ref())?)
            }
            Mode::RamRoleArn => {
                let base = keys(profile.sts_token.as_ref())?;
                let arn = need(&profile.ram_role_arn, "ram_role_arn")?;
                Box::new(self.assumed(AssumeRoleCredentials::new(base, arn), profile, &wrong)?)
            }
            Mode::ChainableRamRoleArn => {
                let arn = need(&profile.ram_role_arn, "ram_role_arn")?;
                let next = need(&profile.source_profile, "source_profile")?;
                let base = self.next_source(config, next, trail)?;
                Box::new(self.assumed(AssumeRoleCredentials::new(base, arn), profile, &wrong)?)
            }
            Mode::EcsRamRole => {
                let role = EcsRoleCredentials::new(self.ctx.clone()).required();
                let name = filled(profile.ram_role_name.clone());
                let role = given(role, name, EcsRoleCredentials::role);
                let endpoint = self.metadata_endpoint.clone();
                Box::new(given(role, endpoint, EcsRoleCredentials::endpoint))
            }
            Mode::Oidc => {
                let arn = need(&profile.ram_role_arn, "ram_role_arn")?;
                let provider = need(&profile.oidc_provider_arn, "oidc_provider_arn")?;
                let file = need(&profile.oidc_token_file, "oidc_token_file")?;
                let role = OidcCredentials::new(arn, provider, file).context(self.ctx.clone());
                let session = filled(profile.ram_session_name.clone());
                let role = given(role, session, OidcCredentials::session_name);
                let policy = filled(profile.policy.clone());
                let role = given(role, policy, OidcCredentials::policy);
                let role = given(role, duration(profile), OidcCredentials::duration);
                Box::new(match self.sts(profile, &wrong)? {
                    Sts::Default => role,
                    Sts::Region(region) => role.sts_region(region),
                    Sts::Endpoint(endpoint) => role.sts_endpoint(endpoint),
                })
            }
            Mode::External => {
                let command = need(&profile.process_command, "process_command")?;
                let program = External::new(&command);
                Box::new(program.map_err(|what| {
                    wrong.has(&format!("a process_command that cannot be run: {what}"))
                })?)
            }
            Mode::CredentialsUri => {
                let uri = UriCredentials::new(self.ctx.clone());
                let given_uri = filled(profile.credentials_uri.clone());
                // Without one the CLI takes the variable, and so does the source itself.
                Box::new(given(uri, given_uri, UriCredentials::uri))
            }
        })
    }

    fn next_source(
        &self,
        config: &Config,
        next: String,
        trail: &mut Vec<String>,
    ) -> Result<Box<dyn ProvideCredentials>, String> {
        let is_loop = trail.contains(&next);
        trail.push(next);
        if is_loop {
            let way = way(trail);
            return Err(format!("its source profiles go round in a circle: {way}"));
        }
        let found = trail.last().and_then(|name| config.profile(name));
        let Some(profile) = found else {
            return Err(format!(
                "the last of the source profiles {} does not exist; its profiles are {}",
                way(trail),
                listed(config.names())
            ));
        };
        self.source(config, profile, trail)
    }

    fn assumed(
        &self,
        role: AssumeRoleCredentials,
        profile: &Profile,
        wrong: &Wrong<'_>,
    ) -> Result<AssumeRoleCredentials, String> {
        let role = role.context(self.ctx.clone());
        let session = filled(profile.ram_session_name.clone());
        let role = given(role, session, AssumeRoleCredentials::session_name);
        let external_id = filled(profile.external_id.clone());
        let role = given(role, external_id, AssumeRoleCredentials::external_id);
        let policy = filled(profile.policy.clone());
        let role = given(role, policy, AssumeRoleCredentials::policy);
        let role = given(role, duration(profile), AssumeRoleCredentials::duration);
        Ok(match self.sts(profile, wrong)? {
            Sts::Default => role,
            Sts::Region(region) => role.sts_region(region),
            Sts::Endpoint(endpoint) => role.sts_endpoint(endpoint),
        })
    }

    fn sts(&self, profile: &Profile, wrong: &Wrong<'_>) -> Result<Sts, String> {
        if let Some(endpoint) = &self.sts_endpoint {
            return Ok(Sts::Endpoint(endpoint.clone()));
        }
        let Some(region) = filled(profile.sts_region.clone()) else {
            return Ok(Sts::Default);
        };
        let vpc = Endpoint::host("sts-vpc", &region)
            .map_err(|_| wrong.has("an sts_region that is no region such as cn-hangzhou"))?;
        Ok(match profile.enable_vpc {
            Some(true) => Sts::Endpoint(vpc),
            _ => Sts::Region(region),
        })
    }
}

/// Where STS is.
enum Sts {
    Default,
    Region(String),
    Endpoint(Endpoint),
}

/// The mode, unless it is one that is not supported.
fn mode(profile: &Profile) -> Option<Mode> {
    match filled(profile.mode.clone()) {
        Some(mode) => Mode::parse(&mode),
        None => Some(Mode::guess(profile)),
    }
}

/// What `aliyun configure` leaves when it was started and given nothing.
fn is_blank(profile: &Profile) -> bool {
    let is_empty = |field: &Option<String>| filled(field.clone()).is_none();
    mode(profile) == Some(Mode::Ak)
        && is_empty(&profile.access_key_id)
        && is_empty(&profile.access_key_secret)
}

/// The vendor's temporary ids begin so, and are refused without their token.
fn is_temporary(profile: &Profile) -> bool {
    let id = profile.access_key_id.as_deref().unwrap_or_default();
    id.trim_start().starts_with("STS.")
}

/// The CLI leaves the field out, or writes 0, for the default.
fn duration(profile: &Profile) -> Option<Duration> {
    let seconds = profile.expired_seconds.filter(|seconds| *seconds > 0)?;
    Some(Duration::from_secs(seconds))
}

impl ProvideCredentials for CliProfileCredentials {
    fn provide_credentials<'a>(&'a self) -> CredentialsFuture<'a> {
        CredentialsFuture::new(self.load())
    }
}

impl fmt::Debug for CliProfileCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CliProfileCredentials")
            .field("profile", &self.profile)
            .finish_non_exhaustive()
    }
}
