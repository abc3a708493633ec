//! One request to the API server, with an end.

use crate::{describe, in_one_line};
use kube::{Error, core::Status};
use lag_core::port::{PortError, PortErrorKind};
use std::time::Duration;

/// The longest wait for one answer: a client may have no time-out of its own.
pub const LIMIT: Duration = Duration::from_secs(10);

/// Why there is no good answer.
#[derive(Debug)]
pub enum Failure {
    /// The server says no.
    Refused(Box<Status>),
    /// It says nothing that can be used.
    Silent(String),
}

/// Waits for an answer, but not for ever.
///
/// # Errors
/// [`Failure`], free of what a plugin for credentials has printed.
pub async fn within<T>(
    limit: Duration,
    answer: impl Future<Output = kube::Result<T>>,
) -> Result<T, Failure> {
    match tokio::time::timeout(limit, answer).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(Error::Api(status))) => Err(Failure::Refused(status)),
        Ok(Err(Error::SerdeError(_) | Error::FromUtf8(_))) => {
            Err(Failure::Silent("its answer cannot be read".to_owned()))
        }
        // Whatever a plugin for credentials has printed stays out of messages.
        Ok(Err(Error::Auth(_))) => Err(Failure::Silent("no credentials could be had".to_owned())),
        Ok(Err(error)) => Err(Failure::Silent(short(&describe(&error)))),
        Err(_) => Err(Failure::Silent(format!("no answer in {limit:?}"))),
    }
}

impl Failure {
    /// Somebody else was faster: the object has changed, or is there already. Both are status 409.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Refused(status) if status.is_conflict() || status.is_already_exists())
    }

    /// There is no such object.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused(status) if status.is_not_found())
    }

    /// More than the object may hold.
    #[must_use]
    pub fn is_too_large(&self) -> bool {
        matches!(self, Self::Refused(status) if status.code == 413
            || status.is_invalid() && status.message.contains("Too long"))
    }

    /// What the server says, or why it says nothing, in one line.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            Self::Silent(reason) => reason.clone(),
            Self::Refused(status) => short(&status.message),
        }
    }

    /// The failure of a port; `what` was being done.
    #[must_use]
    pub fn into_error(self, what: &str) -> PortError {
        let advice =
            "; the Role must allow get and update of it, and create of configmaps and leases";
        self.into_error_with(what, advice)
    }

    /// The failure of a port; `what` was being done, and `advice` says which right is missing when one is.
    #[must_use]
    pub fn into_error_with(self, what: &str, advice: &str) -> PortError {
        let reason = self.reason();
        let kind = match self {
            Self::Silent(_) => PortErrorKind::Unavailable,
            Self::Refused(status) => kind(&status),
        };
        let advice = match kind {
            PortErrorKind::Forbidden => advice,
            _ => "",
        };
        PortError::new(kind, format!("cannot {what}: {reason}{advice}"))
    }
}

fn kind(status: &Status) -> PortErrorKind {
    if status.is_not_found() {
        PortErrorKind::NotFound
    } else if matches!(status.code, 401 | 403) {
        PortErrorKind::Forbidden
    } else if status.is_conflict() || status.is_already_exists() {
        PortErrorKind::Conflict
    } else if status.code == 429 {
        PortErrorKind::RateLimited
    } else if (400..500).contains(&status.code) {
        PortErrorKind::Invalid
    } else {
        PortErrorKind::Unavailable
    }
}

/// Pages of proxies are long and have many lines.
fn short(text: &str) -> String {
    in_one_line(text).chars().take(500).collect()
}
