//! One group: its state and what was read, in; its next state and verdict, out.

use super::{
    Action, Change, GroupState, Pending, ResolvedScale, Stage,
    gates::{Case, Place, Run, later},
    retry::{attempt, retry},
};
use crate::{Effect, Lag, LagSample, News, Outcome, Reading, Refusal, Replicas, Target};
use jiff::{SignedDuration, Timestamp};

/// What a run says about a group.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// Fresh, not above, no episode.
    Ok(LagSample),
    /// Above, and a stage begins.
    Escalated {
        /// What was read.
        sample: LagSample,
        /// Its number, from 1.
        stage: u32,
    },
    /// A change that failed before is tried again.
    Retried {
        /// What was read.
        sample: LagSample,
        /// Stage that wanted it.
        stage: u32,
    },
    /// In an episode, and nothing is done for a reason.
    Held {
        /// What was read.
        sample: LagSample,
        /// Stages begun.
        stage: u32,
        /// Why nothing is done.
        why: Hold,
    },
    /// Above, and every stage has been taken: silence until recovery, apart from reminders.
    Exhausted {
        /// What was read.
        sample: LagSample,
        /// Whether people are reminded in this run.
        reminded: bool,
    },
    /// The episode ends.
    Recovered {
        /// What was read.
        sample: LagSample,
        /// Stages that were taken.
        stages: u32,
    },
    /// No number: nothing begins, nothing ends.
    Unknown {
        /// `stale`, `absent` or `failed`.
        state: &'static str,
        /// Age of the last known number, if there is one.
        age: Option<SignedDuration>,
        /// Whether an episode is open (or was closed because the group was gone for too long).
        stage: Option<u32>,
    },
}

/// Why nothing is done although an episode is open.
#[derive(Debug, Clone, PartialEq)]
pub enum Hold {
    /// The sample was counted by an earlier run already.
    SameSample,
    /// Between recovery and breach.
    Between,
    /// The breach has not lasted long enough.
    NotSustained {
        /// The sample time from which it counts.
        until: Timestamp,
    },
    /// The last stage, or the last change of the workload, is too recent.
    Gap {
        /// When the next stage may begin.
        until: Timestamp,
    },
    /// The lag drains in time by itself.
    Draining {
        /// Time to recovery at the measured rate.
        within: SignedDuration,
    },
    /// The second opinion is wanted and not there yet.
    Unconfirmed {
        /// Why, when it could not be had.
        reason: Option<String>,
    },
    /// The second opinion says otherwise.
    Disputed {
        /// Lag as the Kafka service has it.
        total: Lag,
    },
    /// The state was lost, or acting is switched off for this run.
    HandsOff(String),
}

/// What becomes of a group's record, and what is said about it.
pub(super) type Next = (Option<GroupState>, Verdict);

pub(super) fn held(record: GroupState, sample: LagSample, why: Hold) -> Next {
    let stage = record.stage;
    (Some(record), Verdict::Held { sample, stage, why })
}

pub(super) fn step(
    case: &Case<'_>,
    run: &mut Run,
    prior: Option<GroupState>,
    seen: &Reading,
) -> Next {
    let sample = match seen {
        Reading::Fresh(sample) => *sample,
        Reading::Stale { .. } | Reading::Absent | Reading::Failed { .. } => {
            return missing(case, run, prior, seen);
        }
    };
    let threshold = case.topic.policy.threshold;
    let is_breach = threshold.is_breach(sample.lag);
    let Some(mut record) = prior else {
        if is_breach {
            return climb(case, run, GroupState::opened(sample), sample);
        }
        return (None, Verdict::Ok(sample));
    };
    let is_new = sample.at > record.sample_at;
    if !is_breach && record.recovered {
        return retry(case, run, record, sample);
    }
    if is_breach && !record.recovered && !record.pending.is_empty() {
        return retry(case, run, record, sample);
    }
    if !is_new {
        return held(record, sample, Hold::SameSample);
    }
    if is_breach && record.recovered {
        // What was still to be taken back is needed again.
        return climb(case, run, GroupState::opened(sample), sample);
    }
    record.saw(sample);
    if is_breach {
        return climb(case, run, record, sample);
    }
    if threshold.is_recovery(sample.lag) {
        return recover(case, run, record, sample);
    }
    if record.stage == 0 {
        return (None, Verdict::Ok(sample));
    }
    held(record, sample, Hold::Between)
}

