//! A world for the rules: a clock, readings, one workload that takes changes, and what people were told.

use jiff::{SignedDuration, Timestamp};
use lag_core::{
    Board, Bounds, Effect, Event, GroupKey, Instance, InstanceId, Lag, LagSample, LagSnapshot,
    News, OnAutoscaler, Opinion, Outcome, RestartWay, SeriesName, Target, TargetMap, TargetRule,
    WorkloadKind,
    escalate::{
        ActionPlan, Change, CheckRules, CheckState, EscalationPolicy, Evaluation, GroupState, Hold,
        PolicyBook, ScaleDecision, ScaleSubject, Verdict, decide_scale, evaluate, remember, settle,
    },
    port::{Collected, Failure, Scalable},
};
use std::{collections::BTreeMap, time::Duration};

pub(crate) const MAX_AGE: SignedDuration = SignedDuration::from_mins(5);

/// What is read of a group in a run.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Seen {
    /// A lag, one minute old.
    Lag(f64),
    Sample(LagSample),
    Stale,
    Absent,
    Failed,
}

pub(crate) const OK: Seen = Seen::Lag(90_000.0);
pub(crate) const BETWEEN: Seen = Seen::Lag(120_000.0);
pub(crate) const ABOVE: Seen = Seen::Lag(200_000.0);

pub(crate) fn start() -> Timestamp {
    "2026-01-15T08:30:00Z".parse().unwrap()
}

pub(crate) fn minutes(n: i64) -> SignedDuration {
    SignedDuration::from_mins(n)
}

pub(crate) fn lag(messages: f64) -> Lag {
    Lag::try_from(messages).unwrap()
}

/// Every group has an instance of its own, so that one can fail alone.
pub(crate) fn key(group: &str) -> GroupKey {
    GroupKey::total(group.parse().unwrap(), group.parse().unwrap())
}

/// What the board shows at this moment.
pub(crate) fn board(now: Timestamp, seen: &[(&str, Seen)]) -> Board {
    let id = |group: &str| -> InstanceId { group.parse().unwrap() };
    let name = |group: &str| SeriesName {
        group: group.parse().unwrap(),
        topic: None,
    };
    let instances = seen.iter().map(|(group, _)| Instance {
        id: id(group),
        region: "cn-hangzhou".into(),
        expected: vec![name(group)],
    });
    let mut collected = Collected {
        snapshot: LagSnapshot::empty(now),
        failed: BTreeMap::new(),
    };
    for (group, seen) in seen {
        let ago = |age: i64, lag_: f64| LagSample {
            at: now - minutes(age),
            lag: lag(lag_),
            trend: None,
        };
        let samples = match seen {
            Seen::Lag(number) => vec![(name(group), ago(1, *number))],
            Seen::Sample(sample) => vec![(name(group), *sample)],
            Seen::Stale => vec![(name(group), ago(8, 200_000.0))],
            Seen::Absent => vec![],
            Seen::Failed => {
                let failure = Failure {
                    kind: "throttled",
                    detail: "the cloud said no".into(),
                };
                collected.failed.insert(id(group), failure);
                continue;
            }
        };
        collected.snapshot.instances.insert(id(group), samples);
    }
    Board::default().watching("main", instances, now).collected(
        "main",
        collected,
        Duration::ZERO,
        minutes(60),
    )
}

/// The one workload, and how it takes changes.
#[derive(Debug, Clone)]
pub(crate) struct Cluster {
    pub replicas: u32,
    pub mark: Option<Timestamp>,
    pub restarts: u32,
    /// What every change comes to instead of being made.
    pub instead: Option<Effect>,
}

pub(crate) fn broken() -> Effect {
    Effect::Failed {
        reason: "connection refused".to_owned(),
        last: false,
    }
}

impl Cluster {
    pub(crate) fn found(&self) -> Scalable {
        Scalable {
            subject: ScaleSubject::Replicas,
            replicas: self.replicas,
            at: self.replicas,
            most: None,
            owner: None,
            version: "1".to_owned(),
        }
    }

