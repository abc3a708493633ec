//! The status page over an hour of invented data, for pictures and for work on its looks: prints its address and serves.
//! `cargo run -p lag-serve --example status [-- outage]`; its clock stands still at 08:30.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)]

use jiff::{SignedDuration, Timestamp};
use lag_core::{
    Board, BoardCell, BudgetPolicy, Budgets, GroupLimits, Instance, Lag, LagSample, LagSnapshot,
    SeriesName, Trend,
    port::{Collected, Failure},
    recommend::{Policy, RecommendBook, RecommendRule, Step, StepPolicy, StepRules},
};
use lag_serve::{BuildInfo, Compat, Exporter, ServeConfig, web};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

const PRE: &str = "alikafka_pre-cn-zvp2v0001";
const POST: &str = "alikafka_post-cn-mp919o4v0002";
const MAX_AGE: SignedDuration = SignedDuration::from_mins(5);

fn start() -> Timestamp {
    "2026-01-15T07:29:00Z".parse().unwrap()
}

/// The lag of a group in a minute of the hour; `None` where the cloud has no point.
type Curve = fn(i32) -> Option<f64>;

const GROUPS: [(&str, &str, Curve); 13] = [
    (PRE, "pay_docking_analog", |m| {
        Some(f64::from((m - 20).max(0) * 6_400 + m * 37 % 900))
    }),
    (PRE, "stock_docking_analog", |m| {
        let up = 260_000.0 * (f64::from(m) / 18.0).sin().abs();
        Some((up + f64::from(m * 911 % 7_000)).round())
    }),
    (POST, "mail-sender", |m| {
        (m < 51).then(|| f64::from(9_000 + m * 83 % 1_700))
    }),
    (PRE, "order_docking_analog", |m| {
        let gap = (24..31).contains(&m);
        (!gap).then(|| f64::from(18_000 + m * 1_190 + m * 577 % 4_000))
    }),
    (PRE, "cust_docking_analog", |m| {
        Some(f64::from(148_500 - m * 1_350 + m * 613 % 5_000))
    }),
    (POST, "shipment_docking_analog", |m| {
        Some(f64::from(66_000 - m * 540 + m * 311 % 3_000))
    }),
    (POST, "订单_docking_analog", |m| {
        Some(f64::from(1_200 + m * 53 % 700))
    }),
    (PRE, "orders-consumer", |m| Some(f64::from(m * 389 % 95))),
    (PRE, "refund-consumer", |m| {
        Some(if m % 20 < 6 {
            f64::from((m % 20) * 240)
        } else {
            0.0
        })
    }),
    (POST, "audit-archive", |_| Some(40_000.0)),
    (POST, "invoice-consumer", |m| (m > 38).then_some(0.0)),
    (PRE, "cd_docking_analog", |_| Some(0.0)),
    (PRE, "legacy-export", |_| Some(0.0)),
];

fn lag(value: f64) -> Lag {
    Lag::try_from(value).unwrap()
}

fn sample(curve: Curve, minute: i32) -> Option<LagSample> {
    let at = |minute: i32| start() + SignedDuration::from_mins(i64::from(minute));
    let newest = (0..=minute).rev().find(|m| curve(*m).is_some())?;
    let points = (newest - 4..=newest).filter_map(|m| {
        let value = (m >= 0).then(|| curve(m)).flatten()?;
        Some((at(m).as_millisecond(), lag(value)))
    });
    let points: Vec<_> = points.collect();
    Some(LagSample {
        at: at(newest),
        lag: lag(curve(newest)?),
        trend: Trend::fit(&points),
    })
}

