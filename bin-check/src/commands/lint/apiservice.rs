//! The registration of the external metrics API.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::Value;

use super::{finding::Finding, look::text};

const GROUP: &str = "external.metrics.k8s.io";

/// Whether a document is about the external metrics API.
pub(super) fn is_it(document: &Value) -> bool {
    let names =
        |pointer| text(document, pointer).is_some_and(|name| name.contains("external.metrics"));
    document
        .get("kind")
        .is_some_and(|kind| kind == "APIService")
        && (names("/metadata/name") || names("/spec/group"))
}

pub(super) fn lint(document: &Value) -> Vec<Finding> {
    let mut found = Vec::new();
    let version = text(document, "/apiVersion").unwrap_or_default();
    if version != "apiregistration.k8s.io/v1" {
        found.push(Finding::error(
            "apiVersion",
            format!("clusters do not know {version:?} any more: the manifest is refused"),
            "write apiVersion: apiregistration.k8s.io/v1",
        ));
    }
    for (pointer, path, wanted) in [
        (
            "/metadata/name",
            "metadata.name",
            format!("v1beta1.{GROUP}"),
        ),
        ("/spec/group", "spec.group", GROUP.to_owned()),
        ("/spec/version", "spec.version", "v1beta1".to_owned()),
    ] {
        let written = text(document, pointer).unwrap_or("nothing");
        if written != wanted {
            found.push(Finding::error(
                path,
                format!("{written:?}: the HPA asks for {GROUP}/v1beta1 and for nothing else, and the name must be VERSION.GROUP"),
                format!("write {wanted}"),
            ));
        }
    }
    for field in ["groupPriorityMinimum", "versionPriority"] {
        let number = document
            .pointer(&format!("/spec/{field}"))
            .and_then(Value::as_u64);
        if number.is_none_or(|number| number == 0) {
            found.push(Finding::error(
                &format!("spec.{field}"),
                "it must be more than 0: the manifest is refused",
                format!("write {field}: 100"),
            ));
        }
    }
    for field in ["name", "namespace"] {
        if text(document, &format!("/spec/service/{field}")).is_none() {
            found.push(Finding::error(
                &format!("spec.service.{field}"),
                "nothing is asked: without a Service the API server answers for the group itself",
                "name the Service of kafka-lag-exporter",
            ));
        }
    }
    trust(document, &mut found);
    found
}

fn trust(document: &Value, found: &mut Vec<Finding>) {
    let bundle = text(document, "/spec/caBundle").filter(|bundle| !bundle.is_empty());
    let insecure = document.pointer("/spec/insecureSkipTLSVerify") == Some(&Value::Bool(true));
    let injected = document
        .pointer("/metadata/annotations")
        .and_then(Value::as_object)
        .is_some_and(|annotations| {
            annotations
                .keys()
                .any(|key| key.starts_with("cert-manager.io/inject-"))
        });
    let instead = "write caBundle, the certificate in base64: kafka-lag generate apiservice --ca-bundle-file FILE";
    if let (Some(_), true) = (bundle, insecure) {
        found.push(Finding::error(
            "spec.insecureSkipTLSVerify",
            "it and caBundle exclude each other: the manifest is refused",
            "leave insecureSkipTLSVerify out",
        ));
    } else if insecure {
        found.push(Finding::warning(
            "spec.insecureSkipTLSVerify",
            "anybody who can answer at the Service's address sets your replicas",
            instead,
        ));
    } else if bundle.is_none() && !injected {
        found.push(Finding::error(
            "spec.caBundle",
            "without it only certificates of public authorities are believed, and none of them has one for a Service: the API is unavailable, and \
             no namespace of the cluster can be deleted",
            instead,
        ));
    }
    if let Some(bundle) = bundle {
        let tight: String = bundle.split_whitespace().collect();
        let decoded = BASE64_STANDARD.decode(tight).unwrap_or_default();
        if !decoded.starts_with(b"-----BEGIN CERTIFICATE-----") {
            found.push(Finding::error(
                "spec.caBundle",
                "it is not a PEM certificate in base64: no certificate is believed",
                "encode the whole PEM file: base64 -w0 FILE",
            ));
        }
    }
}
