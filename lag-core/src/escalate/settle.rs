//! What came of the plans goes back into the state.

use super::{
    ActionPlan, Change, CheckState, GroupState, Pending, PolicyBook, ResolvedScale, ScaleSubject,
    notes::Topic,
};
use crate::{Effect, LagSample, News, Outcome};
use jiff::Timestamp;

/// Records the outcomes of a plan's changes, in the order of the plan; fewer outcomes than changes means that the rest
/// was not tried. What worked, was refused for good or has used up its retries leaves `pending`; what people must know goes to
/// the outbox. Returns the outcomes as the plan's own group sees them: a failure that is given up says so.
pub fn settle(
    state: &mut CheckState,
    policies: &PolicyBook,
    plan: &ActionPlan,
    outcomes: &[Outcome],
    now: Timestamp,
) -> Vec<Outcome> {
    let mut seen = outcomes.to_vec();
    for key in std::iter::once(&plan.key).chain(&plan.with) {
        let Some(mut record) = state.groups.remove(key) else {
            continue;
        };
        let policy = policies.of(key);
        let topic = Topic { key, policy, now };
        let leads = *key == plan.key;
        let own = record.sample().filter(|_| !leads);
        let sample = own.unwrap_or(plan.sample);
        let settled = Settled::of(&mut record, policy.retries, plan, outcomes, leads);
        if leads {
            seen.clone_from(&settled.outcomes);
        }
        settled.tell(&topic, state, &mut record, sample);
        if let Some(record) = record.if_open() {
            state.groups.insert(key.clone(), record);
        }
    }
    seen
}

/// Takes the try of a plan back that was not made for want of time, so that it does not count as one.
pub fn postpone(state: &mut CheckState, plan: &ActionPlan) {
    for key in std::iter::once(&plan.key).chain(&plan.with) {
        if let Some(record) = state.groups.get_mut(key) {
            for pending in &mut record.pending {
                pending.tries = pending.tries.saturating_sub(1);
            }
        }
    }
}

/// Notes the absolute number that change `index` of the plan comes to, for every group of the plan; to be saved before the
/// write, so that a repeat finds it.
pub fn remember(state: &mut CheckState, plan: &ActionPlan, index: usize, resolved: &ResolvedScale) {
    let Some(planned) = plan.changes.get(index) else {
        return;
    };
    for key in std::iter::once(&plan.key).chain(&plan.with) {
        let record = state.groups.get_mut(key);
        let pending = record.and_then(|record| record.pending.get_mut(index));
        let Some(pending) = pending.filter(|pending| pending.change.is_like(planned)) else {
            continue;
        };
        match &mut pending.change {
            Change::Scale {
                resolved: known, ..
            } => *known = Some(resolved.clone()),
            Change::Restart { .. } | Change::ScaleBack(_) => {}
        }
    }
}

/// What a plan has come to for one group.
#[derive(Debug, Default)]
struct Settled {
    /// In the order of the plan.
    outcomes: Vec<Outcome>,
    /// Those that nothing more will come of.
    ended: Vec<Outcome>,
    /// Whether people are to be told of them even if all worked.
    tell: bool,
}

impl Settled {
    fn of(
        record: &mut GroupState,
        retries: u32,
        plan: &ActionPlan,
        outcomes: &[Outcome],
        leads: bool,
    ) -> Self {
        let mut settled = Self::default();
        let mut results = plan.changes.iter().zip(outcomes);
        for pending in std::mem::take(&mut record.pending) {
            let result = results.next();
            let result = result.filter(|(change, _)| pending.change.is_like(change));
            let Some((_, outcome)) = result else {
                record.pending.push(pending);
                continue;
            };
            let effect = judge(&outcome.effect, pending.tries > retries, leads);
            let outcome = Outcome {
                stage: pending.stage,
                effect,
                ..outcome.clone()
            };
            settled.tell |= pending.tell;
            settled.outcomes.push(outcome.clone());
            if is_final(&outcome.effect, pending.tries > retries) {
                settled.ended.push(outcome.clone());
                record.count_added(&pending, &outcome.effect);
            } else {
                record.pending.push(pending);
            }
        }
        settled
    }

    /// The first news of a stage tells all of it, later ones only what is final now.
    fn tell(
        self,
        topic: &Topic<'_>,
        state: &mut CheckState,
        record: &mut GroupState,
        sample: LagSample,
    ) {
        let Self {
            outcomes,
            ended,
            tell,
        } = self;
        let worked = outcomes.iter().all(|outcome| outcome.effect.worked());
        let news = if record.recovered {
            (!ended.is_empty()).then(|| News::ScaledBack {
                outcomes: ended.clone(),
            })
        } else if !record.has_told_stage() {
            let is_news = !outcomes.is_empty() && (tell || !worked || record.was_refused());
            is_news.then(|| topic.stage_news(record, &outcomes))
        } else {
            (!ended.is_empty()).then(|| News::Retry {
                outcomes: ended.clone(),
            })
        };
        record.done.extend(ended);
        if let Some(news) = news {
            topic.tell_stage(state, record, sample, news);
        }
    }
}

/// The effect as this group sees it.
fn judge(effect: &Effect, last_try: bool, leads: bool) -> Effect {
    match effect {
        Effect::Restarted if !leads => Effect::AlreadyRestarted,
        Effect::Failed { reason, last } => Effect::Failed {
            reason: reason.clone(),
            last: *last || last_try,
        },
        Effect::Restarted
        | Effect::AlreadyRestarted
        | Effect::Evicted { .. }
        | Effect::Scaled { .. }
        | Effect::MinimumChanged { .. }
        | Effect::AlreadyScaled { .. }
        | Effect::Refused(_) => effect.clone(),
    }
}

fn is_final(effect: &Effect, last_try: bool) -> bool {
    match effect {
        Effect::Failed { last, .. } => *last,
        Effect::Refused(refusal) => last_try || !refusal.passes(),
        Effect::Restarted
        | Effect::AlreadyRestarted
        | Effect::Evicted { .. }
        | Effect::Scaled { .. }
        | Effect::MinimumChanged { .. }
        | Effect::AlreadyScaled { .. } => true,
    }
}

impl GroupState {
    /// Whether something of the last stage was refused before it was tried.
    fn was_refused(&self) -> bool {
        let of_stage = |outcome: &&Outcome| outcome.stage == self.stage;
        self.done
            .iter()
            .filter(of_stage)
            .any(|outcome| !outcome.effect.worked())
    }

    /// Remembers replicas that were added: in this run, or in one that crashed before it could say so.
    fn count_added(&mut self, pending: &Pending, effect: &Effect) {
        let Change::Scale { resolved, .. } = &pending.change else {
            return;
        };
        let added = match effect {
            Effect::Scaled { from, to } => Some(ResolvedScale {
                subject: ScaleSubject::Replicas,
                from: *from,
                to: *to,
            }),
            Effect::MinimumChanged {
                autoscaler,
                from,
                to,
            } => Some(ResolvedScale {
                subject: resolved.as_ref().map_or_else(
                    || ScaleSubject::of_autoscaler(autoscaler),
                    |resolved| resolved.subject.clone(),
                ),
                from: *from,
                to: *to,
            }),
            Effect::AlreadyScaled { at } => resolved.clone().filter(|earlier| earlier.to == *at),
            Effect::Restarted
            | Effect::AlreadyRestarted
            | Effect::Evicted { .. }
            | Effect::Refused(_)
            | Effect::Failed { .. } => None,
        };
        if let Some(added) = added.filter(ResolvedScale::is_increase) {
            self.lag_at_scale = self.lag;
            self.added.push(added);
        }
    }
}
