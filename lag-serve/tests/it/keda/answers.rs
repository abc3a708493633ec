//! Every answer and every refusal, over a real socket.

use super::{
    pb::GetMetricsRequest,
    world::{Asker, Refused, Scaler, object, of},
};
use crate::common::*;
use jiff::SignedDuration;
use lag_core::{
    Board, Lag,
    recommend::{Policy, RecommendBook, RecommendRule, Step, StepPolicy, StepRules},
};
use tonic::Code;

async fn asker() -> Asker {
    Scaler::new(every_state()).connect().await
}

/// The same refusal of both questions that need data.
async fn refusal(asker: &mut Asker, metadata: &[(&str, &str)]) -> Refused {
    let refused = asker.value(metadata).await.unwrap_err();
    assert_eq!(asker.active(metadata).await, Err(refused.clone()));
    refused
}

#[tokio::test]
async fn the_spec_names_metric_and_target_in_both_fields() {
    let mut asker = asker().await;
    let spec = asker.spec(&of("orders", &[])).await.unwrap();
    assert_eq!(spec.metric_name, "lag-alikafka_pre-cn-a-orders");
    assert_eq!(
        (spec.target_size, spec.target_size_float),
        (50_000, 50_000.0)
    );
    let small = [
        ("instanceId", A),
        ("consumerGroup", "orders"),
        ("lagThreshold", "0.25"),
    ];
    let spec = asker.spec(&small).await.unwrap();
    assert_eq!((spec.target_size, spec.target_size_float), (1, 0.25));
}

#[tokio::test]
async fn the_spec_of_valid_metadata_never_fails_in_an_outage() {
    let nothing_known = Board::default().watching("main", [watched(A, &[])], now());
    for board in [
        every_state(),
        nothing_known.clone(),
        collect(&nothing_known, "main", failure(A)),
        Board::default(),
    ] {
        let mut asker = Scaler::new(board).connect().await;
        for group in ["orders", "silent", "缺失", "unknown"] {
            let spec = asker.spec(&of(group, &[])).await.unwrap();
            assert_eq!(spec.target_size, 50_000);
        }
        let replicas = of("orders", &[("metric", "recommendedReplicas")]);
        assert_eq!(asker.spec(&replicas).await.unwrap().target_size_float, 1.0);
    }
}

#[tokio::test]
async fn a_fresh_lag_is_one_value_in_both_fields_and_a_true_zero_is_zero_in_both() {
    let mut asker = asker().await;
    for (group, whole, exact) in [
        ("orders", 182_345, 182_345.0),
        ("caught-up", 0, 0.0),
        ("growing", 3, 2.5),
    ] {
        let value = asker.value(&of(group, &[])).await.unwrap();
        assert_eq!(
            (value.metric_value, value.metric_value_float),
            (whole, exact),
            "{group}"
        );
    }
    let topic = of("orders", &[("topic", "created")]);
    assert_eq!(asker.value(&topic).await.unwrap().metric_value, 182_000);
}

#[tokio::test]
async fn a_value_has_the_name_it_was_asked_by_and_other_names_are_refused() {
    let mut asker = asker().await;
    let metadata = of("orders", &[]);
    let loud = "LAG-ALIKAFKA_PRE-CN-A-ORDERS";
    let value = asker.value_of(&metadata, loud).await.unwrap();
    assert_eq!(value.metric_name, loud);
    for name in [
        "",
        "lag-alikafka_pre-cn-a-payments",
        "s0-lag-alikafka_pre-cn-a-orders",
    ] {
        let (code, text) = asker.value_of(&metadata, name).await.unwrap_err();
        assert_eq!(code, Code::InvalidArgument);
        assert_eq!(
            text,
            format!("metric {name:?} is not of this trigger: ask for lag-alikafka_pre-cn-a-orders")
        );
    }
    let own = of("orders", &[("metricName", "backlog")]);
    assert_eq!(asker.value(&own).await.unwrap().metric_name, "backlog");
}

