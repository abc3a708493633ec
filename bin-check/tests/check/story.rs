//! The first post's story, run by run.

use cms_sim::{FaultKind, RobotFault};

use crate::world::{TOKEN, World, now, until};

/// Restarts, replicas and messages so far.
#[track_caller]
fn assert_so_far(world: &World, restarts: usize, replicas: i64, messages: usize) {
    assert_eq!(
        (world.restarts(), world.replicas(), world.messages().len()),
        (restarts, replicas, messages),
        "{:#?}",
        world.messages()
    );
}

#[test]
fn restart_once_then_two_replicas_then_one_message_then_silence_until_recovery_and_again() {
    let world = World::new();
    world.lag(&[(240, 160_000)]);
    let ended = world.act();
    ended.says(&[
        "KAFKA LAG CRITICAL - ",
        "160,000 > 150,000",
        "stage 1 begins",
        "restart",
    ]);
    assert_eq!(ended.code, Some(2));
    assert_so_far(&world, 1, 2, 1);
    assert!(
        ended.err.contains("level=info msg=restarted ")
            && ended
                .err
                .contains("workload=orders/Deployment/cust stage=1"),
        "{}",
        ended.err
    );

    world.lag(&[(230, 170_000)]);
    world
        .act()
        .says(&["stage 2 begins", "2", "4"])
        .code
        .unwrap();
    assert_so_far(&world, 1, 4, 2);

    world.lag(&[(220, 180_000)]);
    world.act().says(&["stage 3 begins"]);
    assert_so_far(&world, 1, 4, 3);

    for seconds in [210, 200, 190] {
        world.lag(&[(seconds, 190_000)]);
        world.act().says(&["silence until recovery"]);
        assert_so_far(&world, 1, 4, 3);
    }

    world.lag(&[(180, 120_000)]);
    world.act().says(&["not yet recovered"]).code.unwrap();
    assert_so_far(&world, 1, 4, 3);

    world.lag(&[(170, 0)]);
    let ended = world.act();
    ended.says(&["KAFKA LAG OK", "recovered"]);
    assert_eq!(ended.code, Some(0));
    assert_so_far(&world, 1, 4, 4);

    // The mark of a restart has whole seconds, as kubectl's.
    let second = now().as_second();
    until("the next second", || now().as_second() > second);
    world.lag(&[(160, 160_000)]);
    world.act().says(&["stage 1 begins"]);
    assert_so_far(&world, 2, 4, 5);

    let texts: Vec<_> = world.messages().into_iter().map(|one| one.text).collect();
    assert!(texts[2].contains("cust_docking_analog"), "{texts:#?}");
}

#[test]
fn zero_missing_stale_and_failed_readings_make_no_wrong_step() {
    let world = World::new();
    world.lag(&[(280, 160_000)]);
    world.act();
    assert_so_far(&world, 1, 2, 1);

    // Missing: the group is in no answer.
    world.lag(&[]);
    assert_eq!(world.act().code, Some(3));
    // Stale: older than the age at which a number is one, but still in the window.
    world.lag(&[(299, 500_000)]);
    world.act();
    // Failed: the whole cloud.
    world.cloud.inject(cms_sim::Fault::new(FaultKind::Html502));
    let ended = world.act();
    assert_eq!(ended.code, Some(3), "{ended:#?}");
    world.cloud.clear_faults();
    assert_so_far(&world, 1, 2, 1);

    // The same sample again.
    world.lag(&[(270, 170_000)]);
    world.act();
    assert_so_far(&world, 1, 4, 2);
    world.act().says(&["counted by an earlier run"]);
    assert_so_far(&world, 1, 4, 2);

    // A true zero is a recovery, once it is a new sample.
    world.lag(&[(260, 0)]);
    assert_eq!(world.act().code, Some(0));
    assert_so_far(&world, 1, 4, 3);
}

#[test]
fn a_message_that_could_not_be_sent_goes_with_the_next_run_and_nothing_is_done_twice() {
    let world = World::new();
    world.lag(&[(240, 160_000)]);
    world
        .cloud
        .inject_robot(TOKEN, RobotFault::Errcode { code: 310_000 }, 1);
    let ended = world.act();
    ended.says(&["1 message not sent, the next run tries again: notifier oncall: "]);
    assert_eq!(ended.code, Some(2));
    assert_so_far(&world, 1, 2, 0);
    world.act();
    assert_so_far(&world, 1, 2, 1);
    world.lag(&[(230, 0)]);
    world.act();
    assert_so_far(&world, 1, 2, 2);
}

