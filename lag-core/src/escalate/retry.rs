//! What was begun and is not known to be done.

use super::{
    Change, GroupState, Hold, Verdict,
    gates::{Case, Run},
    step::{Next, held},
};
use crate::{Effect, LagSample, News, Outcome, Refusal};

/// Tries all that is pending once more. The same sample may do that: the run that counted it may have crashed.
pub(super) fn retry(
    case: &Case<'_>,
    run: &mut Run,
    mut record: GroupState,
    sample: LagSample,
) -> Next {
    record.saw(sample);
    let stage = record.stage;
    if let Some(reason) = give_up(case, run, &mut record, sample) {
        // The rest waits for the next run.
        let why = Hold::HandsOff(reason);
        return (record.if_open(), Verdict::Held { sample, stage, why });
    }
    match attempt(case, run, &mut record, sample) {
        Ok(()) => (record.if_open(), Verdict::Retried { sample, stage }),
        Err(why) => held(record, sample, why),
    }
}

/// Plans all that is pending, unless something stands against it.
pub(super) fn attempt(
    case: &Case<'_>,
    run: &mut Run,
    record: &mut GroupState,
    sample: LagSample,
) -> Result<(), Hold> {
    if let Some(reason) = case.hands_off {
        return Err(Hold::HandsOff(reason.to_owned()));
    }
    let Some(target) = case.target else {
        let refused = Effect::Refused(Refusal::NoTarget);
        let pending = std::mem::take(&mut record.pending);
        let outcome = |stage| case.topic.outcome(stage, None, refused.clone());
        let outcomes = pending.iter().map(|pending| outcome(pending.stage));
        finish(case, run, record, sample, outcomes.collect());
        return Ok(());
    };
    let mut target = target.clone();
    if record.recovered {
        case.spared(&run.state, &target)?;
    } else {
        case.confirm(run, record, sample, &mut target)?;
    }
    let changes: Vec<_> = record.pending.iter().map(|p| p.change.clone()).collect();
    let place = case.place(run, &target, &changes)?;
    for pending in &mut record.pending {
        pending.tries = pending.tries.saturating_add(1);
    }
    case.plan(run, record, sample, target, place);
    Ok(())
}

/// Drops what was begun too often without anybody learning what came of it: something in the change itself may end
/// the run.
fn give_up(
    case: &Case<'_>,
    run: &mut Run,
    record: &mut GroupState,
    sample: LagSample,
) -> Option<String> {
    let most = case.topic.policy.retries;
    let pending = std::mem::take(&mut record.pending);
    let (lost, kept): (Vec<_>, Vec<_>) = pending.into_iter().partition(|p| p.tries > most);
    record.pending = kept;
    let tries = lost.iter().map(|pending| pending.tries).max()?;
    let reason = |what: &str, tries| {
        format!("{what} was begun {tries} times, and its outcome is not known: it is given up")
    };
    let outcome = |pending: &super::Pending| {
        let effect = Effect::Failed {
            reason: reason(pending.change.as_str(), pending.tries),
            last: true,
        };
        case.topic.outcome(pending.stage, case.target, effect)
    };
    let outcomes = lost.iter().map(outcome).collect();
    finish(case, run, record, sample, outcomes);
    Some(reason("a change", tries))
}

fn finish(
    case: &Case<'_>,
    run: &mut Run,
    record: &mut GroupState,
    sample: LagSample,
    outcomes: Vec<Outcome>,
) {
    record.done.extend_from_slice(&outcomes);
    let news = if record.recovered {
        News::ScaledBack { outcomes }
    } else {
        News::Retry { outcomes }
    };
    case.topic.tell_stage(&mut run.state, record, sample, news);
}

impl Change {
    fn as_str(&self) -> &'static str {
        match self {
            Self::Restart { .. } => "restart",
            Self::Scale { .. } => "scaling",
            Self::ScaleBack(_) => "scaling back",
        }
    }
}
