//! The staged reaction's part of the file and its flags: what they come to.
#![allow(clippy::unwrap_used)]

use clap::Parser as _;
use jiff::SignedDuration;
use lag_core::{
    Bounds, GroupKey, Lag, Language, OnAutoscaler, Replicas, RestartWay, WorkloadKind,
    escalate::{Action, EscalationPolicy},
};
use lag_runtime::{
    args::{KubeArgs, ReactionArgs, ReadArgs},
    config::{CheckConfig, Config, ConfigError, File, NotifierKind, SecretSource, StatePlace},
};
use std::{path::PathBuf, time::Duration};

#[derive(clap::Parser)]
struct Program {
    #[command(flatten)]
    check: ReactionArgs,
    #[command(flatten)]
    kube: KubeArgs,
    #[command(flatten)]
    read: ReadArgs,
}

fn resolve(flags: &[&str], text: &str) -> Result<CheckConfig, ConfigError> {
    let mut args = Program::try_parse_from(["program"].iter().chain(flags)).unwrap();
    args.read.config_file = Some("check.yaml".to_owned());
    let file = File::parse("check.yaml", text)?;
    CheckConfig::resolve(&args.check, &args.kube, &args.read, &file, &|name| {
        (name == "NAMESPACE").then(|| "orders".to_owned())
    })
}

fn key(instance: &str, group: &str) -> GroupKey {
    GroupKey {
        instance: instance.parse().unwrap(),
        group: group.parse().unwrap(),
        topic: None,
    }
}

fn lag(messages: u32) -> Lag {
    Lag::try_from(f64::from(messages)).unwrap()
}

#[test]
fn nothing_given_is_the_first_posts_ladder_without_targets_and_state() {
    let config = resolve(&[], "").unwrap();
    assert_eq!(config.policies.common, EscalationPolicy::default());
    assert!(config.policies.overrides.is_empty() && config.notifiers.is_empty());
    assert!(config.targets.rules.is_empty() && config.targets.allowed.is_none());
    assert_eq!(config.state, None);
    assert_eq!(config.language, Language::English);
    assert_eq!(config.kubernetes.timeout, Duration::from_secs(10));
    assert_eq!(config.kubernetes.kubeconfig, None);
    assert!(config.notices.is_empty());
}

#[test]
fn every_key_of_the_policy_is_read() {
    let config = resolve(
        &[],
        "check:
  policy:
    breach_above: 1000
    recover_at: 0
    for: 3m
    min_gap: 10m
    daily_cap: 2
    retries: 0
    remind_every: 6h
    tell_recovery: false
    scale_back: true
    hold_while_draining_within: 15m
    confirm: true
    keep_missing_for: 2h
    stages:
      - [scale to 5]
      - [scale -1, restart, notify]
",
    );
    let policy = config.unwrap().policies.common;
    assert_eq!(policy.threshold.breach_above(), lag(1000));
    assert_eq!(policy.threshold.recover_at(), lag(0));
    assert_eq!(policy.sustained_for, SignedDuration::from_mins(3));
    assert_eq!(policy.min_gap, SignedDuration::from_mins(10));
    assert_eq!((policy.daily_cap, policy.retries), (2, 0));
    assert_eq!(policy.remind_every, Some(SignedDuration::from_hours(6)));
    assert!(!policy.tell_recovery && policy.scale_back && policy.confirm);
    assert_eq!(
        policy.hold_while_draining_within,
        Some(SignedDuration::from_mins(15))
    );
    assert_eq!(policy.keep_missing_for, SignedDuration::from_hours(2));
    let actions: Vec<_> = policy
        .stages
        .iter()
        .map(|stage| &stage.actions[..])
        .collect();
    assert_eq!(
        actions,
        [
            &[Action::Scale(Replicas::To(5))][..],
            &[
                Action::Scale(Replicas::By(-1)),
                Action::Restart,
                Action::Notify
            ]
        ]
    );
}

#[test]
fn recovery_follows_a_breach_that_is_given_alone_at_two_thirds() {
    for (breach, recover) in [
        (0, 0),
        (1, 0),
        (2, 1),
        (100, 66),
        (150_000, 100_000),
        (u32::MAX, 2_863_311_530),
    ] {
        let text = format!("check: {{policy: {{breach_above: {breach}}}}}\n");
        let threshold = resolve(&[], &text).unwrap().policies.common.threshold;
        assert_eq!(threshold.recover_at(), lag(recover), "{breach}");
    }
}

