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
use lag_runtime::{
    Now, Permit, Recommender,
    collect::{BoardRules, Collector},
    shutdown,
};
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
    task: tokio::task::JoinHandle<Schedule>,
}

/// Starts a collector under tokio's paused clock.
fn start(schedule: Schedule, answer: Option<f64>, hangs: bool) -> Running {
    start_with(
        (Recommender::default(), Permit::always()),
        schedule,
        answer,
        hangs,
    )
}

fn start_while(permit: Permit, schedule: Schedule, answer: Option<f64>, hangs: bool) -> Running {
    start_with((Recommender::default(), permit), schedule, answer, hangs)
}

fn start_with(
    (recommender, permit): (Recommender, Permit),
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
        rules: watch::Sender::new(BoardRules {
            forget_after: SignedDuration::from_hours(1),
            recommender,
        })
        .subscribe(),
        updated: watch::Sender::new(()),
        account: "default".into(),
        budgets: Arc::new(Budgets::unlimited()),
    };
    let task = tokio::spawn(collector.run_while(permit, now.clone(), end));
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
    let mut running = start_with((recommender, Permit::always()), fixed, Some(75.0), false);
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

/// A permit, and who gives it for so many seconds.
fn permit() -> (impl Fn(u64), Permit) {
    let (sender, receiver) = watch::channel(None);
    let give = move |seconds| {
        sender.send_replace(Some(Instant::now() + Duration::from_secs(seconds)));
    };
    (give, Permit::told_by(receiver))
}

fn asked(running: &mut Running) -> usize {
    std::iter::from_fn(|| running.asked.try_recv().ok()).count()
}

#[tokio::test(start_paused = true)]
async fn without_a_permit_nothing_is_asked_and_with_it_at_once() {
    let (give, permit) = permit();
    let minute = Duration::from_mins(1);
    let mut running = start_while(permit, Schedule::aligned(minute, minute), Some(7.0), false);
    tokio::time::sleep(Duration::from_hours(1)).await;
    assert_eq!(asked(&mut running), 0);
    assert!(!running.board.load().is_tried());
    let taken_over = Instant::now();
    give(10);
    running.asked.recv().await.unwrap();
    assert!(taken_over.elapsed() < Duration::from_millis(10));
    // It is renewed before it ends, as a lease is, and the schedule goes on as ever.
    for _ in 0..150 {
        tokio::time::sleep(Duration::from_secs(2)).await;
        give(10);
    }
    let in_five_minutes = asked(&mut running);
    assert!((5..=9).contains(&in_five_minutes), "{in_five_minutes}");
}

#[tokio::test(start_paused = true)]
async fn a_permit_that_is_not_renewed_ends_by_itself_and_so_does_a_call_under_way() {
    let (give, permit) = permit();
    let mut running = start_while(
        permit,
        Schedule::fixed(Duration::from_secs(4)),
        Some(7.0),
        true,
    );
    give(10);
    running.asked.recv().await.unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(
        !running.board.load().is_tried(),
        "what was under way is dropped"
    );
    assert_eq!(asked(&mut running), 0);
    give(10);
    running.asked.recv().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_process_that_stood_still_beyond_its_permit_asks_nothing_when_it_goes_on() {
    let (give, permit) = permit();
    let mut running = start_while(
        permit,
        Schedule::fixed(Duration::from_secs(8)),
        Some(7.0),
        false,
    );
    give(10);
    running.asked.recv().await.unwrap();
    // As after SIGSTOP: the next collection and the end of the permit are both long over.
    tokio::time::advance(Duration::from_secs(60)).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(asked(&mut running), 0);
    assert_eq!(reading(&running).state(), "fresh");
    // Nobody asks any more: what is known gets old, and is no number then.
    tokio::time::sleep(Duration::from_mins(5)).await;
    assert_eq!(asked(&mut running), 0);
    assert_eq!(reading(&running).state(), "stale");
}

#[tokio::test(start_paused = true)]
async fn a_permit_that_nobody_can_renew_any_more_holds_to_its_end() {
    let (give, permit) = permit();
    let mut running = start_while(
        permit,
        Schedule::fixed(Duration::from_secs(4)),
        Some(7.0),
        false,
    );
    give(10);
    drop(give);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(asked(&mut running), 3, "after 0, 4 and 8 seconds");
    running.trigger.trigger();
    running.task.await.unwrap();
}
