//! What replicas miss of each other, and what they may not tell each other.

use crate::world::*;
use lag_core::{
    Board, Handover, Reading, Writer,
    recommend::{Advice, RecommendBook},
};

fn known(at: i64) -> Board {
    let samples = vec![(series("orders", None), sample(minute(at - 1), 7.0, None))];
    answered(&watching(&[A], 0), A, at, samples)
}

fn written(board: &Board, leads: bool, at: i64) -> Handover {
    let identity = "one-1".to_owned();
    let writer = Writer { identity, leads };
    parse(&serde_json::to_string(&board.handover(Some(&writer), minute(at))).unwrap()).unwrap()
}

fn kind(board: &Board, instance: &str) -> Option<&'static str> {
    let failure = board.instance(instance).unwrap().last_error.as_ref();
    failure.map(|failure| failure.kind)
}

#[test]
fn where_no_replica_asks_nothing_is_up_and_samples_stay() {
    let board = known(2).unattended(minute(2));
    let instance = board.instance(A).unwrap();
    assert!(!instance.is_up() && instance.is_unattended());
    assert_eq!(instance.failing_since, Some(minute(2)));
    assert_eq!(instance.consecutive_failures, 1);
    assert_eq!(kind(&board, A), Some("no_leader"));
    assert_eq!(
        &*instance.last_error.as_ref().unwrap().detail,
        "no replica asks the cloud: this one does not lead, and has read no leader since 2026-01-15T08:32:00Z; the log of \
         each replica says why"
    );
    let read = |group| board.read(&key(A, group), minute(3), MAX_AGE);
    assert!(matches!(read("orders"), Reading::Fresh(_)));
    assert_eq!(read("other"), Reading::Failed { since: minute(2) });
    assert_eq!(board.unattended(minute(9)), board, "once");
}

#[test]
fn a_collection_or_a_leader_that_made_one_takes_it_back() {
    let alone = known(2).unattended(minute(2));
    assert!(answered(&alone, A, 3, vec![]).instance(A).unwrap().is_up());
    let since = failed(&alone, A, 3, "throttled");
    assert_eq!(kind(&since, A), Some("throttled"));
    assert_eq!(since.instance(A).unwrap().failing_since, Some(minute(2)));
    let led = alone.adopt(
        &written(&known(3), true, 3),
        &book(),
        minute(3),
        FORGET_AFTER,
    );
    assert!(led.instance(A).unwrap().is_up());
}

#[test]
fn a_replica_that_does_not_lead_says_nothing_of_how_collections_fare() {
    let alone = known(2).unattended(minute(2));
    let told = written(&known(3), false, 3);
    let still = alone.adopt(&told, &book(), minute(3), FORGET_AFTER);
    assert_eq!(kind(&still, A), Some("no_leader"), "it was up, and is not");
    let reading = still.read(&key(A, "orders"), minute(3), MAX_AGE);
    assert!(
        matches!(reading, Reading::Fresh(found) if found.at == minute(2)),
        "samples are"
    );
}

#[test]
fn what_replicas_miss_of_each_other_is_not_handed_on() {
    let alone = known(2).unattended(minute(2));
    for leads in [true, false] {
        let told = written(&alone, leads, 3);
        let fine = known(3);
        assert_eq!(fine.adopt(&told, &book(), minute(3), FORGET_AFTER), fine);
        let new = watching(&[A], 1).adopt(&told, &book(), minute(3), FORGET_AFTER);
        assert_eq!(kind(&new, A), None);
        assert!(!new.instance(A).unwrap().is_up(), "nor is it fine");
    }
}

#[test]
fn an_instance_that_the_leader_does_not_watch_is_not_up_here() {
    let own = answered(&watching(&[A, B], 0), B, 1, vec![]);
    let told = written(&known(2), true, 2);
    let left_out: Vec<_> = told.left_out(&own).map(|id| id.as_str()).collect();
    assert_eq!(left_out, [B]);
    let standby = own.adopt(&told, &book(), minute(2), FORGET_AFTER);
    assert!(standby.instance(A).unwrap().is_up());
    assert_eq!(kind(&standby, B), Some("not_watched"));
    let instance = standby.instance(B).unwrap();
    assert!(!instance.is_up() && !instance.is_unattended());
    assert_eq!(instance.failing_since, Some(minute(2)));
    let detail = &*instance.last_error.as_ref().unwrap().detail;
    assert!(
        detail.contains("give all replicas the same configuration"),
        "{detail}"
    );
    let other = standby.adopt(&written(&own, true, 3), &book(), minute(3), FORGET_AFTER);
    assert!(
        other.instance(B).unwrap().is_up(),
        "with a leader that does"
    );
}

/// Of the only group, when a leader has said this number.
fn adopted(replicas: u32, book: &RecommendBook) -> (Option<Advice>, String) {
    let samples = vec![(series("orders", None), sample(minute(1), 160_000.0, None))];
    let leader = advised(&answered(&watching(&[A], 0), A, 2, samples), 2);
    let said = text(&leader, 2).replace("\"replicas\":4", &format!("\"replicas\":{replicas}"));
    let told = parse(&said).unwrap();
    let standby = watching(&[A], 0).adopt(&told, book, minute(2), FORGET_AFTER);
    let advice = standby.advice(&key(A, "orders"), minute(2), MAX_AGE);
    (advice, text(&standby, 2))
}

#[test]
fn what_a_leader_recommends_is_kept_within_our_own_limits_and_its_memory_as_it_is() {
    for (said, shown) in [(9999, 5), (0, 2), (3, 3)] {
        let (advice, document) = adopted(said, &book());
        assert!(
            matches!(advice, Some(Advice::Replicas { replicas, .. }) if replicas == shown),
            "{said}: {advice:?}"
        );
        assert!(document.contains("\"held\":4"), "{document}");
    }
}

#[test]
fn what_a_leader_recommends_without_a_rule_of_ours_is_left_out() {
    let mut elsewhere = book();
    elsewhere.rules[0].groups = vec!["exact:other".parse().unwrap()];
    for book in [RecommendBook::default(), elsewhere] {
        assert_eq!(adopted(4, &book).0, None);
    }
}
