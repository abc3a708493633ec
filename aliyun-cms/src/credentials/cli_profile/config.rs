//! The CLI's configuration file: what is in it, and where it is.

use std::path::PathBuf;

use serde::Deserialize;

use crate::credentials::{
    CredentialsError,
    common::{filled, misconfigured, read_file},
    context::Context,
};

const FILE: &str = "ALIBABA_CLOUD_CONFIG_FILE";
const PLACE: &str = ".aliyun/config.json";

/// Of the fields that the CLI writes, those that concern keys. `policy` and
/// `enable_vpc` are not written by the CLI, and are read by the vendor's libraries.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Profile {
    pub(super) name: Option<String>,
    pub(super) mode: Option<String>,
    pub(super) access_key_id: Option<String>,
    pub(super) access_key_secret: Option<String>,
    pub(super) sts_token: Option<String>,
    pub(super) sts_region: Option<String>,
    pub(super) enable_vpc: Option<bool>,
    pub(super) ram_role_name: Option<String>,
    pub(super) ram_role_arn: Option<String>,
    pub(super) ram_session_name: Option<String>,
    pub(super) external_id: Option<String>,
    pub(super) policy: Option<String>,
    pub(super) expired_seconds: Option<u64>,
    pub(super) source_profile: Option<String>,
    pub(super) process_command: Option<String>,
    pub(super) credentials_uri: Option<String>,
    pub(super) oidc_provider_arn: Option<String>,
    pub(super) oidc_token_file: Option<String>,
}

#[derive(Deserialize)]
struct File {
    current: Option<String>,
    profiles: Option<Vec<Profile>>,
}

/// A file that was read whole.
pub(super) struct Config {
    /// The file, in words for messages.
    pub(super) provider: String,
    pub(super) current: Option<String>,
    profiles: Vec<Profile>,
}

impl Config {
    pub(super) fn read(ctx: &Context) -> Result<Self, CredentialsError> {
        let (path, is_named) = match ctx.var(FILE) {
            Some(path) => (PathBuf::from(path), true),
            None => match ctx.home() {
                Some(home) => (home.join(PLACE), false),
                None => return Err(missing()),
            },
        };
        let provider = format!("the CLI configuration {}", path.display());
        let text = match read_file(&path).map_err(|what| misconfigured(&provider, what))? {
            Some(text) => text,
            None if is_named => {
                let what = format!("{FILE} names it, and there is no such file");
                return Err(misconfigured(&provider, what));
            }
            None => return Err(missing()),
        };
        // The parser's own text can quote a value, so only the place is told.
        let file: File = serde_json::from_str(&text).map_err(|error| {
            let what = match error.is_data() {
                true => "there is a value of the wrong type",
                false => "this is not JSON",
            };
            let (line, column) = (error.line(), error.column());
            misconfigured(&provider, format!("line {line}, column {column}: {what}"))
        })?;
        Ok(Self {
            provider,
            current: filled(file.current),
            profiles: file.profiles.unwrap_or_default(),
        })
    }

    pub(super) fn profile(&self, name: &str) -> Option<&Profile> {
        let is_it = |profile: &&Profile| profile.name.as_deref() == Some(name);
        self.profiles.iter().find(is_it)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.profiles.iter().filter_map(|p| p.name.as_deref())
    }
}

fn missing() -> CredentialsError {
    CredentialsError::NotConfigured {
        provider: format!("the CLI configuration (~/{PLACE})"),
    }
}
