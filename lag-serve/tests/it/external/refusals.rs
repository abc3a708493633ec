//! When there is no value, and what is said then. The message is what an operator sees in the HPA's condition.

use super::*;
use lag_core::alias;

async fn refused(api: &Api, selector: &str, code: u16, message: &str) {
    let (said, words) = api.refusal(names::LAG, selector).await;
    assert_eq!((said, words.as_str()), (code, message), "{selector}");
}

#[tokio::test]
async fn a_stale_group_is_503_with_its_age_and_its_cause() {
    let api = Api::new(all_answered());
    refused(
        &api,
        "consumer_group=silent,instance_id=alikafka_pre-cn-a",
        503,
        "no point of consumer_group=silent,instance_id=alikafka_pre-cn-a newer than 5m (last 5m1s ago): CloudMonitor answers \
         without a newer one: kafka-lag doctor looks further",
    )
    .await;
    api.set_clock(now() + SignedDuration::from_mins(10));
    refused(
        &api,
        "consumer_group=billing",
        503,
        "no point of consumer_group=billing,instance_id=alikafka_pre-cn-b newer than 5m (last 12m ago): DescribeMetricList was \
         refused: too many requests; not asked again since 2026-01-15T08:29:55Z",
    )
    .await;
}

#[tokio::test]
async fn one_stale_series_takes_the_whole_answer_away() {
    let api = Api::new(all_answered());
    for selector in [
        "",
        "consumer_group in (caught-up,silent)",
        "consumer_group!=orders",
    ] {
        let (code, message) = api.refusal(names::LAG, selector).await;
        assert_eq!(code, 503, "{selector}");
        let first = "no point of consumer_group=silent,instance_id=alikafka_pre-cn-a newer than 5m";
        assert!(message.starts_with(first), "{message}");
    }
    // Those of the topics as well.
    refused(
        &api,
        "consumer_group=orders,topic",
        503,
        "no point of consumer_group=orders,instance_id=alikafka_pre-cn-a,topic=paid newer than 5m (last 6m ago): CloudMonitor \
         answers without a newer one: kafka-lag doctor looks further",
    )
    .await;
    // All of them are counted.
    api.set_clock(now() + SignedDuration::from_hours(1));
    let (_, message) = api.refusal(names::LAG, "").await;
    assert!(
        message.ends_with("; 7 more series have no value"),
        "{message}"
    );
}

#[tokio::test]
async fn an_expected_group_that_the_cloud_does_not_know_is_404() {
    let board = every_state_without(0);
    let board = collect(
        &board,
        "other",
        answer(B, vec![(total("orders"), sample(60, 1.0, None))]),
    );
    refused(
        &Api::new(board),
        "consumer_group=billing",
        404,
        "no lag of consumer_group=billing,instance_id=alikafka_pre-cn-b: the last answer held nothing usable of it: see that \
         the cloud knows the name, and that no filter or --lag.max-series leaves it out",
    )
    .await;
}

#[tokio::test]
async fn an_unknown_group_or_instance_is_404() {
    let board = all_answered();
    let board = collect(
        &board,
        "other",
        answer(B, vec![(total("orders"), sample(60, 1.0, None))]),
    );
    let api = Api::new(board);
    refused(
        &api,
        "consumer_group=nobody",
        404,
        "no lag of consumer_group=nobody: the last answer held nothing usable of it: see that the cloud knows the name, and \
         that no filter or --lag.max-series leaves it out",
    )
    .await;
    refused(
        &api,
        "consumer_group=orders,instance_id=nowhere",
        404,
        "instance_id=nowhere is not watched: name one that the exporter is configured for",
    )
    .await;
    refused(
        &api,
        "consumer_group=orders,team=payments",
        404,
        "no series matches the selector 'consumer_group=orders,team=payments': the labels are instance_id, consumer_group and \
         topic",
    )
    .await;
    for selector in [
        "consumer_group_alias=nobody-0123456789abcdef",
        "instance_id=alikafka_pre-cn-a,instance_id=alikafka_pre-cn-b",
        "consumer_group=",
        "topic=",
        "topic in (),consumer_group=orders",
        "!consumer_group",
        "consumer_group>5",
    ] {
        let (code, message) = api.refusal(names::LAG, selector).await;
        assert_eq!(code, 404, "{selector}: {message}");
    }
}

