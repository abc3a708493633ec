//! `generate`: what is written is YAML, has the fields that were asked for, and `lint` finds nothing in it.

use crate::harness::{Cloud, Ended, INSTANCE, OTHER, assert_says, program, usual};
use crate::lint::fed;
use cms_sim::{Fault, FaultKind, Scenario};
use serde_json::{Value, json};
use std::{fs, os::unix::fs::PermissionsExt as _, process::Command};

/// The groups of the first post.
const GROUPS: [&str; 2] = ["--group=cust_docking_analog", "--group=cd_docking_analog"];

fn said(arguments: &[&str]) -> String {
    let mut all = vec!["generate"];
    all.extend(arguments);
    let ended = Ended::of(&mut program(&all));
    assert_eq!(ended.err, "", "{arguments:?}");
    ended.with(0)
}

fn written(arguments: &[&str]) -> String {
    let text = said(arguments);
    assert!(text.starts_with("---\n"), "files cannot be joined: {text}");
    text
}

fn documents(text: &str) -> Vec<Value> {
    serde_saphyr::from_multiple(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[track_caller]
fn complains(arguments: &[&str], code: i32, parts: &[&str]) {
    let mut all = vec!["generate"];
    all.extend(arguments);
    let ended = Ended::of(&mut program(&all));
    assert_says(&ended.err, parts);
    assert_eq!(ended.err.lines().count(), 1, "{ended:?}");
    assert_eq!(ended.with(code), "");
}

#[test]
fn an_hpa_follows_the_lag_of_its_group_under_the_one_name() {
    let mut arguments = vec![
        "hpa",
        "-n",
        "orders",
        "--workload={group|strip_suffix:_docking_analog}-consumer",
    ];
    arguments.extend(GROUPS);
    let text = written(&arguments);
    let found = documents(&text);
    assert_eq!(found.len(), 2);
    assert_eq!(
        found[1]["metadata"],
        json!({"name": "cust-consumer", "namespace": "orders"})
    );
    assert_eq!(
        found[1]["spec"]["scaleTargetRef"],
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "cust-consumer"})
    );
    assert_eq!(
        found[1]["spec"]["metrics"],
        json!([{"type": "External", "external": {
            "metric": {
                "name": "kafka_consumer_message_accumulation",
                "selector": {"matchLabels": {"consumer_group": "cust_docking_analog"}},
            },
            "target": {"type": "AverageValue", "averageValue": "50000"},
        }}])
    );
    assert_eq!(
        (
            &found[1]["spec"]["minReplicas"],
            &found[1]["spec"]["maxReplicas"]
        ),
        (&json!(2), &json!(5))
    );
    insta::assert_snapshot!("an_hpa", text);
}

#[test]
fn tolerances_are_written_only_for_clusters_that_read_them() {
    let of = |version: &str| {
        documents(&written(&["hpa", "--group=a", version]))[0]["spec"]["behavior"].clone()
    };
    assert!(
        of("--kubernetes=1.34")["scaleUp"]
            .get("tolerance")
            .is_none()
    );
    assert_eq!(of("--kubernetes=1.35")["scaleUp"]["tolerance"], "0");
    assert_eq!(of("--kubernetes=v1.36")["scaleDown"]["tolerance"], "666m");
}

#[test]
fn groups_of_one_workload_are_metrics_of_one_hpa() {
    let mut arguments = vec!["hpa", "--workload=both"];
    arguments.extend(GROUPS);
    let found = documents(&written(&arguments));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["spec"]["metrics"].as_array().unwrap().len(), 2);
    arguments[0] = "keda";
    let found = documents(&written(&arguments));
    assert_eq!(found[0]["spec"]["triggers"].as_array().unwrap().len(), 2);
}

