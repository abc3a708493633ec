//! What a check prints, and the codes it ends with.

use crate::world::{INSTANCE, World};

#[test]
fn the_status_line_has_state_number_age_threshold_and_performance_data() {
    let world = World::new();
    world.lag(&[(240, 160_000)]);
    let out = world.check(&[]).with(2);
    let first = out.lines().next().unwrap();
    assert!(
        first.starts_with(
            "KAFKA LAG CRITICAL - alikafka_pre-cn-sim00000001/cust_docking_analog 160,000 > 150,000 ("
        ),
        "{first}"
    );
    assert!(
        first.contains("'alikafka_pre-cn-sim00000001/cust_docking_analog'=160000;;150000;0;"),
        "{first}"
    );
    assert_eq!(first.matches('|').count(), 1, "{first}");
}

#[test]
fn codes_follow_ranges_and_the_worst_group_wins() {
    let world = World::new();
    world.lag(&[(240, 160)]);
    for (flags, code) in [
        (&[][..], 0),
        (&["-w", "100"], 1),
        (&["-w", "100", "-c", "150"], 2),
        (&["-c", "@7:7"], 2),
        (&["-c", "1000:"], 2),
        (&["-w", "~:1000"], 0),
    ] {
        let ended = world.check(flags);
        assert_eq!(ended.code, Some(code), "{flags:?}: {ended:#?}");
    }
}

#[test]
fn what_cannot_be_read_is_unknown_unless_somebody_chooses_otherwise() {
    let world = World::new();
    world
        .cloud
        .inject(cms_sim::Fault::new(cms_sim::FaultKind::Forbidden));
    for (flags, code, word) in [
        (&[][..], 3, "UNKNOWN"),
        (&["--on-unknown", "critical"], 2, "CRITICAL"),
        (&["--on-unknown", "warning"], 1, "WARNING"),
        (&["--on-unknown", "ok"], 0, "OK"),
    ] {
        let ended = world.check(flags);
        assert_eq!(ended.code, Some(code), "{ended:#?}");
        let start = format!("KAFKA LAG {word} - ");
        assert!(ended.out.starts_with(&start), "{ended:#?}");
        assert!(
            !ended.out.contains("=0;"),
            "absence became a number: {ended:#?}"
        );
    }
}

#[test]
fn a_cloud_that_does_not_answer_is_unknown_after_the_timeout() {
    let world = World::new();
    world
        .cloud
        .inject(cms_sim::Fault::new(cms_sim::FaultKind::Stall));
    let ended = world.check(&["-t", "1"]);
    ended.says(&["no answer within 1s"]);
    assert_eq!(ended.code, Some(3));
}

#[test]
fn quiet_prints_nothing_when_all_is_well() {
    let world = World::new();
    world.lag(&[(240, 5)]);
    let ended = world.check(&["-q"]);
    assert_eq!((ended.code, &*ended.out, &*ended.err), (Some(0), "", ""));
    world.lag(&[(230, 160_000)]);
    assert_ne!(world.check(&["-q"]).out, "");
}

#[test]
fn json_has_null_where_there_is_no_number() {
    let world = World::new();
    world.lag(&[(299, 160_000)]);
    let ended = world.check(&["-o", "json", "--group.expect", "missing_docking_analog"]);
    let json: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    let groups = json["groups"].as_array().unwrap();
    let of = |name: &str| {
        groups
            .iter()
            .find(|group| group["consumer_group"] == name)
            .unwrap()
    };
    let missing = of("missing_docking_analog");
    assert_eq!(missing["lag"], serde_json::Value::Null);
    assert_eq!(missing["status"], "UNKNOWN");
    assert_eq!(of("other")["lag"], 7);
}

#[test]
fn the_textfile_is_replaced_whole_and_keeps_the_last_success() {
    let world = World::new();
    let path = world.path("kafka_lag.prom");
    let file = path.display().to_string();
    world.lag(&[(240, 160_000)]);
    world
        .check(&["-o", "prometheus", "--output-file", &file])
        .with(2);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(
        text.contains(
            "kafka_consumer_message_accumulation{instance_id=\"alikafka_pre-cn-sim00000001\",consumer_group=\"cust_docking_analog\"} 160000\n"
        ),
        "{text}"
    );
    let success = |text: &str| {
        let line = text
            .lines()
            .find(|line| line.starts_with("kafka_lag_check_last_success_timestamp_seconds "));
        line.map(ToOwned::to_owned)
    };
    let before = success(&text).unwrap();
    world
        .cloud
        .inject(cms_sim::Fault::new(cms_sim::FaultKind::Forbidden));
    world
        .check(&["-o", "prometheus", "--output-file", &file])
        .with(3);
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(success(&text), Some(before));
    assert!(
        !text.contains("kafka_consumer_message_accumulation{"),
        "{text}"
    );
    assert!(text.contains("kafka_lag_check_status 3\n"), "{text}");
    let names: Vec<_> = std::fs::read_dir(world.home.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains(".tmp"))
        .collect();
    assert_eq!(names, Vec::<String>::new());
}

#[test]
fn a_run_that_only_looks_sees_lag_although_a_workload_cannot_be_told() {
    let world = World::new();
    world.lag(&[(240, 160_000)]);
    world.cloud.script(INSTANCE, "_docking_analog", &[(240, 1)]);
    let ended = world.check(&[]);
    ended.says(&[
        "160,000 > 150,000",
        "--act would be refused: ",
        "targets[0]",
    ]);
    assert_eq!(ended.code, Some(2));
}