#[tokio::test]
async fn what_is_named_and_unknown_does_not_count_as_zero_beside_what_is_known() {
    let board = all_answered();
    let samples = vec![
        (total("orders"), sample(60, 1.0, None)),
        (in_topic("orders", "refunds"), sample(60, 1.0, None)),
    ];
    let api = Api::new(collect(&board, "other", answer(B, samples)));
    for (selector, said) in [
        (
            "consumer_group in (orders,nobody)",
            "no lag of consumer_group=nobody: ",
        ),
        (
            "consumer_group=orders,topic in (created,gone)",
            "no series with topic=gone matches the selector 'consumer_group=orders,topic in (created,gone)'",
        ),
        (
            "consumer_group=caught-up,instance_id in (alikafka_pre-cn-a,alikafka_pre-cn-b)",
            "no series with instance_id=alikafka_pre-cn-b matches the selector 'consumer_group=caught-up,",
        ),
    ] {
        let (code, message) = api.refusal(names::LAG, selector).await;
        assert_eq!(code, 404, "{message}");
        assert!(message.starts_with(said), "{message}");
    }
}

#[tokio::test]
async fn a_selector_that_leaves_no_instance_matches_nothing() {
    let board = Board::default().watching("main", [watched(A, &[])], now());
    let board = collect(
        &board,
        "main",
        answer(A, vec![(total("busy"), sample(60, 1.0, None))]),
    );
    refused(
        &Api::new(board),
        "consumer_group=busy,instance_id!=alikafka_pre-cn-a",
        404,
        "no series matches the selector 'consumer_group=busy,instance_id!=alikafka_pre-cn-a': the labels are instance_id, \
         consumer_group and topic",
    )
    .await;
}

#[tokio::test]
async fn a_part_of_a_sum_is_not_the_whole_when_series_were_left_out() {
    let samples = |instance: &str, groups: &[&str]| {
        let series = groups
            .iter()
            .map(|group| (total(group), sample(60, 5.0, None)));
        let mut answer = answer(instance, series.collect());
        answer.snapshot.dropped.series = 3;
        answer
    };
    let board = Board::default()
        .watching("main", [watched(A, &[])], now())
        .watching("other", [watched(B, &[])], now());
    let mut first = samples(A, &["busy", "orders"]);
    let topic = (in_topic("busy", "t"), sample(60, 1.0, None));
    first
        .snapshot
        .instances
        .get_mut(&id(A))
        .unwrap()
        .insert(1, topic);
    let board = collect(&board, "main", first);
    let board = collect(
        &board,
        "other",
        answer(B, vec![(total("busy"), sample(60, 7.0, None))]),
    );
    let advised = board.recommending(&book(&["glob:busy", "glob:orders"]), now(), MAX_AGE, |_| {
        None
    });
    // A failure later changes nothing: the numbers of before still stand.
    for board in [advised.clone(), collect(&advised, "main", failure(A))] {
        let api = Api::new(board);
        for metric in [names::LAG, names::RECOMMENDED] {
            assert_eq!(api.shown(metric, "consumer_group=busy").await.len(), 2);
            let one = "consumer_group in (busy,orders),instance_id=alikafka_pre-cn-a";
            assert_eq!(api.shown(metric, one).await.len(), 2);
            for part in [
                "",
                "consumer_group!=busy",
                "consumer_group",
                "instance_id=alikafka_pre-cn-a",
                // The other instance may have left it out.
                "consumer_group=orders",
                "consumer_group in (busy,orders)",
                "consumer_group=nobody",
                "consumer_group_alias=nobody-0123456789abcdef",
            ] {
                let (code, message) = api.refusal(metric, part).await;
                assert_eq!(code, 503, "{part}: {message}");
                assert!(message.contains("--lag.max-series"), "{message}");
            }
        }
        for (metric, part) in [
            (names::LAG, "consumer_group=busy,topic"),
            (
                names::LAG,
                "consumer_group=busy,topic=t,instance_id=alikafka_pre-cn-a",
            ),
            (names::TOPIC_LAG, "consumer_group=busy"),
        ] {
            let (code, message) = api.refusal(metric, part).await;
            assert_eq!(code, 503, "{part}: {message}");
            assert!(message.contains("--lag.max-series"), "{message}");
        }
    }
}

