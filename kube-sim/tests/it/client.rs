//! A tiny HTTP client, so that nothing of a real one hides what the server says.

use std::time::Duration;

use kube_sim::{KubeSim, KubeSimConfig};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

pub(crate) const MERGE: &str = "application/merge-patch+json";
pub(crate) const STRATEGIC: &str = "application/strategic-merge-patch+json";
pub(crate) const CONSUMER: &str = "/apis/apps/v1/namespaces/demo/deployments/consumer";
pub(crate) const CONFIG_MAPS: &str = "/api/v1/namespaces/demo/configmaps";
pub(crate) const LEASES: &str = "/apis/coordination.k8s.io/v1/namespaces/demo/leases";
pub(crate) const EVENTS: &str = "/apis/events.k8s.io/v1/namespaces/demo/events";

/// An answer, or none.
#[derive(Debug)]
pub(crate) struct Seen {
    text: String,
    pub(crate) error: Option<std::io::ErrorKind>,
}

impl Seen {
    /// 0 when there is no answer.
    pub(crate) fn status(&self) -> u16 {
        let status = self.text.split(' ').nth(1);
        status.map_or(0, |status| status.parse().unwrap())
    }

    pub(crate) fn body(&self) -> &str {
        self.text
            .split_once("\r\n\r\n")
            .map_or("", |(_, body)| body)
    }

    pub(crate) fn head(&self) -> String {
        let head = self
            .text
            .split_once("\r\n\r\n")
            .map_or("", |(head, _)| head);
        head.to_lowercase()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(self.body()).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    /// A `Status` that refuses: code, reason, message.
    pub(crate) fn refusal(&self) -> (u16, String, String) {
        let json = self.json();
        assert_eq!(json["kind"], "Status", "{json}");
        assert_eq!(json["apiVersion"], "v1");
        assert_eq!(json["status"], "Failure");
        assert_eq!(json["code"], self.status());
        let part = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
        (self.status(), part("reason"), part("message"))
    }

    /// The body of an answer with this status.
    pub(crate) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status(), status, "{}", self.text);
        self.json()
    }
}

/// Sends one request on a connection of its own.
pub(crate) async fn send_with(
    sim: &KubeSim,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Seen {
    let mut stream = TcpStream::connect(sim.addr()).await.unwrap();
    let mut request = format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n");
    for (name, value) in headers {
        request += &format!("{name}: {value}\r\n");
    }
    request += &format!("content-length: {}\r\n\r\n{body}", body.len());
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut raw = Vec::new();
    let error =
        match tokio::time::timeout(Duration::from_secs(30), stream.read_to_end(&mut raw)).await {
            Ok(read) => read.err().map(|error| error.kind()),
            Err(_) => Some(std::io::ErrorKind::TimedOut),
        };
    let text = String::from_utf8(raw).unwrap();
    Seen { text, error }
}

pub(crate) async fn send(
    sim: &KubeSim,
    method: &str,
    path: &str,
    content_type: &str,
    body: &str,
) -> Seen {
    let headers = [("content-type", content_type), ("user-agent", "tester/1.0")];
    send_with(sim, method, path, &headers, body).await
}

pub(crate) async fn get(sim: &KubeSim, path: &str) -> Seen {
    send(sim, "GET", path, "", "").await
}

pub(crate) async fn post(sim: &KubeSim, path: &str, body: &Value) -> Seen {
    send(sim, "POST", path, "application/json", &body.to_string()).await
}

pub(crate) async fn put(sim: &KubeSim, path: &str, body: &Value) -> Seen {
    send(sim, "PUT", path, "application/json", &body.to_string()).await
}

pub(crate) async fn patch(sim: &KubeSim, path: &str, body: &Value) -> Seen {
    send(sim, "PATCH", path, MERGE, &body.to_string()).await
}

/// With `demo/consumer`, two replicas.
pub(crate) async fn start() -> KubeSim {
    let config = KubeSimConfig::default().deployment("demo", "consumer", 2);
    KubeSim::start(config).await.unwrap()
}

/// The patch of `kubectl rollout restart`.
pub(crate) fn restart(at: &str) -> Value {
    json!({"spec": {"template": {"metadata": {"annotations": {
        "kubectl.kubernetes.io/restartedAt": at
    }}}}})
}

pub(crate) fn version(object: &Value) -> String {
    object["metadata"]["resourceVersion"]
        .as_str()
        .unwrap()
        .to_owned()
}

pub(crate) fn generation(object: &Value) -> i64 {
    object["metadata"]["generation"].as_i64().unwrap()
}
