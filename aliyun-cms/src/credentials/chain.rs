//! Several sources, in order.

use super::{CredentialsError, CredentialsFuture, ProvideCredentials};

/// Asks sources in order and takes the first that is set up.
///
/// It goes on only after [`CredentialsError::NotConfigured`]. Any other error ends
/// the search: a broken set-up must not fall through to another identity. Nothing
/// is remembered between calls, so a source that appears later is found.
///
/// ```
/// use aliyun_cms::{Chain, EnvironmentCredentials};
/// let chain = Chain::new()
///     .then(EnvironmentCredentials::new())
///     .then(EnvironmentCredentials::named("MY_ID", "MY_SECRET", "MY_TOKEN"));
/// ```
#[derive(Debug, Default)]
pub struct Chain {
    sources: Vec<Box<dyn ProvideCredentials>>,
}

impl Chain {
    /// A chain without sources; alone it is never configured.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a source that is asked when the earlier ones are not set up.
    #[must_use]
    pub fn then(mut self, next: impl ProvideCredentials + 'static) -> Self {
        self.sources.push(Box::new(next));
        self
    }
}

impl ProvideCredentials for Chain {
    fn provide_credentials<'a>(&'a self) -> CredentialsFuture<'a> {
        CredentialsFuture::new(async move {
            let mut asked = Vec::new();
            for source in &self.sources {
                match source.provide_credentials().await {
                    Err(CredentialsError::NotConfigured { provider }) => asked.push(provider),
                    found_or_broken => return found_or_broken,
                }
            }
            let provider = match asked.is_empty() {
                true => "a chain without sources".to_owned(),
                false => asked.join(", nor in "),
            };
            Err(CredentialsError::NotConfigured { provider })
        })
    }

    fn invalidate(&self) {
        for source in &self.sources {
            source.invalidate();
        }
    }
}
