//! An API server in the process, with the semantics that matter: versions, conflicts, and answers that never come.

use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use kube::client::Body;
use lag_actions::kube::Cluster;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::sync::Notify;
use tower_test::mock::{self, SendResponse};

/// Splitmix: the same numbers for the same seed, for ever.
#[derive(Debug, Clone)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to below `most`.
    pub(crate) fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(most).unwrap()).unwrap()
    }

    /// So often in a hundred.
    pub(crate) fn percent(&mut self, part: usize) -> bool {
        self.below(100) < part
    }
}

/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// 503, and nothing is done.
    Down,
    /// 503, and it is done.
    DownAfter,
    /// 429.
    Slower,
    /// It is not done, and there is no answer.
    Hang,
    /// It is done, and there is no answer.
    HangAfter,
    /// There is no answer, and it is done later.
    Late,
}

pub(crate) const FAULTS: [Fault; 6] = [
    Fault::Down,
    Fault::DownAfter,
    Fault::Slower,
    Fault::Hang,
    Fault::HangAfter,
    Fault::Late,
];

/// A change of a workload's number that was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) name: String,
    pub(crate) from: u64,
    pub(crate) to: u64,
}

#[derive(Debug, Default)]
struct Deployment {
    replicas: u64,
    version: u64,
    mark: Option<String>,
}

struct Sent {
    due: u64,
    method: Method,
    path: String,
    body: Value,
}

pub(crate) struct Inner {
    revision: u64,
    deployments: BTreeMap<String, Deployment>,
    map: Option<(Value, u64)>,
    /// In hundredths, that a request fails.
    pub(crate) trouble: usize,
    dice: Dice,
    requests: u64,
    late: Vec<Sent>,
    /// For each process: with which request it ends, and how.
    kills: BTreeMap<usize, (u64, Fault)>,
    pub(crate) steps: Vec<Step>,
    pub(crate) restarts: Vec<String>,
    pub(crate) faults: BTreeMap<String, u64>,
    pub(crate) conflicts: u64,
    pub(crate) seen: BTreeMap<String, u64>,
    hanging: Vec<SendResponse<Response<Body>>>,
}

#[derive(Clone)]
pub(crate) struct Api {
    inner: Arc<Mutex<Inner>>,
    killed: Arc<[Notify; 2]>,
}

impl Api {
    pub(crate) fn new(names: &[&str], seed: u64) -> Self {
        let deployment = |name: &&str| {
            let fresh = Deployment {
                replicas: 2,
                version: 1,
                mark: None,
            };
            ((*name).to_owned(), fresh)
        };
        let inner = Inner {
            revision: 1,
            deployments: names.iter().map(deployment).collect(),
            map: None,
            trouble: 0,
            dice: Dice(seed),
            requests: 0,
            late: Vec::new(),
            kills: BTreeMap::new(),
            steps: Vec::new(),
            restarts: Vec::new(),
            faults: BTreeMap::new(),
            conflicts: 0,
            seen: BTreeMap::new(),
            hanging: Vec::new(),
        };
        Self {
            inner: Arc::new(Mutex::new(inner)),
            killed: Arc::new([Notify::new(), Notify::new()]),
        }
    }

    pub(crate) fn with<T>(&self, look: impl FnOnce(&mut Inner) -> T) -> T {
        look(&mut self.inner.lock().unwrap())
    }

    pub(crate) fn replicas(&self, name: &str) -> u64 {
        self.with(|inner| inner.deployments[name].replicas)
    }

    /// Somebody else's change.
    pub(crate) fn set(&self, name: &str, replicas: u64) {
        self.with(|inner| {
            inner.revision += 1;
            let version = inner.revision;
            let deployment = inner.deployments.get_mut(name).unwrap();
            (deployment.replicas, deployment.version) = (replicas, version);
        });
    }

    pub(crate) fn ledger(&self) -> Option<String> {
        self.with(|inner| {
            let (map, _) = inner.map.as_ref()?;
            map["data"]["ledger.json"].as_str().map(str::to_owned)
        })
    }

