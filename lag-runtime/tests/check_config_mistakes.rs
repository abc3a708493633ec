//! Every mistake in the staged reaction's part of the file is one line with file, line, key and what would work.
#![allow(clippy::unwrap_used)]

use lag_runtime::{
    args::{KubeArgs, ReactionArgs, ReadArgs},
    config::{CheckConfig, ConfigError, File},
};

fn resolve(args: &ReactionArgs, text: &str) -> Result<CheckConfig, ConfigError> {
    let read = ReadArgs {
        config_file: Some("check.yaml".to_owned()),
        ..ReadArgs::default()
    };
    let file = File::parse("check.yaml", text)?;
    CheckConfig::resolve(args, &KubeArgs::default(), &read, &file, &|_| None)
}

/// Each text and the whole message it leads to, after the name of the file.
fn say(table: &[(&str, &str)]) {
    for (text, message) in table {
        let error = resolve(&ReactionArgs::default(), text).unwrap_err();
        assert_eq!(error.to_string(), format!("check.yaml {message}"), "{text}");
    }
}

#[test]
fn thresholds_and_counts() {
    say(&[
        (
            "check:\n  policy:\n    breach_above: 150000\n    recover_at: 200000\n",
            "line 4: check.policy.recover_at: recovery at 200000 lies above the breach at 150000: it must be at most that",
        ),
        (
            "check:\n  policy:\n    recover_at: 200000\n",
            "line 3: check.policy.recover_at: recovery at 200000 lies above the breach at 150000: it must be at most that",
        ),
        (
            "check:\n  policy: {breach_above: -1}\n",
            "line 2: check.policy.breach_above: \"-1\" is not possible: use 0 to 4294967295 messages, a whole number",
        ),
        (
            "check:\n  policy: {breach_above: 1.5}\n",
            "line 2: check.policy.breach_above: \"1.5\" is not possible: use 0 to 4294967295 messages, a whole number",
        ),
        (
            "check:\n  policy: {daily_cap: 0}\n",
            "line 2: check.policy.daily_cap: \"0\" is not possible: use 1 to 1000 changes of a workload a day; to change \
             nothing, let the stages only notify",
        ),
        (
            "check:\n  policy: {retries: many}\n",
            "line 2: check.policy.retries: \"many\" is not possible: use 0 to 1000 more tries of a change that failed",
        ),
        (
            "check:\n  policy: {confirm: maybe}\n",
            "line 2: check.policy.confirm: \"maybe\" is not known: use true or false",
        ),
    ]);
}

#[test]
fn durations() {
    let notation = "is not a duration: write numbers with units ms, s, m, h, d, w or y, largest first, such as 30s, 5m \
                    or 1h30m";
    say(&[
        (
            "check:\n  policy:\n    min_gap: 5\n",
            &format!("line 3: check.policy.min_gap: \"5\" {notation}"),
        ),
        (
            "check:\n  policy:\n    for: none\n",
            &format!("line 3: check.policy.for: \"none\" {notation}"),
        ),
        (
            "check:\n  policy: {remind_every: 5s}\n",
            "line 2: check.policy.remind_every: 5s is out of range: use 1m to 31d",
        ),
        (
            "check:\n  policy: {keep_missing_for: 0s}\n",
            "line 2: check.policy.keep_missing_for: 0s is out of range: use 1m to 31d",
        ),
        (
            "kubernetes:\n  timeout: 1h\n",
            "line 2: kubernetes.timeout: 1h is out of range: use 100ms to 5m",
        ),
    ]);
}

#[test]
fn stages() {
    say(&[
        (
            "check:\n  policy:\n    stages:\n      - [restart]\n      - [reboot, notify]\n",
            "line 5: check.policy.stages[1]: \"reboot\" is not known: use restart, scale +2, scale -1, scale to 5 or notify",
        ),
        (
            "check:\n  policy:\n    stages:\n      - [scale +0]\n",
            "line 4: check.policy.stages[0]: \"scale +0\" changes nothing: use scale +1 or more, or scale -1 or less",
        ),
        (
            "check:\n  policy:\n    stages:\n      - [scale +2, notify, scale to 5]\n",
            "line 4: check.policy.stages[0]: \"scale to 5\" is the second of its sort in this stage: keep one",
        ),
        (
            "check:\n  policy:\n    stages: []\n",
            "line 3: check.policy.stages: no stage is listed: to tell people and change nothing, write [[notify]]",
        ),
        (
            "check:\n  policy:\n    stages:\n      - [notify]\n      - []\n",
            "line 5: check.policy.stages[1]: this stage does nothing: use restart, scale +2, scale -1, scale to 5 or notify",
        ),
        (
            "check:\n  policy:\n    stages: [notify]\n",
            "line 3: a list is needed here, such as [one, two]",
        ),
    ]);
}