fn collected(minute: i32, failing: &[&str]) -> Collected {
    // A point is there a minute after its own.
    let mut snapshot =
        LagSnapshot::empty(start() + SignedDuration::from_mins(i64::from(minute) + 1));
    let mut failed = BTreeMap::new();
    for instance in [PRE, POST] {
        if failing.contains(&instance) {
            let failure = Failure {
                kind: "throttled",
                // As kafka-lag-exporter prints it.
                detail: "asking CloudMonitor for message_accumulation failed: DescribeMetricList was refused: \
                         Throttling.User (HTTP 400, request 910A2DEC-8902-5CC1-F320-3E9039F4A821): Request was denied due \
                         to user flow control; the limit of 50 calls a second is shared by all users of the account: lower \
                         --cms.rate-limit or lengthen --collect.interval"
                    .into(),
            };
            failed.insert(instance.parse().unwrap(), failure);
            continue;
        }
        let mine = GROUPS.iter().filter(|(of, ..)| *of == instance);
        let samples = mine.filter_map(|(_, group, curve)| {
            let series = SeriesName {
                group: group.parse().unwrap(),
                topic: None,
            };
            Some((series, sample(*curve, minute)?))
        });
        let mut samples: Vec<_> = samples.collect();
        samples.sort_by(|a, b| a.0.cmp(&b.0));
        snapshot
            .instances
            .insert(instance.parse().unwrap(), samples);
    }
    Collected { snapshot, failed }
}

fn book() -> RecommendBook {
    let step = |above: f64, add| Step {
        above: lag(above),
        add,
    };
    let rules = StepRules {
        base: 2,
        max: 5,
        steps: vec![step(100_000.0, 1), step(150_000.0, 2)],
        back_at: lag(50_000.0),
        sustained_for: SignedDuration::ZERO,
        partitions: None,
    };
    let rule = RecommendRule {
        groups: vec!["suffix:_docking_analog".parse().unwrap()],
        instances: vec![],
        policy: Policy::Steps(StepPolicy::try_from(rules).unwrap()),
        workload: None,
    };
    RecommendBook { rules: vec![rule] }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let is_outage = std::env::args().any(|word| word == "outage");
    let watched = [(PRE, &["cust_docking_analog"][..]), (POST, &["settlement"])];
    let watched = watched.map(|(id, expected)| Instance {
        id: id.parse().unwrap(),
        region: "cn-hangzhou".into(),
        expected: expected
            .iter()
            .map(|group| SeriesName {
                group: group.parse().unwrap(),
                topic: None,
            })
            .collect(),
    });
    let cell = Arc::new(BoardCell::new(Board::default().watching(
        "main",
        watched,
        start(),
    )));
    let policy = BudgetPolicy {
        requests_per_month: Some(1_000_000),
        hard_stop: false,
    };
    let (budgets, minute) = (Budgets::new(policy, []), Duration::from_mins(1));
    budgets.watch("default", "main", (minute, minute), 2.0, start());
    for _ in 0..41_337 {
        budgets.count("default", "main", start());
    }
    let clock = Arc::new(Mutex::new(start()));
    let hands = clock.clone();
    let book = Arc::new(book());
    let config = ServeConfig {
        max_age: MAX_AGE,
        limits: Arc::new(GroupLimits {
            threshold: None,
            book: book.clone(),
        }),
        compat: Compat::default(),
        sample_timestamps: false,
        telemetry_path: "/metrics".into(),
        build: BuildInfo {
            program: "kafka-lag-exporter",
            version: env!("CARGO_PKG_VERSION"),
            revision: "example",
            branch: "example",
            rustversion: "example",
        },
        metric: "acs_kafka/message_accumulation".into(),
        topic_metric: None,
        config_loaded_at: start(),
    };
    let exporter = Exporter::new(
        cell.clone(),
        Arc::default(),
        Arc::new(budgets),
        Arc::new(move || *hands.lock().unwrap()),
        config,
    );
    for minute in 0..60 {
        let failing: &[&str] = match minute {
            48.. if is_outage => &[PRE, POST],
            _ => &[],
        };
        let now = start() + SignedDuration::from_secs(i64::from(minute) * 60 + 84);
        *clock.lock().unwrap() = now;
        let forget = SignedDuration::from_hours(1);
        cell.update(|board| {
            let next = board.collected(
                "main",
                collected(minute, failing),
                Duration::from_millis(80),
                forget,
            );
            next.recommending(&book, now, MAX_AGE, |_| None)
        });
        exporter.remember();
    }
    let listener = web::bind(&"127.0.0.1:0".parse()?, "example").await?;
    println!("http://{}/", listener.local_addr()?);
    web::serve(
        listener,
        exporter.router(),
        std::future::pending(),
        Duration::ZERO,
    )
    .await?;
    Ok(())
}
