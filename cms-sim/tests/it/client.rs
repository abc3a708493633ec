//! A client for the tests: raw sockets and signatures of its own, written from the vendor's description.

use std::{
    fmt::Write as _,
    io::ErrorKind,
    net::SocketAddr,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cms_sim::{SimConfig, Simulator};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde_json::Value;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

pub(crate) const INSTANCE: &str = "alikafka_pre-cn-sim00000001";
pub(crate) const ROLE: &str = "acs:ram::1234567890123456:role/kafka-lag";
pub(crate) const LOCKED: &str = "acs:ram::1234567890123456:role/kafka-lag-locked";
pub(crate) const STS: &str = "2015-04-01";
pub(crate) const KAFKA: &str = "2019-09-16";
pub(crate) const NOW: &str = "2026-01-15T08:30:00Z";

/// What came back, as far as it came.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) raw: Vec<u8>,
    pub(crate) error: Option<ErrorKind>,
}

impl Seen {
    fn text(&self) -> &str {
        std::str::from_utf8(&self.raw).unwrap()
    }

    pub(crate) fn status(&self) -> u16 {
        self.text().split(' ').nth(1).unwrap().parse().unwrap()
    }

    pub(crate) fn body(&self) -> &str {
        self.text().split_once("\r\n\r\n").unwrap().1
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let head = self.text().split_once("\r\n\r\n").unwrap().0;
        head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(self.body()).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    pub(crate) fn code(&self) -> String {
        self.json()["Code"].as_str().unwrap().to_owned()
    }

    pub(crate) fn points(&self) -> Vec<Value> {
        let json = self.json();
        assert_eq!(json["Code"], "200", "{json}");
        serde_json::from_str(json["Datapoints"].as_str().unwrap()).unwrap()
    }

    pub(crate) fn token(&self) -> Option<String> {
        Some(self.json().get("NextToken")?.as_str().unwrap().to_owned())
    }
}

/// Sends these bytes and reads until the other side ends.
pub(crate) async fn raw(address: SocketAddr, request: &[u8]) -> Seen {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut raw = Vec::new();
    let read = stream.read_to_end(&mut raw);
    let ended = tokio::time::timeout(Duration::from_secs(30), read).await;
    let error = ended
        .expect("an answer or an end")
        .err()
        .map(|error| error.kind());
    Seen { raw, error }
}

/// A request with `connection: close` and the given headers.
pub(crate) async fn send(
    address: SocketAddr,
    method: &str,
    target: &str,
    headers: &[(String, String)],
    body: &str,
) -> Seen {
    raw(
        address,
        message(address, method, target, headers, body).as_bytes(),
    )
    .await
}

pub(crate) fn message(
    address: SocketAddr,
    method: &str,
    target: &str,
    headers: &[(String, String)],
    body: &str,
) -> String {
    let mut text = format!("{method} {target} HTTP/1.1\r\nconnection: close\r\n");
    if !headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("host"))
    {
        write!(text, "host: {address}\r\n").unwrap();
    }
    for (name, value) in headers {
        if !name.eq_ignore_ascii_case("content-length") {
            write!(text, "{name}: {value}\r\n").unwrap();
        }
    }
    write!(text, "content-length: {}\r\n\r\n{body}", body.len()).unwrap();
    text
}

/// A GET of a path, with headers.
pub(crate) async fn get(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Seen {
    fetch(address, "GET", path, headers).await
}

/// Another method on a path, without a body.
pub(crate) async fn fetch(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
) -> Seen {
    let headers: Vec<_> = headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    send(address, method, path, &headers, "").await
}

/// Where two bodies must have the same keys, in whatever order, at every depth.
pub(crate) fn keys(value: &Value) -> Vec<String> {
    let Some(fields) = value.as_object() else {
        return Vec::new();
    };
    let mut found: Vec<String> = fields
        .iter()
        .flat_map(|(name, field)| {
            let deeper = keys(field).into_iter();
            let deeper = deeper.map(move |key| format!("{name}.{key}"));
            std::iter::once(name.clone()).chain(deeper)
        })
        .collect();
    found.sort();
    found
}

/// The control API.
pub(crate) async fn control(
    simulator: &Simulator,
    method: &str,
    path: &str,
    body: &str,
) -> (u16, Value) {
    let seen = send(simulator.addr(), method, &format!("/_sim{path}"), &[], body).await;
    (seen.status(), seen.json())
}

pub(crate) fn encode(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").unwrap();
        }
    }
    out
}

