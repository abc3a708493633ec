//! Clients of both HTTPs over rustls, and one of TLS alone.

use crate::{
    certificates::{Ca, Identity},
    server::{Cluster, Server},
};
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::{
    ClientConfig, RootCertStore, client::ResolvesClientCert, crypto::ring, sign::CertifiedKey,
};
use std::{io, sync::Arc};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Http {
    One,
    Two,
}

pub(crate) const BOTH: [Http; 2] = [Http::One, Http::Two];

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) content_type: String,
    pub(crate) body: String,
}

impl Reply {
    /// The message of a Status document with this code.
    pub(crate) fn refused(&self, code: u16) -> String {
        let json: serde_json::Value = serde_json::from_str(&self.body)
            .unwrap_or_else(|_| panic!("{} {}", self.status, self.body));
        assert_eq!(self.status.as_u16(), code, "{json}");
        assert_eq!(self.content_type, "application/json");
        assert_eq!(
            (&json["kind"], &json["code"]),
            (&"Status".into(), &code.into())
        );
        let message = json["message"].as_str().unwrap().to_owned();
        assert!(
            !message.contains('\n') && message.len() < 1_000,
            "{message}"
        );
        message
    }

    pub(crate) fn served(&self) {
        assert_eq!(self.status, StatusCode::OK, "{}", self.body);
    }
}

/// The configuration of a client that trusts one CA.
pub(crate) fn trusting(serving: &Ca, identity: Option<&Identity>) -> ClientConfig {
    trusting_over(rustls::ALL_VERSIONS, serving, identity)
}

/// The same over these versions of TLS alone.
pub(crate) fn trusting_over(
    versions: &[&'static rustls::SupportedProtocolVersion],
    serving: &Ca,
    identity: Option<&Identity>,
) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(serving.der()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots);
    match identity {
        Some(own) => builder
            .with_client_auth_cert(own.chain.clone(), own.key())
            .unwrap(),
        None => builder.with_no_client_auth(),
    }
}

/// Shows a certificate whatever its key.
#[derive(Debug)]
pub(crate) struct Shows(pub(crate) Arc<CertifiedKey>);

impl ResolvesClientCert for Shows {
    fn resolve(&self, _: &[&[u8]], _: &[rustls::SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

pub(crate) async fn secured(
    server: &Server,
    mut config: ClientConfig,
    http: Http,
) -> io::Result<TlsStream<TcpStream>> {
    config.alpn_protocols = match http {
        Http::One => vec![b"http/1.1".to_vec()],
        Http::Two => vec![b"h2".to_vec()],
    };
    handshake(server, config).await
}

pub(crate) async fn handshake(
    server: &Server,
    config: ClientConfig,
) -> io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(server.address).await?;
    let name = "localhost".try_into().unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
}

/// A connection that is kept.
pub(crate) enum Connection {
    One(http1::SendRequest<Empty<Bytes>>),
    Two(http2::SendRequest<Empty<Bytes>>),
}

impl Connection {
    pub(crate) async fn over<Io>(stream: Io, http: Http) -> hyper::Result<Self>
    where
        Io: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    {
        let stream = TokioIo::new(stream);
        Ok(match http {
            Http::One => {
                let (sender, connection) = http1::handshake(stream).await?;
                tokio::spawn(connection);
                Self::One(sender)
            }
            Http::Two => {
                let (sender, connection) = http2::handshake(TokioExecutor::new(), stream).await?;
                tokio::spawn(connection);
                Self::Two(sender)
            }
        })
    }

    pub(crate) async fn try_get(
        &mut self,
        path: &str,
        headers: &[(&str, &str)],
    ) -> hyper::Result<Reply> {
        let mut request = Request::builder().uri(match self {
            Self::One(_) => path.to_owned(),
            Self::Two(_) => format!("https://localhost{path}"),
        });
        for (name, value) in [("host", "localhost")].iter().chain(headers) {
            if !(matches!(self, Self::Two(_)) && *name == "host") {
                request = request.header(*name, *value);
            }
        }
        let request = request.body(Empty::new()).unwrap();
        let answer = match self {
            Self::One(sender) => sender.send_request(request).await?,
            Self::Two(sender) => sender.send_request(request).await?,
        };
        let status = answer.status();
        let content_type = answer.headers().get("content-type");
        let content_type = content_type.map_or("", |value| value.to_str().unwrap());
        let content_type = content_type.to_owned();
        let headers = answer.headers().clone();
        let body = answer.into_body().collect().await?.to_bytes();
        Ok(Reply {
            status,
            headers,
            content_type,
            body: String::from_utf8(body.to_vec()).unwrap(),
        })
    }

    pub(crate) async fn get(&mut self, path: &str, headers: &[(&str, &str)]) -> Reply {
        self.try_get(path, headers).await.unwrap()
    }
}

impl Cluster {
    pub(crate) async fn connect(&self, identity: Option<&Identity>, http: Http) -> Connection {
        let config = trusting(&self.serving, identity);
        let stream = secured(&self.server, config, http).await.unwrap();
        Connection::over(stream, http).await.unwrap()
    }

    /// One request on a connection of its own.
    pub(crate) async fn get(
        &self,
        identity: Option<&Identity>,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Reply {
        let mut connection = self.connect(identity, Http::One).await;
        connection.get(path, headers).await
    }
}
