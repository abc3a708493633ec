//! Scrapes and status pages of 20,000 groups through the router, cold and cached, plain and compressed.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)]

use axum::{Router, body::Body};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use http::Request;
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use lag_core::{
    Board, BoardCell, Instance, InstanceId, Lag, LagSample, LagSnapshot, SeriesName, Trend,
    port::Collected,
};
use lag_serve::{BuildInfo, Exporter, ServeConfig};
use std::{collections::BTreeMap, hint::black_box, sync::Arc, time::Duration};
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;

const INSTANCES: usize = 4;
const GROUPS: usize = 5_000;

fn now() -> Timestamp {
    "2026-01-15T08:30:00Z".parse().unwrap()
}

fn board() -> Board {
    let ids: Vec<InstanceId> = (0..INSTANCES)
        .map(|n| format!("alikafka_pre-cn-zvp2v{n:03}").parse().unwrap())
        .collect();
    let at = now() - SignedDuration::from_mins(2);
    let samples = (0..GROUPS).map(|n| {
        let lag = |n: usize| {
            Lag::try_from(f64::from(u32::try_from(n * 7919 % 1_000_003).unwrap())).unwrap()
        };
        let name = SeriesName {
            group: format!("cust_docking_analog_{n:05}").parse().unwrap(),
            topic: None,
        };
        let points = [
            (at.as_millisecond(), lag(n)),
            (at.as_millisecond() - 60_000, lag(n + 1)),
        ];
        let trend = Trend::fit(&points);
        let lag = lag(n);
        (name, LagSample { at, lag, trend })
    });
    let samples: Vec<_> = samples.collect();
    let mut snapshot = LagSnapshot::empty(now());
    snapshot.instances = ids.iter().map(|id| (id.clone(), samples.clone())).collect();
    let watched = ids.into_iter().map(|id| Instance {
        id,
        region: "cn-hangzhou".into(),
        expected: vec![],
    });
    let failed = BTreeMap::new();
    Board::default().watching("main", watched, now()).collected(
        "main",
        Collected { snapshot, failed },
        Duration::from_millis(80),
        SignedDuration::from_hours(1),
    )
}

fn scrape(runtime: &Runtime, router: &Router, path: &str, encoding: &str) -> usize {
    let request = Request::get(path).header("accept-encoding", encoding);
    runtime.block_on(async {
        let response = router.clone().oneshot(request.body(Body::empty()).unwrap());
        let mut body = response.await.unwrap().into_body();
        let mut length = 0;
        while let Some(frame) = body.frame().await {
            length += frame.unwrap().into_data().unwrap().len();
        }
        length
    })
}

fn scrapes(criterion: &mut Criterion) {
    let cell = Arc::new(BoardCell::new(board()));
    let config = ServeConfig {
        max_age: SignedDuration::from_mins(5),
        limits: Arc::default(),
        sample_timestamps: false,
        compat: lag_serve::Compat::default(),
        telemetry_path: "/metrics".into(),
        build: BuildInfo {
            program: "bench",
            version: "0",
            revision: "0",
            branch: "0",
            rustversion: "0",
        },
        metric: "acs_kafka/message_accumulation".into(),
        topic_metric: None,
        config_loaded_at: now(),
    };
    let exporter = Exporter::new(
        cell.clone(),
        Arc::default(),
        Arc::new(lag_core::Budgets::unlimited()),
        Arc::new(now),
        config,
    );
    let router = exporter.router();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let mut group = criterion.benchmark_group("20000 groups");
    group.sample_size(30);
    for encoding in ["identity", "gzip"] {
        let length = scrape(&runtime, &router, "/metrics", encoding);
        println!("{encoding}: {length} bytes");
        group.bench_function(format!("metrics, {encoding}, new board"), |bencher| {
            bencher.iter_batched(
                || cell.update(Clone::clone),
                |()| black_box(scrape(&runtime, &router, "/metrics", encoding)),
                BatchSize::PerIteration,
            );
        });
        group.bench_function(format!("metrics, {encoding}, cached"), |bencher| {
            bencher.iter(|| black_box(scrape(&runtime, &router, "/metrics", encoding)));
        });
    }
    // An hour of history, for pictures as large as they get.
    exporter.remember();
    for (name, path) in [
        ("trouble", "/"),
        ("200 rows by lag, page 50", "/?size=200&sort=lag&page=50"),
        ("search", "/?q=LOG_0123"),
        (
            "one group",
            "/?instance=alikafka_pre-cn-zvp2v001&group=cust_docking_analog_00042",
        ),
    ] {
        let length = scrape(&runtime, &router, path, "identity");
        let zipped = scrape(&runtime, &router, path, "gzip");
        println!("status page, {name}: {length} bytes, {zipped} with gzip");
        group.bench_function(format!("status page, {name}"), |bencher| {
            bencher.iter(|| black_box(scrape(&runtime, &router, path, "gzip")));
        });
    }
    group.bench_function("status page, new board", |bencher| {
        bencher.iter_batched(
            || cell.update(Clone::clone),
            |()| black_box(scrape(&runtime, &router, "/", "gzip")),
            BatchSize::PerIteration,
        );
    });
    group.bench_function("remember", |bencher| bencher.iter(|| exporter.remember()));
    group.bench_function("json", |bencher| {
        bencher.iter(|| black_box(scrape(&runtime, &router, "/api/v1/lag", "identity")));
    });
}

criterion_group!(benches, scrapes);
criterion_main!(benches);
