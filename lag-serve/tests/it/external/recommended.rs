//! `kafka_lag_recommended_replicas`.

use super::*;

/// `all_answered`, after policies have looked at it.
fn api(groups: &[&str]) -> Api {
    let board = all_answered();
    Api::new(board.recommending(&book(groups), now(), MAX_AGE, |_| None))
}

#[tokio::test]
async fn a_recommendation_is_a_value_with_the_time_of_the_lag_behind_it() {
    let api = api(&["exact:orders", "exact:caught-up"]);
    let reply = api
        .values(
            names::RECOMMENDED,
            "consumer_group=orders,instance_id=alikafka_pre-cn-a",
        )
        .await;
    insta::assert_snapshot!(reply.text());
    let all = [("a/caught-up", "2"), ("a/orders", "4"), ("b/orders", "2")];
    assert_eq!(api.shown(names::RECOMMENDED, "").await, pairs(&all));
    let group = api.shown(names::RECOMMENDED, "consumer_group=orders").await;
    assert_eq!(group, pairs(&all[1..]));
}

#[tokio::test]
async fn a_group_without_a_policy_is_404_that_says_where_to_add_one() {
    let api = api(&["exact:orders"]);
    for selector in [
        "consumer_group=caught-up",
        "consumer_group in (caught-up,orders)",
    ] {
        let (code, message) = api.refusal(names::RECOMMENDED, selector).await;
        assert_eq!(code, 404);
        assert_eq!(
            message,
            format!(
                "no policy recommends replicas for {selector}: add one under recommend in the configuration"
            )
        );
    }
}

#[tokio::test]
async fn without_a_fresh_lag_nothing_is_recommended() {
    let api = api(&["exact:orders", "exact:silent"]);
    let (code, message) = api
        .refusal(names::RECOMMENDED, "consumer_group=silent")
        .await;
    assert_eq!(code, 503);
    let begin = "no point of consumer_group=silent,instance_id=alikafka_pre-cn-a newer than 5m (last 5m1s ago)";
    assert!(message.starts_with(begin), "{message}");
    assert_eq!(api.refusal(names::RECOMMENDED, "").await.0, 503);
    api.set_clock(now() + SignedDuration::from_mins(10));
    assert_eq!(
        api.refusal(names::RECOMMENDED, "consumer_group=orders")
            .await
            .0,
        503
    );
}

#[tokio::test]
async fn a_policy_that_is_silent_says_why() {
    let board = Board::default().watching("main", [watched(A, &[])], now());
    let samples = vec![(total("orders"), sample(60, 70_000.0, None))];
    let board = collect(&board, "main", answer(A, samples));
    let api = Api::new(board.recommending(&book(&["exact:orders"]), now(), MAX_AGE, |_| None));
    let (code, message) = api
        .refusal(names::RECOMMENDED, "consumer_group=orders")
        .await;
    assert_eq!(code, 503);
    assert_eq!(
        message,
        "no replicas are recommended for consumer_group=orders,instance_id=alikafka_pre-cn-a: the lag lies between two steps, \
         where a last number holds, and none is known"
    );
}

#[tokio::test]
async fn what_was_said_of_an_older_lag_is_not_shown() {
    let api = api(&["exact:orders"]);
    let newer = answer(A, vec![(total("orders"), sample(0, 1.0, None))]);
    api.cell.update(|board| collect(board, "main", newer));
    let selector = "consumer_group=orders,instance_id=alikafka_pre-cn-a";
    assert_eq!(api.refusal(names::RECOMMENDED, selector).await.0, 503);
}

#[tokio::test]
async fn without_policies_there_is_no_such_metric() {
    let api = Api::with(all_answered(), |config| config.recommends = false);
    let (code, message) = api
        .refusal(names::RECOMMENDED, "consumer_group=orders")
        .await;
    assert_eq!(code, 404);
    assert!(
        message.starts_with("the server could not find the metric"),
        "{message}"
    );
}
