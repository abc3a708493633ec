//! Strangers who hold all places: the API server is served all the same. Both ends are in this process, which needs 1,300
//! open files.

use crate::{
    client::{BOTH, Connection, Http, secured, trusting},
    server::{Cluster, FRONT, METRIC, Server},
};
use axum::{Router, routing::get};
use lag_serve::{
    external::AuthMode,
    web::{ClientCertificates, Protocols, Wire},
};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::{TcpSocket, TcpStream},
    sync::Semaphore,
    task::JoinSet,
    time::{Instant, timeout},
};

/// An aggregator gives up after 5 s. It takes milliseconds, or a second more when the system has dropped a SYN.
const SOON: Duration = Duration::from_secs(4);

/// Asks on a new connection, as the API server does, several times.
async fn the_api_server_is_served(cluster: &Cluster) {
    let front = cluster.front.client(FRONT);
    for http in [BOTH, BOTH].concat() {
        let begun = Instant::now();
        let served = async {
            let mut connection = cluster.connect(Some(&front), http).await;
            connection.get(METRIC, &[]).await.served();
        };
        let served = timeout(SOON, served).await;
        served.unwrap_or_else(|_| panic!("{http:?} after {:?}", begun.elapsed()));
    }
}

/// From another address of the loopback network each, where the system has them.
async fn silent(address: SocketAddr, host: u8) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    let own = SocketAddr::from(([127, 0, 1, host], 0));
    if socket.bind(own).is_err() {
        return TcpStream::connect(address).await.unwrap();
    }
    socket.connect(address).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silent_connections_of_one_address_and_of_many_keep_nobody_out() {
    for hosts in [1, 250] {
        let cluster = Cluster::start(AuthMode::Mtls).await;
        let (mut held, connected) = (JoinSet::new(), Arc::new(Semaphore::new(0)));
        for n in 0..700_u16 {
            let (address, connected) = (cluster.server.address, connected.clone());
            let host = u8::try_from(n % hosts).unwrap() + 1;
            held.spawn(async move {
                let _held = silent(address, host).await;
                connected.add_permits(1);
                std::future::pending::<()>().await;
            });
        }
        // All places; the queue of the system may be too short for the rest.
        connected.acquire_many(540).await.unwrap().forget();
        the_api_server_is_served(&cluster).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_who_ask_for_health_keep_nobody_out() {
    let cluster = Arc::new(Cluster::start(AuthMode::Mtls).await);
    let front = cluster.front.client(FRONT);
    let mut known = cluster.connect(Some(&front), Http::Two).await;
    known.get(METRIC, &[]).await.served();
    let mut strangers = JoinSet::new();
    let (asked, places) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(32)));
    for _ in 0..600 {
        let (cluster, asked, places) = (cluster.clone(), asked.clone(), places.clone());
        strangers.spawn(async move {
            let place = places.acquire_owned().await.unwrap();
            let config = trusting(&cluster.serving, None);
            let mut connection = match secured(&cluster.server, config, Http::One).await {
                Ok(stream) => Connection::over(stream, Http::One).await.ok(),
                Err(_) => None,
            };
            // Until it is cut.
            if let Some(connection) = &mut connection {
                _ = connection.try_get("/healthz", &[]).await;
            }
            drop(place);
            asked.add_permits(1);
            while let Some(connection) = &mut connection
                && connection.try_get("/healthz", &[]).await.is_ok()
            {
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        });
    }
    let all = asked.acquire_many(600);
    timeout(Duration::from_secs(20), all)
        .await
        .unwrap()
        .unwrap()
        .forget();
    the_api_server_is_served(&cluster).await;
    // Whoever has shown who it is keeps its connection.
    known.get(METRIC, &[]).await.served();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_is_answered_is_not_cut() {
    let cluster = Cluster::start(AuthMode::Mtls).await;
    let go = Arc::new(Semaphore::new(0));
    let waits = go.clone();
    let slow = Router::new().route(
        "/slow",
        get(async move || {
            waits.acquire().await.unwrap().forget();
            "done"
        }),
    );
    let tls = cluster
        .pair
        .tls(ClientCertificates::None, Protocols::Web, &cluster.clock);
    let server = Server::start(Wire::Tls(tls), slow).await;
    let mut slow = Vec::new();
    for http in BOTH {
        let stream = secured(&server, trusting(&cluster.serving, None), http)
            .await
            .unwrap();
        let mut connection = Connection::over(stream, http).await.unwrap();
        slow.push(tokio::spawn(async move {
            connection.get("/slow", &[]).await.served()
        }));
    }
    let mut held = Vec::new();
    for _ in 0..600 {
        held.push(TcpStream::connect(server.address).await.unwrap());
    }
    go.add_permits(2);
    for slow in slow {
        slow.await.unwrap();
    }
}