    /// The nth request of a process, from now on, is its last.
    pub(crate) fn kill(&self, process: usize, nth: u64, how: Fault) {
        self.with(|inner| inner.kills.insert(process, (nth, how)));
    }

    pub(crate) fn spare(&self, process: usize) {
        self.with(|inner| inner.kills.remove(&process));
    }

    /// Whether the process came to the request that it was to end with.
    pub(crate) async fn is_killed(&self, process: usize) {
        self.killed[process].notified().await;
    }

    pub(crate) fn cluster(&self, process: usize) -> Cluster {
        let (service, mut handle) = mock::pair::<Request<Body>, Response<Body>>();
        let api = self.clone();
        tokio::spawn(async move {
            while let Some((request, answer)) = handle.next_request().await {
                let api = api.clone();
                tokio::spawn(async move { api.serve(process, request, answer).await });
            }
        });
        Cluster {
            client: kube::Client::new(service, "tools"),
            namespace: "tools".to_owned(),
            host: "api.example.com".to_owned(),
            call_timeout: Duration::from_secs(10),
        }
    }

    async fn serve(
        &self,
        process: usize,
        request: Request<Body>,
        answer: SendResponse<Response<Body>>,
    ) {
        let (head, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
        let path = head.uri.path().to_owned();
        let pauses = self.with(|inner| {
            if inner.trouble > 0 {
                inner.dice.below(4)
            } else {
                0
            }
        });
        for _ in 0..pauses {
            tokio::task::yield_now().await;
        }
        let mut inner = self.inner.lock().unwrap();
        let fault = inner.fault(process);
        let fault = fault.map(|(fault, is_end)| {
            if is_end {
                self.killed[process].notify_one();
            }
            fault
        });
        let (code, body) = match inner.pass(fault, head.method, path, body) {
            Some(reply) => reply,
            None => return inner.hanging.push(answer),
        };
        let mut response = Response::new(Body::from(body.to_string().into_bytes()));
        *response.status_mut() = StatusCode::from_u16(code).unwrap();
        answer.send_response(response);
    }
}

impl Inner {
    /// What happens to this request, and whether the process ends with it.
    fn fault(&mut self, process: usize) -> Option<(Fault, bool)> {
        if let Some((left, how)) = self.kills.get_mut(&process) {
            *left -= 1;
            if *left == 0 {
                let how = *how;
                self.kills.remove(&process);
                return Some((how, true));
            }
        }
        let (trouble, dice) = (self.trouble, &mut self.dice);
        if trouble == 0 || !dice.percent(trouble) {
            return None;
        }
        let fault = FAULTS[dice.below(FAULTS.len())];
        *self.faults.entry(format!("{fault:?}")).or_default() += 1;
        Some((fault, false))
    }

    fn pass(
        &mut self,
        fault: Option<Fault>,
        method: Method,
        path: String,
        body: Value,
    ) -> Option<(u16, Value)> {
        self.requests += 1;
        let last = path.rsplit('/').next().unwrap_or_default();
        *self.seen.entry(format!("{method} {last}")).or_default() += 1;
        let now = self.requests;
        let (due, waiting) = std::mem::take(&mut self.late)
            .into_iter()
            .partition::<Vec<_>, _>(|sent| sent.due <= now);
        self.late = waiting;
        for sent in due {
            self.answer(&sent.method, &sent.path, &sent.body);
        }
        // Controllers write the status at any time.
        if self.trouble > 0 && self.dice.percent(4) {
            self.revision += 1;
            let version = self.revision;
            for deployment in self.deployments.values_mut() {
                deployment.version = version;
            }
        }
        match fault {
            None => Some(self.answer(&method, &path, &body)),
            Some(Fault::Down) => Some(status(503, "ServiceUnavailable")),
            Some(Fault::Slower) => Some(status(429, "TooManyRequests")),
            Some(Fault::DownAfter) => {
                self.answer(&method, &path, &body);
                Some(status(504, "Timeout"))
            }
            Some(Fault::Hang) => None,
            Some(Fault::HangAfter) => {
                self.answer(&method, &path, &body);
                None
            }
            Some(Fault::Late) => {
                let due = now + 1 + u64::try_from(self.dice.below(20)).unwrap();
                self.late.push(Sent {
                    due,
                    method,
                    path,
                    body,
                });
                None
            }
        }
    }

