//! A workload in trouble, and those beside it.

use crate::{
    harness::{World, alert, until},
    http,
};
use kube_sim::{Denial, Fault, FaultKind};

/// The first entry is in another namespace than the one of the world.
const CONFIG: &str = "\
scaler:
  ledger: {configmap: ops/scaler}
  webhook: {deadline: 4s}
  targets:
    - {namespace: locked, kind: Deployment, name: first, max_replicas: 10, cooldown: 1h}
    - {namespace: orders, kind: Deployment, name: consumer, max_replicas: 10, cooldown: 1h}
";

fn world() -> World {
    let world = World::new(CONFIG);
    world.api.deployment("locked", "first", 2);
    world
}

/// One body with an alert for each of the two, the one in trouble first.
fn both() -> String {
    let theirs = alert("Lag", "firing");
    let mut body: serde_json::Value = serde_json::from_str(&theirs).unwrap();
    let mut other = body["alerts"][0].clone();
    other["labels"]["namespace"] = "locked".into();
    other["labels"]["deployment"] = "first".into();
    body["alerts"].as_array_mut().unwrap().insert(0, other);
    body.to_string()
}

#[test]
fn a_workload_whose_calls_hang_leaves_time_for_the_others_of_a_body() {
    let world = world();
    let running = world.start();
    let hang = Fault::new(FaultKind::Hang).prefix("/apis/apps/v1/namespaces/locked");
    world.api.fault(hang.times(1000));
    let reply = http::post(running.address, "/hpa", &[], &both());
    assert_eq!(reply.status, 503, "{}", reply.text());
    assert_eq!(world.steps(), 1, "{}", reply.text());
}

#[test]
fn a_workload_that_may_not_be_read_does_not_keep_the_others_waiting() {
    let world = world();
    let denial = Denial::new().verb("get").resource("deployments/scale");
    world.api.deny(denial.namespace("locked"));
    let running = world.start();
    until("ready", || running.get("/readyz").status == 200);
    let reply = http::post(running.address, "/hpa", &[], &both());
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(world.steps(), 1);
}
