//! What answers of a cluster mean.

use jiff::Timestamp;
use lag_core::{
    Effect,
    port::{PortError, PortErrorKind},
};

pub(super) fn failed(error: &PortError) -> Effect {
    Effect::Failed {
        reason: error.to_string(),
        last: false,
    }
}

pub(super) fn in_words(effect: &Effect) -> String {
    effect.in_words(lag_core::Language::English)
}

/// Whether the server has looked at the request and said no: nothing was changed, and asking again at once would not help.
pub(super) fn is_certain(error: &PortError) -> bool {
    match error.kind {
        PortErrorKind::NotFound | PortErrorKind::Forbidden | PortErrorKind::Invalid => true,
        PortErrorKind::Conflict
        | PortErrorKind::Busy
        | PortErrorKind::Unavailable
        | PortErrorKind::RateLimited => false,
    }
}

/// As `kubectl rollout restart` writes it.
pub(super) fn whole_seconds(at: Timestamp) -> String {
    Timestamp::from_second(at.as_second())
        .unwrap_or(at)
        .to_string()
}
