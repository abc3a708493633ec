//! What an answer means. `errcode` decides; its text only advises, because vendors change their wording.

use super::redact;
use lag_core::port::{PortError, PortErrorKind};
use reqwest::StatusCode;
use secrecy::SecretString;
use serde_json::Value;

/// What a service said of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It has it.
    Sent,
    /// Slower, please.
    TooMany(String),
    /// It has failed itself: once more.
    Busy(String),
    /// Not now, and asking again at once does not help.
    Unclear(String),
    /// Never like this: kind, what it said, what to do.
    Refused(PortErrorKind, String, &'static str),
}

/// A robot's answer with its code and text.
#[derive(Debug)]
pub(super) struct Coded {
    pub(super) code: i64,
    pub(super) text: String,
}

impl Coded {
    /// Reads the first of these names that is there; `None` when the body is something else. Field by field, because a
    /// derived reader would take the list `[0]` for a success.
    pub(super) fn read<const N: usize>(
        body: &[u8],
        code: [&str; N],
        text: [&str; N],
    ) -> Option<Self> {
        let body: Value = serde_json::from_slice(body).ok()?;
        let first = |names: [&str; N]| names.into_iter().find_map(|name| body.get(name));
        Some(Self {
            code: first(code)?.as_i64()?,
            text: first(text)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
        })
    }

    pub(super) fn said(&self) -> String {
        format!("{}: {}", self.code, self.text)
    }

    pub(super) fn refused(&self, advice: &'static str) -> Verdict {
        Verdict::Refused(PortErrorKind::Invalid, self.said(), advice)
    }
}

/// The meaning of a status when the body has none.
pub(super) fn by_status(status: StatusCode) -> Verdict {
    let said = format!("HTTP {}", status.as_u16());
    let refused = |kind, advice| Verdict::Refused(kind, said.clone(), advice);
    match status.as_u16() {
        200..=299 => Verdict::Sent,
        429 => Verdict::TooMany(said),
        500.. => Verdict::Busy(said),
        408 => Verdict::Unclear(said),
        300..=399 => refused(
            PortErrorKind::Invalid,
            "redirects are not followed, because the address is a secret: give the final address",
        ),
        401 | 403 => refused(PortErrorKind::Forbidden, "check token, bearer and headers"),
        404 | 410 => refused(PortErrorKind::NotFound, "check the address"),
        _ => refused(
            PortErrorKind::Invalid,
            "the message or the address is not accepted",
        ),
    }
}

impl Verdict {
    /// As the port's result; `who` is the notifier and its service.
    pub(super) fn settle(self, who: &str, secrets: &[SecretString]) -> Result<(), PortError> {
        let shown = |text: &str| redact::shown(text, secrets);
        let (kind, what) = match self {
            Self::Sent => return Ok(()),
            Self::TooMany(said) => (
                PortErrorKind::RateLimited,
                format!(
                    "{who} takes no more messages for now ({}): wait a minute or more, a block can last ten",
                    shown(&said)
                ),
            ),
            Self::Busy(said) => (
                PortErrorKind::Unavailable,
                format!("{who} could not take the message ({})", shown(&said)),
            ),
            Self::Unclear(said) => (
                PortErrorKind::Unavailable,
                format!("{who} gave no clear answer ({})", shown(&said)),
            ),
            Self::Refused(kind, said, advice) => (
                kind,
                format!("{who} refused the message ({}): {advice}", shown(&said)),
            ),
        };
        Err(PortError::new(kind, what))
    }
}