    /// Carries a plan out, as the executor does: the number is remembered before it is written.
    pub(crate) fn act(&mut self, state: &mut CheckState, plan: &ActionPlan) -> Vec<Effect> {
        let act = |(index, change)| self.change(state, plan, index, change);
        plan.changes.iter().enumerate().map(act).collect()
    }

    fn change(
        &mut self,
        state: &mut CheckState,
        plan: &ActionPlan,
        index: usize,
        change: &Change,
    ) -> Effect {
        let decision = match change {
            Change::Restart { .. } if self.instead.is_some() => {
                return self.instead.clone().unwrap();
            }
            Change::Restart { mark } if self.mark == Some(*mark) => {
                return Effect::AlreadyRestarted;
            }
            Change::Restart { mark } => {
                self.mark = Some(*mark);
                self.restarts += 1;
                return Effect::Restarted;
            }
            Change::Scale { .. } | Change::ScaleBack(_) => {
                decide_scale(change, &self.found(), &plan.target)
            }
        };
        match decision {
            ScaleDecision::Write(resolved) => {
                remember(state, plan, index, &resolved);
                if let Some(instead) = &self.instead {
                    return instead.clone();
                }
                let from = self.replicas;
                self.replicas = resolved.to;
                Effect::Scaled {
                    from,
                    to: resolved.to,
                }
            }
            ScaleDecision::Already { at } => Effect::AlreadyScaled { at },
            ScaleDecision::Refuse(refusal) => Effect::Refused(refusal),
        }
    }
}

pub(crate) fn outcomes(plan: &ActionPlan, effects: Vec<Effect>, now: Timestamp) -> Vec<Outcome> {
    let outcome = |effect| Outcome {
        stage: plan.stage,
        at: now,
        workload: plan.target.workload.to_string(),
        effect,
    };
    effects.into_iter().map(outcome).collect()
}

/// What came of one run.
#[derive(Debug)]
pub(crate) struct Ran {
    pub verdicts: BTreeMap<GroupKey, Verdict>,
    pub plans: Vec<ActionPlan>,
    pub effects: Vec<Effect>,
    pub news: Vec<News>,
    pub to_confirm: Vec<GroupKey>,
}

impl Ran {
    /// The verdict of group `g` in a word or two.
    pub(crate) fn word(&self) -> String {
        self.word_of("g")
    }

    pub(crate) fn word_of(&self, group: &str) -> String {
        match &self.verdicts[&key(group)] {
            Verdict::Ok(_) => "ok".to_owned(),
            Verdict::Escalated { stage, .. } => format!("escalated {stage}"),
            Verdict::Retried { stage, .. } => format!("retried {stage}"),
            Verdict::Held { why, .. } => match why {
                Hold::SameSample => "same sample".to_owned(),
                Hold::Between => "between".to_owned(),
                Hold::NotSustained { .. } => "not sustained".to_owned(),
                Hold::Gap { .. } => "gap".to_owned(),
                Hold::Draining { .. } => "draining".to_owned(),
                Hold::Unconfirmed { .. } => "unconfirmed".to_owned(),
                Hold::Disputed { .. } => "disputed".to_owned(),
                Hold::HandsOff(reason) => format!("hands off: {reason}"),
            },
            Verdict::Exhausted { reminded: true, .. } => "reminded".to_owned(),
            Verdict::Exhausted { .. } => "exhausted".to_owned(),
            Verdict::Recovered { stages, .. } => format!("recovered {stages}"),
            Verdict::Unknown { state, .. } => (*state).to_owned(),
        }
    }

    /// What is planned for the workload, change by change.
    pub(crate) fn changes(&self) -> Vec<&Change> {
        self.plans.iter().flat_map(|plan| &plan.changes).collect()
    }
}

