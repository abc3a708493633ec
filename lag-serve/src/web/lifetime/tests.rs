use super::*;
use crate::web::{
    ClientCertificates, Protocols, ServerTls, TlsFiles, connection::secured, idle::Activity,
};
use axum::{Router, body::Bytes, routing::get};
use http::Request;
use http_body_util::Empty;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd,
};
use rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::PrivateKeyDer};
use std::{fs, future::pending, sync::Arc};
use tokio::{
    sync::watch,
    time::{Instant, timeout},
};
use tokio_rustls::TlsConnector;

/// Certificates of clients end at 2100-01-01T00:00:00Z.
const END: i64 = 4_102_444_800;

/// Longer than anything here lasts.
const HOUR: Duration = Duration::from_hours(1);

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn client(issuer: Option<&CertifiedIssuer<'_, KeyPair>>) -> (Certificate, KeyPair) {
    let mut params = CertificateParams::new(["keda".to_owned()]).unwrap();
    params.not_after = date_time_ymd(2100, 1, 1);
    let key = KeyPair::generate().unwrap();
    let made = match issuer {
        Some(issuer) => params.signed_by(&key, issuer),
        None => params.self_signed(&key),
    };
    (made.unwrap(), key)
}

#[test]
fn a_connection_lasts_ten_minutes_and_never_longer_than_its_certificate() {
    let (certificate, _) = client(None);
    for (left, lasts) in [
        (i64::MAX, 600),
        (601, 600),
        (599, 599),
        (1, 1),
        (0, 0),
        (-1, 0),
    ] {
        let now = if left == i64::MAX { 0 } else { END - left };
        let expected = Duration::from_secs(lasts);
        assert_eq!(of(certificate.der(), at(now)), expected, "{left}");
    }
    let nonsense = CertificateDer::from(vec![1, 2, 3]);
    assert_eq!(of(&nonsense, at(0)), LONGEST);
}

/// An HTTP/2 client with a certificate, and the server at the other end of a pipe. The clock of the server stands at so
/// many seconds before the certificate ends.
async fn connected(left: i64) -> (SendRequest<Empty<Bytes>>, tokio::task::JoinHandle<()>) {
    let directory = tempfile::tempdir().unwrap();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let serving = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let serving_key = KeyPair::generate().unwrap();
    let serving = serving.signed_by(&serving_key, &ca).unwrap();
    let place = |name: &str, text: String| {
        let path = directory.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let files = TlsFiles {
        cert_file: place("tls.crt", serving.pem()),
        key_file: place("tls.key", serving_key.serialize_pem()),
    };
    let ca_file = place("ca.crt", ca.pem());
    let clients = ClientCertificates::Required { ca_file };
    let now = Arc::new(move || at(END - left));
    let tls = ServerTls::load(files, clients, Protocols::Grpc, now).unwrap();

    let (own, key) = client(Some(&ca));
    let mut roots = RootCertStore::empty();
    roots.add(ca.der().clone()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(
            vec![own.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];

    let router = Router::new()
        .route("/", get(|| async { "hello" }))
        .route("/held", get(pending::<()>));
    let (near, far) = tokio::io::duplex(64 * 1024);
    let served = tokio::spawn(async move {
        // Not stopped from outside: whoever would say so is there.
        let (_running, stopped) = watch::channel(false);
        secured(far, tls, router, Activity::new(), stopped).await;
    });
    let name = "localhost".try_into().unwrap();
    let stream = TlsConnector::from(Arc::new(config))
        .connect(name, near)
        .await
        .unwrap();
    let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    (sender, served)
}

async fn ask(sender: &mut SendRequest<Empty<Bytes>>, path: &str) -> hyper::Result<u16> {
    let request = Request::get(format!("https://localhost{path}")).body(Empty::new());
    sender.ready().await?;
    let answer = sender.send_request(request.unwrap()).await?;
    Ok(answer.status().as_u16())
}

/// Asks every seven seconds until there is no answer.
async fn asked_to_the_end(mut sender: SendRequest<Empty<Bytes>>) -> Duration {
    let begun = Instant::now();
    while ask(&mut sender, "/").await.is_ok() && begun.elapsed() < HOUR {
        sleep(Duration::from_secs(7)).await;
    }
    begun.elapsed()
}

#[tokio::test(start_paused = true)]
async fn an_expired_certificate_is_not_answered_on_an_open_connection() {
    let (sender, served) = connected(100).await;
    assert_eq!(asked_to_the_end(sender).await.as_secs(), 105);
    served.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_certificate_is_shown_again_after_ten_minutes_however_busy_its_connection() {
    let (sender, served) = connected(1_000_000).await;
    assert_eq!(asked_to_the_end(sender).await.as_secs(), 602);
    served.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_never_ends_is_cut_with_its_connection() {
    let (mut sender, served) = connected(100).await;
    let begun = Instant::now();
    let held = timeout(HOUR, ask(&mut sender, "/held")).await;
    assert!(held.is_ok_and(|answer| answer.is_err()));
    assert_eq!(begun.elapsed(), Duration::from_secs(100) + PARTING);
    served.await.unwrap();
}
