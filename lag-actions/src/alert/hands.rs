//! The shell: one delivery, or one look of the timer, from beginning to end.

use super::{
    AlertResult, AlertScaler, Answer, Handled, LedgerStore,
    act::{Job, Run},
    answer::{Slot, of_decision},
    tell, word,
};
use crate::Now;
use lag_core::{
    alert::{AlertPolicy, Decision, Ledger, Payload, Reason, StepState, plan},
    port::Notifier,
};
use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// The longest time for one delivery. What is begun must have ended long before others may take it up
/// ([`IN_FLIGHT`](lag_core::alert::IN_FLIGHT)).
const LONGEST: Duration = Duration::from_secs(30);

/// Carries out what alerts may do. Clones share everything.
#[derive(Clone)]
pub struct AlertHands {
    pub(super) store: Arc<dyn LedgerStore>,
    pub(super) scaler: Arc<dyn AlertScaler>,
    pub(super) notifiers: Arc<[Box<dyn Notifier>]>,
    pub(super) now: Now,
    deadline: Duration,
    pub(super) dry_run: bool,
    /// Deliveries of one process take turns: they would only meet each other's conflicts.
    pub(super) turn: Arc<tokio::sync::Mutex<()>>,
    /// The ledger as it was last read or saved here, so never one that was not saved.
    known: Arc<Mutex<Option<Arc<Ledger>>>>,
}

impl AlertHands {
    /// Acts on this cluster, with this ledger. `deadline` is for one delivery, below the time-out of Alertmanager; it is cut to 30
    /// seconds. One for each store in a process: its deliveries take turns.
    #[must_use]
    pub fn new(
        store: Arc<dyn LedgerStore>,
        scaler: Arc<dyn AlertScaler>,
        notifiers: Arc<[Box<dyn Notifier>]>,
        now: Now,
        deadline: Duration,
    ) -> Self {
        Self {
            store,
            scaler,
            notifiers,
            now,
            deadline: deadline.min(LONGEST),
            dry_run: false,
            turn: Arc::default(),
            known: Arc::default(),
        }
    }

    /// What is done is only shown: no audit lines, and nobody is told. The scaler must be one that only tries out, and the ledger
    /// one in memory.
    #[must_use]
    pub fn dry_run(self) -> Self {
        Self {
            dry_run: true,
            ..self
        }
    }

    /// The same hands, telling others. They take turns with these, over the same ledger.
    #[must_use]
    pub fn telling(&self, notifiers: Arc<[Box<dyn Notifier>]>) -> Self {
        Self {
            notifiers,
            ..self.clone()
        }
    }

    /// Does what a body asks for, as far as the policy allows, at most once. Carried to its end, or to the deadline, also when the
    /// caller goes away.
    pub async fn handle(&self, policy: &AlertPolicy, payload: &Payload) -> Handled {
        if let Some(handled) = self.repeat(policy, payload) {
            return handled;
        }
        let (hands, policy, body) = (self.clone(), policy.clone(), payload.clone());
        let task = tokio::spawn(async move { hands.carry_out(&policy, &body).await });
        task.await.unwrap_or_else(|error| {
            tracing::error!(%error, "a delivery has ended in the middle: it is taken up again when it is repeated");
            let lost = |alert| AlertResult {
                alert,
                result: word::UNKNOWN,
                words: "it has ended in the middle".to_owned(),
                workload: None,
            };
            Handled {
                answer: Answer::TryAgain,
                results: (0..payload.alerts.len()).map(lost).collect(),
                truncated: payload.truncated_alerts,
            }
        })
    }

    /// As [`handle`](Self::handle), in the future of the caller. Dropped, it has done nothing or what the ledger knows: the same
    /// body, delivered again, finds it and ends it.
    pub async fn carry_out(&self, policy: &AlertPolicy, payload: &Payload) -> Handled {
        let (answer, results) = self.run(policy, Job::Deliver(payload)).await;
        Handled {
            answer,
            results,
            truncated: payload.truncated_alerts,
        }
    }

    /// Takes the steps back that are due; one result for each, numbered by the entry of the allow-list. Harmless to drop.
    pub async fn tick(&self, policy: &AlertPolicy) -> Vec<AlertResult> {
        self.run(policy, Job::Tick).await.1
    }

