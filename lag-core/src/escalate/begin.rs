//! A stage begins: what of it may be done in this run.

use super::{
    Action, Change, GroupState, Hold, Pending, Stage, Verdict,
    gates::{Case, Place, Run},
    step::{Next, held},
};
use crate::{Effect, LagSample, News, Outcome, Refusal, Replicas, Target};

/// Takes the next stage. Whatever holds it leaves the stage and its time as they were.
pub(super) fn begin(
    case: &Case<'_>,
    run: &mut Run,
    mut record: GroupState,
    sample: LagSample,
    stage: &Stage,
) -> Next {
    let topic = &case.topic;
    if let Some(reason) = case.hands_off {
        return held(record, sample, Hold::HandsOff(reason.to_owned()));
    }
    let number = record.stage.saturating_add(1);
    let adds = stage.actions.iter().any(|action| record.adds(*action));
    let no_help = record
        .lag_at_scale
        .filter(|then| adds && !record.stuck && sample.lag > *then);
    let is_stuck = record.stuck || no_help.is_some();

    let (mut changes, mut refused) = (Vec::new(), Vec::new());
    for action in &stage.actions {
        let change = match action {
            Action::Restart => Change::Restart { mark: topic.now },
            Action::Scale(wanted) => Change::Scale {
                wanted: *wanted,
                resolved: None,
            },
            Action::Notify => continue,
        };
        let refusal = match case.target {
            None => Refusal::NoTarget,
            Some(_) if is_stuck && record.adds(*action) => Refusal::Stuck,
            Some(_) => {
                changes.push(change);
                continue;
            }
        };
        refused.push(topic.outcome(number, case.target, Effect::Refused(refusal)));
    }
    let placed = match admit(case, run, &mut record, sample, number, &mut changes) {
        Ok((placed, beyond)) => {
            refused.extend(beyond);
            placed
        }
        Err(why) => return held(record, sample, why),
    };

    let tell = stage.actions.contains(&Action::Notify);
    let to_pending = |change| Pending {
        change,
        stage: number,
        tell,
        tries: 1,
    };
    let has_news = tell || !refused.is_empty();
    record.stage = number;
    record.stage_at = Some(topic.now);
    record.told_at = record.told_at.filter(|told| *told < topic.now);
    record.done.extend(refused);
    record.pending = changes.into_iter().map(to_pending).collect();
    record.stuck = is_stuck;
    if let Some(lag_at_scale) = no_help {
        topic.tell(
            &mut run.state,
            &record,
            sample,
            News::Stuck { lag_at_scale },
        );
    }
    match placed {
        Some((target, place)) => case.plan(run, &mut record, sample, target, place),
        None if has_news => {
            let news = topic.stage_news(&record, &[]);
            topic.tell_stage(&mut run.state, &mut record, sample, news);
        }
        None => {}
    }
    let stage = number;
    (Some(record), Verdict::Escalated { sample, stage })
}

type Admission = (Option<(Target, Place)>, Vec<Outcome>);

/// Whether and where the changes may be made in this run, and which of them go beyond the day's limit.
fn admit(
    case: &Case<'_>,
    run: &mut Run,
    record: &mut GroupState,
    sample: LagSample,
    stage: u32,
    changes: &mut Vec<Change>,
) -> Result<Admission, Hold> {
    let Some(target) = case.target.filter(|_| !changes.is_empty()) else {
        return Ok((None, Vec::new()));
    };
    let mut target = target.clone();
    case.confirm(run, record, sample, &mut target)?;
    let place = case.place(run, &target, changes)?;
    let mut beyond = Vec::new();
    if place == Place::Own {
        case.rested(&run.state, &target)?;
        beyond = case.cap(&run.state, &target, stage, changes);
    }
    let placed = (!changes.is_empty()).then_some((target, place));
    Ok((placed, beyond))
}

impl GroupState {
    /// Whether the action would add replicas. Of a fixed number that is known only once some were added.
    fn adds(&self, action: Action) -> bool {
        match action {
            Action::Scale(Replicas::By(more)) => more > 0,
            Action::Scale(Replicas::To(number)) => {
                self.added.last().is_some_and(|last| number > last.to)
            }
            Action::Restart | Action::Notify => false,
        }
    }
}
