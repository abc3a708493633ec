use super::*;
use crate::{
    args::{Args, ScalerArgs},
    config::File,
};

const FILE: &str = "
sources:
  - name: east
    region: cn-hangzhou
    instances: [a, b]
  - name: north
    region: cn-beijing
    instances: [c]
group:
  exclude: [\"prefix:tmp\"]
";

fn config(text: &str) -> Config {
    let file = File::parse("lag.yml", text).unwrap();
    Config::resolve(&Args::default(), &file, &|_| None).unwrap()
}

fn planned(text: &str) -> Plan {
    plan(&config(FILE), &config(text))
}

fn runs_on(plan: &Plan) -> Vec<(&str, bool)> {
    let sources = plan.sources.iter();
    sources
        .map(|source| (source.name.as_str(), source.runs_on))
        .collect()
}

fn keeps(plan: &Plan) -> Vec<(&str, Keep)> {
    let all = plan.sources.iter().flat_map(|source| &source.keeps);
    all.map(|(id, keep)| (id.as_str(), *keep)).collect()
}

#[test]
fn the_same_configuration_disturbs_nothing() {
    for text in [
        FILE.to_owned(),
        format!("\n# lines moved\n\n{FILE}"),
        format!(
            "{FILE}lag:\n  max_age: 10m\n  forget_after: 2h\nmetrics: {{compat: [klag]}}\nlog: {{level: debug}}\n"
        ),
    ] {
        let plan = planned(&text);
        assert_eq!(runs_on(&plan), [("east", true), ("north", true)], "{text}");
        assert_eq!(
            keeps(&plan),
            [("a", Keep::All), ("b", Keep::All), ("c", Keep::All)]
        );
        assert_eq!(plan.ended, [""; 0]);
        fixed("lag.yml", &config(FILE), &config(&text)).unwrap();
    }
}

#[test]
fn only_the_source_that_changed_begins_anew() {
    let plan = planned(&FILE.replace("[a, b]", "[a, d]"));
    assert_eq!(runs_on(&plan), [("east", false), ("north", true)]);
    let all = [("a", Keep::All), ("d", Keep::Nothing), ("c", Keep::All)];
    assert_eq!(keeps(&plan), all);
}

#[test]
fn a_source_that_is_called_otherwise_hands_its_instances_over() {
    let plan = planned(&FILE.replace("north", "south"));
    assert_eq!(runs_on(&plan), [("east", true), ("south", false)]);
    assert_eq!(plan.ended, ["north"]);
    assert_eq!(keeps(&plan)[2], ("c", Keep::All));
}

#[test]
fn another_question_keeps_what_is_known_and_another_metric_does_not() {
    let with = |more: &str| planned(&format!("{FILE}{more}\n")).sources[0].clone();
    for (more, expected) in [
        ("collect: {interval: 2m}", Keep::All),
        ("cms: {rate_limit: 5}", Keep::All),
        ("budget: {requests_per_month: 5000}", Keep::All),
        ("lag: {max_series: 10}", Keep::Samples),
        ("collect: {topics: true}", Keep::Totals),
        ("cms: {metric: other}", Keep::Nothing),
        ("cms: {statistic: maximum}", Keep::Nothing),
        ("collect: {period: 5m}", Keep::Nothing),
    ] {
        let source = with(more);
        assert!(!source.runs_on, "{more}");
        assert_eq!(
            source.keeps.first_key_value().unwrap().1,
            &expected,
            "{more}"
        );
    }
    let filtered = planned(&FILE.replace("prefix:tmp", "prefix:temporary"));
    assert!(
        keeps(&filtered)
            .iter()
            .all(|(_, keep)| *keep == Keep::Samples)
    );
    let expecting =
        planned(&FILE.replace("instances: [c]", "instances: [c]\n    expect: [orders]"));
    assert_eq!(runs_on(&expecting), [("east", true), ("north", false)]);
    assert_eq!(keeps(&expecting)[2], ("c", Keep::Samples));
}

#[test]
fn what_cannot_change_is_refused_by_its_key() {
    let pair = "tls_cert_file: a, tls_key_file: b";
    let external = format!("external_metrics: {{listen_address: \":6443\", {pair}}}");
    for (before, after, key) in [
        ("", "web: {listen_address: [\":1\"]}", "web.listen_address"),
        ("", "web: {telemetry_path: /m}", "web.telemetry_path"),
        ("", "web: {config_file: web.yml}", "web.config_file"),
        ("", "keda: {listen_address: \":6000\"}", "keda"),
        ("", "lease: {name: a/b}", "lease"),
        ("lease: {name: a/b}", "lease: {name: a/c}", "lease"),
        ("", "kubernetes: {context: other}", "kubernetes"),
        ("", "state: {directory: /var/lib/x}", "state.directory"),
        ("", &external, "external_metrics"),
        (&external, "", "external_metrics"),
    ] {
        let (before, after) = (
            config(&format!("{FILE}{before}\n")),
            config(&format!("{FILE}{after}\n")),
        );
        let error = fixed("lag.yml", &before, &after).unwrap_err().to_string();
        assert!(error.starts_with(&format!("lag.yml: {key}")), "{error}");
        assert!(error.contains("restart"), "{error}");
    }
    let both = config(&format!(
        "{FILE}web: {{telemetry_path: /m}}\nkubernetes: {{context: other}}\n"
    ));
    let error = fixed("lag.yml", &config(FILE), &both)
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("lag.yml: web.telemetry_path, kubernetes: "),
        "{error}"
    );
    let scoped = external.replace('}', ", namespaces: {orders: [\"exact:a\"]}}");
    let (open, scoped) = (
        config(&format!("{FILE}{external}\n")),
        config(&format!("{FILE}{scoped}\n")),
    );
    fixed("lag.yml", &open, &scoped).unwrap();
}

#[test]
fn the_scaler_keeps_its_place_and_its_memory() {
    const SCALER: &str = "
scaler:
  ledger: {file: ledger.json}
  targets:
    - {namespace: orders, kind: Deployment, name: consumer, max_replicas: 10}
";
    let config = |text: &str| {
        let file = File::parse("scaler.yml", text).unwrap();
        ScalerConfig::resolve(&ScalerArgs::default(), &file, &|_| None).unwrap()
    };
    let wider = SCALER.replace("max_replicas: 10", "max_replicas: 20");
    fixed_of_scaler("scaler.yml", &config(SCALER), &config(&wider)).unwrap();
    for (text, key) in [
        (SCALER.replace("ledger.json", "other.json"), "scaler.ledger"),
        (
            format!("{SCALER}  listen_address: [\":1\"]\n"),
            "scaler.listen_address",
        ),
        (
            format!("{SCALER}  webhook: {{deadline: 3s}}\n"),
            "scaler.webhook.deadline",
        ),
        (
            format!("{SCALER}  webhook: {{concurrency: 3}}\n"),
            "scaler.webhook.concurrency",
        ),
        (
            format!("{SCALER}kubernetes: {{context: other}}\n"),
            "kubernetes",
        ),
    ] {
        let error = fixed_of_scaler("scaler.yml", &config(SCALER), &config(&text)).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with(&format!("scaler.yml: {key}: ")),
            "{error}"
        );
    }
}
