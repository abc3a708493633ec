//! Flags, environment and file become one configuration, and every mistake is one line that helps.
#![allow(clippy::unwrap_used)]

use clap::Parser as _;
use lag_runtime::{
    args::Args,
    config::{Config, ConfigError, File, LogConfig, ScheduleKind},
};
use std::time::Duration;

#[derive(clap::Parser)]
struct Program {
    #[command(flatten)]
    args: Args,
}

/// Resolves a command line, the text of a file, and variables of the first post.
fn resolve(flags: &[&str], file: &str, env: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let mut args = Program::try_parse_from(["program"].iter().chain(flags))
        .unwrap()
        .args;
    args.read.config_file = Some("kafka-lag.yml".to_owned());
    let file = File::parse("kafka-lag.yml", file)?;
    Config::resolve(&args, &file, &|name| {
        env.iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| (*value).to_owned())
    })
}

fn mistake(flags: &[&str], file: &str) -> String {
    let error = resolve(flags, file, &[("EMPTY", "")])
        .unwrap_err()
        .to_string();
    assert!(!error.contains('\n'), "{error}");
    error
}

const FLAGS: [&str; 4] = [
    "--cms.region",
    "cn-hangzhou",
    "--cms.instance",
    "alikafka_pre-cn-a",
];

#[test]
fn the_four_variables_of_the_first_post_are_enough() {
    let env = [
        ("REGION_ID", "cn-hangzhou"),
        ("TARGET_INSTANCE_ID", "alikafka_pre-cn-xxx"),
    ];
    let config = resolve(&[], "", &env).unwrap();
    assert_eq!(config.sources.len(), 1);
    let source = &config.sources[0];
    assert_eq!(
        (source.name.as_str(), source.region.as_str()),
        ("cn-hangzhou", "cn-hangzhou")
    );
    assert_eq!(
        source.endpoint.to_string(),
        "metrics.cn-hangzhou.aliyuncs.com"
    );
    assert_eq!(source.instances, ["alikafka_pre-cn-xxx".parse().unwrap()]);
    assert!(source.filter.accepts(&"anything".parse().unwrap()));
    assert_eq!(config.web.listen_addresses[0].text, ":9876");
    assert_eq!(config.web.telemetry_path.text, "/metrics");
    assert_eq!(config.cms.metric, "message_accumulation");
}

#[test]
fn defaults_are_those_of_the_help_text() {
    let config = resolve(&FLAGS, "", &[]).unwrap();
    assert_eq!(config.collect.interval, Duration::from_mins(1));
    assert_eq!(config.collect.schedule, ScheduleKind::Aligned);
    assert_eq!(config.collect.window.points_per_series(), 5);
    assert!(!config.collect.topics && !config.web.sample_timestamps);
    assert_eq!(config.lag.max_age, Duration::from_mins(5));
    assert_eq!(config.lag.forget_after, Duration::from_hours(1));
    assert_eq!(config.lag.threshold, None);
    assert_eq!(config.cms.timeout, Duration::from_secs(10));
    assert_eq!(config.cms.calls_per_second, 20);
}

#[test]
fn a_threshold_is_a_number_of_messages_and_the_flag_wins() {
    let messages = |flags: &[&str], file: &str| {
        let config = resolve(&[&FLAGS[..], flags].concat(), file, &[]).unwrap();
        config.lag.threshold.map(lag_core::Lag::as_f64)
    };
    let file = "lag: {threshold: 180000}\n";
    assert_eq!(messages(&[], file), Some(180_000.0));
    assert_eq!(messages(&["--lag.threshold", "0"], file), Some(0.0));
}

#[test]
fn the_age_limit_follows_a_longer_interval() {
    let flags = [&FLAGS[..], &["--collect.interval", "5m"]].concat();
    assert_eq!(
        resolve(&flags, "", &[]).unwrap().lag.max_age,
        Duration::from_mins(15)
    );
}

