//! The accept loop. axum's own has neither a limit for the head of a request nor a graceful end with a limit.

#[cfg(feature = "tls")]
use super::{config_file::WebFile, tls::ServerTls};
use super::{connection, idle::Activity, places::Places};
use axum::Router;
use std::{io, pin::pin, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::watch,
    time::{sleep, timeout},
};
use tracing::{debug, warn};

/// Connections open at once. A further one takes the place of one that does nothing; while all are answered, it waits in
/// the queue of the system.
const MAX_CONNECTIONS: usize = 512;

/// Pause after an accept that failed, most often for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// How often it is looked whether a connection has become idle, while all places are taken by others.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// What is spoken on a listener.
#[derive(Debug, Clone)]
pub enum Wire {
    /// HTTP/1, in the clear.
    Http1,
    /// HTTP/2 from the first byte on ("prior knowledge"), in the clear, as gRPC without TLS.
    #[cfg(feature = "tls")]
    Http2,
    /// TLS, and in it what both sides know. Every request has
    /// [`PeerCertificates`](super::PeerCertificates) among its extensions.
    #[cfg(feature = "tls")]
    Tls(ServerTls),
    /// What a `--web.config.file` says when the connection begins.
    #[cfg(feature = "tls")]
    File(WebFile),
}

/// Answers requests in plain HTTP/1; as [`serve_with`].
///
/// # Errors
/// As [`serve_with`].
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()>,
    grace: Duration,
) -> io::Result<()> {
    serve_with(listener, Wire::Http1, router, shutdown, grace).await
}

/// Answers requests until `shutdown` ends. Then it takes no new connection, lets open requests finish for up to
/// `grace`, and cuts the rest.
///
/// # Errors
/// None at present: a failing accept is retried, because the server is all that can show what is wrong.
pub async fn serve_with(
    listener: TcpListener,
    wire: Wire,
    router: Router,
    shutdown: impl Future<Output = ()>,
    grace: Duration,
) -> io::Result<()> {
    run(listener, wire, router, shutdown, grace).await;
    Ok(())
}

/// Where connections come from; tests have their own.
trait Accept {
    type Io: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Waits for one. Must be cancel-safe.
    async fn accept(&mut self) -> io::Result<Self::Io>;
}

impl Accept for TcpListener {
    type Io = TcpStream;

    async fn accept(&mut self) -> io::Result<TcpStream> {
        let (stream, _) = TcpListener::accept(self).await?;
        // Answers are written whole; waiting to fill a packet only delays their end. A connection that refuses this is
        // already over, and will say so when it is read.
        stream.set_nodelay(true).unwrap_or_default();
        Ok(stream)
    }
}

async fn run<A: Accept>(
    mut listener: A,
    wire: Wire,
    router: Router,
    shutdown: impl Future<Output = ()>,
    grace: Duration,
) {
    let mut shutdown = pin!(shutdown);
    let mut open = Places::new(MAX_CONNECTIONS);
    let (stop, stopped) = watch::channel(false);
    let mut is_failing = false;
    loop {
        let has_room = open.has_room();
        // Cancel-safe: `ended` and `accept` lose nothing, and a pause that is cut short is followed by a retry, which is
        // right after a connection has ended.
        tokio::select! {
            biased;
            () = &mut shutdown => break,
            true = open.ended() => {}
            stream = next(&mut listener, &mut is_failing), if has_room => {
                let activity = Activity::new();
                let connection = wire.clone().connection(
                    stream, router.clone(), activity.clone(), stopped.clone(),
                );
                open.take(activity, connection);
            }
            () = sleep(LOOK_EVERY), if !has_room => {}
        }
    }
    drop(listener);
    drop(stopped);
    stop.send_replace(true);
    let finished = timeout(grace, async { while open.ended().await {} });
    if finished.await.is_err() {
        warn!(
            connections = open.len(),
            "requests were cut at the end of the grace period"
        );
    }
    open.shutdown().await;
}

/// The next connection, however often it takes to get one.
async fn next<A: Accept>(listener: &mut A, is_failing: &mut bool) -> A::Io {
    loop {
        match listener.accept().await {
            Ok(stream) => {
                *is_failing = false;
                return stream;
            }
            Err(error) if concerns_one_connection(&error) => {
                debug!(
                    error = &error as &dyn std::error::Error,
                    "a connection ended before it was accepted"
                );
            }
            Err(error) => {
                if !std::mem::replace(is_failing, true) {
                    warn!(
                        error = &error as &dyn std::error::Error,
                        "cannot accept connections, trying again every second"
                    );
                }
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Errors that `accept` reports of a connection that is already over.
fn concerns_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}

impl Wire {
    async fn connection<Io>(
        self,
        stream: Io,
        router: Router,
        activity: Activity,
        stopped: watch::Receiver<bool>,
    ) where
        Io: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        match self {
            Self::Http1 => connection::plain(stream, router, activity, stopped).await,
            #[cfg(feature = "tls")]
            Self::Http2 => connection::prior_knowledge(stream, router, activity, stopped).await,
            #[cfg(feature = "tls")]
            Self::Tls(tls) => connection::secured(stream, tls, router, activity, stopped).await,
            #[cfg(feature = "tls")]
            Self::File(file) => match file.tls() {
                Some(tls) => connection::secured(stream, tls, router, activity, stopped).await,
                None => connection::plain(stream, router, activity, stopped).await,
            },
        }
    }
}

#[cfg(test)]
mod tests;