#[tokio::test]
async fn a_stale_group_is_unavailable_and_not_inactive() {
    let (code, text) = refusal(&mut asker().await, &of("silent", &[])).await;
    assert_eq!(code, Code::Unavailable);
    assert!(
        text.starts_with(
            "the last lag of alikafka_pre-cn-a/silent is 301 s old, older than the 300 s"
        ),
        "{text}"
    );
}

#[tokio::test]
async fn a_group_whose_instance_never_answered_is_unavailable() {
    let metadata = [
        ("instanceId", B),
        ("consumerGroup", "billing"),
        ("lagThreshold", "1"),
    ];
    let (code, text) = refusal(&mut asker().await, &metadata).await;
    assert_eq!(code, Code::Unavailable);
    assert!(
        text.ends_with("DescribeMetricList was refused: too many requests"),
        "{text}"
    );
    let waiting = Board::default().watching("main", [watched(A, &[])], now());
    let mut asker = Scaler::new(waiting).connect().await;
    let (code, text) = refusal(&mut asker, &of("orders", &[])).await;
    assert_eq!(code, Code::Unavailable);
    assert!(text.contains("none has ended yet"), "{text}");
}

#[tokio::test]
async fn unknown_groups_and_instances_are_not_found() {
    let mut asker = asker().await;
    for group in ["unknown", "缺失"] {
        let (code, text) = refusal(&mut asker, &of(group, &[])).await;
        assert_eq!(code, Code::NotFound);
        assert!(
            text.contains(group) && text.contains("check consumerGroup"),
            "{text}"
        );
    }
    let metadata = [
        ("instanceId", "typo"),
        ("consumerGroup", "orders"),
        ("lagThreshold", "1"),
    ];
    let (code, text) = refusal(&mut asker, &metadata).await;
    assert_eq!(code, Code::NotFound);
    assert!(
        text.contains("one of alikafka_pre-cn-a, alikafka_pre-cn-b"),
        "{text}"
    );
}

#[tokio::test]
async fn a_topic_is_not_found_for_the_true_reason() {
    let metadata = of("orders", &[("topic", "none")]);
    for (topics, says) in [
        (true, "check consumerGroup and topic"),
        (false, "--collect.topics"),
    ] {
        let mut asker = Scaler::collecting(every_state(), topics).connect().await;
        let (code, text) = refusal(&mut asker, &metadata).await;
        assert_eq!(code, Code::NotFound);
        assert!(text.contains(says), "{text}");
    }
}

#[tokio::test]
async fn a_lag_that_no_autoscaler_can_hold_is_unavailable_and_active() {
    let watching = Board::default().watching("main", [watched(A, &[])], now());
    let huge = vec![(total("orders"), sample(60, 1e16, None))];
    let mut asker = Scaler::new(collect(&watching, "main", answer(A, huge)))
        .connect()
        .await;
    let (code, text) = asker.value(&of("orders", &[])).await.unwrap_err();
    assert_eq!(code, Code::Unavailable);
    assert!(text.contains("9.22e15 is the most"), "{text}");
    assert_eq!(asker.active(&of("orders", &[])).await, Ok(true));
}

