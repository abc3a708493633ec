//! Listening: addresses as Prometheus programs take them, and a server of HTTP/1 and HTTP/2, with and without TLS, that
//! ends gracefully.

#[cfg(feature = "tls")]
mod basic;
#[cfg(feature = "tls")]
mod config_file;
mod connection;
mod face;
mod idle;
#[cfg(feature = "tls")]
mod lifetime;
mod listen;
#[cfg(feature = "tls")]
mod peer;
mod places;
mod serve;
mod stall;
#[cfg(feature = "tls")]
mod tls;

pub use listen::{BindError, InvalidListenAddress, ListenAddress, bind};
pub use serve::{Wire, serve, serve_with};
#[cfg(feature = "tls")]
pub use {
    config_file::{WebFile, WebFileError},
    peer::PeerCertificates,
    tls::{ClientCertificates, Protocols, ServerTls, TlsError, TlsFiles},
};
