//! The accept loop, and the socket that can reset its peer.

use std::{
    convert::Infallible,
    future::pending,
    io,
    net::SocketAddr,
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
    control,
    gateway::{Arrived, Fate},
    shared::Shared,
};

/// As the real server: a larger body is not read.
const MOST_BODY: usize = 3 << 20;

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
    };
    // The server listens on loopback only; this holds even if that ever changes.
    let is_local = peer.ip().to_canonical().is_loopback();
    let service = service_fn(move |request: Request<Incoming>| {
        let (shared, control, reset) = (Arc::clone(&shared), control.clone(), Arc::clone(&reset));
        async move {
            if request.uri().path().starts_with(control::PREFIX) {
                return Ok(controlled(control, request, is_local).await);
            }
            called(&shared, request, &reset).await
        }
    });
    // An error here is a client that went away, or a fault that wanted it so.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(socket), service)
        .await;
}

async fn controlled(
    mut router: Router,
    request: Request<Incoming>,
    is_local: bool,
) -> Response<Body> {
    if !is_local {
        let why = "the control API is for loopback only";
        return control::refused(StatusCode::FORBIDDEN, why);
    }
    let answer: Result<_, Infallible> = router.call(request.map(Body::new)).await;
    match answer {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

async fn called(
    shared: &Arc<Shared>,
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
    let arrived = Arrived::new(shared, parts, body.to_bytes());
    // A client that goes away drops this future: what is not carried out by then never is.
    match arrived.meet(shared) {
        Fate::Answer(reply) => Ok(reply.into_response(shared)),
        Fate::Late(delay, reply) => {
            tokio::time::sleep(delay).await;
            Ok(reply.into_response(shared))
        }
        Fate::Wait(delay) => {
            tokio::time::sleep(delay).await;
            Ok(arrived.answer(shared).into_response(shared))
        }
        Fate::Never => pending().await,
        Fate::Reset => {
            reset.store(true, Ordering::Relaxed);
            Err(ResetOnPurpose)
        }
    }
}

/// A TCP stream that, when told, ends with RST instead of FIN.
struct Socket {
    stream: TcpStream,
    reset: Arc<AtomicBool>,
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
        Pin::new(&mut self.stream).poll_write(context, data)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
