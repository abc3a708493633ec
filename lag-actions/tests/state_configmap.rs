//! The ConfigMap: versions, room, and what else lies in it.
#![allow(clippy::unwrap_used, missing_docs)]

mod state;

use http::Method;
use lag_actions::state::render;
use lag_core::port::{PortErrorKind, StateNotice, StateSession};
use serde_json::{Value, json};
use state::{
    NEWER_FIELDS,
    cluster::{Answer, Cluster, MAP, status},
    numbered, open,
};

/// Writes to the ConfigMap: method, path, body.
fn writes(cluster: &Cluster) -> Vec<(Method, String, Value)> {
    let mut seen = cluster.seen();
    seen.retain(|seen| seen.1.contains("/configmaps") && seen.0 != Method::GET);
    seen
}

async fn refused(session: &mut dyn StateSession) -> (PortErrorKind, String) {
    let before = session.state().clone();
    let error = session.save(&numbered(7)).await.unwrap_err();
    assert_eq!(*session.state(), before, "not saved, not remembered");
    (error.kind, error.what)
}

#[tokio::test(start_paused = true)]
async fn the_first_save_makes_it_and_later_ones_carry_the_version() {
    let cluster = Cluster::default();
    let mut session = open(&cluster.store("pod-1")).await;
    session.save(&numbered(1)).await.unwrap();
    let version = cluster.object(MAP).unwrap()["metadata"]["resourceVersion"].clone();
    session.save(&numbered(2)).await.unwrap();
    let writes = writes(&cluster);
    assert_eq!(
        writes[0],
        (
            Method::POST,
            "/api/v1/namespaces/ops/configmaps".to_owned(),
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kafka-lag-state"},
                "data": {"state.json": render(&numbered(1))}})
        )
    );
    assert_eq!((&writes[1].0, writes[1].1.as_str()), (&Method::PUT, MAP));
    assert_eq!(writes[1].2["metadata"]["resourceVersion"], version);
    assert_eq!(cluster.text(), Some(render(&numbered(2))));
}