#[test]
fn the_exit_code_can_tell_of_the_run_alone() {
    let world = World::new();
    world.lag(&[(240, 160_000)]);
    let flags = ["--act", "--exit-code", "run"];
    assert_eq!(world.check(&flags).code, Some(0));
    let fault = kube_sim::FaultKind::status(503, "ServiceUnavailable", "not now");
    world.cluster.fault(kube_sim::Fault::new(fault));
    world.lag(&[(230, 160_000)]);
    assert_eq!(world.check(&flags).code, Some(2), "a failed action");
    world.cluster.clear_faults();
    world
        .cloud
        .inject(cms_sim::Fault::new(cms_sim::FaultKind::Forbidden));
    assert_eq!(
        world.check(&flags).code,
        Some(3),
        "a cloud that was not read"
    );
}

#[test]
fn the_range_that_is_broken_is_named() {
    let world = World::new();
    world.lag(&[(240, 160)]);
    let ended = world.check(&["-w", "100"]);
    ended.says(&["WARNING", "160 breaks the range 100 ("]);
}

#[test]
fn what_is_refused_at_once_is_in_the_output() {
    let world = World::with_policy("  policy: {min_gap: 0s, daily_cap: 1}\n");
    world.lag(&[(240, 160_000)]);
    world.act();
    world.lag(&[(230, 160_000)]);
    world.act().says(&[
        "stage 2 begins; ",
        "changed once today (UTC), as often as allowed",
    ]);
    assert_eq!(world.replicas(), 2);
}

#[test]
fn a_stage_that_would_begin_is_not_counted_as_taken() {
    let world = World::new();
    world.lag(&[(240, 160_000)]);
    let stage = |flags: &[&str]| {
        let ended = world.check(flags);
        let json: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
        json["groups"][0]["stage"].clone()
    };
    assert_eq!(stage(&["-o", "json"]), serde_json::Value::Null);
    assert_eq!(stage(&["-o", "json", "--act"]), 1);
    world.lag(&[(230, 160_000)]);
    assert_eq!(stage(&["-o", "json"]), 1);
}

#[test]
fn chinese_is_spoken_when_asked_for() {
    let world = World::new();
    world.lag(&[(240, 160_000)]);
    world
        .check(&["--lang", "zh"])
        .says(&["将进入第 1 阶段", "KAFKA LAG CRITICAL"]);
}

#[test]
fn state_is_shown_and_reset() {
    let world = World::new();
    world.lag(&[(240, 160_000)]);
    world.act();
    let shown = world.state(&["show"]).with(0);
    assert!(shown.contains("\"consecutive_count\": 1"), "{shown}");
    world
        .state(&["reset", "cust_docking_analg"])
        .says(&["did you mean cust_docking_analog?"]);
    world.state(&["reset", "cust_docking_analog"]).with(0);
    let shown = world.state(&["show"]).with(0);
    assert!(!shown.contains("cust_docking_analog\""), "{shown}");
}

#[test]
fn a_textfile_does_not_keep_numbers_when_the_cloud_does_not_answer() {
    let world = World::new();
    let path = world.path("kafka_lag.prom");
    let file = path.display().to_string();
    let flags = ["-o", "prometheus", "--output-file", &file, "-t", "1"];
    world.lag(&[(240, 160_000)]);
    world.check(&flags).with(2);
    let fault = cms_sim::Fault::new(cms_sim::FaultKind::Stall);
    world.cloud.inject(fault);
    let ended = world.check(&flags);
    ended.says(&["no answer within 1s"]);
    assert_eq!(ended.code, Some(3));
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains("kafka_lag_check_status 3\n"), "{text}");
    assert!(
        !text.contains("kafka_consumer_message_accumulation"),
        "{text}"
    );
    assert!(
        text.contains("kafka_lag_check_last_success_timestamp_seconds "),
        "{text}"
    );
    let ended = world.check(&["-o", "json", "-t", "1"]);
    let json: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(
        (&json["status"], &json["exit_code"]),
        (&"UNKNOWN".into(), &3.into())
    );
}

#[test]
fn what_was_not_read_is_no_success_whatever_it_is_called() {
    let world = World::new();
    let file = world.path("kafka_lag.prom").display().to_string();
    let fault = cms_sim::Fault::new(cms_sim::FaultKind::Forbidden);
    world.cloud.inject(fault);
    let flags = [
        "-o",
        "prometheus",
        "--output-file",
        &file,
        "--on-unknown",
        "ok",
    ];
    world.check(&flags).with(0);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(!text.contains("last_success"), "{text}");
    assert_eq!(
        world
            .check(&["--on-unknown", "ok", "--exit-code", "run"])
            .code,
        Some(3)
    );
}

#[test]
fn a_damaged_state_is_not_reset() {
    let world = World::new();
    world.file("check.json", "{");
    let ended = world.state(&["reset", "--all"]);
    ended.says(&["the state could not be read", "nothing was reset"]);
    assert_eq!(ended.code, Some(1));
    world.lag(&[(240, 160_000)]);
    world.act().says(&["this run changes nothing"]);
    assert_eq!(world.restarts(), 0);
}
