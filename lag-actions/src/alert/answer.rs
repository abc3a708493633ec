//! What a delivery comes to, for Alertmanager, metrics and people.

use lag_core::{
    Workload,
    alert::{Alert, Decision, Hold, Ledger, StepState},
};

/// What Alertmanager is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Done, or not done on purpose: 2xx.
    Done,
    /// Something was not done, or nobody knows: 5xx, since repeating is harmless and useful.
    TryAgain,
}

/// What one alert came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertResult {
    /// Its position in the body; of the list, where nobody sent one.
    pub alert: usize,
    /// One of [`word::ALL`].
    pub result: &'static str,
    /// The same for people, in one line.
    pub words: String,
    /// The workload it was for, shown as `namespace/Kind/name`, where that is known and allowed.
    pub workload: Option<String>,
}

/// What a delivery came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handled {
    /// What Alertmanager is told.
    pub answer: Answer,
    /// One for each alert, in the order of the body.
    pub results: Vec<AlertResult>,
    /// Alerts that the body does not hold, because Alertmanager cut them off.
    pub truncated: u64,
}

/// The words of [`AlertResult::result`].
pub mod word {
    /// The workload was changed, by this delivery or by an earlier try of it.
    pub const DONE: &str = "done";
    /// What is wished for was there.
    pub const ALREADY: &str = "already";
    /// It was done for an earlier delivery.
    pub const REPEAT: &str = "repeat";
    /// Not now; it acts when it is delivered again.
    pub const WAIT: &str = "wait";
    /// It wants what it may not have.
    pub const REFUSED: &str = "refused";
    /// It wants nothing.
    pub const IGNORED: &str = "ignored";
    /// Somebody else changed the number first: it is left alone.
    pub const SUPERSEDED: &str = "superseded";
    /// The cluster refused: nothing was changed, and a repeat within seconds would not help.
    pub const FAILED: &str = "failed";
    /// Begun, and nobody knows how it ended: the repeat finds out.
    pub const UNKNOWN: &str = "unknown";
    /// Nothing was begun: no answer from the cluster or the ledger, or no time.
    pub const UNAVAILABLE: &str = "unavailable";

    /// All of them.
    pub const ALL: [&str; 10] = [
        DONE,
        ALREADY,
        REPEAT,
        WAIT,
        REFUSED,
        IGNORED,
        SUPERSEDED,
        FAILED,
        UNKNOWN,
        UNAVAILABLE,
    ];
}

/// A result in the making.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    pub(super) result: &'static str,
    pub(super) words: String,
    pub(super) workload: Option<String>,
    /// Whether a repeat is useful.
    pub(super) again: bool,
    /// Whether the same delivery has nothing to add, also when it starts over.
    pub(super) is_final: bool,
}

impl Slot {
    pub(super) fn new(result: &'static str, words: impl Into<String>) -> Self {
        Self {
            result,
            words: words.into(),
            workload: None,
            again: false,
            is_final: false,
        }
    }

    pub(super) fn again(self) -> Self {
        Self {
            again: true,
            ..self
        }
    }

    pub(super) fn last(self) -> Self {
        Self {
            is_final: true,
            ..self
        }
    }

    pub(super) fn of(self, workload: &Workload) -> Self {
        Self {
            workload: Some(workload.to_string()),
            ..self
        }
    }

    pub(super) fn into_result(self, alert: usize) -> AlertResult {
        AlertResult {
            alert,
            result: self.result,
            words: self.words,
            workload: self.workload,
        }
    }
}

/// What a decision comes to as long as nothing is begun.
pub(super) fn of_decision(alert: &Alert, decision: &Decision, ledger: &Ledger) -> Slot {
    let words = decision.to_string();
    let slot = match decision {
        Decision::Step(_) => Slot::new(word::UNAVAILABLE, "nothing was begun").again(),
        Decision::Repeat { .. } => Slot::new(word::REPEAT, words),
        Decision::Wait { why, .. } => Slot {
            // Another change may end any moment. What was refused a moment ago would be refused again.
            again: *why == Hold::Unfinished && !has_failed(alert, ledger),
            ..Slot::new(word::WAIT, words)
        },
        Decision::Refused(_) => Slot::new(word::REFUSED, words),
        Decision::Ignored(_) => Slot::new(word::IGNORED, words),
    };
    // Only allowed workloads are noted.
    let id = alert.id();
    let mut known = ledger.workloads.iter();
    let of = id.and_then(|id| known.find(|(_, known)| known.alerts.contains_key(&id)));
    match of {
        Some((workload, _)) => slot.of(workload),
        None => slot,
    }
}

fn has_failed(alert: &Alert, ledger: &Ledger) -> bool {
    let Some(id) = alert.id() else {
        return false;
    };
    let mut steps = ledger.workloads.values().filter_map(|one| one.step_of(id));
    steps.any(|(step, _)| step.state == StepState::Failed)
}