fn query(pairs: &[(String, String)]) -> String {
    let joined: Vec<_> = pairs
        .iter()
        .map(|(k, v)| format!("{}={}", encode(k), encode(v)))
        .collect();
    joined.join("&")
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::new(), |out, byte| format!("{out}{byte:02x}"))
}

/// Where the parameters go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    GetQuery,
    PostQuery,
    PostForm,
    Acs3Get,
    Acs3Form,
}

/// Signs and sends; every field can be made wrong.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) address: SocketAddr,
    pub(crate) key_id: String,
    pub(crate) secret: String,
    pub(crate) token: Option<String>,
    pub(crate) time: String,
    pub(crate) nonce: Option<String>,
    pub(crate) style: Style,
    pub(crate) format: Option<&'static str>,
    pub(crate) version: &'static str,
}

static NONCE: AtomicU64 = AtomicU64::new(0);

impl Caller {
    pub(crate) fn new(simulator: &Simulator) -> Self {
        Self {
            address: simulator.addr(),
            key_id: "sim-key-id".into(),
            secret: "sim-key-secret".into(),
            token: None,
            time: NOW.into(),
            nonce: None,
            style: Style::PostQuery,
            format: Some("JSON"),
            version: "2019-01-01",
        }
    }

    /// The same caller for the service of this version.
    pub(crate) fn version(&self, version: &'static str) -> Self {
        Self {
            version,
            ..self.clone()
        }
    }

    /// The same caller with a set as a source of sets has written it.
    pub(crate) fn with_set(&self, set: &Value) -> Self {
        let text = |name: &str| set[name].as_str().unwrap().to_owned();
        Self {
            key_id: text("AccessKeyId"),
            secret: text("AccessKeySecret"),
            token: Some(text("SecurityToken")),
            ..self.clone()
        }
    }

    /// `AssumeRole` of the default role, with these parameters on top or instead.
    pub(crate) async fn assume(&self, more: &[(&str, &str)]) -> Seen {
        let mut parameters = vec![("RoleArn", ROLE), ("RoleSessionName", "kafka-lag")];
        parameters.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
        parameters.extend(more);
        self.version(STS).call("AssumeRole", &parameters).await
    }

    /// A set for the default role.
    pub(crate) async fn set(&self) -> Value {
        let seen = self.assume(&[]).await;
        assert_eq!(seen.status(), 200, "{}", seen.body());
        seen.json()["Credentials"].clone()
    }

    fn nonce(&self) -> String {
        let fresh = || format!("nonce-{}", NONCE.fetch_add(1, Ordering::Relaxed));
        self.nonce.clone().unwrap_or_else(fresh)
    }

    pub(crate) async fn call(&self, action: &str, parameters: &[(&str, &str)]) -> Seen {
        raw(self.address, self.request(action, parameters).as_bytes()).await
    }

    pub(crate) fn request(&self, action: &str, parameters: &[(&str, &str)]) -> String {
        let own = parameters
            .iter()
            .map(|(k, v)| (k.to_string(), v.to_string()))
            .collect();
        match self.style {
            Style::Acs3Get | Style::Acs3Form => self.acs3(action, own),
            _ => self.rpc(action, own),
        }
    }

    fn rpc(&self, action: &str, own: Vec<(String, String)>) -> String {
        let mut pairs: Vec<(String, String)> = [
            ("Action", action),
            ("Version", self.version),
            ("AccessKeyId", &self.key_id),
            ("SignatureMethod", "HMAC-SHA1"),
            ("SignatureVersion", "1.0"),
            ("SignatureNonce", &self.nonce()),
            ("Timestamp", &self.time),
        ]
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .to_vec();
        let optional = [
            ("Format", self.format),
            ("SecurityToken", self.token.as_deref()),
        ];
        pairs.extend(
            optional
                .iter()
                .filter_map(|(k, v)| Some((k.to_string(), v.as_ref()?.to_string()))),
        );
        pairs.extend(own);
        let mut sorted = pairs.clone();
        sorted.sort();
        let method = if self.style == Style::GetQuery {
            "GET"
        } else {
            "POST"
        };
        let text = format!("{method}&%2F&{}", encode(&query(&sorted)));
        let mut mac = Hmac::<Sha1>::new_from_slice(format!("{}&", self.secret).as_bytes()).unwrap();
        mac.update(text.as_bytes());
        pairs.push((
            "Signature".into(),
            STANDARD.encode(mac.finalize().into_bytes()),
        ));
        let all = query(&pairs);
        match self.style {
            Style::PostForm => {
                let kind = (
                    "content-type".into(),
                    "application/x-www-form-urlencoded".into(),
                );
                message(self.address, method, "/", &[kind], &all)
            }
            _ => message(self.address, method, &format!("/?{all}"), &[], ""),
        }
    }

