//! The loop, with time that tests control and a source that tests script.
#![allow(clippy::unwrap_used)]

use jiff::{SignedDuration, Timestamp};
use lag_core::{
    Board, BoardCell, Budgets, GroupKey, Instance, Lag, LagSample, LagSnapshot, Schedule,
    SeriesName,
    port::{BoxFuture, Collected, Failure, LagSource},
    recommend::{
        Advice, Policy, RecommendBook, RecommendRule, ReplicaCount, Step, StepPolicy, StepRules,
    },
};
use lag_runtime::{Now, Recommender, collect::Collector, shutdown};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};

/// Answers with the lag it was told, or fails, or hangs; tells when it was asked.
#[derive(Debug)]
struct Scripted {
    now: NowDebug,
    asked: mpsc::UnboundedSender<Timestamp>,
    answer: Mutex<Option<f64>>,
    hangs: bool,
}

#[derive(Clone)]
struct NowDebug(Now);

impl std::fmt::Debug for NowDebug {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("now")
    }
}

fn series() -> SeriesName {
    SeriesName {
        group: "orders".parse().unwrap(),
        topic: None,
    }
}

impl LagSource for Scripted {
    fn collect(&self) -> BoxFuture<'_, Collected> {
        let now = (self.now.0)();
        self.asked.send(now).unwrap();
        let answer = *self.answer.lock().unwrap();
        Box::pin(async move {
            if self.hangs {
                std::future::pending::<()>().await;
            }
            let mut snapshot = LagSnapshot::empty(now);
            let mut failed = BTreeMap::new();
            match answer {
                Some(lag) => {
                    let at =
                        Timestamp::from_second((now.as_second() - 65).div_euclid(60) * 60).unwrap();
                    let sample = LagSample {
                        at,
                        lag: Lag::try_from(lag).unwrap(),
                        trend: None,
                    };
                    snapshot
                        .instances
                        .insert("a".parse().unwrap(), vec![(series(), sample)]);
                }
                None => {
                    let failure = Failure {
                        kind: "timeout",
                        detail: "no answer".into(),
                    };
                    failed.insert("a".parse().unwrap(), failure);
                }
            }
            Collected { snapshot, failed }
        })
    }
}

struct Running {
    board: Arc<BoardCell>,
    source: Arc<Scripted>,
    asked: mpsc::UnboundedReceiver<Timestamp>,
    now: Now,
    trigger: shutdown::Trigger,
    task: tokio::task::JoinHandle<()>,
}

/// Starts a collector under tokio's paused clock.
fn start(schedule: Schedule, answer: Option<f64>, hangs: bool) -> Running {
    start_with(Recommender::default(), schedule, answer, hangs)
}

fn start_with(
    recommender: Recommender,
    schedule: Schedule,
    answer: Option<f64>,
    hangs: bool,
) -> Running {
    let (began, origin) = (
        Instant::now(),
        "2026-01-15T08:30:17Z".parse::<Timestamp>().unwrap(),
    );
    let now: Now = Arc::new(move || origin + SignedDuration::try_from(began.elapsed()).unwrap());
    let (sender, asked) = mpsc::unbounded_channel();
    let source = Arc::new(Scripted {
        now: NowDebug(now.clone()),
        asked: sender,
        answer: Mutex::new(answer),
        hangs,
    });
    let instance = Instance {
        id: "a".parse().unwrap(),
        region: "cn-hangzhou".into(),
        expected: vec![],
    };
    let board = Arc::new(BoardCell::new(Board::default().watching(
        "main",
        [instance],
        now(),
    )));
    let (trigger, end) = shutdown::channel();
    let collector = Collector {
        name: "main".into(),
        source: source.clone(),
        schedule,
        board: board.clone(),
        forget_after: SignedDuration::from_hours(1),
        recommender,
        updated: watch::Sender::new(()),
        account: "default".into(),
        budgets: Arc::new(Budgets::unlimited()),
    };
    let task = tokio::spawn(collector.run(now.clone(), end));
    Running {
        board,
        source,
        asked,
        now,
        trigger,
        task,
    }
}

fn reading(running: &Running) -> lag_core::Reading {
    let key = GroupKey::total("a".parse().unwrap(), "orders".parse().unwrap());
    running
        .board
        .load()
        .read(&key, (running.now)(), SignedDuration::from_mins(5))
}

#[tokio::test(start_paused = true)]
async fn the_first_collection_is_at_once_and_the_next_after_the_interval() {
    let mut running = start(Schedule::fixed(Duration::from_secs(60)), Some(7.0), false);
    let first = running.asked.recv().await.unwrap();
    let second = running.asked.recv().await.unwrap();
    assert_eq!(first, "2026-01-15T08:30:17Z".parse().unwrap());
    let between = second.duration_since(first);
    assert!((59_990..60_020).contains(&between.as_millis()), "{between}");
    assert!(running.board.load().is_tried());
    assert_eq!(reading(&running).state(), "fresh");
}

