//! A guarded server whose trust, clock and files a test can change.

use crate::certificates::{Ca, Identity};
use axum::{Router, extract::Request, routing::get};
use jiff::{SignedDuration, Timestamp};
use lag_core::{
    FrontProxy, User,
    port::{Access, BoxFuture, PortError, PortErrorKind, Reviews, Verdict},
};
use lag_serve::{
    Now,
    external::{AuthMode, Guard},
    web::{self, ClientCertificates, Protocols, ServerTls, TlsFiles, Wire},
};
use std::{
    collections::BTreeMap,
    fs,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};
use tempfile::TempDir;
use tokio::{
    sync::{oneshot, watch},
    task::JoinHandle,
};

const FLAG: &str = "--web.listen-address";

pub(crate) const METRIC: &str = "/apis/external.metrics.k8s.io/v1beta1/namespaces/orders/lag";
pub(crate) const FRONT: &str = "front-proxy-client";
pub(crate) const GRACE: Duration = Duration::from_secs(5);

/// A clock that stands until it is moved.
#[derive(Clone)]
pub(crate) struct Clock(Arc<Mutex<Timestamp>>);

impl Clock {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(
            "2026-11-22T03:00:00Z".parse().unwrap(),
        )))
    }

    pub(crate) fn now(&self) -> Now {
        let hands = self.0.clone();
        Arc::new(move || *hands.lock().unwrap())
    }

    pub(crate) fn set(&self, to: &str) {
        *self.0.lock().unwrap() = to.parse().unwrap();
    }

    pub(crate) fn forward(&self, seconds: i64) {
        *self.0.lock().unwrap() += SignedDuration::from_secs(seconds);
    }
}

/// The cluster's configuration with these CAs and allowed names.
pub(crate) fn proxy(clients: &str, own: &str, names: &[&str]) -> FrontProxy {
    let list = |names: &[&str]| serde_json::to_string(names).unwrap();
    let data = [
        ("client-ca-file", clients.to_owned()),
        ("requestheader-client-ca-file", own.to_owned()),
        ("requestheader-allowed-names", list(names)),
        ("requestheader-username-headers", list(&["X-Remote-User"])),
        ("requestheader-group-headers", list(&["X-Remote-Group"])),
        (
            "requestheader-extra-headers-prefix",
            list(&["X-Remote-Extra-"]),
        ),
    ];
    let data: BTreeMap<_, _> = data.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
    FrontProxy::parse(&data).unwrap()
}

/// An API server that answers reviews from tables, and remembers what it was asked.
#[derive(Debug, Default)]
pub(crate) struct Book {
    pub(crate) tokens: Mutex<BTreeMap<String, User>>,
    pub(crate) allowed: Mutex<Vec<(String, Access)>>,
    pub(crate) is_down: Mutex<bool>,
    pub(crate) asked: Mutex<Vec<(User, Access)>>,
    pub(crate) shown: Mutex<Vec<String>>,
}

impl Book {
    fn up(&self) -> Result<(), PortError> {
        if *self.is_down.lock().unwrap() {
            let what = "cannot create a review: no answer in 10s";
            return Err(PortError::new(PortErrorKind::Unavailable, what));
        }
        Ok(())
    }
}

impl Reviews for Book {
    fn authenticate<'a>(
        &'a self,
        token: &'a str,
    ) -> BoxFuture<'a, Result<Option<User>, PortError>> {
        self.shown.lock().unwrap().push(token.to_owned());
        let user = self.tokens.lock().unwrap().get(token).cloned();
        Box::pin(async move { self.up().map(|()| user) })
    }

    fn authorize<'a>(
        &'a self,
        user: &'a User,
        what: &'a Access,
    ) -> BoxFuture<'a, Result<Verdict, PortError>> {
        self.asked
            .lock()
            .unwrap()
            .push((user.clone(), what.clone()));
        let pair = (user.name.clone(), what.clone());
        let allowed = self.allowed.lock().unwrap().contains(&pair);
        let reason = if allowed { "RBAC: allowed" } else { "" }.to_owned();
        Box::pin(async move { self.up().map(|()| Verdict { allowed, reason }) })
    }
}