    fn acs3(&self, action: &str, mut own: Vec<(String, String)>) -> String {
        own.sort();
        let form = self.style == Style::Acs3Form;
        let (method, line, body) = if form {
            ("POST", String::new(), query(&own))
        } else {
            ("GET", query(&own), String::new())
        };
        let mut headers = vec![
            ("host".to_owned(), self.address.to_string()),
            ("x-acs-action".into(), action.into()),
            (
                "x-acs-content-sha256".into(),
                hex(&Sha256::digest(body.as_bytes())),
            ),
            ("x-acs-date".into(), self.time.clone()),
            ("x-acs-signature-nonce".into(), self.nonce()),
            ("x-acs-version".into(), self.version.into()),
        ];
        if form {
            headers.push((
                "content-type".into(),
                "application/x-www-form-urlencoded".into(),
            ));
        }
        if let Some(token) = &self.token {
            headers.push(("x-acs-security-token".into(), token.clone()));
        }
        headers.sort();
        let authorization =
            authorization(&self.key_id, &self.secret, method, &line, &headers, &body);
        headers.push(("Authorization".into(), authorization));
        message(self.address, method, &format!("/?{line}"), &headers, &body)
    }

    /// One page of lag of [`INSTANCE`] with these parameters on top.
    pub(crate) async fn lag(&self, more: &[(&str, &str)]) -> Seen {
        let dimensions = format!(r#"{{"instanceId":"{INSTANCE}"}}"#);
        let mut parameters = vec![
            ("Namespace", "acs_kafka"),
            ("MetricName", "message_accumulation"),
        ];
        if !more.iter().any(|(name, _)| *name == "Dimensions") {
            parameters.push(("Dimensions", &dimensions));
        }
        parameters.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
        parameters.extend(more);
        self.call("DescribeMetricList", &parameters).await
    }

    /// All pages, by following the tokens.
    pub(crate) async fn pages(&self, more: &[(&str, &str)]) -> Vec<Vec<Value>> {
        let mut pages = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let mut parameters = more.to_vec();
            parameters.extend(token.as_deref().map(|token| ("NextToken", token)));
            let seen = self.lag(&parameters).await;
            pages.push(seen.points());
            assert!(pages.len() < 1000, "endless");
            match seen.token() {
                Some(next) => token = Some(next),
                None => return pages,
            }
        }
    }
}

pub(crate) fn authorization(
    key_id: &str,
    secret: &str,
    method: &str,
    line: &str,
    headers: &[(String, String)],
    body: &str,
) -> String {
    let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
    let names = names.join(";");
    let list: String = headers
        .iter()
        .map(|(name, value)| format!("{name}:{value}\n"))
        .collect();
    let hash = hex(&Sha256::digest(body.as_bytes()));
    let canonical = format!("{method}\n/\n{line}\n{list}\n{names}\n{hash}");
    let text = format!(
        "ACS3-HMAC-SHA256\n{}",
        hex(&Sha256::digest(canonical.as_bytes()))
    );
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    let signature = hex(&mac.finalize().into_bytes());
    format!("ACS3-HMAC-SHA256 Credential={key_id},SignedHeaders={names},Signature={signature}")
}

pub(crate) fn now() -> Timestamp {
    NOW.parse().unwrap()
}

/// Without limit of rate, with the clock at [`NOW`].
pub(crate) fn config() -> SimConfig {
    SimConfig::default().manual_clock(now()).rate_limit(0)
}

pub(crate) async fn start(config: SimConfig) -> (Simulator, Caller) {
    let simulator = Simulator::start(config).await.unwrap();
    let caller = Caller::new(&simulator);
    (simulator, caller)
}

/// A fixture's `body` and `status`.
pub(crate) fn fixture(name: &str) -> (u16, Value) {
    let path = format!(
        "{}/tests/fixtures/replies/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read_to_string(path).unwrap();
    let json: Value = serde_json::from_str(&text).unwrap();
    let status = json["status"].as_u64().unwrap().try_into().unwrap();
    (status, json["body"].clone())
}
