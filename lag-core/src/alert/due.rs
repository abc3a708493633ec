//! The way back, by time: no alert asks for it.

use super::{
    Action, AlertPolicy, AllowedTarget, Confirm, Intent, Ledger, StepChange, Wish, WorkloadLedger,
    later,
};
use jiff::Timestamp;

/// Steps of scaling back that are due. The ledger must be as fresh as for a delivery: each intent goes through
/// [`begin`](super::begin) with the workload as it is then, and is saved over the version that was read.
#[must_use]
pub fn due(policy: &AlertPolicy, ledger: &Ledger, now: Timestamp) -> Vec<Intent> {
    let one = |allowed: &AllowedTarget| {
        let known = ledger.workloads.get(&allowed.target.workload)?;
        let step = known.due(policy, allowed, now)?;
        Some(Intent {
            keys: Vec::new(),
            target: allowed.target.clone(),
            wish: Wish::Back(step),
            resumes: None,
        })
    };
    policy.targets.iter().filter_map(one).collect()
}

impl WorkloadLedger {
    fn due(&self, policy: &AlertPolicy, allowed: &AllowedTarget, now: Timestamp) -> Option<u32> {
        let back = allowed.scale_back?;
        self.baseline?;
        if self.in_flight(now).is_some() {
            return None;
        }
        let last = self.steps.last()?;
        let gap = match &last.change {
            StepChange::Back(_) => back.every,
            StepChange::Scale(_) | StepChange::Restart => allowed.cooldown,
        };
        let mut alerts = self
            .alerts
            .values()
            .filter(|seen| seen.action == Action::ScaleOut);
        // Every alert must have ended; one that is never heard of again keeps the number up.
        let quiet = alerts.try_fold(None, |quiet: Option<Timestamp>, seen| {
            let ended = seen.resolved?.max(seen.last);
            Some(Some(quiet.map_or(ended, |quiet| quiet.max(ended))))
        })??;
        let is_time = later(quiet, back.after) <= now && later(last.at, gap) <= now;
        let is_proven = match back.confirm {
            Confirm::LowAlert => self.fires(Action::ScaleIn, policy, now),
            Confirm::Resolved => true,
        };
        (is_time && is_proven).then_some(back.step)
    }
}
