//! Several accounts in one process, and what may be spent.

use crate::harness::{
    Cloud, INSTANCE, KEY_ID, OTHER, Running, SECRET, exporter, lag, program, usual, value,
};
use cms_sim::{Fault, FaultKind, Scenario, SimConfig};
use std::{fs, process::Command};
use tempfile::TempDir;

const SHOP_ID: &str = "LTAI5tSHOPonlyKEYid00002";
const SHOP_SECRET: &str = "SHOPonlySECRETabcdefghijk";

/// A second account: its key is not known to the first one's cloud, and the other way round.
fn shop() -> SimConfig {
    SimConfig::default()
        .credentials(SHOP_ID, SHOP_SECRET, None)
        .group(OTHER, "billing", Scenario::constant(7))
}

/// Two sources, the second with keys of its own.
fn two_accounts(first: &str, second: &str) -> (TempDir, Command) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lag.yml");
    let text = format!(
        "sources:\n  - {{name: main, region: cn-hangzhou, endpoint: '{first}', instances: [{INSTANCE}]}}\n  \
         - name: shop\n    region: cn-shanghai\n    endpoint: {second}\n    instances: [{OTHER}]\n    credentials:\n      \
         access_key_id_variable: SHOP_ID\n      access_key_secret_variable: SHOP_SECRET\n\
         cms: {{timeout: 700ms, max_attempts: 1}}\ncollect: {{schedule: fixed, interval: 1s}}\n\
         budget: {{requests_per_month: none}}\nweb: {{listen_address: ['127.0.0.1:0']}}\n"
    );
    fs::write(&path, text).unwrap();
    let mut command = program(&["--config.file", path.to_str().unwrap()]);
    command
        .env("ALIBABA_CLOUD_ACCESS_KEY_ID", KEY_ID)
        .env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", SECRET)
        .env("SHOP_ID", SHOP_ID)
        .env("SHOP_SECRET", SHOP_SECRET);
    (folder, command)
}

fn other_lag() -> String {
    format!(
        "kafka_consumer_message_accumulation{{instance_id=\"{OTHER}\",consumer_group=\"billing\"}}"
    )
}

#[test]
fn each_account_is_asked_with_its_own_keys_and_fails_alone() {
    let (main, other) = (Cloud::usual(), Cloud::start(shop()));
    let (_folder, mut command) = two_accounts(&main.url(), &other.url());
    let mut running = Running::start(&mut command);
    let page = running.metrics_until(|page| {
        value(page, &lag("busy")).is_some() && value(page, &other_lag()).is_some()
    });
    for account in ["main", "shop"] {
        let wrong = format!(
            "kafka_lag_api_request_errors_total{{source=\"{account}\",action=\"DescribeMetricList\",code=\"credentials\"}}"
        );
        assert_eq!(value(&page, &wrong), Some(0.0));
    }
    assert!(value(&page, "kafka_lag_api_month_requests{account=\"default\"}") >= Some(1.0));
    assert!(value(&page, "kafka_lag_api_month_requests{account=\"shop\"}") >= Some(1.0));

    other
        .simulator
        .inject(Fault::new(FaultKind::AccessKeyNotFound));
    let down = format!("kafka_lag_up{{instance_id=\"{OTHER}\"}}");
    let page = running.metrics_until(|page| value(page, &down) == Some(0.0));
    assert_eq!(
        value(
            &page,
            &format!("kafka_lag_up{{instance_id=\"{INSTANCE}\"}}")
        ),
        Some(1.0)
    );
}

#[test]
fn an_account_without_its_keys_is_named_and_stops_no_other() {
    let (main, other) = (Cloud::usual(), Cloud::start(shop()));
    let (_folder, mut command) = two_accounts(&main.url(), &other.url());
    let mut running = Running::start(command.env_remove("SHOP_SECRET"));
    running.metrics_until(|page| value(page, &lag("busy")) == Some(150_001.0));
    let down = format!("kafka_lag_up{{instance_id=\"{OTHER}\"}}");
    running.metrics_until(|page| value(page, &down) == Some(0.0));
    running.log.has(|line| {
        line.contains("level=error")
            && line.contains("source.name=shop")
            && line.contains("SHOP_SECRET is not set")
    });
    assert!(!running.log.text().contains(SHOP_ID));
    assert_eq!(other.simulator.counters().calls, 0);
}

