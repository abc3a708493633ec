//! A scripted API server: the request that is expected, the answer that is given, in order, and then no further request.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::{fs, path::Path, sync::Arc, time::Duration};

use http::{Request, Response, header::CONTENT_TYPE};
use jiff::Timestamp;
use kube::client::Body;
use lag_actions::kube::{Cluster, KubeScaler, ScalerSettings};
use lag_core::{Bounds, OnAutoscaler, RestartWay, Target, Workload, WorkloadKind};
use serde_json::Value;
use tokio::task::JoinHandle;
use tower_test::mock;

pub(crate) const MARK: &str = "2026-11-22T03:00:00Z";
pub(crate) const DEPLOYMENT: &str = "/apis/apps/v1/namespaces/orders/deployments/cust";
pub(crate) const SCALE: &str = "/apis/apps/v1/namespaces/orders/deployments/cust/scale";
pub(crate) const HPAS: &str = "/apis/autoscaling/v2/namespaces/orders/horizontalpodautoscalers";
pub(crate) const UID: &str = "7d1c2f0e-0001-4c6e-9d5c-aaaaaaaaaaaa";

/// One exchange.
pub(crate) struct Step {
    request: String,
    content_type: Option<&'static str>,
    body: Option<Value>,
    /// Never, when there is none.
    answer: Option<(u16, String)>,
}

pub(crate) fn get(path: &str) -> Step {
    step(format!("GET {path}"), None, None)
}

pub(crate) fn strategic(path: &str, body: Value) -> Step {
    let kind = "application/strategic-merge-patch+json";
    step(format!("PATCH {path}"), Some(kind), Some(body))
}

pub(crate) fn merge(path: &str, body: Value) -> Step {
    let kind = "application/merge-patch+json";
    step(format!("PATCH {path}"), Some(kind), Some(body))
}

pub(crate) fn post(path: &str, body: Value) -> Step {
    step(format!("POST {path}"), Some("application/json"), Some(body))
}

fn step(request: String, content_type: Option<&'static str>, body: Option<Value>) -> Step {
    Step {
        request,
        content_type,
        body,
        answer: None,
    }
}

impl Step {
    /// A text is sent as it is.
    pub(crate) fn answers(self, code: u16, body: impl Into<Value>) -> Self {
        let body = match body.into() {
            Value::String(text) => text,
            json => json.to_string(),
        };
        Self {
            answer: Some((code, body)),
            ..self
        }
    }

    /// Answers with a fixture; its name tells the code.
    pub(crate) fn refused(self, name: &str) -> Self {
        let code = name.split('-').nth(1).unwrap().parse().unwrap();
        self.answers(code, fixture(name))
    }

    pub(crate) fn hangs(self) -> Self {
        self
    }
}

pub(crate) fn fixture(name: &str) -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/kube")
        .join(format!("{name}.json"));
    serde_json::from_slice(&fs::read(file).unwrap()).unwrap()
}

/// The server's side.
pub(crate) struct Script(JoinHandle<()>);

impl Script {
    /// Everything was asked, and nothing else. Takes what holds the client, so that the end of requests is seen.
    pub(crate) async fn done<T>(self, client: T) {
        drop(client);
        self.0.await.unwrap();
    }
}

pub(crate) fn cluster(steps: Vec<Step>) -> (Cluster, Script) {
    let (service, mut handle) = mock::pair::<Request<Body>, Response<Body>>();
    let server = tokio::spawn(async move {
        let mut unanswered = Vec::new();
        for step in steps {
            let request = handle.next_request().await;
            let (request, answer) =
                request.unwrap_or_else(|| panic!("never asked: {}", step.request));
            let (parts, body) = request.into_parts();
            assert_eq!(format!("{} {}", parts.method, parts.uri), step.request);
            let kind = parts.headers.get(CONTENT_TYPE);
            let kind = kind.map(|kind| kind.to_str().unwrap());
            assert_eq!(kind, step.content_type, "{}", step.request);
            let body = body.collect_bytes().await.unwrap();
            let body = (!body.is_empty()).then(|| serde_json::from_slice::<Value>(&body).unwrap());
            assert_eq!(body, step.body, "{}", step.request);
            match step.answer {
                None => unanswered.push(answer),
                Some((code, body)) => {
                    let body = Body::from(body.into_bytes());
                    answer.send_response(Response::builder().status(code).body(body).unwrap());
                }
            }
        }
        if let Some((request, _)) = handle.next_request().await {
            panic!("one too many: {} {}", request.method(), request.uri());
        }
    });
    let cluster = Cluster {
        client: kube::Client::new(service, "tools"),
        namespace: "tools".to_owned(),
        host: "api.example.com".to_owned(),
        call_timeout: Duration::from_secs(10),
    };
    (cluster, Script(server))
}

pub(crate) fn scaler(steps: Vec<Step>) -> (KubeScaler, Script) {
    let (cluster, script) = cluster(steps);
    let now: Timestamp = "2026-11-22T03:54:00Z".parse().unwrap();
    let settings = ScalerSettings {
        instance: "kafka-lag-28231-abcde".to_owned(),
        ready_timeout: Duration::from_secs(60),
        now: Arc::new(move || now),
    };
    (KubeScaler::new(&cluster, settings), script)
}

pub(crate) fn target(kind: WorkloadKind) -> Target {
    Target {
        workload: Workload {
            namespace: "orders".to_owned(),
            kind,
            name: "cust".to_owned(),
        },
        bounds: Bounds::try_from((1, 10)).unwrap(),
        partitions: None,
        restart: RestartWay::Rollout,
        autoscaler: OnAutoscaler::Refuse,
    }
}

pub(crate) fn rollout() -> WorkloadKind {
    WorkloadKind::Custom {
        group: "argoproj.io".to_owned(),
        version: "v1alpha1".to_owned(),
        kind: "Rollout".to_owned(),
        plural: "rollouts".to_owned(),
    }
}
