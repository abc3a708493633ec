//! Mistakes in targets and notifiers, and secrets that stay where they are.
#![allow(clippy::unwrap_used)]

use lag_runtime::{
    args::{KubeArgs, ReactionArgs, ReadArgs},
    config::{CheckConfig, File, SecretConfig, SecretSource},
};
use secrecy::ExposeSecret as _;
use std::fs;

fn mistake(text: &str) -> String {
    let read = ReadArgs {
        config_file: Some("check.yaml".to_owned()),
        ..ReadArgs::default()
    };
    let file = File::parse("check.yaml", text).unwrap();
    let error = CheckConfig::resolve(
        &ReactionArgs::default(),
        &KubeArgs::default(),
        &read,
        &file,
        &|_| None,
    )
    .unwrap_err();
    let error = error.to_string();
    assert!(!error.contains('\n'), "{error}");
    error
}

/// A complete target with one key replaced, left out (empty) or added.
fn target(key: &str, value: &str) -> String {
    let mut keys = vec![
        ("groups", "[\"exact:a\"]"),
        ("namespace", "orders"),
        ("kind", "Deployment"),
        ("name", "a"),
        ("max_replicas", "10"),
    ];
    keys.retain(|(known, _)| *known != key);
    keys.push((key, value));
    let keys = keys.iter().filter(|(_, value)| !value.is_empty());
    let lines: String = keys
        .map(|(key, value)| format!("    {key}: {value}\n"))
        .collect();
    format!("targets:\n  -\n{lines}")
}

#[test]
fn targets() {
    let kinds = "use Deployment, StatefulSet, DaemonSet, ReplicaSet, or GROUP/VERSION/KIND/PLURAL such as \
                 argoproj.io/v1alpha1/Rollout/rollouts";
    for (key, value, message) in [
        (
            "groups",
            "",
            "line 3: targets[0].groups: no group is named: add a pattern such as \"suffix:_docking_analog\", or \
             \"glob:*\" for all"
                .to_owned(),
        ),
        (
            "namespace",
            "",
            "line 3: targets[0].namespace: it is missing: name the workload's".to_owned(),
        ),
        (
            "name",
            "",
            "line 3: targets[0].name: it is missing: write the workload's, or a template such as \
             \"{group|strip_suffix:_docking_analog|replace:_:-}\""
                .to_owned(),
        ),
        (
            "kind",
            "",
            "line 3: targets[0].kind: it is missing: write Deployment, for example".to_owned(),
        ),
        (
            "kind",
            "Pod",
            format!("line 7: targets[0].kind: \"Pod\" is not known: {kinds}"),
        ),
        (
            "kind",
            "argoproj.io/v1alpha1/Rollout",
            format!("line 7: targets[0].kind: \"argoproj.io/v1alpha1/Rollout\" is not known: {kinds}"),
        ),
        (
            "kind",
            "a/v1/b/c",
            format!("line 7: targets[0].kind: \"a/v1/b/c\" is not known: {kinds}"),
        ),
        (
            "kind",
            "apps/v1/DaemonSet/daemonsets",
            "line 7: targets[0].kind: write DaemonSet alone".to_owned(),
        ),
        (
            "kind",
            "DaemonSet",
            "line 6: targets[0].max_replicas: a DaemonSet has no number of replicas: leave this out".to_owned(),
        ),
        (
            "max_replicas",
            "",
            "line 3: targets[0].max_replicas: nothing limits how far it is scaled: write the most replicas it may have, \
             such as 10"
                .to_owned(),
        ),
        (
            "max_replicas",
            "-1",
            "line 7: targets[0].max_replicas: \"-1\" is not possible: use 1 to 10000 replicas".to_owned(),
        ),
        (
            "max_replicas",
            "2\n    min_replicas: 5",
            "line 7: targets[0].max_replicas: no number lies between 5 and 2: the smaller one comes first".to_owned(),
        ),
        (
            "min_replicas",
            "0",
            "line 8: targets[0].min_replicas: \"0\" is not possible: use 1 to 10000 replicas; a workload at 0 was \
             switched off by somebody and stays so"
                .to_owned(),
        ),
        (
            "partitions",
            "0",
            "line 8: targets[0].partitions: \"0\" is not possible: use 1 to 1000000 partitions".to_owned(),
        ),
        (
            "restart",
            "kill",
            "line 8: targets[0].restart: \"kill\" is not known: use rollout or evict".to_owned(),
        ),
        (
            "restart",
            "rollout\n    kind: ReplicaSet",
            "line 8: targets[0].restart: ReplicaSet cannot be restarted so: use evict, or leave this out and let the \
             stages scale"
                .to_owned(),
        ),
        (
            "restart",
            "evict\n    kind: argoproj.io/v1alpha1/Rollout/rollouts",
            "line 8: targets[0].restart: Rollout cannot be restarted so: leave this out and let the stages scale"
                .to_owned(),
        ),
        (
            "autoscaler",
            "fight",
            "line 8: targets[0].autoscaler: \"fight\" is not known: use refuse or raise-min".to_owned(),
        ),
    ] {
        let mut text = target(key, value);
        if value.contains("kind: ") {
            text = text.replacen("    kind: Deployment\n", "    partitions: 3\n", 1);
        }
        assert_eq!(mistake(&text), format!("check.yaml {message}"), "{text}");
    }
}

