//! Queries of autoscalers at 20,000 groups through the router, beside the same router answering a constant.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)]

use axum::{Router, body::Body, routing::get};
use criterion::{Criterion, criterion_group, criterion_main};
use http::Request;
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use lag_core::{
    Board, BoardCell, Instance, InstanceId, Lag, LagSample, LagSnapshot, SeriesName, alias, names,
    port::Collected,
};
use lag_serve::{
    BuildInfo,
    external::{ExternalConfig, ExternalMetrics},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::{collections::BTreeMap, hint::black_box, sync::Arc, time::Duration};
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;

const INSTANCES: usize = 4;
const GROUPS: usize = 5_000;

fn now() -> Timestamp {
    "2026-01-15T08:30:00Z".parse().unwrap()
}

/// Every tenth name is no label value.
fn name(n: usize) -> String {
    let kind = if n.is_multiple_of(10) {
        "订单"
    } else {
        "docking"
    };
    format!("cust_{kind}_analog_{n:05}")
}

fn board() -> Board {
    let ids: Vec<InstanceId> = (0..INSTANCES)
        .map(|n| format!("alikafka_pre-cn-zvp2v{n:03}").parse().unwrap())
        .collect();
    let at = now() - SignedDuration::from_mins(2);
    let mut samples: Vec<_> = (0..GROUPS)
        .map(|n| {
            let lag = f64::from(u32::try_from(n * 7919 % 1_000_003).unwrap());
            let lag = Lag::try_from(lag).unwrap();
            let series = SeriesName {
                group: name(n).parse().unwrap(),
                topic: None,
            };
            let trend = None;
            (series, LagSample { at, lag, trend })
        })
        .collect();
    samples.sort_by(|a, b| a.0.cmp(&b.0));
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

fn ask(runtime: &Runtime, router: &Router, path: &str) -> usize {
    let request = Request::get(path).body(Body::empty()).unwrap();
    runtime.block_on(async {
        let response = router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        response
            .into_body()
            .collect()
            .await
            .unwrap()
            .to_bytes()
            .len()
    })
}

fn path(selector: &str) -> String {
    let selector = utf8_percent_encode(selector, NON_ALPHANUMERIC);
    let root = "/apis/external.metrics.k8s.io/v1beta1/namespaces/orders";
    format!("{root}/{}?labelSelector={selector}", names::LAG)
}

fn queries(criterion: &mut Criterion) {
    let cell = Arc::new(BoardCell::new(board()));
    let config = ExternalConfig {
        max_age: SignedDuration::from_mins(5),
        topics: false,
        recommends: false,
        scopes: None,
        build: BuildInfo {
            program: "bench",
            version: "0",
            revision: "0",
            branch: "0",
            rustversion: "0",
        },
    };
    let router = ExternalMetrics::new(cell.clone(), Arc::new(now), config).router();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let alias = alias(&name(2_500)).unwrap();
    let ten: Vec<_> = (2_501..2_510).map(name).collect();
    let selectors = [
        (
            "by group and instance",
            "consumer_group=cust_docking_analog_02501,instance_id=alikafka_pre-cn-zvp2v002"
                .to_owned(),
        ),
        (
            "by group",
            "consumer_group=cust_docking_analog_02501".to_owned(),
        ),
        ("by alias", format!("consumer_group_alias={alias}")),
        (
            "by nine groups",
            format!("consumer_group in ({})", ten.join(",")),
        ),
        (
            "by what a group is not",
            "consumer_group!=cust_docking_analog_02501".to_owned(),
        ),
        ("without selector", String::new()),
    ];
    let mut group = criterion.benchmark_group("20000 groups");
    group.sample_size(30);
    let floor = Router::new().route(
        "/apis/external.metrics.k8s.io/v1beta1/namespaces/{namespace}/{metric}",
        get(|| async { "x".repeat(300) }),
    );
    group.bench_function("floor: a constant", |bencher| {
        let path = path("consumer_group=cust_docking_analog_02501");
        bencher.iter(|| black_box(ask(&runtime, &floor, &path)));
    });
    for (name, selector) in &selectors {
        let path = path(selector);
        println!("{name}: {} bytes", ask(&runtime, &router, &path));
        group.bench_function(*name, |bencher| {
            bencher.iter(|| black_box(ask(&runtime, &router, &path)));
        });
    }
    group.bench_function("by alias, new board", |bencher| {
        let path = path(&selectors[2].1);
        bencher.iter_batched(
            || cell.update(Clone::clone),
            |()| black_box(ask(&runtime, &router, &path)),
            criterion::BatchSize::PerIteration,
        );
    });
}

criterion_group!(benches, queries);
criterion_main!(benches);
