//! One Lease, kept as an API server keeps it, and replicas that want it.

use http::{Method, Request, Response};
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use kube::{Client, client::Body};
use lag_cluster::{
    election::{Election, Role},
    lease::{Claim, LeaseTimes},
};
use serde_json::{Value, json};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    sync::{oneshot, watch},
    task::JoinHandle,
    time::{Instant, sleep},
};
use tower_test::mock::{SendResponse, pair};

/// How the way to the API server is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Way {
    Open,
    /// 503 at once.
    Refused,
    /// No answer, and nothing is stored.
    Hanging,
    /// It is done, and the answer is lost.
    Unheard,
}

#[derive(Default)]
struct Stored {
    version: u64,
    lease: Option<Value>,
    writes: u64,
    hanging: Vec<SendResponse<Response<Body>>>,
}

/// The Lease.
#[derive(Clone, Default)]
pub(crate) struct Api(Arc<Mutex<Stored>>);

impl Api {
    pub(crate) fn lease(&self) -> Value {
        self.0.lock().unwrap().lease.clone().unwrap()
    }

    pub(crate) fn holder(&self) -> Value {
        self.lease()["spec"]["holderIdentity"].clone()
    }

    /// Changes of the Lease so far.
    pub(crate) fn writes(&self) -> u64 {
        self.0.lock().unwrap().writes
    }

    /// Somebody else's write.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Value)) {
        let mut stored = self.0.lock().unwrap();
        stored.version += 1;
        let version = stored.version.to_string();
        let lease = stored.lease.as_mut().unwrap();
        change(lease);
        lease["metadata"]["resourceVersion"] = json!(version);
    }

    async fn serve(&self, way: Way, request: Request<Body>, answer: SendResponse<Response<Body>>) {
        let (head, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
        let mut stored = self.0.lock().unwrap();
        let (code, text) = match way {
            Way::Open => stored.answer(&head.method, body),
            Way::Refused => status(503, "ServiceUnavailable"),
            Way::Hanging => return stored.hanging.push(answer),
            Way::Unheard => {
                stored.answer(&head.method, body);
                return stored.hanging.push(answer);
            }
        };
        let mut response = Response::new(Body::from(text.to_string().into_bytes()));
        *response.status_mut() = code.try_into().unwrap();
        answer.send_response(response);
    }
}

impl Stored {
    fn answer(&mut self, method: &Method, mut lease: Value) -> (u16, Value) {
        let version = |lease: &Value| lease["metadata"]["resourceVersion"].clone();
        match (method, &self.lease) {
            (&Method::GET, Some(there)) => return (200, there.clone()),
            (&Method::POST, None) => {}
            (&Method::PUT, Some(there)) if version(there) == version(&lease) => {}
            (&Method::PUT, Some(_)) => return status(409, "Conflict"),
            (&Method::POST, Some(_)) => return status(409, "AlreadyExists"),
            (_, None) => return status(404, "NotFound"),
            (method, _) => panic!("unexpected {method}"),
        }
        self.version += 1;
        self.writes += 1;
        lease["metadata"]["resourceVersion"] = json!(self.version.to_string());
        self.lease = Some(lease.clone());
        (200, lease)
    }
}

fn status(code: u16, reason: &str) -> (u16, Value) {
    let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": reason, "reason": reason, "code": code});
    (code, status)
}

/// A replica. Dropped, it is dead: it renews nothing and gives nothing up.
pub(crate) struct Replica {
    pub(crate) role: watch::Receiver<Role>,
    way: watch::Sender<Way>,
    stop: Option<oneshot::Sender<()>>,
    pub(crate) task: JoinHandle<()>,
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Replica {
    pub(crate) fn start(api: &Api, name: &str) -> Self {
        let (service, mut requests) = pair::<Request<Body>, Response<Body>>();
        let (way, ways) = watch::channel(Way::Open);
        let api = api.clone();
        tokio::spawn(async move {
            while let Some((request, answer)) = requests.next_request().await {
                let way = *ways.borrow();
                api.serve(way, request, answer).await;
            }
        });
        let begin = Instant::now();
        let start: Timestamp = "2026-11-22T03:54:00Z".parse().unwrap();
        let now = move || start + SignedDuration::try_from(begin.elapsed()).unwrap();
        let client = Client::new(service, "default");
        let claim = Claim::new(client, "ops", "exporter", name, Arc::new(now))
            .advertising(&format!("http://{name}:9876"))
            .with_times(LeaseTimes::lasting(Duration::from_secs(15)));
        let (election, role) = Election::new(claim);
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(election.run(async move {
            let _ = stopped.await;
        }));
        Self {
            role,
            way,
            stop: Some(stop),
            task,
        }
    }

    pub(crate) fn leads(&self) -> bool {
        matches!(*self.role.borrow(), Role::Leading { until } if until > Instant::now())
    }

    pub(crate) fn follows(&self, name: &str) -> bool {
        let url = Some(format!("http://{name}:9876"));
        let holder = name.to_owned();
        *self.role.borrow() == Role::Following { holder, url }
    }

    pub(crate) fn way(&self, way: Way) {
        self.way.send_replace(way);
    }

    /// As SIGTERM does.
    pub(crate) fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }
}

/// Tenths of a second.
pub(crate) async fn tick() {
    sleep(Duration::from_millis(100)).await;
}

/// Waits, and says how long it took.
pub(crate) async fn until(what: impl Fn() -> bool) -> Duration {
    let begin = Instant::now();
    while !what() {
        assert!(
            begin.elapsed() < Duration::from_secs(120),
            "it never happens"
        );
        tick().await;
    }
    begin.elapsed()
}

/// Two replicas, of which the first leads and the second follows it.
pub(crate) async fn two() -> (Api, Replica, Replica) {
    let api = Api::default();
    let one = Replica::start(&api, "one");
    until(|| one.leads()).await;
    let two = Replica::start(&api, "two");
    until(|| two.follows("one")).await;
    (api, one, two)
}
