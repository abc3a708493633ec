//! Whose keys are used.

use aliyun_cms::{
    AssumeRoleSettings, BuildError, Credentials, DefaultCredentials, EnvironmentCredentials,
    FileCredentials, ProvideCredentials,
};
use std::{path::Path, sync::Arc};

use crate::{
    Now,
    config::{CredentialsConfig, Keys, Role, Triple},
    connect::SigningClock,
};

/// What to do when no credentials are configured anywhere.
pub const HOW_TO_GET: &str = "on ACK give the service account a RAM role (RRSA), on ECS attach one to the instance, \
     elsewhere run `aliyun configure` or set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET (or \
     ACCESS_KEY_ID and ACCESS_KEY_SECRET)";

/// Where keys come from; asked before every call, and keeps what it has.
pub type Provider = Arc<dyn ProvideCredentials>;

/// A key that is known, for demos and tests.
#[must_use]
pub fn fixed(id: &str, secret: &str) -> Provider {
    Arc::new(Credentials::new(id, secret))
}

/// The provider of a configuration: the vendor's default order with the first post's variables behind the vendor's
/// own, or the one place that is named. Nothing is asked for yet.
///
/// # Errors
/// When a setting cannot be used.
pub fn provider(
    config: &CredentialsConfig,
    ca_file: Option<&Path>,
    now: &Now,
) -> Result<Provider, BuildError> {
    let mut builder = DefaultCredentials::builder().clock(SigningClock(now.clone()));
    if let Some(file) = ca_file {
        builder = builder.ca_file(file);
    }
    if let Some(endpoint) = &config.sts_endpoint {
        builder = builder.sts_endpoint(endpoint.clone());
    }
    if let Some(endpoint) = &config.metadata_endpoint {
        builder = builder.metadata_endpoint(endpoint.clone());
    }
    let role_arn = config.role.as_ref().map(|role| role.arn.as_str());
    builder = match &config.keys {
        Keys::Search {
            only,
            profile,
            ecs_role,
        } => {
            builder = builder.also(EnvironmentCredentials::named(
                "ACCESS_KEY_ID",
                "ACCESS_KEY_SECRET",
                "SECURITY_TOKEN",
            ));
            if let Some(only) = only {
                builder = builder.only(*only);
            }
            if let Some(profile) = profile {
                builder = builder.profile(profile);
            }
            if let Some(role) = ecs_role {
                builder = builder.ecs_role(role);
            }
            builder
        }
        Keys::Files(Triple { id, secret, token }) => {
            let files = FileCredentials::new(id, secret);
            builder.source(match token {
                Some(token) => files.security_token(token),
                None => files,
            })
        }
        Keys::Variables(Triple { id, secret, token }) => {
            // A name that nobody sets stands for "no token".
            let token = token
                .clone()
                .unwrap_or_else(|| format!("{id}_SECURITY_TOKEN"));
            builder.source(EnvironmentCredentials::named(id, secret, token))
        }
        Keys::Oidc {
            provider_arn,
            token_file,
        } => builder.oidc(role_arn.unwrap_or_default(), provider_arn, token_file),
    };
    if let Some(role) = &config.role {
        builder = match &config.keys {
            // The role is what the token is exchanged for.
            Keys::Oidc { .. } => match &role.session_name {
                Some(name) => builder.session_name(name),
                None => builder,
            },
            _ => builder.assume_role(settings(role)),
        };
    }
    Ok(Arc::new(builder.build()?))
}

fn settings(role: &Role) -> AssumeRoleSettings {
    let mut settings = AssumeRoleSettings::new(&role.arn);
    if let Some(name) = &role.session_name {
        settings = settings.session_name(name);
    }
    if let Some(id) = &role.external_id {
        settings = settings.external_id(id);
    }
    settings
}
