//! Whose keys are used. Nothing is read here but names of files, variables and roles.

use aliyun_cms::{CredentialsSource, Endpoint};

use super::{
    ConfigError, File,
    file::Source,
    pick::{Found, Picker, flag_place},
};
use crate::args::ReadArgs;

/// Whose keys are used. Equal values are the same identity.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CredentialsConfig {
    /// Where the keys are that sign, before a role is assumed.
    pub keys: Keys,
    /// The role that is assumed with them.
    pub role: Option<Role>,
    /// STS, instead of the region's own.
    pub sts_endpoint: Option<Endpoint>,
    /// The metadata service, instead of the usual address.
    pub metadata_endpoint: Option<Endpoint>,
}

/// Where keys are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keys {
    /// In the first source of the vendor's order that is set up, or in one of them only.
    Search {
        /// The only one that is asked.
        only: Option<CredentialsSource>,
        /// Profile of the `aliyun` command or of the profile file.
        profile: Option<String>,
        /// Role of the ECS instance.
        ecs_role: Option<String>,
    },
    /// In files, as mounted Secrets.
    Files(Triple),
    /// In variables with names of their own.
    Variables(Triple),
    /// In exchange for the OIDC token of a Kubernetes service account.
    Oidc {
        /// The cluster's provider.
        provider_arn: String,
        /// Where the token is.
        token_file: String,
    },
}

impl Default for Keys {
    fn default() -> Self {
        Self::Search {
            only: None,
            profile: None,
            ecs_role: None,
        }
    }
}

/// Where id, secret and security token are: paths, or names of variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Triple {
    /// Of the id.
    pub id: String,
    /// Of the secret.
    pub secret: String,
    /// Of the security token, for temporary keys.
    pub token: Option<String>,
}

/// A RAM role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its name, `acs:ram::<account>:role/<name>`.
    pub arn: String,
    /// Name of its sessions.
    pub session_name: Option<String>,
    /// What its trust policy asks for.
    pub external_id: Option<String>,
}

/// Values of one section, wherever it is written.
struct Section<'a> {
    get: &'a dyn Fn(&str) -> Result<Option<Found>, ConfigError>,
    /// How a key is called there.
    name: &'a dyn Fn(&str) -> String,
}

/// The section `credentials` with its flags.
pub(super) fn resolve(
    args: &ReadArgs,
    file: &File,
    picker: Picker<'_>,
) -> Result<CredentialsConfig, ConfigError> {
    let flag = |key: &str| format!("--credentials.{}", key.replace('_', "-"));
    let has_flag = |key: &str| !key.ends_with("_variable");
    Section {
        get: &|key| {
            let given = args.credentials.get(key);
            let text = file.credentials.get(key);
            picker.one(&flag(key), given, &format!("credentials.{key}"), text)
        },
        name: &|key| match has_flag(key) {
            true => flag_place(&flag(key)),
            false => format!("{}: credentials.{key}", picker.path),
        },
    }
    .resolve()
}

/// The section `credentials` of a source, if it has one: it replaces the common one as a whole.
pub(super) fn resolve_own(
    source: &Source,
    index: usize,
    picker: Picker<'_>,
) -> Result<Option<CredentialsConfig>, ConfigError> {
    let Some(section) = &source.credentials else {
        return Ok(None);
    };
    let key = |key: &str| format!("sources[{index}].credentials.{key}");
    let section = Section {
        get: &|name| picker.in_file(&key(name), section.get(name)),
        name: &|name| format!("{}: {}", picker.path, key(name)),
    };
    section.resolve().map(Some)
}

