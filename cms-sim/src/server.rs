//! The accept loop, and the socket that counts bytes and can reset its peer.

use std::{
    convert::Infallible,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use axum::{Router, body::Body};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tower_service::Service;

use crate::{
    control, gateway,
    reply::{Delivery, never},
    shared::Shared,
};

/// A request body larger than this is no request of this API.
const MOST_BODY: usize = 1 << 20;

/// Serves until it is dropped; its connections end with it.
pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let control = control::router(Arc::clone(&shared));
    let mut connections = JoinSet::new();
    loop {
        // Both branches are cancel-safe: neither loses a connection or a result when the other is ready first.
        tokio::select! {
            accepted = listener.accept() => {
                // Running out of descriptors is reported by accept and passes; let others make progress first.
                let Ok((stream, peer)) = accepted else {
                    tokio::task::yield_now().await;
                    continue;
                };
                connections.spawn(connection(stream, peer, Arc::clone(&shared), control.clone()));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Why a connection is ended without a reply.
#[derive(Debug, thiserror::Error)]
#[error("reset on purpose")]
struct ResetOnPurpose;

async fn connection(stream: TcpStream, peer: SocketAddr, shared: Arc<Shared>, control: Router) {
    let reset = Arc::new(AtomicBool::new(false));
    let _ = stream.set_nodelay(true);
    let socket = Socket {
        stream,
        reset: Arc::clone(&reset),
        shared: Arc::clone(&shared),
    };
    let service = service_fn(move |request: Request<Incoming>| {
        let (shared, control, reset) = (Arc::clone(&shared), control.clone(), Arc::clone(&reset));
        async move {
            if request.uri().path().starts_with(control::PREFIX) {
                return Ok(controlled(control, request, peer.ip()).await);
            }
            called(&shared, request, &reset).await
        }
    });
    // An error here is a client that went away, or a fault that wanted it so.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(socket), service)
        .await;
}

/// The server listens on loopback only; this holds even if that ever changes.
fn may_control(peer: IpAddr) -> bool {
    peer.to_canonical().is_loopback()
}

async fn controlled(
    mut router: Router,
    request: Request<Incoming>,
    peer: IpAddr,
) -> Response<Body> {
    if !may_control(peer) {
        return control::refused(
            StatusCode::FORBIDDEN,
            "the control API is for loopback only",
        );
    }
    let answer: Result<_, Infallible> = router.call(request.map(Body::new)).await;
    match answer {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

async fn called(
    shared: &Shared,
    request: Request<Incoming>,
    reset: &AtomicBool,
) -> Result<Response<Body>, ResetOnPurpose> {
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, MOST_BODY).collect().await else {
        return Ok(control::refused(
            StatusCode::PAYLOAD_TOO_LARGE,
            "the request body is too large",
        ));
    };
    let (reply, now) = gateway::answer(shared, &parts, &body.to_bytes());
    if !reply.delay.is_zero() {
        tokio::time::sleep(reply.delay).await;
    }
    match reply.delivery {
        Delivery::Whole | Delivery::Truncated => Ok(reply.into_response(now)),
        Delivery::Never => Ok(never().await),
        Delivery::Reset => {
            reset.store(true, Ordering::Relaxed);
            Err(ResetOnPurpose)
        }
    }
}

/// A TCP stream that counts what it sends and, when told, ends with RST instead of FIN.
struct Socket {
    stream: TcpStream,
    reset: Arc<AtomicBool>,
    shared: Arc<Shared>,
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.reset.load(Ordering::Relaxed) {
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, data);
        self.count(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, data);
        self.count(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl Socket {
    fn count(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(bytes)) = written {
            self.shared.tally.sent(bytes);
        }
        written
    }
}

#[cfg(test)]
mod tests {
    use super::may_control;

    #[test]
    fn only_loopback_peers_may_use_the_control_api() {
        for (peer, expected) in [
            ("127.0.0.1", true),
            ("127.8.9.10", true),
            ("::1", true),
            ("::ffff:127.0.0.1", true),
            ("192.0.2.1", false),
            ("::ffff:192.0.2.1", false),
            ("fe80::1", false),
        ] {
            assert_eq!(may_control(peer.parse().unwrap()), expected, "{peer}");
        }
    }
}
