//! The section `scaler`: what becomes of it, and what is said about mistakes.
#![allow(clippy::unwrap_used)]

use jiff::SignedDuration;
use lag_core::{
    OnAutoscaler, RestartWay, WorkloadKind,
    alert::{AllowedTarget, Confirm, Further, LabelNames, ScaleBack, Step},
};
use lag_runtime::{
    args::{Args, ScalerArgs, ScalerWebArgs},
    config::{Config, File, LedgerPlace, ScalerConfig, SecretSource},
};
use std::time::Duration;

fn args() -> ScalerArgs {
    ScalerArgs {
        config_file: Some("scaler.yaml".to_owned()),
        ..ScalerArgs::default()
    }
}

fn resolve(text: &str) -> Result<ScalerConfig, String> {
    let file = File::parse("scaler.yaml", text).map_err(|error| error.to_string())?;
    ScalerConfig::resolve(&args(), &file, &|_| None).map_err(|error| error.to_string())
}

/// A target with these lines added.
fn with(lines: &str) -> String {
    format!(
        "scaler:\n  targets:\n    - namespace: orders\n      kind: Deployment\n      name: consumer\n      max_replicas: 10\n{lines}"
    )
}

fn target(lines: &str) -> AllowedTarget {
    let config = resolve(&with(lines)).unwrap();
    config.policy.targets.into_iter().next().unwrap()
}

#[track_caller]
fn mistake(text: &str) -> String {
    let error = resolve(text).unwrap_err();
    assert!(!error.contains('\n'), "{error}");
    error
}

#[test]
fn the_least_that_can_be_written_is_one_replica_more() {
    let config = resolve(&with("")).unwrap();
    let target = &config.policy.targets[0];
    assert_eq!(target.scale_out, Some(Step::By(1)));
    assert_eq!(
        (target.scale_in, target.set, target.restart),
        (None, false, false)
    );
    assert_eq!(
        (target.target.bounds.min(), target.target.bounds.max()),
        (1, 10)
    );
    assert_eq!(target.target.autoscaler, OnAutoscaler::Refuse);
    assert_eq!(target.place, "scaler.yaml line 3: scaler.targets[0]");
    assert_eq!(config.policy.labels, LabelNames::default());
    assert_eq!(config.listen_addresses[0].text, "127.0.0.1:9877");
    assert_eq!(config.ledger, None);
    assert_eq!(config.webhook.body_limit, 1 << 20);
    assert_eq!(config.webhook.deadline, Duration::from_secs(8));
    assert!(!config.dry_run && !config.allow_unauthenticated);
}