#[test]
fn an_override_takes_what_it_does_not_say_from_the_policy_and_the_first_that_fits_counts() {
    let policies = resolve(
        &[],
        "check:
  policy: {breach_above: 9000, recover_at: 8000, daily_cap: 1, remind_every: 1h}
  overrides:
    - {groups: ['exact:a'], instances: ['exact:i-1'], recover_at: 0}
    - {groups: ['prefix:a', 'exact:b'], breach_above: 30, remind_every: none}
    - {groups: ['glob:*'], stages: [[notify]]}
",
    );
    let policies = policies.unwrap().policies;
    let of = |instance, group| policies.of(&key(instance, group));
    let thresholds = |instance, group| {
        let threshold = of(instance, group).threshold;
        (threshold.breach_above(), threshold.recover_at())
    };
    assert_eq!(thresholds("i-1", "a"), (lag(9000), lag(0)));
    assert_eq!(thresholds("i-2", "a"), (lag(30), lag(20)));
    assert_eq!(thresholds("i-1", "b"), (lag(30), lag(20)));
    assert_eq!(thresholds("i-1", "c"), (lag(9000), lag(8000)));
    assert_eq!(
        of("i-1", "a").remind_every,
        Some(SignedDuration::from_hours(1))
    );
    assert_eq!(of("i-2", "a").remind_every, None);
    assert_eq!(
        (of("i-2", "a").daily_cap, of("i-2", "a").stages.len()),
        (1, 3)
    );
    assert_eq!(of("i-1", "c").stages.len(), 1);
}

#[test]
fn a_target_is_read_with_its_place_for_later_messages() {
    let map = resolve(
        &[],
        "targets:
  - groups: ['exact:a']
    namespace: ${NAMESPACE}
    kind: argoproj.io/v1alpha1/Rollout/rollouts
    name: a
    max_replicas: 4
    partitions: 24
    autoscaler: raise-min
  - {groups: ['exact:b'], instances: ['prefix:i'], namespace: n, kind: DaemonSet, name: b, restart: evict}
",
    );
    let map = map.unwrap().targets;
    let [first, second] = &map.rules[..] else {
        panic!("{map:?}")
    };
    assert_eq!(first.place, "check.yaml line 2: targets[0]");
    assert_eq!(second.place, "check.yaml line 9: targets[1]");
    assert_eq!(first.namespace.to_string(), "orders");
    assert_eq!(first.kind.api_version(), "argoproj.io/v1alpha1");
    assert_eq!(first.bounds, Bounds::try_from((1, 4)).unwrap());
    assert_eq!(first.partitions, Some(24));
    assert_eq!(
        (first.restart, first.autoscaler),
        (RestartWay::Rollout, OnAutoscaler::RaiseMin)
    );
    assert_eq!(second.kind, WorkloadKind::DaemonSet);
    assert_eq!(
        (second.restart, second.autoscaler),
        (RestartWay::Evict, OnAutoscaler::Refuse)
    );
    assert!(first.instances.is_empty() && second.instances.len() == 1);
}

#[test]
fn a_notifier_says_where_its_secrets_are_and_speaks_the_common_language() {
    let text = "check: {language: zh}
notifiers:
  - {kind: feishu, url_variable: ROBOT_URL, language: en}
  - kind: dingtalk
    name: oncall
    url_file: /etc/robot-url
    secret_file: /etc/robot-secret
    keyword: kafka
    at_mobiles: [13800000000, '+86-13800000001']
    at_user_ids: [user1]
    at_all: true
    endpoint: http://127.0.0.1:8080
";
    let config = resolve(&[], text).unwrap();
    let [feishu, dingtalk] = &config.notifiers[..] else {
        panic!("{config:?}")
    };
    assert_eq!(
        (feishu.name.as_str(), feishu.kind),
        ("feishu", NotifierKind::Feishu)
    );
    assert_eq!(
        feishu.url.source,
        SecretSource::Variable("ROBOT_URL".into())
    );
    assert_eq!(
        feishu.url.place,
        "check.yaml line 3: notifiers[0].url_variable"
    );
    assert_eq!(feishu.language, Language::English);
    assert!(feishu.secret.is_none() && !feishu.at_all && feishu.endpoint.is_none());
    assert_eq!(dingtalk.name, "oncall");
    assert_eq!(dingtalk.place, "check.yaml line 4: notifiers[1]");
    assert_eq!(dingtalk.url.source.to_string(), "file /etc/robot-url");
    assert_eq!(
        dingtalk.secret.as_ref().unwrap().source,
        SecretSource::File("/etc/robot-secret".into())
    );
    assert_eq!(dingtalk.at_mobiles, ["13800000000", "+86-13800000001"]);
    assert!(dingtalk.at_all && dingtalk.language == Language::Chinese);
    assert_eq!(
        dingtalk.endpoint.as_ref().unwrap().place,
        "check.yaml line 12: notifiers[1].endpoint"
    );
    let english = resolve(&["--lang", "en"], text).unwrap();
    assert_eq!(english.language, Language::English);
    assert_eq!(english.notifiers[1].language, Language::English);
}