#[test]
fn a_flag_wins_over_the_first_posts_variable_and_that_over_the_file() {
    let file = "sources: [{region: cn-beijing, instances: [from-file]}]\ncollect: {interval: 2m}\n";
    let env = [
        ("REGION_ID", "cn-shanghai"),
        ("TARGET_INSTANCE_ID", "from-variable"),
    ];
    let with_flag = resolve(&FLAGS, file, &env).unwrap();
    assert_eq!(with_flag.sources[0].region, "cn-hangzhou");
    let with_variable = resolve(&[], file, &env).unwrap();
    assert_eq!(
        with_variable.sources[0].instances,
        ["from-variable".parse().unwrap()]
    );
    assert!(
        with_variable.notices[0]
            .contains("TARGET_INSTANCE_ID replaces the sources of kafka-lag.yml")
    );
    let with_file = resolve(&[], file, &[]).unwrap();
    assert!(with_file.notices.is_empty());
    assert_eq!(
        with_file.sources[0].instances,
        ["from-file".parse().unwrap()]
    );
    assert_eq!(with_file.collect.interval, Duration::from_mins(2));
    let both = resolve(&["--collect.interval=3m"], file, &[]).unwrap();
    assert_eq!(both.collect.interval, Duration::from_mins(3));
}

#[test]
fn a_file_lists_several_regions_with_their_own_groups() {
    let file = r#"
sources:
  - region: cn-hangzhou
    network: vpc
    instances: [alikafka_pre-cn-b, alikafka_pre-cn-a]
    include: ["suffix:_docking_analog"]
    expect: ["alikafka_pre-cn-a/cust_docking_analog"]
  - name: test
    endpoint: http://127.0.0.1:18080
    instances: [alikafka_post-cn-c]
    expect: [orders]
group:
  exclude: ["prefix:tmp_"]
cms: {signature: v3, rate_limit: 5}
collect: {interval: 60s, topics: true}
web: {listen_address: ["127.0.0.1:9876", ":9877"]}
"#;
    let config = resolve(&[], file, &[]).unwrap();
    let [vpc, test] = &config.sources[..] else {
        panic!("{config:?}")
    };
    assert_eq!(
        vpc.endpoint.to_string(),
        "metrics-vpc.cn-hangzhou.aliyuncs.com"
    );
    assert_eq!(vpc.instances.len(), 2);
    assert!(vpc.filter.accepts(&"cust_docking_analog".parse().unwrap()));
    assert!(!vpc.filter.accepts(&"orders".parse().unwrap()));
    assert!(
        !vpc.filter.accepts(&"tmp_docking_analog".parse().unwrap()),
        "the common exclude applies"
    );
    assert_eq!(
        vpc.expected["alikafka_pre-cn-a"][0].group.as_str(),
        "cust_docking_analog"
    );
    assert_eq!((test.name.as_str(), test.region.as_str()), ("test", ""));
    assert!(test.filter.accepts(&"orders".parse().unwrap()));
    assert_eq!(
        test.expected["alikafka_post-cn-c"][0].group.as_str(),
        "orders"
    );
    assert!(config.collect.topics);
    assert_eq!(config.cms.calls_per_second, 5);
    let addresses: Vec<_> = config
        .web
        .listen_addresses
        .iter()
        .map(|w| w.text.as_str())
        .collect();
    assert_eq!(addresses, ["127.0.0.1:9876", ":9877"]);
    assert_eq!(
        config.web.listen_addresses[1].place,
        "kafka-lag.yml line 16: web.listen_address"
    );
}

#[test]
fn values_of_the_file_may_name_variables() {
    let file = "sources: [{region: \"${REGION}\", instances: [\"${ID}\"], include: ['re:a$$']}]\n";
    let config = resolve(
        &[],
        file,
        &[("REGION", "cn-hangzhou"), ("ID", "alikafka_pre-cn-a")],
    )
    .unwrap();
    assert_eq!(config.sources[0].region, "cn-hangzhou");
    assert!(config.sources[0].filter.accepts(&"a".parse().unwrap()));
    let error = resolve(&[], file, &[("ID", "a")]).unwrap_err().to_string();
    assert!(
        error.contains("line 1")
            && error.contains("sources[0].region")
            && error.contains("REGION is not set"),
        "{error}"
    );
}

