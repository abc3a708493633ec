//! Who hears of it: people once, the workload's events, and nobody about a repeat.

use crate::{
    api::{Api, Fault},
    world::{
        DEADLINE, NEWER, alert, allowed, body, clock, high, per_value, policy, read, start, target,
        until_done, with,
    },
};
use lag_actions::alert::Answer;
use lag_core::{
    Effect, Event, Language, Markup, Note,
    alert::AllowedTarget,
    compose,
    port::{BoxFuture, Notifier, PortError, PortErrorKind},
};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::sync::Notify;

#[derive(Debug, Default, Clone)]
struct Robot {
    told: Arc<Mutex<Vec<Vec<Note>>>>,
    /// Never answers.
    hangs: bool,
    fails: bool,
    rang: Arc<Notify>,
}

impl Notifier for Robot {
    fn name(&self) -> &str {
        "duty"
    }

    fn notify<'a>(&'a self, notes: &'a [&'a Note], _: u64) -> BoxFuture<'a, Result<(), PortError>> {
        Box::pin(async move {
            let notes = notes.iter().map(|note| (*note).clone()).collect();
            self.told.lock().unwrap().push(notes);
            self.rang.notify_one();
            if self.hangs {
                std::future::pending::<()>().await;
            }
            match self.fails {
                true => Err(PortError::new(PortErrorKind::Unavailable, "no")),
                false => Ok(()),
            }
        })
    }
}

impl Robot {
    fn told(&self) -> Vec<Vec<Note>> {
        self.told.lock().unwrap().clone()
    }

    /// Until it was called; not for ever.
    async fn rings(&self) {
        let limit = Duration::from_secs(60);
        tokio::time::timeout(limit, self.rang.notified())
            .await
            .unwrap();
    }

    fn as_list(&self) -> Arc<[Box<dyn Notifier>]> {
        Arc::new([Box::new(self.clone()) as Box<dyn Notifier>])
    }
}

fn words(notes: &[Note]) -> Vec<String> {
    let notes: Vec<&Note> = notes.iter().collect();
    let message = compose(&notes, 0, Language::English, Markup::Plain, notes[0].at);
    [vec![message.title], message.lines].concat()
}

#[tokio::test(start_paused = true)]
async fn one_message_for_a_delivery_says_what_was_done_and_a_repeat_says_nothing() {
    let (api, now) = (Api::new(&["cd-consumer", "cd-other"], 1), clock());
    let robot = Robot::default();
    let hands = with(&api.cluster(0), &now, DEADLINE, robot.as_list());
    let other = AllowedTarget::new("targets[1]", target("cd-other"));
    let policy = policy([allowed(), other]);
    let payload = body([high(), alert("scale-out", "cd-other", start())]);
    until_done(&hands, &policy, &payload).await;
    robot.rings().await;
    until_done(&hands, &policy, &payload).await;
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    let told = robot.told();
    assert_eq!(told.len(), 1);
    assert_eq!(
        words(&told[0]),
        [
            "Kafka lag: alerts changed 2 workloads",
            "Alert LagHigh: orders/Deployment/cd-consumer: scaled from 2 to 3 replicas.",
            "Alert LagHigh: orders/Deployment/cd-other: scaled from 2 to 3 replicas.",
        ]
    );
    api.with(|inner| assert_eq!(inner.seen["POST events"], 2));
}

#[tokio::test(start_paused = true)]
async fn people_hear_of_alerts_that_were_cut_off() {
    let (api, now) = (Api::new(&["cd-consumer"], 1), clock());
    let robot = Robot::default();
    let hands = with(&api.cluster(0), &now, DEADLINE, robot.as_list());
    until_done(&hands, &per_value(), &read(NEWER)).await;
    robot.rings().await;
    let lines = words(&robot.told()[0]);
    assert_eq!(
        lines[0],
        "Kafka lag: alert changed orders/Deployment/cd-consumer"
    );
    assert!(
        lines[1].ends_with("Alertmanager has cut 3 alerts off, about which nothing is known."),
        "{lines:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_robot_that_hangs_or_fails_changes_no_answer() {
    for (hangs, fails) in [(true, false), (false, true)] {
        let (api, now) = (Api::new(&["cd-consumer"], 1), clock());
        let robot = Robot {
            hangs,
            fails,
            ..Robot::default()
        };
        let hands = with(&api.cluster(0), &now, DEADLINE, robot.as_list());
        let handled = hands.handle(&policy([allowed()]), &body([high()])).await;
        assert_eq!(handled.answer, Answer::Done);
        robot.rings().await;
        assert_eq!(robot.told().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn what_an_earlier_try_has_done_is_told_when_it_is_found() {
    let (api, now) = (Api::new(&["cd-consumer"], 1), clock());
    let robot = Robot::default();
    let hands = with(&api.cluster(0), &now, DEADLINE, robot.as_list());
    let policy = policy([allowed()]);
    // The write: read, number, autoscalers, rollout, save, write.
    api.kill(0, 6, Fault::DownAfter);
    let handled = hands.handle(&policy, &body([high()])).await;
    assert_eq!(handled.answer, Answer::TryAgain);
    assert_eq!(robot.told().len(), 0);
    until_done(&hands, &policy, &body([high()])).await;
    robot.rings().await;
    let [note] = &robot.told()[0][..] else {
        panic!("{:?}", robot.told());
    };
    let Event::Alert { outcome, .. } = &note.event else {
        panic!("{note:?}");
    };
    assert_eq!(outcome.effect, Effect::Scaled { from: 2, to: 3 });
}
