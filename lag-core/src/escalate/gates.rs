//! What stands between a decision and a change: the second opinion, and what else happens to the workload.

use super::{
    ActionPlan, Change, CheckState, GroupState, Hold, Pending, WorkloadState, notes::Topic,
};
use crate::{Effect, GroupKey, LagSample, News, Opinion, Outcome, Refusal, Target, TargetMap};
use jiff::{SignedDuration, Timestamp};

/// What a run has come to so far.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) state: CheckState,
    pub(super) plans: Vec<ActionPlan>,
    pub(super) to_confirm: Vec<GroupKey>,
}

/// One group in one run.
#[derive(Debug)]
pub(super) struct Case<'r> {
    pub(super) topic: Topic<'r>,
    pub(super) targets: &'r TargetMap,
    pub(super) target: Option<&'r Target>,
    pub(super) opinion: Option<&'r Opinion>,
    pub(super) hands_off: Option<&'r str>,
}

/// Where a change finds its place in the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// It makes a plan of its own.
    Own,
    /// The plan with this index does the same to the workload.
    Joins(usize),
}

pub(super) fn later(at: Timestamp, wait: SignedDuration) -> Timestamp {
    at.saturating_add(wait).unwrap_or(Timestamp::MAX)
}

impl Case<'_> {
    /// Asks the second opinion, where the policy wants one. Agreement may lower what is known of the partitions.
    pub(super) fn confirm(
        &self,
        run: &mut Run,
        record: &mut GroupState,
        sample: LagSample,
        target: &mut Target,
    ) -> Result<(), Hold> {
        if !self.topic.policy.confirm {
            return Ok(());
        }
        match self.opinion {
            None => {
                run.to_confirm.push(self.topic.key.clone());
                Err(Hold::Unconfirmed { reason: None })
            }
            Some(Opinion::Unavailable { reason }) => {
                if !record.unconfirmed {
                    record.unconfirmed = true;
                    let reason = reason.clone();
                    let news = News::Unconfirmed { reason };
                    self.topic.tell(&mut run.state, record, sample, news);
                }
                Err(Hold::Unconfirmed {
                    reason: Some(reason.clone()),
                })
            }
            Some(Opinion::Disagrees { total }) => {
                let total = *total;
                if !record.disputed {
                    record.disputed = true;
                    let news = News::Disputed { total };
                    self.topic.tell(&mut run.state, record, sample, news);
                }
                Err(Hold::Disputed { total })
            }
            Some(Opinion::Agrees { partitions: 0, .. }) => Ok(()),
            Some(Opinion::Agrees { partitions, .. }) => {
                let known = target.partitions.unwrap_or(*partitions);
                target.partitions = Some(known.min(*partitions));
                Ok(())
            }
        }
    }

    /// Finds a place beside the other plans of the run: the same change is made once, two different ones never at once.
    pub(super) fn place(
        &self,
        run: &Run,
        target: &Target,
        changes: &[Change],
    ) -> Result<Place, Hold> {
        let same_workload = |plan: &ActionPlan| plan.target.workload == target.workload;
        let Some(index) = run.plans.iter().position(same_workload) else {
            return Ok(Place::Own);
        };
        let plan = &run.plans[index];
        let is_same = is_alike(&plan.target, target)
            && plan.changes.len() == changes.len()
            && plan.changes.iter().zip(changes).all(|(a, b)| a.is_like(b));
        if is_same {
            return Ok(Place::Joins(index));
        }
        Err(Hold::Gap {
            until: later(self.topic.now, self.topic.policy.min_gap),
        })
    }

    /// Whether the workload can spare what was added for this group: not while another of its groups lags.
    pub(super) fn spared(&self, state: &CheckState, target: &Target) -> Result<(), Hold> {
        let shares = |key: &GroupKey| {
            let other = self.targets.resolve(key).ok().flatten();
            other.is_some_and(|other| other.workload == target.workload)
        };
        let mut others = state.groups.iter();
        if others.any(|(key, record)| !record.recovered && shares(key)) {
            return Err(Hold::Gap {
                until: later(self.topic.now, self.topic.policy.min_gap),
            });
        }
        Ok(())
    }

    /// Whether the workload may be changed again, as far as its last change goes.
    pub(super) fn rested(&self, state: &CheckState, target: &Target) -> Result<(), Hold> {
        let Some(known) = state.workloads.get(&target.workload) else {
            return Ok(());
        };
        let until = later(known.changed_at, self.topic.policy.min_gap);
        if until > self.topic.now {
            Err(Hold::Gap { until })
        } else {
            Ok(())
        }
    }

    /// Refuses what would go beyond the changes of a workload in one day.
    pub(super) fn cap(
        &self,
        state: &CheckState,
        target: &Target,
        stage: u32,
        changes: &mut Vec<Change>,
    ) -> Vec<Outcome> {
        let today = day(self.topic.now);
        let known = state.workloads.get(&target.workload);
        let counted = known
            .filter(|known| known.day == today)
            .map_or(0, |known| known.changes);
        let left = self.topic.policy.daily_cap.saturating_sub(counted);
        let left = usize::try_from(left).unwrap_or(usize::MAX);
        let beyond = changes.split_off(changes.len().min(left));
        let begun = u32::try_from(changes.len()).unwrap_or(u32::MAX);
        let refused = Refusal::DailyCap {
            changes: counted.saturating_add(begun),
        };
        let outcome = |_| {
            let effect = Effect::Refused(refused.clone());
            self.topic.outcome(stage, Some(target), effect)
        };
        beyond.iter().map(outcome).collect()
    }

    /// Puts all that is pending for the group into a plan.
    pub(super) fn plan(
        &self,
        run: &mut Run,
        record: &mut GroupState,
        sample: LagSample,
        target: Target,
        place: Place,
    ) {
        match place {
            Place::Own => {
                count(&mut run.state, &target, &record.pending, self.topic.now);
                run.plans.push(ActionPlan {
                    key: self.topic.key.clone(),
                    with: Vec::new(),
                    target,
                    episode: record.since,
                    stage: record.stage,
                    sample,
                    changes: record.pending.iter().map(|p| p.change.clone()).collect(),
                });
            }
            Place::Joins(index) => {
                let plan = &mut run.plans[index];
                let known = [plan.target.partitions, target.partitions];
                plan.target.partitions = known.into_iter().flatten().min();
                for (change, pending) in plan.changes.iter_mut().zip(&record.pending) {
                    merge(change, &pending.change);
                }
                adopt(record, &plan.changes);
                for key in std::iter::once(&plan.key).chain(&plan.with) {
                    if let Some(other) = run.state.groups.get_mut(key) {
                        adopt(other, &plan.changes);
                    }
                }
                plan.with.push(self.topic.key.clone());
            }
        }
    }
}

