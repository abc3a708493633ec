//! Which values a selector gets.

use super::*;
use lag_core::alias;

fn api() -> Api {
    // As `every_state`, without what is not fresh.
    let board = Board::default()
        .watching("main", [watched(A, &[])], now())
        .watching("other", [watched(B, &[])], now());
    let samples = vec![
        (total("orders"), sample(120, 182_345.0, Some(188_345.0))),
        (in_topic("orders", "created"), sample(120, 182_000.0, None)),
        (in_topic("orders", "已付"), sample(120, 345.0, None)),
        (total("caught-up"), sample(120, 0.0, Some(0.0))),
        (total("growing"), sample(60, 2.5, Some(1.0))),
        (total("订单\"\\"), sample(120, 7.0, None)),
    ];
    let board = collect(&board, "main", answer(A, samples));
    let samples = vec![(total("orders"), sample(100, 5.0, None))];
    Api::new(collect(&board, "other", answer(B, samples)))
}

#[tokio::test]
async fn a_fresh_group_is_a_value_with_the_time_of_its_datum() {
    let api = api();
    let reply = api
        .values(
            names::LAG,
            "consumer_group=orders,instance_id=alikafka_pre-cn-a",
        )
        .await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("cache-control"), "no-store");
    insta::assert_snapshot!(reply.text());
    // The same later, as long as it is fresh.
    api.set_clock(now() + SignedDuration::from_secs(180));
    let later = api
        .values(
            names::LAG,
            "consumer_group=orders,instance_id=alikafka_pre-cn-a",
        )
        .await;
    assert_eq!(later.body, reply.body);
}

#[tokio::test]
async fn a_true_zero_is_a_value() {
    let selector = "consumer_group=caught-up";
    assert_eq!(api().lags(selector).await, pairs(&[("a/caught-up", "0")]));
}

#[tokio::test]
async fn a_fraction_is_in_thousandths() {
    let selector = "consumer_group=growing";
    assert_eq!(api().lags(selector).await, pairs(&[("a/growing", "2500m")]));
}

#[tokio::test]
async fn a_selector_picks_groups_and_instances() {
    let api = api();
    for (selector, expected) in [
        (
            "consumer_group=orders",
            &[("a/orders", "182345"), ("b/orders", "5")][..],
        ),
        (
            "consumer_group=orders,instance_id!=alikafka_pre-cn-a",
            &[("b/orders", "5")],
        ),
        ("instance_id==alikafka_pre-cn-b", &[("b/orders", "5")]),
        (
            "consumer_group in (caught-up,growing)",
            &[("a/caught-up", "0"), ("a/growing", "2500m")],
        ),
        (
            "consumer_group notin (orders,growing),!consumer_group_alias",
            &[("a/caught-up", "0")],
        ),
        (
            "consumer_group in (orders,growing),consumer_group!=growing,instance_id",
            &[("a/orders", "182345"), ("b/orders", "5")],
        ),
        ("consumer_group_alias", &[("a/订单\"\\", "7")]),
    ] {
        assert_eq!(api.lags(selector).await, pairs(expected), "{selector}");
    }
}

#[tokio::test]
async fn without_a_selector_every_total_is_there_and_no_topic() {
    let path = format!("{ROOT}/namespaces/orders/{}", names::LAG);
    let expected = [
        ("a/caught-up", "0"),
        ("a/growing", "2500m"),
        ("a/orders", "182345"),
        ("a/订单\"\\", "7"),
        ("b/orders", "5"),
    ];
    assert_eq!(items(&api().get(&path).await), pairs(&expected));
}

#[tokio::test]
async fn a_group_whose_name_is_no_label_value_has_an_alias() {
    let api = api();
    let alias = alias("订单\"\\").unwrap();
    let reply = api
        .values(names::LAG, &format!("consumer_group_alias={alias}"))
        .await;
    let labels = &reply.json()["items"][0]["metricLabels"];
    assert_eq!(labels["consumer_group"], "订单\"\\");
    assert_eq!(labels["consumer_group_alias"], *alias);
    assert_eq!(
        api.lags(&format!("consumer_group_alias in ({alias})"))
            .await
            .len(),
        1
    );
    // Nobody else has one.
    let reply = api.values(names::LAG, "consumer_group=growing").await;
    assert!(!reply.text().contains("alias"), "{}", reply.text());
}

#[tokio::test]
async fn the_alias_of_a_new_board_is_found() {
    let api = api();
    let selector = format!("consumer_group_alias={}", alias("新的").unwrap());
    assert_eq!(api.refusal(names::LAG, &selector).await.0, 404);
    let samples = vec![(total("新的"), sample(60, 1.0, None))];
    api.cell
        .update(|board| collect(board, "main", answer(A, samples)));
    assert_eq!(api.lags(&selector).await, pairs(&[("a/新的", "1")]));
}

#[tokio::test]
async fn topics_are_there_when_and_only_when_they_are_asked_for() {
    let api = api();
    let created = [("a/orders/created", "182000")];
    let both = [("a/orders/created", "182000"), ("a/orders/已付", "345")];
    let paid = format!("topic_alias={}", alias("已付").unwrap());
    for (selector, expected) in [
        ("consumer_group=orders,topic=created", &created[..]),
        ("consumer_group=orders,topic in (created)", &created),
        ("consumer_group=orders,topic", &both),
        ("topic", &both),
        (paid.as_str(), &both[1..]),
    ] {
        assert_eq!(api.lags(selector).await, pairs(expected), "{selector}");
    }
    let totals = pairs(&[("a/orders", "182345"), ("b/orders", "5")]);
    for selector in ["topic!=created", "topic notin (created)", "!topic"] {
        let selector = format!("consumer_group=orders,{selector}");
        assert_eq!(api.lags(&selector).await, totals, "{selector}");
    }
}

#[tokio::test]
async fn the_metric_of_topics_has_topics_only() {
    let api = api();
    let both = pairs(&[("a/orders/created", "182000"), ("a/orders/已付", "345")]);
    for selector in ["", "consumer_group=orders", "topic"] {
        assert_eq!(
            api.shown(names::TOPIC_LAG, selector).await,
            both,
            "{selector}"
        );
    }
    let one = api.shown(names::TOPIC_LAG, "topic=created").await;
    assert_eq!(one, both[..1]);
}

#[tokio::test]
async fn a_large_board_is_answered_the_same() {
    let watched = Board::default().watching("main", [watched(A, &[])], now());
    let name = |n: usize| format!("group-{n:05}");
    let samples = (0..3_000).map(|n| (total(&name(n)), sample(60, 1.0, None)));
    let api = Api::new(collect(&watched, "main", answer(A, samples.collect())));
    assert_eq!(api.lags("").await.len(), 3_000);
    assert_eq!(api.lags("consumer_group!=group-00000").await.len(), 2_999);
    assert_eq!(api.lags("consumer_group=group-00001").await.len(), 1);
}
