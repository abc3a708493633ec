//! Who may send alerts, and where it listens without anybody.

use crate::{
    harness::{CONFIG, Running, World, alert, output, until},
    http,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};

const PATH: &str = "/webhook/alertmanager";

fn guarded() -> World {
    let world = World::new("");
    let place = |name: &str| world.path(name).display().to_string();
    let webhook = format!(
        "  webhook:\n    bearer_token_files: [{}, {}]\n    basic_users:\n      - {{name: alertmanager, password_file: {}}}\n",
        place("old"),
        place("new"),
        place("password"),
    );
    world.write("old", "old-TESTonly\n");
    world.write("new", "new-TESTonly");
    world.write("password", "pass:TESTonly");
    world.write("scaler.yaml", &format!("{CONFIG}{webhook}"));
    world
}

fn with(running: &Running, credentials: &str) -> u16 {
    let headers = [("authorization", credentials)];
    http::post(running.address, PATH, &headers, &alert("Lag", "firing")).status
}

#[test]
fn tokens_and_users_come_in_and_nobody_else() {
    let world = guarded();
    let mut running = world.start();
    let refused = running.deliver(&alert("Lag", "firing"));
    assert_eq!(refused.status, 401);
    let challenge = refused.header("www-authenticate").unwrap();
    assert!(
        challenge.contains("Bearer") && challenge.contains("Basic"),
        "{challenge}"
    );
    assert_eq!(with(&running, "Bearer wrong-TESTonly"), 401);
    let basic = |pair: &str| format!("Basic {}", STANDARD.encode(pair));
    assert_eq!(with(&running, &basic("alertmanager:wrong")), 401);
    assert_eq!(world.steps(), 0, "nobody has done anything");
    assert_eq!(running.get("/healthz").status, 200, "probes have no keys");
    for good in [
        "Bearer old-TESTonly",
        "Bearer new-TESTonly",
        &basic("alertmanager:pass:TESTonly"),
    ] {
        assert_eq!(with(&running, good), 200);
    }
    assert_eq!(world.steps(), 1);
    running.signal("TERM");
    assert_eq!(running.end().code(), Some(0));
    let log = running.log.text();
    assert!(!log.contains("TESTonly"), "no secret in the log: {log}");
}

#[test]
fn users_of_a_web_config_file_come_in_and_nobody_else() {
    let world = World::new(CONFIG);
    let hash = bcrypt::hash("TESTonly", 4).unwrap();
    let web = world.write(
        "web.yml",
        &format!("basic_auth_users: {{alertmanager: '{hash}'}}\n"),
    );
    let running = Running::start(world.command().arg("--web.config.file").arg(web));
    assert_eq!(running.deliver(&alert("Lag", "firing")).status, 401);
    let basic = |pair: &str| format!("Basic {}", STANDARD.encode(pair));
    assert_eq!(with(&running, &basic("alertmanager:wrong")), 401);
    assert_eq!(world.steps(), 0);
    assert_eq!(with(&running, &basic("alertmanager:TESTonly")), 200);
    assert_eq!(world.steps(), 1);
}

#[test]
fn a_replaced_token_counts_without_a_restart() {
    let world = guarded();
    let running = world.start();
    assert_eq!(with(&running, "Bearer old-TESTonly"), 200);
    world.write("old", "third-TESTonly");
    until("the new token", || {
        with(&running, "Bearer third-TESTonly") == 200
    });
    assert_eq!(with(&running, "Bearer old-TESTonly"), 401);
}

#[test]
fn a_body_of_somebody_unknown_is_not_waited_for() {
    let world = guarded();
    let running = world.start();
    let headers = [
        ("content-type", "application/json"),
        ("content-length", "1000000"),
        ("authorization", "Bearer wrong"),
    ];
    let reply = http::send(running.address, &format!("POST {PATH}"), &headers, "").unwrap();
    assert_eq!(reply.status, 401);
}

#[test]
fn beyond_loopback_it_listens_only_guarded_or_when_told_so() {
    let world = World::new(CONFIG);
    let mut open = world.command();
    open.env("KAFKA_LAG_WEB_LISTEN_ADDRESS", "0.0.0.0:0");
    let ended = output(&mut open);
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(said.contains("--web.allow-unauthenticated"), "{said}");
    assert!(!said.contains("msg=listening"), "{said}");

    let mut running = Running::start(open.arg("--web.allow-unauthenticated"));
    assert!(
        running
            .log
            .text()
            .contains("everybody who reaches this address"),
        "{:?}",
        running.log.seen
    );
    running.kill();

    let world = guarded();
    let mut command = world.command();
    command.env("KAFKA_LAG_WEB_LISTEN_ADDRESS", "0.0.0.0:0");
    let running = Running::start(&mut command);
    assert_eq!(with(&running, "Bearer old-TESTonly"), 200);
}
