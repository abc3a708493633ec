//! The router as one connection sees it: with the certificates of the peer, and counted.

use super::idle::{Activity, Tracked};
use axum::{Router, body::Body};
use http::{Request, Response};
use hyper::{body::Incoming, service::Service};
use rustls::pki_types::CertificateDer;
use std::{convert::Infallible, fmt, pin::Pin, sync::Arc};
use tower_service::Service as _;

#[cfg(feature = "external-metrics")]
use std::{any::Any, sync::Mutex};

/// The certificates that the peer of a TLS connection has shown, in the extensions of each of its requests. That the peer
/// has the key of the first one is proven. Whether anybody vouches for it is not, unless the listener has
/// [`Required`](super::ClientCertificates::Required) it.
#[derive(Clone)]
pub struct PeerCertificates(Arc<Peer>);

struct Peer {
    chain: Vec<CertificateDer<'static>>,
    #[cfg(feature = "external-metrics")]
    note: Mutex<Option<Arc<dyn Any + Send + Sync>>>,
}

impl PeerCertificates {
    /// Of a peer that has shown these, its own first; none at all for a peer without.
    #[must_use]
    pub(crate) fn new(chain: Vec<CertificateDer<'static>>) -> Self {
        Self(Arc::new(Peer {
            chain,
            #[cfg(feature = "external-metrics")]
            note: Mutex::default(),
        }))
    }

    /// Its own certificate first; empty when it has shown none.
    pub(crate) fn chain(&self) -> &[CertificateDer<'static>] {
        &self.0.chain
    }

    /// What a guard remembers about this peer for as long as the connection lasts.
    #[cfg(feature = "external-metrics")]
    pub(crate) fn note(&self) -> &Mutex<Option<Arc<dyn Any + Send + Sync>>> {
        &self.0.note
    }
}

impl fmt::Debug for PeerCertificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeerCertificates")
            .field("certificates", &self.chain().len())
            .finish_non_exhaustive()
    }
}

/// A router with what it is told of a connection.
#[derive(Debug, Clone)]
pub(super) struct Face {
    pub(super) router: Router,
    pub(super) peer: Option<PeerCertificates>,
    pub(super) activity: Activity,
}

impl Service<Request<Incoming>> for Face {
    type Response = Response<Tracked>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Tracked>, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let open = self.activity.begin();
        let mut request = request.map(Body::new);
        if let Some(peer) = &self.peer {
            request.extensions_mut().insert(peer.clone());
        }
        let mut router = self.router.clone();
        Box::pin(async move {
            // A router is always ready.
            let answer = router.call(request).await?;
            Ok(answer.map(|body| Tracked::new(body, open)))
        })
    }
}
