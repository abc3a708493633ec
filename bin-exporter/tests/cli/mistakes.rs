//! Every mistake in the configuration ends the program with 1 and one line that says what would be right.

use crate::harness::{INSTANCE, OTHER, output, program};
use std::{net::TcpListener, process::Command};

/// The one line of a program that refuses to start. Log lines may stand before it.
#[track_caller]
fn refusal(command: &mut Command) -> String {
    let ended = output(command);
    let text = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{text}");
    assert!(ended.stdout.is_empty(), "{text}");
    let mut lines: Vec<_> = text.lines().collect();
    let last = lines.pop().unwrap_or_default();
    assert!(
        lines.iter().all(|line| line.starts_with("ts=")),
        "one line: {text}"
    );
    let said = last.strip_prefix("kafka-lag-exporter: ");
    said.unwrap_or_else(|| panic!("{text}")).to_owned()
}

#[track_caller]
fn assert_says(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(said.contains(part), "{part:?} is not in: {said}");
    }
}

/// Enough to start, by variables: any flag may be added.
fn complete(more: &[&str]) -> Command {
    let mut command = program(more);
    command
        .env("KAFKA_LAG_WEB_LISTEN_ADDRESS", "127.0.0.1:0")
        .env("KAFKA_LAG_CMS_REGION", "cn-hangzhou")
        .env("KAFKA_LAG_CMS_INSTANCE", INSTANCE)
        .env("ALIBABA_CLOUD_ACCESS_KEY_ID", "id")
        .env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "secret");
    command
}

#[test]
fn an_unknown_flag_is_named_with_the_one_that_was_meant() {
    let said = refusal(&mut complete(&["--collect.intervall=5m"]));
    assert_says(
        &said,
        &["--collect.intervall", "--collect.interval", "--help"],
    );
    let said = refusal(&mut complete(&["serve"]));
    assert_says(&said, &["serve", "--help"]);
}

#[test]
fn a_bad_value_is_named_with_its_flag_its_variable_and_what_is_allowed() {
    for (flag, value, allowed) in [
        ("--cms.region", "cn hangzhou", &["cn hangzhou"][..]),
        ("--cms.instance", "alikafka a", &["alikafka a"]),
        ("--cms.endpoint", "ftp://example.com", &["http"]),
        ("--cms.network", "intranet", &["public or vpc"]),
        ("--cms.signature", "v2", &["v1 or v3"]),
        ("--cms.placement", "body", &["query or form"]),
        ("--cms.timeout", "10", &["such as 30s, 5m"]),
        ("--cms.timeout", "1h", &["100ms to 5m"]),
        ("--cms.rate-limit", "51", &["1 to 50"]),
        ("--cms.rate-limit", "many", &["1 to 50"]),
        ("--cms.max-attempts", "0", &["1 to 10"]),
        ("--cms.max-pages", "0", &["1 to 100000"]),
        (
            "--cms.statistic",
            "median",
            &["first", "maximum", "average"],
        ),
        ("--collect.interval", "soon", &["soon"]),
        (
            "--collect.interval",
            "30s",
            &["1m", "--collect.schedule fixed"],
        ),
        ("--collect.schedule", "cron", &["aligned or fixed"]),
        ("--collect.window", "1m", &["3 periods"]),
        ("--collect.period", "90s", &["multiple of 1m"]),
        ("--collect.topics", "yes", &["true or false"]),
        ("--lag.max-age", "1m", &["2m30s to 1d"]),
        ("--lag.forget-after", "60d", &["1m to 31d"]),
        ("--lag.max-series", "0", &["1 to 10000000"]),
        (
            "--group.include",
            "wild:*",
            &["exact:", "prefix:", "suffix:", "glob:", "re:"],
        ),
        ("--group.exclude", "re:(", &["("]),
        ("--group.expect", "elsewhere/orders", &["elsewhere"]),
        ("--web.listen-address", "9876", &[":9876", "127.0.0.1:9876"]),
        (
            "--web.telemetry-path",
            "metrics",
            &["starts with /", "/metrics"],
        ),
        ("--web.telemetry-path", "/healthz", &["taken", "/metrics"]),
        ("--metrics.sample-timestamps", "1", &["true or false"]),
        (
            "--log.level",
            "loud",
            &["error or warn or info or debug or trace"],
        ),
        ("--log.format", "xml", &["logfmt or json"]),
    ] {
        let variable = flag
            .trim_start_matches("--")
            .replace(['.', '-'], "_")
            .to_ascii_uppercase();
        let variable = format!("KAFKA_LAG_{variable}");
        let said = refusal(complete(&[]).arg(format!("{flag}={value}")));
        assert_says(&said, &[flag, &variable]);
        assert_says(&said, allowed);
    }
}