#[test]
fn an_instance_that_is_known_is_in_the_selector() {
    let (first, other) = (
        format!("--group={INSTANCE}/a"),
        format!("--group={OTHER}/a"),
    );
    let labels = |arguments: &[&str]| {
        let found = documents(&written(arguments));
        let metrics = found[0]["spec"]["metrics"].as_array().unwrap().clone();
        metrics
            .iter()
            .map(|metric| metric["external"]["metric"]["selector"]["matchLabels"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        labels(&["hpa", &first]),
        [json!({"instance_id": INSTANCE, "consumer_group": "a"})]
    );
    assert_eq!(
        labels(&["hpa", "--group=a"]),
        [json!({"consumer_group": "a"})]
    );
    assert_eq!(
        labels(&["hpa", "--group=i/a/b", "--cms.instance=i", "--workload=w"]),
        [json!({"instance_id": "i", "consumer_group_alias": lag_core::alias("a/b").unwrap()})]
    );
    assert_eq!(
        labels(&["hpa", &first, &other]),
        [
            json!({"instance_id": OTHER, "consumer_group": "a"}),
            json!({"instance_id": INSTANCE, "consumer_group": "a"}),
        ]
    );
    complains(
        &["hpa", &first, &other, "--group=b"],
        1,
        &["--group b", "INSTANCE/b"],
    );
    complains(
        &["hpa", "--group=b", "--workload={instance}"],
        1,
        &["INSTANCE/b"],
    );
}

#[test]
fn what_stands_before_a_slash_is_an_instance_or_a_mistake() {
    for more in [&[][..], &["--cms.instance=j"]] {
        let arguments = [&["hpa", "--group=I/g", "--workload=w"], more].concat();
        complains(
            &arguments,
            1,
            &[
                "I is no instance that is configured",
                "alikafka_pre-cn-xxx/g",
                "--cms.instance I",
                "alikafka_pre-cn-xxx/I/g",
            ],
        );
    }
}

#[test]
fn outputs_can_be_joined() {
    let joined = format!(
        "{}{}{}",
        written(&["hpa", "--group=a"]),
        written(&["servicemonitor"]),
        written(&["rbac"])
    );
    assert_eq!(documents(&joined).len(), 5, "{joined}");
}

/// The pieces that are written apart, beside the manifest that they are for.
#[test]
fn with_defaults_all_pieces_name_each_other() {
    let read = |file: &str| {
        let path = format!("{}/../deploy/{file}", env!("CARGO_MANIFEST_DIR"));
        documents(&fs::read_to_string(path).unwrap())
    };
    let exporter = read("manifests/exporter.yaml");
    let service = &exporter[1];
    let name = service["metadata"]["name"].as_str().unwrap();
    let port = &service["spec"]["ports"][0];
    let pods = &exporter[0]["spec"]["template"]["metadata"]["labels"];

    let group = format!("--group={INSTANCE}/a");
    let scaled = &documents(&written(&["keda", &group, "--via=metrics-api"]))[0];
    let url = scaled["spec"]["triggers"][0]["metadata"]["url"]
        .as_str()
        .unwrap();
    let base = format!("http://{name}.monitoring.svc:{}/api/v1/lag/", port["port"]);
    assert!(url.starts_with(&base), "{url} is not at {base}");

    let monitor = &documents(&written(&["servicemonitor"]))[0];
    assert_eq!(monitor["metadata"]["namespace"], "monitoring");
    assert_eq!(
        monitor["spec"]["selector"]["matchLabels"],
        service["metadata"]["labels"]
    );
    let endpoint = &monitor["spec"]["endpoints"][0];
    assert_eq!(endpoint["port"], port["name"]);
    assert_eq!(endpoint["relabelings"][0]["targetLabel"], "job");
    let job = endpoint["relabelings"][0]["replacement"].as_str().unwrap();

    let rules = &documents(&written(&["prometheus-rules"]))[0];
    assert_eq!(rules["metadata"]["namespace"], "monitoring");
    let asked = format!("absent(up{{job=\"{job}\"}} == 1)");
    assert!(
        rules_of(&rules["spec"])
            .iter()
            .any(|rule| rule["expr"] == asked.as_str()),
        "{asked}"
    );
    assert_eq!(
        read("prometheus/scrape.yml")[0]["scrape_configs"][0]["job_name"],
        job
    );

    let registration = documents(&written(&["apiservice", "--cert-manager=monitoring/a"]));
    assert_eq!(
        registration[0]["spec"]["service"]["namespace"],
        "monitoring"
    );
    assert_eq!(&registration[1]["spec"]["selector"], pods);
    let account = &documents(&written(&["rbac"]))[0];
    assert_eq!(account["metadata"]["namespace"], "monitoring");
}

#[test]
fn a_group_that_cannot_be_selected_goes_by_its_alias() {
    let text = written(&["hpa", "--group=订单_消费组", "--workload=orders"]);
    let labels =
        &documents(&text)[0]["spec"]["metrics"][0]["external"]["metric"]["selector"]["matchLabels"];
    let alias = labels["consumer_group_alias"].as_str().unwrap();
    assert!(
        alias.is_ascii() && labels.get("consumer_group").is_none(),
        "{text}"
    );
    assert_says(&text, &["stands for \"订单_消费组\""]);
}

#[test]
fn recommended_replicas_are_taken_as_they_are() {
    let found = documents(&written(&[
        "hpa",
        "--group=a",
        "--metric=recommended",
        "--kubernetes=1.35",
    ]));
    let external = &found[0]["spec"]["metrics"][0]["external"];
    assert_eq!(external["metric"]["name"], "kafka_lag_recommended_replicas");
    assert_eq!(
        external["target"],
        json!({"type": "AverageValue", "averageValue": "1"})
    );
    assert_eq!(found[0]["spec"]["behavior"]["scaleDown"]["tolerance"], "0");
    let trigger = &documents(&written(&["keda", "--group=a", "--metric=recommended"]))[0]["spec"]["triggers"]
        [0];
    assert_eq!(trigger["metadata"]["metric"], "recommendedReplicas");
    assert!(trigger["metadata"].get("lagThreshold").is_none());
}

#[test]
fn partitions_cap_the_replicas() {
    let found = documents(&written(&[
        "hpa",
        "--group=a",
        "--max-replicas=20",
        "--partitions=12",
    ]));
    assert_eq!(found[0]["spec"]["maxReplicas"], 12);
    let one = written(&["hpa", "--group=a", "--min-replicas=1", "--partitions=1"]);
    assert_says(&one, &["the topic has 1 partition:"]);
}

#[test]
fn a_scaled_object_has_a_fallback_and_the_scalers_keys() {
    let group = format!("--group={INSTANCE}/cust_docking_analog");
    let text = written(&["keda", "-n", "orders", &group]);
    let spec = &documents(&text)[0]["spec"];
    assert_eq!(
        spec["triggers"],
        json!([{
            "type": "external",
            "metricType": "AverageValue",
            "useCachedMetrics": true,
            "metadata": {
                "scalerAddress": "kafka-lag.monitoring.svc:6000",
                "instanceId": INSTANCE,
                "consumerGroup": "cust_docking_analog",
                "lagThreshold": "50000",
                "activationLagThreshold": "0",
            },
        }])
    );
    assert_eq!(
        spec["fallback"],
        json!({"failureThreshold": 3, "replicas": 2, "behavior": "currentReplicasIfHigher"})
    );
    insta::assert_snapshot!("a_scaled_object", text);
}

#[test]
fn the_other_ways_into_keda_avoid_their_traps() {
    let group = format!("--group={INSTANCE}/a b/\"c\"");
    let of = |via: &str| {
        documents(&written(&["keda", &group, via, "--workload=w"]))[0]["spec"]["triggers"][0]
            .clone()
    };
    let trigger = of("--via=prometheus");
    assert_eq!(trigger["metadata"]["ignoreNullValues"], "false");
    assert_eq!(
        trigger["metadata"]["query"],
        format!(
            "max(kafka_consumer_message_accumulation{{instance_id=\"{INSTANCE}\",consumer_group=\"a b/\\\"c\\\"\"}})"
        )
    );
    let trigger = of("--via=metrics-api");
    assert_eq!(
        trigger["metadata"]["url"],
        format!(
            "http://aliyun-kafka-exporter-service.monitoring.svc:9876/api/v1/lag/{INSTANCE}/a%20b%2F%22c%22"
        )
    );
    assert_eq!(trigger["metadata"]["valueLocation"], "lag");
    complains(
        &["keda", "--group=a", "--via=metrics-api"],
        1,
        &["INSTANCE/a"],
    );
}

#[test]
fn the_groups_of_the_instance_are_asked_for_and_filters_count() {
    let cloud = Cloud::start(usual().group(INSTANCE, "on", Scenario::constant(5)));
    let text = cloud
        .run(&["generate", "hpa", "--group.exclude=re:[^a-z-]+.*"])
        .with(0);
    let names: Vec<_> = documents(&text)
        .iter()
        .map(|found| found["metadata"]["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(names, ["busy", "caught-up", "on"], "{text}");
    let calls = cloud.simulator.counters().calls;
    assert!(calls > 0);
    cloud.run(&["generate", "hpa", "--group=a"]).with(0);
    assert_eq!(
        cloud.simulator.counters().calls,
        calls,
        "a group that is given is not asked for"
    );
    let ended = cloud.run(&["generate", "hpa"]);
    assert_says(
        &ended.err,
        &["订单中心_消费组", "no workload can be called"],
    );
    ended.with(1);
}

#[test]
fn a_part_of_the_groups_is_not_taken_for_all_of_them() {
    let fault = Fault::new(FaultKind::InvalidParameter).on_instance(OTHER);
    let cloud = Cloud::start(usual().instance(OTHER).fault(fault));
    let both = format!("--cms.instance={INSTANCE},{OTHER}");
    let ended = cloud.run(&["generate", "keda", &both, "--workload=w"]);
    assert_says(
        &ended.err,
        &[OTHER, "could not be read", "nothing was written"],
    );
    assert_eq!(ended.with(1), "");
}

#[test]
fn the_adapters_rule_serves_all_groups() {
    let rule = |series: &str, name: &str| {
        json!({
            "seriesQuery": format!("{series}{{consumer_group!=\"\"}}"),
            "resources": {"namespaced": false},
            "name": {"as": name},
            "metricsQuery": "max(<<.Series>>{<<.LabelMatchers>>}) by (instance_id, consumer_group)",
        })
    };
    let recommended = "kafka_lag_recommended_replicas";
    let rules = |name: &str| {
        json!([
            rule("kafka_consumer_message_accumulation", name),
            rule(recommended, recommended)
        ])
    };
    assert_eq!(
        documents(&written(&[
            "adapter-rules",
            "--metric-name=kafka_consumer_lag"
        ])),
        [json!({"externalRules": rules("kafka_consumer_lag")})]
    );
    assert_eq!(
        documents(&written(&["adapter-rules", "--format=values"])),
        [json!({"rules": {"external": rules("kafka_consumer_message_accumulation")}})]
    );
}

#[test]
fn a_registration_says_whom_it_trusts() {
    complains(
        &["apiservice"],
        3,
        &[
            "--ca-bundle-file",
            "--cert-manager",
            "--insecure-skip-tls-verify",
        ],
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    let flag = format!("--ca-bundle-file={}", file.display());
    complains(&["apiservice", &flag], 1, &["--ca-bundle-file"]);
    fs::write(&file, "-----BEGIN PRIVATE KEY-----\n").unwrap();
    complains(&["apiservice", &flag], 1, &["private key"]);
    fs::write(
        &file,
        "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n",
    )
    .unwrap();
    let found = documents(&written(&["apiservice", &flag]));
    assert_eq!(
        found[0]["metadata"]["name"],
        "v1beta1.external.metrics.k8s.io"
    );
    assert!(
        found[0]["spec"]["caBundle"].is_string()
            && found[0]["spec"].get("insecureSkipTLSVerify").is_none()
    );
    assert_eq!(
        found[0]["spec"]["service"]["name"],
        found[1]["metadata"]["name"]
    );
    let found = documents(&written(&[
        "apiservice",
        "--cert-manager=monitoring/kafka-lag",
    ]));
    assert_eq!(
        found[0]["metadata"]["annotations"]["cert-manager.io/inject-ca-from"],
        "monitoring/kafka-lag"
    );
    assert!(found[0]["spec"].get("caBundle").is_none());
    let found = documents(&written(&["apiservice", "--insecure-skip-tls-verify"]));
    assert_eq!(found[0]["spec"]["insecureSkipTLSVerify"], true);
}

#[test]
fn rights_are_those_of_the_mode() {
    let kinds = |arguments: &[&str]| -> Vec<String> {
        documents(&written(arguments))
            .iter()
            .map(|found| {
                format!(
                    "{} {}",
                    found["kind"].as_str().unwrap(),
                    found["metadata"]["name"].as_str().unwrap()
                )
            })
            .collect()
    };
    assert_eq!(
        kinds(&["rbac"]),
        [
            "ServiceAccount kafka-lag-exporter",
            "RoleBinding kafka-lag-auth-reader",
            "ClusterRole kafka-lag-external-metrics-reader",
        ]
    );
    assert_eq!(
        kinds(&["rbac", "--auth=delegated", "--lease=monitoring/kafka-lag"]),
        [
            "ServiceAccount kafka-lag-exporter",
            "RoleBinding kafka-lag-auth-reader",
            "ClusterRoleBinding kafka-lag-auth-delegator",
            "Role kafka-lag-lease",
            "RoleBinding kafka-lag-lease",
            "ClusterRole kafka-lag-external-metrics-reader",
        ]
    );
    assert_eq!(
        kinds(&["rbac", "--recommend-namespace=orders"])[2..4],
        ["Role kafka-lag-replicas", "RoleBinding kafka-lag-replicas"]
    );
    complains(&["rbac", "--lease=kafka-lag"], 3, &["NAMESPACE/NAME"]);
}

#[test]
fn rules_are_an_object_or_a_file_with_the_same_alerts() {
    let object = documents(&written(&["prometheus-rules"]));
    let plain = documents(&written(&["prometheus-rules", "--format=plain"]));
    assert_eq!(object[0]["spec"]["groups"], plain[0]["groups"]);
    assert_eq!(
        object[0]["metadata"]["labels"]["release"],
        "kube-prometheus-stack"
    );
    // With defaults they are the rules that are kept in the tree, which have tests of their own.
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../deploy/prometheus/rules.yml"
    );
    let kept = documents(&fs::read_to_string(path).unwrap());
    assert_eq!(plain[0], kept[0]);
    let text = written(&[
        "prometheus-rules",
        "--threshold=3600",
        "--max-drain=5m",
        "--max-age=30m",
        "--job=a\"b: c #d",
        "--grafana-url=https://grafana.example/\"x/",
        "--release-label=",
    ]);
    let found = documents(&text);
    assert!(found[0]["metadata"].get("labels").is_none(), "{text}");
    let rules = rules_of(&found[0]["spec"]);
    let of = |name: &str, key: &str| {
        let rule = rules
            .iter()
            .find(|rule| rule["alert"] == name || rule["record"] == name);
        rule.unwrap()[key].clone()
    };
    let expr = |name: &str| of(name, "expr").as_str().unwrap().to_owned();
    let limit = expr("consumer_group:kafka_consumer_message_accumulation:limit");
    assert!(limit.trim_end().ends_with("* 0 + 3600"), "{limit}");
    assert_says(&expr("KafkaConsumerDrainTooSlow"), &["> 300\n"]);
    assert_says(&expr("KafkaLagDataStale"), &["> 1800\n"]);
    assert_eq!(
        expr("KafkaLagExporterDown"),
        "absent(up{job=\"a\\\"b: c #d\"} == 1)"
    );
    assert_eq!(
        of("KafkaLagExporterDown", "annotations")["dashboard_url"],
        "https://grafana.example/\"x/d/kafka-lag-overview"
    );
}

/// The rules of all groups.
fn rules_of(groups: &Value) -> Vec<Value> {
    let groups = groups["groups"].as_array().unwrap();
    let rules = |group: &Value| group["rules"].as_array().unwrap().clone();
    groups.iter().flat_map(rules).collect()
}

#[test]
fn a_service_monitor_names_port_and_label() {
    let found = documents(&written(&[
        "servicemonitor",
        "--selector=app=x",
        "--release-label=on",
    ]));
    assert_eq!(
        found[0]["spec"]["selector"]["matchLabels"],
        json!({"app": "x"})
    );
    assert_eq!(found[0]["metadata"]["labels"], json!({"release": "on"}));
    assert_eq!(found[0]["spec"]["endpoints"][0]["port"], "metrics");
    complains(&["servicemonitor", "--selector=x"], 3, &["KEY=VALUE"]);
}

#[test]
fn lint_finds_nothing_in_what_is_generated() {
    let group = format!("--group={INSTANCE}/cust_docking_analog");
    for arguments in [
        &["hpa", &group][..],
        &["hpa", &group, "--kubernetes=1.35", "--metric=recommended"],
        &["hpa", "--group=订单", "--workload=a"],
        &["keda", &group],
        &["keda", &group, "--metric=recommended"],
        &["keda", &group, "--via=metrics-api"],
        &["keda", &group, "--via=prometheus"],
        &["adapter-rules"],
        &["adapter-rules", "--format=values"],
        &["apiservice", "--cert-manager=a/b"],
        &["prometheus-rules"],
        &["prometheus-rules", "--format=plain"],
    ] {
        let ended = fed(
            &["lint", "--strict", "--kubernetes=1.35", "-"],
            &written(arguments),
        );
        assert_eq!(ended.err, "", "{arguments:?}");
        assert_says(&ended.with(0), &["errors: 0, warnings: 0, notes: 0"]);
    }
}

#[test]
fn a_certificate_is_for_the_service_and_its_key_is_private() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("pair");
    let out = out.display().to_string();
    let arguments = [
        "serving-cert",
        "--service=lag",
        "--namespace=mon",
        "--out-dir",
        &out,
        "--days=30",
    ];
    let said_first = said(&arguments);
    assert_says(
        &said_first,
        &[
            "caBundle: LS0tLS1",
            "kubectl create secret tls lag-tls --namespace mon",
            "for lag.mon.svc, lag.mon.svc.cluster.local, lag.mon, lag",
        ],
    );
    let (crt, key) = (format!("{out}/tls.crt"), format!("{out}/tls.key"));
    let mode = |path: &str| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&key), mode(&crt) & 0o600), (0o600, 0o600));
    let before = fs::read(&crt).unwrap();
    complains(&arguments, 1, &["tls.crt", "--force"]);
    assert_eq!(fs::read(&crt).unwrap(), before);
    // It fits its key, and is believed by who trusts it alone: what the API server does.
    let _ = rustls::crypto::ring::default_provider().install_default();
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
    let certificate = CertificateDer::from_pem_file(&crt).unwrap();
    let private = PrivateKeyDer::from_pem_file(&key).unwrap();
    rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], private)
        .unwrap();
    let bundle = said_first
        .lines()
        .find_map(|line| line.strip_prefix("caBundle: "))
        .unwrap();
    let found = documents(&written(&["apiservice", "--ca-bundle-file", &crt]));
    assert_eq!(found[0]["spec"]["caBundle"], bundle);
    let mut all = arguments.to_vec();
    all.push("--force");
    said(&all);
    assert_ne!(fs::read(&crt).unwrap(), before);
}