#[test]
fn an_empty_variable_counts_as_not_given() {
    let flags = [&FLAGS[..], &["--cms.endpoint", "", "--group.include", ""]].concat();
    let config = resolve(&flags, "", &[]).unwrap();
    assert_eq!(
        config.sources[0].endpoint.to_string(),
        "metrics.cn-hangzhou.aliyuncs.com"
    );
    assert!(config.sources[0].filter.include.is_empty());
}

#[test]
fn lists_may_be_repeated_or_separated_by_commas() {
    let flags = [
        "--cms.region=cn-hangzhou",
        "--cms.instance=a,b",
        "--cms.instance",
        "c",
        "--cms.instance=a",
    ];
    let ids: Vec<_> = resolve(&flags, "", &[]).unwrap().sources[0]
        .instances
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(ids, ["a", "b", "c"]);
}

#[test]
fn every_wrong_flag_is_named_with_what_would_work() {
    for (flag, value, says) in [
        ("--collect.interval", "1", "such as 30s"),
        ("--collect.interval", "30s", "--collect.schedule fixed"),
        ("--collect.interval", "2d", "1s to 6h"),
        ("--cms.metric", "a b", "message_accumulation"),
        ("--collect.schedule", "often", "aligned or fixed"),
        ("--collect.window", "2m", "at least 3m"),
        ("--collect.period", "90s", "multiple of 1m"),
        ("--collect.topics", "=yes", "true or false"),
        ("--cms.signature", "v2", "v1 or v3"),
        ("--cms.placement", "body", "query or form"),
        ("--cms.network", "private", "public or vpc"),
        ("--cms.timeout", "1h", "100ms to 5m"),
        ("--cms.rate-limit", "51", "1 to 50"),
        ("--cms.rate-limit", "many", "1 to 50"),
        ("--cms.max-attempts", "0", "1 to 10"),
        ("--cms.max-pages", "none", "1 to 100000"),
        ("--cms.statistic", "sum", "first"),
        ("--cms.endpoint", "ftp://x", "http"),
        ("--lag.max-age", "30s", "2m30s to 1d"),
        ("--lag.max-series", "0", "1 to"),
        ("--lag.threshold", "=-1", "messages, a whole number"),
        ("--lag.threshold", "180k", "0 to 4294967295 messages"),
        ("--lag.forget-after", "soon", "such as 30s"),
        ("--group.include", "docking", "suffix:TEXT"),
        ("--group.exclude", "re:(", "regular expression"),
        ("--group.expect", "other/orders", "is not among"),
        ("--metrics.sample-timestamps", "=1", "true or false"),
    ] {
        let own = match value.strip_prefix('=') {
            Some(value) => vec![format!("{flag}={value}")],
            None => vec![flag.to_owned(), value.to_owned()],
        };
        let flags: Vec<_> = FLAGS
            .iter()
            .copied()
            .chain(own.iter().map(String::as_str))
            .collect();
        let error = mistake(&flags, "");
        let variable = flag[2..].replace(['.', '-'], "_").to_uppercase();
        assert!(
            error.starts_with(&format!("{flag} (or KAFKA_LAG_{variable}): ")),
            "{error}"
        );
        assert!(error.contains(says), "{flag} {value}: {error}");
    }
}

#[test]
fn a_wrong_region_or_instance_is_named() {
    let error = mistake(&["--cms.region", "Hang zhou", "--cms.instance", "a"], "");
    assert!(error.starts_with("--cms.region"), "{error}");
    let error = mistake(
        &["--cms.region", "cn-hangzhou", "--cms.instance", "a b"],
        "",
    );
    assert!(error.contains("alikafka_pre-cn-xxx"), "{error}");
    let error = mistake(
        &[
            "--cms.region",
            "cn-zhongwei",
            "--cms.network",
            "vpc",
            "--cms.instance",
            "a",
        ],
        "",
    );
    assert!(error.starts_with("--cms.region"), "{error}");
}

#[test]
fn without_an_instance_the_ways_to_name_one_are_told() {
    let error = mistake(&["--cms.region", "cn-hangzhou"], "");
    for way in ["--cms.instance", "KAFKA_LAG_CMS_INSTANCE", "--config.file"] {
        assert!(error.contains(way), "{way}: {error}");
    }
    let error = mistake(&["--cms.instance", "a"], "");
    assert!(
        error.starts_with("--cms.region") && error.contains("cn-hangzhou"),
        "{error}"
    );
}

