//! The external metrics API: its port, its certificate, and whom the API server says it asks for.

use anyhow::Context as _;
use jiff::SignedDuration;
use lag_cluster::{Cluster, KubeReviews, RequestHeader};
use lag_core::{
    BoardCell, FrontProxy, NamespaceScopes,
    port::{PortErrorKind, Reviews},
};
use lag_runtime::{
    Now,
    config::{Config, ExternalAuth, ExternalMetricsConfig},
    shutdown::Shutdown,
};
use lag_serve::{
    Swap,
    external::{AuthMode, ExternalConfig, ExternalMetrics, Guard},
    web::{self, ClientCertificates, Protocols, ServerTls, TlsFiles, Wire},
};
use std::{io, sync::Arc, time::Duration};
use tokio::{net::TcpListener, sync::watch, task::JoinSet};

use super::{GRACE, Source};
use crate::cluster;

const FLAG: &str = "--external-metrics.listen-address";

/// What the address has by convention.
const PORT: u16 = 6443;

/// One watch of the API server's configuration lasts almost as long as a call may take.
const WATCH_TIMEOUT: Duration = Duration::from_secs(300);

/// Somebody waits for the answer to a review: an aggregator gives up after some seconds, and then says less than we do.
const REVIEW_TIMEOUT: Duration = Duration::from_secs(3);

pub(super) struct External {
    listener: TcpListener,
    tls: ServerTls,
    mode: AuthMode,
    request_header: RequestHeader,
    proxy: FrontProxy,
    reviews: Option<Arc<dyn Reviews>>,
    settings: ExternalConfig,
}

/// What decides about answers.
fn settings(wanted: &ExternalMetricsConfig, config: &Config) -> anyhow::Result<ExternalConfig> {
    Ok(ExternalConfig {
        max_age: SignedDuration::try_from(config.lag.max_age)?,
        topics: config.collect.topics,
        recommends: !config.recommend.rules.is_empty(),
        scopes: wanted.namespaces.clone().map(NamespaceScopes::new),
        build: crate::run::BUILD,
    })
}

/// The API, as it is served. Who may ask is found out as before.
pub(super) struct Served {
    board: Arc<BoardCell>,
    now: Now,
    routes: Swap,
}

impl Served {
    /// Discovery and answers change at the same moment.
    pub(super) fn reconfigure(&self, config: &Config) -> anyhow::Result<()> {
        if let Some(wanted) = &config.external_metrics {
            let settings = settings(wanted, config)?;
            let metrics = ExternalMetrics::new(self.board.clone(), self.now.clone(), settings);
            self.routes.set(metrics.router());
        }
        Ok(())
    }
}

impl External {
    /// An API server that does not answer now is waited for while the port already says so; one that refuses, or is set
    /// up dangerously, is a mistake.
    pub(super) async fn open(
        wanted: &ExternalMetricsConfig,
        config: &Config,
        now: &Now,
    ) -> anyhow::Result<Self> {
        let files = TlsFiles {
            cert_file: wanted.pair.cert_file.clone(),
            key_file: wanted.pair.key_file.clone(),
        };
        let tls = ServerTls::load(files, ClientCertificates::Asked, Protocols::Web, now.clone())
            .context("the certificate of external metrics (--external-metrics.tls-cert-file, --external-metrics.tls-key-file)")?;
        let written = &wanted.listen_address;
        let parsed = written.text.parse::<web::ListenAddress>();
        let parsed = parsed.map_err(|error| error.for_port(PORT));
        let address = parsed.with_context(|| written.place.clone())?;
        let listener = web::bind(&address, FLAG).await?;
        let watched = find(config, Some(WATCH_TIMEOUT)).await?;
        let request_header = RequestHeader::new(&watched);
        let proxy = match request_header.read().await {
            Ok(proxy) => {
                let checked = Guard::check(&proxy).map_err(anyhow::Error::msg);
                checked.context(FLAG)?;
                proxy
            }
            Err(error) if error.kind == PortErrorKind::Unavailable => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    cluster = watched.host,
                    "external metrics refuse everybody until the API server says whom to trust"
                );
                FrontProxy::default()
            }
            Err(error) => return Err(error).context(FLAG),
        };
        let (mode, reviews) = match wanted.auth {
            ExternalAuth::Mtls => (AuthMode::Mtls, None),
            ExternalAuth::Delegated => {
                let limit = config.kubernetes.timeout.min(REVIEW_TIMEOUT);
                let asked = find(config, Some(limit)).await?;
                let reviews = KubeReviews::new(asked.client, asked.call_timeout);
                (
                    AuthMode::Delegated,
                    Some(Arc::new(reviews) as Arc<dyn Reviews>),
                )
            }
        };
        tracing::info!(
            address = %listener.local_addr()?,
            auth = %mode,
            cluster = watched.host,
            "external metrics are served"
        );
        Ok(Self {
            listener,
            tls,
            mode,
            request_header,
            proxy,
            reviews,
            settings: settings(wanted, config)?,
        })
    }

    pub(super) fn serve(
        self,
        source: &Source,
        now: &Now,
        shutdown: &Shutdown,
        tasks: &mut JoinSet<io::Result<()>>,
    ) -> Served {
        let metrics = ExternalMetrics::new(source.board.clone(), now.clone(), self.settings);
        let routes = Swap::new(metrics.router());
        let (told, proxies) = watch::channel(Arc::new(self.proxy));
        let guard = Guard::new(self.mode, proxies, self.reviews, now.clone());
        let router = guard.protect(routes.router());
        let mut end = shutdown.clone();
        let follow = self.request_header.follow(told);
        tasks.spawn(async move {
            // Dropped at the end: it only reads.
            tokio::select! {
                () = end.requested() => {}
                () = follow => {}
            }
            Ok(())
        });
        let (listener, wire, mut end) = (self.listener, Wire::Tls(self.tls), shutdown.clone());
        tasks.spawn(async move {
            web::serve_with(
                listener,
                wire,
                router,
                async move { end.requested().await },
                GRACE,
            )
            .await
        });
        Served {
            board: source.board.clone(),
            now: now.clone(),
            routes,
        }
    }
}

async fn find(config: &Config, call_timeout: Option<Duration>) -> anyhow::Result<Cluster> {
    cluster::find(&config.kubernetes, FLAG, call_timeout).await
}
