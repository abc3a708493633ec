//! What deliveries say about alerts, whether or not they lead to anything.

use super::{
    Action, Alert, AlertId, AlertPolicy, Ledger, Sighting, Status, WorkloadLedger, later,
    select::select,
};
use jiff::{SignedDuration, Timestamp};

/// Repeats within this time are not noted, so that they cost no write.
const GRAIN: SignedDuration = SignedDuration::from_mins(1);

/// How far the clock of the sender may be ahead.
pub(super) const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// Notes that an allowed alert was delivered: that it fires still, or has ended. [`plan`](super::plan) does this by itself.
pub fn observe(policy: &AlertPolicy, ledger: &mut Ledger, alert: &Alert, now: Timestamp) {
    let (Ok((allowed, action)), Some(id)) = (select(policy, alert), alert.id()) else {
        return;
    };
    let proves = action == Action::ScaleIn && allowed.wants_proof();
    let workload = &allowed.target.workload;
    let known = ledger
        .workloads
        .get(workload)
        .and_then(|known| known.alerts.get(&id));
    let is_usable = id.starts_at <= later(now, SKEW)
        && (known.is_some() || later(id.starts_at, policy.retention) >= now);
    if !is_usable || !(allowed.allows(action) || proves) {
        return;
    }
    let mut seen = known.cloned().unwrap_or(Sighting {
        action,
        last: now,
        resolved: None,
    });
    match alert.status {
        Status::Unknown => return,
        Status::Firing => {
            if seen
                .resolved
                .is_some_and(|at| later(at, policy.firing_for) <= now)
            {
                // Too late for a copy: it fires again with its old start, as after a gap between Prometheus and Alertmanager.
                seen.resolved = None;
            }
            if later(seen.last, GRAIN) <= now {
                seen.last = now;
            }
        }
        Status::Resolved => {
            if seen.resolved.is_none() {
                (seen.resolved, seen.last) = (Some(now), now.max(seen.last));
            }
        }
    }
    if known != Some(&seen) {
        let known = ledger.workloads.entry(workload.clone()).or_default();
        known.alerts.insert(id, seen);
    }
}

impl WorkloadLedger {
    /// Whether an alert with this action fires, as far as is known.
    pub(super) fn fires(&self, action: Action, policy: &AlertPolicy, now: Timestamp) -> bool {
        self.alerts.values().any(|seen| {
            seen.action == action
                && seen.resolved.is_none()
                && later(seen.last, policy.firing_for) > now
        })
    }

    /// Whether the end of an alert was delivered so lately that a firing one must be an old copy.
    pub(super) fn has_ended(&self, id: AlertId, policy: &AlertPolicy, now: Timestamp) -> bool {
        let resolved = self.alerts.get(&id).and_then(|seen| seen.resolved);
        resolved.is_some_and(|at| later(at, policy.firing_for) > now)
    }
}
