//! What went wrong with a request, in one line: what was being done, what the server said, what to do.

use http::StatusCode;
use kube::core::Status;
use lag_cluster::in_one_line;
use lag_core::port::{PortError, PortErrorKind};

/// A request that did not work.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) error: PortError,
    /// The server's reason: two of them share 409.
    reason: String,
    causes: Vec<String>,
}

impl Fault {
    /// No answer at all.
    pub(super) fn unavailable(doing: &str, why: &str) -> Self {
        Self::new(PortErrorKind::Unavailable, format!("{doing}: {why}"))
    }

    /// An answer, or a request, that cannot be used.
    pub(super) fn invalid(doing: &str, why: &str) -> Self {
        Self::new(PortErrorKind::Invalid, format!("{doing}: {why}"))
    }

    fn new(kind: PortErrorKind, what: String) -> Self {
        Self {
            error: PortError::new(kind, what),
            reason: String::new(),
            causes: Vec::new(),
        }
    }

    /// A refusal by the server. `rule` is what the Role must hold for this request.
    pub(super) fn answered(
        doing: &str,
        code: StatusCode,
        body: &[u8],
        rule: &(dyn std::fmt::Display + Sync),
    ) -> Self {
        let status = parse(body);
        let said = in_one_line(&status.message);
        let (kind, advice) = match code.as_u16() {
            401 => (
                PortErrorKind::Forbidden,
                "; the credentials are not accepted: renew the kubeconfig or the service account token".to_owned(),
            ),
            403 => (PortErrorKind::Forbidden, format!("; missing rule: {rule}")),
            404 => (PortErrorKind::NotFound, String::new()),
            409 => (PortErrorKind::Conflict, String::new()),
            429 => (PortErrorKind::RateLimited, String::new()),
            500.. => (PortErrorKind::Unavailable, String::new()),
            _ => (PortErrorKind::Invalid, String::new()),
        };
        let what = if said.is_empty() {
            format!("{doing}: the API server answered {code}{advice}")
        } else {
            format!("{doing}: {said} ({}){advice}", code.as_u16())
        };
        let causes = status.details.map_or_else(Vec::new, |details| {
            details
                .causes
                .into_iter()
                .map(|cause| cause.reason)
                .collect()
        });
        Self {
            error: PortError::new(kind, what),
            reason: status.reason,
            causes,
        }
    }

    /// Another object has this name already. It shares its code with a conflict.
    pub(super) fn is_already_exists(&self) -> bool {
        self.reason == "AlreadyExists"
    }

    /// An eviction that a PodDisruptionBudget does not allow now: not the server's wish to be asked slower.
    pub(super) fn is_disruption(&self) -> bool {
        self.causes.iter().any(|cause| cause == "DisruptionBudget")
    }
}

impl From<Fault> for PortError {
    fn from(fault: Fault) -> Self {
        fault.error
    }
}

impl From<PortError> for Fault {
    fn from(error: PortError) -> Self {
        Self {
            error,
            reason: String::new(),
            causes: Vec::new(),
        }
    }
}

/// A proxy or an absent API answers with text that is no Status.
fn parse(body: &[u8]) -> Status {
    serde_json::from_slice(body).unwrap_or_else(|_| Status {
        message: String::from_utf8_lossy(body).chars().take(200).collect(),
        ..Status::default()
    })
}
