//! One request: built by hand, bounded in time, never repeated, its failure in words.

use std::time::Duration;

use http::{Method, Request, header::CONTENT_TYPE};
use kube::{Client, client::Body};
use serde::de::DeserializeOwned;
use serde_json::Value;

use lag_cluster::{Cluster, describe};

use super::{fault::Fault, resource::Resource, scaler::Print};

/// Under this name the API server notes who wrote a field.
pub(super) const FIELD_MANAGER: &str = "kafka-lag";

/// What a write does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Write {
    /// Strategic merge: for kinds of Kubernetes itself.
    StrategicMerge,
    /// Merge: for every kind and subresource.
    Merge,
    /// A new object.
    Create,
}

impl Write {
    fn method(self) -> Method {
        match self {
            Self::StrategicMerge | Self::Merge => Method::PATCH,
            Self::Create => Method::POST,
        }
    }

    fn verb(self) -> &'static str {
        match self {
            Self::StrategicMerge | Self::Merge => "patch",
            Self::Create => "create",
        }
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::StrategicMerge => "application/strategic-merge-patch+json",
            Self::Merge => "application/merge-patch+json",
            Self::Create => "application/json",
        }
    }

    fn query(self) -> Option<String> {
        match self {
            Self::StrategicMerge | Self::Merge => Some(format!("fieldManager={FIELD_MANAGER}")),
            Self::Create => None,
        }
    }
}

/// A way to an API server.
#[derive(Clone)]
pub(super) struct Calls {
    client: Client,
    timeout: Duration,
    dry: Option<Print>,
}

impl Calls {
    pub(super) fn new(cluster: &Cluster) -> Self {
        Self {
            client: cluster.client.clone(),
            timeout: cluster.call_timeout,
            dry: None,
        }
    }

    /// The same, with writes that are printed and then only tried out by the server.
    pub(super) fn dry(self, print: Print) -> Self {
        Self {
            dry: Some(print),
            ..self
        }
    }

    pub(super) fn print(&self) -> Option<&Print> {
        self.dry.as_ref()
    }

    /// Reads one object.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        doing: &str,
        what: &Resource,
    ) -> Result<T, Fault> {
        let request = request(doing, Method::GET, what.path()?, None, Vec::new())?;
        let body = self.send(doing, request, &what.rule(&["get"])).await?;
        decode(doing, &body)
    }

    /// Reads all objects of a kind, or those with a label selector.
    pub(super) async fn list<T: DeserializeOwned>(
        &self,
        doing: &str,
        what: &Resource,
        selector: Option<&str>,
    ) -> Result<Vec<T>, Fault> {
        #[derive(serde::Deserialize)]
        struct List<T> {
            items: Vec<T>,
        }
        let mut path = what.path()?;
        if let Some(selector) = selector {
            let query = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("labelSelector", selector)
                .finish();
            path = format!("{path}?{query}");
        }
        let request = request(doing, Method::GET, path, None, Vec::new())?;
        let body = self.send(doing, request, &what.rule(&["list"])).await?;
        decode::<List<T>>(doing, &body).map(|list| list.items)
    }

    /// Changes something; in a dry run, says what it would send and lets the server try it out.
    pub(super) async fn write(
        &self,
        doing: &str,
        write: Write,
        what: &Resource,
        body: &Value,
    ) -> Result<(), Fault> {
        let mut path = what.path()?;
        let mut query = write.query();
        let with = |query: &Option<String>| match query {
            Some(query) => format!("{path}?{query}"),
            None => path.clone(),
        };
        if let Some(print) = &self.dry {
            print(&shown(write, &with(&query), body));
            query = Some(query.map_or_else(
                || "dryRun=All".to_owned(),
                |query| format!("{query}&dryRun=All"),
            ));
        }
        path = with(&query);
        let kind = Some(write.content_type());
        let request = request(doing, write.method(), path, kind, body.to_string().into())?;
        let verbs = [write.verb()];
        self.send(doing, request, &what.rule(&verbs)).await?;
        Ok(())
    }

    /// Asks a question that takes a body and stores nothing: sent in a dry run as well.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        doing: &str,
        path: &str,
        body: &Value,
    ) -> Result<T, Fault> {
        let kind = Some(Write::Create.content_type());
        let body = body.to_string().into();
        let request = request(doing, Method::POST, path.to_owned(), kind, body)?;
        let rule = "everybody may ask this: the ClusterRole system:basic-user is gone";
        let answer = self.send(doing, request, &rule).await?;
        decode(doing, &answer)
    }

    async fn send(
        &self,
        doing: &str,
        request: Request<Body>,
        rule: &(dyn std::fmt::Display + Sync),
    ) -> Result<Vec<u8>, Fault> {
        let is_write = request.method() != Method::GET;
        let exchange = async {
            let answer = self.client.send(request).await?;
            let status = answer.status();
            let body = answer.into_body().collect_bytes().await?;
            Ok((status, body))
        };
        match tokio::time::timeout(self.timeout, exchange).await {
            Ok(Ok((status, body))) if status.is_success() => Ok(body.to_vec()),
            Ok(Ok((status, body))) => Err(Fault::answered(doing, status, &body, rule)),
            Ok(Err(error)) => Err(Fault::unavailable(doing, &describe(&error))),
            Err(_) => {
                let seconds = self.timeout.as_secs_f64();
                let all_the_same = match is_write {
                    true => "; it may have been done all the same",
                    false => "",
                };
                let why = format!("no answer from the API server within {seconds} s{all_the_same}");
                Err(Fault::unavailable(doing, &why))
            }
        }
    }
}

/// A request as a dry run prints it.
pub(super) fn shown(write: Write, path: &str, body: &Value) -> String {
    let method = write.method();
    let kind = write.content_type();
    format!("{method} {path}\nContent-Type: {kind}\n{body}\n")
}

fn request(
    doing: &str,
    method: Method,
    path: String,
    content_type: Option<&str>,
    body: Vec<u8>,
) -> Result<Request<Body>, Fault> {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(content_type) = content_type {
        request = request.header(CONTENT_TYPE, content_type);
    }
    let body = Body::from(body);
    request
        .body(body)
        .map_err(|error| Fault::invalid(doing, &error.to_string()))
}

/// Bodies are never logged: a workload's environment can hold secrets. For the same reason the parser's words, which
/// quote, are not passed on.
fn decode<T: DeserializeOwned>(doing: &str, body: &[u8]) -> Result<T, Fault> {
    serde_json::from_slice(body).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let why = format!("the answer was not understood (line {line}, column {column})");
        Fault::invalid(doing, &why)
    })
}
