//! How old a datum is when it is served: a fixed interval beside the aligned schedule, over hours of simulated time,
//! with the real client against the simulated cloud.

use cms_sim::{Scenario, SimConfig};
use jiff::{SignedDuration, Timestamp};
use lag_core::{GroupKey, Reading, Schedule};
use lag_tests::Exporter;
use std::time::Duration;

const INSTANCE: &str = "alikafka_pre-cn-sim00000001";
const MINUTE: Duration = Duration::from_mins(1);

struct Measured {
    mean_age: f64,
    worst_age: f64,
    calls_per_minute: f64,
}

/// The mean over four moments of starting, because a fixed interval depends on its phase.
async fn measure(schedule: Schedule, delay: Duration, jitter: Duration) -> Measured {
    let mut all = Measured {
        mean_age: 0.0,
        worst_age: 0.0,
        calls_per_minute: 0.0,
    };
    for second in [2, 17, 32, 47] {
        let one = measure_from(second, schedule.clone(), delay, jitter).await;
        all.mean_age += one.mean_age / 4.0;
        all.worst_age = all.worst_age.max(one.worst_age);
        all.calls_per_minute += one.calls_per_minute / 4.0;
    }
    all
}

/// Mean age of the served datum over three hours, sampled every second, after one hour of learning.
async fn measure_from(
    second: i64,
    mut schedule: Schedule,
    delay: Duration,
    jitter: Duration,
) -> Measured {
    let start =
        "2026-01-15T08:30:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_secs(second);
    let cloud = SimConfig::default()
        .group(INSTANCE, "orders", Scenario::Constant { lag: 5 })
        .publication_delay(delay)
        .publication_jitter(jitter);
    let exporter = Exporter::start(cloud, start, |_| {}).await;
    let key = GroupKey::total(INSTANCE.parse().unwrap(), "orders".parse().unwrap());
    let (learned, end) = (
        start + SignedDuration::from_hours(1),
        start + SignedDuration::from_hours(4),
    );
    let (mut sum, mut count, mut worst, mut calls) = (0.0_f64, 0_u32, 0.0_f64, 0_u32);
    while exporter.now() < end {
        exporter.collect(Some(&mut schedule)).await;
        calls += 1;
        let next = schedule.next(exporter.now());
        let mut now = exporter.now();
        while now < next {
            if now > learned {
                let board = exporter.board.load();
                let Reading::Fresh(sample) = board.read(&key, now, SignedDuration::from_mins(10))
                else {
                    panic!("no number at {now}");
                };
                let age = sample.age(now).as_secs_f64();
                (sum, count, worst) = (sum + age, count + 1, worst.max(age));
            }
            now += SignedDuration::from_secs(1);
        }
        exporter.set_now(next);
    }
    Measured {
        mean_age: sum / f64::from(count),
        worst_age: worst,
        calls_per_minute: f64::from(calls) / 240.0,
    }
}

#[tokio::test]
async fn aligned_collections_serve_younger_data_than_a_fixed_interval() {
    println!("| publication delay | schedule | mean age | worst age | calls per minute |");
    println!("|---|---|---|---|---|");
    for (delay, jitter) in [(5, 0), (20, 0), (45, 0), (5, 10)] {
        let (delay, jitter) = (Duration::from_secs(delay), Duration::from_secs(jitter));
        let fixed = measure(Schedule::fixed(MINUTE), delay, jitter).await;
        let aligned = measure(Schedule::aligned(MINUTE, MINUTE), delay, jitter).await;
        for (name, m) in [("fixed", &fixed), ("aligned", &aligned)] {
            println!(
                "| {} s + 0..{} s | {name} | {:.1} s | {:.1} s | {:.2} |",
                delay.as_secs(),
                jitter.as_secs(),
                m.mean_age,
                m.worst_age,
                m.calls_per_minute
            );
        }
        // A point is 60 s old at best when it appears, plus the delay; half a minute more on average until the next.
        let floor = 60.0 + 30.0 + delay.as_secs_f64() + jitter.as_secs_f64() / 2.0;
        assert!(
            aligned.mean_age < floor + 2.0 + jitter.as_secs_f64() / 2.0,
            "{} over {floor}",
            aligned.mean_age
        );
        assert!(
            aligned.mean_age < fixed.mean_age - 15.0,
            "{} beside {}",
            aligned.mean_age,
            fixed.mean_age
        );
        assert!(aligned.calls_per_minute < 1.25);
    }
}