#[test]
fn openssl_finds_the_names_in_the_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().display().to_string();
    said(&["serving-cert", "--out-dir", &out]);
    let crt = format!("{out}/tls.crt");
    let Ok(output) = Command::new("openssl")
        .args([
            "x509",
            "-noout",
            "-ext",
            "subjectAltName,extendedKeyUsage",
            "-in",
            &crt,
        ])
        .output()
    else {
        // The names are also compared by the end-to-end script, which needs openssl.
        return;
    };
    let text = String::from_utf8(output.stdout).unwrap();
    assert_says(
        &text,
        &[
            "DNS:kafka-lag-metrics.monitoring.svc,",
            "DNS:kafka-lag-metrics.monitoring.svc.cluster.local",
            "TLS Web Server Authentication",
        ],
    );
}

#[test]
fn a_wrong_flag_ends_with_3_and_a_name_that_cannot_be_with_1() {
    complains(
        &["hpa", "--group=a", "--kind=DaemonSet"],
        3,
        &["Deployment, StatefulSet"],
    );
    complains(
        &["hpa", "--group=a", "--lag-per-replica=0"],
        3,
        &["lag-per-replica"],
    );
    complains(
        &["hpa", "--group=a", "--kubernetes=2"],
        3,
        &["such as 1.34"],
    );
    complains(
        &["hpa", "--group=a", "--min-replicas=6"],
        1,
        &["--min-replicas and --max-replicas", "between 6 and 5"],
    );
    complains(
        &["hpa", "--group=a", "--min-replicas=0"],
        1,
        &["--kubernetes 1.35"],
    );
    complains(&["hpa"], 1, &["without --group NAME", "--cms.instance"]);
    complains(
        &["hpa", "--group=a b"],
        1,
        &["no workload can be called", "a b"],
    );
    complains(
        &["hpa", "--group=a", "--workload={grup}"],
        1,
        &["--workload", "{grup}"],
    );
    complains(
        &["keda", "--group=a", "--scaler-address=http://a:1"],
        1,
        &["HOST:PORT"],
    );
    complains(&["rbac", "--namespace=A"], 3, &["lower-case"]);
    complains(
        &[
            "apiservice",
            "--insecure-skip-tls-verify",
            "--target-port=0",
        ],
        3,
        &["--target-port", "1..="],
    );
    complains(
        &["prometheus-rules", "--max-age=0s"],
        3,
        &["--max-age", "at least 1s"],
    );
    let ended = Ended::of(&mut program(&["lint", "--partitions=0", "-"]));
    assert_says(&ended.err, &["--partitions", "1.."]);
    ended.with(3);
    let ended = Ended::of(&mut program(&[
        "generate",
        "rbac",
        "--output-file=/nonexistent/x",
    ]));
    assert_says(&ended.err, &["--output-file /nonexistent/x"]);
    ended.with(1);
}
