//! The registration of the external metrics API.

use anyhow::{Context as _, bail};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use std::fs;

use super::yaml::{quoted, scalar};
use crate::{cli::generate::ApiserviceArgs, kubernetes::Place};

/// Why the API server believes the exporter.
pub(super) enum Trust {
    /// CA certificates in base64.
    Bundle(String),
    /// A Certificate of cert-manager.
    CertManager(Place),
    /// It does not have to.
    Nobody,
}

/// Reads what is to be trusted.
pub(super) fn trust(args: &ApiserviceArgs) -> anyhow::Result<Trust> {
    if let Some(path) = &args.ca_bundle_file {
        let what = || format!("--ca-bundle-file {}", path.display());
        let pem = fs::read_to_string(path).with_context(what)?;
        if pem.contains("PRIVATE KEY") {
            bail!(
                "{}: it holds a private key, which everybody could read: give only certificates",
                what()
            );
        }
        if !pem.contains("-----BEGIN CERTIFICATE-----") {
            bail!("{}: it holds no certificate in PEM form", what());
        }
        return Ok(Trust::Bundle(BASE64_STANDARD.encode(pem)));
    }
    Ok(args
        .cert_manager
        .clone()
        .map_or(Trust::Nobody, Trust::CertManager))
}

pub(super) fn render(args: &ApiserviceArgs, trust: &Trust) -> String {
    let annotation = match trust {
        Trust::CertManager(place) => format!(
            "  annotations:\n    cert-manager.io/inject-ca-from: {} # fills in caBundle\n",
            scalar(&format!("{}/{}", place.namespace, place.name))
        ),
        Trust::Bundle(_) | Trust::Nobody => String::new(),
    };
    let believed = match trust {
        Trust::Bundle(bundle) => format!("  caBundle: {bundle}\n"),
        Trust::CertManager(_) => String::new(),
        Trust::Nobody => "  insecureSkipTLSVerify: true # whoever answers at the Service's address sets your replicas\n".to_owned(),
    };
    let (service, namespace) = (scalar(&args.place.service), scalar(&args.place.namespace));
    format!(
        "# kafka-lag generate apiservice. A cluster has one external metrics API. Look first whose it is:\n\
         #   kubectl get apiservice v1beta1.external.metrics.k8s.io\n\
         # If another adapter has it (KEDA, prometheus-adapter, Datadog), this takes it away and its HPAs stop. Feed that\n\
         # adapter instead: kafka-lag generate keda, or kafka-lag generate adapter-rules.\n\
         # Delete it together with the exporter: while it has no answer, no namespace of the cluster can be deleted.\n\
         apiVersion: apiregistration.k8s.io/v1\n\
         kind: APIService\n\
         metadata:\n  \
           name: v1beta1.external.metrics.k8s.io\n\
         {annotation}\
         spec:\n  \
           group: external.metrics.k8s.io\n  \
           version: v1beta1\n  \
           groupPriorityMinimum: 100\n  \
           versionPriority: 100\n  \
           service:\n    \
             name: {service}\n    \
             namespace: {namespace}\n    \
             port: 443\n\
         {believed}\
         ---\n\
         # The serving certificate must be for {service}.{namespace}.svc: kafka-lag generate serving-cert.\n\
         apiVersion: v1\n\
         kind: Service\n\
         metadata:\n  \
           name: {service}\n  \
           namespace: {namespace}\n\
         spec:\n  \
           selector:\n    \
             {key}: {value}\n  \
           ports:\n    \
             - name: external-metrics\n      \
               protocol: TCP\n      \
               port: 443\n      \
               targetPort: {port}\n",
        key = scalar(&args.selector.key),
        value = quoted(&args.selector.value),
        port = args.target_port,
    )
}
