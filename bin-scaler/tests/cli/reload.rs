//! The configuration is loaded again while deliveries come: by SIGHUP, and over HTTP.

use crate::{
    harness::{CONFIG, Running, World, alert, deliver_until_taken, until},
    http::{self, Reply, send},
};
use kube_sim::{Fault, FaultKind};
use std::thread;

const OK: &str = "kafka_lag_scaler_config_last_reload_successful";
const WHEN: &str = "kafka_lag_scaler_config_last_reload_success_timestamp_seconds";

fn start(world: &World) -> Running {
    let mut command = world.command();
    let running = Running::start(command.arg("--web.enable-lifecycle"));
    until("ready", || running.get("/readyz").status == 200);
    running
}

fn ask(running: &Running, headers: &[(&str, &str)]) -> Reply {
    let length = [("content-length", "0")];
    let headers: Vec<_> = length.iter().chain(headers).copied().collect();
    send(running.address, "POST /-/reload", &headers, "").unwrap()
}

#[track_caller]
fn reload(running: &Running) {
    let reply = ask(running, &[]);
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert!(reply.text().contains("loaded again"), "{}", reply.text());
}

/// The same workload under another name, which no alert of these tests has.
fn elsewhere() -> String {
    CONFIG.replace("name: consumer", "name: other")
}

#[test]
fn another_allow_list_counts_for_the_next_delivery_and_the_ledger_stays() {
    let world = World::new(CONFIG);
    let running = start(&world);
    let first = alert("Lag", "firing");
    assert_eq!(running.deliver_until_taken(&first).result(), "done");
    assert_eq!(world.steps(), 1);
    let before = running.value(WHEN).unwrap();
    assert_eq!(running.value(OK), Some(1.0));
    world.write("scaler.yaml", &elsewhere());
    reload(&running);
    let refused = running.deliver(&alert("Other", "firing"));
    assert_eq!(refused.status, 200, "{}", refused.text());
    assert_ne!(refused.result(), "done", "{}", refused.text());
    assert_eq!(world.steps(), 1);
    world.write("scaler.yaml", CONFIG);
    running.signal("HUP");
    until("the old list", || {
        running.value(WHEN).unwrap() > before && {
            let again = running.deliver(&first);
            again.result() != refused.result()
        }
    });
    assert_eq!(world.steps(), 1, "what was done is not done again");
}

#[test]
fn a_delivery_under_way_ends_by_the_list_it_began_with() {
    let world = World::new(CONFIG);
    let running = start(&world);
    let slow = Fault::new(FaultKind::Delay { ms: 1_000 }).method("GET");
    world.api.fault(slow.suffix("/scale").times(1));
    let before = world.api.requests().len();
    let address = running.address;
    let delivery = thread::spawn(move || http::post(address, "/hpa", &[], &alert("Lag", "firing")));
    until("the cluster is asked", || {
        world.api.requests().len() > before
    });
    world.write("scaler.yaml", &elsewhere());
    reload(&running);
    let done = delivery.join().unwrap();
    assert_eq!(
        (done.status, done.result().as_str()),
        (200, "done"),
        "{}",
        done.text()
    );
    assert_eq!(world.steps(), 1);
    assert_ne!(running.deliver(&alert("Next", "firing")).result(), "done");
}

#[test]
fn a_bad_file_leaves_the_old_one_and_is_told_once() {
    let world = World::new(CONFIG);
    let mut running = start(&world);
    let moved = CONFIG.replace("configmap: ops/scaler", "file: /nonexistent/ledger");
    let secret = "  webhook: {bearer_token_files: [/nonexistent/token]}\n";
    for (text, status, words) in [
        ("scaler: [".to_owned(), 400, "scaler.yaml line"),
        (CONFIG.replace("max_replicas", "most"), 400, "most"),
        (moved, 400, "scaler.ledger"),
        (
            format!("{CONFIG}  listen_address: [\":1\"]\n"),
            200,
            "loaded again",
        ),
        (
            format!("{CONFIG}  webhook: {{deadline: 3s}}\n"),
            400,
            "scaler.webhook.deadline",
        ),
        (format!("{CONFIG}{secret}"), 500, "/nonexistent/token"),
    ] {
        world.write("scaler.yaml", &text);
        for _ in 0..2 {
            let reply = ask(&running, &[]);
            assert_eq!(reply.status, status, "{}", reply.text());
            assert!(reply.text().contains(words), "{words}: {}", reply.text());
        }
        running.signal("HUP");
        let shown = if status == 200 { 1.0 } else { 0.0 };
        assert_eq!(running.value(OK), Some(shown));
    }
    assert_eq!(
        running
            .deliver_until_taken(&alert("Lag", "firing"))
            .result(),
        "done"
    );
    running.signal("TERM");
    assert_eq!(running.end().code(), Some(0));
    let told = running.log.seen.iter();
    let told = told
        .filter(|line| line.contains("was not loaded again"))
        .count();
    assert_eq!(told, 5, "{:#?}", running.log.seen);
}

#[test]
fn who_may_ask_is_said_by_a_flag_and_who_may_not_send_alerts_may_not_ask() {
    let world = World::new(CONFIG);
    let running = world.start();
    let off = ask(&running, &[]);
    assert_eq!(off.status, 403);
    assert!(
        off.text().contains("--web.enable-lifecycle"),
        "{}",
        off.text()
    );
    let get = running.get("/-/reload");
    assert_eq!((get.status, get.header("allow")), (405, Some("POST, PUT")));
    let token = world.write("token", "one-TESTonly");
    let webhook = format!("  webhook: {{bearer_token_files: [{}]}}\n", token.display());
    world.write("scaler.yaml", &format!("{CONFIG}{webhook}"));
    let running = start(&world);
    assert_eq!(ask(&running, &[]).status, 401);
    let key = ("authorization", "Bearer one-TESTonly");
    assert_eq!(ask(&running, &[key]).status, 200);
    let origin = ("origin", "http://127.0.0.1:9877");
    assert_eq!(ask(&running, &[key, origin]).status, 403);
}

#[test]
fn a_storm_of_hangups_ends_nothing_and_loses_no_delivery() {
    let world = World::new(CONFIG);
    let mut running = start(&world);
    let address = running.address;
    thread::scope(|scope| {
        let deliveries = scope.spawn(move || {
            for turn in 0..20 {
                let reply = deliver_until_taken(address, &alert(&format!("Lag{turn}"), "firing"));
                assert_eq!(reply.status, 200, "{}", reply.text());
            }
        });
        for _ in 0..200 {
            running.signal("HUP");
        }
        deliveries.join().unwrap();
    });
    assert_eq!(world.steps(), 1, "the cooldown holds over every load");
    assert_eq!(running.value(OK), Some(1.0));
    running.signal("TERM");
    assert_eq!(running.end().code(), Some(0));
}
