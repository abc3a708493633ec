//! A failed exchange in words.

use kube::client::AuthError;
use std::error::Error;

/// A failed exchange, its causes in one line. Never the output of a credential plugin, which can hold a token.
#[must_use]
pub fn describe(error: &kube::Error) -> String {
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
        let text = in_one_line(&cause.to_string());
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
        other => in_one_line(&other.to_string()),
    }
}

/// Without line breaks and runs of space.
#[must_use]
pub fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
