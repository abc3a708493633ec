//! TLS with files that are read again when they change, and client certificates. The provider is ring, given explicitly,
//! so that no global is needed.

mod asked;
mod error;
mod files;

pub use error::TlsError;

use self::{asked::AnyChain, files::Contents};
use crate::Now;
use jiff::{SignedDuration, Timestamp};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::{CryptoProvider, ring},
    server::{NoServerSessionStorage, WebPkiClientVerifier},
};
use std::{
    error::Error,
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tracing::{info, warn};

/// How often the files are looked at, at most; only when somebody connects.
const LOOK_EVERY: SignedDuration = SignedDuration::from_secs(2);

/// The certificate to serve with, and its key; both PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, then those between it and its CA.
    pub cert_file: PathBuf,
    /// Its private key.
    pub key_file: PathBuf,
}

/// What clients must show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientCertificates {
    /// Nothing: they are not asked.
    None,
    /// A certificate under one of these CAs; without it there is no connection.
    Required {
        /// PEM, read again like the other files.
        ca_file: PathBuf,
    },
    /// Whatever they have. That they have its key is proven; who has signed it is judged with each request, so that a
    /// refusal can be a sentence.
    Asked,
}

/// What is spoken inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocols {
    /// HTTP/2 and HTTP/1.1, as the client likes.
    Web,
    /// HTTP/2 alone, for gRPC.
    Grpc,
}

/// TLS for a listener. `Clone` is cheap and shares the certificate.
#[derive(Clone)]
pub struct ServerTls(Arc<Inner>);

struct Inner {
    files: TlsFiles,
    clients: ClientCertificates,
    protocols: Protocols,
    now: Now,
    served: Mutex<Served>,
}

struct Served {
    config: Arc<ServerConfig>,
    /// Of what the files held when they were last looked at, good or not.
    fingerprint: u64,
    looked: Timestamp,
}

impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerTls")
            .field("files", &self.0.files)
            .field("clients", &self.0.clients)
            .field("protocols", &self.0.protocols)
            .finish_non_exhaustive()
    }
}

impl ServerTls {
    /// Reads the files. A certificate that has expired, or is not valid yet, is only warned about: a pod that does not
    /// start says less than a client that says why it refuses.
    ///
    /// # Errors
    /// [`TlsError`] names the file, what is wrong with it and what would do.
    pub fn load(
        files: TlsFiles,
        clients: ClientCertificates,
        protocols: Protocols,
        now: Now,
    ) -> Result<Self, TlsError> {
        let looked = now();
        let contents = Contents::read(&files, &clients);
        let fingerprint = contents.fingerprint();
        let config = build(&contents, &files, &clients, protocols, looked)?;
        let served = Mutex::new(Served {
            config: Arc::new(config),
            fingerprint,
            looked,
        });
        Ok(Self(Arc::new(Inner {
            files,
            clients,
            protocols,
            now,
            served,
        })))
    }

    pub(super) fn is_grpc(&self) -> bool {
        self.0.protocols == Protocols::Grpc
    }

    /// What a new connection is served with. Looks whether the files have changed: three small files, at most every two
    /// seconds, so they are read where the connection is and not on a thread of their own. A new set that cannot be used
    /// leaves the old one in place, and is told once.
    pub(super) fn current(&self) -> Arc<ServerConfig> {
        let inner = &self.0;
        let now = (inner.now)();
        let mut served = inner.served();
        let age = now.duration_since(served.looked);
        if (SignedDuration::ZERO..LOOK_EVERY).contains(&age) {
            return served.config.clone();
        }
        served.looked = now;
        let contents = Contents::read(&inner.files, &inner.clients);
        let fingerprint = contents.fingerprint();
        if fingerprint != served.fingerprint {
            served.fingerprint = fingerprint;
            match build(
                &contents,
                &inner.files,
                &inner.clients,
                inner.protocols,
                now,
            ) {
                Ok(config) => {
                    served.config = Arc::new(config);
                    info!(file = %inner.files.cert_file.display(), "the serving certificate was read again");
                }
                Err(error) => warn!(
                    error = &error as &dyn Error,
                    "the new TLS files cannot be used, the old ones still serve"
                ),
            }
        }
        served.config.clone()
    }
}

impl Inner {
    fn served(&self) -> MutexGuard<'_, Served> {
        self.served.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn build(
    contents: &Contents,
    files: &TlsFiles,
    clients: &ClientCertificates,
    protocols: Protocols,
    now: Timestamp,
) -> Result<ServerConfig, TlsError> {
    let chain = contents.chain(files)?;
    if let Some(leaf) = chain.first() {
        files::warn_of_validity(leaf, &files.cert_file, now);
    }
    let key = contents.key(files)?;
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .expect("ring supports the default protocol versions");
    let builder = match clients {
        ClientCertificates::None => builder.with_no_client_auth(),
        ClientCertificates::Asked => {
            builder.with_client_cert_verifier(Arc::new(AnyChain::new(&provider)))
        }
        ClientCertificates::Required { ca_file } => {
            let roots = contents.roots(ca_file)?;
            builder.with_client_cert_verifier(required(roots, &provider, ca_file)?)
        }
    };
    let mut config = builder
        .with_single_cert(chain, key)
        .map_err(|error| TlsError::pair(files, &error))?;
    config.alpn_protocols = match protocols {
        Protocols::Web => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        Protocols::Grpc => vec![b"h2".to_vec()],
    };
    if matches!(clients, ClientCertificates::Required { .. }) {
        // A resumed session is not verified again: a certificate that has expired since would still be good.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
    }
    Ok(config)
}

fn required(
    roots: RootCertStore,
    provider: &Arc<CryptoProvider>,
    ca_file: &std::path::Path,
) -> Result<Arc<dyn rustls::server::danger::ClientCertVerifier>, TlsError> {
    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .build()
        .map_err(|error| TlsError::unusable("client-ca-file", ca_file, error.to_string()))
}

#[cfg(test)]
mod tests;