/// What every request meets: it says which HTTP was spoken, and what is left of the identity headers.
pub(crate) fn echo() -> Router {
    let answer = |request: Request| async move {
        let names = request.headers().keys();
        let left: Vec<_> = names
            .filter(|name| name.as_str().starts_with("x-remote"))
            .collect();
        format!("{:?} {left:?}", request.version())
    };
    Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .fallback(answer)
}

/// A server on a free port.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) stop: oneshot::Sender<()>,
    pub(crate) ended: JoinHandle<std::io::Result<()>>,
}

impl Server {
    pub(crate) async fn start(wire: Wire, router: Router) -> Self {
        let listener = web::bind(&"127.0.0.1:0".parse().unwrap(), FLAG)
            .await
            .unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let shutdown = async { _ = stopped.await };
        let ended = tokio::spawn(web::serve_with(listener, wire, router, shutdown, GRACE));
        Self {
            address,
            stop,
            ended,
        }
    }
}

/// The pair a server serves with, as files.
pub(crate) struct Pair {
    pub(crate) directory: TempDir,
    pub(crate) files: TlsFiles,
}

impl Pair {
    pub(crate) fn new(identity: &Identity) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let file = |name: &str| directory.path().join(name);
        let files = TlsFiles {
            cert_file: file("tls.crt"),
            key_file: file("tls.key"),
        };
        let pair = Self { directory, files };
        pair.write(identity);
        pair
    }

    pub(crate) fn write(&self, identity: &Identity) {
        fs::write(&self.files.cert_file, &identity.pem).unwrap();
        fs::write(&self.files.key_file, &identity.key).unwrap();
    }

    pub(crate) fn tls(
        &self,
        clients: ClientCertificates,
        protocols: Protocols,
        clock: &Clock,
    ) -> ServerTls {
        ServerTls::load(self.files.clone(), clients, protocols, clock.now()).unwrap()
    }
}

/// A cluster with its CAs, and the exporter in it.
pub(crate) struct Cluster {
    pub(crate) server: Server,
    /// Signs for servers.
    pub(crate) serving: Ca,
    pub(crate) pair: Pair,
    /// Signs users.
    pub(crate) clients: Ca,
    /// Signs the front proxy.
    pub(crate) front: Ca,
    pub(crate) proxies: watch::Sender<Arc<FrontProxy>>,
    pub(crate) book: Arc<Book>,
    pub(crate) clock: Clock,
}

impl Cluster {
    pub(crate) async fn start(mode: AuthMode) -> Self {
        let (clients, front) = (Ca::new("kubernetes"), Ca::new("front-proxy-ca"));
        let proxy = proxy(&clients.pem(), &front.pem(), &[FRONT]);
        Self::with(mode, clients, front, proxy).await
    }

    pub(crate) async fn with(mode: AuthMode, clients: Ca, front: Ca, proxy: FrontProxy) -> Self {
        let serving = Ca::new("serving");
        let pair = Pair::new(&serving.server());
        let clock = Clock::new();
        let (proxies, receiver) = watch::channel(Arc::new(proxy));
        let book = Arc::new(Book::default());
        let guard = Guard::new(mode, receiver, Some(book.clone()), clock.now());
        let tls = pair.tls(ClientCertificates::Asked, Protocols::Web, &clock);
        let server = Server::start(Wire::Tls(tls), guard.protect(echo())).await;
        Self {
            server,
            serving,
            pair,
            clients,
            front,
            proxies,
            book,
            clock,
        }
    }

    pub(crate) fn trust(&self, proxy: FrontProxy) {
        self.proxies.send_replace(Arc::new(proxy));
    }
}