    fn answer(&mut self, method: &Method, path: &str, body: &Value) -> (u16, Value) {
        let parts: Vec<_> = path.split('/').collect();
        let reply = match parts[..] {
            [.., "horizontalpodautoscalers"] => (200, json!({"items": []})),
            [.., "events"] => (201, json!({})),
            [.., "deployments", name] => self.deployment(method, name, body),
            [.., "deployments", name, "scale"] => self.scale(method, name, body),
            [.., "configmaps"] | [.., "configmaps", _] => self.map(method, body),
            _ => panic!("unexpected {method} {path}"),
        };
        if reply.0 == 409 {
            self.conflicts += 1;
        }
        reply
    }

    fn deployment(&mut self, method: &Method, name: &str, body: &Value) -> (u16, Value) {
        let deployment = self.deployments.get_mut(name).unwrap();
        if *method == Method::PATCH {
            let mark = &body["spec"]["template"]["metadata"]["annotations"]["kubectl.kubernetes.io/restartedAt"];
            let mark = mark.as_str().unwrap().to_owned();
            if deployment.mark.as_ref() != Some(&mark) {
                self.revision += 1;
                deployment.version = self.revision;
                deployment.mark = Some(mark);
                self.restarts.push(name.to_owned());
            }
        }
        let count = deployment.replicas;
        let mut object = json!({
            "metadata": metadata(name, deployment.version),
            "spec": {"replicas": count, "template": {"metadata": {}}},
            "status": {
                "observedGeneration": 1, "replicas": count, "updatedReplicas": count, "readyReplicas": count,
                "availableReplicas": count,
            },
        });
        if let Some(mark) = &deployment.mark {
            object["spec"]["template"]["metadata"]["annotations"] =
                json!({"kubectl.kubernetes.io/restartedAt": mark});
        }
        (200, object)
    }

    fn scale(&mut self, method: &Method, name: &str, body: &Value) -> (u16, Value) {
        let deployment = self.deployments.get_mut(name).unwrap();
        if *method == Method::PATCH {
            let over = body["metadata"]["resourceVersion"].as_str().unwrap();
            if over != deployment.version.to_string() {
                return status(409, "Conflict");
            }
            let (from, to) = (
                deployment.replicas,
                body["spec"]["replicas"].as_u64().unwrap(),
            );
            if from != to {
                self.revision += 1;
                (deployment.replicas, deployment.version) = (to, self.revision);
                let name = name.to_owned();
                self.steps.push(Step { name, from, to });
            }
        }
        let spec = json!({"replicas": deployment.replicas});
        (
            200,
            json!({"metadata": metadata(name, deployment.version), "spec": spec}),
        )
    }

    fn map(&mut self, method: &Method, body: &Value) -> (u16, Value) {
        match (method, &self.map) {
            (&Method::GET, Some((map, _))) => return (200, map.clone()),
            (&Method::POST, None) => {}
            (&Method::PUT, Some((_, version))) => {
                if body["metadata"]["resourceVersion"] != json!(version.to_string()) {
                    return status(409, "Conflict");
                }
            }
            (&Method::POST, Some(_)) => return status(409, "AlreadyExists"),
            (_, None) => return status(404, "NotFound"),
            (method, Some(_)) => panic!("unexpected {method}"),
        }
        self.revision += 1;
        let mut map = body.clone();
        map["metadata"]["resourceVersion"] = json!(self.revision.to_string());
        self.map = Some((map.clone(), self.revision));
        (if *method == Method::POST { 201 } else { 200 }, map)
    }
}

fn metadata(name: &str, version: u64) -> Value {
    json!({
        "name": name, "namespace": "orders", "uid": format!("uid-of-{name}"), "generation": 1,
        "resourceVersion": version.to_string(),
    })
}

fn status(code: u16, reason: &str) -> (u16, Value) {
    let body = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": reason, "reason": reason,
        "code": code,
    });
    (code, body)
}
