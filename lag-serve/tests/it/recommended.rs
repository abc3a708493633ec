//! What is said about replicas, in every output.

use crate::common::*;
use jiff::SignedDuration;
use lag_core::{
    Board, Lag,
    recommend::{Policy, RecommendBook, RecommendRule, Step, StepPolicy, StepRules},
};

/// The post's rule, for all groups.
fn book() -> RecommendBook {
    let lag = |messages| Lag::try_from(messages).unwrap();
    let step = |above, add| Step {
        above: lag(above),
        add,
    };
    let policy = StepPolicy::try_from(StepRules {
        base: 2,
        max: 5,
        steps: vec![step(100e3, 1), step(150e3, 2)],
        back_at: lag(50e3),
        sustained_for: SignedDuration::ZERO,
        partitions: None,
    });
    RecommendBook {
        rules: vec![RecommendRule {
            groups: vec!["glob:*".parse().unwrap()],
            instances: vec![],
            policy: Policy::Steps(policy.unwrap()),
            workload: None,
        }],
    }
}

fn advised(board: &Board) -> Board {
    board.recommending(&book(), now(), MAX_AGE, |_| None)
}

fn between_steps() -> Board {
    let board = Board::default().watching("main", [watched(A, &[])], now());
    let samples = vec![(total("orders"), sample(120, 75e3, None))];
    advised(&collect(&board, "main", answer(A, samples)))
}

const OUTPUTS: [&str; 5] = [
    "/metrics",
    "/api/v1/lag",
    "/api/v1/lag/alikafka_pre-cn-a/orders",
    "/api/v1/lag/alikafka_pre-cn-a/silent",
    "/",
];

/// Every output, as text.
async fn outputs(served: &Served) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for path in OUTPUTS {
        all.push((path.to_owned(), served.get(path).await.text().to_owned()));
        for accept in ["text/plain", "application/openmetrics-text"] {
            let headers = [("accept", accept), ("accept-encoding", "gzip")];
            let reply = served.ask("GET", path, &headers).await;
            if reply.header("content-encoding") == "gzip" {
                all.push((format!("{path} as {accept}"), gunzip(&reply.body)));
            }
        }
    }
    all
}

#[tokio::test]
async fn every_fresh_group_has_a_number_and_no_other() {
    let served = Served::new(advised(&every_state()));
    let reply = served.get("/metrics").await;
    let about = |line: &&str| line.contains("kafka_lag_recommended_replicas");
    let lines: Vec<_> = reply.text().lines().filter(about).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    # HELP kafka_lag_recommended_replicas Replicas a consumer group should have by its policy, an absolute number; absent unless the lag is fresh and the policy decides. In an HPA the target is AverageValue 1.
    # TYPE kafka_lag_recommended_replicas gauge
    kafka_lag_recommended_replicas{instance_id="alikafka_pre-cn-a",consumer_group="caught-up"} 2
    kafka_lag_recommended_replicas{instance_id="alikafka_pre-cn-a",consumer_group="growing"} 2
    kafka_lag_recommended_replicas{instance_id="alikafka_pre-cn-a",consumer_group="orders"} 4
    kafka_lag_recommended_replicas{instance_id="alikafka_pre-cn-a",consumer_group="订单\"\\"} 2
    "#);
}

#[tokio::test]
async fn json_says_the_number_and_why() {
    let served = Served::new(advised(&every_state()));
    let reply = served.get(&format!("/api/v1/lag/{A}/orders")).await;
    assert_eq!(reply.status, 200);
    insta::assert_snapshot!(reply.text(), @r#"{"instance_id":"alikafka_pre-cn-a","consumer_group":"orders","state":"fresh","lag":182345,"timestamp":"2026-01-15T08:28:00Z","age_seconds":120,"change_per_second":-100,"drain_seconds":1823.45,"recommended_replicas":4,"recommendation":"the lag asks for it"}"#);
    let listing = served.get("/api/v1/lag").await.json();
    for group in listing["groups"].as_array().unwrap() {
        let is_advised = group["state"] == "fresh" && group.get("topic").is_none();
        for field in ["recommended_replicas", "recommendation"] {
            assert_eq!(group.get(field).is_some(), is_advised, "{group}");
        }
    }
}

#[tokio::test]
async fn a_policy_that_cannot_decide_says_why_and_has_no_number() {
    let served = Served::new(between_steps());
    let reply = served.get(&format!("/api/v1/lag/{A}/orders")).await;
    assert_eq!(reply.status, 200, "the lag itself is a number");
    let said = reply.json();
    assert_eq!(said.get("recommended_replicas"), None);
    assert_eq!(
        said["recommendation"],
        "the lag lies between two steps, where a last number holds, and none is known"
    );
    let metrics = served.get("/metrics").await;
    assert!(!metrics.text().contains("recommended_replicas"));
}

#[tokio::test]
async fn a_stale_board_has_no_recommendation_in_any_output() {
    let served = Served::new(advised(&every_state()));
    let mentions = |all: Vec<(String, String)>| {
        let all = all
            .into_iter()
            .filter(|(_, text)| text.contains("recommend"));
        all.map(|(output, _)| output).collect::<Vec<_>>()
    };
    // Rendered and cached while it is fresh, and read from the cache.
    for _ in 0..2 {
        let fresh = mentions(outputs(&served).await);
        let wanted = [
            "/metrics",
            "/metrics as text/plain",
            "/metrics as application/openmetrics-text",
            "/api/v1/lag",
            "/api/v1/lag/alikafka_pre-cn-a/orders",
        ];
        assert_eq!(fresh, wanted);
    }
    for minutes in [5, 60, 24 * 60] {
        served.set_clock(now() + SignedDuration::from_mins(minutes));
        assert_eq!(mentions(outputs(&served).await), [""; 0], "{minutes}");
    }
    // Policies that look at the stale board again change nothing.
    let later = now() + SignedDuration::from_mins(60);
    served
        .cell
        .update(|board| board.recommending(&book(), later, MAX_AGE, |_| None));
    served.set_clock(later);
    assert_eq!(mentions(outputs(&served).await), [""; 0]);
}

#[tokio::test]
async fn a_newer_lag_withdraws_the_number_of_the_older_one() {
    let served = Served::new(advised(&every_state()));
    let newer = vec![(total("orders"), sample(60, 1.0, None))];
    served
        .cell
        .update(|board| collect(board, "main", answer(A, newer)));
    let reply = served.get(&format!("/api/v1/lag/{A}/orders")).await;
    assert_eq!(reply.json()["lag"], 1);
    assert_eq!(reply.json().get("recommended_replicas"), None);
    let metrics = served.get("/metrics").await;
    assert!(
        metrics.text().contains("recommended_replicas{"),
        "others keep theirs"
    );
    assert!(
        !metrics
            .text()
            .lines()
            .any(|line| line.contains("recommended_replicas{") && line.contains("\"orders\"")),
    );
}

#[tokio::test]
async fn without_policies_no_output_mentions_them() {
    let served = Served::new(every_state());
    for (output, text) in outputs(&served).await {
        assert!(!text.contains("recommend"), "{output}");
    }
}
