//! How a profile gets its keys.

use super::config::Profile;
use crate::credentials::common::filled;

/// The supported ones, as the CLI writes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Ak,
    StsToken,
    RamRoleArn,
    EcsRamRole,
    Oidc,
    ChainableRamRoleArn,
    External,
    CredentialsUri,
}

impl Mode {
    pub(super) const ALL: [Self; 8] = [
        Self::Ak,
        Self::StsToken,
        Self::RamRoleArn,
        Self::EcsRamRole,
        Self::Oidc,
        Self::ChainableRamRoleArn,
        Self::External,
        Self::CredentialsUri,
    ];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Ak => "AK",
            Self::StsToken => "StsToken",
            Self::RamRoleArn => "RamRoleArn",
            Self::EcsRamRole => "EcsRamRole",
            Self::Oidc => "OIDC",
            Self::ChainableRamRoleArn => "ChainableRamRoleArn",
            Self::External => "External",
            Self::CredentialsUri => "CredentialsURI",
        }
    }

    /// In any case, as the CLI takes it.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let is_it = |mode: &Self| mode.as_str().eq_ignore_ascii_case(text);
        Self::ALL.into_iter().find(is_it)
    }

    /// The mode of a profile that names none, in the order in which the CLI guesses.
    pub(super) fn guess(profile: &Profile) -> Self {
        let has = |field: &Option<String>| filled(field.clone()).is_some();
        match profile {
            p if has(&p.access_key_id) && has(&p.access_key_secret) => {
                match (has(&p.sts_token), has(&p.ram_role_arn)) {
                    (true, _) => Self::StsToken,
                    (false, true) => Self::RamRoleArn,
                    (false, false) => Self::Ak,
                }
            }
            p if has(&p.ram_role_name) => Self::EcsRamRole,
            p if has(&p.process_command) => Self::External,
            p if has(&p.oidc_provider_arn) && has(&p.oidc_token_file) => Self::Oidc,
            _ => Self::Ak,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_read_in_any_case() {
        for mode in Mode::ALL {
            assert_eq!(Mode::parse(mode.as_str()), Some(mode));
            assert_eq!(Mode::parse(&mode.as_str().to_lowercase()), Some(mode));
        }
        assert_eq!(Mode::parse(""), None);
        assert_eq!(Mode::parse("CloudSSO"), None);
    }

    #[test]
    fn a_profile_without_a_mode_gets_the_one_the_cli_would_take() {
        for (json, expected) in [
            (r"{}", Mode::Ak),
            (r#"{"access_key_id": "i"}"#, Mode::Ak),
            (
                r#"{"access_key_id": "i", "access_key_secret": "s"}"#,
                Mode::Ak,
            ),
            (
                r#"{"access_key_id": "i", "access_key_secret": "s", "sts_token": "t"}"#,
                Mode::StsToken,
            ),
            (
                r#"{"access_key_id": "i", "access_key_secret": "s", "ram_role_arn": "a"}"#,
                Mode::RamRoleArn,
            ),
            (r#"{"ram_role_name": "r"}"#, Mode::EcsRamRole),
            (r#"{"process_command": "p"}"#, Mode::External),
            (
                r#"{"oidc_provider_arn": "p", "oidc_token_file": "f"}"#,
                Mode::Oidc,
            ),
        ] {
            let profile: Profile = serde_json::from_str(json).unwrap();
            assert_eq!(Mode::guess(&profile), expected, "{json}");
        }
    }
}
