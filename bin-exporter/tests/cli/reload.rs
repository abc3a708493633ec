//! The configuration is loaded again while the program runs: by SIGHUP, and over HTTP.

use crate::{
    harness::{Cloud, INSTANCE, KEY_ID, OTHER, Running, SECRET, lag, program, usual, value},
    http::{self, Reply},
};
use cms_sim::{Fault, FaultKind, Scenario};
use std::{
    fs,
    io::Write as _,
    path::PathBuf,
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
};
use tempfile::TempDir;

const OK: &str = "kafka_lag_config_last_reload_successful";
const WHEN: &str = "kafka_lag_config_last_reload_success_timestamp_seconds";
const CALLS: &str = "kafka_lag_api_requests_total{source=\"east\",action=\"DescribeMetricList\"}";

/// A cloud, and a file that says what to read of it.
struct World {
    cloud: Cloud,
    folder: TempDir,
}

impl World {
    fn new() -> Self {
        let cloud = usual().group(OTHER, "elsewhere", Scenario::constant(5));
        let world = Self {
            cloud: Cloud::start(cloud),
            folder: tempfile::tempdir().unwrap(),
        };
        world.write("");
        world
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("lag.yml")
    }

    fn file(&self, instances: &str, more: &str) -> String {
        let url = self.cloud.url();
        format!(
            "sources:\n  - {{name: east, region: cn-hangzhou, endpoint: \"{url}\", instances: [{instances}]}}\n\
             collect: {{schedule: fixed, interval: 1s}}\nbudget: {{requests_per_month: none}}\n{more}\n"
        )
    }

    /// In one step: a load that is still to come must not meet half a file.
    fn put(&self, text: &str) {
        let new = self.folder.path().join("new.yml");
        fs::write(&new, text).unwrap();
        fs::rename(new, self.path()).unwrap();
    }

    fn write(&self, more: &str) {
        self.put(&self.file(INSTANCE, more));
    }

    fn command(&self) -> Command {
        let mut command = program(&[]);
        command
            .env("KAFKA_LAG_WEB_LISTEN_ADDRESS", "127.0.0.1:0")
            .env("KAFKA_LAG_CONFIG_FILE", self.path())
            .env("KAFKA_LAG_CMS_TIMEOUT", "700ms")
            .env("KAFKA_LAG_CMS_MAX_ATTEMPTS", "1")
            .env("ALIBABA_CLOUD_ACCESS_KEY_ID", KEY_ID)
            .env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", SECRET);
        command
    }

    fn start(&self) -> Running {
        let mut running = Running::start(self.command().arg("--web.enable-lifecycle"));
        running.wait_until_read();
        running
    }
}

