//! Why the simulator did not do what its handle was asked for.

use std::net::SocketAddr;

/// A mistake in the set-up of a test; requests are answered, never failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KubeSimError {
    /// The stand-in has a control API without authentication: it belongs on loopback.
    #[error(
        "refused to listen on {0}: only loopback addresses are allowed, for example 127.0.0.1:0"
    )]
    NotLoopback(SocketAddr),
    /// The address is taken or not available.
    #[error(
        "cannot listen on {address}; choose another with --web.listen-address, port 0 takes any that is free"
    )]
    Listen {
        /// The configured address.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// An object that the API would refuse, too.
    #[error("cannot put the object: {0}")]
    Object(String),
}
