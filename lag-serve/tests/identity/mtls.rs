//! Mode `mtls`: the API server and nobody else.

use crate::{
    certificates::{Ca, Identity},
    client::{BOTH, Connection, Shows, secured, trusting_over},
    server::{Cluster, FRONT, METRIC, proxy},
};
use lag_serve::external::{AuthMode, Guard};
use rcgen::ExtendedKeyUsagePurpose;
use rustls::{crypto::ring, sign::CertifiedKey};
use std::sync::Arc;

/// What somebody writes who wants to be the autoscaler, or root.
const FORGED: [(&str, &str); 3] = [
    ("x-remote-user", "system:kube-aggregator"),
    ("x-remote-group", "system:masters"),
    ("x-remote-extra-scopes", "all"),
];

/// Refused on both HTTPs, with and without forged headers, on a metric and on a path that nobody knows.
async fn refusal(cluster: &Cluster, identity: Option<&Identity>) -> String {
    let mut message = None;
    for http in BOTH {
        let mut connection = cluster.connect(identity, http).await;
        for path in [METRIC, "/apis", "/nobody/knows"] {
            for headers in [&[][..], &FORGED[..]] {
                let refused = connection.get(path, headers).await.refused(403);
                assert_eq!(message.get_or_insert(refused.clone()), &refused);
            }
        }
    }
    message.unwrap()
}

#[tokio::test]
async fn the_front_proxy_is_served_with_and_without_a_user() {
    let cluster = Cluster::start(AuthMode::Mtls).await;
    let front = cluster.front.client(FRONT);
    for http in BOTH {
        let mut connection = cluster.connect(Some(&front), http).await;
        for headers in [&[][..], &FORGED[..]] {
            let reply = connection.get(METRIC, headers).await;
            reply.served();
            assert!(
                reply.body.ends_with(" []"),
                "routes see no identity: {}",
                reply.body
            );
        }
    }
    assert!(cluster.book.asked.lock().unwrap().is_empty(), "no reviews");
}

#[tokio::test]
async fn nobody_is_told_to_ask_the_api_server() {
    let cluster = Cluster::start(AuthMode::Mtls).await;
    let message = refusal(&cluster, None).await;
    assert!(message.starts_with("no client certificate: "), "{message}");
    for part in ["kubectl get --raw", "--external-metrics.auth delegated"] {
        assert!(message.contains(part), "{message}");
    }
    let token = [("authorization", "Bearer t0k")];
    cluster.get(None, METRIC, &token).await.refused(403);
    assert!(cluster.book.shown.lock().unwrap().is_empty());
}

#[tokio::test]
async fn probes_need_no_certificate_and_nothing_else_is_open() {
    let cluster = Cluster::start(AuthMode::Mtls).await;
    for path in ["/healthz", "/livez", "/readyz"] {
        cluster.get(None, path, &FORGED).await.served();
    }
    for path in ["/healthz/", "/healthz/x", "//healthz", "/%68ealthz", "/"] {
        cluster.get(None, path, &[]).await.refused(403);
    }
}

#[tokio::test]
async fn a_certificate_of_another_ca_is_foreign() {
    let cluster = Cluster::start(AuthMode::Mtls).await;
    // A stranger may give a CA and a certificate the right names.
    let stranger = Ca::new("front-proxy-ca");
    let user = cluster.clients.client("alice");
    for identity in [&stranger.client(FRONT), &user] {
        let message = refusal(&cluster, Some(identity)).await;
        assert!(
            message.contains("is not issued by the request-header CA"),
            "{message}"
        );
    }
}

#[tokio::test]
async fn an_expired_certificate_says_since_when() {
    let cluster = Cluster::start(AuthMode::Mtls).await;
    let expired = cluster.front.client_of_years(FRONT, 2020, 2026);
    let message = refusal(&cluster, Some(&expired)).await;
    assert!(
        message.contains("\"front-proxy-client\" has expired on 2026-01-01T00:00:00Z: renew it"),
        "{message}"
    );
    let early = cluster.front.client_of_years(FRONT, 2027, 2030);
    let message = refusal(&cluster, Some(&early)).await;
    assert!(
        message.contains("is valid from 2027-01-01T00:00:00Z on only"),
        "{message}"
    );
}

#[tokio::test]
async fn a_name_that_is_not_allowed_is_named_with_those_that_are() {
    let cluster = Cluster::start(AuthMode::Mtls).await;
    for name in ["front-proxy-client2", "", "Front-Proxy-Client"] {
        let other = cluster.front.client(name);
        let message = refusal(&cluster, Some(&other)).await;
        let expected =
            format!("name {name:?} is not among the allowed names [\"front-proxy-client\"]");
        assert!(message.contains(&expected), "{message}");
    }
}

