//! One error for many callers.

use std::{error::Error as StdError, fmt, sync::Arc};

use super::super::CredentialsError;

/// The same error once more: its own words, and the reason by reference.
pub(super) fn share(error: &Arc<CredentialsError>) -> CredentialsError {
    match &**error {
        CredentialsError::NotConfigured { provider } => CredentialsError::NotConfigured {
            provider: provider.clone(),
        },
        CredentialsError::Misconfigured { provider, detail } => CredentialsError::Misconfigured {
            provider: provider.clone(),
            detail: detail.clone(),
        },
        CredentialsError::Refused {
            provider, detail, ..
        } => CredentialsError::Refused {
            provider: provider.clone(),
            detail: detail.clone(),
            source: Box::new(Reason(error.clone())),
        },
        CredentialsError::Unavailable { provider, .. } => CredentialsError::Unavailable {
            provider: provider.clone(),
            source: Box::new(Reason(error.clone())),
        },
    }
}

/// Reads like the source of the error it holds.
#[derive(Debug)]
pub(in super::super) struct Reason(Arc<CredentialsError>);

impl Reason {
    /// The error that several callers got.
    pub(in super::super) fn of(&self) -> &CredentialsError {
        &self.0
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.source() {
            Some(source) => write!(f, "{source}"),
            None => write!(f, "{}", self.0),
        }
    }
}

impl StdError for Reason {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source()?.source()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(error: &(dyn StdError + 'static)) -> Vec<String> {
        std::iter::successors(Some(error), |&error| error.source())
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn a_shared_error_reads_as_the_one_it_was() {
        let provider = || "p".to_owned();
        let detail = || "d".to_owned();
        let inner = CredentialsError::Unavailable {
            provider: "inner".to_owned(),
            source: "down".into(),
        };
        for error in [
            CredentialsError::NotConfigured {
                provider: provider(),
            },
            CredentialsError::Misconfigured {
                provider: provider(),
                detail: detail(),
            },
            CredentialsError::Refused {
                provider: provider(),
                detail: detail(),
                source: "no".into(),
            },
            CredentialsError::Unavailable {
                provider: provider(),
                source: Box::new(inner),
            },
        ] {
            let error = Arc::new(error);
            let shared = share(&error);
            assert_eq!(chain(&shared), chain(&*error));
            assert_eq!(shared.is_retryable(), error.is_retryable());
            assert_eq!(shared.is_not_configured(), error.is_not_configured());
            assert_eq!(chain(&share(&Arc::new(shared))), chain(&*error));
        }
    }
}
