//! Bad input is refused before anything is done, with code 3 and one line that names file, line and key.

use crate::world::World;

#[track_caller]
fn assert_refused(world: &World, parts: &[&str]) {
    world.lag(&[(240, 160_000)]);
    let ended = world.act();
    ended.says(parts);
    ended.says(&["KAFKA LAG UNKNOWN - "]);
    assert_eq!(ended.code, Some(3), "{ended:#?}");
    assert_eq!((world.restarts(), world.messages().len()), (0, 0));
    assert!(world.cluster.requests().is_empty());
}

#[test]
fn thresholds_the_wrong_way_round_are_refused() {
    let world = World::with_policy("  policy: {breach_above: 100, recover_at: 200}\n");
    assert_refused(&world, &["check.yaml line 2", "recover_at"]);
}

#[test]
fn an_unknown_key_is_refused() {
    let world = World::with_policy("  polcy: {}\n");
    assert_refused(&world, &["check.yaml line 2", "polcy"]);
}

#[test]
fn a_target_outside_the_allow_list_is_refused_when_the_group_is_seen() {
    let world = World::new();
    let text = std::fs::read_to_string(world.path("check.yaml")).unwrap();
    world.file(
        "check.yaml",
        &text.replace("orders/Deployment/*", "payments/Deployment/*"),
    );
    assert_refused(&world, &["targets[0]", "orders/Deployment/cust"]);
}

#[test]
fn bounds_the_wrong_way_round_are_refused() {
    let world = World::new();
    let text = std::fs::read_to_string(world.path("check.yaml")).unwrap();
    world.file(
        "check.yaml",
        &text.replace("min_replicas: 1", "min_replicas: 50"),
    );
    assert_refused(&world, &["check.yaml line 9", "targets[0]", "50 and 10"]);
}

#[test]
fn a_template_that_expands_to_nothing_is_refused() {
    let world = World::new();
    world
        .cloud
        .script(crate::world::INSTANCE, "_docking_analog", &[(240, 1)]);
    assert_refused(&world, &["targets[0]", "_docking_analog"]);
}

#[test]
fn a_state_file_of_a_newer_version_is_refused_and_left_alone() {
    let world = World::new();
    let text = r#"{"version":99,"last_check":{}}"#;
    world.file("check.json", text);
    assert_refused(&world, &["version 99"]);
    assert_eq!(
        std::fs::read_to_string(world.path("check.json")).unwrap(),
        text
    );
}

#[test]
fn a_robot_of_another_vendor_is_refused() {
    let world = World::new();
    let url = "https://open.feishu.cn/open-apis/bot/v2/hook/secret-token-of-the-hook";
    world.file("robot-url", url);
    world.lag(&[(240, 160_000)]);
    let ended = world.act();
    ended.says(&["notifiers[0]", "feishu"]);
    assert!(
        !format!("{ended:?}").contains("secret-token-of-the-hook"),
        "{ended:?}"
    );
    assert_refused(&world, &[]);
}

#[test]
fn acting_without_a_place_to_remember_is_refused() {
    let world = World::new();
    world.lag(&[(240, 160_000)]);
    let mut command = world.command(&["--act"]);
    command.env_remove("KAFKA_LAG_STATE_FILE");
    let ended = crate::world::Ended::of(&mut command);
    ended.says(&["--state-file"]);
    assert_eq!(ended.code, Some(3));
}

#[test]
fn a_wrong_flag_is_unknown_for_monitoring_too() {
    let world = World::new();
    for flags in [
        &["--criticl", "5"][..],
        &["-c", "x"],
        &["-t", "0"],
        &["-o", "xml"],
    ] {
        let ended = world.check(flags);
        assert_eq!(ended.code, Some(3), "{ended:#?}");
        assert!(ended.out.starts_with("KAFKA LAG UNKNOWN - "), "{ended:#?}");
    }
}
