//! Groups, rules, a clock, and runs of `execute` that end or are dropped in the middle.

use crate::ports::{Call, Cluster, Deployment, End, Hand, Robot, Session, Shared};
use jiff::{SignedDuration, Timestamp};
use lag_actions::{Hands, Report, execute};
use lag_core::{
    Board, Bounds, Effect, Event, GroupKey, Instance, InstanceId, Lag, LagSample, LagSnapshot,
    News, Note, OnAutoscaler, Replicas, RestartWay, SeriesName, TargetMap, TargetRule,
    WorkloadKind,
    escalate::{
        Action, CheckRules, CheckState, EscalationPolicy, Evaluation, PolicyBook, Stage, evaluate,
    },
    port::{Collected, Notifier, PortError, Scaler},
};
use std::{
    collections::BTreeMap,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

pub(crate) const OK: f64 = 90_000.0;
pub(crate) const ABOVE: f64 = 200_000.0;

/// Replicas of each workload at the beginning.
pub(crate) const BASE: u32 = 3;

pub(crate) type Ended = Result<Report, PortError>;

pub(crate) fn minutes(n: i64) -> SignedDuration {
    SignedDuration::from_mins(n)
}

fn key(group: &str) -> GroupKey {
    GroupKey::total("alikafka-1".parse().unwrap(), group.parse().unwrap())
}

/// Every sample is one minute old.
fn board(now: Timestamp, lags: &[(&str, f64)]) -> Board {
    let id: InstanceId = "alikafka-1".parse().unwrap();
    let name = |group: &str| SeriesName {
        group: group.parse().unwrap(),
        topic: None,
    };
    let instance = Instance {
        id: id.clone(),
        region: "cn-hangzhou".into(),
        expected: lags.iter().map(|(group, _)| name(group)).collect(),
    };
    let sample = |(group, lag): &(&str, f64)| {
        let sample = LagSample {
            at: now - minutes(1),
            lag: Lag::try_from(*lag).unwrap(),
            trend: None,
        };
        (name(group), sample)
    };
    let mut snapshot = LagSnapshot::empty(now);
    let samples = lags.iter().map(sample).collect();
    snapshot.instances.insert(id, samples);
    let collected = Collected {
        snapshot,
        failed: BTreeMap::new(),
    };
    Board::default()
        .watching("main", [instance], now)
        .collected("main", collected, Duration::ZERO, minutes(60))
}

/// Groups that begin with `g` are consumed by `cust`, those with `h` by `other`.
fn targets() -> TargetMap {
    let rule = |prefix: &str, name: &str| TargetRule {
        place: "check.yaml line 1: targets[0]".to_owned(),
        groups: vec![format!("prefix:{prefix}").parse().unwrap()],
        instances: vec![],
        namespace: "orders".parse().unwrap(),
        kind: WorkloadKind::Deployment,
        name: name.parse().unwrap(),
        bounds: Bounds::try_from((1, 10)).unwrap(),
        partitions: None,
        restart: RestartWay::Rollout,
        autoscaler: OnAutoscaler::Refuse,
    };
    TargetMap {
        rules: vec![rule("g", "cust"), rule("h", "other")],
        allowed: None,
    }
}

/// The ladder, stage by stage.
pub(crate) fn ladder<const N: usize>(stages: [&[Action]; N]) -> EscalationPolicy {
    let stage = |actions: &[Action]| Stage {
        actions: actions.to_vec(),
    };
    EscalationPolicy {
        stages: stages.map(stage).to_vec(),
        ..EscalationPolicy::default()
    }
}

pub(crate) const PLUS_TWO: Action = Action::Scale(Replicas::By(2));

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) now: Timestamp,
    pub(crate) policies: PolicyBook,
    pub(crate) robots: Vec<&'static str>,
    /// How long each restart takes.
    pub(crate) slow: SignedDuration,
    pub(crate) outside: Shared,
}

impl World {
    /// The default ladder, nothing remembered, two workloads, people who are told by `duty`.
    pub(crate) fn new() -> Self {
        Self::with(EscalationPolicy::default())
    }

    pub(crate) fn with(policy: EscalationPolicy) -> Self {
        let outside = Shared::default();
        let deployment = Deployment {
            replicas: BASE,
            ..Deployment::default()
        };
        let cluster = ["cust", "other"].map(|name| (name.to_owned(), deployment.clone()));
        outside.get().cluster = cluster.into();
        Self {
            now: "2026-01-15T08:30:00Z".parse().unwrap(),
            policies: PolicyBook {
                common: policy,
                overrides: vec![],
            },
            robots: vec!["duty"],
            slow: SignedDuration::ZERO,
            outside,
        }
    }

    /// From now on, calls end as the script says.
    pub(crate) fn script(&self, script: impl FnMut(&Call, &mut Cluster) -> End + Send + 'static) {
        self.outside.get().script = Some(Box::new(script));
    }

