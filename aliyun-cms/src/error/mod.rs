//! What can go wrong with a call, and what a program may do about it.

use std::fmt;

use crate::CredentialsError;

mod api;
mod build;
mod classify;
mod decode;
mod transport;

pub(crate) use self::classify::{Class, Repeat, classify};
pub use self::{api::ApiError, build::BuildError, decode::DecodeError, transport::TransportError};
pub(crate) use self::{api::SignatureCheck, transport::Phase};

/// Why a call failed.
///
/// Messages say what was being done; the reason is the [source](std::error::Error::source).
/// [`kind`](Self::kind) and [`is_retryable`](Self::is_retryable) are for programs,
/// [`hint`](Self::hint) is for the person who has to do something.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There was nothing to sign with.
    #[error("no credentials to sign {action} with")]
    Credentials {
        /// The API action.
        action: String,
        /// What the provider said.
        #[source]
        source: CredentialsError,
    },
    /// The request's own values are wrong; nothing was sent.
    #[error("{action} was not sent: {detail}")]
    InvalidRequest {
        /// The API action.
        action: String,
        /// Which value, and what is allowed.
        detail: String,
    },
    /// No whole reply came back.
    #[error("{action} got no reply")]
    Transport {
        /// The API action.
        action: String,
        /// Which step failed.
        #[source]
        source: TransportError,
    },
    /// The service answered with an error, be it at HTTP 200.
    #[error("{action} was refused")]
    Api {
        /// The API action.
        action: String,
        /// The service's answer.
        #[source]
        source: Box<ApiError>,
    },
    /// A reply came, and is not what the API documents.
    #[error("the reply to {action} could not be read")]
    Decode {
        /// The API action.
        action: String,
        /// What is wrong with it.
        #[source]
        source: DecodeError,
    },
    /// The pages do not end as they should: what was read is not all there is.
    #[error("paging through {action} stopped after page {page}")]
    Pagination {
        /// The API action.
        action: String,
        /// Pages that were read.
        page: u32,
        /// Why it stopped.
        #[source]
        source: PaginationError,
    },
}

/// Why [`Pages`](crate::Pages) could not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PaginationError {
    /// Going on would read the same pages for ever.
    #[error("the service returned a page token for the second time")]
    RepeatedToken,
    /// The bound of [`max_pages`](crate::DescribeMetricList::max_pages).
    #[error("there are more than {limit} pages; narrow the query or raise max_pages")]
    PageLimit {
        /// The bound.
        limit: u32,
    },
}

impl Error {
    /// The class of the failure.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Credentials { .. } => ErrorKind::Credentials,
            Self::InvalidRequest { .. } => ErrorKind::InvalidRequest,
            Self::Transport { source, .. } => source.kind(),
            Self::Api { source, .. } => source.kind(),
            Self::Decode { .. } => ErrorKind::Decode,
            Self::Pagination { .. } => ErrorKind::Pagination,
        }
    }

    /// Whether the same call may succeed later without anybody changing anything.
    ///
    /// The client has repeated such calls already, as its
    /// [`RetryPolicy`](crate::RetryPolicy) says.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Credentials { source, .. } => source.is_retryable(),
            Self::Transport { source, .. } => source.is_retryable(),
            Self::Api { source, .. } => source.is_retryable(),
            Self::Decode { source, .. } => source.is_retryable(),
            Self::InvalidRequest { .. } | Self::Pagination { .. } => false,
        }
    }

    /// The service's answer, when there was one.
    #[must_use]
    pub fn api(&self) -> Option<&ApiError> {
        match self {
            Self::Api { source, .. } => Some(source),
            _ => None,
        }
    }

    /// What to do about it, in words for a person; `None` when the message says it all.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Api { source, .. } => source.hint(),
            Self::Transport { source, .. } => source.hint(),
            Self::Decode { source, .. } => source.hint(),
            Self::Credentials { source, .. } => source.hint(),
            Self::InvalidRequest { .. } | Self::Pagination { .. } => None,
        }
    }

    pub(crate) fn invalid(action: &str, detail: impl Into<String>) -> Self {
        Self::InvalidRequest {
            action: action.to_owned(),
            detail: detail.into(),
        }
    }
}

/// The class of a failure: a closed list, fit for a metric's label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Key, secret, token or clock: the request was not authenticated.
    Credentials,
    /// Authenticated, and not permitted.
    Forbidden,
    /// Too many calls.
    Throttled,
    /// The request, the action or the endpoint is wrong.
    InvalidRequest,
    /// The service failed.
    Unavailable,
    /// The service could not be reached.
    Network,
    /// The service took too long.
    Timeout,
    /// The reply was not understood.
    Decode,
    /// The pages did not end.
    Pagination,
}

impl ErrorKind {
    /// Every kind, in the order of declaration, so that a metric can start each at zero.
    pub const ALL: [Self; 9] = [
        Self::Credentials,
        Self::Forbidden,
        Self::Throttled,
        Self::InvalidRequest,
        Self::Unavailable,
        Self::Network,
        Self::Timeout,
        Self::Decode,
        Self::Pagination,
    ];

    /// The name used in labels. It does not change between versions.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Credentials => "credentials",
            Self::Forbidden => "forbidden",
            Self::Throttled => "throttled",
            Self::InvalidRequest => "invalid_request",
            Self::Unavailable => "unavailable",
            Self::Network => "network",
            Self::Timeout => "timeout",
            Self::Decode => "decode",
            Self::Pagination => "pagination",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
