//! The reliability figure: ten thousand deliveries with everything that goes wrong, against a count that knows no ledger.

use crate::{
    api::{Api, Dice, Fault},
    world::{alert, body, minutes, policy, process, resolved, target},
};
use jiff::{SignedDuration, Timestamp};
use lag_actions::{
    Now,
    alert::{AlertHands, Answer},
};
use lag_core::{
    Bounds,
    alert::{Alert, AlertPolicy, AllowedTarget, Further, Payload},
};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

const DELIVERIES: u64 = 10_000;
const SEEDS: u64 = 5;
const NAMES: [&str; 5] = ["cd-a", "cd-b", "cd-c", "cd-d", "cd-e"];
const MOST: u64 = 6;
const CAP: u32 = 12;
const FURTHER: u32 = 2;
/// Rounds begin so far apart that a next stage is due and the cooldown is over.
const ROUND: i64 = 20;
const RETENTION: SignedDuration = SignedDuration::from_hours(3);

fn midnight() -> Timestamp {
    "2026-11-22T00:00:00Z".parse().unwrap()
}

fn rules() -> AlertPolicy {
    let one = |name: &&str| {
        let mut target = target(name);
        target.bounds = Bounds::try_from((1, u32::try_from(MOST).unwrap())).unwrap();
        AllowedTarget {
            cooldown: minutes(5),
            daily_cap: CAP,
            further: Some(Further {
                every: minutes(10),
                most: FURTHER,
            }),
            ..AllowedTarget::new(format!("targets of {name}"), target)
        }
    };
    AlertPolicy {
        retention: RETENTION,
        ..policy(NAMES.iter().map(one).collect::<Vec<_>>())
    }
}

/// One workload, as somebody sees it who only counts.
struct Expected {
    replicas: u64,
    day: i64,
    today: u32,
    /// Of the episode that fires now: its alert, and steps made.
    fires: Option<(Alert, u32)>,
    steps: u64,
}

impl Expected {
    /// A round in which the alert fires.
    fn fire(&mut self, due: Timestamp) {
        let day = due.as_second() / 86_400;
        if day != self.day {
            (self.day, self.today) = (day, 0);
        }
        let (alert, stages) = self.fires.as_mut().unwrap();
        // Who has waited for so long could be a repeat that nobody remembers.
        let is_known = *stages > 0 || due.duration_since(alert.starts_at.unwrap()) < RETENTION;
        if is_known && *stages <= FURTHER && self.today < CAP && self.replicas < MOST {
            *stages += 1;
            self.today += 1;
            self.replicas += 1;
            self.steps += 1;
        }
    }
}

#[derive(Debug, Default)]
struct Count {
    deliveries: u64,
    again: u64,
    kills: u64,
    lost: u64,
    pairs: u64,
}

struct Life<'a> {
    api: &'a Api,
    now: Now,
    rules: &'a AlertPolicy,
    dice: Dice,
    hands: [AlertHands; 2],
    count: Count,
}

impl Life<'_> {
    fn restart(&mut self, replica: usize) {
        self.hands[replica] = process(&self.api.cluster(replica), &self.now);
    }

    /// One delivery to one replica; whether Alertmanager has its answer.
    async fn deliver(
        api: &Api,
        hands: &AlertHands,
        rules: &AlertPolicy,
        replica: usize,
        payload: &Payload,
        is_doomed: bool,
    ) -> Option<Answer> {
        if !is_doomed {
            return Some(hands.handle(rules, payload).await.answer);
        }
        tokio::select! {
            biased;
            () = api.is_killed(replica) => None,
            handled = hands.carry_out(rules, payload) => Some(handled.answer),
        }
    }

    /// Until each body was answered as done: in any order, by either replica, one or two at a time.
    async fn answer_all(&mut self, mut queue: Vec<Payload>) {
        let most = 100 * (queue.len() + 1);
        for turn in 0.. {
            if queue.is_empty() {
                return;
            }
            assert!(turn < most, "it is never done");
            tokio::time::advance(Duration::from_millis(500)).await;
            let two = queue.len() > 1 && self.dice.percent(50);
            let mut jobs = Vec::new();
            for replica in self.order().into_iter().take(if two { 2 } else { 1 }) {
                let body = queue.swap_remove(self.dice.below(queue.len()));
                let is_doomed = self.dice.percent(12);
                if is_doomed {
                    let how = [Fault::Hang, Fault::HangAfter, Fault::Late][self.dice.below(3)];
                    let nth = u64::try_from(self.dice.below(8)).unwrap() + 1;
                    self.api.kill(replica, nth, how);
                }
                jobs.push((replica, body, is_doomed));
            }
            self.count.pairs += u64::from(two);
            let run = |job: &(usize, Payload, bool)| {
                let (replica, body, is_doomed) = job.clone();
                let (api, hands) = (self.api.clone(), self.hands[replica].clone());
                let rules = self.rules.clone();
                async move { Self::deliver(&api, &hands, &rules, replica, &body, is_doomed).await }
            };
            let answers = match &jobs[..] {
                [one, two] => {
                    let (one, two) = tokio::join!(run(one), run(two));
                    vec![one, two]
                }
                jobs => vec![run(&jobs[0]).await],
            };
            for ((replica, body, _), answer) in jobs.into_iter().zip(answers) {
                self.api.spare(replica);
                self.count.deliveries += 1;
                let is_lost = self.dice.percent(5);
                match answer {
                    None => {
                        self.count.kills += 1;
                        self.restart(replica);
                    }
                    Some(Answer::TryAgain) => self.count.again += 1,
                    Some(Answer::Done) if is_lost => self.count.lost += 1,
                    Some(Answer::Done) => continue,
                }
                queue.push(body);
            }
        }
    }

    fn order(&mut self) -> [usize; 2] {
        if self.dice.percent(50) {
            [0, 1]
        } else {
            [1, 0]
        }
    }

    /// Bodies of one to three alerts, cut anew for each of the two Alertmanagers, and some once more.
    fn bodies(&mut self, alerts: &[Alert]) -> Vec<Payload> {
        let mut bodies = Vec::new();
        for _ in 0..2 {
            let mut alerts = alerts.to_vec();
            while !alerts.is_empty() {
                let size = (1 + self.dice.below(3)).min(alerts.len());
                let part: Vec<_> = (0..size)
                    .map(|_| alerts.swap_remove(self.dice.below(alerts.len())))
                    .collect();
                let copies = 1 + usize::from(self.dice.percent(20));
                bodies.extend(std::iter::repeat_n(body(part), copies));
            }
        }
        bodies
    }
}