#[test]
fn policies_in_the_wrong_place() {
    say(&[
        (
            "check:\n  overrides:\n    - breach_above: 5\n",
            "line 3: check.overrides[0].groups: no group is named: add a pattern such as \"suffix:_docking_analog\", or \
             \"glob:*\" for all",
        ),
        (
            "check:\n  overrides:\n    - groups: [orders]\n",
            "line 3: check.overrides[0].groups: pattern \"orders\" has no kind: write exact:NAME, prefix:TEXT, \
             suffix:TEXT, glob:PATTERN (* and ?) or re:REGEX",
        ),
        (
            "check:\n  overrides:\n    - groups: [\"exact:a\"]\n      recover_at: 200000\n",
            "line 4: check.overrides[0].recover_at: recovery at 200000 lies above the breach at 150000: it must be at \
             most that",
        ),
        (
            "check:\n  policy:\n    groups: [\"exact:a\"]\n",
            "line 3: check.policy.groups: this policy is for all groups: write one for some under check.overrides",
        ),
    ]);
}

#[test]
fn state_and_language() {
    say(&[
        (
            "check:\n  state_file: /a\n  state_configmap: ns/a\n",
            "line 3: check.state_configmap: state is also said to be kept at check.yaml line 2: check.state_file: give \
             one of the two",
        ),
        (
            "check:\n  state_lease: ns/a\n",
            "line 2: check.state_lease: a lease goes with a ConfigMap: give check.state_configmap too, or leave this out",
        ),
        (
            "check:\n  state_configmap: a\n",
            "line 2: check.state_configmap: \"a\" names no object: write NAMESPACE/NAME in lower case, such as \
             kafka-lag/kafka-lag-state",
        ),
        (
            "check:\n  state_configmap: ns/a\n  state_lease: Ns/a\n",
            "line 3: check.state_lease: \"Ns/a\" names no object: write NAMESPACE/NAME in lower case, such as \
             kafka-lag/kafka-lag-state",
        ),
        (
            "check:\n  language: fr\n",
            "line 2: check.language: \"fr\" is not known: use en or zh",
        ),
        (
            "check:\n  state_configmap: ns/a\n  state_lease: other/a\n",
            "line 3: check.state_lease: the lease stands in the ConfigMap's namespace: write ns/NAME",
        ),
    ]);
}

#[test]
fn a_flag_and_the_file_naming_two_places_of_state_are_refused_too() {
    let args = ReactionArgs {
        state_file: Some("/a".into()),
        ..ReactionArgs::default()
    };
    let error = resolve(&args, "check:\n  state_configmap: ns/a\n").unwrap_err();
    assert_eq!(
        error.to_string(),
        "check.yaml line 2: check.state_configmap: state is also said to be kept at --state-file (or \
         KAFKA_LAG_STATE_FILE): give one of the two"
    );
}

#[test]
fn wrong_flags_are_named_with_their_variable() {
    let args = ReactionArgs {
        lang: Some("fr".into()),
        ..ReactionArgs::default()
    };
    assert_eq!(
        resolve(&args, "").unwrap_err().to_string(),
        "--lang (or KAFKA_LAG_LANG): \"fr\" is not known: use en or zh"
    );
    let args = ReactionArgs {
        state_configmap: Some("a/b/c".into()),
        ..ReactionArgs::default()
    };
    assert_eq!(
        resolve(&args, "").unwrap_err().to_string(),
        "--state-configmap (or KAFKA_LAG_STATE_CONFIGMAP): \"a/b/c\" names no object: write NAMESPACE/NAME in lower case, \
         such as kafka-lag/kafka-lag-state"
    );
}

#[test]
fn unknown_keys_of_every_section() {
    for (text, line, key) in [
        ("check:\n  stages: []\n", 2, "stages"),
        ("check:\n  policy:\n    breach: 5\n", 3, "breach"),
        (
            "check:\n  overrides:\n    - groups: []\n      cap: 1\n",
            4,
            "cap",
        ),
        ("targets:\n  - deployment: a\n", 2, "deployment"),
        (
            "notifiers:\n  - kind: webhook\n    token: hush\n",
            3,
            "token",
        ),
        ("kubernetes:\n  config: a\n", 2, "config"),
        ("kafka:\n  url: a\n", 2, "url"),
        ("target: []\n", 1, "target"),
    ] {
        let error = resolve(&ReactionArgs::default(), text)
            .unwrap_err()
            .to_string();
        let start = format!("check.yaml line {line}: unknown field `{key}`, expected one of");
        let one = start.replace("expected one of", "expected");
        assert!(
            error.starts_with(&start) || error.starts_with(&one),
            "{error}"
        );
        assert!(!error.contains("hush") && !error.contains('\n'), "{error}");
    }
}