#[tokio::test]
async fn a_certificate_for_servers_is_none_for_clients() {
    let cluster = Cluster::start(AuthMode::Mtls).await;
    let server = cluster.front.client_with(FRONT, |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    });
    let message = refusal(&cluster, Some(&server)).await;
    assert!(message.contains("must hold clientAuth"), "{message}");
}

#[tokio::test]
async fn a_name_from_outside_cannot_write_into_a_message() {
    let cluster = Cluster::start(AuthMode::Mtls).await;
    let stranger = Ca::new("x");
    let rude = format!("\r\nX: \u{1b}[31m{}", "a".repeat(10_000));
    let message = refusal(&cluster, Some(&stranger.client(&rude))).await;
    assert!(message.contains(r#""\r\nX: \u{1b}[31maaa"#), "{message}");
}

#[tokio::test]
async fn a_borrowed_certificate_without_its_key_gets_no_connection() {
    let cluster = Cluster::start(AuthMode::Mtls).await;
    let (front, own) = (
        cluster.front.client(FRONT),
        cluster.front.client("somebody"),
    );
    let key = ring::sign::any_supported_type(&own.key()).unwrap();
    let borrowed = Arc::new(CertifiedKey::new(front.chain.clone(), key));
    let versions = [&rustls::version::TLS12, &rustls::version::TLS13];
    for (http, version) in BOTH
        .into_iter()
        .flat_map(|http| versions.map(|v| (http, v)))
    {
        let own = trusting_over(&[version], &cluster.serving, Some(&front));
        let stream = secured(&cluster.server, own, http).await.unwrap();
        let mut connection = Connection::over(stream, http).await.unwrap();
        connection.get(METRIC, &[]).await.served();
        let mut config = trusting_over(&[version], &cluster.serving, None);
        config.client_auth_cert_resolver = Arc::new(Shows(borrowed.clone()));
        let is_answered = match secured(&cluster.server, config, http).await {
            // In TLS 1.3 the client has finished before it is judged.
            Ok(stream) => match Connection::over(stream, http).await {
                Ok(mut connection) => connection.try_get(METRIC, &[]).await.is_ok(),
                Err(_) => false,
            },
            Err(_) => false,
        };
        assert!(!is_answered);
    }
}

#[tokio::test]
async fn an_intermediate_ca_is_followed() {
    let cluster = Cluster::start(AuthMode::Mtls).await;
    let between = cluster.front.below("between");
    let mut identity = between.client(FRONT);
    let alone = refusal(&cluster, Some(&identity)).await;
    assert!(alone.contains("is not issued by"), "{alone}");
    identity.chain.push(between.der());
    cluster.get(Some(&identity), METRIC, &[]).await.served();
}

#[tokio::test]
async fn without_allowed_names_any_certificate_of_a_ca_of_its_own_will_do() {
    let (clients, front) = (Ca::new("kubernetes"), Ca::new("front-proxy-ca"));
    let proxy = proxy(&clients.pem(), &front.pem(), &[]);
    let cluster = Cluster::with(AuthMode::Mtls, clients, front, proxy).await;
    let any = cluster.front.client("any");
    cluster.get(Some(&any), METRIC, &[]).await.served();
    let user = cluster.clients.client("any");
    cluster.get(Some(&user), METRIC, &[]).await.refused(403);
}

#[tokio::test]
async fn one_ca_for_all_without_allowed_names_closes_the_door() {
    let one = Ca::new("kubernetes");
    let renewed = one.renewed("kubernetes");
    assert_ne!(one.pem(), renewed.pem(), "another text, the same key");
    for (clients, own) in [(one.pem(), one.pem()), (one.pem(), renewed.pem())] {
        let named = proxy(&clients, &own, &[FRONT]);
        assert_eq!(Guard::check(&named), Ok(()));
        let proxy = proxy(&clients, &own, &[]);
        let problem = Guard::check(&proxy).unwrap_err();
        assert!(
            problem.contains("--requestheader-allowed-names"),
            "{problem}"
        );
        let (clients, front) = (one.renewed("kubernetes"), one.renewed("kubernetes"));
        let cluster = Cluster::with(AuthMode::Mtls, clients, front, proxy).await;
        let user = cluster.front.client(FRONT);
        let message = cluster.get(Some(&user), METRIC, &[]).await.refused(503);
        assert!(
            message.contains("--requestheader-allowed-names"),
            "{message}"
        );
        cluster.get(None, "/healthz", &[]).await.served();
    }
}

#[test]
fn a_ca_text_without_a_certificate_is_found_at_the_start() {
    let clients = Ca::new("kubernetes").pem();
    let (begin, end) = ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----");
    for own in [
        String::new(),
        "x".to_owned(),
        format!("{begin}\nAAAA\n{end}\n"),
    ] {
        let problem = Guard::check(&proxy(&clients, &own, &[FRONT])).unwrap_err();
        assert!(
            problem.contains("requestheader-client-ca-file"),
            "{problem}"
        );
    }
}
