//! The ledger as it is kept.

use crate::world::{World, alert, allowed, at, high, policy, resolved, start};
use lag_core::alert::{Ledger, LedgerError};

fn some() -> Ledger {
    let (policy, mut world) = (policy(allowed()), World::new(2));
    world.deliver_at(&policy, 0, high(start()));
    world.deliver_at(&policy, 11, alert("scale-out", "other", at(11)));
    world.deliver_at(&policy, 12, resolved(high(start())));
    world.ledger
}

#[test]
fn a_ledger_reads_back_the_same() {
    let ledger = some();
    assert_eq!(
        Ledger::from_json(ledger.to_json().as_bytes()).unwrap(),
        ledger
    );
    let empty = Ledger::default();
    assert_eq!(empty.to_json(), r#"{"version":1,"workloads":[]}"#);
    assert_eq!(
        Ledger::from_json(empty.to_json().as_bytes()).unwrap(),
        empty
    );
}

#[test]
fn the_shape_of_version_1_stays_readable() {
    let json = r#"{"version":1,"workloads":[{"workload":{"namespace":"orders","kind":"Rollout","name":"cd","custom":["argoproj.io","v1alpha1","rollouts"]},
        "steps":[{"number":4,"keys":["a80695afc96983d5@2026-11-22T03:34:15.713Z#1"],"at":"2026-11-22T03:34:25Z","change":{"scale":{"subject":{"hpa_min":"cd"},"from":2,"to":3}},"state":"done","tries":1},
                 {"number":5,"keys":[],"at":"2026-11-22T04:34:25Z","change":{"back":{"subject":"replicas","from":3,"to":2}},"state":"intended","tries":2},
                 {"number":6,"keys":[],"at":"2026-11-22T05:34:25Z","change":"restart","state":"superseded","tries":1}],
        "alerts":{"a80695afc96983d5@2026-11-22T03:34:15.713Z":{"action":"scale-out","last":"2026-11-22T03:34:25Z","resolved":"2026-11-22T03:40:00Z"}},
        "day":"2026-11-22","begun":2,"baseline":2,"next":7}]}"#;
    let ledger = Ledger::from_json(json.as_bytes()).unwrap();
    let (workload, known) = ledger.workloads.iter().next().unwrap();
    assert_eq!(workload.kind.api_version(), "argoproj.io/v1alpha1");
    assert_eq!(
        (known.steps.len(), known.alerts.len(), known.next),
        (3, 1, 7)
    );
    assert_eq!(
        Ledger::from_json(ledger.to_json().as_bytes()).unwrap(),
        ledger
    );
}

#[test]
fn what_is_not_known_stops_everything() {
    let json = some().to_json();
    let newer = json.replacen(r#""version":1"#, r#""version":2"#, 1);
    let error = Ledger::from_json(newer.as_bytes()).unwrap_err();
    assert!(matches!(error, LedgerError::Version(2)));
    assert!(
        error.to_string().contains("use the newer program"),
        "{error}"
    );
    let field = json.replacen(r#""number":0"#, r#""number":0,"why":"x""#, 1);
    let state = json.replacen(r#""done""#, r#""paused""#, 1);
    let order = json.replacen(r#""number":1"#, r#""number":0"#, 1);
    let cut = &json[..json.len() - 1];
    for damaged in ["", "{}", "null", cut, &field, &state, &order] {
        assert_ne!(damaged, json);
        let error = Ledger::from_json(damaged.as_bytes()).unwrap_err();
        assert!(
            error.to_string().contains("mend it or remove it"),
            "{error}"
        );
    }
}
