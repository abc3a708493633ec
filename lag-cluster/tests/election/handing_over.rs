//! From one leader to the next.

use crate::world::*;
use lag_cluster::election::Role;
use serde_json::json;
use std::time::Duration;
use tokio::time::{Instant, sleep};

#[tokio::test(start_paused = true)]
async fn the_first_leads_and_says_where_it_is_and_the_second_follows() {
    let (api, one, two) = two().await;
    let lease = api.lease();
    assert_eq!(
        lease["metadata"]["annotations"]["kafka-lag.io/url"],
        "http://one:9876"
    );
    assert_eq!(lease["spec"]["holderIdentity"], "one");
    assert_eq!(lease["spec"]["leaseDurationSeconds"], 15);
    for _ in 0..600 {
        tick().await;
        assert!(one.leads() && two.follows("one"));
    }
    assert!(
        (29..=32).contains(&api.writes()),
        "renewed every 2 s: {}",
        api.writes()
    );
}

#[tokio::test(start_paused = true)]
async fn when_the_leader_is_stopped_the_next_leads_with_its_next_look() {
    let (api, mut one, two) = two().await;
    one.stop();
    let took = until(|| two.leads()).await;
    assert!(took <= Duration::from_millis(2_100), "{took:?}");
    assert!(one.task.is_finished());
    assert_eq!(*one.role.borrow(), Role::Waiting);
    assert_eq!(
        api.lease()["metadata"]["annotations"]["kafka-lag.io/url"],
        "http://two:9876"
    );
    assert_eq!(api.lease()["spec"]["leaseTransitions"], 1);
}

#[tokio::test(start_paused = true)]
async fn when_the_leader_dies_the_next_leads_after_the_duration_of_the_lease() {
    let (_, one, two) = two().await;
    drop(one);
    let took = until(|| two.leads()).await;
    assert!(
        took >= Duration::from_secs(13) && took <= Duration::from_millis(15_200),
        "{took:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_leader_whose_lease_was_taken_stops_with_its_next_renewal_and_follows() {
    let (api, one, _two) = two().await;
    api.change(|lease| {
        lease["spec"]["holderIdentity"] = json!("three");
        lease["metadata"]["annotations"]["kafka-lag.io/url"] = json!("http://three:9876");
    });
    let took = until(|| !one.leads()).await;
    assert!(took <= Duration::from_millis(2_100), "{took:?}");
    until(|| one.follows("three")).await;
}

#[tokio::test(start_paused = true)]
async fn a_holder_without_an_address_is_followed_without_one() {
    let (api, _one, two) = two().await;
    api.change(|lease| lease["metadata"]["annotations"] = json!(null));
    let holder = "one".to_owned();
    let role = Role::Following { holder, url: None };
    until(|| *two.role.borrow() == role).await;
}

#[tokio::test(start_paused = true)]
async fn a_role_ends_by_itself_when_the_process_stood_still() {
    let (_, one, _two) = two().await;
    let Role::Leading { until } = *one.role.borrow() else {
        panic!("it leads");
    };
    assert!(until <= Instant::now() + Duration::from_secs(10));
    // Nothing of the process runs, as after SIGSTOP; only time goes on.
    tokio::time::advance(Duration::from_secs(16)).await;
    assert!(until < Instant::now());
    sleep(Duration::from_secs(5)).await;
}

#[tokio::test(start_paused = true)]
async fn of_many_that_begin_at_once_one_leads() {
    for _ in 0..20 {
        let api = Api::default();
        let all: Vec<_> = ["a", "b", "c", "d"]
            .map(|name| Replica::start(&api, name))
            .into();
        until(|| all.iter().any(Replica::leads)).await;
        sleep(Duration::from_secs(5)).await;
        assert_eq!(all.iter().filter(|one| one.leads()).count(), 1);
    }
}
