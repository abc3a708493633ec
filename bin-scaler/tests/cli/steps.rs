//! What alerts come to.

use crate::{
    harness::{CONFIG, Running, World, alert, deliver_until_taken, until},
    http,
};
use kube_sim::{Fault, FaultKind};
use std::thread;

#[test]
fn a_firing_alert_is_one_step_however_often_it_is_sent() {
    let world = World::new(CONFIG);
    let running = world.start();
    let body = alert("Lag", "firing");
    let first = running.deliver(&body);
    assert_eq!(
        (first.status, first.result().as_str()),
        (200, "done"),
        "{}",
        first.text()
    );
    assert_eq!(
        first.json()["results"][0]["workload"],
        "orders/Deployment/consumer"
    );
    for _ in 0..5 {
        let again = running.deliver(&body);
        assert_eq!(
            (again.status, again.result().as_str()),
            (200, "repeat"),
            "{}",
            again.text()
        );
    }
    assert_eq!((world.replicas(), world.steps()), (3, 1));
    let series = "kafka_lag_scaler_actions_total{kind=\"scale\",outcome=\"scaled\"}";
    assert_eq!(running.value(series), Some(1.0));
    assert_eq!(
        running.value("kafka_lag_scaler_alerts_total{result=\"repeat\"}"),
        Some(5.0)
    );
}

#[test]
fn the_path_of_the_post_works_as_well() {
    let world = World::new(CONFIG);
    let running = world.start();
    let reply = http::post(running.address, "/hpa", &[], &alert("Lag", "firing"));
    assert_eq!((reply.status, reply.result().as_str()), (200, "done"));
    let other = running.deliver(&alert("Lag", "firing"));
    assert_eq!(other.result(), "repeat", "one ledger for both");
    assert_eq!(world.steps(), 1);
}

#[test]
fn a_resolved_alert_scales_nothing() {
    let world = World::new(CONFIG);
    let running = world.start();
    assert_eq!(running.deliver(&alert("Lag", "resolved")).status, 200);
    running.deliver(&alert("Lag", "firing"));
    assert_eq!(
        running.deliver(&alert("Lag", "resolved")).result(),
        "ignored"
    );
    assert_eq!(
        (world.replicas(), world.steps()),
        (2, 0),
        "its end was delivered first: the firing one was an old copy"
    );
}

#[test]
fn what_is_not_allowed_is_refused_for_good() {
    let world = World::new(CONFIG);
    world.api.deployment("orders", "database", 1);
    let running = world.start();
    let body = alert("Lag", "firing").replace("\"consumer\"", "\"database\"");
    let reply = running.deliver(&body);
    assert_eq!(
        (reply.status, reply.result().as_str()),
        (200, "refused"),
        "{}",
        reply.text()
    );
    assert_eq!(world.api.replicas("orders", "database"), Some(1));
}

#[test]
fn a_restarted_program_remembers() {
    let world = World::new(CONFIG);
    let mut running = world.start();
    running.deliver(&alert("Lag", "firing"));
    running.kill();
    let running = world.start();
    assert_eq!(running.deliver(&alert("Lag", "firing")).result(), "repeat");
    assert_eq!(world.steps(), 1);
}

#[test]
fn a_file_is_a_ledger_for_one_process() {
    let world = World::new("");
    let file = format!("file: {}", world.path("ledger.json").display());
    world.write(
        "scaler.yaml",
        &CONFIG.replace("configmap: ops/scaler", &file),
    );
    let mut running = world.start();
    assert_eq!(running.deliver(&alert("Lag", "firing")).result(), "done");
    let second = crate::harness::output(&mut world.command());
    assert_eq!(second.status.code(), Some(1), "a second process is refused");
    running.kill();
    let running = world.start();
    assert_eq!(running.deliver(&alert("Lag", "firing")).result(), "repeat");
    assert_eq!(world.steps(), 1);
}

#[test]
fn two_scalers_with_one_ledger_step_once() {
    let world = World::new(CONFIG);
    let running = (world.start(), world.start());
    let (one, two) = (running.0.address, running.1.address);
    let deliver = |address| {
        let reply = deliver_until_taken(address, &alert("Lag", "firing"));
        assert_eq!(reply.status, 200, "{}", reply.text());
    };
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| deliver(one));
            scope.spawn(|| deliver(two));
        }
    });
    assert_eq!((world.replicas(), world.steps()), (3, 1));
}

#[test]
fn a_dry_run_changes_nothing_and_says_what_it_would() {
    let world = World::new(CONFIG);
    let mut running = Running::start(world.command().arg("--dry-run"));
    let reply = running.deliver(&alert("Lag", "firing"));
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!((world.replicas(), world.steps()), (2, 0));
    assert!(
        world.api.configmap("ops", "scaler").is_none(),
        "nothing is remembered"
    );
    running.signal("TERM");
    running.end();
    assert!(
        running.log.text().contains("dry_run=true"),
        "{:?}",
        running.log.seen
    );
}

#[test]
fn sigterm_lets_an_open_delivery_finish() {
    let world = World::new(CONFIG);
    let mut running = world.start();
    world.api.fault(
        Fault::new(FaultKind::ApplyThenDelay { ms: 1500 })
            .method("PATCH")
            .nth(1),
    );
    world.api.fault(
        Fault::new(FaultKind::ApplyThenDelay { ms: 1500 })
            .method("PUT")
            .suffix("/scale")
            .nth(1),
    );
    let address = running.address;
    let open = thread::spawn(move || {
        http::post(
            address,
            "/webhook/alertmanager",
            &[],
            &alert("Lag", "firing"),
        )
    });
    world.until_steps(1);
    running.signal("TERM");
    let reply = open.join().unwrap();
    assert_eq!(
        (reply.status, reply.result().as_str()),
        (200, "done"),
        "{}",
        reply.text()
    );
    assert_eq!(running.end().code(), Some(0));
}

#[test]
fn the_timer_scales_back_where_that_is_configured() {
    let back = "      scale_back: {after: 0s, every: 1s, confirm: resolved}\n";
    let config = CONFIG.replace("cooldown: 1h", "cooldown: 0s");
    let world = World::new(&format!("{config}{back}"));
    let mut running = world.start();
    running.deliver(&alert("Lag", "firing"));
    assert_eq!(world.replicas(), 3);
    running.deliver(&alert("Lag", "resolved"));
    assert_eq!(world.replicas(), 3, "not by the delivery");
    running.kill();
    // It looks as soon as it is ready, and every 15 seconds after that.
    let running = world.start();
    world.until_steps(2);
    assert_eq!(world.replicas(), 2);
    let series = "kafka_lag_scaler_scale_backs_total{result=\"done\"}";
    until("counted", || running.value(series) == Some(1.0));
}
