//! A standby and the leaders it meets, over real sockets.
#![allow(clippy::unwrap_used)]

use jiff::{SignedDuration, Timestamp};
use lag_core::{
    Board, BoardCell, GroupKey, Instance, Lag, LagSample, LagSnapshot, Reading, SeriesName,
    Standing, Writer, port::Collected,
};
use lag_runtime::{
    Now, Recommender,
    attend::Attendance,
    collect::BoardRules,
    follow::Follower,
    shutdown::{self, Trigger},
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::{sync::watch, task::JoinHandle, time::timeout};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{header, method, path},
};

/// Only a test that fails waits so long.
const DEADLINE: Duration = Duration::from_secs(20);
const MAX_AGE: SignedDuration = SignedDuration::from_mins(5);
const FORGET_AFTER: SignedDuration = SignedDuration::from_hours(1);

fn start() -> Timestamp {
    "2026-01-15T08:30:00Z".parse().unwrap()
}

fn key() -> GroupKey {
    GroupKey::total("a".parse().unwrap(), "orders".parse().unwrap())
}

fn watching() -> Board {
    let instance = Instance {
        id: "a".parse().unwrap(),
        region: "cn-hangzhou".into(),
        expected: vec![],
    };
    Board::default().watching("main", [instance], start())
}

/// A leader's board with this lag.
fn document(lag: f64) -> String {
    written(lag, None)
}

fn written_by(lag: f64, identity: &str, leads: bool) -> ResponseTemplate {
    let identity = identity.to_owned();
    let writer = Writer { identity, leads };
    ResponseTemplate::new(200).set_body_raw(written(lag, Some(&writer)), "application/json")
}

fn written(lag: f64, writer: Option<&Writer>) -> String {
    let series = SeriesName {
        group: "orders".parse().unwrap(),
        topic: None,
    };
    let sample = LagSample {
        at: start() - SignedDuration::from_secs(60),
        lag: Lag::try_from(lag).unwrap(),
        trend: None,
    };
    let mut snapshot = LagSnapshot::empty(start());
    snapshot
        .instances
        .insert("a".parse().unwrap(), vec![(series, sample)]);
    let collected = Collected {
        snapshot,
        failed: BTreeMap::new(),
    };
    let board = watching().collected("main", collected, Duration::ZERO, FORGET_AFTER);
    serde_json::to_string(&board.handover(writer, start())).unwrap()
}

struct Standby {
    board: Arc<BoardCell>,
    standing: Arc<Standing>,
    updates: watch::Receiver<()>,
    leader: watch::Sender<Option<String>>,
    rules: watch::Sender<BoardRules>,
    trigger: Trigger,
    task: JoinHandle<()>,
}

impl Standby {
    fn of(url: Option<String>) -> Self {
        let board = Arc::new(BoardCell::new(watching()));
        let standing = Arc::new(Standing::of("two-2"));
        let updated = watch::Sender::new(());
        let updates = updated.subscribe();
        let rules = watch::Sender::new(BoardRules {
            forget_after: FORGET_AFTER,
            recommender: Recommender::default(),
        });
        let every = Duration::from_millis(5);
        let told = rules.subscribe();
        let follower =
            Follower::new(board.clone(), updated, standing.clone(), told, every).unwrap();
        let (leader, followed) = watch::channel(url);
        let (trigger, end) = shutdown::channel();
        let now: Now = Arc::new(start);
        Self {
            board,
            standing,
            updates,
            leader,
            rules,
            trigger,
            task: tokio::spawn(follower.run(followed, now, end)),
        }
    }

    async fn updated(&mut self) {
        timeout(DEADLINE, self.updates.changed())
            .await
            .unwrap()
            .unwrap();
    }

    fn lag(&self) -> Option<f64> {
        match self.board.load().read(&key(), start(), MAX_AGE) {
            Reading::Fresh(sample) => Some(sample.lag.as_f64()),
            Reading::Stale { .. } | Reading::Absent | Reading::Failed { .. } => None,
        }
    }
}

