//! The vendor's error codes, sorted by what a client may do.
//!
//! By code first and by status second: documents give different statuses for the
//! same code (throttling is 400, an unknown key is 404), and an error can come at 200.

use super::ErrorKind;

/// Kind and repetition of an error reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Class {
    pub(crate) kind: ErrorKind,
    pub(crate) repeat: Repeat,
}

/// Whether the same call may be made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeat {
    Never,
    /// After a wait, signed anew like every attempt.
    Later,
    /// Once, after asking the provider for new credentials.
    WithNewCredentials,
}

pub(crate) fn classify(code: &str, status: u16) -> Class {
    use ErrorKind::{Credentials, Forbidden, InvalidRequest, Throttled, Unavailable};
    use Repeat::{Later, Never, WithNewCredentials};

    let (kind, repeat) = match code {
        // `Throttling`, `Throttling.User`, `Throttling.Api`
        _ if code.starts_with("Throttling") => (Throttled, Later),
        "ServiceUnavailable" | "InternalError" => (Unavailable, Later),
        "SignatureNonceUsed" => (InvalidRequest, Later),
        "InvalidSecurityToken.Expired" => (Credentials, WithNewCredentials),
        "SignatureDoesNotMatch" | "IncompleteSignature" | "MissingSecurityToken" => {
            (Credentials, Never)
        }
        // More than 15 minutes off: the clock is part of what authenticates.
        "InvalidTimeStamp.Expired" => (Credentials, Never),
        _ if code.starts_with("InvalidAccessKeyId") => (Credentials, Never),
        _ if code.starts_with("InvalidSecurityToken") => (Credentials, Never),
        _ if code.starts_with("Forbidden") || code == "AccessForbidden" => (Forbidden, Never),
        _ if code.starts_with("NoPermission") || code == "AccessDenied" => (Forbidden, Never),
        _ if is_about_the_request(code) => (InvalidRequest, Never),
        // A body's own code is a number now and then: "400", "500".
        _ => {
            return by_status(
                code.parse()
                    .ok()
                    .filter(|c| (400..600).contains(c))
                    .unwrap_or(status),
            );
        }
    };
    Class { kind, repeat }
}

fn is_about_the_request(code: &str) -> bool {
    code.starts_with("Missing")
        || code.starts_with("Invalid")
        || code.starts_with("Illegal")
        || code.starts_with("Unsupported")
        || code.ends_with("NotFound")
        || code == "ParameterInvalid"
}

