//! What TLS and the guard cost on a kept connection. Server and client share one thread, so a request costs what one core
//! pays for both ends.
#![allow(clippy::unwrap_used)]

#[path = "../tests/identity/certificates.rs"]
#[allow(dead_code, reason = "a part of the tests' certificates")]
mod certificates;
#[path = "../tests/identity/client.rs"]
#[allow(dead_code, reason = "a part of the tests' client")]
mod client;
#[path = "../tests/identity/server.rs"]
#[allow(dead_code, reason = "a part of the tests' server")]
mod server;

use client::Http;
use criterion::{Criterion, criterion_group, criterion_main};
use lag_serve::{
    external::AuthMode,
    web::{ClientCertificates, Protocols, Wire},
};
use server::{Cluster, FRONT, METRIC, Server, echo};
use std::hint::black_box;
use tokio::runtime::Builder;

const HEADERS: [(&str, &str); 2] = [
    (
        "x-remote-user",
        "system:serviceaccount:kube-system:horizontal-pod-autoscaler",
    ),
    ("x-remote-group", "system:masters"),
];

fn kept_connection(criterion: &mut Criterion) {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    for mode in [AuthMode::Mtls, AuthMode::Delegated] {
        let cluster = runtime.block_on(Cluster::start(mode));
        let front = cluster.front.client(FRONT);
        for http in client::BOTH {
            let mut connection = runtime.block_on(cluster.connect(Some(&front), http));
            criterion.bench_function(&format!("{mode} {http:?}"), |bencher| {
                bencher.iter(|| {
                    let reply = runtime.block_on(connection.get(METRIC, &HEADERS));
                    black_box(reply).served();
                });
            });
        }
    }
    let cluster = runtime.block_on(Cluster::start(AuthMode::Mtls));
    let open = ClientCertificates::None;
    let tls = cluster.pair.tls(open, Protocols::Web, &cluster.clock);
    let mut connection = runtime.block_on(async {
        let server = Server::start(Wire::Tls(tls), echo()).await;
        let config = client::trusting(&cluster.serving, None);
        let stream = client::secured(&server, config, Http::One).await.unwrap();
        let connection = client::Connection::over(stream, Http::One).await.unwrap();
        // The server ends when this is dropped.
        std::mem::forget(server.stop);
        connection
    });
    criterion.bench_function("without a guard One", |bencher| {
        bencher.iter(|| runtime.block_on(connection.get(METRIC, &HEADERS)).served());
    });
}

criterion_group!(benches, kept_connection);
criterion_main!(benches);
