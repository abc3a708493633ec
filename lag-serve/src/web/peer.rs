//! Who is at the other end of a TLS connection, as far as it has shown.

use super::idle::Activity;
use rustls::pki_types::CertificateDer;
use std::{fmt, sync::Arc};

#[cfg(feature = "external-metrics")]
use std::{any::Any, sync::Mutex};

/// The certificates that the peer of a TLS connection has shown, in the extensions of each of its requests. That the peer
/// has the key of the first one is proven. Whether anybody vouches for it is not, unless the listener has
/// [`Required`](super::ClientCertificates::Required) it.
#[derive(Clone)]
pub struct PeerCertificates(Arc<Peer>);

struct Peer {
    #[cfg(feature = "external-metrics")]
    activity: Activity,
    chain: Vec<CertificateDer<'static>>,
    #[cfg(feature = "external-metrics")]
    note: Mutex<Option<Arc<dyn Any + Send + Sync>>>,
}

impl PeerCertificates {
    /// Of a peer that has shown these, its own first; none at all for a peer without.
    pub(super) fn new(chain: Vec<CertificateDer<'static>>, activity: &Activity) -> Self {
        #[cfg(not(feature = "external-metrics"))]
        let _ = activity;
        Self(Arc::new(Peer {
            #[cfg(feature = "external-metrics")]
            activity: activity.clone(),
            chain,
            #[cfg(feature = "external-metrics")]
            note: Mutex::default(),
        }))
    }

    /// Its own certificate first; empty when it has shown none.
    pub(crate) fn chain(&self) -> &[CertificateDer<'static>] {
        &self.0.chain
    }

    /// A guard vouches for the peer: its connection is the last to give up its place.
    #[cfg(feature = "external-metrics")]
    pub(crate) fn admit(&self) {
        self.0.activity.prove();
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
