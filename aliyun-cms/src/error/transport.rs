//! Failures below HTTP replies, without URLs.

use std::{error::Error as StdError, fmt, io};

use super::ErrorKind;

/// A connection, a request or a reply that broke off.
///
/// Opaque: it never holds the URL, which is signed and so as good as a password
/// for a quarter of an hour.
pub struct TransportError {
    phase: Phase,
    host: String,
    source: Option<reqwest::Error>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    SetUp,
    Connect,
    Certificate,
    Send,
    Read,
    Timeout,
}

impl TransportError {
    /// `phase` is what was being done; a time-out or a failed connection overrules it.
    pub(crate) fn new(phase: Phase, host: &str, source: reqwest::Error) -> Self {
        let phase = match phase {
            _ if source.is_timeout() => Phase::Timeout,
            _ if is_about_certificate(&source) => Phase::Certificate,
            _ if source.is_connect() => Phase::Connect,
            phase => phase,
        };
        Self {
            phase,
            host: host.to_owned(),
            source: Some(source.without_url()),
        }
    }

    /// Whether the time-out of the attempt, or of connecting, ran out.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.phase == Phase::Timeout
    }

    pub(crate) fn kind(&self) -> ErrorKind {
        if self.is_timeout() {
            ErrorKind::Timeout
        } else {
            ErrorKind::Network
        }
    }

    /// Without a connection nothing was sent; a time-out leaves it open.
    pub(crate) fn may_have_arrived(&self) -> bool {
        !matches!(self.phase, Phase::Connect | Phase::Certificate)
    }

    /// A certificate does not become valid by asking again.
    pub(crate) fn is_retryable(&self) -> bool {
        !matches!(self.phase, Phase::Certificate | Phase::SetUp)
    }

    pub(crate) fn hint(&self) -> Option<String> {
        let host = &self.host;
        match self.phase {
            Phase::Certificate => Some(format!(
                "the certificate of {host} was not accepted: if a proxy or gateway re-signs TLS \
                 here, give its CA with ca_file; else check the clock and the CA bundle"
            )),
            Phase::Connect => Some(format!(
                "check that {host} is the right endpoint, that it resolves, and that a firewall or \
                 proxy lets this process reach it"
            )),
            Phase::SetUp | Phase::Send | Phase::Read | Phase::Timeout => None,
        }
    }
}

fn is_about_certificate(error: &reqwest::Error) -> bool {
    let mut next: Option<&(dyn StdError + 'static)> = error.source();
    while let Some(error) = next {
        // io::Error shows what it wraps only through get_ref.
        let inner = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
            .map(|inner| inner as &(dyn StdError + 'static));
        if let Some(rustls::Error::InvalidCertificate(_)) =
            inner.unwrap_or(error).downcast_ref::<rustls::Error>()
        {
            return true;
        }
        next = inner.or_else(|| error.source());
    }
    false
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = &self.host;
        match self.phase {
            Phase::SetUp => write!(f, "setting up for {host} failed"),
            Phase::Connect => write!(f, "could not connect to {host}"),
            Phase::Certificate => write!(f, "the certificate of {host} was not accepted"),
            Phase::Send => write!(f, "sending to {host} failed"),
            Phase::Read => write!(f, "the reply of {host} broke off"),
            Phase::Timeout => write!(f, "{host} did not answer in time"),
        }
    }
}

impl fmt::Debug for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransportError")
            .field("phase", &self.phase)
            .field("host", &self.host)
            .field("source", &self.source)
            .finish()
    }
}

impl StdError for TransportError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().and_then(StdError::source)
    }
}