#[test]
fn an_age_limit_below_the_interval_is_refused_with_the_arithmetic() {
    let error = mistake(
        &[
            &FLAGS[..],
            &["--collect.interval", "1h", "--lag.max-age", "5m"],
        ]
        .concat(),
        "",
    );
    assert!(
        error.starts_with("--lag.max-age") && error.contains("at least 1h2m"),
        "{error}"
    );
}

#[test]
fn an_expected_group_that_the_filter_leaves_out_is_refused() {
    let error = mistake(
        &[
            &FLAGS[..],
            &["--group.exclude", "prefix:o", "--group.expect", "orders"],
        ]
        .concat(),
        "",
    );
    assert!(
        error.starts_with("--group.expect") && error.contains("left out"),
        "{error}"
    );
}

#[test]
fn an_expected_group_among_several_instances_needs_its_instance() {
    let error = mistake(
        &[
            "--cms.region=cn-hangzhou",
            "--cms.instance=a,b",
            "--group.expect=orders",
        ],
        "",
    );
    assert!(
        error.starts_with("--group.expect") && error.contains("INSTANCE/NAME"),
        "{error}"
    );
}

#[test]
fn every_mistake_in_the_file_is_named_with_line_and_key() {
    for (file, says) in [
        (
            "collect:\n  intervall: 60s\n",
            &["line 2", "intervall", "interval"][..],
        ),
        (
            "collect:\n  interval: soon\n",
            &["line 2", "collect.interval", "such as 30s"],
        ),
        (
            "sources:\n  - region: cn-hangzhou\n    instances: [a]\n    include:\n      - docking\n",
            &["line 5", "include", "suffix:TEXT"],
        ),
        (
            "sources:\n  - region: cn-hangzhou\n",
            &["sources[0].instances", "add at least one"],
        ),
        (
            "sources:\n  - instances: [a]\n",
            &["sources[0].region", "cn-hangzhou"],
        ),
        (
            "sources:\n  - {region: cn-hangzhou, instances: [a]}\n  - {name: b, region: cn-beijing, instances: [a]}\n",
            &["instance a", "keep one"],
        ),
        (
            "sources:\n  - {region: cn-hangzhou, instances: [a]}\n  - {region: cn-hangzhou, instances: [b]}\n",
            &["cn-hangzhou", "name"],
        ),
        (
            "web: {listen_address: \"127.0.0.1:1\"}\n",
            &["line 1", "a list"],
        ),
        ("sources: 5\n", &["line 1"]),
        (": : :\n\t- ]", &["kafka-lag.yml"]),
        ("collect:\nlag:\n", &["kafka-lag.yml", "one level deeper"]),
        ("collect:\n  interval: [60s]\n", &["line 2", "one value"]),
        ("lag: {}\nlag: {}\n", &["line 2", "second time"]),
    ] {
        let error = mistake(&[], file);
        assert!(error.starts_with("kafka-lag.yml"), "{error}");
        for words in says {
            assert!(error.contains(words), "{words:?} in {error}");
        }
        assert!(error.matches("line ").count() <= 1, "{error}");
    }
}

#[test]
fn a_mistake_in_the_file_does_not_quote_its_neighbours() {
    let file = "cms:\n  ca_file: hush-hush-secret\n  signatur: v1\n  metric: another-secret\n";
    let error = mistake(&[], file);
    assert!(!error.contains("secret"), "{error}");
}

#[test]
fn flags_about_the_cloud_beside_sources_of_the_file_are_refused_rather_than_ignored() {
    let file = "sources: [{region: cn-beijing, instances: [a]}]\n";
    let error = mistake(&["--cms.region", "cn-hangzhou"], file);
    assert!(
        error.starts_with("--cms.region") && error.contains("--cms.instance"),
        "{error}"
    );
}

#[test]
fn a_file_that_is_missing_is_named() {
    let error = File::read("does-not-exist.yml").unwrap_err().to_string();
    assert!(
        error.starts_with("--config.file does-not-exist.yml: "),
        "{error}"
    );
}

