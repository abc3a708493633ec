//! `replay`: captured payloads without a cluster.

use crate::harness::{World, output};

/// The captured payloads of the core's tests.
const CAPTURED: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../lag-core/tests/fixtures/alertmanager"
);

fn config() -> String {
    "scaler:\n  targets:\n    - {namespace: orders, kind: Deployment, name: consumer, max_replicas: 10}\n".to_owned()
}

fn replay(config: &str, flags: &[&str]) -> String {
    let world = World::new(config);
    let ended = output(world.command().arg("replay").args(flags));
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(0), "{said}");
    assert!(world.api.requests().is_empty(), "no cluster is asked");
    String::from_utf8(ended.stdout).unwrap()
}

#[test]
fn an_alert_and_its_repeat_are_one_step_in_words() {
    let world = World::new("");
    let body = crate::harness::alert("Lag", "firing");
    let file = world.write("firing.json", &body).display().to_string();
    let text = replay(&config(), &[&file, &file, "--replicas", "4"]);
    assert!(
        text.contains("Lag fires for orders/Deployment/consumer: done"),
        "{text}"
    );
    assert!(
        text.contains("=> orders/Deployment/consumer goes from 4 to 5 replicas"),
        "{text}"
    );
    assert!(text.contains(": repeat: "), "{text}");
    assert!(text.ends_with("=> nothing is changed\n"), "{text}");
}

#[test]
fn the_same_as_json() {
    let world = World::new("");
    let body = crate::harness::alert("Lag", "firing");
    let file = world.write("firing.json", &body).display().to_string();
    let text = replay(&config(), &[&file, "--output", "json"]);
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json[0]["results"][0]["result"], "done", "{text}");
    assert_eq!(json[0]["changes"][0]["from"], 2);
    assert_eq!(json[0]["changes"][0]["to"], 3);
}

#[test]
fn every_captured_payload_can_be_replayed() {
    for name in [
        "firing.json",
        "firing-0.34-shape.json",
        "partly-resolved.json",
        "resolved.json",
    ] {
        let text = replay(&config(), &[&format!("{CAPTURED}/{name}")]);
        assert!(
            text.contains(" at 20") && text.contains("=> "),
            "{name}: {text}"
        );
    }
}

#[test]
fn a_file_that_is_no_payload_is_named() {
    let world = World::new(&config());
    let file = world.write("other.json", "{}");
    let ended = output(world.command().arg("replay").arg(&file));
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1));
    assert!(
        said.contains("other.json") && said.contains("not an Alertmanager webhook"),
        "{said}"
    );
}
