//! The policies after a collection, at the size of a large account: one rule for all groups.

use criterion::{Criterion, criterion_group, criterion_main};
use jiff::{SignedDuration, Timestamp};
use lag_core::{
    Board, Dropped, Instance, InstanceId, Lag, LagSample, LagSnapshot, SeriesName,
    port::Collected,
    recommend::{Policy, RecommendBook, RecommendRule, Step, StepPolicy, StepRules},
};
use std::{collections::BTreeMap, hint::black_box, time::Duration};

const GROUPS: u32 = 20_000;
const MAX_AGE: SignedDuration = SignedDuration::from_mins(5);

fn lag(messages: u32) -> Lag {
    Lag::try_from(f64::from(messages)).expect("not negative")
}

fn board(now: Timestamp) -> Board {
    let id: InstanceId = "alikafka_pre-cn-mp919o4v0001".parse().expect("a valid id");
    let instance = Instance {
        id: id.clone(),
        region: "cn-hangzhou".into(),
        expected: vec![],
    };
    let sample = |n: u32| {
        let series = SeriesName {
            group: format!("group_{n:05}_docking_analog")
                .parse()
                .expect("a valid name"),
            topic: None,
        };
        let (lag, trend) = (lag(n * 7 % 200_000), None);
        (
            series,
            LagSample {
                at: now,
                lag,
                trend,
            },
        )
    };
    let snapshot = LagSnapshot {
        taken_at: now,
        instances: BTreeMap::from([(id, (0..GROUPS).map(sample).collect())]),
        earlier: BTreeMap::new(),
        received: 0,
        dropped: Dropped::default(),
    };
    let failed = BTreeMap::new();
    let collected = Collected { snapshot, failed };
    let board = Board::default().watching("main", [instance], now);
    board.collected(
        "main",
        collected,
        Duration::ZERO,
        SignedDuration::from_hours(1),
    )
}

fn book(pattern: &str) -> RecommendBook {
    let step = |above, add| Step {
        above: lag(above),
        add,
    };
    let policy = StepPolicy::try_from(StepRules {
        base: 2,
        max: 5,
        steps: vec![step(100_000, 1), step(150_000, 2)],
        back_at: lag(50_000),
        sustained_for: SignedDuration::ZERO,
        partitions: None,
    });
    RecommendBook {
        rules: vec![RecommendRule {
            groups: vec![pattern.parse().expect("a valid pattern")],
            instances: vec![],
            policy: Policy::Steps(policy.expect("a valid policy")),
            workload: None,
        }],
    }
}

fn recommend(c: &mut Criterion) {
    let mut group = c.benchmark_group("recommend 20,000 groups");
    let now = Timestamp::UNIX_EPOCH;
    let board = board(now);
    for pattern in ["suffix:_docking_analog", "glob:*", "re:group_.*_analog"] {
        let book = book(pattern);
        let board = board.recommending(&book, now, MAX_AGE, |_| None);
        group.bench_function(format!("follow {pattern}"), |b| {
            b.iter(|| board.recommending(&book, now, MAX_AGE, |_| None));
        });
        group.bench_function(format!("all advice, {pattern}"), |b| {
            b.iter(|| black_box(board.all_advice(now, MAX_AGE).count()));
        });
    }
    group.finish();
}

criterion_group!(benches, recommend);
criterion_main!(benches);
