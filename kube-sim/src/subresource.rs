//! `scale` and `eviction`.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    api::{Answer, Call, good, ok},
    clock,
    ledger::RemovedPod,
    object::{map_mut, metadata, number, selector_text, text},
    refusal::Refusal,
    validate,
    world::{Key, World, check_precondition},
};

/// The workload's number as an object of its own. A number of 0 is left out of `spec`.
fn view(key: &Key, workload: &Value) -> Value {
    let own = &workload["metadata"];
    let mut spec = json!({});
    let replicas = number(workload, "/spec/replicas").unwrap_or(i64::from(!key.resource.is_custom));
    if replicas != 0 {
        spec["replicas"] = json!(replicas);
    }
    let found = if key.resource.is_custom {
        "/status/HPAReplicas"
    } else {
        "/status/replicas"
    };
    json!({
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {
            "name": own["name"],
            "namespace": own["namespace"],
            "uid": own["uid"],
            "resourceVersion": own["resourceVersion"],
            "creationTimestamp": own["creationTimestamp"],
        },
        "spec": spec,
        "status": {
            "replicas": number(workload, found).unwrap_or(0),
            "selector": selector_text(workload),
        },
    })
}

pub(crate) fn scale(world: &mut World, call: &Call<'_>, key: &Key) -> Answer {
    let workload = world.get(key)?.clone();
    let wanted = match *call.method {
        Method::GET => return ok(view(key, &workload)),
        Method::PUT => call.json()?,
        Method::PATCH => {
            let patch = call.patch(key.resource)?;
            let mut scale = view(key, &workload);
            patch.apply(&mut scale);
            scale
        }
        _ => return Err(Refusal::method()),
    };
    if text(&wanted, "/kind").is_some_and(|kind| kind != "Scale") {
        return Err(Refusal::bad_request("the object is not a Scale"));
    }
    validate::scale(&key.name, &wanted)?;
    let mut next = workload;
    let replicas = number(&wanted, "/spec/replicas").unwrap_or(0);
    map_mut(&mut next, "spec").insert("replicas".into(), json!(replicas));
    for field in ["resourceVersion", "uid"] {
        match wanted["metadata"].get(field) {
            Some(value) => metadata(&mut next).insert(field.into(), value.clone()),
            None => metadata(&mut next).remove(field),
        };
    }
    let stored = world.update(key, next, &call.write(Some("scale"))?)?;
    ok(view(key, &stored))
}

/// Removes a pod for good; its owner makes another.
pub(crate) fn remove_pod(world: &mut World, key: &Key, evicted: bool) {
    let Some(gone) = world.remove(key) else {
        return;
    };
    world.changes.removed_pods.push(RemovedPod {
        pod: key.to_ref(),
        evicted,
        at: clock::now(),
    });
    world.replace_pod(&gone, &key.namespace);
}

/// Budgets are played by a fault: without one, an eviction is granted.
pub(crate) fn evict(world: &mut World, call: &Call<'_>, key: &Key) -> Answer {
    if call.method != Method::POST {
        return Err(Refusal::method());
    }
    let eviction = call.json()?;
    if text(&eviction, "/metadata/name") != Some(&key.name) {
        return Err(Refusal::bad_request(
            "name in URL does not match name in Eviction object",
        ));
    }
    let pod = world.get(key)?.clone();
    let options = &eviction["deleteOptions"];
    check_precondition(key, &pod, &json!({ "metadata": options["preconditions"] }))?;
    if !call.write(None)?.is_dry_run && options["dryRun"] != json!(["All"]) {
        remove_pod(world, key, true);
    }
    good(
        StatusCode::CREATED,
        json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
            "code": 201,
        }),
    )
}
