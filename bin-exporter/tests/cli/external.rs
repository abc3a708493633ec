//! `--external-metrics.listen-address` of the real program, before anything is served.

use crate::harness::{Cloud, exporter, output};
use kube_sim::{KubeSim, KubeSimConfig};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair};
use serde_json::json;
use std::fs;

/// The text of a CA with this key.
fn ca(name: &str, key: &KeyPair) -> String {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.self_signed(key).unwrap().pem()
}

#[test]
fn cas_that_share_a_key_or_are_none_are_refused_at_the_start() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let started = runtime.block_on(KubeSim::start(KubeSimConfig::default()));
    let (cloud, api) = (Cloud::usual(), started.unwrap());
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = directory.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let made = rcgen::generate_simple_self_signed(["lag.ops.svc".to_owned()]).unwrap();
    let cert = file("tls.crt", &made.cert.pem());
    let key = file("tls.key", &made.signing_key.serialize_pem());
    let kubeconfig = file("kubeconfig", &api.kubeconfig());
    let shared = KeyPair::generate().unwrap();
    let empty = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (own, names, says) in [
        (ca("front", &shared), "[]", "--requestheader-allowed-names"),
        (
            empty.to_owned(),
            r#"["front"]"#,
            "requestheader-client-ca-file",
        ),
    ] {
        let object = json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"namespace": "kube-system", "name": "extension-apiserver-authentication"},
            "data": {
                "client-ca-file": ca("kubernetes", &shared),
                "requestheader-client-ca-file": own,
                "requestheader-allowed-names": names,
                "requestheader-username-headers": r#"["X-Remote-User"]"#,
            },
        });
        api.put(object).unwrap();
        let mut command = exporter(&cloud.url());
        command
            .args(["--external-metrics.listen-address", "127.0.0.1:0"])
            .arg("--external-metrics.tls-cert-file")
            .arg(&cert)
            .arg("--external-metrics.tls-key-file")
            .arg(&key)
            .env("KAFKA_LAG_KUBECONFIG", &kubeconfig);
        let ended = output(&mut command);
        let text = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(1), "{text}");
        let said = text.lines().last().unwrap();
        for part in ["--external-metrics.listen-address", says] {
            assert!(said.contains(part), "{text}");
        }
    }
}
