//! Pages to snapshot, beside the floor: the time serde_json needs merely to skip through the same text.

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use jiff::Timestamp;
use lag_core::{InstanceId, SnapshotBuilder, SnapshotRules};
use serde::de::IgnoredAny;
use std::{fmt::Write, hint::black_box};

const INSTANCE: &str = "alikafka_pre-cn-mp919o4v0001";
const NEWEST_MS: i64 = 1_768_465_680_000;

/// Pages of 1440 points, time by time as the vendor's page tokens suggest: five one-minute points per group.
fn pages(points: usize) -> Vec<String> {
    let groups = (points / 5).max(1);
    let point = |i: usize| {
        let age = 4 - i64::try_from(i / groups).unwrap_or(0).min(4);
        let mut text = String::new();
        let _ = write!(
            text,
            r#"{{"timestamp":{},"userId":"1208863178610001","instanceId":"{INSTANCE}","consumerGroup":"group_{:05}_docking_analog","Value":{}.0}}"#,
            NEWEST_MS - age * 60_000,
            i % groups,
            i * 7 % 200_000,
        );
        text
    };
    let all: Vec<_> = (0..points).map(point).collect();
    all.chunks(1440)
        .map(|page| format!("[{}]", page.join(",")))
        .collect()
}

fn fold(c: &mut Criterion) {
    let mut group = c.benchmark_group("fold");
    let rules = SnapshotRules::default();
    let instance: InstanceId = INSTANCE.parse().expect("a valid id");
    let now = Timestamp::from_millisecond(NEWEST_MS + 90_000).expect("a valid time");
    for points in [100, 1_000, 10_000, 100_000] {
        let pages = pages(points);
        let bytes: usize = pages.iter().map(String::len).sum();
        group.throughput(Throughput::Bytes(bytes as u64));
        group.bench_with_input(
            BenchmarkId::new("floor: skip the text", points),
            &pages,
            |b, pages| {
                b.iter(|| {
                    for page in pages {
                        black_box(serde_json::from_str::<IgnoredAny>(page).expect("valid JSON"));
                    }
                });
            },
        );
        group.bench_with_input(BenchmarkId::new("snapshot", points), &pages, |b, pages| {
            b.iter_batched(
                || SnapshotBuilder::new(&rules, [instance.clone()], now),
                |mut builder| {
                    for page in pages {
                        builder.page(page).expect("a valid page");
                    }
                    builder.finish()
                },
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, fold);
criterion_main!(benches);
