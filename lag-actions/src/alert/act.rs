//! The order of one delivery. It is what makes a crash harmless at any line; see [`lag_core::alert`].

use super::{
    AlertHands, LedgerVersion,
    answer::{Slot, of_decision},
    tell::Told,
    word,
};
use jiff::Timestamp;
use lag_core::{
    Effect,
    alert::{
        AlertPolicy, Begun, Found, Hold, Intent, Ledger, Payload, Planned, StepState, Wish, begin,
        due, plan, settle,
    },
    escalate::ScaleSubject,
    port::{PortError, PortErrorKind, Scalable},
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// Started over after a conflict at most so often: the version of a workload also changes with its status.
const RESTARTS: usize = 5;

/// What is to be done.
pub(super) enum Job<'a> {
    Deliver(&'a Payload),
    Tick,
}

/// One delivery under way.
pub(super) struct Run<'a> {
    hands: &'a AlertHands,
    policy: &'a AlertPolicy,
    job: Job<'a>,
    saved: Arc<Ledger>,
    version: LedgerVersion,
    /// As `saved`, with what is not saved yet.
    ledger: Ledger,
    slots: BTreeMap<usize, Slot>,
    told: Vec<Told>,
}

impl<'a> Run<'a> {
    pub(super) fn new(hands: &'a AlertHands, policy: &'a AlertPolicy, job: Job<'a>) -> Self {
        let count = match &job {
            Job::Deliver(payload) => payload.alerts.len(),
            Job::Tick => 0,
        };
        let nothing = Slot::new(word::UNAVAILABLE, "nothing was begun").again();
        Self {
            hands,
            policy,
            job,
            saved: Arc::default(),
            version: LedgerVersion::NONE,
            ledger: Ledger::default(),
            slots: (0..count).map(|alert| (alert, nothing.clone())).collect(),
            told: Vec::new(),
        }
    }

    /// Goes until it ends, with all conflicts. Dropped anywhere, its slots say what is known.
    pub(super) async fn go(&mut self) {
        let _turn = self.hands.turn.lock().await;
        let mut last = None;
        for _ in 0..=RESTARTS {
            match self.round().await {
                Ok(()) => return,
                Err(error) if error.kind == PortErrorKind::Conflict => last = Some(error),
                Err(error) => return self.stop(&error),
            }
        }
        if let Some(error) = last {
            self.stop(&error);
        }
    }

    pub(super) fn out_of_time(&mut self, deadline: Duration) {
        let seconds = deadline.as_secs_f64();
        let what = format!("no time: it has taken {seconds} s");
        self.stop(&PortError::new(PortErrorKind::Unavailable, what));
    }

    pub(super) fn end(self) -> (BTreeMap<usize, Slot>, Vec<Told>) {
        (self.slots, self.told)
    }

    /// Whatever has not ended says why, and is wanted again: that an alert has ended must be noted as well.
    fn stop(&mut self, error: &PortError) {
        tracing::warn!(%error, "a delivery could not be carried to its end");
        let open = |slot: &&mut Slot| !slot.is_final && slot.result != word::REFUSED;
        for slot in self.slots.values_mut().filter(open) {
            if slot.result != word::UNKNOWN {
                slot.result = word::UNAVAILABLE;
            }
            slot.words = error.to_string();
            slot.again = true;
        }
    }

    /// From reading the ledger on. The error is the ledger's, or a conflict: somebody was faster.
    async fn round(&mut self) -> Result<(), PortError> {
        self.read().await?;
        let planned = self.plan();
        let mut rest = planned.iter().peekable();
        while let Some(one) = rest.next() {
            let is_as_planned = self.act(one).await?;
            if !is_as_planned && rest.peek().is_some() {
                let what = "the ledger has changed since it was planned";
                return Err(PortError::new(PortErrorKind::Conflict, what));
            }
        }
        // What was seen, where nothing is begun.
        self.save().await
    }

    async fn read(&mut self) -> Result<(), PortError> {
        (self.saved, self.version) = self.hands.store.load().await?;
        self.hands.remember(&self.saved);
        self.ledger = Ledger::clone(&self.saved);
        Ok(())
    }

    async fn save(&mut self) -> Result<(), PortError> {
        if self.ledger == *self.saved {
            return Ok(());
        }
        self.version = self.hands.store.save(&self.ledger, &self.version).await?;
        self.saved = Arc::new(self.ledger.clone());
        self.hands.remember(&self.saved);
        Ok(())
    }

    fn plan(&mut self) -> Vec<Planned> {
        let now = (self.hands.now)();
        let payload = match self.job {
            Job::Deliver(payload) => payload,
            Job::Tick => {
                let due = due(self.policy, &self.ledger, now).into_iter();
                return due.map(|intent| self.planned_by_time(intent)).collect();
            }
        };
        let plan = plan(self.policy, &self.ledger, payload, now);
        self.ledger = plan.ledger;
        for (index, (alert, decision)) in payload.alerts.iter().zip(&plan.decisions).enumerate() {
            let slot = of_decision(alert, decision, &self.ledger);
            self.note(&[index], slot);
        }
        plan.planned
    }

