//! What was done, so that it is not done again: survives restarts and is shared by replicas.

use super::{Action, AlertId, Key, wire};
use crate::{Workload, escalate::ResolvedScale};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// Alerts of one workload that are remembered; those with a step always are.
const MOST_ALERTS: usize = 1024;

/// Everything that is remembered, by workload.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Workloads that alerts have asked for.
    pub workloads: BTreeMap<Workload, WorkloadLedger>,
}

/// What is remembered of one workload.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WorkloadLedger {
    /// Changes begun, the oldest first.
    pub steps: Vec<StepEntry>,
    /// Alerts that asked for a change, and how they were last delivered.
    pub alerts: BTreeMap<AlertId, Sighting>,
    /// UTC day of the count, as `2026-11-22`; empty before the first change.
    pub day: String,
    /// Changes begun on that day, without those that scale back.
    pub begun: u32,
    /// The number before the first scale-out, while the number is the one that we wrote.
    pub baseline: Option<u32>,
    /// Number of the next change.
    pub next: u64,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepEntry {
    /// Its number; never used twice for a workload.
    pub number: u64,
    /// Stages of alerts that it is for; none when it scales back.
    pub keys: Vec<Key>,
    /// When it was begun.
    pub at: Timestamp,
    /// What.
    pub change: StepChange,
    /// How far it came.
    pub state: StepState,
    /// Tries begun.
    pub tries: u32,
}

/// What a change changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepChange {
    /// A number, for alerts.
    Scale(ResolvedScale),
    /// A number, on the way back.
    Back(ResolvedScale),
    /// Pods; the time of the entry is the mark that makes it one restart.
    Restart,
}

/// How far a change came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepState {
    /// It may have been made.
    Intended,
    /// It was made.
    Done,
    /// It was certainly not made; its alerts may ask again.
    Failed,
    /// Somebody else changed the number first: it is left alone.
    Superseded,
}

/// How an alert was last delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// What it asks for.
    pub action: Action,
    /// When it was last delivered, to the minute.
    pub last: Timestamp,
    /// When its end was delivered.
    pub resolved: Option<Timestamp>,
}

impl StepState {
    /// The state as a word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Intended => "intended",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Superseded => "superseded",
        }
    }
}

impl StepChange {
    /// The numbers of a scaling.
    #[must_use]
    pub fn scale(&self) -> Option<&ResolvedScale> {
        match self {
            Self::Scale(scale) | Self::Back(scale) => Some(scale),
            Self::Restart => None,
        }
    }
}

impl Ledger {
    /// Reads the JSON of [`Ledger::to_json`].
    ///
    /// # Errors
    /// [`LedgerError`](super::LedgerError): nothing may be changed then, since nobody knows what was done.
    pub fn from_json(json: &[u8]) -> Result<Self, super::LedgerError> {
        wire::read(json)
    }

    /// The ledger as JSON, with a version.
    #[must_use]
    pub fn to_json(&self) -> String {
        wire::write(self)
    }

    /// Forgets what no repeat can ask for any more.
    pub fn prune(&mut self, retention: SignedDuration, now: Timestamp) {
        let since = now.saturating_sub(retention).unwrap_or(Timestamp::MIN);
        let today = day(now);
        self.workloads.retain(|_, known| {
            known.prune(since);
            !known.steps.is_empty() || !known.alerts.is_empty() || known.day >= today
        });
    }
}

impl WorkloadLedger {
    /// The last step of an alert.
    #[must_use]
    pub fn step_of(&self, alert: AlertId) -> Option<(&StepEntry, u32)> {
        self.steps.iter().rev().find_map(|step| {
            let keys = step.keys.iter().filter(|key| key.alert == alert);
            let stage = keys.map(|key| key.stage).max()?;
            Some((step, stage))
        })
    }

    /// Changes begun on the day of `now`.
    #[must_use]
    pub fn begun_on(&self, now: Timestamp) -> u32 {
        // A clock that is behind must not begin a day anew.
        if self.day >= day(now) { self.begun } else { 0 }
    }

    /// The number that we wrote last.
    pub(super) fn written(&self) -> Option<&ResolvedScale> {
        let done = self
            .steps
            .iter()
            .rev()
            .filter(|step| step.state == StepState::Done);
        done.filter_map(|step| step.change.scale()).next()
    }

    pub(super) fn count(&mut self, now: Timestamp) {
        self.begun = self.begun_on(now).saturating_add(1);
        self.day = day(now).max(std::mem::take(&mut self.day));
    }

    pub(super) fn step_mut(&mut self, number: u64) -> Option<&mut StepEntry> {
        self.steps.iter_mut().find(|step| step.number == number)
    }

    /// Ends a step. That it was made is believed of whoever says so; anything else only of a step that is open.
    pub(super) fn end(&mut self, number: u64, state: StepState) {
        let Some(step) = self.step_mut(number) else {
            return;
        };
        if step.state != StepState::Intended && state != StepState::Done {
            return;
        }
        step.state = state;
        let back_at = match &step.change {
            StepChange::Back(scale) if state == StepState::Done => Some(scale.to),
            StepChange::Back(_) | StepChange::Scale(_) | StepChange::Restart => None,
        };
        if back_at.is_some() && back_at <= self.baseline {
            self.baseline = None;
        }
    }

    fn prune(&mut self, since: Timestamp) {
        let seen = |alert: &AlertId| self.alerts.get(alert).is_some_and(|one| one.last >= since);
        self.steps
            .retain(|step| step.at >= since || step.keys.iter().any(|key| seen(&key.alert)));
        let kept: BTreeSet<_> = self
            .steps
            .iter()
            .flat_map(|step| &step.keys)
            .map(|key| key.alert)
            .collect();
        self.alerts
            .retain(|id, sighting| sighting.last >= since || kept.contains(id));
        let surplus = self.alerts.len().saturating_sub(MOST_ALERTS);
        if surplus > 0 {
            let free = self.alerts.iter().filter(|(id, _)| !kept.contains(*id));
            let mut free: Vec<_> = free
                .map(|(id, one)| (one.resolved.is_none(), one.last, *id))
                .collect();
            free.sort();
            for (_, _, id) in free.into_iter().take(surplus) {
                self.alerts.remove(&id);
            }
        }
    }
}

fn day(now: Timestamp) -> String {
    now.strftime("%Y-%m-%d").to_string()
}
