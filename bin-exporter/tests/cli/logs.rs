//! What is said, how, and how often.

use crate::harness::{Cloud, INSTANCE, OTHER, Running, exporter, value};
use cms_sim::{Fault, FaultKind};

#[test]
fn the_first_line_names_version_revision_and_file() {
    let cloud = Cloud::usual();
    let running = Running::start(&mut exporter(&cloud.url()));
    let first = &running.log.seen[0];
    for part in [
        "ts=20",
        "Z level=info msg=",
        " version=0.",
        " revision=",
        " config.file=none",
    ] {
        assert!(first.contains(part), "{part}: {first}");
    }

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lag.yml");
    std::fs::write(&path, "# nothing\n").unwrap();
    let path = path.to_str().unwrap();
    let running = Running::start(exporter(&cloud.url()).args(["--config.file", path]));
    let first = &running.log.seen[0];
    assert!(first.ends_with(&format!(" config.file={path}")), "{first}");
}

#[test]
fn every_json_line_is_an_object_with_time_level_and_message() {
    let cloud = Cloud::usual();
    let mut running =
        Running::start(exporter(&cloud.url()).args(["--log.format=json", "--log.level=trace"]));
    running.wait_until_read();
    cloud.simulator.inject(Fault::new(FaultKind::Forbidden));
    running
        .log
        .until(|line| line.contains("\"level\":\"warn\""));
    running.signal("TERM");
    assert_eq!(running.end().code(), Some(0));
    assert!(running.log.seen.len() >= 5, "{:#?}", running.log.seen);
    for line in &running.log.seen {
        let value: serde_json::Value =
            serde_json::from_str(line).unwrap_or_else(|why| panic!("{why}: {line}"));
        for key in ["ts", "level", "msg"] {
            assert!(value[key].is_string(), "{key}: {line}");
        }
    }
    assert!(running.out.seen.is_empty(), "logs go to stderr");
}

#[test]
fn a_failing_cloud_is_one_warning_and_its_recovery_one_line() {
    let cloud = Cloud::usual();
    let mut running = Running::start(&mut exporter(&cloud.url()));
    running.wait_until_read();
    let failures = format!(
        "kafka_lag_consecutive_failures{{instance_id=\"{}\"}}",
        INSTANCE
    );
    for (fault, code) in [
        (FaultKind::Throttling, "throttled"),
        (FaultKind::Reset, "network"),
    ] {
        cloud.simulator.inject(Fault::new(fault));
        running.metrics_until(|page| value(page, &failures) >= Some(3.0));
        cloud.simulator.clear_faults();
        running.log.until(|line| line.contains("lag is read again"));
        let warnings = running
            .log
            .seen
            .iter()
            .filter(|line| line.contains(&format!("code={code}")));
        let warnings: Vec<_> = warnings.collect();
        assert_eq!(warnings.len(), 1, "{:#?}", running.log.seen);
        assert!(warnings[0].contains("level=warn"), "{warnings:?}");
        assert!(
            warnings[0].contains(INSTANCE) && warnings[0].contains("error="),
            "{warnings:?}"
        );
    }
    running.signal("TERM");
    running.end();
    let log = &running.log.seen;
    let count = |text: &str| log.iter().filter(|line| line.contains(text)).count();
    assert_eq!(
        (count("level=warn"), count("lag is read again")),
        (2, 2),
        "{log:#?}"
    );
    assert_eq!(count("level=error"), 0, "{log:#?}");
}

#[test]
fn requests_and_cycles_are_not_logged_at_info() {
    let cloud = Cloud::usual();
    let mut running = Running::start(&mut exporter(&cloud.url()));
    running.wait_until_read();
    let calls = cloud.simulator.counters().calls;
    running.metrics_until(|_| cloud.simulator.counters().calls >= calls + 3);
    running.signal("TERM");
    running.end();
    // It starts, listens, finds credentials, reads, ends.
    assert_eq!(running.log.seen.len(), 5, "{:#?}", running.log.seen);
}

#[test]
fn an_instance_without_points_is_one_warning_and_not_a_success() {
    let cloud = Cloud::start(crate::harness::usual().instance(OTHER));
    let mut running = Running::start(exporter(&cloud.url()).args(["--cms.instance", OTHER]));
    running
        .log
        .until(|line| line.contains("level=warn") && line.contains(OTHER));
    let calls = cloud.simulator.counters().calls;
    running.metrics_until(|_| cloud.simulator.counters().calls >= calls + 3);
    running.signal("TERM");
    running.end();
    let log = &running.log.seen;
    let warnings = log.iter().filter(|line| line.contains("level=warn"));
    assert_eq!(warnings.count(), 1, "{log:#?}");
    assert!(
        log.iter().all(|line| !line.contains("\"lag is read\"")),
        "{log:#?}"
    );
}

#[test]
fn a_clock_that_differs_from_the_clouds_is_one_warning() {
    let cloud = Cloud::usual();
    let mut running = Running::start(&mut exporter(&cloud.url()));
    running.wait_until_read();
    cloud
        .simulator
        .inject(Fault::new(FaultKind::ClockSkew { seconds: 300 }));
    running
        .log
        .until(|line| line.contains("level=warn") && line.contains("clock"));
    let calls = cloud.simulator.counters().calls;
    running.metrics_until(|_| cloud.simulator.counters().calls >= calls + 3);
    cloud.simulator.clear_faults();
    running.log.until(|line| line.contains("agrees"));
    running.signal("TERM");
    running.end();
    let log = &running.log.seen;
    let warnings = log.iter().filter(|line| line.contains("level=warn"));
    assert_eq!(warnings.count(), 1, "{log:#?}");
}