    fn planned_by_time(&self, intent: Intent) -> Planned {
        let mut targets = self.policy.targets.iter();
        let place = targets.position(|one| one.target.workload == intent.target.workload);
        Planned {
            alerts: place.into_iter().collect(),
            intent,
        }
    }

    fn note(&mut self, alerts: &[usize], slot: Slot) {
        for alert in alerts {
            let is_final = self.slots.get(alert).is_some_and(|known| known.is_final);
            if !is_final {
                self.slots.insert(*alert, slot.clone());
            }
        }
    }

    fn note_of(&mut self, one: &Planned, slot: Slot) {
        self.note(&one.alerts, slot.of(&one.intent.target.workload));
    }

    /// One change. Whether the ledger still is the one that was planned upon.
    async fn act(&mut self, one: &Planned) -> Result<bool, PortError> {
        let intent = &one.intent;
        let (scale, rolling_out) = match self.look(intent).await {
            Ok(found) => found,
            Err(error) => {
                let slot = if is_certain(&error) {
                    self.tell(one, failed(&error), false);
                    Slot::new(word::FAILED, error.to_string()).last()
                } else {
                    Slot::new(word::UNAVAILABLE, error.to_string()).again()
                };
                self.note_of(one, slot);
                return Ok(true);
            }
        };
        let found = Found {
            scale: scale.as_ref(),
            rolling_out,
        };
        let (ledger, begun) = begin(&self.ledger, intent, found, (self.hands.now)());
        self.ledger = ledger;
        let is_write = matches!(begun, Begun::Write { .. } | Begun::Restart { .. });
        if is_write || intent.resumes.is_some() {
            let open = Slot::new(word::UNKNOWN, format!("{begun}: it may be done")).again();
            self.note_of(one, open);
        }
        self.save().await?;
        let scaler = &self.hands.scaler;
        let (number, made) = match (&begun, &scale) {
            (Begun::Write { number, scale }, Some(found)) => {
                let made = scaler.scale(&intent.target, found, scale.to).await;
                (*number, made)
            }
            (Begun::Restart { number, mark }, _) => {
                let mark = whole_seconds(*mark);
                (*number, scaler.restart(&intent.target, &mark).await)
            }
            _ => {
                self.nothing_written(one, &begun);
                return Ok(true);
            }
        };
        self.written(one, number, made).await
    }

    /// The number first: a rollout that begins after that makes the write a conflict.
    async fn look(&self, intent: &Intent) -> Result<(Option<Scalable>, bool), PortError> {
        let (scaler, target) = (&self.hands.scaler, &intent.target);
        let needs_number = intent.wish != Wish::Restart && target.workload.kind.can_scale();
        let scale = match needs_number {
            true => Some(scaler.scalable(target).await?),
            false => None,
        };
        // Our own rollout is no reason to leave it half done.
        let rolling_out = intent.resumes.is_none() && scaler.is_rolling_out(target).await?;
        Ok((scale, rolling_out))
    }

    fn nothing_written(&mut self, one: &Planned, begun: &Begun) {
        let words = begun.to_string();
        let slot = match begun {
            Begun::Settled(StepState::Done) => {
                if let Some(effect) = self.made_before(&one.intent) {
                    self.tell(one, effect, true);
                }
                Slot::new(word::DONE, words).last()
            }
            Begun::Settled(StepState::Superseded) => Slot::new(word::SUPERSEDED, words),
            Begun::Settled(StepState::Failed) => Slot::new(word::FAILED, words),
            Begun::Already { .. } => Slot::new(word::ALREADY, words),
            Begun::Wait(Hold::Unfinished) => Slot::new(word::WAIT, words).again(),
            Begun::Wait(Hold::Cooldown | Hold::DailyCap | Hold::Rollout) => {
                Slot::new(word::WAIT, words)
            }
            Begun::Refused(_) => Slot::new(word::REFUSED, words),
            Begun::Settled(StepState::Intended) | Begun::Write { .. } | Begun::Restart { .. } => {
                Slot::new(word::UNKNOWN, words).again()
            }
        };
        if let Begun::Refused(lag_core::alert::Reason::Workload(refusal)) = begun {
            self.tell(one, Effect::Refused(refusal.clone()), false);
        }
        self.note_of(one, slot);
    }

