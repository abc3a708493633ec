//! The documents that never change while the process runs: discovery, OpenAPI, version.

use super::{
    ExternalConfig,
    metric::{GROUP, GROUP_VERSION, Metric},
};
use bytes::Bytes;
use serde_json::{Value, json};

/// Path and text of each.
pub(super) fn all(config: &ExternalConfig) -> Vec<(&'static str, Bytes)> {
    let documents = [
        ("/apis", groups()),
        ("/apis/external.metrics.k8s.io", group()),
        ("/apis/external.metrics.k8s.io/v1beta1", resources(config)),
        ("/openapi/v2", openapi(config, "swagger", "2.0")),
        ("/openapi/v3", openapi_index()),
        (
            "/openapi/v3/apis/external.metrics.k8s.io/v1beta1",
            openapi(config, "openapi", "3.0.0"),
        ),
        ("/version", version(config)),
    ];
    let text = |document: Value| Bytes::from(document.to_string());
    documents
        .into_iter()
        .map(|(path, document)| (path, text(document)))
        .collect()
}

fn groups() -> Value {
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": [entry()]})
}

fn group() -> Value {
    let mut group = entry();
    group["kind"] = json!("APIGroup");
    group["apiVersion"] = json!("v1");
    group
}

fn entry() -> Value {
    let version = json!({"groupVersion": GROUP_VERSION, "version": "v1beta1"});
    json!({"name": GROUP, "versions": [version], "preferredVersion": version})
}

/// Never an empty list: clients of Kubernetes complain about one on every call.
fn resources(config: &ExternalConfig) -> Value {
    let resource = |metric: Metric| {
        json!({
            "name": metric.name(),
            "singularName": "",
            "namespaced": true,
            "kind": "ExternalMetricValueList",
            // Not `list`: what can be listed, namespaces try to delete with their last breath.
            "verbs": ["get"],
        })
    };
    let resources: Vec<_> = Metric::served(config).map(resource).collect();
    json!({
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": GROUP_VERSION,
        "resources": resources,
    })
}

/// Valid and small: no client needs more to read a metric.
fn openapi(config: &ExternalConfig, dialect: &str, version: &str) -> Value {
    let info = json!({"title": config.build.program, "version": config.build.version});
    json!({dialect: version, "info": info, "paths": {}})
}

fn openapi_index() -> Value {
    let path = format!("apis/{GROUP_VERSION}");
    let url = format!("/openapi/v3/{path}");
    json!({"paths": {path: {"serverRelativeURL": url}}})
}

fn version(config: &ExternalConfig) -> Value {
    let build = &config.build;
    let mut parts = build.version.split('.');
    let (major, minor) = (parts.next(), parts.next());
    json!({
        "major": major.unwrap_or_default(),
        "minor": minor.unwrap_or_default(),
        "gitVersion": format!("v{}", build.version),
        "gitCommit": build.revision,
        "gitTreeState": "",
        "buildDate": "",
        "goVersion": "",
        "compiler": format!("rustc {}", build.rustversion),
        "platform": format!("{}/{}", std::env::consts::OS, std::env::consts::ARCH),
    })
}