    /// From now on, every call that is meant ends like this.
    pub(crate) fn fails(&self, end: End, is_meant: impl Fn(&Call) -> bool + Send + 'static) {
        self.script(move |call, _| match is_meant(call) {
            true => end.clone(),
            false => End::Well,
        });
    }

    /// From now on, all calls end well.
    pub(crate) fn repaired(&mut self) -> &mut Self {
        self.outside.get().script = None;
        self
    }

    fn evaluate(&self, lags: &[(&str, f64)]) -> Evaluation {
        let rules = CheckRules {
            policies: &self.policies,
            targets: &targets(),
            max_age: minutes(5),
            hands_off: None,
        };
        let board = board(self.now, lags);
        let opinions = BTreeMap::new();
        evaluate(rules, &self.saved(), &board, &opinions, self.now).unwrap()
    }

    /// A run ten minutes after the last one.
    pub(crate) fn run(&mut self, lags: &[(&str, f64)]) -> Ended {
        self.now += minutes(10);
        self.run_now(lags).expect("no call hangs")
    }

    /// A run at this very moment; nothing when a call hangs, for then the run is dropped.
    pub(crate) fn run_now(&mut self, lags: &[(&str, f64)]) -> Option<Ended> {
        self.run_with(&Hand(self.outside.clone()), lags)
    }

    /// The same, with other hands.
    pub(crate) fn run_with(&mut self, scaler: &dyn Scaler, lags: &[(&str, f64)]) -> Option<Ended> {
        self.outside.get().journal.clear();
        let robot = |name: &&'static str| -> Box<dyn Notifier> {
            Box::new(Robot(name, self.outside.clone()))
        };
        let notifiers: Vec<_> = self.robots.iter().map(robot).collect();
        let (now, slow, outside) = (self.now, self.slow, self.outside.clone());
        let restarts = move || {
            let journal = &outside.get().journal;
            let restarts = journal
                .iter()
                .filter(|call| call.word().starts_with("restart"));
            i32::try_from(restarts.count()).unwrap()
        };
        let hands = Hands {
            policies: &self.policies,
            scaler,
            notifiers: &notifiers,
            now: Arc::new(move || now + slow * restarts()),
            dry_run: false,
        };
        let mut session = Session::open(&self.outside);
        let run = pin!(execute(self.evaluate(lags), &mut session, &hands));
        // A call of the fakes is ready at once or never.
        match run.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(ended) => Some(ended),
            Poll::Pending => None,
        }
    }

    pub(crate) fn saved(&self) -> CheckState {
        self.outside.get().saved.clone()
    }

    /// The calls of the last run.
    pub(crate) fn journal(&self) -> Vec<Call> {
        self.outside.get().journal.clone()
    }

    pub(crate) fn words(&self) -> Vec<String> {
        self.journal().iter().map(Call::word).collect()
    }

    /// What was saved last before the first call with this word, and that call's place in the journal.
    pub(crate) fn saved_before(&self, word: &str) -> (CheckState, usize) {
        let journal = self.journal();
        let place = journal.iter().position(|call| call.word() == word);
        let place = place.unwrap_or_else(|| panic!("no {word} in {:?}", self.words()));
        let saves = journal[..place].iter().rev();
        let mut saves = saves.filter_map(|call| match call {
            Call::Save(state) => Some(CheckState::clone(state)),
            _ => None,
        });
        let state = saves.next();
        (
            state.unwrap_or_else(|| panic!("nothing saved before {word}")),
            place,
        )
    }

    pub(crate) fn deployment(&self, name: &str) -> Deployment {
        self.outside.get().cluster[name].clone()
    }

    /// What this robot's people have received, in all runs.
    pub(crate) fn received(&self, who: &str) -> Vec<Note> {
        let outside = self.outside.get();
        outside.received.get(who).cloned().unwrap_or_default()
    }
}

/// The change of a group that is saved as pending; there is one.
pub(crate) fn pending<'s>(state: &'s CheckState, group: &str) -> &'s lag_core::escalate::Pending {
    let [pending] = &state.groups[&key(group)].pending[..] else {
        panic!("{:?}", state.groups);
    };
    pending
}

pub(crate) fn is_settled(state: &CheckState, group: &str) -> bool {
    let record = state.groups.get(&key(group));
    record.is_none_or(|record| record.pending.is_empty())
}

/// What a note tells.
pub(crate) fn news(note: &Note) -> &News {
    match &note.event {
        Event::Group { news, .. } => news,
        Event::Alert { .. } | Event::StateLost { .. } => panic!("{note:?}"),
    }
}

/// Effects of a run's changes, in order.
pub(crate) fn effects(ended: &Ended) -> Vec<Effect> {
    let acted = &ended.as_ref().unwrap().acted;
    let outcomes = acted.iter().flat_map(|(_, outcomes)| outcomes);
    outcomes.map(|outcome| outcome.effect.clone()).collect()
}