#[test]
fn notifiers() {
    for (text, message) in [
        (
            "notifiers:\n  - {kind: dingtalk, url_variable: A}\n  - {kind: dingtalk, url_variable: B}\n",
            "line 3: notifiers[1].name: two notifiers are called \"dingtalk\": give each a name of its own",
        ),
        (
            "notifiers:\n  - kind: dingtalk\n",
            "line 2: notifiers[0].url_file: nothing says where its URL is: name a file that holds it, or an environment \
             variable in url_variable",
        ),
        (
            "notifiers:\n  - kind: slack\n",
            "line 2: notifiers[0].kind: \"slack\" is not known: use dingtalk or feishu or wecom or webhook",
        ),
        (
            "notifiers:\n  - name: a\n",
            "line 2: notifiers[0].kind: it is missing: use dingtalk, feishu, wecom or webhook",
        ),
        (
            "notifiers:\n  - kind: dingtalk\n    url_file: /a\n    url_variable: A\n",
            "line 4: notifiers[0].url_variable: url_file is given, too: give one of the two",
        ),
        (
            "notifiers:\n  - kind: dingtalk\n    url_file: /a\n    bearer_file: /b\n",
            "line 4: notifiers[0].bearer_file: dingtalk knows nothing of it: leave this out",
        ),
        (
            "notifiers:\n  - kind: wecom\n    url_file: /a\n    secret_variable: B\n",
            "line 4: notifiers[0].secret_variable: wecom knows nothing of it: leave this out",
        ),
        (
            "notifiers:\n  - kind: webhook\n    url_file: /a\n    at_mobiles: [\"13800000000\"]\n",
            "line 4: notifiers[0].at_mobiles: webhook knows nothing of it: leave this out",
        ),
        (
            "notifiers:\n  - kind: dingtalk\n    url_file: /a\n    at_mobiles: [wang]\n",
            "line 4: notifiers[0].at_mobiles: this is no telephone number: write \"13800000000\"",
        ),
        (
            "notifiers:\n  - kind: feishu\n    url_file: /a\n    language: fr\n",
            "line 4: notifiers[0].language: \"fr\" is not known: use en or zh",
        ),
    ] {
        assert_eq!(mistake(text), format!("check.yaml {message}"), "{text}");
    }
}

#[test]
fn what_looks_like_a_secret_in_the_file_is_refused_and_never_repeated() {
    let inline = "it is a secret and must not be in this file: put it into a file of its own and name that in";
    for (key, value, says) in [
        (
            "url",
            "https://oapi.dingtalk.com/robot/send?access_token=hush",
            inline,
        ),
        ("secret", "SEC-hush", inline),
        ("bearer", "hush", inline),
        (
            "url_file",
            "https://oapi.dingtalk.com/robot/send?access_token=hush",
            "this is no path",
        ),
        (
            "url_variable",
            "https://oapi.dingtalk.com/?access_token=hush",
            "this is no name of an environment variable",
        ),
        (
            "secret_variable",
            "SEC-hush",
            "this is no name of an environment variable",
        ),
        (
            "endpoint",
            "https://oapi.dingtalk.com/robot/send?access_token=hush",
            "without path and key",
        ),
    ] {
        let url = if key.starts_with("url") {
            ""
        } else {
            "    url_file: /a\n"
        };
        let text = format!("notifiers:\n  - kind: dingtalk\n{url}    {key}: \"{value}\"\n");
        let error = mistake(&text);
        let line = if url.is_empty() { 3 } else { 4 };
        let place = format!("check.yaml line {line}: notifiers[0].{key}: ");
        assert!(error.starts_with(&place) && error.contains(says), "{error}");
        assert!(!error.contains("hush"), "{error}");
    }
}

