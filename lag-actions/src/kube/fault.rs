//! What went wrong with a request, in one line: what was being done, what the server said, what to do.

use std::error::Error;

use http::StatusCode;
use kube::{client::AuthError, core::Status};
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
        let said = one_line(&status.message);
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

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A failed exchange, its causes in one line. Never the output of a credential plugin, which can hold a token.
pub(super) fn describe(error: &kube::Error) -> String {
    let first: &(dyn Error + 'static) = match error {
        kube::Error::Service(source) => source.as_ref(),
        kube::Error::HyperError(source) => source,
        kube::Error::Auth(source) => source,
        kube::Error::ProxyProtocolUnsupported { .. }
        | kube::Error::ProxyProtocolDisabled { .. } => {
            return "the proxy's protocol is not supported: use an http or https proxy".to_owned();
        }
        other => other,
    };
    let mut parts: Vec<String> = Vec::new();
    let mut next = Some(first);
    while let Some(cause) = next {
        if let Some(auth) = cause.downcast_ref::<AuthError>() {
            return describe_auth(auth);
        }
        let text = one_line(&cause.to_string());
        if !parts.iter().any(|said| said.contains(&text)) {
            parts.push(text);
        }
        next = cause.source();
    }
    parts.join(": ")
}

fn describe_auth(error: &AuthError) -> String {
    match error {
        AuthError::AuthExecStart(source) => {
            format!("the credential plugin of the kubeconfig could not be started: {source}")
        }
        AuthError::AuthExecRun { out, .. } => {
            let status = out.status;
            format!("the credential plugin of the kubeconfig failed ({status}): run it by hand")
        }
        AuthError::AuthExecParse(_) | AuthError::ParseTokenKey(_) => {
            "the credential plugin of the kubeconfig printed no valid ExecCredential".to_owned()
        }
        AuthError::AuthExec(_) | AuthError::AuthExecSerialize(_) => {
            "the credential plugin of the kubeconfig failed: run it by hand".to_owned()
        }
        other => one_line(&other.to_string()),
    }
}