/// Whether both are changed in the same way; what is known of the partitions does not matter.
fn is_alike(one: &Target, other: &Target) -> bool {
    one.workload == other.workload
        && one.bounds == other.bounds
        && one.restart == other.restart
        && one.autoscaler == other.autoscaler
}

/// What one of the groups has begun already counts for all: the oldest mark, and the number that was worked out.
fn merge(change: &mut Change, other: &Change) {
    match (change, other) {
        (Change::Restart { mark }, Change::Restart { mark: also }) => *mark = (*mark).min(*also),
        (Change::Scale { resolved, .. }, Change::Scale { resolved: also, .. }) => {
            if resolved.is_none() {
                resolved.clone_from(also);
            }
        }
        (Change::Restart { .. } | Change::Scale { .. } | Change::ScaleBack(_), _) => {}
    }
}

fn adopt(record: &mut GroupState, changes: &[Change]) {
    for (pending, change) in record.pending.iter_mut().zip(changes) {
        pending.change.clone_from(change);
    }
}

fn day(now: Timestamp) -> String {
    now.strftime("%Y-%m-%d").to_string()
}

/// Counts what is tried for the first time.
fn count(state: &mut CheckState, target: &Target, pending: &[Pending], now: Timestamp) {
    let today = day(now);
    let first_tries = pending.iter().filter(|pending| pending.tries <= 1).count();
    let known = state
        .workloads
        .entry(target.workload.clone())
        .or_insert_with(|| WorkloadState {
            changed_at: now,
            day: today.clone(),
            changes: 0,
        });
    if known.day != today {
        known.day = today;
        known.changes = 0;
    }
    known.changed_at = now;
    let first_tries = u32::try_from(first_tries).unwrap_or(u32::MAX);
    known.changes = known.changes.saturating_add(first_tries);
}