#[test]
fn a_bad_value_in_a_variable_is_refused_like_one_in_a_flag() {
    let said = refusal(complete(&[]).env("KAFKA_LAG_LAG_MAX_AGE", "1m"));
    assert_says(&said, &["KAFKA_LAG_LAG_MAX_AGE", "2m30s to 1d"]);
    let mut command = program(&[]);
    command
        .env("REGION_ID", "cn hangzhou")
        .env("TARGET_INSTANCE_ID", INSTANCE);
    assert_says(&refusal(&mut command), &["REGION_ID", "cn hangzhou"]);
}

#[test]
fn a_missing_instance_and_a_missing_region_say_how_to_give_them() {
    let said = refusal(&mut program(&["--cms.region=cn-hangzhou"]));
    assert_says(
        &said,
        &[
            "--cms.instance",
            "KAFKA_LAG_CMS_INSTANCE",
            "--config.file",
            "--demo",
        ],
    );
    let said = refusal(&mut program(&["--cms.instance", INSTANCE]));
    assert_says(
        &said,
        &["--cms.region", "KAFKA_LAG_CMS_REGION", "cn-hangzhou"],
    );
}

#[test]
fn missing_keys_name_all_four_variables_and_the_demo() {
    let said = refusal(&mut program(&[
        "--cms.region=cn-hangzhou",
        "--cms.instance",
        INSTANCE,
    ]));
    assert_says(
        &said,
        &[
            "ALIBABA_CLOUD_ACCESS_KEY_ID",
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
            " ACCESS_KEY_ID",
            " ACCESS_KEY_SECRET",
            "--demo",
        ],
    );
}

#[test]
fn half_a_key_names_the_half_that_is_missing() {
    for (given, missing) in [
        (
            "ALIBABA_CLOUD_ACCESS_KEY_ID",
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET is not set",
        ),
        (
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
            "ALIBABA_CLOUD_ACCESS_KEY_ID is not set",
        ),
        ("ACCESS_KEY_ID", "ACCESS_KEY_SECRET is not set"),
        ("ACCESS_KEY_SECRET", "ACCESS_KEY_ID is not set"),
    ] {
        let mut command = program(&["--cms.region=cn-hangzhou", "--cms.instance", INSTANCE]);
        let said = refusal(command.env(given, "TESTonlySECRETabcdefghijk"));
        assert_says(&said, &[missing]);
        assert!(!said.contains("TESTonlySECRET"), "{said}");
    }
}