#[tokio::test(start_paused = true)]
async fn an_outage_ages_the_numbers_and_recovery_is_seen() {
    let mut running = start(Schedule::fixed(Duration::from_secs(60)), Some(7.0), false);
    running.asked.recv().await.unwrap();
    *running.source.answer.lock().unwrap() = None;
    for _ in 0..3 {
        running.asked.recv().await.unwrap();
    }
    assert_eq!(
        reading(&running).state(),
        "fresh",
        "a few failures do not make a young number old"
    );
    for _ in 0..4 {
        running.asked.recv().await.unwrap();
    }
    assert_eq!(reading(&running).state(), "stale");
    let board = running.board.load();
    let instance = board.instance("a").unwrap();
    assert!(!instance.is_up() && instance.consecutive_failures >= 6);
    *running.source.answer.lock().unwrap() = Some(0.0);
    running.asked.recv().await.unwrap();
    running.asked.recv().await.unwrap();
    match reading(&running) {
        lag_core::Reading::Fresh(sample) => assert_eq!(sample.lag, Lag::ZERO),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn an_aligned_schedule_learns_the_delay_and_shows_it_on_the_board() {
    let minute = Duration::from_mins(1);
    let mut running = start(Schedule::aligned(minute, minute), Some(7.0), false);
    let mut last = running.asked.recv().await.unwrap();
    for _ in 0..40 {
        last = running.asked.recv().await.unwrap();
    }
    let board = running.board.load();
    let (_, source) = board.sources().next().unwrap();
    let delay = source.publication_delay.unwrap().as_secs_f64();
    assert!((63.0..70.0).contains(&delay), "{delay}");
    let behind = (last.as_second() - 65).rem_euclid(60);
    assert!(
        !(4..=55).contains(&behind),
        "asked {behind} s after a point appeared"
    );
}

#[tokio::test(start_paused = true)]
async fn shutdown_ends_a_wait_and_a_collection_that_hangs() {
    let mut waiting = start(Schedule::fixed(Duration::from_hours(1)), Some(7.0), false);
    waiting.asked.recv().await.unwrap();
    waiting.trigger.trigger();
    waiting.task.await.unwrap();

    let mut hanging = start(Schedule::fixed(Duration::from_hours(1)), Some(7.0), true);
    hanging.asked.recv().await.unwrap();
    drop(hanging.trigger);
    hanging.task.await.unwrap();
    assert!(
        !hanging.board.load().is_tried(),
        "a collection that was dropped changed nothing"
    );
}

#[tokio::test(start_paused = true)]
async fn policies_look_at_every_board_and_are_told_of_replicas() {
    let lag = |value| Lag::try_from(value).unwrap();
    let policy = StepPolicy::try_from(StepRules {
        base: 2,
        max: 5,
        steps: vec![Step {
            above: lag(100.0),
            add: 1,
        }],
        back_at: lag(50.0),
        sustained_for: SignedDuration::ZERO,
        partitions: None,
    });
    let workload = lag_core::Workload {
        namespace: "orders".into(),
        kind: lag_core::WorkloadKind::Deployment,
        name: "consumer".into(),
    };
    let rule = RecommendRule {
        groups: vec!["exact:orders".parse().unwrap()],
        instances: vec![],
        policy: Policy::Steps(policy.unwrap()),
        workload: Some(workload.clone()),
    };
    let recommender = Recommender {
        book: Arc::new(RecommendBook { rules: vec![rule] }),
        max_age: SignedDuration::from_mins(5),
        replicas: Some(Arc::new(move |asked, at| {
            assert_eq!(*asked, workload);
            let running = lag_core::recommend::Running {
                replicas: 3,
                since: at,
            };
            Some(ReplicaCount { wanted: 3, running })
        })),
    };
    let fixed = Schedule::fixed(Duration::from_secs(60));
    let mut running = start_with(recommender, fixed, Some(75.0), false);
    running.asked.recv().await.unwrap();
    running.asked.recv().await.unwrap();
    let key = GroupKey::total("a".parse().unwrap(), "orders".parse().unwrap());
    let advice = |running: &Running| {
        let board = running.board.load();
        let max_age = SignedDuration::from_mins(5);
        board.advice(&key, (running.now)(), max_age)
    };
    // Between two steps: only who knows what runs can say this.
    let said = advice(&running);
    assert!(
        matches!(said, Some(Advice::Replicas { replicas: 3, .. })),
        "{said:?}"
    );
    *running.source.answer.lock().unwrap() = None;
    for _ in 0..8 {
        running.asked.recv().await.unwrap();
    }
    let said = advice(&running);
    assert!(matches!(said, Some(Advice::Silent(_))), "{said:?}");
    running.trigger.trigger();
    running.task.await.unwrap();
}