    async fn run(&self, policy: &AlertPolicy, job: Job<'_>) -> (Answer, Vec<AlertResult>) {
        let mut run = Run::new(self, policy, job);
        if tokio::time::timeout(self.deadline, run.go()).await.is_err() {
            run.out_of_time(self.deadline);
        }
        let (slots, told) = run.end();
        tell::spread(self, told);
        if !self.dry_run {
            // What was done has its own lines.
            for slot in slots.values().filter(|slot| !slot.is_final) {
                let workload = slot.workload.as_deref().unwrap_or_default();
                tracing::info!(target: "audit", workload, result = slot.result, "{}", slot.words);
            }
        }
        let wants_more = slots.values().any(|slot| slot.again);
        let answer = if wants_more {
            Answer::TryAgain
        } else {
            Answer::Done
        };
        let results = slots
            .into_iter()
            .map(|(alert, slot)| slot.into_result(alert));
        (answer, results.collect())
    }

    /// Answers without a call what was done before, as far as this process knows.
    ///
    /// Why an old ledger is enough. An alert passes here only while it fires, its stage is `Done` or `Superseded`, no further stage
    /// is due, and its delivery needs no note. In every later ledger,
    ///
    /// - the step is still there with the same time: steps go only when their alerts were not delivered for `retention`, and a step
    ///   that has ended is never begun again (`Done` stays, `Superseded` becomes `Done` at most);
    /// - so its stage, or a later one, is the last; the next is due after a time that is counted from an equal or a later moment;
    /// - that it was delivered is noted there as well: here it was noted within the last minute, and the ledger read after that.
    ///
    /// What another replica has begun meanwhile, that replica or the next full delivery ends. And nothing is written here, so
    /// whatever is wrong with this, no step is made twice by it.
    fn repeat(&self, policy: &AlertPolicy, payload: &Payload) -> Option<Handled> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.clone()?;
        let plan = plan(policy, &known, payload, (self.now)());
        let lasts = plan.decisions.iter().all(is_lasting);
        if !lasts || !plan.planned.is_empty() || plan.ledger != *known {
            return None;
        }
        let alerts = payload.alerts.iter().zip(&plan.decisions).enumerate();
        let result = |(index, (alert, decision))| -> AlertResult {
            let slot: Slot = of_decision(alert, decision, &plan.ledger);
            slot.into_result(index)
        };
        Some(Handled {
            answer: Answer::Done,
            results: alerts.map(result).collect(),
            truncated: plan.truncated,
        })
    }

    pub(super) fn remember(&self, ledger: &Arc<Ledger>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Some(Arc::clone(ledger));
    }
}

impl fmt::Debug for AlertHands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let notifiers: Vec<_> = self.notifiers.iter().map(|one| one.name()).collect();
        f.debug_struct("AlertHands")
            .field("store", &self.store)
            .field("scaler", &self.scaler)
            .field("notifiers", &notifiers)
            .field("deadline", &self.deadline)
            .field("dry_run", &self.dry_run)
            .finish_non_exhaustive()
    }
}

/// Whether no later ledger would decide otherwise.
fn is_lasting(decision: &Decision) -> bool {
    match decision {
        Decision::Repeat { state, .. } => match state {
            StepState::Done | StepState::Superseded => true,
            StepState::Intended | StepState::Failed => false,
        },
        Decision::Step(_) | Decision::Wait { .. } => false,
        Decision::Refused(reason) | Decision::Ignored(reason) => match reason {
            // These go by the alert and the policy alone.
            Reason::UnknownStatus
            | Reason::NoAction
            | Reason::UnknownAction(_)
            | Reason::NoTarget
            | Reason::InvalidName(_)
            | Reason::NotAllowed(_)
            | Reason::Ambiguous { .. }
            | Reason::ActionNotAllowed { .. }
            | Reason::NoStart
            | Reason::InFuture => true,
            Reason::Resolved
            | Reason::Ended
            | Reason::Confirms
            | Reason::TooOld
            | Reason::NoValue
            | Reason::UnusableValue(_)
            | Reason::NoValueTime
            | Reason::OldValue(_)
            | Reason::Contradicted { .. }
            | Reason::Crowded
            | Reason::Workload(_) => false,
        },
    }
}
