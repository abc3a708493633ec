//! `check-config`: words and arithmetic, and no call.

use crate::harness::{Cloud, Ended, INSTANCE, OTHER, assert_says, program};

#[test]
fn it_says_what_is_collected_and_what_that_costs_without_a_call() {
    let cloud = Cloud::usual();
    let out = cloud
        .run(&[
            "check-config",
            "--group.expect=busy",
            "--group.exclude=prefix:test_",
        ])
        .with(0);
    assert_says(
        &out,
        &[
            "source cn-hangzhou",
            INSTANCE,
            "all but prefix:test_",
            &format!("{INSTANCE}/busy"),
            "account default: 1 call each 1m = 43,200 a month of 1,000,000 free ones",
            "room for 288 series",
        ],
    );
    assert_eq!(cloud.simulator.counters().calls, 0);
}

#[test]
fn keys_are_not_needed() {
    let out = Ended::of(&mut program(&[
        "check-config",
        "--cms.region=cn-hangzhou",
        "--cms.instance=i-1",
    ]))
    .with(0);
    assert_says(&out, &["metrics.cn-hangzhou.aliyuncs.com", "keys from"]);
}

#[test]
fn a_file_of_the_exporter_is_read_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lag.yml");
    let text = format!(
        "sources:\n  - name: east\n    region: cn-hangzhou\n    instances: [{INSTANCE}]\n  - region: cn-shanghai\n    \
         instances: [{OTHER}]\ncollect:\n  interval: 2m\n  topics: true\nweb:\n  listen_address: [127.0.0.1:9876]\n"
    );
    std::fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap();
    let out = Ended::of(&mut program(&["check-config", "--config.file", path])).with(0);
    assert_says(
        &out,
        &[
            "source east",
            "source cn-shanghai",
            "4 calls each 2m = 86,400 a month",
            "127.0.0.1:9876",
        ],
    );

    std::fs::write(path, "colect:\n  interval: 2m\n").unwrap();
    let ended = Ended::of(&mut program(&["check-config", "--config.file", path]));
    assert_says(&ended.err, &["lag.yml line 1", "colect"]);
    assert_eq!(ended.err.lines().count(), 1);
    assert_eq!(ended.code, Some(1));
}

#[test]
fn more_than_is_free_is_a_warning() {
    let out = Cloud::usual()
        .run(&[
            "check-config",
            "--collect.schedule=fixed",
            "--collect.interval=2s",
        ])
        .with(0);
    assert_says(
        &out,
        &[
            "1,296,000 a month",
            "warning: this is more than that, so the exporter will ask more rarely",
        ],
    );
}

#[test]
fn a_misspelt_variable_is_told() {
    let cloud = Cloud::usual();
    let mut command = cloud.command(&["check-config"]);
    let out = Ended::of(command.env("KAFKA_LAG_COLLECT_INTERVALL", "5m")).with(0);
    assert_says(
        &out,
        &[
            "warning: no flag reads the variable KAFKA_LAG_COLLECT_INTERVALL; did you mean KAFKA_LAG_COLLECT_INTERVAL?",
        ],
    );
}

#[test]
fn the_staged_reaction_is_told_in_words_and_its_templates_are_expanded() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/examples/check.yaml");
    // The file names its own sources.
    let mut command = program(&["check-config", "--config.file", example]);
    command.env("KAFKA_LAG_GROUP_EXPECT", "cust_docking_analog");
    let out = Ended::of(&mut command).with(0);
    assert_says(
        &out,
        &[
            "reaction (kafka-lag check --act)\n",
            "  threshold   above 150,000, recovered at 100,000\n",
            "  stage 1     restart, tell people\n",
            "  stage 2     scale +2, tell people\n",
            "  stage 3     tell people\n",
            "  expands     cust_docking_analog -> ",
            "  allowed     ",
        ],
    );
}