impl Section<'_> {
    fn resolve(&self) -> Result<CredentialsConfig, ConfigError> {
        let triple = |kind: &str| {
            self.triple([
                &format!("access_key_id_{kind}"),
                &format!("access_key_secret_{kind}"),
                &format!("security_token_{kind}"),
            ])
        };
        let (files, variables) = (triple("file")?, triple("variable")?);
        let oidc = self.oidc()?;
        let role = self.role(oidc.is_some())?;
        let searches = ["provider", "profile", "ecs_role"];
        let searched = searches
            .iter()
            .find_map(|key| self.get(key).transpose())
            .transpose()?;
        let ways = [
            files.as_ref().map(|(found, _)| found),
            variables.as_ref().map(|(found, _)| found),
            oidc.as_ref().map(|(found, _)| found),
            searched.as_ref(),
        ];
        let given: Vec<&Found> = ways.into_iter().flatten().collect();
        if let [first, second, ..] = given.as_slice() {
            let problem = format!(
                "keys are also said to come from {}: give one of the two",
                first.place
            );
            return Err(second.wrong(problem));
        }
        let keys = match (files, variables, oidc) {
            (Some((_, files)), _, _) => Keys::Files(files),
            (_, Some((_, variables)), _) => Keys::Variables(variables),
            (_, _, Some((_, oidc))) => oidc,
            (None, None, None) => self.search()?,
        };
        Ok(CredentialsConfig {
            keys,
            role,
            sts_endpoint: self.endpoint("sts_endpoint")?,
            metadata_endpoint: self.endpoint("metadata_endpoint")?,
        })
    }

    fn get(&self, key: &str) -> Result<Option<Found>, ConfigError> {
        let found = (self.get)(key)?;
        Ok(found.filter(|found| !found.text.trim().is_empty()))
    }

    fn text(&self, key: &str) -> Result<Option<String>, ConfigError> {
        Ok(self.get(key)?.map(|found| found.text))
    }

    fn triple(&self, keys: [&str; 3]) -> Result<Option<(Found, Triple)>, ConfigError> {
        let [id, secret, token] = keys;
        let missing = |given: &Found, key: &str| {
            let problem = format!("half a key cannot sign: give {} too", (self.name)(key));
            Err(given.wrong(problem))
        };
        match (self.get(id)?, self.get(secret)?, self.get(token)?) {
            (None, None, None) => Ok(None),
            (Some(given), Some(other), token) => {
                let triple = Triple {
                    id: given.text.clone(),
                    secret: other.text,
                    token: token.map(|found| found.text),
                };
                Ok(Some((given, triple)))
            }
            (Some(given), None, _) => missing(&given, secret),
            (None, Some(given), _) | (None, None, Some(given)) => missing(&given, id),
        }
    }

    fn oidc(&self) -> Result<Option<(Found, Keys)>, ConfigError> {
        let (provider, token) = ("oidc_provider_arn", "oidc_token_file");
        let needs = |given: &Found, key: &str| {
            let problem = format!(
                "OIDC needs a provider, a token file and a role: give {} too",
                (self.name)(key)
            );
            Err(given.wrong(problem))
        };
        match (self.get(provider)?, self.get(token)?, self.get("role_arn")?) {
            (None, None, _) => Ok(None),
            (Some(given), None, _) => needs(&given, token),
            (None, Some(given), _) => needs(&given, provider),
            (Some(given), Some(_), None) => needs(&given, "role_arn"),
            (Some(given), Some(file), Some(_)) => {
                let keys = Keys::Oidc {
                    provider_arn: given.text.clone(),
                    token_file: file.text,
                };
                Ok(Some((given, keys)))
            }
        }
    }

    fn role(&self, is_oidc: bool) -> Result<Option<Role>, ConfigError> {
        let external_id = self.get("role_external_id")?;
        if let (true, Some(given)) = (is_oidc, &external_id) {
            return Err(given.wrong(
                "a role that is taken with an OIDC token has no external id: leave it out",
            ));
        }
        let Some(arn) = self.get("role_arn")? else {
            let given = self.get("role_session_name")?.or(external_id);
            return given.map_or(Ok(None), |given| {
                let role = (self.name)("role_arn");
                Err(given.wrong(format!("there is no role to assume: give {role} too")))
            });
        };
        if !(arn.text.starts_with("acs:ram::") && arn.text.contains(":role/")) {
            let problem = format!(
                "{:?} is no role: they look like acs:ram::1234567890123456:role/kafka-lag",
                arn.text
            );
            return Err(arn.wrong(problem));
        }
        Ok(Some(Role {
            arn: arn.text,
            session_name: self.text("role_session_name")?,
            external_id: external_id.map(|found| found.text),
        }))
    }

    fn search(&self) -> Result<Keys, ConfigError> {
        let only = self
            .get("provider")?
            .filter(|found| found.text != "default");
        let only = only
            .map(|found| {
                let known = found.text.parse::<CredentialsSource>();
                known.map_err(|error| found.wrong(error.to_string()))
            })
            .transpose()?;
        Ok(Keys::Search {
            only,
            profile: self.text("profile")?,
            ecs_role: self.text("ecs_role")?,
        })
    }

    fn endpoint(&self, key: &str) -> Result<Option<Endpoint>, ConfigError> {
        let found = self.get(key)?;
        found
            .map(|found| {
                let url = match found.text.contains("://") {
                    true => found.text.clone(),
                    false => format!("https://{}", found.text),
                };
                Endpoint::url(&url).map_err(|error| found.wrong(error.to_string()))
            })
            .transpose()
    }
}