#[derive(Debug, Clone)]
pub(crate) struct World {
    pub state: CheckState,
    pub policies: PolicyBook,
    pub targets: TargetMap,
    pub cluster: Cluster,
    pub now: Timestamp,
    pub opinions: BTreeMap<GroupKey, Opinion>,
    pub hands_off: Option<&'static str>,
}

/// Fixed rules for groups that begin with `g` (`orders/Deployment/cust`) and with `h` (`orders/Deployment/other`).
pub(crate) fn targets() -> TargetMap {
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

pub(crate) fn target() -> Target {
    targets().resolve(&key("g")).unwrap().unwrap()
}

/// The default policy, one workload with three replicas, nothing remembered.
pub(crate) fn world() -> World {
    World {
        state: CheckState::default(),
        policies: PolicyBook::default(),
        targets: targets(),
        cluster: Cluster {
            replicas: 3,
            mark: None,
            restarts: 0,
            instead: None,
        },
        now: start(),
        opinions: BTreeMap::new(),
        hands_off: None,
    }
}

impl World {
    pub(crate) fn with(policy: impl FnOnce(&mut EscalationPolicy)) -> Self {
        let mut world = world();
        policy(&mut world.policies.common);
        world
    }

    pub(crate) fn record(&self) -> &GroupState {
        &self.state.groups[&key("g")]
    }

    pub(crate) fn evaluate(&self, seen: &[(&str, Seen)]) -> Evaluation {
        let rules = CheckRules {
            policies: &self.policies,
            targets: &self.targets,
            max_age: MAX_AGE,
            hands_off: self.hands_off,
        };
        let board = board(self.now, seen);
        evaluate(rules, &self.state, &board, &self.opinions, self.now).unwrap()
    }

    /// A run ten minutes after the last one, for group `g`.
    pub(crate) fn run(&mut self, seen: Seen) -> Ran {
        self.run_all(&[("g", seen)])
    }

    pub(crate) fn run_all(&mut self, seen: &[(&str, Seen)]) -> Ran {
        self.now += minutes(10);
        self.run_now(seen)
    }

    /// A run at this very moment.
    pub(crate) fn run_now(&mut self, seen: &[(&str, Seen)]) -> Ran {
        let told = self.told();
        let evaluation = self.evaluate(seen);
        self.state = evaluation.state;
        let mut effects = Vec::new();
        for plan in &evaluation.plans {
            let made = self.cluster.act(&mut self.state, plan);
            effects.extend(made.iter().cloned());
            let outcomes = outcomes(plan, made, self.now);
            settle(&mut self.state, &self.policies, plan, &outcomes, self.now);
        }
        Ran {
            verdicts: verdicts(evaluation.verdicts),
            plans: evaluation.plans,
            effects,
            news: self.news_after(told),
            to_confirm: evaluation.to_confirm,
        }
    }

    /// A run that is ended by a crash after its first save; its changes were made or not.
    pub(crate) fn crash(&mut self, seen: Seen, made: bool) {
        self.now += minutes(10);
        let evaluation = self.evaluate(&[("g", seen)]);
        self.state = evaluation.state;
        for plan in evaluation.plans.iter().filter(|_| made) {
            self.cluster.act(&mut self.state, plan);
        }
    }

    fn told(&self) -> usize {
        self.state.outbox.len()
    }

    fn news_after(&self, told: usize) -> Vec<News> {
        let news = |note: &lag_core::Note| match &note.event {
            Event::Group { news, .. } => news.clone(),
            Event::Alert { .. } | Event::StateLost { .. } => {
                panic!("evaluate knows nothing of files")
            }
        };
        self.state.outbox.iter().skip(told).map(news).collect()
    }
}

fn verdicts(list: Vec<lag_core::escalate::GroupVerdict>) -> BTreeMap<GroupKey, Verdict> {
    list.into_iter().map(|one| (one.key, one.verdict)).collect()
}