#[test]
fn a_file_that_is_missing_or_wrong_is_named_with_line_and_key() {
    let said = refusal(&mut complete(&["--config.file=/nonexistent/lag.yml"]));
    assert_says(&said, &["--config.file", "/nonexistent/lag.yml"]);

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lag.yml");
    let path = path.to_str().unwrap();
    for (text, place, parts) in [
        (
            "cms:\n  regoin: cn-hangzhou\n",
            "line 2",
            &["regoin", "signature"][..],
        ),
        (
            "lag:\n  max_age: 5m\n\ncolect:\n  interval: 60s\n",
            "line 4",
            &["colect", "collect"],
        ),
        (
            "collect:\n  interval: soon\n",
            "line 2: collect.interval",
            &["soon"],
        ),
        (
            "log:\n  level: loud\n",
            "line 2: log.level",
            &["error or warn"],
        ),
        (
            "web:\n  telemetry_path: ${NOWHERE}\n",
            "line 2: web.telemetry_path",
            &["NOWHERE"],
        ),
        ("collect: [\n", "line ", &[]),
        (
            "sources:\n  - region: cn-hangzhou\n    instances: [a, a b]\n",
            "line 3: sources[0].instances",
            &["a b"],
        ),
        (
            "sources:\n  - region: cn-hangzhou\n",
            "sources[0].instances",
            &["at least one"],
        ),
        (
            "sources:\n  - instances: [a]\n",
            "sources[0].region",
            &["cn-hangzhou"],
        ),
    ] {
        std::fs::write(path, text).unwrap();
        let mut command = program(&["--config.file", path, "--web.listen-address=127.0.0.1:0"]);
        let said = refusal(
            command
                .env("ACCESS_KEY_ID", "id")
                .env("ACCESS_KEY_SECRET", "secret"),
        );
        assert_says(&said, &[path, place]);
        assert_says(&said, parts);
    }
}

#[test]
fn a_mistake_in_a_file_does_not_print_the_lines_around_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lag.yml");
    std::fs::write(
        &path,
        "# TESTonlySECRET before\ncms:\n  regoin: x\n# TESTonlySECRET after\n",
    )
    .unwrap();
    let said = refusal(&mut complete(&["--config.file", path.to_str().unwrap()]));
    assert!(!said.contains("TESTonlySECRET"), "{said}");
}

#[test]
fn an_instance_in_two_sources_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lag.yml");
    let text = format!(
        "sources:\n  - region: cn-hangzhou\n    instances: [{INSTANCE}, {OTHER}]\n  - region: cn-shanghai\n    \
         instances: [{OTHER}]\n"
    );
    std::fs::write(&path, text).unwrap();
    let said = refusal(&mut program(&["--config.file", path.to_str().unwrap()]));
    assert_says(&said, &["cn-hangzhou", "cn-shanghai", OTHER]);
}

#[test]
fn a_port_in_use_names_the_flag() {
    let owner = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = owner.local_addr().unwrap().to_string();
    let said = refusal(&mut complete(&["--web.listen-address", &address]));
    assert_says(&said, &["--web.listen-address", &address]);
}

#[test]
fn a_system_without_ca_certificates_is_told_what_to_install() {
    let mut command = complete(&[]);
    command
        .env("SSL_CERT_FILE", "/nonexistent")
        .env("SSL_CERT_DIR", "/nonexistent");
    assert_says(
        &refusal(&mut command),
        &["ca-certificates", "--cms.ca-file"],
    );
}

#[test]
fn a_ca_file_that_is_missing_ends_the_start() {
    let said = refusal(&mut complete(&["--cms.ca-file=/nonexistent/ca.pem"]));
    assert_says(&said, &["/nonexistent/ca.pem"]);
}

#[cfg(feature = "demo")]
#[test]
fn the_demo_refuses_flags_about_a_cloud() {
    for flag in [
        "--cms.region=cn-hangzhou",
        "--cms.instance=a",
        "--cms.endpoint=http://127.0.0.1:1",
        "--config.file=/dev/null",
    ] {
        let said = refusal(&mut program(&["--demo", flag]));
        assert_says(&said, &["--demo", flag.split('=').next().unwrap()]);
    }
}

#[cfg(not(feature = "demo"))]
#[test]
fn a_build_without_the_demo_refuses_the_flag() {
    assert_says(&refusal(&mut program(&["--demo"])), &["--demo"]);
}

#[test]
fn the_page_about_exit_codes_quotes_what_is_said() {
    let page = include_str!("../../../docs/reference/exit-codes.md");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("bad.yml"), "lag:\n  maxage: 5m\n").unwrap();
    for flag in ["--lag.max-age=1m", "--config.file=bad.yml"] {
        let said = refusal(complete(&[flag]).current_dir(folder.path()));
        assert_says(page, &[&format!("kafka-lag-exporter: {said}")]);
    }
}