    /// What an earlier try has done and could not say.
    fn made_before(&self, intent: &Intent) -> Option<Effect> {
        let known = self.ledger.workloads.get(&intent.target.workload)?;
        let step = known
            .steps
            .iter()
            .find(|step| Some(step.number) == intent.resumes)?;
        let Some(scale) = step.change.scale() else {
            return Some(Effect::Restarted);
        };
        let (from, to) = (scale.from, scale.to);
        let minimum = |autoscaler| Effect::MinimumChanged {
            autoscaler,
            from,
            to,
        };
        Some(match &scale.subject {
            ScaleSubject::Replicas => Effect::Scaled { from, to },
            ScaleSubject::HpaMin(name) => minimum(format!("HorizontalPodAutoscaler/{name}")),
            ScaleSubject::ScaledObjectMin(name) => minimum(format!("ScaledObject/{name}")),
        })
    }

    /// A call that may have changed something was made.
    async fn written(
        &mut self,
        one: &Planned,
        number: u64,
        made: Result<Effect, PortError>,
    ) -> Result<bool, PortError> {
        let (slot, effect, state) = match made {
            Ok(Effect::Refused(refusal)) => {
                let effect = Effect::Refused(refusal);
                let slot = Slot::new(word::REFUSED, in_words(&effect));
                (slot, effect, StepState::Failed)
            }
            Ok(effect) => {
                let slot = Slot::new(word::DONE, in_words(&effect));
                (slot, effect, StepState::Done)
            }
            Err(error) if is_certain(&error) => {
                let slot = Slot::new(word::FAILED, error.to_string());
                (slot, failed(&error), StepState::Failed)
            }
            Err(error) if error.kind == PortErrorKind::Conflict => return Err(error),
            Err(error) => {
                let slot = Slot::new(word::UNKNOWN, error.to_string()).again();
                self.note_of(one, slot);
                return Ok(true);
            }
        };
        // Of an earlier try nobody knows what this one was refused for: its write may still come.
        if state == StepState::Failed && one.intent.resumes.is_some() {
            self.tell(one, effect, false);
            self.note_of(one, slot.last());
            return Ok(true);
        }
        let settled = self.settle(one, number, state).await?;
        if settled != Settled::ByOthers {
            self.tell(one, effect, state == StepState::Done);
        }
        self.note_of(one, slot.last());
        Ok(settled == Settled::AsPlanned)
    }

    /// Notes the end. Nobody may plan on the old ledger after somebody else has saved.
    async fn settle(
        &mut self,
        one: &Planned,
        number: u64,
        state: StepState,
    ) -> Result<Settled, PortError> {
        let workload = &one.intent.target.workload;
        let mut settled = Settled::AsPlanned;
        let mut last = None;
        for _ in 0..=RESTARTS {
            self.ledger = settle(&self.ledger, workload, number, state);
            match self.save().await {
                Ok(()) => return Ok(settled),
                Err(error) if error.kind == PortErrorKind::Conflict => last = Some(error),
                Err(error) => return Err(error),
            }
            self.read().await?;
            let known = self.ledger.workloads.get(workload);
            let step = known.and_then(|known| known.steps.iter().find(|one| one.number == number));
            settled = match step.map(|step| step.state) {
                Some(StepState::Intended) => Settled::Late,
                Some(StepState::Done | StepState::Failed | StepState::Superseded) | None => {
                    Settled::ByOthers
                }
            };
        }
        Err(last.unwrap_or_else(|| PortError::new(PortErrorKind::Conflict, "changed each time")))
    }

    /// The log at once, whatever ends the run; people afterwards.
    fn tell(&mut self, one: &Planned, effect: Effect, is_news: bool) {
        let told = Told::new(&self.job, one, effect, is_news, (self.hands.now)());
        if !self.hands.dry_run {
            told.audit();
        }
        let of = |known: &Told| known.target.workload == told.target.workload;
        self.told.retain(|known| !of(known));
        self.told.push(told);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Settled {
    /// Over the ledger that was planned upon.
    AsPlanned,
    /// Over a newer one.
    Late,
    /// Somebody else has done it, and has told.
    ByOthers,
}

fn failed(error: &PortError) -> Effect {
    Effect::Failed {
        reason: error.to_string(),
        last: false,
    }
}

fn in_words(effect: &Effect) -> String {
    effect.in_words(lag_core::Language::English)
}

/// Whether the server has looked at the request and said no: nothing was changed, and asking again at once would not help.
fn is_certain(error: &PortError) -> bool {
    match error.kind {
        PortErrorKind::NotFound | PortErrorKind::Forbidden | PortErrorKind::Invalid => true,
        PortErrorKind::Conflict
        | PortErrorKind::Busy
        | PortErrorKind::Unavailable
        | PortErrorKind::RateLimited => false,
    }
}

/// As `kubectl rollout restart` writes it.
fn whole_seconds(at: Timestamp) -> String {
    Timestamp::from_second(at.as_second())
        .unwrap_or(at)
        .to_string()
}
