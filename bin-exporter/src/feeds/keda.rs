//! KEDA's external scaler: its port, in plain text or with TLS.

use anyhow::Context as _;
use jiff::SignedDuration;
use lag_runtime::{
    Now,
    config::{Config, KedaConfig},
    shutdown::Shutdown,
};
use lag_serve::{
    keda,
    web::{self, ClientCertificates, Protocols, ServerTls, TlsFiles, Wire},
};
use std::io;
use tokio::{net::TcpListener, task::JoinSet};

use super::{GRACE, Source};

/// What the address has by convention.
const PORT: u16 = 6000;

/// KEDA, as it is served.
pub(super) struct Served(keda::Keda);

impl Served {
    pub(super) fn reconfigure(&self, config: &Config) -> anyhow::Result<()> {
        self.0.reconfigure(settings(config)?);
        Ok(())
    }
}

fn settings(config: &Config) -> anyhow::Result<keda::KedaConfig> {
    Ok(keda::KedaConfig {
        max_age: SignedDuration::try_from(config.lag.max_age)?,
        topics: config.collect.topics,
    })
}

pub(super) struct Keda {
    listener: TcpListener,
    wire: Wire,
    config: keda::KedaConfig,
}

impl Keda {
    pub(super) async fn open(
        wanted: &KedaConfig,
        config: &Config,
        now: &Now,
    ) -> anyhow::Result<Self> {
        let wire = match &wanted.pair {
            None => Wire::Http2,
            Some(pair) => {
                let files = TlsFiles {
                    cert_file: pair.cert_file.clone(),
                    key_file: pair.key_file.clone(),
                };
                let clients = match wanted.client_ca_file.clone() {
                    Some(ca_file) => ClientCertificates::Required { ca_file },
                    None => ClientCertificates::None,
                };
                let tls = ServerTls::load(files, clients, Protocols::Grpc, now.clone())
                    .context("the certificates for KEDA (--keda.tls-cert-file, --keda.tls-key-file, --keda.client-ca-file)")?;
                Wire::Tls(tls)
            }
        };
        let written = &wanted.listen_address;
        let parsed = written.text.parse::<web::ListenAddress>();
        let parsed = parsed.map_err(|error| error.for_port(PORT));
        let address = parsed.with_context(|| written.place.clone())?;
        let listener = web::bind(&address, "--keda.listen-address").await?;
        tracing::info!(
            address = %listener.local_addr()?,
            tls = wanted.pair.is_some(),
            "KEDA is served"
        );
        Ok(Self {
            listener,
            wire,
            config: settings(config)?,
        })
    }

    pub(super) fn serve(
        self,
        source: &Source,
        now: &Now,
        shutdown: &Shutdown,
        tasks: &mut JoinSet<io::Result<()>>,
    ) -> Served {
        let updates = source.updated.subscribe();
        let served = keda::Keda::new(source.board.clone(), updates, now.clone(), self.config);
        let router = served.router();
        let mut end = shutdown.clone();
        tasks.spawn(async move {
            web::serve_with(
                self.listener,
                self.wire,
                router,
                async move { end.requested().await },
                GRACE,
            )
            .await
        });
        Served(served)
    }
}