fn by_status(status: u16) -> Class {
    let (kind, repeat) = match status {
        401 | 407 => (ErrorKind::Credentials, Repeat::Never),
        403 => (ErrorKind::Forbidden, Repeat::Never),
        408 => (ErrorKind::Timeout, Repeat::Later),
        429 => (ErrorKind::Throttled, Repeat::Later),
        500.. => (ErrorKind::Unavailable, Repeat::Later),
        _ => (ErrorKind::InvalidRequest, Repeat::Never),
    };
    Class { kind, repeat }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_decides_whatever_the_status() {
        for status in [200, 400, 403, 404, 429, 500, 503] {
            for (code, kind, repeat) in [
                ("Throttling", ErrorKind::Throttled, Repeat::Later),
                ("Throttling.User", ErrorKind::Throttled, Repeat::Later),
                ("Throttling.Api", ErrorKind::Throttled, Repeat::Later),
                ("ServiceUnavailable", ErrorKind::Unavailable, Repeat::Later),
                ("InternalError", ErrorKind::Unavailable, Repeat::Later),
                (
                    "SignatureNonceUsed",
                    ErrorKind::InvalidRequest,
                    Repeat::Later,
                ),
                (
                    "InvalidSecurityToken.Expired",
                    ErrorKind::Credentials,
                    Repeat::WithNewCredentials,
                ),
                (
                    "InvalidSecurityToken.Malformed",
                    ErrorKind::Credentials,
                    Repeat::Never,
                ),
                (
                    "InvalidSecurityToken.MismatchWithAccessKey",
                    ErrorKind::Credentials,
                    Repeat::Never,
                ),
                (
                    "MissingSecurityToken",
                    ErrorKind::Credentials,
                    Repeat::Never,
                ),
                (
                    "InvalidTimeStamp.Expired",
                    ErrorKind::Credentials,
                    Repeat::Never,
                ),
                (
                    "InvalidTimeStamp.Format",
                    ErrorKind::InvalidRequest,
                    Repeat::Never,
                ),
                ("IllegalTimestamp", ErrorKind::InvalidRequest, Repeat::Never),
                ("MissingTimestamp", ErrorKind::InvalidRequest, Repeat::Never),
                (
                    "SignatureDoesNotMatch",
                    ErrorKind::Credentials,
                    Repeat::Never,
                ),
                ("IncompleteSignature", ErrorKind::Credentials, Repeat::Never),
                (
                    "InvalidSignatureMethod",
                    ErrorKind::InvalidRequest,
                    Repeat::Never,
                ),
                (
                    "InvalidAccessKeyId.NotFound",
                    ErrorKind::Credentials,
                    Repeat::Never,
                ),
                (
                    "InvalidAccessKeyId.Inactive",
                    ErrorKind::Credentials,
                    Repeat::Never,
                ),
                (
                    "MissingMetricName",
                    ErrorKind::InvalidRequest,
                    Repeat::Never,
                ),
                (
                    "InvalidParameter.Period",
                    ErrorKind::InvalidRequest,
                    Repeat::Never,
                ),
                ("ParameterInvalid", ErrorKind::InvalidRequest, Repeat::Never),
                ("Forbidden.RAM", ErrorKind::Forbidden, Repeat::Never),
                ("Forbidden.RiskControl", ErrorKind::Forbidden, Repeat::Never),
                ("AccessForbidden", ErrorKind::Forbidden, Repeat::Never),
                (
                    "InvalidApi.NotFound",
                    ErrorKind::InvalidRequest,
                    Repeat::Never,
                ),
                (
                    "InvalidAction.NotFound",
                    ErrorKind::InvalidRequest,
                    Repeat::Never,
                ),
                ("ResourceNotFound", ErrorKind::InvalidRequest, Repeat::Never),
                (
                    "UnsupportedHTTPMethod",
                    ErrorKind::InvalidRequest,
                    Repeat::Never,
                ),
                ("500", ErrorKind::Unavailable, Repeat::Later),
                ("400", ErrorKind::InvalidRequest, Repeat::Never),
            ] {
                assert_eq!(
                    classify(code, status),
                    Class { kind, repeat },
                    "{code} at {status}"
                );
            }
        }
    }

    #[test]
    fn an_unknown_code_leaves_it_to_the_status() {
        for (status, kind, repeat) in [
            (200, ErrorKind::InvalidRequest, Repeat::Never),
            (302, ErrorKind::InvalidRequest, Repeat::Never),
            (400, ErrorKind::InvalidRequest, Repeat::Never),
            (401, ErrorKind::Credentials, Repeat::Never),
            (403, ErrorKind::Forbidden, Repeat::Never),
            (404, ErrorKind::InvalidRequest, Repeat::Never),
            (408, ErrorKind::Timeout, Repeat::Later),
            (429, ErrorKind::Throttled, Repeat::Later),
            (500, ErrorKind::Unavailable, Repeat::Later),
            (502, ErrorKind::Unavailable, Repeat::Later),
            (503, ErrorKind::Unavailable, Repeat::Later),
            (504, ErrorKind::Unavailable, Repeat::Later),
        ] {
            for code in ["", "SomethingNew", "200"] {
                assert_eq!(
                    classify(code, status),
                    Class { kind, repeat },
                    "{code:?} at {status}"
                );
            }
        }
    }
}
