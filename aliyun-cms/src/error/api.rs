//! An error reply of the service, and what it means for a person.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use super::{Class, ErrorKind, Repeat};

/// What the service answered instead of data.
///
/// `Display` is short; [`hint`](Self::hint) says what to do.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ApiError {
    /// The HTTP status; 200 does not exclude an error.
    pub status: Option<u16>,
    /// The vendor's code, such as `Throttling.User`; empty when a proxy answered.
    pub code: String,
    /// The vendor's text, without key ids and without quotes of what was signed.
    pub message: String,
    /// For the vendor's support.
    pub request_id: Option<String>,
    /// The RAM action that is missing, if the service named it.
    pub auth_action: Option<String>,
    /// The time of the server, if it said.
    pub server_date: Option<Timestamp>,
    pub(crate) action: String,
    pub(crate) signed_at: Timestamp,
    pub(crate) signature_check: Option<SignatureCheck>,
    pub(crate) class: Class,
}

/// Whether the text the server signed is the one that was signed here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignatureCheck {
    Same,
    Different,
}

impl ApiError {
    /// The class of the failure.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.class.kind
    }

    /// Whether the same call may succeed later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.class.repeat != Repeat::Never
    }

    /// How far the local clock is ahead of the server's (negative: behind), if the
    /// server said its time.
    #[must_use]
    pub fn clock_offset(&self) -> Option<SignedDuration> {
        self.server_date
            .map(|server| self.signed_at.duration_since(server))
    }

    /// What to do about it, in words for a person.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        if self.code == "InvalidTimeStamp.Expired" {
            return Some(self.clock_hint());
        }
        if self.code == "SignatureDoesNotMatch" {
            return Some(self.signature_hint().to_owned());
        }
        let text = match self.class.kind {
            ErrorKind::Forbidden => return Some(self.permission_hint()),
            ErrorKind::Credentials if self.code.starts_with("InvalidAccessKeyId") => {
                "the access key does not exist, was deleted or is disabled: check the id in the RAM console"
            }
            ErrorKind::Credentials if self.code == "MissingSecurityToken" => {
                "a temporary key (its id begins with STS.) needs its security token"
            }
            ErrorKind::Credentials if self.class.repeat == Repeat::WithNewCredentials => {
                "the temporary credentials have expired and the provider gave no newer ones"
            }
            ErrorKind::Throttled => {
                "all users of the account share the vendor's limit: ask less often, batch instances \
                 in one call, or lower the client's limiter"
            }
            ErrorKind::InvalidRequest if self.code.is_empty() => {
                "this was not answered by the API: check the endpoint and the proxy settings"
            }
            ErrorKind::Unavailable if self.code.is_empty() => {
                "if it lasts, this is not the API that answers: check the endpoint and the proxy settings"
            }
            ErrorKind::InvalidRequest if self.code.ends_with("NotFound") => {
                "check the action, the API version and the endpoint of the region"
            }
            _ => return None,
        };
        Some(text.to_owned())
    }

    fn permission_hint(&self) -> String {
        let wanted = match &self.auth_action {
            Some(named) => format!("the RAM action {named}"),
            None => format!("the RAM actions {}", ram_actions(&self.action)),
        };
        format!(
            "grant {wanted}, on resource *, to the RAM user or role of this key, or attach the \
             system policy AliyunCloudMonitorReadOnlyAccess"
        )
    }

    fn clock_hint(&self) -> String {
        let off = match self.clock_offset() {
            Some(offset) if offset.is_negative() => {
                format!("{} behind the server's", coarse(offset))
            }
            Some(offset) => format!("{} ahead of the server's", coarse(offset)),
            None => "more than 15 minutes off".to_owned(),
        };
        format!("the clock of this machine is {off}: synchronise it (NTP)")
    }

    fn signature_hint(&self) -> &'static str {
        match self.signature_check {
            Some(SignatureCheck::Same) => {
                "the server signed the same text, so the access key secret is wrong for this id"
            }
            Some(SignatureCheck::Different) => {
                "the server signed another text, so something between here and there changed the \
                 request, or this crate has a bug; the secret may be right"
            }
            None => {
                "the access key secret is wrong for this id, or something changed the request on its way"
            }
        }
    }
}

/// The permissions are not named like the API; sources disagree, so both are given.
fn ram_actions(action: &str) -> String {
    let other = match action {
        "DescribeMetricList" => "QueryMetricList",
        "DescribeMetricLast" => "QueryMetricLast",
        "DescribeMetricMetaList" => "QueryMetricMeta",
        "DescribeMetricData" => "QueryMetricData",
        _ => return format!("cms:{action}"),
    };
    format!("cms:{other} and cms:{action}")
}

fn coarse(duration: SignedDuration) -> String {
    let seconds = duration.as_secs().unsigned_abs();
    let (hours, minutes) = (seconds / 3600, seconds % 3600 / 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds} s"),
        (0, _) => format!("{minutes} min {} s", seconds % 60),
        _ => format!("{hours} h {minutes} min"),
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = if self.code.is_empty() {
            "no error code"
        } else {
            &self.code
        };
        f.write_str(code)?;
        let status = self.status.map(|status| format!("HTTP {status}"));
        let request = self.request_id.as_ref().map(|id| format!("request {id}"));
        let place: Vec<String> = status.into_iter().chain(request).collect();
        if !place.is_empty() {
            write!(f, " ({})", place.join(", "))?;
        }
        if !self.message.is_empty() {
            write!(f, ": {}", self.message.trim_end_matches('.'))?;
        }
        Ok(())
    }
}

impl std::error::Error for ApiError {}