#[tokio::test(start_paused = true)]
async fn what_else_lies_in_it_stays() {
    let cluster = Cluster::default();
    let other = json!({
        "metadata": {"name": "kafka-lag-state", "namespace": "ops", "labels": {"app": "kafka-lag"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "d", "uid": "u"}]},
        "data": {"notes": "do not delete", "state.json": NEWER_FIELDS},
        "binaryData": {"logo": "AAECAw=="},
    });
    cluster.put(MAP, other.clone());
    let mut session = open(&cluster.store("pod-1")).await;
    session.save(&numbered(1)).await.unwrap();
    let map = cluster.object(MAP).unwrap();
    assert_eq!(map["data"]["notes"], "do not delete");
    assert_eq!(map["binaryData"], other["binaryData"]);
    for field in ["labels", "ownerReferences"] {
        assert_eq!(map["metadata"][field], other["metadata"][field]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_of_somebody_else_is_a_conflict_and_stays() {
    let cluster = Cluster::default();
    let mut session = open(&cluster.store("pod-1")).await;
    session.save(&numbered(1)).await.unwrap();
    cluster.put_text(&render(&numbered(5)));
    let (kind, what) = refused(&mut *session).await;
    assert_eq!(kind, PortErrorKind::Conflict);
    assert!(what.contains("the object has been modified"), "{what}");
    assert_eq!(cluster.text(), Some(render(&numbered(5))));
}

#[tokio::test(start_paused = true)]
async fn a_configmap_that_somebody_else_has_made_meanwhile_is_a_conflict_and_stays() {
    let cluster = Cluster::default();
    let mut session = open(&cluster.store("pod-1")).await;
    cluster.put_text(&render(&numbered(5)));
    let (kind, what) = refused(&mut *session).await;
    assert_eq!(kind, PortErrorKind::Conflict);
    assert!(what.contains("already exists"), "{what}");
    assert_eq!(cluster.text(), Some(render(&numbered(5))));
}

#[tokio::test(start_paused = true)]
async fn the_reason_counts_and_not_the_code_alone() {
    for (answer, kind) in [
        (status(409, "Conflict", "modified"), PortErrorKind::Conflict),
        (
            status(409, "AlreadyExists", "exists"),
            PortErrorKind::Conflict,
        ),
        (
            status(409, "Expired", "of another kind"),
            PortErrorKind::Invalid,
        ),
        (Answer::Page(409, "a proxy says no"), PortErrorKind::Invalid),
        (
            Answer::Page(403, "a proxy says no"),
            PortErrorKind::Forbidden,
        ),
        (
            status(404, "NotFound", "namespaces \"ops\" not found"),
            PortErrorKind::NotFound,
        ),
        (
            status(403, "Forbidden", "cannot create"),
            PortErrorKind::Forbidden,
        ),
        (
            status(415, "UnsupportedMediaType", "not that"),
            PortErrorKind::Invalid,
        ),
        (
            status(422, "Invalid", "field is immutable when `immutable` is set"),
            PortErrorKind::Invalid,
        ),
        (
            status(500, "InternalError", "boom"),
            PortErrorKind::Unavailable,
        ),
        (Answer::Hang, PortErrorKind::Unavailable),
    ] {
        let cluster = Cluster::default();
        let mut session = open(&cluster.store("pod-1")).await;
        cluster.answer_next(Method::POST, MAP, answer);
        let (found, what) = refused(&mut *session).await;
        assert_eq!(found, kind, "{what}");
        assert!(
            what.starts_with("cannot save state to configmap ops/kafka-lag-state: "),
            "{what}"
        );
        assert!(!what.contains("--state-file"), "{what}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_state_that_is_too_large_is_refused_with_advice_and_the_old_one_stays() {
    let cluster = Cluster::default();
    let mut session = open(&cluster.store("pod-1")).await;
    session.save(&numbered(1)).await.unwrap();
    let mut large = numbered(2);
    let (key, group) = large.groups.first_key_value().unwrap();
    let (mut key, group) = (key.clone(), group.clone());
    for number in 0..5000 {
        key.group = format!("{number:0400}").parse().unwrap();
        large.groups.insert(key.clone(), group.clone());
    }
    let error = session.save(&large).await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Invalid);
    for part in [
        "of at most 1048576",
        "kafka-lag state reset",
        "--state-file",
    ] {
        assert!(error.what.contains(part), "{error}");
    }
    assert_eq!(cluster.text(), Some(render(&numbered(1))));

    let gateway = status(413, "RequestEntityTooLarge", "limit is 3145728");
    cluster.answer_next(Method::PUT, MAP, gateway);
    let (kind, what) = refused(&mut *session).await;
    assert_eq!(kind, PortErrorKind::Invalid);
    assert!(what.contains("--state-file"), "{what}");
}

fn lost(session: &dyn StateSession) -> String {
    match session.notice() {
        Some(StateNotice::Lost { moved_to, .. }) => moved_to.rsplit(' ').next().unwrap().to_owned(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn at_most_three_damaged_texts_are_kept_and_none_is_overwritten() {
    let cluster = Cluster::default();
    let data = json!({
        "state.json": "{damaged",
        "state.json.corrupt-20250101T000000Z": "oldest",
        "state.json.corrupt-20260101T000000Z": "older",
        "state.json.corrupt-20261122T035400Z": "of this very second",
        "state.json.example": "not a copy",
    });
    cluster.put(
        MAP,
        json!({"metadata": {"name": "kafka-lag-state"}, "data": data}),
    );
    let mut session = open(&cluster.store("pod-1")).await;
    let key = lost(&*session);
    session.save(&numbered(1)).await.unwrap();
    let data = cluster.object(MAP).unwrap()["data"].clone();
    assert_eq!(data[&key], "{damaged");
    assert_eq!(
        data["state.json.corrupt-20261122T035400Z"],
        "of this very second"
    );
    assert_eq!(data["state.json.corrupt-20260101T000000Z"], "older");
    assert_eq!(data["state.json.corrupt-20250101T000000Z"], Value::Null);
    assert_eq!(data["state.json.example"], "not a copy");
    assert_eq!(data["state.json"], render(&numbered(1)));
}

#[tokio::test(start_paused = true)]
async fn a_damaged_text_that_leaves_no_room_is_let_go() {
    let cluster = Cluster::default();
    let full = "x".repeat(1_048_500);
    cluster.put_text(&full);
    let mut session = open(&cluster.store("pod-1")).await;
    lost(&*session);
    session.save(&numbered(1)).await.unwrap();
    let data = cluster.object(MAP).unwrap()["data"].clone();
    assert_eq!(data, json!({"state.json": render(&numbered(1))}));
}

#[tokio::test(start_paused = true)]
async fn bytes_that_are_no_text_are_kept_as_bytes() {
    let cluster = Cluster::default();
    let map =
        json!({"metadata": {"name": "kafka-lag-state"}, "binaryData": {"state.json": "//79"}});
    cluster.put(MAP, map);
    let mut session = open(&cluster.store("pod-1")).await;
    let key = lost(&*session);
    session.save(&numbered(1)).await.unwrap();
    let map = cluster.object(MAP).unwrap();
    assert_eq!(map["binaryData"], json!({key: "//79"}));
    assert_eq!(map["data"], json!({"state.json": render(&numbered(1))}));
}

#[tokio::test(start_paused = true)]
async fn debug_names_the_place() {
    let cluster = Cluster::default();
    let store = cluster.store("pod-1");
    let shown = format!("{store:?}");
    assert!(
        shown.contains("ops/kafka-lag-state") && shown.contains("pod-1"),
        "{shown}"
    );
}
