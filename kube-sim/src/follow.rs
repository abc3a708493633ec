//! A watch: events as lines of JSON, as they happen.

use std::{
    convert::Infallible,
    future::pending,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::body::Body;
use bytes::Bytes;
use http::StatusCode;
use hyper::body::Frame;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::{
    api::Call,
    refusal::Refusal,
    resource::Resource,
    select::Selector,
    shared::Shared,
    world::{Key, World},
};

/// What a client wants to be told.
#[derive(Debug)]
pub(crate) struct Watch {
    resource: &'static Resource,
    namespace: Option<String>,
    selector: Selector,
    /// Events up to this version are known to the client.
    after: u64,
    lasts: Option<Duration>,
    /// What is there already, for a client that knows nothing.
    first: Vec<Value>,
}

impl Watch {
    pub(crate) fn new(
        world: &World,
        call: &Call<'_>,
        resource: &'static Resource,
        namespace: Option<&str>,
    ) -> Result<Self, Refusal> {
        let query = |name: &str| {
            let value = call.query.get(name).map_or("", String::as_str);
            (!value.is_empty()).then_some(value)
        };
        // An object that leaves a selection is DELETED for its watchers; that needs what it was before.
        if query("labelSelector").is_some() {
            return Err(Refusal::not_simulated("watches with a labelSelector"));
        }
        if query("sendInitialEvents").is_some() {
            return Err(Refusal::not_simulated("sendInitialEvents"));
        }
        let number = |name: &str| match query(name).map(str::parse::<u64>) {
            None => Ok(None),
            Some(Ok(number)) => Ok(Some(number)),
            Some(Err(_)) => Err(Refusal::bad_request(format!("{name} is not a number"))),
        };
        let mut watch = Self {
            resource,
            namespace: namespace.map(str::to_owned),
            selector: Selector::parse("", query("fieldSelector").unwrap_or_default())?,
            after: world.revision(),
            lasts: number("timeoutSeconds")?.map(Duration::from_secs),
            first: Vec::new(),
        };
        match number("resourceVersion")? {
            Some(version) if version > 0 => watch.after = version,
            _ => {
                let there = world.objects.iter();
                let there = there.filter(|(key, object)| watch.concerns(key, object));
                let first = there.map(|(_, object)| event("ADDED", object)).collect();
                watch.first = first;
            }
        }
        Ok(watch)
    }

    fn concerns(&self, key: &Key, object: &Value) -> bool {
        let is_there = |namespace: &String| *namespace == key.namespace;
        key.resource == self.resource
            && self.namespace.as_ref().is_none_or(is_there)
            && self.selector.accepts(object)
    }

    /// What is new; an error ends the watch.
    fn next(&mut self, world: &World) -> Result<Vec<Value>, Value> {
        let Some(events) = world.history.after(self.after) else {
            let message = format!(
                "too old resource version: {} ({})",
                self.after,
                world.revision()
            );
            let expired = Refusal::new(StatusCode::GONE, "Expired", message);
            let status = serde_json::from_str(&expired.body()).expect("a Status is JSON");
            return Err(event("ERROR", &status));
        };
        let new = events.filter(|one| self.concerns(&one.key, &one.object));
        let new = new.map(|one| event(one.kind, &one.object)).collect();
        self.after = world.revision();
        Ok(new)
    }

    /// The events, until the time is over or the client is gone.
    pub(crate) fn body(self, shared: Arc<Shared>) -> Body {
        let (sender, receiver) = mpsc::channel(16);
        tokio::spawn(feed(shared, self, sender));
        Body::new(Lines(receiver))
    }
}

fn event(kind: &str, object: &Value) -> Value {
    json!({ "type": kind, "object": object })
}

async fn feed(shared: Arc<Shared>, mut watch: Watch, lines: mpsc::Sender<Bytes>) {
    let mut told = shared.lock().world.history.subscribe();
    let lasts = watch.lasts;
    let over = async {
        match lasts {
            Some(lasts) => tokio::time::sleep(lasts).await,
            None => pending().await,
        }
    };
    let mut over = std::pin::pin!(over);
    let mut new = std::mem::take(&mut watch.first);
    loop {
        let next = watch.next(&shared.lock().world);
        let (more, is_last) = match next {
            Ok(more) => (more, false),
            Err(expired) => (vec![expired], true),
        };
        new.extend(more);
        for line in new.drain(..) {
            // An error is a client that went away.
            if lines.send(Bytes::from(format!("{line}\n"))).await.is_err() {
                return;
            }
        }
        if is_last {
            return;
        }
        // Cancel-safe: all only wait.
        tokio::select! {
            changed = told.changed() => if changed.is_err() { return },
            () = &mut over => return,
            () = lines.closed() => return,
        }
    }
}

/// Lines from a channel, as a body.
struct Lines(mpsc::Receiver<Bytes>);

impl hyper::body::Body for Lines {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0
            .poll_recv(cx)
            .map(|line| line.map(|line| Ok(Frame::data(line))))
    }
}
