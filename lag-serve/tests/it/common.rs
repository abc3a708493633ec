//! An exporter over a board of one's own, and requests to it.

use axum::{Router, body::Body};
use bytes::Bytes;
use flate2::read::GzDecoder;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use lag_core::{
    ApiCalls, Board, BoardCell, BudgetPolicy, Budgets, DropReason, Dropped, GroupLimits, Instance,
    InstanceId, Lag, LagSample, LagSnapshot, SeriesName, Trend,
    port::{Collected, Failure},
};
use lag_serve::{BuildInfo, Exporter, ServeConfig};
use std::{
    collections::BTreeMap,
    io::Read,
    sync::{Arc, Mutex},
    time::Duration,
};
use tower::ServiceExt;

pub(crate) const MAX_AGE: SignedDuration = SignedDuration::from_mins(5);
pub(crate) const FORGET_AFTER: SignedDuration = SignedDuration::from_hours(1);
pub(crate) const A: &str = "alikafka_pre-cn-a";
pub(crate) const B: &str = "alikafka_pre-cn-b";

pub(crate) fn moment(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The time of every test until it says otherwise.
pub(crate) fn now() -> Timestamp {
    moment("2026-01-15T08:30:00Z")
}

pub(crate) fn id(name: &str) -> InstanceId {
    name.parse().unwrap()
}

pub(crate) fn total(group: &str) -> SeriesName {
    SeriesName {
        group: group.parse().unwrap(),
        topic: None,
    }
}

pub(crate) fn in_topic(group: &str, topic: &str) -> SeriesName {
    SeriesName {
        group: group.parse().unwrap(),
        topic: Some(topic.parse().unwrap()),
    }
}

/// A sample of so many seconds ago, with its trend if a second point is given a minute before it.
pub(crate) fn sample(age: i64, lag: f64, before: Option<f64>) -> LagSample {
    let at = now() - SignedDuration::from_secs(age);
    let lag = Lag::try_from(lag).unwrap();
    let trend = before.and_then(|before| {
        let before = Lag::try_from(before).unwrap();
        let ms = at.as_millisecond();
        Trend::fit(&[(ms, lag), (ms - 60_000, before)])
    });
    LagSample { at, lag, trend }
}

pub(crate) fn watched(instance: &str, expected: &[&str]) -> Instance {
    Instance {
        id: id(instance),
        region: "cn-hangzhou".into(),
        expected: expected.iter().map(|group| total(group)).collect(),
    }
}

pub(crate) fn answer(instance: &str, mut samples: Vec<(SeriesName, LagSample)>) -> Collected {
    samples.sort_by(|a, b| a.0.cmp(&b.0));
    let mut snapshot = LagSnapshot::empty(now() - SignedDuration::from_secs(10));
    snapshot.instances.insert(id(instance), samples);
    Collected {
        snapshot,
        failed: BTreeMap::new(),
    }
}

pub(crate) fn failure(instance: &str) -> Collected {
    let failure = Failure {
        kind: "throttled",
        detail: "DescribeMetricList was refused: too many requests".into(),
    };
    Collected {
        snapshot: LagSnapshot::empty(now() - SignedDuration::from_secs(5)),
        failed: BTreeMap::from([(id(instance), failure)]),
    }
}

pub(crate) fn collect(board: &Board, source: &str, collected: Collected) -> Board {
    board.collected(source, collected, Duration::from_millis(80), FORGET_AFTER)
}

/// Every kind of reading: two instances, one of which has never answered.
pub(crate) fn every_state() -> Board {
    every_state_without(1)
}

/// The same where so many series were left out.
pub(crate) fn every_state_without(series: u64) -> Board {
    let before = now() - SignedDuration::from_mins(3);
    let board = Board::default()
        .watching("main", [watched(A, &["缺失", "orders"])], before)
        .watching("other", [watched(B, &["billing"])], before);
    let samples = vec![
        (total("orders"), sample(120, 182_345.0, Some(188_345.0))),
        (in_topic("orders", "created"), sample(120, 182_000.0, None)),
        (in_topic("orders", "paid"), sample(360, 345.0, None)),
        (total("caught-up"), sample(120, 0.0, Some(0.0))),
        (total("growing"), sample(60, 2.5, Some(1.0))),
        (total("订单\"\\"), sample(120, 7.0, None)),
        (total("silent"), sample(301, 99.0, None)),
    ];
    let mut answer = answer(A, samples);
    answer.snapshot.received = 31;
    answer.snapshot.dropped = Dropped {
        points: BTreeMap::from([(DropReason::Value, 2)]),
        series,
    };
    let board = collect(&board, "main", answer);
    let board = board.learned("main", Some(SignedDuration::from_millis(62_500)));
    collect(&board, "other", failure(B))
}

/// An exporter whose board and clock a test can change.
pub(crate) struct Served {
    pub(crate) exporter: Exporter,
    pub(crate) router: Router,
    pub(crate) cell: Arc<BoardCell>,
    pub(crate) calls: Arc<ApiCalls>,
    pub(crate) config: ServeConfig,
    clock: Arc<Mutex<Timestamp>>,
}

impl Served {
    pub(crate) fn new(board: Board) -> Self {
        Self::with(board, |_| {})
    }

    pub(crate) fn with(board: Board, change: impl FnOnce(&mut ServeConfig)) -> Self {
        let mut config = ServeConfig {
            max_age: MAX_AGE,
            sample_timestamps: false,
            limits: Arc::default(),
            compat: lag_serve::Compat::default(),
            telemetry_path: "/metrics".into(),
            build: BuildInfo {
                program: "kafka-lag-exporter",
                version: "1.2.3",
                revision: "0123abc",
                branch: "main",
                rustversion: "1.95.0",
            },
            metric: "acs_kafka/message_accumulation".into(),
            topic_metric: Some("acs_kafka/message_accumulation_onetopic".into()),
            config_loaded_at: moment("2026-01-15T08:00:00.25Z"),
        };
        change(&mut config);
        let cell = Arc::new(BoardCell::new(board));
        let calls = Arc::new(ApiCalls::default());
        let clock = Arc::new(Mutex::new(now()));
        let hands = clock.clone();
        let policy = BudgetPolicy {
            requests_per_month: Some(1_000_000),
            hard_stop: false,
        };
        let (budgets, minute) = (Budgets::new(policy, []), Duration::from_mins(1));
        budgets.watch("default", "main", (minute, minute), 1.0, now());
        budgets.watch("shop", "other", (minute, minute), 60.0, now());
        budgets.count("shop", "other", now());
        let exporter = Exporter::new(
            cell.clone(),
            calls.clone(),
            Arc::new(budgets),
            Arc::new(move || *hands.lock().unwrap()),
            config.clone(),
        );
        let router = exporter.router();
        Self {
            exporter,
            router,
            cell,
            calls,
            config,
            clock,
        }
    }

    /// Another threshold, as a reload brings it.
    pub(crate) fn limit(&self, threshold: f64) {
        let limits = GroupLimits {
            threshold: Lag::try_from(threshold).ok(),
            ..GroupLimits::default()
        };
        self.exporter.reconfigure(ServeConfig {
            limits: Arc::new(limits),
            ..self.config.clone()
        });
        self.cell.update(Board::clone);
    }

    pub(crate) fn set_clock(&self, now: Timestamp) {
        *self.clock.lock().unwrap() = now;
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, &[]).await
    }

    pub(crate) async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Reply {
        ask(&self.router, method, path, headers).await
    }
}

/// Asks a router, without a socket.
pub(crate) async fn ask(
    router: &Router,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
) -> Reply {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::empty()).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let (head, body) = response.into_parts();
    Reply {
        status: head.status,
        headers: head.headers,
        body: body.collect().await.unwrap().to_bytes(),
    }
}

pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// Decodes one gzip member and refuses anything behind it.
pub(crate) fn gunzip(member: &[u8]) -> String {
    let mut decoder = GzDecoder::new(member);
    let mut text = String::new();
    decoder.read_to_string(&mut text).unwrap();
    assert!(decoder.into_inner().is_empty(), "bytes after the member");
    text
}

/// Without what differs from run to run and from host to host.
pub(crate) fn steady(text: &str) -> String {
    let line = |line: &str| {
        if line.starts_with("process_") {
            let (name, _) = line.split_once(' ').unwrap();
            return format!("{name} [number]\n");
        }
        let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
        let line = line.replace(&format!("os=\"{os}\""), "os=\"[os]\"");
        line.replace(&format!("arch=\"{arch}\""), "arch=\"[arch]\"") + "\n"
    };
    text.lines().map(line).collect()
}
