//! As much of an API server as a state needs: objects with versions, and answers out of turn.

use super::moving_clock;
use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use kube::{Client, client::Body};
use lag_actions::state::ConfigMapState;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};
use tower_test::mock::{SendResponse, pair};

pub(crate) const MAP: &str = "/api/v1/namespaces/ops/configmaps/kafka-lag-state";
pub(crate) const LEASE: &str = "/apis/coordination.k8s.io/v1/namespaces/ops/leases/kafka-lag";

/// What came in: method, path, body.
pub(crate) type Seen = (Method, String, Value);

#[derive(Default)]
struct Inner {
    version: u64,
    objects: BTreeMap<String, Value>,
    seen: Vec<Seen>,
    scripted: Vec<(Method, &'static str, Answer)>,
    hanging: Vec<SendResponse<Response<Body>>>,
}

#[derive(Clone)]
pub(crate) enum Answer {
    Status(u16, Value),
    Page(u16, &'static str),
    /// No answer, ever.
    Hang,
    /// It is done, and the answer is lost.
    Unheard,
}

#[derive(Clone, Default)]
pub(crate) struct Cluster(Arc<Mutex<Inner>>);

/// A `Status` as an API server words it.
pub(crate) fn status(code: u16, reason: &str, message: &str) -> Answer {
    Answer::Status(
        code,
        json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": message, "reason": reason, "code": code}),
    )
}

impl Cluster {
    pub(crate) fn store(&self, identity: &str) -> ConfigMapState {
        let instance = "alikafka_pre-cn-xxx".parse().unwrap();
        self.store_for(identity, Some(instance))
    }

    pub(crate) fn store_for(
        &self,
        identity: &str,
        import_as: Option<lag_core::InstanceId>,
    ) -> ConfigMapState {
        let (service, mut handle) = pair::<Request<Body>, Response<Body>>();
        let cluster = self.clone();
        tokio::spawn(async move {
            while let Some((request, answer)) = handle.next_request().await {
                cluster.serve(request, answer).await;
            }
        });
        let client = Client::new(service, "default");
        ConfigMapState::new(
            client,
            "ops",
            "kafka-lag-state",
            "kafka-lag",
            identity,
            import_as,
            moving_clock(),
        )
    }

    /// Answers the next request of this kind like this; in the order of the calls.
    pub(crate) fn answer_next(&self, method: Method, path: &'static str, answer: Answer) {
        self.0.lock().unwrap().scripted.push((method, path, answer));
    }

    pub(crate) fn object(&self, path: &str) -> Option<Value> {
        self.0.lock().unwrap().objects.get(path).cloned()
    }

    /// Somebody else's write, which changes the version.
    pub(crate) fn put(&self, path: &str, mut object: Value) {
        let mut inner = self.0.lock().unwrap();
        inner.version += 1;
        object["metadata"]["resourceVersion"] = json!(inner.version.to_string());
        inner.objects.insert(path.to_owned(), object);
    }

    pub(crate) fn put_text(&self, text: &str) {
        let metadata = json!({"name": "kafka-lag-state", "namespace": "ops"});
        self.put(
            MAP,
            json!({"metadata": metadata, "data": {"state.json": text}}),
        );
    }

    pub(crate) fn text(&self) -> Option<String> {
        let text = self.object(MAP)?["data"]["state.json"].clone();
        text.as_str().map(str::to_owned)
    }

    /// What came in since this was last asked.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.0.lock().unwrap().seen)
    }

    async fn serve(&self, request: Request<Body>, answer: SendResponse<Response<Body>>) {
        let (head, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
        let path = head.uri.path().to_owned();
        let mut inner = self.0.lock().unwrap();
        let whole = inner.place(&path, &body);
        inner.seen.push((head.method.clone(), path, body.clone()));
        let scripted = inner
            .scripted
            .iter()
            .position(|(method, path, _)| *method == head.method && *path == whole);
        let reply = match scripted.map(|index| inner.scripted.remove(index).2) {
            Some(Answer::Unheard) => {
                inner.answer(&head.method, &whole, body);
                Answer::Hang
            }
            Some(reply) => reply,
            None => inner.answer(&head.method, &whole, body),
        };
        let (code, text) = match reply {
            Answer::Status(code, body) => (code, body.to_string()),
            Answer::Page(code, text) => (code, text.to_owned()),
            Answer::Hang | Answer::Unheard => return inner.hanging.push(answer),
        };
        let mut response = Response::new(Body::from(text.into_bytes()));
        *response.status_mut() = StatusCode::from_u16(code).unwrap();
        answer.send_response(response);
    }
}

impl Inner {
    /// The path of the object, also for a request that makes it.
    fn place(&self, path: &str, body: &Value) -> String {
        match body["metadata"]["name"].as_str() {
            Some(name) if !path.ends_with(name) => format!("{path}/{name}"),
            _ => path.to_owned(),
        }
    }

    fn answer(&mut self, method: &Method, path: &str, mut object: Value) -> Answer {
        let mut parts = path.rsplit('/');
        let (name, kind) = (parts.next().unwrap(), parts.next().unwrap());
        let there = self.objects.get(path);
        if let Some(refusal) = invalid(kind, &object) {
            return refusal;
        }
        match (method, there) {
            (&Method::GET, Some(there)) => return Answer::Status(200, there.clone()),
            (&Method::POST, None) => {}
            (&Method::PUT, Some(there)) => {
                let versions =
                    [there, &object].map(|object| &object["metadata"]["resourceVersion"]);
                if versions[0] != versions[1] {
                    let message = format!(
                        "Operation cannot be fulfilled on {kind} {name:?}: the object has been modified; please apply your changes to the latest version and try again"
                    );
                    return status(409, "Conflict", &message);
                }
            }
            (&Method::POST, Some(_)) => {
                let message = format!("{kind} {name:?} already exists");
                return status(409, "AlreadyExists", &message);
            }
            (_, None) => return status(404, "NotFound", &format!("{kind} {name:?} not found")),
            (method, Some(_)) => panic!("unexpected {method} {path}"),
        }
        self.version += 1;
        object["metadata"]["resourceVersion"] = json!(self.version.to_string());
        self.objects.insert(path.to_owned(), object.clone());
        Answer::Status(if *method == Method::POST { 201 } else { 200 }, object)
    }
}

/// The checks that were measured: MicroTime has six digits, and a ConfigMap its limit.
fn invalid(kind: &str, object: &Value) -> Option<Answer> {
    for time in ["acquireTime", "renewTime"] {
        if let Some(text) = object["spec"][time].as_str()
            && (text.len() != 27 || !text.ends_with('Z'))
        {
            let message = format!("Lease in version \"v1\" cannot be handled: {time} {text:?}");
            return Some(status(422, "Invalid", &message));
        }
    }
    let values = object["data"].as_object().into_iter().flatten();
    let bytes: usize = values.map(|(_, value)| value.as_str().unwrap().len()).sum();
    (kind == "configmaps" && bytes > 1_048_576).then(|| {
        let message = "ConfigMap \"kafka-lag-state\" is invalid: []: Too long: may not be more than 1048576 bytes";
        status(422, "Invalid", message)
    })
}
