//! A scaler over a made-up board, for clients and for measuring: `keda [GROUPS [CERTIFICATE KEY [CLIENT_CA]]]`, PEM files.
//!
//! It watches `alikafka_pre-cn-demo` with the groups `group-00000` and so on, whose lags go up to 1,000,002, of which
//! `group-00000` has none, and with the group `stale`. It listens on a free port of the loopback, which it prints.
//!
//! ```sh
//! cargo run --release -p lag-serve --features keda --example keda 20000 # prints ADDRESS
//! tests/e2e/keda_client.py --frame body ADDRESS GetMetrics consumerGroup=group-12345 lagThreshold=50000
//! h2load -n 60000 -c 1 -m 8 -t 1 --log-file=microseconds -d body -H 'content-type: application/grpc' \
//!   -H 'te: trailers' http://ADDRESS/externalscaler.ExternalScaler/GetMetrics
//! ```
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use hyper::server::conn::http2;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    service::TowerToHyperService,
};
use jiff::{SignedDuration, Timestamp};
use lag_core::{
    Board, BoardCell, Instance, InstanceId, Lag, LagSample, LagSnapshot, SeriesName,
    port::Collected,
};
use lag_serve::keda::{Keda, KedaConfig};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
};
use std::{collections::BTreeMap, env, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    sync::watch,
};
use tokio_rustls::TlsAcceptor;

#[expect(clippy::disallowed_methods, reason = "an example is its own shell")]
fn now() -> Timestamp {
    Timestamp::now()
}

fn board(groups: usize) -> Board {
    let id: InstanceId = "alikafka_pre-cn-demo".parse().unwrap();
    let sample = |group: String, age: i64, lag: usize| {
        let name = SeriesName {
            group: group.parse().unwrap(),
            topic: None,
        };
        let at = now() - SignedDuration::from_secs(age);
        let lag = Lag::try_from(f64::from(u32::try_from(lag).unwrap())).unwrap();
        let trend = None;
        (name, LagSample { at, lag, trend })
    };
    let mut samples: Vec<_> = (0..groups)
        .map(|n| sample(format!("group-{n:05}"), 60, n * 7919 % 1_000_003))
        .collect();
    samples.push(sample("stale".into(), 86_400, 7));
    let mut snapshot = LagSnapshot::empty(now());
    snapshot.instances.insert(id.clone(), samples);
    let failed = BTreeMap::new();
    let collected = Collected { snapshot, failed };
    let instance = Instance {
        id,
        region: "cn-hangzhou".into(),
        expected: vec![],
    };
    let took = Duration::from_millis(80);
    let forget_after = SignedDuration::from_hours(48);
    Board::default()
        .watching("demo", [instance], now())
        .collected("demo", collected, took, forget_after)
}

fn tls(certificate: &str, key: &str, client_ca: Option<&String>) -> TlsAcceptor {
    let chain = CertificateDer::pem_file_iter(certificate).unwrap();
    let chain = chain.collect::<Result<_, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_file(key).unwrap();
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone());
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    let builder = match client_ca {
        None => builder.with_no_client_auth(),
        Some(file) => {
            let mut roots = RootCertStore::empty();
            roots
                .add(CertificateDer::from_pem_file(file).unwrap())
                .unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let mut config = builder.with_single_cert(chain, key).unwrap();
    config.alpn_protocols = vec![b"h2".into()];
    TlsAcceptor::from(Arc::new(config))
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, router: axum::Router) {
    let service = TowerToHyperService::new(router);
    let server = http2::Builder::new(TokioExecutor::new());
    // A client that goes away is no event here.
    let _ = server.serve_connection(TokioIo::new(stream), service).await;
}

// One thread: what is measured is one core.
#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let groups = arguments.first().map_or(3, |text| text.parse().unwrap());
    let tls = arguments
        .get(1)
        .map(|certificate| tls(certificate, &arguments[2], arguments.get(3)));
    let cell = Arc::new(BoardCell::new(board(groups)));
    let (_updates, receiver) = watch::channel(());
    // A board that is measured for long stays fresh.
    let max_age = SignedDuration::from_hours(1);
    let keda = Keda::new(
        cell,
        receiver,
        Arc::new(now),
        KedaConfig {
            max_age,
            topics: false,
        },
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (router, tls) = (keda.router(), tls.clone());
        tokio::spawn(async move {
            match tls {
                None => serve(stream, router).await,
                Some(tls) => match tls.accept(stream).await {
                    Ok(stream) => serve(stream, router).await,
                    Err(error) => println!("{error}"),
                },
            }
        });
    }
}