#[test]
fn no_account_with_keys_ends_the_start() {
    let (main, other) = (Cloud::usual(), Cloud::start(shop()));
    let (_folder, mut command) = two_accounts(&main.url(), &other.url());
    command.env_remove("ALIBABA_CLOUD_ACCESS_KEY_SECRET");
    let ended = crate::harness::output(command.env_remove("SHOP_SECRET"));
    let text = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{text}");
    assert!(
        text.lines().last().unwrap().contains("has no credentials"),
        "{text}"
    );
}

#[test]
fn a_projection_above_the_budget_makes_collections_rarer_and_says_so_once() {
    let cloud = Cloud::usual();
    let mut command = exporter(&cloud.url());
    command.env("KAFKA_LAG_BUDGET_REQUESTS_PER_MONTH", "10");
    command.env("KAFKA_LAG_COLLECT_INTERVAL", "1s");
    let mut running = Running::start(&mut command);
    let stretch = "kafka_lag_api_budget_stretch_ratio{account=\"default\"}";
    let interval = "kafka_lag_collect_interval_seconds{source=\"cn-hangzhou\"}";
    let budget = "kafka_lag_api_budget_requests{account=\"default\"}";
    let page = running.metrics_until(|page| {
        value(page, "kafka_lag_points_received{source=\"cn-hangzhou\"}") >= Some(1.0)
    });
    assert_eq!(value(&page, budget), Some(10.0));
    assert!(value(&page, stretch) > Some(1.0), "{page}");
    assert!(value(&page, interval) > Some(1.0), "{page}");
    running
        .log
        .has(|line| line.contains("level=warn") && line.contains("collections are rarer"));
}

#[test]
fn a_hard_stop_ends_calls_and_numbers_grow_old_instead_of_becoming_zero() {
    let cloud = Cloud::start(usual());
    let mut command = exporter(&cloud.url());
    command
        .env("KAFKA_LAG_BUDGET_REQUESTS_PER_MONTH", "1")
        .env("KAFKA_LAG_BUDGET_HARD_STOP", "true")
        .env("KAFKA_LAG_COLLECT_INTERVAL", "1s");
    let mut running = Running::start(&mut command);
    running
        .log
        .until(|line| line.contains("level=error") && line.contains("are spent"));
    let page = running.metrics();
    assert_eq!(value(&page, &lag("busy")), Some(150_001.0), "{page}");
    assert_eq!(cloud.simulator.counters().calls, 1);
}

#[test]
fn the_count_of_calls_survives_a_kill() {
    let (cloud, state) = (Cloud::usual(), tempfile::tempdir().unwrap());
    let mut command = exporter(&cloud.url());
    command.env("KAFKA_LAG_STATE_DIRECTORY", state.path());
    let used = "kafka_lag_api_month_requests{account=\"default\"}";
    let mut running = Running::start(&mut command);
    running.metrics_until(|page| value(page, used) >= Some(2.0));
    let saved = || fs::read_to_string(state.path().join("api-calls.json")).unwrap();
    let spent = |text: &str| {
        let number = text.split("\"requests\": ").nth(1);
        number.map_or(0.0, |rest| {
            rest.split_whitespace()
                .next()
                .unwrap()
                .parse::<f64>()
                .unwrap()
        })
    };
    running.metrics_until(|_| spent(&saved()) >= 2.0);
    running.signal("KILL");
    running.end();
    let before = spent(&saved());
    let mut again = Running::start(&mut command);
    again.metrics_until(|page| value(page, used) > Some(before));
}

#[test]
fn a_state_directory_in_use_ends_the_start() {
    let (cloud, state) = (Cloud::usual(), tempfile::tempdir().unwrap());
    let mut command = exporter(&cloud.url());
    command.env("KAFKA_LAG_STATE_DIRECTORY", state.path());
    let _first = Running::start(&mut command);
    let ended = crate::harness::output(&mut command);
    let text = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{text}");
    assert!(
        text.contains("another process uses this directory; give each its own"),
        "{text}"
    );
}
