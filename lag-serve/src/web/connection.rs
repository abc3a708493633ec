//! One connection, from its first byte to its last: what is spoken on it, and its limits.

use super::{face::Face, idle::Activity, stall::StallGuard};
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulConnection,
};
use std::{error::Error, future::pending, pin::pin, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::watch,
};
use tracing::debug;

#[cfg(feature = "tls")]
use {
    super::{
        lifetime::{self, PARTING},
        peer::PeerCertificates,
        tls::{ClientCertificates, ServerTls},
    },
    hyper::server::conn::http2,
    hyper_util::rt::TokioExecutor,
    tokio::time::timeout,
    tokio_rustls::TlsAcceptor,
};

/// Time for the head of a request, counted from the end of the one before: idle connections end here too.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// Time without progress after which a client that takes no more of its answer is given up.
const STALL_TIMEOUT: Duration = Duration::from_secs(30);

/// Room for the head of a request and for what waits to be sent, for each connection.
const BUFFER: usize = 64 * 1024;

/// Time for a TLS handshake. Until its end nobody has proven anything, so it is short.
#[cfg(feature = "tls")]
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);

/// Time without a request after which an HTTP/2 connection ends; an autoscaler asks every 15 s.
#[cfg(feature = "tls")]
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// How often the other side of an HTTP/2 connection is asked whether it is there, and how long it may take to say so.
#[cfg(feature = "tls")]
const PING: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(10));

/// Requests at once on one HTTP/2 connection: those of an API server.
#[cfg(feature = "tls")]
const STREAMS: u32 = 256;

/// The same where KEDA asks: it keeps one stream open for each of its objects, all on one connection, and those beyond
/// the limit would wait without a word.
#[cfg(feature = "tls")]
const GRPC_STREAMS: u32 = 8_192;

/// Ends when the sender says so, or is gone.
async fn told(stopped: &mut watch::Receiver<bool>) {
    _ = stopped.wait_for(|stop| *stop).await;
}

/// HTTP/1 as it comes.
pub(super) async fn plain<Io>(
    stream: Io,
    router: Router,
    activity: Activity,
    mut stopped: watch::Receiver<bool>,
) where
    Io: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let stream = StallGuard::new(stream, STALL_TIMEOUT);
    let face = Face {
        router,
        #[cfg(feature = "tls")]
        peer: None,
        activity,
    };
    let connection = http1_builder().serve_connection(TokioIo::new(stream), face);
    drive(connection, told(&mut stopped), pending()).await;
}

fn http1_builder() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(BUFFER);
    builder
}

/// Serves until the connection is over; from the end of `stop` on, only what is open already, and no longer than
/// `linger`.
async fn drive<C>(connection: C, stop: impl Future<Output = ()>, linger: impl Future<Output = ()>)
where
    C: GracefulConnection<Error = hyper::Error>,
{
    let mut connection = pin!(connection);
    // Cancel-safe: the connection goes on, and nothing else was begun.
    let outcome = tokio::select! {
        outcome = connection.as_mut() => Some(outcome),
        () = stop => None,
    };
    let outcome = match outcome {
        Some(outcome) => outcome,
        None => {
            connection.as_mut().graceful_shutdown();
            // Cancel-safe: a connection that is dropped is closed.
            tokio::select! {
                outcome = connection => outcome,
                () = linger => return,
            }
        }
    };
    if let Err(error) = outcome {
        ended_early(&error, "a connection ended early");
    }
}

fn ended_early(error: &(impl Error + 'static), what: &'static str) {
    debug!(error = error as &dyn Error, "{what}");
}

/// HTTP/2 without TLS, for clients that know it: gRPC.
#[cfg(feature = "tls")]
pub(super) async fn prior_knowledge<Io>(
    stream: Io,
    router: Router,
    activity: Activity,
    stopped: watch::Receiver<bool>,
) where
    Io: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let stream = StallGuard::new(stream, STALL_TIMEOUT);
    let face = Face {
        router,
        peer: None,
        activity,
    };
    second(stream, face, (GRPC_STREAMS, None), stopped).await;
}

/// HTTP/2 and its bounds: streams at once, and the time that the connection may last.
#[cfg(feature = "tls")]
async fn second<Io>(
    stream: Io,
    face: Face,
    (streams, life): (u32, Option<Duration>),
    mut stopped: watch::Receiver<bool>,
) where
    Io: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let activity = face.activity.clone();
    let head = u32::try_from(BUFFER).expect("64 KiB fits");
    let connection = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_concurrent_streams(streams)
        .max_header_list_size(head)
        .max_send_buf_size(BUFFER)
        .keep_alive_interval(PING.0)
        .keep_alive_timeout(PING.1)
        .serve_connection(TokioIo::new(stream), face);
    let stop = async {
        // Cancel-safe: all only look.
        tokio::select! {
            () = told(&mut stopped) => {}
            () = lifetime::over(life) => {}
            () = activity.idle(HEADER_TIMEOUT, IDLE_TIMEOUT) => {}
        }
    };
    // The end of HTTP/2 is agreed upon with the other side, which may say nothing; and streams for KEDA never end.
    let linger = async {
        // Cancel-safe: both only look.
        tokio::select! {
            () = activity.idle(PING.1, PING.1) => {}
            () = lifetime::over(life.map(|_| PARTING)) => {}
        }
    };
    drive(connection, stop, linger).await;
}

/// TLS, then whichever HTTP the two sides agree on.
#[cfg(feature = "tls")]
pub(super) async fn secured<Io>(
    stream: Io,
    tls: ServerTls,
    router: Router,
    activity: Activity,
    mut stopped: watch::Receiver<bool>,
) where
    Io: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let stream = StallGuard::new(stream, STALL_TIMEOUT);
    let handshake = timeout(
        HANDSHAKE_TIMEOUT,
        TlsAcceptor::from(tls.current()).accept(stream),
    );
    // Cancel-safe: a handshake that is dropped ends its connection, on which nothing was asked yet.
    let stream = tokio::select! {
        stream = handshake => stream,
        () = told(&mut stopped) => return,
    };
    let stream = match stream {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return ended_early(&error, "a TLS handshake failed"),
        Err(late) => return ended_early(&late, "a TLS handshake took too long"),
    };
    let (_, session) = stream.get_ref();
    let is_second = match session.alpn_protocol() {
        Some(agreed) => agreed == b"h2",
        None => tls.is_grpc(),
    };
    let chain = session.peer_certificates().unwrap_or_default();
    let life = tls.lifetime(chain);
    match tls.clients() {
        ClientCertificates::Asked => activity.doubt(),
        // Verified already.
        ClientCertificates::Required { .. } | ClientCertificates::IfGiven { .. }
            if !chain.is_empty() =>
        {
            activity.prove();
        }
        ClientCertificates::None
        | ClientCertificates::Required { .. }
        | ClientCertificates::IfGiven { .. } => {}
    }
    let chain = chain.iter().map(|one| one.clone().into_owned()).collect();
    let face = Face {
        router,
        peer: Some(PeerCertificates::new(chain, &activity)),
        activity,
    };
    if is_second {
        let streams = if tls.is_grpc() { GRPC_STREAMS } else { STREAMS };
        second(stream, face, (streams, life), stopped).await;
    } else {
        let connection = http1_builder().serve_connection(TokioIo::new(stream), face);
        let stop = async {
            // Cancel-safe: both only look.
            tokio::select! {
                () = told(&mut stopped) => {}
                () = lifetime::over(life) => {}
            }
        };
        drive(connection, stop, lifetime::over(life.map(|_| PARTING))).await;
    }
}
