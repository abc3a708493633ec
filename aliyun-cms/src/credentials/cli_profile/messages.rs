//! What a person reads when a profile cannot be used.

use super::{DISABLED, PROFILE, config::Config, mode::Mode};
use crate::credentials::{
    CredentialsError,
    common::{listed, misconfigured, word},
};

/// Who chose the profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Argument,
    Variable,
    Current,
    Nobody,
}

impl Origin {
    pub(super) fn is_by_name(self) -> bool {
        matches!(self, Self::Argument | Self::Variable)
    }

    /// Nothing is set up only where nobody asked for this profile.
    pub(super) fn no_such(self, name: &str, config: &Config) -> CredentialsError {
        let is_empty = config.names().next().is_none();
        let names = match is_empty {
            true => "it has no profiles".to_owned(),
            false => format!("its profiles are {}", listed(config.names())),
        };
        let text = match self {
            Self::Argument => format!("it has no profile {name:?}; {names}"),
            Self::Variable => format!(
                "it has no profile {name:?}, which {PROFILE} asks for; {names} (set \
                 {DISABLED}=true if it is a section of the credentials file)"
            ),
            Self::Current if !is_empty => format!(
                "its current profile {name:?} does not exist; {names}: choose one with `aliyun \
                 configure switch --profile NAME`"
            ),
            Self::Current | Self::Nobody => {
                return CredentialsError::NotConfigured {
                    provider: format!("{} ({names})", config.provider),
                };
            }
        };
        misconfigured(&config.provider, text)
    }
}

/// A profile with something wrong in it.
pub(super) struct Wrong<'a> {
    pub(super) profile: &'a str,
    pub(super) mode: Mode,
}

impl Wrong<'_> {
    pub(super) fn has(&self, what: &str) -> String {
        self.has_and_needs(what, self.mode)
    }

    /// As [`has`](Self::has), where another mode is the right one.
    pub(super) fn has_and_needs(&self, what: &str, right: Mode) -> String {
        let Self { profile, mode } = self;
        let (mode, right) = (mode.as_str(), right.as_str());
        format!(
            "profile {profile:?} (mode {mode}) has {what}: correct it with `aliyun configure \
             --profile {profile:?} --mode {right}`"
        )
    }
}

pub(super) fn unsupported(profile: &str, mode: &str) -> String {
    let supported: Vec<&str> = Mode::ALL.into_iter().map(Mode::as_str).collect();
    let shown = word(mode.trim()).unwrap_or("that is not shown here");
    format!(
        "profile {profile:?} has mode {shown}, which is not supported; supported are {}: make \
         such a profile with `aliyun configure --profile NAME --mode RamRoleArn` and choose it \
         with {PROFILE}=NAME",
        supported.join(", ")
    )
}

/// `"a" -> "b" -> "a"`.
pub(super) fn way(trail: &[String]) -> String {
    let names: Vec<String> = trail.iter().map(|name| format!("{name:?}")).collect();
    names.join(" -> ")
}