#[test]
fn state_is_in_the_place_that_is_named_else_in_the_state_directory() {
    let path = |path: &str| Some(StatePlace::File(PathBuf::from(path)));
    let state = |flags: &[&str], text: &str| resolve(flags, text).unwrap().state;
    let file = "check: {state_file: /a.json}\nstate: {directory: /d}\n";
    assert_eq!(state(&[], file), path("/a.json"));
    assert_eq!(state(&["--state-file=/b.json"], file), path("/b.json"));
    assert_eq!(state(&["--state-file="], file), path("/a.json"));
    assert_eq!(
        state(&[], "state: {directory: /d}\n"),
        path("/d/check.json")
    );
    let directory = ["--state.directory", "/e"];
    assert_eq!(
        state(&directory, "state: {directory: /d}\n"),
        path("/e/check.json")
    );
    let named = |state| match state {
        Some(StatePlace::ConfigMap { configmap, lease }) => format!("{configmap} {lease}"),
        other => panic!("{other:?}"),
    };
    let text = "check: {state_configmap: ns/a, state_lease: ns/b.c}\n";
    assert_eq!(named(state(&directory, text)), "ns/a ns/b.c");
    assert_eq!(named(state(&["--state-configmap=x/y"], "")), "x/y x/y");
}

#[test]
fn the_cluster_is_read() {
    let text = "kubernetes: {kubeconfig: /k, context: c, timeout: 3s}\n";
    let config = resolve(&[], text).unwrap();
    assert_eq!(config.kubernetes.kubeconfig, Some("/k".into()));
    assert_eq!(config.kubernetes.context.as_deref(), Some("c"));
    assert_eq!(config.kubernetes.timeout, Duration::from_secs(3));
    let config = resolve(&["--kubeconfig", "/l"], text).unwrap();
    assert_eq!(config.kubernetes.kubeconfig, Some("/l".into()));
}

#[test]
fn a_wait_that_is_longer_than_the_memory_is_noticed_where_it_is_written() {
    let text = "check:
  policy:
    for: 2h
    keep_missing_for: 1h
  overrides:
    - {groups: ['exact:a'], breach_above: 1}
    - {groups: ['exact:b'], keep_missing_for: 30m}
";
    let notices = resolve(&[], text).unwrap().notices;
    assert_eq!(notices.len(), 2, "{notices:?}");
    assert_eq!(
        notices[0],
        "check.yaml line 3: check.policy: a breach must last 2h before anything is done, but counts from its beginning \
         again when the group was missing for 1h: make keep_missing_for longer than for"
    );
    assert!(notices[1].starts_with("check.yaml line 7: check.overrides[1]: "));
}

#[test]
fn the_example_is_complete_and_says_the_defaults() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/examples/check.yaml");
    let text = std::fs::read_to_string(path).unwrap();
    let config = resolve(&[], &text).unwrap();
    assert_eq!(config.policies.common, EscalationPolicy::default());
    assert_eq!(config.policies.overrides.len(), 1);
    assert_eq!((config.targets.rules.len(), config.notifiers.len()), (1, 2));
    assert!(config.notices.is_empty());
    let target = config
        .targets
        .resolve(&key("i", "cust_eu_docking_analog"))
        .unwrap();
    assert_eq!(
        target.unwrap().workload.to_string(),
        "orders/Deployment/cust-eu"
    );
    let file = File::parse("check.yaml", &text).unwrap();
    let args = lag_runtime::args::Args::default();
    assert_eq!(
        Config::resolve(&args, &file, &|_| None)
            .unwrap()
            .sources
            .len(),
        1
    );
}

#[test]
fn programs_that_only_look_accept_these_sections_and_read_only_their_syntax() {
    let sources = "sources: [{region: cn-hangzhou, instances: [a]}]\n";
    let args = lag_runtime::args::Args::default();
    let resolve = |text: &str| {
        let file = File::parse("lag.yml", &format!("{sources}{text}"))?;
        Config::resolve(&args, &file, &|_| None).map(|config| config.sources.len())
    };
    let nonsense = "check: {policy: {for: soon}, language: '${NOPE}'}\ntargets: [{kind: Pod}]\nnotifiers: [{url: x}]\n";
    assert_eq!(resolve(nonsense), Ok(1));
    let error = resolve("check: {polisy: {}}\n").unwrap_err().to_string();
    assert!(
        error.starts_with("lag.yml line 2: ") && error.contains("polisy"),
        "{error}"
    );
}

#[test]
fn every_flag_has_an_environment_variable_with_the_prefix() {
    use clap::CommandFactory as _;
    let command = Program::command();
    command.clone().debug_assert();
    let named = |flag: &str| {
        let argument = command
            .get_arguments()
            .find(|argument| argument.get_long() == Some(flag));
        argument
            .unwrap()
            .get_env()
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(named("state-file"), "KAFKA_LAG_STATE_FILE");
    assert_eq!(named("state-configmap"), "KAFKA_LAG_STATE_CONFIGMAP");
    assert_eq!(named("kubeconfig"), "KAFKA_LAG_KUBECONFIG");
    assert_eq!(named("lang"), "KAFKA_LAG_LANG");
}