#[tokio::test]
async fn when_nobody_asks_the_cloud_nothing_is_known_to_be_absent() {
    let board = Board::default().watching("main", [watched(A, &["expected"])], now());
    let board = collect(
        &board,
        "main",
        answer(A, vec![(total("busy"), sample(60, 1.0, None))]),
    );
    let api = Api::new(board);
    api.set_clock(now() + SignedDuration::from_mins(4));
    assert_eq!(
        api.refusal(names::LAG, "consumer_group=nobody").await.0,
        404
    );
    api.set_clock(now() + SignedDuration::from_mins(10));
    let unasked = "nobody has asked CloudMonitor since 2026-01-15T08:29:50Z: see the log of the exporter (a replica that does \
                   not lead, or a collection that hangs)";
    for (selector, what) in [
        (
            "consumer_group=busy",
            "no point of consumer_group=busy,instance_id=alikafka_pre-cn-a newer than 5m (last 11m ago)",
        ),
        (
            "consumer_group=nobody",
            "no lag of consumer_group=nobody: instance_id=alikafka_pre-cn-a",
        ),
        (
            "consumer_group=expected",
            "no lag of consumer_group=expected,instance_id=alikafka_pre-cn-a",
        ),
        (
            "consumer_group notin (busy,expected)",
            "no lag of 'consumer_group notin (busy,expected)': instance_id=alikafka_pre-cn-a",
        ),
    ] {
        refused(&api, selector, 503, &format!("{what}: {unasked}")).await;
    }
    let api = Api::new(Board::default().watching("main", [watched(A, &[])], now()));
    api.set_clock(now() + SignedDuration::from_mins(10));
    let unasked = unasked.replace("08:29:50Z", "08:30:00Z");
    refused(
        &api,
        "",
        503,
        &format!("no lag of instance_id=alikafka_pre-cn-a: {unasked}"),
    )
    .await;
}

#[tokio::test]
async fn what_to_do_is_kept_at_the_end_of_a_failure_however_long() {
    let board = Board::default().watching("main", [watched(A, &[])], now());
    let answer = answer(A, vec![(total("busy"), sample(60, 1.0, None))]);
    let board = collect(&board, "main", answer);
    let forbidden = "asking CloudMonitor for message_accumulation failed: DescribeMetricList was refused: Forbidden.RAM (HTTP 403, \
                     request E99FF867-DBF6-82C9-0000-000000000000): User not authorized to operate on the specified resource, or \
                     this API doesn't support RAM; grant the RAM action cms:QueryMetricList, on resource *, to the RAM user or \
                     role of this key, or attach the system policy AliyunCloudMonitorReadOnlyAccess";
    for (detail, is_cut) in [
        (forbidden.to_owned(), false),
        (
            forbidden.replace("; grant", &format!("{}; grant", " because".repeat(100))),
            true,
        ),
    ] {
        let mut failed = super::failure(A);
        failed.failed.get_mut(&id(A)).unwrap().detail = detail.into();
        let api = Api::new(collect(&board, "main", failed));
        for (selector, minutes) in [("consumer_group=nobody", 0), ("consumer_group=busy", 5)] {
            api.set_clock(
                now() + SignedDuration::from_mins(minutes) - SignedDuration::from_secs(5),
            );
            let (_, message) = api.refusal(names::LAG, selector).await;
            assert!(message.contains("Forbidden.RAM"), "{message}");
            assert!(
                message.ends_with("or attach the system policy AliyunCloudMonitorReadOnlyAccess"),
                "{message}"
            );
            assert_eq!(message.contains('…'), is_cut, "{message}");
        }
    }
}

#[tokio::test]
async fn a_group_unknown_to_an_instance_that_fails_is_503() {
    let (code, message) = Api::new(all_answered())
        .refusal(names::LAG, "consumer_group=nobody")
        .await;
    assert_eq!(code, 503);
    assert_eq!(
        message,
        "no lag of consumer_group=nobody: no collection of instance_id=alikafka_pre-cn-b has worked since \
         2026-01-15T08:29:55Z: DescribeMetricList was refused: too many requests"
    );
}

#[tokio::test]
async fn before_the_first_collection_there_is_no_value() {
    let watching = Board::default()
        .watching("main", [watched(A, &["orders"])], now())
        .watching("other", [watched(B, &[])], now());
    let api = Api::new(watching);
    for (selector, message) in [
        (
            "consumer_group=orders",
            "no lag of instance_id=alikafka_pre-cn-a: no collection has ended yet; a selector with instance_id looks at that \
             instance only",
        ),
        (
            "consumer_group=orders,instance_id=alikafka_pre-cn-b",
            "no lag of instance_id=alikafka_pre-cn-b: no collection has ended yet",
        ),
    ] {
        refused(&api, selector, 503, message).await;
    }
    refused(
        &Api::new(Board::default()),
        "",
        503,
        "no collection has ended yet",
    )
    .await;
}

