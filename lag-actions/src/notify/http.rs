//! The HTTP client: ring as TLS provider, given explicitly, so that no global is needed.

use super::address::{Address, is_loopback};
use lag_core::port::{PortError, PortErrorKind};
use reqwest::{Client, redirect};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};
use std::{path::PathBuf, sync::Arc, time::Duration};

/// How messages travel.
#[derive(Debug, Clone)]
pub struct HttpOptions {
    /// More CA certificates, as PEM, in addition to the system's.
    pub ca_file: Option<PathBuf>,
    /// For connecting alone, as a part of `timeout`. Default 5 s.
    pub connect_timeout: Duration,
    /// For one attempt, from connecting to the last byte. Default 10 s.
    pub timeout: Duration,
    /// Wait before the second attempt; twice as long before the third. Default 500 ms.
    pub back_off: Duration,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            ca_file: None,
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(10),
            back_off: Duration::from_millis(500),
        }
    }
}

/// A file of CA certificates that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("CA file {path:?}: {reason}")]
pub struct InvalidHttp {
    path: PathBuf,
    reason: String,
}

/// What the clients of all notifiers have in common. The system's certificates are read when the first message is sent,
/// so a run without news does not pay for them.
#[derive(Debug)]
pub struct Http {
    options: HttpOptions,
    extra: RootCertStore,
}

impl Http {
    /// Reads the CA file, if there is one.
    ///
    /// # Errors
    /// [`InvalidHttp`] when it cannot be read or holds no certificate.
    pub fn new(options: HttpOptions) -> Result<Self, InvalidHttp> {
        let mut extra = RootCertStore::empty();
        if let Some(path) = &options.ca_file {
            add_file(&mut extra, path).map_err(|reason| InvalidHttp {
                path: path.clone(),
                reason,
            })?;
        }
        Ok(Self { options, extra })
    }

    pub(super) fn back_off(&self) -> Duration {
        self.options.back_off
    }

    /// A client for one address. Proxies of the environment are honoured, except for this machine.
    pub(super) fn client(&self, address: &Address) -> Result<Client, PortError> {
        let mut roots = self.extra.clone();
        if address.url().scheme() == "https" {
            let found = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(found.certs);
            if roots.is_empty() {
                return Err(PortError::new(
                    PortErrorKind::Invalid,
                    "no CA certificates were found: install the package ca-certificates, or give a CA file",
                ));
            }
        }
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring supports the default protocol versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut client = Client::builder()
            .tls_backend_preconfigured(tls)
            .http1_only()
            .user_agent(concat!("kafka-lag/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(self.options.connect_timeout)
            .timeout(self.options.timeout)
            // A redirect would carry the token to another host.
            .redirect(redirect::Policy::none())
            .referer(false)
            // Only the channel repeats a message, because it knows when that cannot double it.
            .retry(reqwest::retry::never())
            // Messages are rare: a kept connection would only be found dead.
            .pool_max_idle_per_host(0);
        if is_loopback(address.url()) {
            client = client.no_proxy();
        }
        client.build().map_err(|error| {
            let reason = deepest(&error.without_url());
            PortError::new(
                PortErrorKind::Invalid,
                format!("the HTTP client could not be set up: {reason}"),
            )
        })
    }
}

fn add_file(roots: &mut RootCertStore, path: &std::path::Path) -> Result<(), String> {
    let pem = std::fs::read(path).map_err(|error| error.to_string())?;
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| error.to_string())?;
        roots.add(certificate).map_err(|error| error.to_string())?;
    }
    match roots.is_empty() {
        true => Err("it holds no PEM certificate".to_owned()),
        false => Ok(()),
    }
}

/// What went wrong at the bottom; the layers above only say that something did.
pub(super) fn deepest(error: &(dyn std::error::Error + 'static)) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

/// Whether the other side's certificate was not accepted, which asking again does not change.
pub(super) fn is_about_certificate(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        // io::Error shows what it wraps only through get_ref.
        let inner = error
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref)
            .map(|inner| inner as &(dyn std::error::Error + 'static));
        if let Some(rustls::Error::InvalidCertificate(_)) =
            inner.unwrap_or(error).downcast_ref::<rustls::Error>()
        {
            return true;
        }
        next = inner.or_else(|| error.source());
    }
    false
}