/// What somebody who only counts expects, and what was made.
async fn live(seed: u64, least: u64) -> (Count, Api, u64) {
    let api = Api::new(&NAMES, seed);
    api.with(|inner| inner.trouble = 8);
    let begin = Instant::now();
    let now: Now =
        Arc::new(move || midnight() + SignedDuration::try_from(begin.elapsed()).unwrap());
    let rules = rules();
    let hands = [0, 1].map(|replica| process(&api.cluster(replica), &now));
    let mut life = Life {
        api: &api,
        now: Arc::clone(&now),
        rules: &rules,
        dice: Dice(seed),
        hands,
        count: Count::default(),
    };
    let fresh = |_: &&str| Expected {
        replicas: 2,
        day: 0,
        today: 0,
        fires: None,
        steps: 0,
    };
    let mut expected: Vec<Expected> = NAMES.iter().map(fresh).collect();
    let mut round = 0;
    while life.count.deliveries < least {
        round += 1;
        let due = midnight() + minutes(ROUND * round);
        let left = due.duration_since(now());
        assert!(
            left > minutes(5),
            "a round takes too long: {left:?} are left"
        );
        tokio::time::advance(left.try_into().unwrap()).await;
        let (mut fires, mut ends) = (Vec::new(), Vec::new());
        for (name, one) in NAMES.iter().zip(&mut expected) {
            if one.fires.is_none() && one.replicas > 3 && life.dice.percent(50) {
                // A person, while all is quiet.
                one.replicas = 1;
                api.set(name, 1);
            }
            match &one.fires {
                None if life.dice.percent(60) => {
                    one.fires = Some((alert("scale-out", name, due), 0));
                }
                None => continue,
                Some((alert, _)) if life.dice.percent(30) => {
                    ends.push(alert.clone());
                    one.fires = None;
                    continue;
                }
                Some(_) => {}
            }
            one.fire(due);
            fires.extend(one.fires.as_ref().map(|(alert, _)| alert.clone()));
        }
        let mut queue = life.bodies(&fires);
        queue.extend(life.bodies(&ends.iter().cloned().map(resolved).collect::<Vec<_>>()));
        life.answer_all(queue).await;
        // Copies that were on their way for long, and repeats of all that fires.
        let mut late = life.bodies(&ends);
        late.extend(life.bodies(&fires));
        life.answer_all(late).await;
        for (name, one) in NAMES.iter().zip(&expected) {
            let made =
                api.with(|inner| inner.steps.iter().filter(|step| step.name == *name).count());
            let made = u64::try_from(made).unwrap();
            let found = (made, api.replicas(name));
            assert_eq!(
                found,
                (one.steps, one.replicas),
                "seed {seed}, round {round}, {name}"
            );
        }
    }
    let steps = expected.iter().map(|one| one.steps).sum();
    (life.count, api, steps)
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_deliveries_make_exactly_the_steps_that_are_allowed() {
    let real = std::time::Instant::now();
    let (mut all, mut allowed_steps, mut made) = (Count::default(), 0, 0);
    let (mut faults, mut conflicts, mut requests) = (0, 0, 0);
    for seed in 1..=SEEDS {
        let (count, api, steps) = live(seed, DELIVERIES / SEEDS).await;
        all.deliveries += count.deliveries;
        all.again += count.again;
        all.kills += count.kills;
        all.lost += count.lost;
        all.pairs += count.pairs;
        allowed_steps += steps;
        api.with(|inner| {
            made += u64::try_from(inner.steps.len()).unwrap();
            faults += inner.faults.values().sum::<u64>();
            conflicts += inner.conflicts;
            requests += inner.seen.values().sum::<u64>();
            assert!(inner.steps.iter().all(|step| step.to == step.from + 1));
        });
    }
    println!(
        "{} deliveries ({} at the same time as another): {} killed in the middle, {} answers lost, {} answered with 5xx; \
         {requests} requests, {faults} of them failed, hung or came late, {conflicts} conflicts: \
         {allowed_steps} steps allowed, {made} made; {:.1} s",
        all.deliveries,
        2 * all.pairs,
        all.kills,
        all.lost,
        all.again,
        real.elapsed().as_secs_f64()
    );
    assert_eq!(made, allowed_steps);
    assert!(all.deliveries >= DELIVERIES && made > 300, "{made}");
    assert!(all.kills > 300 && all.lost > 300 && all.again > 300 && conflicts > 100);
}