fn send(running: &Running, method: &str, header: &str) -> Reply {
    let mut stream = http::connect(running.address);
    let head = format!(
        "{method} /-/reload HTTP/1.1\r\nhost: exporter\r\nconnection: close\r\ncontent-length: 0\r\n{header}\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    Reply::read(&mut stream)
}

/// Loads again over HTTP, which answers when it is done.
#[track_caller]
fn reload(running: &Running) -> String {
    let reply = send(running, "POST", "");
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.text()
}

#[test]
fn a_filter_takes_effect_at_once_and_what_stays_has_no_gap() {
    let world = World::new();
    let running = world.start();
    let before = running.metrics();
    world.write("group: {exclude: [\"exact:caught-up\"]}");
    let words = reload(&running);
    assert!(words.contains("1 begin anew"), "{words}");
    let page = running.metrics();
    assert_eq!(value(&page, &lag("busy")), Some(150_001.0));
    assert_eq!(value(&page, &lag("caught-up")), None);
    assert_eq!(value(&page, OK), Some(1.0));
    assert!(value(&page, WHEN) >= value(&before, WHEN));
    assert!(value(&page, CALLS) >= value(&before, CALLS));
    world.write("");
    let words = reload(&running);
    assert!(words.contains("1 begin anew"), "{words}");
    let mut running = running;
    running.metrics_until(|page| value(page, &lag("caught-up")) == Some(0.0));
    let words = reload(&running);
    assert!(words.contains("1 go on"), "{words}");
}

#[test]
fn a_hangup_loads_it_too_and_instances_come_and_go() {
    let world = World::new();
    let mut running = world.start();
    let up = |instance: &str| format!("kafka_lag_up{{instance_id=\"{instance}\"}}");
    world.put(&world.file(&format!("{INSTANCE}, {OTHER}"), ""));
    running.signal("HUP");
    running.metrics_until(|page| {
        assert_eq!(value(page, &up(INSTANCE)), Some(1.0));
        assert_eq!(value(page, OK), Some(1.0), "{page}");
        value(page, &up(OTHER)) == Some(1.0)
    });
    assert_eq!(running.get("/readyz").status, 200);
    world.put(&world.file(OTHER, ""));
    running.signal("HUP");
    running.metrics_until(|page| value(page, &up(INSTANCE)).is_none());
    let page = running.metrics();
    assert!(
        !page.contains(&format!("instance_id=\"{INSTANCE}\"")),
        "{page}"
    );
    assert_eq!(value(&page, &up(OTHER)), Some(1.0));
}

#[test]
fn a_bad_file_leaves_the_old_one_and_is_told_once() {
    let world = World::new();
    let mut running = world.start();
    for (text, words) in [
        ("sources: [".to_owned(), "lag.yml line"),
        (world.file(INSTANCE, "grup: {}"), "grup"),
        (world.file(INSTANCE, "lag: {max_age: soon}"), "lag.max_age"),
        (
            world.file(INSTANCE, "web: {telemetry_path: /m}"),
            "web.telemetry_path",
        ),
        (world.file(INSTANCE, "lease: {name: a/b}"), "lease"),
    ] {
        world.put(&text);
        for _ in 0..3 {
            let reply = send(&running, "PUT", "");
            assert_eq!(reply.status, 400, "{}", reply.text());
            assert!(reply.text().contains(words), "{words}: {}", reply.text());
        }
        running.signal("HUP");
        let page = running.metrics_until(|page| value(page, OK) == Some(0.0));
        assert_eq!(value(&page, &lag("busy")), Some(150_001.0));
    }
    fs::remove_file(world.path()).unwrap();
    assert_eq!(send(&running, "POST", "").status, 400);
    world.write("");
    reload(&running);
    assert_eq!(running.value(OK), Some(1.0));
    running.signal("TERM");
    assert!(running.end().success());
    let told = running.log.seen.iter();
    let told = told
        .filter(|line| line.contains("was not loaded again"))
        .count();
    assert_eq!(told, 6, "{:#?}", running.log.seen);
}

#[test]
fn a_credential_that_is_not_there_is_refused_without_blaming_the_file() {
    let world = World::new();
    let running = world.start();
    world.write("credentials: {access_key_id_file: /nonexistent/id, access_key_secret_file: /nonexistent/s}");
    let reply = send(&running, "POST", "");
    assert_eq!(reply.status, 500, "{}", reply.text());
    assert!(reply.text().contains("nonexistent"), "{}", reply.text());
    assert_eq!(running.value(&lag("busy")), Some(150_001.0));
}

/// Two sources, with these keys of their own; both are asked at the same cloud.
fn two(world: &World, east: &str, west: &str) -> String {
    let url = world.cloud.url();
    let source = |name: &str, instance: &str, keys: &str| {
        format!(
            "  - {{name: {name}, region: cn-hangzhou, endpoint: \"{url}\", instances: [{instance}]{keys}}}\n"
        )
    };
    format!(
        "sources:\n{}{}collect: {{schedule: fixed, interval: 1s}}\nbudget: {{requests_per_month: none}}\n",
        source("east", INSTANCE, east),
        source("west", OTHER, west)
    )
}

fn keys(id: &std::path::Path, secret: &std::path::Path) -> String {
    let (id, secret) = (id.display(), secret.display());
    format!(", credentials: {{access_key_id_file: {id}, access_key_secret_file: {secret}}}")
}

#[test]
fn keys_of_one_source_that_cannot_be_had_are_refused_whole_and_it_goes_on_with_those_of_before() {
    let world = World::new();
    let nowhere = PathBuf::from("/nonexistent/key");
    world.put(&two(&world, "", ""));
    let running = world.start();
    world.put(&two(&world, &keys(&nowhere, &nowhere), ""));
    let reply = send(&running, "POST", "");
    assert_eq!(reply.status, 500, "{}", reply.text());
    for part in ["source east", "nonexistent"] {
        assert!(reply.text().contains(part), "{}", reply.text());
    }
    assert_eq!(running.value(OK), Some(0.0));
    let page = running.get("/").text();
    assert!(
        page.contains("could not be loaded, and the one before goes on")
            && page.contains("the keys of source east cannot be had"),
        "{page}"
    );
    let (id, secret) = (
        world.folder.path().join("id"),
        world.folder.path().join("secret"),
    );
    fs::write(&id, KEY_ID).unwrap();
    fs::write(&secret, SECRET).unwrap();
    world.put(&two(&world, &keys(&id, &secret), ""));
    let words = reload(&running);
    assert!(
        words.contains("1 go on as they were, 1 begin anew"),
        "only one has changed: {words}"
    );
    assert_eq!(running.value(OK), Some(1.0));
}

#[test]
fn keys_that_were_not_to_be_had_before_either_hold_no_load_up() {
    let world = World::new();
    let nowhere = PathBuf::from("/nonexistent/key");
    let broken = keys(&nowhere, &nowhere);
    world.put(&two(&world, "", &broken));
    let running = Running::start(world.command().arg("--web.enable-lifecycle"));
    for more in [
        "group: {exclude: [\"exact:caught-up\"]}",
        "collect: {schedule: fixed, interval: 2s}",
        "cms: {ca_file: /etc/ssl/certs/ca-certificates.crt}",
    ] {
        let text = two(&world, "", &broken);
        let text = match more.starts_with("collect") {
            true => text.replace("interval: 1s", "interval: 2s"),
            false => format!("{text}{more}\n"),
        };
        world.put(&text);
        reload(&running);
    }
}

#[test]
fn who_may_ask_is_said_by_a_flag_and_by_the_method() {
    let world = World::new();
    let running = Running::start(&mut world.command());
    let off = send(&running, "POST", "");
    assert_eq!(off.status, 403);
    assert!(
        off.text().contains("--web.enable-lifecycle"),
        "{}",
        off.text()
    );
    let get = send(&running, "GET", "");
    assert_eq!((get.status, get.header("allow")), (405, Some("POST, PUT")));
    let running = world.start();
    let browser = send(&running, "POST", "origin: http://127.0.0.1\r\n");
    assert_eq!(browser.status, 403);
    assert!(browser.text().contains("browser"), "{}", browser.text());
}

#[test]
fn passwords_stand_before_it_too() {
    let world = World::new();
    let web = world.folder.path().join("web.yml");
    let users = "basic_auth_users:\n  alice: $2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\n";
    fs::write(&web, users).unwrap();
    let mut command = world.command();
    command
        .args(["--web.enable-lifecycle", "--web.config.file"])
        .arg(&web);
    let running = Running::start(&mut command);
    assert_eq!(send(&running, "POST", "").status, 401);
    let right = send(&running, "POST", "authorization: Basic YWxpY2U6VSpV\r\n");
    assert_eq!(right.status, 200, "{}", right.text());
}

#[test]
fn without_a_file_there_is_nothing_to_load_and_nothing_ends() {
    let cloud = Cloud::usual();
    let mut command = crate::harness::exporter(&cloud.url());
    let mut running = Running::start(command.arg("--web.enable-lifecycle"));
    running.wait_until_read();
    running.signal("HUP");
    running
        .log
        .until(|line| line.contains("there is nothing to load again"));
    let reply = send(&running, "POST", "");
    assert_eq!(reply.status, 400);
    assert!(reply.text().contains("--config.file"), "{}", reply.text());
    assert_eq!(
        running.value(OK),
        Some(1.0),
        "what runs is what was configured"
    );
}

#[cfg(feature = "demo")]
#[test]
fn the_demo_has_nothing_to_load_either() {
    let mut command = program(&["--demo", "--web.listen-address=127.0.0.1:0"]);
    let mut running = Running::start(command.arg("--web.enable-lifecycle"));
    running.signal("HUP");
    running
        .log
        .until(|line| line.contains("--demo brings its own configuration"));
    assert!(send(&running, "POST", "").text().contains("--demo"));
}

#[test]
fn a_storm_of_hangups_ends_nothing() {
    let world = World::new();
    let mut running = world.start();
    let before = running.value(CALLS).unwrap();
    for turn in 0..200 {
        let excluded = ["exact:caught-up", "exact:nothing"][turn % 2];
        world.write(&format!("group: {{exclude: [\"{excluded}\"]}}"));
        running.signal("HUP");
    }
    // All hangups came before this was asked for.
    reload(&running);
    let asked = running.value(CALLS).unwrap() - before;
    assert!(asked <= 260.0, "{asked}");
    running.metrics_until(|page| value(page, &lag("caught-up")) == Some(0.0));
    running.signal("TERM");
    assert!(running.end().success());
}

#[test]
fn a_collection_that_hangs_does_not_hold_a_load_up() {
    let world = World::new();
    let mut running = Running::start(
        world
            .command()
            .env("KAFKA_LAG_CMS_TIMEOUT", "60s")
            .arg("--web.enable-lifecycle"),
    );
    running.wait_until_read();
    world.cloud.simulator.inject(Fault::new(FaultKind::Stall));
    let before = running.value(CALLS).unwrap();
    world.cloud.simulator.reset_counters();
    running.look("/healthz", |_| world.cloud.simulator.counters().calls > 0);
    world.write("group: {exclude: [\"exact:caught-up\"]}");
    reload(&running);
    let page = running.metrics();
    assert_eq!(value(&page, &lag("busy")), Some(150_001.0));
    assert_eq!(value(&page, &lag("caught-up")), None);
    assert!(value(&page, CALLS).unwrap() >= before);
}

#[test]
fn no_scrape_sees_a_hole_while_it_is_loaded_fifty_times() {
    let world = World::new();
    let running = world.start();
    let (address, ended) = (running.address, AtomicBool::new(false));
    let scrapes = std::thread::scope(|scope| {
        let scrape = || {
            let (mut scrapes, mut calls) = (0, 0.0);
            while !ended.load(Ordering::Relaxed) {
                let page = http::get(address, "/metrics", &[]).text();
                assert_eq!(value(&page, &lag("busy")), Some(150_001.0), "{page}");
                assert_eq!(value(&page, OK), Some(1.0));
                let now = value(&page, CALLS).unwrap();
                assert!(now >= calls, "{now} after {calls}");
                assert!(page.matches("\nkafka_lag_up{").count() == 1, "{page}");
                (scrapes, calls) = (scrapes + 1, now);
            }
            scrapes
        };
        let readers = [scope.spawn(scrape), scope.spawn(scrape)];
        for turn in 0..50 {
            world.write(&format!(
                "group: {{exclude: [\"exact:x{turn}\"]}}\nlag: {{max_age: {}m}}\nmetrics: {{compat: [{}]}}",
                5 + turn % 3,
                ["klag", "kafka-exporter"][turn % 2]
            ));
            reload(&running);
            assert_eq!(running.get("/readyz").status, 200);
        }
        ended.store(true, Ordering::Relaxed);
        readers.map(|reader| reader.join().unwrap())
    });
    assert!(scrapes.iter().all(|scrapes| *scrapes > 20), "{scrapes:?}");
}

#[test]
fn the_level_of_the_log_and_the_names_of_metrics_change_with_it() {
    let world = World::new();
    let mut running = world.start();
    assert!(!running.metrics().contains("kafka_consumergroup"));
    world.write("log: {level: debug}\nmetrics: {compat: [kafka-exporter, klag]}");
    reload(&running);
    running
        .log
        .until(|line| line.contains("level=debug") && line.contains("collected"));
    let page = running.metrics();
    let labels = format!("{{consumergroup=\"busy\",topic=\"\",instance_id=\"{INSTANCE}\"}}");
    for name in ["kafka_consumergroup_lag", "kafka_consumergroup_lag_sum"] {
        assert_eq!(value(&page, &format!("{name}{labels}")), Some(150_001.0));
    }
    let klag = format!(
        "kafka_consumergroup_group_sum_lag{{cluster_name=\"{INSTANCE}\",group=\"caught-up\"}}"
    );
    assert_eq!(value(&page, &klag), Some(0.0));
}
