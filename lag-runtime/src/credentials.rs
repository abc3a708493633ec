//! Whose keys are used.

use aliyun_cms::{
    Chain, Credentials, CredentialsError, EnvironmentCredentials, ProvideCredentials,
};
use std::sync::Arc;

/// Where keys come from; asked before every call.
pub type Provider = Arc<dyn ProvideCredentials>;

/// A key that is known, for demos and tests.
#[must_use]
pub fn fixed(id: &str, secret: &str) -> Provider {
    Arc::new(Credentials::new(id, secret))
}

/// The vendor's variables (`ALIBABA_CLOUD_ACCESS_KEY_ID`, `…_SECRET`, `ALIBABA_CLOUD_SECURITY_TOKEN`), then those of the
/// first post (`ACCESS_KEY_ID`, `ACCESS_KEY_SECRET`). Read at every call, so nothing is kept.
#[must_use]
pub fn from_environment() -> Provider {
    let seed =
        EnvironmentCredentials::named("ACCESS_KEY_ID", "ACCESS_KEY_SECRET", "SECURITY_TOKEN");
    Arc::new(Chain::new().then(EnvironmentCredentials::new()).then(seed))
}

/// Asks a provider once, so that a missing key ends the start and not the first collection.
///
/// # Errors
/// What the provider says, when waiting would not help.
pub async fn check(provider: &dyn ProvideCredentials) -> Result<(), CredentialsError> {
    match provider.provide_credentials().await {
        Err(error) if !error.is_retryable() => Err(error),
        _ => Ok(()),
    }
}
