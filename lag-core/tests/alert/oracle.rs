//! What the policy allows, said a second time and without a ledger: deliveries that are all processed whole, one after the other.

use crate::world::{World, bounds, high, minutes, policy, resolved, start, target};
use jiff::{SignedDuration, Timestamp};
use lag_core::alert::{AlertPolicy, AllowedTarget, Further, Payload};

const COOLDOWN: i64 = 5;
const EVERY: i64 = 10;
const LATE: i64 = 15;
const MOST: u32 = 1;
const CAP: usize = 4;

/// From 2 to at most 5 replicas; two steps for an episode, ten minutes apart, and five between any two.
pub(crate) fn two_stages() -> AlertPolicy {
    policy(AllowedTarget {
        cooldown: minutes(COOLDOWN),
        daily_cap: u32::try_from(CAP).unwrap(),
        further: Some(Further {
            every: minutes(EVERY),
            most: MOST,
        }),
        ..AllowedTarget::new("targets[0]", target("cd-consumer", bounds(1, 5)))
    })
}

/// What is delivered: a repeat and a copy of the other Alertmanager are `Fire` as well, a late copy is one after `Resolve`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Fire,
    Resolve,
    Refire,
}

pub(crate) use Kind::{Fire, Refire, Resolve};

/// One episode.
#[derive(Debug, Clone)]
struct Episode {
    starts_at: Timestamp,
    steps: u32,
    last: Option<Timestamp>,
    resolved: Option<Timestamp>,
}

/// The steps that are allowed.
#[derive(Debug, Clone)]
pub(crate) struct Oracle {
    now: Timestamp,
    episodes: Vec<Episode>,
    replicas: u32,
    pub(crate) steps: Vec<(Timestamp, u32)>,
}

impl Oracle {
    pub(crate) fn new() -> Self {
        let mut oracle = Self {
            now: start(),
            episodes: Vec::new(),
            replicas: 2,
            steps: Vec::new(),
        };
        oracle.open();
        oracle
    }

    fn open(&mut self) {
        // Also two episodes of one minute are two.
        let nanoseconds = i64::try_from(self.episodes.len()).unwrap();
        self.episodes.push(Episode {
            starts_at: self.now + SignedDuration::from_nanos(nanoseconds),
            steps: 0,
            last: None,
            resolved: None,
        });
    }

    /// The delivery, after so many minutes.
    pub(crate) fn deliver(&mut self, kind: Kind, gap: i64) -> (Timestamp, Payload) {
        self.now += minutes(gap);
        if kind == Refire {
            self.open();
        }
        let (now, total) = (self.now, self.steps.len());
        let passed =
            |since: Option<Timestamp>, time: i64| since.is_none_or(|at| at + minutes(time) <= now);
        let rested = passed(self.steps.last().map(|step| step.0), COOLDOWN);
        let episode = self.episodes.last_mut().unwrap();
        let alert = high(episode.starts_at);
        if kind == Resolve {
            episode.resolved = episode.resolved.or(Some(now));
            return (now, crate::world::body([resolved(alert)]));
        }
        if episode.resolved.is_some() && passed(episode.resolved, LATE) {
            episode.resolved = None;
        }
        let due = episode.steps <= MOST && passed(episode.last, EVERY);
        if episode.resolved.is_none() && due && rested && total < CAP && self.replicas < 5 {
            episode.steps += 1;
            episode.last = Some(now);
            self.replicas += 1;
            self.steps.push((now, self.replicas));
        }
        (now, crate::world::body([alert]))
    }

    pub(crate) fn compare(&self, world: &World, history: &impl std::fmt::Debug) {
        let made = world.effective.iter().map(|step| (step.at, step.to));
        assert!(
            made.eq(self.steps.iter().copied()),
            "{history:?}: allowed {:?}, made {:?}",
            self.steps,
            world.effective
        );
        assert_eq!(world.replicas, self.replicas);
    }
}