#[test]
fn a_failed_restart_is_told_and_tried_again_before_the_next_stage() {
    let world = World::new();
    world.cluster.fault(
        kube_sim::Fault::new(kube_sim::FaultKind::status(
            503,
            "ServiceUnavailable",
            "not now",
        ))
        .method("PATCH"),
    );
    world.lag(&[(240, 160_000)]);
    let ended = world.act();
    ended.says(&["not now"]);
    assert_eq!(ended.code, Some(2));
    assert_so_far(&world, 0, 2, 1);
    world.cluster.clear_faults();
    world.lag(&[(230, 170_000)]);
    world.act().says(&["stage 1 is tried again"]);
    assert_so_far(&world, 1, 2, 2);
    world.lag(&[(220, 170_000)]);
    world.act().says(&["stage 2 begins"]);
    assert_so_far(&world, 1, 4, 3);
}

#[test]
fn an_hpa_on_the_target_is_not_fought() {
    let world = World::new();
    world
        .cluster
        .hpa("orders", "cust", ("Deployment", "cust"), (2, 6));
    for (seconds, lag) in [(240, 160_000), (230, 170_000)] {
        world.lag(&[(seconds, lag)]);
        world.act();
    }
    assert_so_far(&world, 1, 2, 2);
    let text = world.messages()[1].text.clone();
    assert!(text.contains("HorizontalPodAutoscaler/cust"), "{text}");
}

#[test]
fn the_posts_own_state_file_is_taken_over() {
    let world = World::new();
    let earlier = now().as_second() - 600;
    world.file(
        "check.json",
        &format!(
            r#"{{"last_check":{{"cust_docking_analog":{{"consecutive_count":1,"last_action_time":{earlier}}}}}}}"#
        ),
    );
    world.lag(&[(240, 160_000)]);
    world.act().says(&["stage 2 begins"]);
    assert_so_far(&world, 0, 4, 1);
}

#[test]
fn a_broken_state_file_is_moved_aside_and_nothing_is_changed() {
    let world = World::new();
    world.file("check.json", "{\"version\":1,\"last_ch");
    world.lag(&[(240, 160_000)]);
    let ended = world.act();
    ended.says(&["this run changes nothing", "check.json.corrupt-"]);
    assert_so_far(&world, 0, 2, 1);
    world.lag(&[(230, 160_000)]);
    world.act();
    assert_so_far(&world, 1, 2, 2);
}

#[test]
fn a_daemon_set_is_restarted_and_scaling_it_is_refused_without_a_failure() {
    let world = World::new();
    let text = std::fs::read_to_string(world.path("check.yaml")).unwrap();
    let text = text
        .replace("kind: Deployment", "kind: DaemonSet")
        .replace("  min_replicas: 1\n  max_replicas: 10\n", "")
        .replace("orders/Deployment/*", "orders/DaemonSet/*");
    world.file("check.yaml", &text);
    world.cluster.remove("deployments", "orders", "cust");
    world.cluster.workload("DaemonSet", "orders", "cust", 2);
    world.lag(&[(240, 160_000)]);
    world.act().says(&["stage 1 begins; restarted"]);
    world.lag(&[(230, 160_000)]);
    world
        .act()
        .says(&["stage 2 begins; not changed: this cannot be done to a DaemonSet"]);
    world.lag(&[(220, 160_000)]);
    world.act().says(&["stage 3 begins"]);
}

#[test]
fn a_group_that_is_only_remembered_stops_no_other() {
    let world = World::new();
    world.lag(&[(240, 160_000)]);
    world.act();
    let text = std::fs::read_to_string(world.path("check.yaml")).unwrap();
    let text = text.replace("orders/Deployment/*", "orders/Deployment/another");
    world.file("check.yaml", &text);
    let ended = world.check(&["--act", "--group.exclude", "exact:cust_docking_analog"]);
    assert!(!ended.out.contains("allow-list"), "{ended:#?}");
    ended.says(&["the episode stays open at stage 1"]);
}
