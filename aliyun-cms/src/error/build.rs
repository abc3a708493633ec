//! Why a client could not be built.

use std::path::PathBuf;

use super::TransportError;

/// What [`ClientBuilder::build`](crate::ClientBuilder::build) refuses.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// There is no default: the region decides.
    #[error("no endpoint: call endpoint(Endpoint::region(..)?)")]
    NoEndpoint,
    /// There is no default, so that no identity is used by accident.
    #[error(
        "no credentials: call credentials(..), for instance with EnvironmentCredentials::new()"
    )]
    NoCredentials,
    /// An `https` endpoint cannot be verified.
    #[error(
        "no CA certificates were found on this system: install the package ca-certificates, \
         point SSL_CERT_FILE at a PEM bundle, or call ca_file(..)"
    )]
    NoCertificates,
    /// The file given to [`ca_file`](crate::ClientBuilder::ca_file).
    #[error("CA file {}: {reason}", path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Not a value that fits in a header.
    #[error("{what} cannot be sent: it is empty or has characters a header cannot carry")]
    NotAHeader {
        /// Which setting.
        what: &'static str,
    },
    /// The HTTP client refused its set-up.
    #[error("the HTTP client could not be set up")]
    Http {
        /// What it said.
        #[source]
        source: TransportError,
    },
}
