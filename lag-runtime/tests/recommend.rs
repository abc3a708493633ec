//! The section `recommend`: what it comes to, and every mistake in it as one line with file, line, key and what would work.
#![allow(clippy::unwrap_used)]

use jiff::SignedDuration;
use lag_core::{
    Bounds, GroupKey, Lag, WorkloadKind,
    recommend::{Policy, RecommendBook},
};
use lag_runtime::{
    args::Args,
    config::{Config, ConfigError, File},
};

fn resolve(text: &str) -> Result<RecommendBook, ConfigError> {
    let mut args = Args::default();
    args.read.config_file = Some("lag.yml".to_owned());
    args.read.source.region = Some("cn-hangzhou".to_owned());
    args.read.source.instance = vec!["i-1".to_owned()];
    let file = File::parse("lag.yml", text)?;
    Config::resolve(&args, &file, &|_| None).map(|config| config.recommend)
}

fn lag(messages: u32) -> Lag {
    Lag::try_from(f64::from(messages)).unwrap()
}

fn bounds(min: u32, max: u32) -> Bounds {
    Bounds::try_from((min, max)).unwrap()
}

const LADDER: &str = "recommend:
  - groups: [\"suffix:_docking_analog\"]
    base: 2
    max: 5
    steps:
      - {above: 100000, add: 1}
      - {above: 150000, add: 2}
    back_at: 50000
";

const DRAIN: &str = "recommend:
  - groups: [\"glob:*\"]
    workload: orders/Deployment/consumer
    drain:
      within: 10m
      per_replica_per_second: 500
      max: 20
      calm_at: 1000
";

#[test]
fn without_the_section_nothing_is_recommended() {
    assert_eq!(resolve("").unwrap(), RecommendBook::default());
}

#[test]
fn the_posts_rule_is_a_ladder() {
    let book = resolve(LADDER).unwrap();
    let [rule] = book.rules.as_slice() else {
        panic!("{book:?}")
    };
    let Policy::Steps(policy) = &rule.policy else {
        panic!("{rule:?}")
    };
    assert_eq!((policy.base(), policy.limits()), (2, bounds(2, 5)));
    let steps = policy.steps().iter().map(|step| (step.above, step.add));
    assert_eq!(
        steps.collect::<Vec<_>>(),
        [(lag(100_000), 1), (lag(150_000), 2)]
    );
    assert_eq!(policy.back_at(), lag(50_000));
    assert_eq!(policy.sustained_for(), SignedDuration::ZERO);
    assert!(rule.instances.is_empty() && rule.workload.is_none());
}

#[test]
fn every_other_key_of_a_ladder_is_read() {
    let rest = "    sustained_for: 3m\n    partitions: 4\n    instances: [\"exact:i-1\"]\n    workload: orders/StatefulSet/c\n";
    let book = resolve(&format!("{LADDER}{rest}")).unwrap();
    let Policy::Steps(policy) = &book.rules[0].policy else {
        panic!("{book:?}")
    };
    assert_eq!(policy.limits(), bounds(2, 4), "partitions are the most");
    assert_eq!(policy.sustained_for(), SignedDuration::from_mins(3));
    let workload = book.rules[0].workload.clone().unwrap();
    assert_eq!(workload.to_string(), "orders/StatefulSet/c");
    let rule = |instance: &str| {
        let key = GroupKey::total(
            instance.parse().unwrap(),
            "a_docking_analog".parse().unwrap(),
        );
        book.of(&key).is_some()
    };
    assert!(rule("i-1") && !rule("i-2"));
}

#[test]
fn a_drain_rule_takes_the_width_of_the_window_for_its_trend() {
    let text = format!("{DRAIN}      min: 2\n    partitions: 12\ncollect:\n  window: 8m\n");
    let book = resolve(&text).unwrap();
    let Policy::Drain(policy) = &book.rules[0].policy else {
        panic!("{book:?}")
    };
    let rules = policy.rules();
    assert_eq!(
        (rules.bounds, policy.limits()),
        (bounds(2, 20), bounds(2, 12))
    );
    assert_eq!(rules.within, SignedDuration::from_mins(10));
    assert!((rules.per_replica_per_second - 500.0).abs() < f64::EPSILON);
    assert_eq!(rules.calm_at, lag(1_000));
    assert_eq!(rules.trend_over, SignedDuration::from_mins(8));
    let Policy::Drain(usual) = &resolve(DRAIN).unwrap().rules[0].policy else {
        panic!("a drain rule")
    };
    assert_eq!(usual.limits(), bounds(1, 20));
    assert_eq!(usual.rules().trend_over, SignedDuration::from_mins(5));
}

#[test]
fn a_custom_kind_is_written_in_full() {
    let text = DRAIN.replace("Deployment", "argoproj.io/v1alpha1/Rollout/rollouts");
    let workload = resolve(&text).unwrap().rules[0].workload.clone().unwrap();
    assert_eq!(workload.to_string(), "orders/Rollout/consumer");
    assert!(matches!(workload.kind, WorkloadKind::Custom { plural, .. } if plural == "rollouts"));
}

/// What is changed in the text, and the whole message it leads to, after the name of the file.
fn say(text: &str, table: &[(&str, &str, &str)]) {
    for (from, to, message) in table {
        assert!(text.contains(from), "{from}");
        let error = resolve(&text.replace(from, to)).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("lag.yml line {message}"),
            "{from} {to}"
        );
    }
}

#[test]
fn mistakes_in_a_ladder() {
    let workload =
        "names no workload: write NAMESPACE/KIND/NAME, such as orders/Deployment/consumer";
    say(
        LADDER,
        &[
            (
                "[\"suffix:_docking_analog\"]",
                "[]",
                "2: recommend[0].groups: no group is named: add a pattern such as \"suffix:_docking_analog\", or \"glob:*\" for all",
            ),
            (
                "suffix:_docking",
                "docking",
                "2: recommend[0].groups: pattern \"docking_analog\" has no kind: write exact:NAME, prefix:TEXT, suffix:TEXT, \
                 glob:PATTERN (* and ?) or re:REGEX",
            ),
            (
                "base: 2",
                "base: 0",
                "3: recommend[0].base: \"0\" is not possible: use 1 to 10000 replicas",
            ),
            (
                "    base: 2\n",
                "",
                "2: recommend[0].base: it is missing: write the replicas for little lag, such as 2",
            ),
            (
                "max: 5",
                "max: 1",
                "4: recommend[0].max: max 1 lies below base 2: write at least 2",
            ),
            (
                "    max: 5\n",
                "",
                "2: recommend[0].max: it is missing: write the most replicas, such as 5",
            ),
            (
                "back_at: 50000",
                "back_at: 100001",
                "8: recommend[0].back_at: back_at 100001 lies above the lowest step: write at most 100000",
            ),
            (
                "    back_at: 50000\n",
                "",
                "2: recommend[0].back_at: it is missing: write the lag at which the base is enough again, such as 50000",
            ),
            (
                "above: 150000",
                "above: 90000",
                "6: recommend[0].steps: the step above 90000 follows the one above 100000: sort steps by lag, each once",
            ),
            (
                "add: 2",
                "add: 1",
                "6: recommend[0].steps: the step above 150000 adds 1: write at least 2, more than for less lag",
            ),
            (
                ", add: 2",
                "",
                "7: recommend[0].steps[1].add: it is missing: write for example {above: 100000, add: 1}",
            ),
            (
                "150000",
                "many",
                "7: recommend[0].steps[1].above: \"many\" is not possible: use 0 to 4294967295 messages, a whole number",
            ),
            (
                "    steps:\n      - {above: 100000, add: 1}\n      - {above: 150000, add: 2}\n",
                "",
                "2: recommend[0].steps: it is missing: write for example [{above: 100000, add: 1}, {above: 150000, add: 2}], or use \
                 drain",
            ),
            (
                "back_at: 50000\n",
                "back_at: 50000\n    sustained_for: 8d\n",
                "9: recommend[0].sustained_for: 8d is out of range: use 0s to 7d",
            ),
            (
                "back_at: 50000\n",
                "back_at: 50000\n    partitions: 0\n",
                "9: recommend[0].partitions: \"0\" is not possible: use 1 to 1000000 partitions",
            ),
            (
                "back_at: 50000\n",
                "back_at: 50000\n    workload: consumer\n",
                &format!("9: recommend[0].workload: \"consumer\" {workload}"),
            ),
            (
                "back_at: 50000\n",
                "back_at: 50000\n    workload: orders/Deployment/../x\n",
                "9: recommend[0].workload: \"Deployment/..\" is not known: use Deployment, StatefulSet, DaemonSet, ReplicaSet, or \
                 GROUP/VERSION/KIND/PLURAL such as argoproj.io/v1alpha1/Rollout/rollouts",
            ),
            (
                "back_at: 50000\n",
                "back_at: 50000\n    workload: orders/DaemonSet/c\n",
                "9: recommend[0].workload: a DaemonSet has no number of replicas",
            ),
        ],
    );
}

#[test]
fn mistakes_in_a_drain_rule() {
    say(
        DRAIN,
        &[
            (
                "within: 10m",
                "within: 0s",
                "5: recommend[0].drain.within: 0s is out of range: use 1m to 7d",
            ),
            (
                "      within: 10m\n",
                "",
                "5: recommend[0].drain.within: it is missing: write for example 10m",
            ),
            (
                "second: 500",
                "second: -1",
                "6: recommend[0].drain.per_replica_per_second: \"-1\" is not possible: use 0.001 to 1000000000 messages that one \
                 busy replica consumes in a second",
            ),
            (
                "second: 500",
                "second: NaN",
                "6: recommend[0].drain.per_replica_per_second: \"NaN\" is not possible: use 0.001 to 1000000000 messages that one \
                 busy replica consumes in a second",
            ),
            (
                "      calm_at: 1000\n",
                "      calm_at: 1000\n      min: 21\n",
                "7: recommend[0].drain.max: no number lies between 21 and 20: the smaller one comes first",
            ),
            (
                "    workload: orders/Deployment/consumer\n",
                "",
                "2: recommend[0].workload: it is missing: drain has to know how many replicas consume; write NAMESPACE/KIND/NAME, \
                 such as orders/Deployment/consumer",
            ),
            (
                "    drain:\n",
                "    base: 2\n    drain:\n",
                "2: recommend[0].base: a rule has either a ladder or drain: leave out one of the two, or write two rules",
            ),
        ],
    );
}

#[test]
fn an_unknown_key_is_named_with_its_line() {
    let error = resolve(&LADDER.replace("back_at", "back")).unwrap_err();
    let error = error.to_string();
    assert!(
        error.starts_with("lag.yml line 8") && error.contains("back_at"),
        "{error}"
    );
}

#[test]
fn the_examples_of_the_page_can_be_used() {
    let page = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../docs/howto/recommended-replicas.md"
    );
    let page = std::fs::read_to_string(page).unwrap();
    let blocks = page.split("```yaml\n").skip(1);
    let blocks = blocks.map(|rest| rest.split("```").next().unwrap());
    let examples: Vec<_> = blocks
        .filter(|block| block.starts_with("recommend:"))
        .collect();
    assert_eq!(examples.len(), 2);
    for example in examples {
        let book = resolve(example).unwrap();
        assert_eq!(book.workloads().len(), 1, "{example}");
    }
}
