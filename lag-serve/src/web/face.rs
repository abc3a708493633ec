//! The router as one connection sees it: with the certificates of the peer, and counted.

use super::idle::{Activity, Tracked};
#[cfg(feature = "tls")]
use super::peer::PeerCertificates;
use axum::{Router, body::Body};
use http::{Request, Response};
use hyper::{body::Incoming, service::Service};
use std::{convert::Infallible, pin::Pin};
use tower_service::Service as _;

/// A router with what it is told of a connection.
#[derive(Debug, Clone)]
pub(super) struct Face {
    pub(super) router: Router,
    #[cfg(feature = "tls")]
    pub(super) peer: Option<PeerCertificates>,
    pub(super) activity: Activity,
}

impl Service<Request<Incoming>> for Face {
    type Response = Response<Tracked>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Tracked>, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let open = self.activity.begin();
        let request = request.map(Body::new);
        #[cfg(feature = "tls")]
        let mut request = request;
        #[cfg(feature = "tls")]
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
