//! Who may depend on whom. Adding an edge means changing this table in the same commit, with the reason.

use std::{collections::BTreeSet, process::Command};

const SUBSCRIBERS: [&str; 2] = ["tracing-subscriber", "env_logger"];

/// Package, and what must not be among its dependencies, direct or not.
const FORBIDDEN: [(&str, &[&str]); 11] = [
    (
        "lag-core",
        &[
            "tokio",
            "futures",
            "futures-core",
            "hyper",
            "reqwest",
            "kube",
            "axum",
            "tonic",
            "clap",
            "prometheus",
            "aliyun-cms",
            "tracing",
            "log",
        ],
    ),
    (
        "aliyun-cms",
        &["lag-core", "kube", "axum", "clap", "prometheus"],
    ),
    (
        "lag-serve",
        &[
            "aliyun-cms",
            "lag-actions",
            "lag-runtime",
            "reqwest",
            "clap",
            "kube",
            "cms-sim",
        ],
    ),
    (
        "lag-runtime",
        &[
            "lag-actions",
            "lag-serve",
            "kube",
            "axum",
            "prometheus",
            "cms-sim",
        ],
    ),
    // It may ask an API server who calls and hold a Lease (lag-cluster); what changes a workload is not in it.
    ("kafka-lag-exporter", &["lag-actions", "kube-sim"]),
    (
        "lag-cluster",
        &[
            "aliyun-cms",
            "lag-actions",
            "lag-serve",
            "lag-runtime",
            "reqwest",
            "axum",
            "clap",
            "prometheus",
        ],
    ),
    (
        "kafka-lag",
        &["lag-serve", "axum", "prometheus", "cms-sim", "kube-sim"],
    ),
    // It changes workloads and listens, so it is small: no stand-in is in it.
    ("kafka-lag-scaler", &["cms-sim", "kube-sim", "tonic"]),
    // Actions do not care where lag came from.
    (
        "lag-actions",
        &[
            "aliyun-cms",
            "lag-serve",
            "lag-runtime",
            "axum",
            "clap",
            "prometheus",
            "cms-sim",
            "kube-sim",
        ],
    ),
    (
        "cms-sim",
        &[
            "lag-core",
            "aliyun-cms",
            "lag-serve",
            "lag-runtime",
            "reqwest",
        ],
    ),
    // What it would share with the client, it could not catch. `kube` is for its tests only.
    (
        "kube-sim",
        &[
            "lag-core",
            "lag-actions",
            "lag-serve",
            "lag-runtime",
            "aliyun-cms",
            "cms-sim",
            "kube",
            "kube-core",
            "k8s-openapi",
            "reqwest",
        ],
    ),
];

/// Names of all packages a package is built from, itself included.
fn closure(package: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--offline",
            "--all-features",
            "-e",
            "normal,build",
            "--prefix",
            "none",
            "-p",
            package,
        ])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .filter_map(|line| line.split(' ').next())
        .map(str::to_owned)
        .collect()
}

#[test]
fn forbidden_edges_do_not_exist() {
    for (package, forbidden) in FORBIDDEN {
        let closure = closure(package);
        assert!(
            closure.contains(package),
            "cargo tree did not list {package}"
        );
        for name in forbidden {
            assert!(
                !closure.contains(*name),
                "{package} must not depend on {name}"
            );
        }
    }
}

#[test]
fn libraries_do_not_install_a_subscriber() {
    for package in [
        "lag-core",
        "aliyun-cms",
        "lag-actions",
        "lag-cluster",
        "lag-serve",
    ] {
        let closure = closure(package);
        for name in SUBSCRIBERS {
            assert!(
                !closure.contains(name),
                "{package} must not depend on {name}"
            );
        }
    }
}

#[test]
fn there_is_one_tls_provider() {
    for program in ["kafka-lag-exporter", "kafka-lag", "kafka-lag-scaler"] {
        let closure = closure(program);
        assert!(closure.contains("ring"));
        for name in ["aws-lc-rs", "openssl", "native-tls"] {
            assert!(
                !closure.contains(name),
                "two TLS providers in {program}: {name}"
            );
        }
    }
}
