//! TLS works with ring given explicitly; no provider is installed for the process.

use crate::common::{assert_error, at, clock, dingtalk, quick, send};
use lag_actions::notify::{Http, HttpOptions, Service, notifier};
use lag_core::port::{Notifier, PortErrorKind::Unavailable};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    sync::Arc,
    thread::{self, JoinHandle},
};

/// The certificates of the other client's tests: a CA, and a server for 127.0.0.1.
fn fixture(name: &str) -> PathBuf {
    let crates = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    crates.join("aliyun-cms/tests/fixtures/tls").join(name)
}

/// Takes one message, if the client accepts the certificate.
fn server() -> (SocketAddr, JoinHandle<bool>) {
    let certificate = CertificateDer::from_pem_file(fixture("server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(fixture("server.key")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let handle = thread::spawn(move || {
        let (socket, _) = listener.accept().unwrap();
        let connection = ServerConnection::new(Arc::new(config)).unwrap();
        let mut stream = StreamOwned::new(connection, socket);
        if stream.read(&mut [0; 4096]).is_err() {
            return false;
        }
        let reply = "HTTP/1.1 200 OK\r\ncontent-length: 13\r\n\r\n{\"errcode\":0}";
        stream
            .write_all(reply.as_bytes())
            .and_then(|()| stream.flush())
            .is_ok()
    });
    (address, handle)
}

fn robot(address: SocketAddr, ca: &str) -> Box<dyn Notifier> {
    let options = HttpOptions {
        ca_file: Some(fixture(ca)),
        ..quick()
    };
    let settings = at(&format!("https://{address}"), Service::DingTalk(dingtalk()));
    notifier(settings, Arc::new(Http::new(options).unwrap()), clock()).unwrap()
}

#[tokio::test]
async fn a_server_certified_by_the_ca_file_is_trusted() {
    let (address, server) = server();
    send(&*robot(address, "ca.pem")).await.unwrap();
    assert!(server.join().unwrap());
    assert!(
        CryptoProvider::get_default().is_none(),
        "a library must not install a global"
    );
}

#[tokio::test]
async fn an_unknown_certificate_is_refused_at_once_and_with_advice() {
    let (address, server) = server();
    // The server's own certificate is no authority for itself.
    let error = send(&*robot(address, "server.pem")).await.unwrap_err();
    assert_error(
        &error,
        Unavailable,
        &["certificate of 127.0.0.1:", "give its CA file"],
    );
    assert!(!server.join().unwrap());
}

#[test]
fn a_ca_file_that_is_none_is_refused_before_anything_is_sent() {
    for (file, reason) in [
        ("missing.pem", "No such file"),
        ("server.key", "no PEM certificate"),
    ] {
        let options = HttpOptions {
            ca_file: Some(fixture(file)),
            ..quick()
        };
        let error = Http::new(options).unwrap_err().to_string();
        assert!(error.contains(reason) && error.contains(file), "{error}");
    }
}
