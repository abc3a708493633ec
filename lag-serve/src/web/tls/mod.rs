//! TLS with files that are read again when they change, and client certificates. The provider is ring, given explicitly,
//! so that no global is needed.

mod asked;
mod error;
mod files;
mod named;

pub use error::TlsError;

use self::{asked::AnyChain, files::Contents, named::Named};
use super::lifetime;
use crate::Now;
use jiff::{SignedDuration, Timestamp};
use rustls::{
    ServerConfig, SupportedProtocolVersion,
    crypto::ring,
    pki_types::CertificateDer,
    server::{NoServerSessionStorage, WebPkiClientVerifier, danger::ClientCertVerifier},
    version::{TLS12, TLS13},
};
use std::{
    error::Error,
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
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
    /// A certificate under one of these CAs, or none at all.
    IfGiven {
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

/// The versions of TLS that are spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Versions {
    #[default]
    Both,
    Only12,
    Only13,
}

impl Versions {
    fn list(self) -> Vec<&'static SupportedProtocolVersion> {
        match self {
            Self::Both => vec![&TLS13, &TLS12],
            Self::Only12 => vec![&TLS12],
            Self::Only13 => vec![&TLS13],
        }
    }
}

/// Everything about a listener except what its files hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) files: TlsFiles,
    pub(super) clients: ClientCertificates,
    /// Names of which a verified client certificate must carry one; any when there are none.
    pub(super) names: Vec<String>,
    pub(super) protocols: Protocols,
    /// Whether HTTP/2 is offered beside HTTP/1.1.
    pub(super) http2: bool,
    pub(super) versions: Versions,
}

/// TLS for a listener. `Clone` is cheap and shares the certificate.
#[derive(Clone)]
pub struct ServerTls(Arc<Inner>);

struct Inner {
    plan: Plan,
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
            .field("plan", &self.0.plan)
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
        let plan = Plan {
            files,
            clients,
            names: Vec::new(),
            protocols,
            http2: true,
            versions: Versions::default(),
        };
        Self::planned(plan, now)
    }

    /// As [`Self::load`].
    pub(super) fn planned(plan: Plan, now: Now) -> Result<Self, TlsError> {
        let looked = now();
        let contents = Contents::read(&plan.files, &plan.clients);
        let fingerprint = contents.fingerprint();
        let config = build(&contents, &plan, looked)?;
        let served = Mutex::new(Served {
            config: Arc::new(config),
            fingerprint,
            looked,
        });
        Ok(Self(Arc::new(Inner { plan, now, served })))
    }

    pub(super) fn plan(&self) -> &Plan {
        &self.0.plan
    }

    pub(super) fn clients(&self) -> &ClientCertificates {
        &self.0.plan.clients
    }

    pub(super) fn is_grpc(&self) -> bool {
        self.0.plan.protocols == Protocols::Grpc
    }

    /// How long a connection may last whose peer has shown these: for ever where the handshake judges none.
    pub(super) fn lifetime(&self, chain: &[CertificateDer<'_>]) -> Option<Duration> {
        match self.0.plan.clients {
            ClientCertificates::Required { .. } | ClientCertificates::IfGiven { .. } => {
                chain.first().map(|leaf| lifetime::of(leaf, (self.0.now)()))
            }
            ClientCertificates::None | ClientCertificates::Asked => None,
        }
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
        let contents = Contents::read(&inner.plan.files, &inner.plan.clients);
        let fingerprint = contents.fingerprint();
        if fingerprint != served.fingerprint {
            served.fingerprint = fingerprint;
            match build(&contents, &inner.plan, now) {
                Ok(config) => {
                    served.config = Arc::new(config);
                    info!(file = %inner.plan.files.cert_file.display(), "the serving certificate was read again");
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

fn build(contents: &Contents, plan: &Plan, now: Timestamp) -> Result<ServerConfig, TlsError> {
    let files = &plan.files;
    let chain = contents.chain(files)?;
    if let Some(leaf) = chain.first() {
        files::check_version(leaf, &files.cert_file)?;
        files::warn_of_validity(leaf, &files.cert_file, now);
        if plan.clients == ClientCertificates::Asked && !files::names_a_service(leaf) {
            warn!(
                file = %files.cert_file.display(),
                "the serving certificate has no DNS name SERVICE.NAMESPACE.svc, so the API server will refuse it: make one \
                 that has (kafka-lag generate serving-cert, or cert-manager)"
            );
        }
    }
    let key = contents.key(files)?;
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&plan.versions.list())
        .expect("ring supports both protocol versions");
    let builder = match &plan.clients {
        ClientCertificates::None => builder.with_no_client_auth(),
        ClientCertificates::Asked => {
            builder.with_client_cert_verifier(Arc::new(AnyChain::new(&provider)))
        }
        ClientCertificates::Required { ca_file } => {
            builder.with_client_cert_verifier(verifier(contents, ca_file, true, &plan.names)?)
        }
        ClientCertificates::IfGiven { ca_file } => {
            builder.with_client_cert_verifier(verifier(contents, ca_file, false, &plan.names)?)
        }
    };
    let mut config = builder
        .with_single_cert(chain, key)
        .map_err(|error| TlsError::pair(files, &error))?;
    config.alpn_protocols = match plan.protocols {
        Protocols::Web if plan.http2 => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        Protocols::Web => vec![b"http/1.1".to_vec()],
        Protocols::Grpc => vec![b"h2".to_vec()],
    };
    match plan.clients {
        // A resumed session is not verified again: a certificate that has expired since would still be good.
        ClientCertificates::Required { .. } | ClientCertificates::IfGiven { .. } => {
            config.session_storage = Arc::new(NoServerSessionStorage {});
            config.send_tls13_tickets = 0;
        }
        ClientCertificates::None | ClientCertificates::Asked => {}
    }
    Ok(config)
}

fn verifier(
    contents: &Contents,
    ca_file: &Path,
    is_required: bool,
    names: &[String],
) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let roots = Arc::new(contents.roots(ca_file)?);
    let provider = Arc::new(ring::default_provider());
    let mut builder = WebPkiClientVerifier::builder_with_provider(roots, provider);
    if !is_required {
        builder = builder.allow_unauthenticated();
    }
    let verifier = builder
        .build()
        .map_err(|error| TlsError::unusable("client-ca-file", ca_file, error.to_string()))?;
    if names.is_empty() {
        return Ok(verifier);
    }
    Ok(Arc::new(Named {
        verifier,
        allowed: names.to_vec(),
    }))
}

#[cfg(test)]
mod tests;