fn missing(case: &Case<'_>, run: &mut Run, prior: Option<GroupState>, seen: &Reading) -> Next {
    let age = match seen {
        Reading::Stale { age, .. } => Some(*age),
        Reading::Fresh(_) | Reading::Absent | Reading::Failed { .. } => None,
    };
    let verdict = Verdict::Unknown {
        state: seen.state(),
        age,
        stage: prior.as_ref().map(|record| record.stage),
    };
    let topic = &case.topic;
    let Some(record) = prior else {
        return (None, verdict);
    };
    let missing_for = topic.now.duration_since(record.sample_at);
    if missing_for <= topic.policy.keep_missing_for {
        return (Some(record), verdict);
    }
    if record.recovered {
        let failed = |pending: &Pending| {
            let reason = "given up: the group has had no fresh sample for too long".to_owned();
            let effect = Effect::Failed { reason, last: true };
            topic.outcome(pending.stage, case.target, effect)
        };
        let outcomes = record.pending.iter().map(failed).collect();
        let news = News::ScaledBack { outcomes };
        topic.tell(&mut run.state, &record, record.sample(), news);
    } else if record.stage > 0 {
        let news = News::Lost { missing_for };
        topic.tell(&mut run.state, &record, record.sample(), news);
    }
    (None, verdict)
}

fn recover(case: &Case<'_>, run: &mut Run, mut record: GroupState, sample: LagSample) -> Next {
    let (topic, stages) = (&case.topic, record.stage);
    let verdict = Verdict::Recovered { sample, stages };
    if stages > 0 && topic.policy.tell_recovery {
        let news = News::Recovered {
            lasted: sample.at.duration_since(record.since),
            before: record.done.clone(),
            dropped: u32::try_from(record.pending.len()).unwrap_or(u32::MAX),
        };
        topic.tell(&mut run.state, &record, sample, news);
    }
    // A scaling whose outcome is not known may have been made.
    let maybe_added = record
        .pending
        .iter()
        .filter_map(|pending| match &pending.change {
            Change::Scale { resolved, .. } => resolved.clone().filter(ResolvedScale::is_increase),
            Change::Restart { .. } | Change::ScaleBack(_) => None,
        });
    let mut added = std::mem::take(&mut record.added);
    added.extend(maybe_added);
    if !topic.policy.scale_back || added.is_empty() {
        return (None, verdict);
    }
    record.recovered = true;
    let take_back = |added| Pending {
        change: Change::ScaleBack(added),
        stage: stages,
        tell: true,
        tries: 0,
    };
    record.pending = added.into_iter().rev().map(take_back).collect();
    // When it has to wait, the record waits.
    let _ = attempt(case, run, &mut record, sample);
    (record.if_open(), verdict)
}

/// A breach that is new to the record.
fn climb(case: &Case<'_>, run: &mut Run, record: GroupState, sample: LagSample) -> Next {
    let (policy, now) = (case.topic.policy, case.topic.now);
    if sample.at.duration_since(record.since) < policy.sustained_for {
        let until = later(record.since, policy.sustained_for);
        return held(record, sample, Hold::NotSustained { until });
    }
    let stage = usize::try_from(record.stage).ok();
    let Some(stage) = stage.and_then(|stage| policy.stages.get(stage)) else {
        return exhausted(case, run, record, sample);
    };
    if let Some(began) = record.stage_at {
        let until = later(began, policy.min_gap);
        if until > now {
            return held(record, sample, Hold::Gap { until });
        }
    }
    if let Some(within) = drains_within(case, sample) {
        return held(record, sample, Hold::Draining { within });
    }
    begin(case, run, record, sample, stage)
}

fn drains_within(case: &Case<'_>, sample: LagSample) -> Option<SignedDuration> {
    let policy = case.topic.policy;
    let most = policy.hold_while_draining_within?;
    let surplus = sample.lag.as_f64() - policy.threshold.recover_at().as_f64();
    let within = sample.trend?.drain(Lag::try_from(surplus).ok()?)?;
    (within <= most).then_some(within)
}

fn exhausted(case: &Case<'_>, run: &mut Run, mut record: GroupState, sample: LagSample) -> Next {
    let topic = &case.topic;
    let told = record.told_at.or(record.stage_at);
    let reminded = told
        .zip(topic.policy.remind_every)
        .is_some_and(|(told, every)| topic.now.duration_since(told) >= every);
    if reminded {
        let before = record.done.clone();
        topic.tell_stage(
            &mut run.state,
            &mut record,
            sample,
            News::Reminder { before },
        );
    }
    (Some(record), Verdict::Exhausted { sample, reminded })
}

fn begin(
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

    /// Nothing, once it has recovered and nothing is left to do.
    pub(super) fn if_open(self) -> Option<Self> {
        (!self.recovered || !self.pending.is_empty()).then_some(self)
    }
}