#[test]
fn a_secret_is_read_without_its_last_line_break_and_shown_nowhere() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("url");
    let secret = |source| SecretConfig {
        source,
        place: "check.yaml line 3: notifiers[0].url_file".into(),
    };
    let file = secret(SecretSource::File(path.clone()));
    fs::write(&path, "https://host/hush\r\n").unwrap();
    let read = file.read(&|_| None).unwrap();
    assert_eq!(read.expose_secret(), "https://host/hush");
    assert!(!format!("{read:?} {file:?} {}", file.source).contains("hush"));
    let variable = secret(SecretSource::Variable("ROBOT".into()));
    let read = variable.read(&|name| (name == "ROBOT").then(|| "hush".into()));
    assert_eq!(read.unwrap().expose_secret(), "hush");
}

#[test]
fn a_secret_that_cannot_be_used_is_named_by_its_place_without_its_text() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("url");
    let shown = path.display().to_string();
    let place = "check.yaml line 3: notifiers[0].url_file";
    let read = |source| {
        let secret = SecretConfig {
            source,
            place: place.into(),
        };
        let env = |name: &str| (name == "EMPTY").then(|| " \n".to_owned());
        secret.read(&env).unwrap_err().to_string()
    };
    let error = read(SecretSource::File(path.clone()));
    let start = format!("{place}: file {shown} cannot be read: ");
    assert!(error.starts_with(&start), "{error}");
    fs::write(&path, "\n").unwrap();
    assert_eq!(
        read(SecretSource::File(path.clone())),
        format!("{place}: file {shown} is empty: put the secret there")
    );
    fs::write(&path, "hush\nhush\n").unwrap();
    assert_eq!(
        read(SecretSource::File(path)),
        format!(
            "{place}: file {shown} has line breaks or other control characters inside: it must be one line of text"
        )
    );
    assert_eq!(
        read(SecretSource::Variable("NOPE".into())),
        format!("{place}: variable NOPE is not set")
    );
    assert_eq!(
        read(SecretSource::Variable("EMPTY".into())),
        format!("{place}: variable EMPTY is empty: put the secret there")
    );
}

#[test]
fn targets_that_the_allow_list_does_not_cover() {
    let templated = target("name", "\"{group|strip_suffix:_x}\"");
    let fixed = target("name", "a");
    let needs = "check.yaml line 3: targets[0]: a template may come to any workload, so an allow-list is needed: list what \
                 may be changed, for example orders/Deployment/cust-*";
    assert_eq!(mistake(&templated), needs);
    assert_eq!(
        mistake(&format!("{fixed}allow: [orders/Deployment/b*]\n")),
        "check.yaml line 3: targets[0]: orders/Deployment/a is not in the allow-list: add it there, or correct this rule"
    );
    assert_eq!(
        mistake(&format!("{fixed}allow: []\n")),
        "check.yaml line 3: targets[0]: orders/Deployment/a is not in the allow-list: add it there, or correct this rule"
    );
    assert_eq!(
        mistake("allow:\n  - orders/*/*\n  - orders\n"),
        "check.yaml line 3: allow: \"orders\" does not name workloads: write NAMESPACE/KIND/NAME, for example \
         orders/Deployment/cust-*"
    );
}

#[test]
fn names_that_no_cluster_has_and_templates_that_cannot_be_read() {
    for (key, value, says) in [
        (
            "namespace",
            "Orders",
            "no namespace can be called \"Orders\"",
        ),
        ("name", "a_b", "no workload can be called \"a_b\""),
        ("name", "\"{topic}\"", "template \"{topic}\""),
        (
            "name",
            "\"{group|strip:x}\"",
            "template \"{group|strip:x}\"",
        ),
    ] {
        let error = mistake(&target(key, value));
        assert!(error.starts_with("check.yaml line "), "{error}");
        assert!(
            error.contains("targets[0]") && error.contains(says),
            "{error}"
        );
    }
}