#[tokio::test]
async fn an_instance_that_never_answered_may_hold_more_of_the_sum() {
    // `every_state`: A knows the group, B has never answered.
    let api = Api::new(every_state_without(0));
    refused(
        &api,
        "consumer_group=orders",
        503,
        "no lag of instance_id=alikafka_pre-cn-b: no collection has worked since 2026-01-15T08:29:55Z: DescribeMetricList was \
         refused: too many requests; a selector with instance_id looks at that instance only",
    )
    .await;
    for selector in [
        "consumer_group=orders,instance_id=alikafka_pre-cn-a",
        "consumer_group=orders,instance_id!=alikafka_pre-cn-b",
    ] {
        assert_eq!(api.lags(selector).await, pairs(&[("a/orders", "182345")]));
    }
}

#[tokio::test]
async fn a_selector_that_does_not_parse_is_400_in_the_words_of_kubernetes() {
    let api = Api::new(all_answered());
    refused(
        &api,
        "!!",
        400,
        "unable to parse requirement: found '!', expected: identifier",
    )
    .await;
    refused(
        &api,
        &vec!["a!=b"; 101].join(","),
        400,
        "the selector is too large: at most 100 requirements and 1000 values are read",
    )
    .await;
    let name = "订单";
    let hint = format!(
        "no label can have this value: select consumer_group_alias={}",
        alias(name).unwrap()
    );
    refused(&api, &format!("consumer_group={name}"), 400, &hint).await;
    for query in [
        "labelSelector=%ff",
        "labelSelector=a&labelSelector=b",
        "labelSelector=a%zz",
    ] {
        let path = format!("{ROOT}/namespaces/x/{}?{query}", names::LAG);
        assert_eq!(refusal(&api.get(&path).await).0, 400, "{query}");
    }
    let path = format!("{ROOT}/namespaces/%ff/{}", names::LAG);
    assert_eq!(refusal(&api.get(&path).await).0, 400);
}

#[tokio::test]
async fn an_unknown_metric_is_404_and_names_those_there_are() {
    let api = Api::new(all_answered());
    let (code, message) = api.refusal("kafka_lag_up", "").await;
    assert_eq!(code, 404);
    assert_eq!(
        message,
        "the server could not find the metric kafka_lag_up: it has kafka_consumer_message_accumulation, \
         kafka_consumer_topic_message_accumulation, kafka_lag_recommended_replicas"
    );
    for metric in ["a%2Fb", "%E8%AE%A2", &"x".repeat(5_000), "..%2f..", "%00"] {
        assert_eq!(api.refusal(metric, "").await.0, 404);
    }
}

#[tokio::test]
async fn topics_that_are_not_collected_are_said_to_be_so() {
    let api = Api::with(all_answered(), |config| config.topics = false);
    assert_eq!(api.refusal(names::TOPIC_LAG, "").await.0, 404);
    refused(
        &api,
        "consumer_group=caught-up,topic=x",
        404,
        "no series matches consumer_group=caught-up,topic=x: topics are not collected; set collect.topics",
    )
    .await;
}

#[tokio::test]
async fn a_number_too_large_for_an_autoscaler_is_503() {
    let board = Board::default().watching("main", [watched(A, &[])], now());
    let samples = vec![
        (total("huge"), sample(60, 1e16, None)),
        (total("large"), sample(60, 9e15, None)),
        (total("larger"), sample(60, 9e15, None)),
    ];
    let api = Api::new(collect(&board, "main", answer(A, samples)));
    refused(
        &api,
        "consumer_group=huge",
        503,
        "the lag of consumer_group=huge,instance_id=alikafka_pre-cn-a is no number for an autoscaler: it is larger than 9.2e15",
    )
    .await;
    let large = pairs(&[("a/large", "9000000000000000")]);
    assert_eq!(api.lags("consumer_group=large").await, large);
    // Their sum would wrap around to a negative number.
    let (code, message) = api
        .refusal(names::LAG, "consumer_group in (large,larger)")
        .await;
    assert_eq!(code, 503);
    assert!(message.contains("add up to more than"), "{message}");
}

#[tokio::test]
async fn a_message_fits_a_condition_whatever_the_cloud_says() {
    let name = "订".repeat(170);
    let failure = lag_core::port::Failure {
        kind: "internal",
        detail: "a\nlong story ".repeat(100).into(),
    };
    let board = Board::default().watching("main", [watched(A, &[])], now());
    let samples = vec![(total(&name), sample(60, 1.0, None))];
    let board = collect(&board, "main", answer(A, samples));
    let mut failed = super::failure(A);
    failed.failed.insert(id(A), failure);
    let api = Api::new(collect(&board, "main", failed));
    api.set_clock(now() + SignedDuration::from_hours(30));
    for selector in ["", "consumer_group_alias", "consumer_group=nobody"] {
        let (code, message) = api.refusal(names::LAG, selector).await;
        assert_eq!(code, 503);
        assert!(
            message.contains("long story") && message.contains('…'),
            "{message}"
        );
    }
}
