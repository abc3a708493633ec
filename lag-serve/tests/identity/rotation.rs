//! What changes while the server runs.

use crate::{
    certificates::Ca,
    client::{BOTH, Http, secured, trusting},
    server::{Cluster, FRONT, METRIC, proxy},
};
use lag_serve::external::AuthMode;

#[tokio::test]
async fn a_new_request_header_ca_is_good_at_once_also_on_open_connections() {
    let cluster = Cluster::start(AuthMode::Mtls).await;
    let next = Ca::new("front-proxy-ca-2");
    let clients = cluster.clients.pem();
    let (old_one, new_one) = (cluster.front.client(FRONT), next.client(FRONT));
    for http in BOTH {
        cluster.trust(proxy(&clients, &cluster.front.pem(), &[FRONT]));
        let mut old = cluster.connect(Some(&old_one), http).await;
        let mut new = cluster.connect(Some(&new_one), http).await;
        old.get(METRIC, &[]).await.served();
        new.get(METRIC, &[]).await.refused(403);

        let both = format!("{}{}", cluster.front.pem(), next.pem());
        cluster.trust(proxy(&clients, &both, &[FRONT]));
        old.get(METRIC, &[]).await.served();
        new.get(METRIC, &[]).await.served();

        cluster.trust(proxy(&clients, &next.pem(), &[FRONT]));
        let message = old.get(METRIC, &[]).await.refused(403);
        assert!(message.contains("is not issued by"), "{message}");
        new.get(METRIC, &[]).await.served();

        cluster.trust(proxy(&clients, &next.pem(), &["other"]));
        new.get(METRIC, &[]).await.refused(403);
    }
}

#[tokio::test]
async fn a_new_configuration_that_cannot_be_used_leaves_the_old_one() {
    let cluster = Cluster::start(AuthMode::Mtls).await;
    let front = cluster.front.client(FRONT);
    let mut connection = cluster.connect(Some(&front), Http::One).await;
    connection.get(METRIC, &[]).await.served();
    let own = cluster.front.pem();
    for broken in [
        proxy(&cluster.clients.pem(), "", &[FRONT]),
        proxy(&own, &own, &[]),
        proxy(
            "",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
            &[],
        ),
    ] {
        cluster.trust(broken);
        connection.get(METRIC, &[]).await.served();
        let user = cluster.clients.client("alice");
        cluster.get(Some(&user), METRIC, &[]).await.refused(403);
    }
}

#[tokio::test]
async fn a_certificate_that_runs_out_on_an_open_connection_is_refused() {
    let cluster = Cluster::start(AuthMode::Mtls).await;
    let front = cluster.front.client_of_years(FRONT, 2020, 2027);
    for http in BOTH {
        cluster.clock.set("2026-12-31T23:59:59Z");
        let mut connection = cluster.connect(Some(&front), http).await;
        connection.get(METRIC, &[]).await.served();
        cluster.clock.set("2027-01-01T00:00:00Z");
        connection.get(METRIC, &[]).await.served();
        cluster.clock.forward(1);
        let message = connection.get(METRIC, &[]).await.refused(403);
        assert!(
            message.contains("has expired on 2027-01-01T00:00:00Z"),
            "{message}"
        );
    }
}

#[tokio::test]
async fn a_new_serving_certificate_is_served_without_a_restart() {
    let cluster = Cluster::start(AuthMode::Mtls).await;
    let front = cluster.front.client(FRONT);
    let next = Ca::new("serving-2");
    let mut open = cluster.connect(Some(&front), Http::Two).await;
    open.get(METRIC, &[]).await.served();

    cluster.pair.write(&next.server());
    cluster.clock.forward(2);
    let old = trusting(&cluster.serving, Some(&front));
    assert!(
        secured(&cluster.server, old, Http::One).await.is_err(),
        "the old certificate is gone"
    );
    let new = trusting(&next, Some(&front));
    secured(&cluster.server, new, Http::One).await.unwrap();
    open.get(METRIC, &[]).await.served();
}

#[tokio::test]
async fn a_resumed_session_is_judged_like_a_new_one() {
    let cluster = Cluster::start(AuthMode::Mtls).await;
    let front = cluster.front.client(FRONT);
    let mut config = trusting(&cluster.serving, Some(&front));
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let mut kinds = Vec::new();
    for round in 0..2 {
        let stream = crate::client::handshake(&cluster.server, config.clone())
            .await
            .unwrap();
        kinds.push(stream.get_ref().1.handshake_kind().unwrap());
        let mut connection = crate::client::Connection::over(stream, Http::One)
            .await
            .unwrap();
        if round == 0 {
            connection.get(METRIC, &[]).await.served();
            let next = Ca::new("front-proxy-ca-2").pem();
            cluster.trust(proxy(&cluster.clients.pem(), &next, &[FRONT]));
        } else {
            connection.get(METRIC, &[]).await.refused(403);
        }
    }
    use rustls::HandshakeKind::{Full, Resumed};
    assert_eq!(kinds, [Full, Resumed], "resumption is on");
}
