//! A lag, an autoscaler and time: what happens sync by sync.

use super::{
    Autoscaler, KedaNote, Load, Point, SYNC_PERIOD, autoscaler::Pilot, feed::Feed, load::whole,
    pods::Pods,
};
use crate::{Lag, LagSample, recommend, recommend::Running};
use jiff::{SignedDuration, Timestamp};

/// Where the lag comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// A lag that does not care about replicas.
    Series {
        /// Points in order of time; `None` where none could be had.
        points: Vec<(Timestamp, Option<Lag>)>,
        /// The first sync. Points before it are history.
        begin: Timestamp,
        /// No sync is later.
        end: Timestamp,
    },
    /// A lag that follows from the replicas. It begins at the epoch.
    Load(Load),
}

/// How long everything takes.
#[derive(Debug, Clone, PartialEq)]
pub struct Timing {
    /// From sync to sync; at least a second.
    pub sync: SignedDuration,
    /// From the request for a pod until it is ready.
    pub start_up: SignedDuration,
    /// From the time of a point until it can be seen.
    pub delay: SignedDuration,
    /// From point to point of a [`Load`].
    pub period: SignedDuration,
    /// Up to this age a point is a number.
    pub max_age: SignedDuration,
    /// The points of so much time make a trend.
    pub trend_over: SignedDuration,
}

impl Default for Timing {
    /// Nothing is late.
    fn default() -> Self {
        Self {
            sync: SYNC_PERIOD,
            start_up: SignedDuration::ZERO,
            delay: SignedDuration::ZERO,
            period: SignedDuration::from_mins(1),
            max_age: SignedDuration::from_mins(5),
            trend_over: SignedDuration::from_mins(3),
        }
    }
}

/// One sync, and what was around it.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Tick {
    /// The lag as it is now, known or not; `None` where even that cannot be said.
    pub lag: Option<Lag>,
    /// What may be known of it: `None` never scales.
    pub seen: Option<LagSample>,
    /// Replicas before.
    pub before: u32,
    /// Pods ready before.
    pub ready: u32,
    /// What the HPA saw and did; its `lag` is the metric it was given, which is a number of replicas behind a policy.
    pub point: Point,
    /// What the policy said.
    pub advice: Option<recommend::Why>,
    /// What KEDA did.
    pub keda: Option<KedaNote>,
}

/// The whole way, from so many replicas on.
#[must_use]
pub fn play(autoscaler: &Autoscaler, replicas: u32, input: &Input, timing: &Timing) -> Vec<Tick> {
    let every = timing.sync.max(SignedDuration::from_secs(1));
    let (mut world, begin, end) = World::new(input, timing);
    let mut pilot = Pilot::new(autoscaler, replicas);
    let mut pods = Pods::ready_ones(replicas, timing.start_up);
    let mut running = Running {
        replicas,
        since: Timestamp::MIN,
    };
    let next = |at: &Timestamp| at.checked_add(every).ok();
    let times = std::iter::successors(Some(begin), next).take_while(|at| *at <= end);
    let tick = |at| {
        world.advance(at, &pods);
        let ready = pods.ready(at);
        if ready != running.replicas {
            running = Running {
                replicas: ready,
                since: at,
            };
        }
        let before = pilot.controller.replicas();
        let seen = world.feed.seen(at, timing.delay, timing);
        let (point, advice, keda) = pilot.sync(at, seen, running);
        pods.scale(at, before, point.replicas);
        Tick {
            lag: world.lag(at, timing),
            seen,
            before,
            ready,
            point,
            advice,
            keda,
        }
    };
    times.map(tick).collect()
}

struct World<'i> {
    feed: Feed,
    load: Option<Backlog<'i>>,
}

struct Backlog<'i> {
    load: &'i Load,
    messages: f64,
    /// Whole seconds that have passed.
    passed: i64,
    /// Seconds from point to point.
    period: i64,
}

impl<'i> World<'i> {
    fn new(input: &'i Input, timing: &Timing) -> (Self, Timestamp, Timestamp) {
        match input {
            Input::Series { points, begin, end } => {
                let feed = Feed(points.clone());
                (Self { feed, load: None }, *begin, *end)
            }
            Input::Load(load) => {
                let begin = Timestamp::UNIX_EPOCH;
                // The last sync counts for the time up to the next.
                let last = load.lasts.saturating_sub(timing.sync);
                let end = begin.saturating_add(last).unwrap_or(Timestamp::MAX);
                let period = timing.period.as_secs().max(1);
                // The load does not begin in a dark room: before it, the lag was what it is.
                let back = timing
                    .delay
                    .as_secs()
                    .saturating_add(timing.trend_over.as_secs());
                let past = (1..=back / period + 1)
                    .rev()
                    .filter_map(|n| Timestamp::from_second(n.checked_mul(-period)?).ok());
                let feed = Feed(past.map(|at| (at, Some(load.lag))).collect());
                let backlog = Backlog {
                    load,
                    messages: load.lag.as_f64(),
                    passed: 0,
                    period,
                };
                let load = Some(backlog);
                (Self { feed, load }, begin, end)
            }
        }
    }

    /// Lets time pass up to `at`, second by second.
    fn advance(&mut self, at: Timestamp, pods: &Pods) {
        let Some(backlog) = &mut self.load else {
            return;
        };
        loop {
            let since = SignedDuration::from_secs(backlog.passed);
            let now = Timestamp::UNIX_EPOCH.saturating_add(since).unwrap_or(at);
            let is_due = backlog.passed % backlog.period == 0;
            let is_new = self.feed.0.last().is_none_or(|(last, _)| *last < now);
            if is_due && is_new && backlog.load.is_published(since) {
                self.feed.0.push((now, whole(backlog.messages)));
            }
            if now >= at {
                return;
            }
            let ready = pods.ready(now);
            backlog.messages = backlog.load.after_a_second(backlog.messages, since, ready);
            backlog.passed += 1;
        }
    }

    fn lag(&self, at: Timestamp, timing: &Timing) -> Option<Lag> {
        match &self.load {
            Some(backlog) => whole(backlog.messages),
            None => {
                let now = self.feed.seen(at, SignedDuration::ZERO, timing);
                now.map(|sample| sample.lag)
            }
        }
    }
}