#[test]
fn a_file_of_comments_is_an_empty_one() {
    assert!(resolve(&FLAGS, "# nothing yet\n\n", &[]).is_ok());
}

#[test]
fn log_levels_and_formats_are_told_when_wrong() {
    let resolve = |level: &str, format: &str| {
        let flags = ["program", "--log.level", level, "--log.format", format];
        let args = Program::try_parse_from(flags).unwrap().args;
        LogConfig::resolve(&args.read.log, &File::default(), None, &|_| None)
    };
    assert!(resolve("debug", "json").is_ok());
    let error = resolve("loud", "json").unwrap_err().to_string();
    assert!(
        error.contains("--log.level") && error.contains("error or warn or info or debug or trace"),
        "{error}"
    );
    let error = resolve("info", "xml").unwrap_err().to_string();
    assert!(
        error.contains("--log.format") && error.contains("logfmt or json"),
        "{error}"
    );
}

#[test]
fn every_flag_has_an_environment_variable_with_the_prefix() {
    use clap::CommandFactory as _;
    let command = Program::command();
    command.clone().debug_assert();
    for argument in command
        .get_arguments()
        .filter(|argument| argument.get_id() != "help")
    {
        let flag = argument.get_long().unwrap();
        let expected = format!("KAFKA_LAG_{}", flag.replace(['.', '-'], "_").to_uppercase());
        assert_eq!(
            argument.get_env().and_then(|name| name.to_str()),
            Some(&*expected),
            "--{flag}"
        );
    }
}

#[test]
fn the_kafka_services_own_endpoint_is_read_with_its_place() {
    let text = "sources:\n- region: cn-hangzhou\n  instances: [i]\nkafka: {endpoint: 'http://127.0.0.1:1'}\n";
    let file = File::parse("lag.yml", text).unwrap();
    let mut args = Args::default();
    args.read.config_file = Some("lag.yml".into());
    let found = Config::resolve(&args, &file, &|_| None)
        .unwrap()
        .kafka_endpoint
        .unwrap();
    assert_eq!(found.text, "http://127.0.0.1:1");
    assert_eq!(found.place, "lag.yml line 4: kafka.endpoint");
    let file = File::parse("lag.yml", &text.replace("http://127.0.0.1:1", "alikafka")).unwrap();
    assert_eq!(
        Config::resolve(&args, &file, &|_| None)
            .unwrap_err()
            .to_string(),
        "lag.yml line 4: kafka.endpoint: write a URL without path and query, such as \
         https://alikafka.cn-hangzhou.aliyuncs.com"
    );
}

#[test]
fn the_web_config_file_is_a_flag_or_a_key_and_does_not_go_together_with_a_lease() {
    let text = "web:\n  config_file: /etc/lag/web.yml\n";
    let resolve = |text: &str, flag: Option<&str>, lease: Option<&str>| {
        let mut args = Args::default();
        args.read.source.region = Some("cn-hangzhou".into());
        args.read.source.instance = vec!["alikafka_pre-cn-a".into()];
        args.read.config_file = Some("lag.yaml".into());
        args.web.web_config_file = flag.map(Into::into);
        args.lease.lease = lease.map(Into::into);
        args.lease.advertise_url = lease.map(|_| "http://10.0.0.7:9876".into());
        Config::resolve(&args, &File::parse("lag.yaml", text).unwrap(), &|_| None)
    };
    let path = |config: Config| config.web.config_file.map(|written| written.text);
    assert_eq!(path(resolve("", None, Some("a/b")).unwrap()), None);
    assert_eq!(
        path(resolve(text, None, None).unwrap()).as_deref(),
        Some("/etc/lag/web.yml")
    );
    assert_eq!(
        path(resolve(text, Some("w.yml"), None).unwrap()).as_deref(),
        Some("w.yml")
    );
    let error = resolve(text, None, Some("a/b")).unwrap_err().to_string();
    assert!(
        error.starts_with("lag.yaml line 2: web.config_file: "),
        "{error}"
    );
    assert!(error.contains("--lease"), "{error}");
    let error = resolve("", Some("w.yml"), Some("a/b"))
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("--web.config.file (or KAFKA_LAG_WEB_CONFIG_FILE)"),
        "{error}"
    );
}