/// Waits for so many requests.
async fn requests(server: &MockServer, number: usize) -> Vec<wiremock::Request> {
    timeout(DEADLINE, async {
        loop {
            let seen = server.received_requests().await.unwrap();
            if seen.len() >= number {
                return seen;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap()
}

fn answer(lag: f64, etag: &str) -> ResponseTemplate {
    let body = document(lag);
    ResponseTemplate::new(200)
        .set_body_raw(body, "application/json")
        .insert_header("etag", etag)
}

#[tokio::test]
async fn another_configuration_wants_the_whole_document_again() {
    let server = MockServer::start().await;
    Mock::given(header("if-none-match", "\"1\""))
        .respond_with(ResponseTemplate::new(304))
        .with_priority(1)
        .mount(&server)
        .await;
    Mock::given(method("GET"))
        .respond_with(answer(7.0, "\"1\""))
        .mount(&server)
        .await;
    let mut standby = Standby::of(Some(server.uri()));
    standby.updated().await;
    // As a reload does it: an instance that is new on this board is in the document that is known.
    standby.board.update(|_| watching());
    assert_eq!(standby.lag(), None);
    standby.rules.send_modify(|_| {});
    standby.updated().await;
    assert_eq!(standby.lag(), Some(7.0));
}

#[tokio::test]
async fn the_board_of_the_leader_is_adopted_and_then_asked_for_by_its_mark() {
    let server = MockServer::start().await;
    Mock::given(path("/api/v1/handover"))
        .and(header("if-none-match", "\"1\""))
        .respond_with(ResponseTemplate::new(304))
        .with_priority(1)
        .mount(&server)
        .await;
    Mock::given(method("GET"))
        .and(path("/api/v1/handover"))
        .respond_with(answer(7.0, "\"1\""))
        .mount(&server)
        .await;
    let mut standby = Standby::of(Some(server.uri()));
    standby.updated().await;
    assert_eq!(standby.lag(), Some(7.0));
    let seen = requests(&server, 4).await;
    assert!(!seen[0].headers.contains_key("if-none-match"));
    assert!(
        seen[1..]
            .iter()
            .all(|one| one.headers["if-none-match"] == "\"1\"")
    );
    assert!(
        !standby.updates.has_changed().unwrap(),
        "nothing new, nothing told"
    );
    assert_eq!(standby.standing.look().followed_at, Some(start()));
    standby.trigger.trigger();
    timeout(DEADLINE, standby.task).await.unwrap().unwrap();
}

#[tokio::test]
async fn what_cannot_be_read_changes_nothing_and_counts_as_a_try() {
    let answers = [
        ResponseTemplate::new(200).set_body_string("<html>"),
        ResponseTemplate::new(200)
            .set_body_string(document(1.0).replace("\"version\":1", "\"version\":2")),
        ResponseTemplate::new(200).set_body_string(document(1.0).replace("1.0", "-1.0")),
        ResponseTemplate::new(404),
        ResponseTemplate::new(500),
        ResponseTemplate::new(304),
        ResponseTemplate::new(302).insert_header("location", "/elsewhere"),
    ];
    for broken in answers {
        let server = MockServer::start().await;
        Mock::given(path("/api/v1/handover"))
            .respond_with(broken)
            .mount(&server)
            .await;
        let standby = Standby::of(Some(server.uri()));
        let seen = requests(&server, 3).await;
        assert!(seen.iter().all(|one| one.url.path() == "/api/v1/handover"));
        assert_eq!(*standby.board.load(), watching());
        let stand = standby.standing.look();
        assert_eq!((stand.has_tried, stand.followed_at), (true, None));
    }
}

#[tokio::test]
async fn an_answer_of_oneself_is_no_answer() {
    let server = MockServer::start().await;
    Mock::given(path("/api/v1/handover"))
        .respond_with(written_by(7.0, "two-2", false))
        .mount(&server)
        .await;
    let standby = Standby::of(Some(server.uri()));
    requests(&server, 3).await;
    assert_eq!(*standby.board.load(), watching());
    let stand = standby.standing.look();
    assert_eq!((stand.has_tried, stand.followed_at), (true, None));
}

#[tokio::test]
async fn a_replica_that_does_not_lead_gives_its_samples_and_is_not_followed() {
    let server = MockServer::start().await;
    Mock::given(path("/api/v1/handover"))
        .respond_with(written_by(7.0, "one-1", false))
        .mount(&server)
        .await;
    let mut standby = Standby::of(Some(server.uri()));
    standby.updated().await;
    requests(&server, 3).await;
    assert_eq!(standby.lag(), Some(7.0));
    assert_eq!(standby.standing.look().followed_at, None);
    server.reset().await;
    Mock::given(path("/api/v1/handover"))
        .respond_with(written_by(8.0, "one-1", true))
        .mount(&server)
        .await;
    timeout(DEADLINE, async {
        while standby.standing.look().followed_at.is_none() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    assert!(standby.board.load().instance("a").unwrap().is_up());
}

#[tokio::test]
async fn when_nobody_asks_for_longer_than_the_grace_nothing_is_up_until_a_leader_is_read_again() {
    let server = MockServer::start().await;
    Mock::given(path("/api/v1/handover"))
        .and(header("if-none-match", "\"1\""))
        .respond_with(ResponseTemplate::new(304))
        .with_priority(1)
        .mount(&server)
        .await;
    Mock::given(path("/api/v1/handover"))
        .respond_with(answer(7.0, "\"1\""))
        .mount(&server)
        .await;
    let mut standby = Standby::of(Some(server.uri()));
    standby.updated().await;
    standby.leader.send_replace(None);
    let (trigger, end) = shutdown::channel();
    let attendance = Attendance {
        board: standby.board.clone(),
        updated: watch::Sender::new(()),
        standing: standby.standing.clone(),
        every: Duration::from_millis(5),
        grace: SignedDuration::from_secs(30),
    };
    let mut noticed = attendance.updated.subscribe();
    let later: Now = Arc::new(|| start() + SignedDuration::from_secs(31));
    let task = tokio::spawn(attendance.run(later, end));
    timeout(DEADLINE, noticed.changed()).await.unwrap().unwrap();
    let board = standby.board.load();
    let instance = board.instance("a").unwrap();
    assert!(instance.is_unattended() && !instance.is_up());
    assert_eq!(
        instance.failing_since,
        Some(start()),
        "when it was last read"
    );
    assert_eq!(standby.lag(), Some(7.0), "a number lives by its age alone");
    trigger.trigger();
    timeout(DEADLINE, task).await.unwrap().unwrap();

    // The board of the leader is the one that is known, and is read whole all the same.
    standby.leader.send_replace(Some(server.uri()));
    timeout(DEADLINE, async {
        while !standby.board.load().instance("a").unwrap().is_up() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn after_an_outage_the_leader_is_read_again() {
    let server = MockServer::start().await;
    let down = ResponseTemplate::new(503);
    let broken = Mock::given(path("/api/v1/handover"))
        .respond_with(down)
        .mount_as_scoped(&server)
        .await;
    let mut standby = Standby::of(Some(server.uri()));
    requests(&server, 2).await;
    drop(broken);
    Mock::given(path("/api/v1/handover"))
        .respond_with(answer(3.0, "\"1\""))
        .mount(&server)
        .await;
    standby.updated().await;
    assert_eq!(standby.lag(), Some(3.0));
}

#[tokio::test]
async fn another_leader_is_asked_without_the_mark_of_the_first() {
    let (one, two) = (MockServer::start().await, MockServer::start().await);
    Mock::given(path("/api/v1/handover"))
        .respond_with(answer(1.0, "\"1\""))
        .mount(&one)
        .await;
    Mock::given(path("/api/v1/handover"))
        .respond_with(answer(2.0, "\"1\""))
        .mount(&two)
        .await;
    let mut standby = Standby::of(None);
    standby.leader.send_replace(Some(one.uri()));
    standby.updated().await;
    assert_eq!(standby.lag(), Some(1.0));
    standby.leader.send_replace(Some(two.uri()));
    let seen = requests(&two, 1).await;
    assert!(!seen[0].headers.contains_key("if-none-match"));
    standby.updated().await;
    // It leads itself now, so nobody is asked.
    standby.leader.send_replace(None);
    let asked = two.received_requests().await.unwrap().len();
    tokio::task::yield_now().await;
    assert!(two.received_requests().await.unwrap().len() <= asked + 1);
}

#[tokio::test]
async fn an_answer_that_never_comes_does_not_hold_up_a_new_leader() {
    let (dead, alive) = (MockServer::start().await, MockServer::start().await);
    let late = answer(666.0, "\"1\"").set_delay(Duration::from_secs(3600));
    Mock::given(path("/api/v1/handover"))
        .respond_with(late)
        .mount(&dead)
        .await;
    Mock::given(path("/api/v1/handover"))
        .respond_with(answer(2.0, "\"1\""))
        .mount(&alive)
        .await;
    let mut standby = Standby::of(Some(dead.uri()));
    requests(&dead, 1).await;
    standby.leader.send_replace(Some(alive.uri()));
    standby.updated().await;
    assert_eq!(standby.lag(), Some(2.0));
}

#[tokio::test]
async fn an_address_that_is_none_is_a_try_that_failed() {
    let standby = Standby::of(Some(String::new()));
    timeout(DEADLINE, async {
        while !standby.standing.look().has_tried {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    assert_eq!(*standby.board.load(), watching());
}