#[tokio::test]
async fn bad_metadata_is_an_invalid_argument_of_every_method() {
    let mut asker = asker().await;
    let several = vec![("consumerGroup", "orders"), ("lagThreshold", "1")];
    for metadata in [
        of("orders", &[("threshold", "1")]),
        of("", &[]),
        vec![],
        several,
    ] {
        let object = object(&metadata);
        let request = GetMetricsRequest {
            scaled_object_ref: Some(object.clone()),
            metric_name: "lag-orders".into(),
        };
        let refusals = [
            asker.0.is_active(object.clone()).await.unwrap_err(),
            asker.0.get_metric_spec(object.clone()).await.unwrap_err(),
            asker.0.get_metrics(request).await.unwrap_err(),
            asker.0.stream_is_active(object.clone()).await.unwrap_err(),
            asker
                .0
                .stream_metric_spec(object.clone())
                .await
                .unwrap_err(),
        ];
        for status in &refusals {
            assert_eq!(status.code(), Code::InvalidArgument, "{status}");
            assert_eq!(status.message(), refusals[0].message());
            assert!(status.message().starts_with("metadata key"), "{status}");
        }
    }
    let request = GetMetricsRequest {
        scaled_object_ref: None,
        metric_name: "lag-orders".into(),
    };
    let status = asker.0.get_metrics(request).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn active_is_above_the_activation_threshold_and_not_at_it() {
    let mut asker = asker().await;
    for (group, threshold, active) in [
        ("orders", "0", true),
        ("orders", "182345", false),
        ("orders", "182344.9", true),
        ("caught-up", "0", false),
        ("growing", "2", true),
    ] {
        let metadata = of(group, &[("activationLagThreshold", threshold)]);
        assert_eq!(
            asker.active(&metadata).await,
            Ok(active),
            "{group} {threshold}"
        );
    }
}

#[tokio::test]
async fn a_sustained_lag_activates_after_its_time() {
    let board = |age, lag| {
        let watching = Board::default().watching("main", [watched(A, &[])], now());
        collect(
            &watching,
            "main",
            answer(A, vec![(total("orders"), sample(age, lag, None))]),
        )
    };
    let scaler = Scaler::new(board(240, 0.0));
    let mut asker = scaler.connect().await;
    let metadata = of("orders", &[("sustainSeconds", "120")]);
    let mut answers = vec![asker.active(&metadata).await];
    for age in [180, 120, 60] {
        scaler.update(board(age, 9.0));
        answers.push(asker.active(&metadata).await);
    }
    assert_eq!(answers, [false, false, false, true].map(Ok));
    // Another threshold has a memory of its own, which begins in the middle of the backlog.
    let other = of(
        "orders",
        &[("sustainSeconds", "120"), ("activationLagThreshold", "1")],
    );
    let (code, text) = asker.active(&other).await.unwrap_err();
    assert_eq!(code, Code::Unavailable);
    assert!(
        text.contains("at least since 2026-01-15T08:29:00Z"),
        "{text}"
    );
    // The lag itself is known all the while.
    assert_eq!(asker.value(&other).await.unwrap().metric_value, 9);
}

fn advised(board: &Board) -> Board {
    let step = Step {
        above: Lag::try_from(100_000.0).unwrap(),
        add: 1,
    };
    let rules = StepRules {
        base: 2,
        max: 5,
        steps: vec![step],
        back_at: Lag::try_from(1.0).unwrap(),
        sustained_for: SignedDuration::ZERO,
        partitions: None,
    };
    let rule = RecommendRule {
        groups: vec!["glob:*".parse().unwrap()],
        instances: vec![],
        policy: Policy::Steps(StepPolicy::try_from(rules).unwrap()),
        workload: None,
    };
    board.recommending(&RecommendBook { rules: vec![rule] }, now(), MAX_AGE, |_| {
        None
    })
}

#[tokio::test]
async fn recommended_replicas_are_a_value_for_the_target_one() {
    let metric = [("metric", "recommendedReplicas")];
    let mut asker = Scaler::new(advised(&every_state())).connect().await;
    for (group, replicas) in [("orders", 3), ("caught-up", 2)] {
        let value = asker.value(&of(group, &metric)).await.unwrap();
        assert_eq!(
            (value.metric_value, value.metric_value_float),
            (replicas, f64::from(u8::try_from(replicas).unwrap()))
        );
    }
    // The lag decides whether it is active.
    assert_eq!(asker.active(&of("orders", &metric)).await, Ok(true));
    assert_eq!(asker.active(&of("caught-up", &metric)).await, Ok(false));
    let (code, text) = asker.value(&of("growing", &metric)).await.unwrap_err();
    assert_eq!(
        code,
        Code::Unavailable,
        "between two steps, and nothing held"
    );
    assert!(
        text.ends_with("replicas stay as they are until there is one"),
        "{text}"
    );
    let (code, _) = asker.value(&of("silent", &metric)).await.unwrap_err();
    assert_eq!(code, Code::Unavailable);
    let mut asker = Scaler::new(every_state()).connect().await;
    let (code, text) = asker.value(&of("orders", &metric)).await.unwrap_err();
    assert_eq!(code, Code::NotFound);
    assert!(text.starts_with("no policy recommends replicas"), "{text}");
}
