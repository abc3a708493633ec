//! What a whole body leads to: alerts of one workload share a step, and never get two.

use super::{
    AlertPolicy, Decision, Hold, Intent, Key, Ledger, MAX_SHARED, Payload, Reason, Wish, decide,
    observe,
};
use jiff::Timestamp;

/// What a body leads to.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The ledger with what was seen. Where it differs from the one that was given, it is to be saved, with or without a change.
    pub ledger: Ledger,
    /// One decision for each alert, in the order of the body.
    pub decisions: Vec<Decision>,
    /// The changes, at most one for each workload.
    pub planned: Vec<Planned>,
    /// Alerts that the body does not hold, because Alertmanager cut them off. Nothing is known about them; people should be told.
    pub truncated: u64,
}

/// A change, and the alerts that share it.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    /// The change.
    pub intent: Intent,
    /// Positions of its alerts in the body.
    pub alerts: Vec<usize>,
}

/// Decides about a body. The ledger is the one whose version the change is saved over.
#[must_use]
pub fn plan(policy: &AlertPolicy, ledger: &Ledger, payload: &Payload, now: Timestamp) -> Plan {
    let mut ledger = ledger.clone();
    ledger.prune(policy.retention, now);
    for alert in &payload.alerts {
        observe(policy, &mut ledger, alert, now);
    }
    let alerts = payload.alerts.iter();
    let mut decisions: Vec<_> = alerts
        .map(|alert| decide(policy, &ledger, alert, now))
        .collect();
    let planned = share(&mut decisions);
    Plan {
        ledger,
        decisions,
        planned,
        truncated: payload.truncated_alerts,
    }
}

/// Joins what can be one change and turns the rest down.
fn share(decisions: &mut [Decision]) -> Vec<Planned> {
    let mut planned: Vec<Planned> = Vec::new();
    let mut order: Vec<usize> = (0..decisions.len()).collect();
    // What was begun before is finished first; then more replicas go before anything else, and fewer come last.
    order.sort_by_key(|index| match &decisions[*index] {
        Decision::Step(intent) => (intent.resumes.is_none(), intent.wish.action()),
        Decision::Repeat { .. }
        | Decision::Wait { .. }
        | Decision::Refused(_)
        | Decision::Ignored(_) => (true, None),
    });
    for index in order {
        let Decision::Step(intent) = &decisions[index] else {
            continue;
        };
        let workload = &intent.target.workload;
        let same = planned
            .iter_mut()
            .find(|one| one.intent.target.workload == *workload);
        let Some(one) = same else {
            planned.push(Planned {
                intent: intent.clone(),
                alerts: vec![index],
            });
            continue;
        };
        match join(&mut one.intent, intent) {
            None => one.alerts.push(index),
            Some(decision) => decisions[index] = decision,
        }
    }
    planned
}

/// Adds an alert to a change, or says what becomes of it instead.
fn join(one: &mut Intent, other: &Intent) -> Option<Decision> {
    let unfinished = Decision::Wait {
        until: None,
        why: Hold::Unfinished,
    };
    if one.resumes != other.resumes {
        return Some(unfinished);
    }
    let new = |key: &&Key| !one.keys.contains(*key);
    let keys: Vec<_> = other.keys.iter().filter(new).copied().collect();
    if one.keys.len() + keys.len() > MAX_SHARED {
        return Some(Decision::no(Reason::Crowded));
    }
    match (&mut one.wish, &other.wish) {
        (Wish::Out(amounts), Wish::Out(more)) | (Wish::In(amounts), Wish::In(more)) => {
            for amount in more {
                if !amounts.contains(amount) {
                    amounts.push(*amount);
                }
            }
        }
        (Wish::Set(number), Wish::Set(also)) => *number = (*number).max(*also),
        (Wish::Restart, Wish::Restart) => {}
        (Wish::Out(_) | Wish::In(_) | Wish::Set(_) | Wish::Restart | Wish::Back(_), _) => {
            let contradicted = |by| Decision::no(Reason::Contradicted { by });
            return Some(one.wish.action().map_or(unfinished, contradicted));
        }
    }
    one.keys.extend(keys);
    None
}