#[test]
fn rules_for_recommended_replicas_are_told_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lag.yml");
    let text = format!(
        "sources:\n  - region: cn-hangzhou\n    instances: [{INSTANCE}]\nrecommend:\n  - groups: [\"suffix:_analog\"]\n    base: 2\n    \
         max: 5\n    steps: [{{above: 100000, add: 1}}, {{above: 150000, add: 2}}]\n    back_at: 50000\n    sustained_for: 3m\n  \
         - groups: [\"glob:*\"]\n    instances: [\"prefix:alikafka\"]\n    partitions: 12\n    \
         workload: orders/Deployment/consumer\n    \
         drain: {{within: 10m, per_replica_per_second: 500, min: 2, max: 20, calm_at: 1000}}\n"
    );
    std::fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap();
    let out = Ended::of(&mut program(&["check-config", "--config.file", path])).with(0);
    assert_says(
        &out,
        &[
            "recommended replicas (the first rule that fits a group counts)\n",
            "  suffix:_analog -> steps: base 2, above 100,000 +1, above 150,000 +2, back at 50,000, above for 3m, at most 5\n",
            "  glob:* of prefix:alikafka -> drain: within 10m at 500 a second and replica, 2 to 12 replicas, calm at 1,000; \
             replicas of orders/Deployment/consumer\n",
        ],
    );
}

#[test]
fn what_autoscalers_read_is_told_with_who_may() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lag.yaml");
    let text = "\
cms: {}
sources:
  - region: cn-hangzhou
    instances: [alikafka_pre-cn-a]
external_metrics:
  listen_address: \":6443\"
  tls_cert_file: /tls/tls.crt
  tls_key_file: /tls/tls.key
  namespaces: {orders: [\"exact:a\"]}
keda: {listen_address: \":6000\"}
";
    std::fs::write(&path, text).unwrap();
    let said = Ended::of(&mut program(&[
        "check-config",
        "--config.file",
        path.to_str().unwrap(),
    ]));
    let said = said.with(0);
    for words in [
        "external metrics (by the exporter)\n  served at   :6443\n",
        "readers     the API server alone",
        "namespaces  orders: exact:a\n  namespaces  all others: nothing\n",
        "KEDA external scaler (by the exporter)\n  served at   :6000\n  readers     in plain text",
    ] {
        assert!(said.contains(words), "{words:?} is not in:\n{said}");
    }
}

#[test]
fn the_file_that_protects_the_port_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("web.yml");
    let checked = |text: &str| {
        std::fs::write(&path, text).unwrap();
        let mut command = program(&[
            "check-config",
            "--cms.region=cn-hangzhou",
            "--cms.instance=i-1",
        ]);
        command.env("KAFKA_LAG_WEB_CONFIG_FILE", &path);
        Ended::of(&mut command)
    };
    let out = checked("basic_auth_users: {alice: secret-TESTonly}\n").with(0);
    assert_says(&out, &["protected by", "plain HTTP, 1 user", "web.yml"]);
    std::fs::write(folder.path().join("tls.crt"), "").unwrap();
    for (text, parts) in [
        (
            "tls_server_config: {cert_file: tls.crt, key_file: tls.key}\n",
            ["key_file", "tls.key"],
        ),
        (
            "basic_auth_user: {alice: secret-TESTonly}\n",
            ["line 1", "basic_auth_users"],
        ),
    ] {
        let ended = checked(text);
        assert_eq!(ended.code, Some(1), "{ended:#?}");
        let said = ended.err;
        assert_says(&said, &parts);
        assert!(!said.contains("TESTonly"), "{said}");
    }
    std::fs::remove_file(&path).unwrap();
    let mut command = program(&[
        "check-config",
        "--cms.region=cn-hangzhou",
        "--cms.instance=i-1",
    ]);
    command.arg("--web.config.file").arg(&path);
    let ended = Ended::of(&mut command);
    assert_eq!(ended.code, Some(1), "{ended:#?}");
    assert_says(&ended.err, &["--web.config.file", "web.yml"]);
}
