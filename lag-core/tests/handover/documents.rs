//! Documents, good and bad.

use crate::world::*;
use lag_core::HandoverError;
use serde_json::{Value, json};

fn good() -> Value {
    let board = answered(
        &watching(&[A], 0),
        A,
        1,
        vec![(
            series("orders", None),
            sample(minute(0), 160_000.5, Some(-2.0)),
        )],
    );
    serde_json::from_str(&text(&failed(&advised(&board, 1), A, 2, "timeout"), 2)).unwrap()
}

#[test]
fn the_document_is_readable() {
    insta::assert_snapshot!(serde_json::to_string_pretty(&good()).unwrap());
}

#[test]
fn another_version_is_told_and_nothing_is_read() {
    let mut document = good();
    document["version"] = json!(2);
    document["instances"] = json!("quite different");
    let error = parse(&document.to_string()).unwrap_err();
    assert_eq!(error, HandoverError::Version { found: 2 });
    assert!(
        error
            .to_string()
            .ends_with("run the same version in all replicas")
    );
}

#[test]
fn what_is_new_and_can_be_passed_over_is_passed_over() {
    let mut document = good();
    document["news"] = json!({"a": 1});
    document["instances"][0]["samples"][0]["news"] = json!([1]);
    assert_eq!(parse(&document.to_string()), parse(&good().to_string()));
}

#[test]
fn a_document_with_one_wrong_value_is_refused_whole() {
    for (place, wrong) in [
        ("/version", json!("1")),
        ("/written_at", json!("yesterday")),
        ("/sources/0/dropped_points", json!({"mood": 1})),
        ("/sources/0/last_duration", json!("-PT1S")),
        ("/instances/0/instance_id", json!("")),
        ("/instances/0/consecutive_failures", json!(-1)),
        ("/instances/0/samples", json!(null)),
        ("/instances/0/samples/0/group", json!("a\nb")),
        ("/instances/0/samples/0/topic", json!("")),
        ("/instances/0/samples/0/at", json!(0)),
        ("/instances/0/samples/0/lag", json!(-1)),
        ("/instances/0/samples/0/lag", json!("5")),
        ("/instances/0/samples/0/lag", json!(null)),
        ("/instances/0/samples/0/per_second", json!("fast")),
        ("/advice/0/because", json!("mood")),
        ("/advice/0/replicas", json!(2.5)),
        ("/advice/0/memory/above/0/0", json!(-1)),
    ] {
        let mut document = good();
        match document.pointer_mut(place) {
            Some(value) => *value = wrong,
            None => document["instances"][0]["samples"][0]["topic"] = wrong,
        }
        let error = parse(&document.to_string()).unwrap_err();
        let text = error.to_string();
        assert!(
            text.starts_with("the handover cannot be read: "),
            "{place}: {text}"
        );
        assert!(!text.contains('\n'), "{text}");
    }
    let infinite = good().to_string().replace("160000.5", "1e999");
    assert!(parse(&infinite).is_err());
}

#[test]
fn a_part_of_a_document_is_refused() {
    let whole = good().to_string();
    for (end, _) in whole.char_indices() {
        assert!(parse(&whole[..end]).is_err(), "{end}");
    }
    for other in ["{}", "[]", "null", "<html>", "{\"version\":1}"] {
        assert!(parse(other).is_err(), "{other}");
    }
}

#[test]
fn a_failure_of_an_unknown_kind_is_other() {
    let document = good().to_string().replace("\"timeout\"", "\"brand-new\"");
    let standby =
        watching(&[A], 0).adopt(&parse(&document).unwrap(), &book(), minute(2), FORGET_AFTER);
    let failure = standby.instance(A).unwrap().last_error.clone().unwrap();
    assert_eq!(
        (failure.kind, &*failure.detail),
        ("other", "the cloud said \"no\": 限流\n")
    );
}
