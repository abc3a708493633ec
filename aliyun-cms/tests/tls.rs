//! TLS works with ring given explicitly; no provider is installed for the process.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener},
    sync::Arc,
    thread::{self, JoinHandle},
};

use aliyun_cms::{Client, ClientBuilder, Endpoint, ErrorKind, RetryPolicy};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

/// Answers one request on loopback with an empty page, if the client accepts the certificate.
fn server() -> (SocketAddr, JoinHandle<bool>) {
    let directory = common::fixtures().join("tls");
    let certificate = CertificateDer::from_pem_file(directory.join("server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(directory.join("server.key")).unwrap();
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
        let body = r#"{"Code":"200","Success":true}"#;
        let reply = format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream
            .write_all(reply.as_bytes())
            .and_then(|()| stream.flush())
            .is_ok()
    });
    (address, handle)
}

fn builder(address: SocketAddr) -> ClientBuilder {
    Client::builder()
        .endpoint(Endpoint::url(&format!("https://{address}")).unwrap())
        .credentials(common::credentials())
        .ca_file(common::fixtures().join("tls/ca.pem"))
        .no_proxy()
}

#[tokio::test]
async fn a_server_certified_by_the_ca_file_is_trusted() {
    let (address, server) = server();
    let client = builder(address).build().unwrap();
    let page = client
        .describe_metric_list("n", "m")
        .send(None)
        .await
        .unwrap();
    assert_eq!(page.datapoints(), "[]");
    assert!(server.join().unwrap());
    assert!(
        CryptoProvider::get_default().is_none(),
        "a library must not install a global"
    );
}

#[tokio::test]
async fn an_unknown_certificate_is_refused_without_a_retry_and_with_advice() {
    let (address, server) = server();
    // The server's own certificate is no authority for itself.
    let other = common::fixtures().join("tls/server.pem");
    let client = builder(address)
        .ca_file(other)
        .retry(RetryPolicy::default())
        .build()
        .unwrap();
    let error = client
        .describe_metric_list("n", "m")
        .send(None)
        .await
        .unwrap_err();
    assert!(!server.join().unwrap());
    assert_eq!(
        (error.kind(), error.is_retryable()),
        (ErrorKind::Network, false),
        "{error:?}"
    );
    assert!(error.hint().unwrap().contains("ca_file"), "{error:?}");
    assert!(
        common::chain(&error).contains("certificate of 127.0.0.1:"),
        "{error:?}"
    );
}
