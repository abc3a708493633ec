//! The Lease: one holder at a time, and never by comparing clocks.
#![allow(clippy::unwrap_used, missing_docs)]

mod state;

use http::Method;
use lag_core::port::{PortErrorKind, StateStore};
use serde_json::{Value, json};
use state::{
    cluster::{Answer, Cluster, LEASE, MAP, Seen, status},
    is_busy, numbered, open, refused,
};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// A lease as another process has left it.
fn lease(holder: &str, renewed: &str) -> Value {
    json!({
        "metadata": {"name": "kafka-lag", "namespace": "ops", "labels": {"team": "orders"}},
        "spec": {"holderIdentity": holder, "leaseDurationSeconds": 15, "leaseTransitions": 3,
            "acquireTime": "2026-11-22T03:00:00.000000Z", "renewTime": renewed},
    })
}

fn spec(cluster: &Cluster) -> Value {
    cluster.object(LEASE).unwrap()["spec"].clone()
}

fn is_lease(seen: &&Seen) -> bool {
    seen.1.contains("/leases")
}

fn writes(cluster: &Cluster) -> Vec<Value> {
    let seen = cluster.seen().into_iter();
    let leases = seen.filter(|seen| is_lease(&seen) && seen.0 != Method::GET);
    leases.map(|seen| seen.2["spec"].clone()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_is_not_there_is_made() {
    let cluster = Cluster::default();
    let session = open(&cluster.store("pod-1")).await;
    let seen = cluster.seen();
    let (method, path, body) = &seen[1];
    assert_eq!(*method, Method::POST);
    assert_eq!(path, LEASE.strip_suffix("/kafka-lag").unwrap());
    assert_eq!(
        *body,
        json!({
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": "kafka-lag"},
            "spec": {"holderIdentity": "pod-1", "leaseDurationSeconds": 15, "leaseTransitions": 0,
                "acquireTime": "2026-11-22T03:54:00.000000Z", "renewTime": "2026-11-22T03:54:00.000000Z"},
        })
    );
    session.close().await.unwrap();
    assert_eq!(spec(&cluster)["holderIdentity"], "");
    assert_eq!(spec(&cluster)["leaseDurationSeconds"], 1);
    assert_eq!(spec(&cluster)["leaseTransitions"], 0);
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_was_given_up_is_taken_at_once_and_keeps_its_labels() {
    let cluster = Cluster::default();
    cluster.put(LEASE, lease("", "2030-01-01T00:00:00.000000Z"));
    let begin = Instant::now();
    let session = open(&cluster.store("pod-1")).await;
    assert!(begin.elapsed() < Duration::from_secs(1));
    let (method, path, body) = &cluster.seen()[1];
    assert_eq!((method, path.as_str()), (&Method::PUT, LEASE));
    assert_eq!(body["metadata"]["resourceVersion"], "1");
    assert_eq!(body["metadata"]["labels"]["team"], "orders");
    assert_eq!(spec(&cluster)["holderIdentity"], "pod-1");
    assert_eq!(
        spec(&cluster)["leaseTransitions"],
        4,
        "the holder has changed"
    );
    session.close().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_holder_that_renews_is_alive_whatever_its_clock_says() {
    let cluster = Cluster::default();
    // Its clock is far behind: by ours, this lease ran out years ago.
    cluster.put(LEASE, lease("pod-2", "2020-01-01T00:00:00.000000Z"));
    let other = cluster.clone();
    tokio::spawn(async move {
        sleep(Duration::from_millis(4500)).await;
        other.put(LEASE, lease("pod-2", "2020-01-01T00:00:05.000000Z"));
    });
    let begin = Instant::now();
    let error = refused(&cluster.store("pod-1")).await;
    assert_eq!(error.kind, PortErrorKind::Busy);
    assert_eq!(
        error.what,
        "already running (lease ops/kafka-lag is held by pod-2)"
    );
    assert_eq!(begin.elapsed().as_secs(), 6, "looked at every 2 s");
    assert!(writes(&cluster).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_holder_is_gone_when_its_lease_has_not_changed_for_its_duration() {
    // By the holder's clock, which is ahead of ours or behind it: neither matters.
    for renewed in ["2030-01-01T00:00:00.000000Z", "2020-01-01T00:00:00.000000Z"] {
        let cluster = Cluster::default();
        cluster.put(LEASE, lease("pod-2", renewed));
        let begin = Instant::now();
        let session = open(&cluster.store("pod-1")).await;
        assert_eq!(begin.elapsed().as_millis() / 100, 150, "15 s");
        assert_eq!(spec(&cluster)["leaseTransitions"], 4);
        session.close().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_lasts_very_long_is_not_waited_for() {
    let cluster = Cluster::default();
    let mut long = lease("pod-2", "2020-01-01T00:00:00.000000Z");
    long["spec"]["leaseDurationSeconds"] = json!(3600);
    cluster.put(LEASE, long);
    let begin = Instant::now();
    is_busy(&cluster.store("pod-1")).await;
    assert!(begin.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn who_loses_the_race_is_busy() {
    let cluster = Cluster::default();
    let exists = status(409, "AlreadyExists", "leases \"kafka-lag\" already exists");
    cluster.answer_next(Method::POST, LEASE, exists);
    is_busy(&cluster.store("pod-1")).await;

    cluster.put(LEASE, lease("", "2026-11-22T03:00:00.000000Z"));
    let message = "Operation cannot be fulfilled on leases.coordination.k8s.io \"kafka-lag\": the object has been modified";
    cluster.answer_next(Method::PUT, LEASE, status(409, "Conflict", message));
    is_busy(&cluster.store("pod-1")).await;
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_passed_on_whole() {
    let forbidden = "leases.coordination.k8s.io \"kafka-lag\" is forbidden: User \"system:serviceaccount:ops:kafka-lag\" cannot get resource \"leases\" in API group \"coordination.k8s.io\" in the namespace \"ops\"";
    let cases = [
        (
            status(403, "Forbidden", forbidden),
            PortErrorKind::Forbidden,
            forbidden,
        ),
        (
            status(401, "Unauthorized", "Unauthorized"),
            PortErrorKind::Forbidden,
            "Unauthorized",
        ),
        (
            status(
                429,
                "TooManyRequests",
                "too many requests, please try again later",
            ),
            PortErrorKind::RateLimited,
            "try again later",
        ),
        (
            status(503, "ServiceUnavailable", "etcd is not there"),
            PortErrorKind::Unavailable,
            "etcd is not there",
        ),
        (
            Answer::Page(502, "<html>\n<h1>Bad\r\n Gateway</h1>"),
            PortErrorKind::Unavailable,
            "<html> <h1>Bad Gateway</h1>",
        ),
        (
            Answer::Page(200, "hello"),
            PortErrorKind::Unavailable,
            "cannot be read",
        ),
        (Answer::Hang, PortErrorKind::Unavailable, "no answer in 10s"),
    ];
    for (answer, kind, text) in cases {
        let cluster = Cluster::default();
        cluster.answer_next(Method::GET, LEASE, answer);
        let error = refused(&cluster.store("pod-1")).await;
        assert_eq!(error.kind, kind, "{error}");
        assert!(
            error.what.starts_with("cannot read lease ops/kafka-lag: "),
            "{error}"
        );
        assert!(error.what.contains(text), "{error}");
        assert_eq!(cluster.seen().len(), 1, "one request, no retry");
    }
}

#[tokio::test(start_paused = true)]
async fn an_open_session_renews_every_five_seconds_and_stops_when_closed() {
    let cluster = Cluster::default();
    let mut session = open(&cluster.store("pod-1")).await;
    cluster.seen();
    sleep(Duration::from_millis(20_100)).await;
    let renewed: Vec<_> = writes(&cluster)
        .iter()
        .map(|spec| spec["renewTime"].as_str().unwrap()[17..19].to_owned())
        .collect();
    assert_eq!(renewed, ["05", "10", "15", "20"]);
    session.still_ours().await.unwrap();
    session.close().await.unwrap();
    let last = writes(&cluster);
    assert_eq!(last.len(), 1);
    assert_eq!(last[0]["holderIdentity"], "");
    sleep(Duration::from_secs(60)).await;
    assert!(cluster.seen().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_dropped_session_stops_renewing_and_the_next_waits_it_out() {
    let cluster = Cluster::default();
    drop(open(&cluster.store("pod-1")).await);
    sleep(Duration::from_secs(60)).await;
    assert_eq!(writes(&cluster).len(), 1);
    let begin = Instant::now();
    open(&cluster.store("pod-2")).await.close().await.unwrap();
    assert_eq!(begin.elapsed().as_secs(), 15);
}

#[tokio::test(start_paused = true)]
async fn whoever_has_lost_the_lease_knows_it_and_leaves_it_alone() {
    for taken in [
        lease("pod-2", "2026-11-22T03:54:01.000000Z"),
        lease("", "2026-11-22T03:54:01.000000Z"),
    ] {
        let cluster = Cluster::default();
        let mut session = open(&cluster.store("pod-1")).await;
        cluster.put(LEASE, taken.clone());
        sleep(Duration::from_secs(6)).await;
        let error = session.still_ours().await.unwrap_err();
        assert_eq!(error.kind, PortErrorKind::Busy);
        assert!(
            error
                .what
                .contains("lease ops/kafka-lag is not ours any more"),
            "{error}"
        );
        session.close().await.unwrap();
        assert_eq!(spec(&cluster), taken["spec"], "not touched");
    }
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_was_deleted_is_lost() {
    let cluster = Cluster::default();
    let mut session = open(&cluster.store("pod-1")).await;
    let gone = status(
        404,
        "NotFound",
        "leases.coordination.k8s.io \"kafka-lag\" not found",
    );
    cluster.answer_next(Method::PUT, LEASE, gone.clone());
    cluster.answer_next(Method::GET, LEASE, gone);
    sleep(Duration::from_secs(6)).await;
    assert_eq!(
        session.still_ours().await.unwrap_err().kind,
        PortErrorKind::Busy
    );
}

#[tokio::test(start_paused = true)]
async fn the_same_name_taken_by_another_session_is_lost_too() {
    let cluster = Cluster::default();
    let mut session = open(&cluster.store("pod-1")).await;
    cluster.put(LEASE, lease("pod-1", "2026-11-22T03:54:01.000000Z"));
    sleep(Duration::from_secs(6)).await;
    assert_eq!(
        session.still_ours().await.unwrap_err().kind,
        PortErrorKind::Busy
    );
}

#[tokio::test(start_paused = true)]
async fn a_label_is_no_loss() {
    let cluster = Cluster::default();
    let mut session = open(&cluster.store("pod-1")).await;
    let mut labelled = cluster.object(LEASE).unwrap();
    labelled["metadata"]["labels"] = json!({"team": "orders"});
    cluster.put(LEASE, labelled);
    sleep(Duration::from_secs(12)).await;
    session.still_ours().await.unwrap();
    let lease = cluster.object(LEASE).unwrap();
    assert_eq!(lease["metadata"]["labels"]["team"], "orders");
    session.close().await.unwrap();
    assert_eq!(spec(&cluster)["holderIdentity"], "");
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_cannot_be_renewed_is_not_ours_before_it_runs_out() {
    let cluster = Cluster::default();
    let mut session = open(&cluster.store("pod-1")).await;
    for _ in 0..10 {
        let down = status(503, "ServiceUnavailable", "etcd is not there");
        cluster.answer_next(Method::PUT, LEASE, down);
    }
    sleep(Duration::from_millis(9_900)).await;
    session.still_ours().await.unwrap();
    sleep(Duration::from_millis(200)).await;
    let error = session.still_ours().await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Unavailable);
    assert!(
        error.what.contains("could not be renewed for 10 s"),
        "{error}"
    );
    sleep(Duration::from_secs(20)).await;
    session.still_ours().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn one_lost_answer_is_made_up_for_before_the_deadline() {
    for answer in [Answer::Hang, Answer::Unheard] {
        let cluster = Cluster::default();
        let mut session = open(&cluster.store("pod-1")).await;
        cluster.answer_next(Method::PUT, LEASE, answer);
        for _ in 0..300 {
            sleep(Duration::from_millis(100)).await;
            session.still_ours().await.unwrap();
        }
        session.close().await.unwrap();
        assert_eq!(spec(&cluster)["holderIdentity"], "");
    }
}

#[tokio::test(start_paused = true)]
async fn when_the_state_cannot_be_read_the_lease_is_given_back() {
    let cluster = Cluster::default();
    cluster.answer_next(Method::GET, MAP, status(403, "Forbidden", "no"));
    let error = refused(&cluster.store("pod-1")).await;
    assert_eq!(error.kind, PortErrorKind::Forbidden);
    assert_eq!(
        error.what,
        "cannot read state from configmap ops/kafka-lag-state: no; the Role must allow get and update of it, and create of \
         configmaps and leases"
    );
    assert_eq!(spec(&cluster)["holderIdentity"], "");
}

#[tokio::test(start_paused = true)]
async fn two_that_begin_at_once_are_never_both_in() {
    for _ in 0..200 {
        let cluster = Cluster::default();
        let (one, other) = (cluster.store("pod-1"), cluster.store("pod-2"));
        let (one, other) = tokio::join!(one.open(), other.open());
        let mut winners: Vec<_> = [one, other].into_iter().flatten().collect();
        assert_eq!(winners.len(), 1);
        let mut winner = winners.pop().unwrap();
        winner.save(&numbered(1)).await.unwrap();
        winner.close().await.unwrap();
    }
}
