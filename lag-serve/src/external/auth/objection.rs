//! Why a certificate does not make its holder the API server, in words that say what to do.

use jiff::Timestamp;
use lag_core::FRONT_PROXY_CONFIG;
use std::fmt;

/// What is against a peer. Names are as in the certificate, cut and quoted: anybody can write one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Objection {
    NoCertificate,
    Expired {
        name: String,
        since: Timestamp,
    },
    NotYetValid {
        name: String,
        from: Timestamp,
    },
    /// Signed by nobody who is trusted.
    Foreign {
        name: String,
    },
    /// Not made for clients.
    Purpose {
        name: String,
    },
    /// Good, but of somebody else.
    Name {
        name: String,
        allowed: Vec<String>,
    },
    /// Broken, or signed in a way nobody should sign any more.
    Unusable {
        name: String,
        reason: String,
    },
}

/// A name from outside, for a message.
pub(super) fn quoted(name: &str) -> String {
    format!("{:?}", name.chars().take(128).collect::<String>())
}

impl fmt::Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCertificate => f.write_str("no client certificate"),
            Self::Expired { name, since } => write!(
                f,
                "the client certificate {} has expired on {since}: renew it (kubeadm certs renew front-proxy-client, \
                 then restart the API server), or look at the clocks",
                quoted(name)
            ),
            Self::NotYetValid { name, from } => write!(
                f,
                "the client certificate {} is valid from {from} on only: look at the clocks",
                quoted(name)
            ),
            Self::Foreign { name } => write!(
                f,
                "the client certificate {} is not issued by the request-header CA \
                 (requestheader-client-ca-file of {FRONT_PROXY_CONFIG})",
                quoted(name)
            ),
            Self::Purpose { name } => write!(
                f,
                "the client certificate {} is not made for clients: its extended key usage must hold clientAuth",
                quoted(name)
            ),
            Self::Name { name, allowed } => write!(
                f,
                "the client certificate's name {} is not among the allowed names {allowed:?} \
                 (requestheader-allowed-names of {FRONT_PROXY_CONFIG})",
                quoted(name)
            ),
            Self::Unusable { name, reason } => write!(
                f,
                "the client certificate {} cannot be used: {reason}",
                quoted(name)
            ),
        }
    }
}
