//! Killed between the write and the answer: what Alertmanager does then must not step twice.

use crate::{
    harness::{CONFIG, World, alert},
    http,
};
use kube_sim::{Fault, FaultKind};
use std::{panic, thread};

#[test]
fn killed_between_write_and_answer_it_steps_once() {
    let world = World::new(CONFIG);
    let mut running = world.start();
    for method in ["PATCH", "PUT"] {
        let fault = Fault::new(FaultKind::ApplyThenHang);
        world
            .api
            .fault(fault.method(method).suffix("/scale").nth(1));
    }
    let address = running.address;
    let open = thread::spawn(move || {
        let body = alert("Lag", "firing");
        let length = body.len().to_string();
        let headers = [
            ("content-type", "application/json"),
            ("content-length", length.as_str()),
        ];
        http::send(address, "POST /webhook/alertmanager", &headers, &body)
    });
    world.until_steps(1);
    running.kill();
    let reply = open
        .join()
        .unwrap_or_else(|panic| panic::resume_unwind(panic));
    assert!(reply.is_none(), "Alertmanager got no answer: {reply:?}");
    world.api.clear_faults();

    let again = world.start();
    let reply = again.deliver_until_taken(&alert("Lag", "firing"));
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!((world.replicas(), world.steps()), (3, 1));
    assert_eq!(again.deliver(&alert("Lag", "firing")).result(), "repeat");
    assert_eq!(world.steps(), 1);
}
