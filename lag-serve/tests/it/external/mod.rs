//! The external metrics API, as an API server would ask it.

mod discovery;
mod properties;
mod recommended;
mod refusals;
mod scopes;
mod values;

use crate::common::*;
use axum::Router;
use jiff::{SignedDuration, Timestamp};
use lag_core::{
    Board, BoardCell, Lag, names,
    recommend::{Policy, RecommendBook, RecommendRule, Step, StepPolicy, StepRules},
};
use lag_serve::{
    BuildInfo,
    external::{ExternalConfig, ExternalMetrics},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::sync::{Arc, Mutex};

const ROOT: &str = "/apis/external.metrics.k8s.io/v1beta1";

/// An API over a board and a clock that a test can change.
struct Api {
    router: Router,
    cell: Arc<BoardCell>,
    clock: Arc<Mutex<Timestamp>>,
}

impl Api {
    fn new(board: Board) -> Self {
        Self::with(board, |_| {})
    }

    fn with(board: Board, change: impl FnOnce(&mut ExternalConfig)) -> Self {
        let mut config = ExternalConfig {
            max_age: MAX_AGE,
            topics: true,
            recommends: true,
            scopes: None,
            build: BuildInfo {
                program: "kafka-lag-exporter",
                version: "1.2.3",
                revision: "0123abc",
                branch: "main",
                rustversion: "1.95.0",
            },
        };
        change(&mut config);
        let cell = Arc::new(BoardCell::new(board));
        let clock = Arc::new(Mutex::new(now()));
        let hands = clock.clone();
        let now = Arc::new(move || *hands.lock().unwrap());
        let router = ExternalMetrics::new(cell.clone(), now, config).router();
        Self {
            router,
            cell,
            clock,
        }
    }

    fn set_clock(&self, now: Timestamp) {
        *self.clock.lock().unwrap() = now;
    }

    /// Every body is JSON that says so, but those of the probes.
    async fn get(&self, path: &str) -> Reply {
        let reply = ask(&self.router, "GET", path, &[]).await;
        assert_eq!(reply.header("content-type"), "application/json", "{path}");
        reply.json();
        reply
    }

    async fn values(&self, metric: &str, selector: &str) -> Reply {
        self.values_in("orders", metric, selector).await
    }

    async fn values_in(&self, namespace: &str, metric: &str, selector: &str) -> Reply {
        let selector = utf8_percent_encode(selector, NON_ALPHANUMERIC);
        let path = format!("{ROOT}/namespaces/{namespace}/{metric}?labelSelector={selector}");
        self.get(&path).await
    }

    /// Labels that tell series apart, and values, of an answer that has some.
    async fn shown(&self, metric: &str, selector: &str) -> Vec<(String, String)> {
        let reply = self.values(metric, selector).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        items(&reply)
    }

    async fn lags(&self, selector: &str) -> Vec<(String, String)> {
        self.shown(names::LAG, selector).await
    }

    /// Code and message of a refusal.
    async fn refusal(&self, metric: &str, selector: &str) -> (u16, String) {
        refusal(&self.values(metric, selector).await)
    }
}

fn items(reply: &Reply) -> Vec<(String, String)> {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let document = reply.json();
    let items = document["items"].as_array().unwrap().iter();
    let one = |item: &serde_json::Value| {
        let labels = &item["metricLabels"];
        let name = [names::INSTANCE_ID, names::CONSUMER_GROUP, names::TOPIC]
            .map(|label| text(&labels[label]));
        let [instance, group, topic] = name;
        let instance = instance.trim_start_matches("alikafka_pre-cn-");
        let name = format!("{instance}/{group}/{topic}");
        (name.trim_end_matches('/').to_owned(), text(&item["value"]))
    };
    items.map(one).collect()
}

/// Checks that an answer is a `Status` without a value, and that its message fits a condition.
fn refusal(reply: &Reply) -> (u16, String) {
    let status = reply.json();
    let message = status["message"].as_str().unwrap().to_owned();
    assert_eq!(status["kind"], "Status", "{message}");
    assert_eq!(status["status"], "Failure");
    assert_eq!(status["code"], reply.status.as_u16());
    let reason = match reply.status.as_u16() {
        400 => "BadRequest",
        403 => "Forbidden",
        404 => "NotFound",
        405 => "MethodNotAllowed",
        503 => "ServiceUnavailable",
        other => panic!("{other}: {message}"),
    };
    assert_eq!(status["reason"], reason);
    assert!(
        message.chars().count() <= 600 && !message.contains('\n'),
        "{message}"
    );
    assert!(status.get("items").is_none());
    (reply.status.as_u16(), message)
}

/// The other instance of [`every_state`] has answered too, and failed since.
fn all_answered() -> Board {
    let board = every_state_without(0);
    let samples = vec![
        (total("billing"), sample(120, 10.0, None)),
        (total("orders"), sample(100, 5.0, None)),
    ];
    let board = collect(&board, "other", answer(B, samples));
    collect(&board, "other", failure(B))
}

fn pairs<'p>(expected: &[(&'p str, &'p str)]) -> Vec<(String, String)> {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    expected.iter().map(own).collect()
}

/// Above 100k three replicas, above 150k four, at 50k back to two; for these groups.
fn book(groups: &[&str]) -> RecommendBook {
    let lag = |lag: f64| Lag::try_from(lag).unwrap();
    let rules = StepRules {
        base: 2,
        max: 5,
        steps: [(100e3, 1), (150e3, 2)]
            .map(|(above, add)| Step {
                above: lag(above),
                add,
            })
            .to_vec(),
        back_at: lag(50e3),
        sustained_for: SignedDuration::ZERO,
        partitions: None,
    };
    let rule = RecommendRule {
        groups: groups.iter().map(|group| group.parse().unwrap()).collect(),
        instances: vec![],
        policy: Policy::Steps(StepPolicy::try_from(rules).unwrap()),
        workload: None,
    };
    RecommendBook { rules: vec![rule] }
}