#[test]
fn everything_that_can_be_written_arrives() {
    let text = "\
scaler:
  listen_address: [\":9877\"]
  ledger:
    configmap: ops/ledger
  retention: 14d
  firing_for: 30m
  labels:
    action: do
    workload: [app, service]
    value: lag
  webhook:
    bearer_token_files: [/run/old, /run/new]
    basic_users:
      - name: am
        password_file: /run/password
    body_limit: 4096
    deadline: 5s
    concurrency: 4
  targets:
    - matchers:
        alertname: \"exact:LagHigh\"
        team: \"prefix:order\"
      namespace: orders
      kind: argoproj.io/v1alpha1/Rollout/rollouts
      name: consumer
      min_replicas: 2
      max_replicas: 20
      partitions: 12
      scale_out:
        per_value: 50000
        without: 1
      set: true
      cooldown: 3m
      daily_cap: 30
      further:
        every: 5m
        at_most: 3
      scale_back:
        after: 30m
        step: 2
        every: 15m
        confirm: resolved
      max_value_age: 2m
      autoscaler: raise-min
";
    let config = resolve(text).unwrap();
    let target = &config.policy.targets[0];
    let minutes = SignedDuration::from_mins;
    assert_eq!(config.policy.retention, SignedDuration::from_hours(14 * 24));
    assert_eq!(config.policy.firing_for, minutes(30));
    assert_eq!(config.policy.labels.action, "do");
    assert_eq!(config.policy.labels.workload, ["app", "service"]);
    assert_eq!(
        config.policy.labels.namespace, "namespace",
        "the default stays"
    );
    assert!(matches!(
        target.target.workload.kind,
        WorkloadKind::Custom { .. }
    ));
    assert_eq!(target.target.limits().max(), 12);
    assert_eq!(
        target.scale_out,
        Some(Step::PerValue {
            per: 50_000.0,
            without: Some(1)
        })
    );
    assert!(target.set);
    assert_eq!((target.cooldown, target.daily_cap), (minutes(3), 30));
    assert_eq!(
        target.further,
        Some(Further {
            every: minutes(5),
            most: 3
        })
    );
    let back = ScaleBack {
        after: minutes(30),
        step: 2,
        every: minutes(15),
        confirm: Confirm::Resolved,
    };
    assert_eq!(target.scale_back, Some(back));
    assert_eq!(target.max_value_age, Some(minutes(2)));
    assert_eq!(target.target.autoscaler, OnAutoscaler::RaiseMin);
    assert_eq!(target.matchers.len(), 2);
    let Some(LedgerPlace::ConfigMap(name)) = config.ledger else {
        panic!("{:?}", config.ledger);
    };
    assert_eq!(name.to_string(), "ops/ledger");
    let webhook = &config.webhook;
    assert_eq!(
        webhook.bearer_tokens[1].source,
        SecretSource::File("/run/new".into())
    );
    assert_eq!(webhook.basic_users[0].name, "am");
    assert_eq!((webhook.body_limit, webhook.concurrency), (4096, 4));
    assert_eq!(webhook.deadline, Duration::from_secs(5));
    assert_eq!(config.notices.len(), 1, "{:?}", config.notices);
    assert!(config.notices[0].contains("metric vanishes"));
}

#[test]
fn who_allows_something_allows_only_that() {
    let scales_in = target("      scale_in: {percent: 50}\n");
    assert_eq!(
        (scales_in.scale_out, scales_in.scale_in),
        (None, Some(Step::Percent(50)))
    );
    let restarts = target("      restart: evict\n");
    assert!(restarts.restart && restarts.scale_out.is_none());
    assert_eq!(restarts.target.restart, RestartWay::Evict);
    assert_eq!(
        target("      scale_out: {to: 5}\n").scale_out,
        Some(Step::To(5))
    );
}

#[test]
fn a_daemonset_has_no_replicas_and_can_be_restarted() {
    let text =
        "scaler:\n  targets:\n    - {namespace: a, kind: DaemonSet, name: b, restart: rollout}\n";
    assert!(resolve(text).unwrap().policy.targets[0].restart);
}

#[test]
fn flags_win_over_the_file() {
    let text = with("").replace("scaler:\n", "scaler:\n  listen_address: [\":1\"]\n");
    let file = File::parse("scaler.yaml", &text).unwrap();
    let args = ScalerArgs {
        dry_run: Some("true".to_owned()),
        web: ScalerWebArgs {
            listen_address: vec![":2".to_owned()],
            allow_unauthenticated: Some("true".to_owned()),
            ..ScalerWebArgs::default()
        },
        ..args()
    };
    let config = ScalerConfig::resolve(&args, &file, &|_| None).unwrap();
    assert_eq!(config.listen_addresses[0].text, ":2");
    assert!(config.dry_run && config.allow_unauthenticated);
}

#[test]
fn mistakes_name_line_key_and_what_would_work() {
    for (lines, message) in [
        (
            "      scale_out: {}\n",
            "line 7: scaler.targets[0].scale_out.by: it is missing: write how far one step goes",
        ),
        (
            "      scale_out: {by: 1, percent: 50}\n",
            "line 7: scaler.targets[0].scale_out.percent: by is given, too",
        ),
        (
            "      scale_out: {by: 1, without: 1}\n",
            "line 7: scaler.targets[0].scale_out.without: it says what to do when the value cannot be read",
        ),
        (
            "      scale_out: {per_value: 0}\n",
            "line 7: scaler.targets[0].scale_out.per_value: \"0\" is not possible",
        ),
        (
            "      scale_out: {per_value: nan}\n",
            "line 7: scaler.targets[0].scale_out.per_value: \"nan\" is not possible",
        ),
        (
            "      scale_in: {to: 11}\n",
            "line 3: scaler.targets[0]: scale_in goes to 11, which lies outside of 1 to 10",
        ),
        (
            "      set: maybe\n",
            "line 7: scaler.targets[0].set: \"maybe\" is not known: use true or false",
        ),
        (
            "      restart: kill\n",
            "line 7: scaler.targets[0].restart: \"kill\" is not known: use rollout or evict",
        ),
        (
            "      cooldown: soon\n",
            "line 7: scaler.targets[0].cooldown:",
        ),
        (
            "      daily_cap: 0\n",
            "line 7: scaler.targets[0].daily_cap: \"0\" is not possible: use 1 to 1000 changes a day",
        ),
        (
            "      further: {every: 15m}\n",
            "line 7: scaler.targets[0].further.at_most: it is missing",
        ),
        (
            "      further: {every: 1m, at_most: 2}\n",
            "line 3: scaler.targets[0]: further.every is shorter than cooldown",
        ),
        (
            "      scale_back: {step: 1}\n",
            "line 7: scaler.targets[0].scale_back.after: it is missing",
        ),
        (
            "      scale_back: {after: 1m, confirm: hope}\n",
            "line 7: scaler.targets[0].scale_back.confirm: \"hope\" is not known: use low-alert or resolved",
        ),
        (
            "      matchers: {\"a-b\": \"exact:x\"}\n",
            "line 7: scaler.targets[0].matchers.a-b: \"a-b\" is no name of a label",
        ),
        (
            "      matchers: {alertname: \"what:x\"}\n",
            "line 7: scaler.targets[0].matchers.alertname:",
        ),
        (
            "      min_replicas: 0\n",
            "line 7: scaler.targets[0].min_replicas: \"0\" is not possible",
        ),
        (
            "    - {namespace: orders, kind: Deployment, name: consumer, max_replicas: 3}\n",
            "line 7: scaler.targets[1]: orders/Deployment/consumer is allowed at scaler.yaml line 3: scaler.targets[0] too",
        ),
    ] {
        let said = mistake(&with(lines));
        let start = format!("scaler.yaml {message}");
        assert!(said.starts_with(&start), "{lines}: {said}");
    }
}

#[test]
fn mistakes_around_the_targets_are_named_as_well() {
    let head = |lines: &str| with("").replace("scaler:\n", &format!("scaler:\n{lines}"));
    for (lines, message) in [
        (
            "  ledger: {}\n",
            "line 2: scaler.ledger.configmap: it is missing",
        ),
        (
            "  ledger: {configmap: a/b, file: /c}\n",
            "line 2: scaler.ledger.file: configmap is given, too",
        ),
        (
            "  ledger: {configmap: Nope}\n",
            "line 2: scaler.ledger.configmap: \"Nope\" names no object",
        ),
        (
            "  retention: 1h\n",
            "line 2: scaler.retention: 1h is out of range",
        ),
        (
            "  labels: {action: \"9\"}\n",
            "line 2: scaler.labels.action: \"9\" is no name of a label",
        ),
        (
            "  webhook: {deadline: 45s}\n",
            "line 2: scaler.webhook.deadline: 45s is out of range: use 1s to 30s",
        ),
        (
            "  webhook: {bearer_token_files: [a, b, c]}\n",
            "line 2: scaler.webhook.bearer_token_files: at most two tokens",
        ),
        (
            "  webhook: {basic_users: [{name: a}]}\n",
            "line 2: scaler.webhook.basic_users[0].password_file: it is missing",
        ),
    ] {
        let said = mistake(&head(lines));
        let start = format!("scaler.yaml {message}");
        assert!(said.starts_with(&start), "{lines}: {said}");
    }
    assert_eq!(
        mistake("scaler:\n  targets: []\n"),
        "scaler.yaml: scaler.targets: nothing may be changed: list the workloads that alerts may scale, each with \
         namespace, kind, name and max_replicas"
    );
}

#[test]
fn a_password_in_the_file_is_refused_and_not_repeated() {
    let text = with("").replace(
        "scaler:\n",
        "scaler:\n  webhook:\n    basic_users: [{name: a, password: TESTonly}]\n",
    );
    let said = mistake(&text);
    assert!(
        said.contains("password_file") && !said.contains("TESTonly"),
        "{said}"
    );
}

#[test]
fn unknown_keys_are_errors() {
    let said = mistake(&with("      scale_up: {by: 1}\n"));
    assert!(
        said.contains("line 7") && said.contains("scale_up"),
        "{said}"
    );
}

#[test]
fn other_programs_accept_the_section_unread() {
    let text = format!(
        "sources:\n  - region: cn-hangzhou\n    instances: [i-1]\n{}",
        with("      daily_cap: nonsense\n")
    );
    let file = File::parse("scaler.yaml", &text).unwrap();
    Config::resolve(&Args::default(), &file, &|_| None).unwrap();
}
