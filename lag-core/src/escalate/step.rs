//! One group: its state and what was read, in; its next state and verdict, out.

use super::{
    GroupState,
    begin::begin,
    ending::{missing, recover},
    gates::{Case, Run, later},
    retry::retry,
};
use crate::{Lag, LagSample, News, Reading};
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
        /// Stages taken.
        stage: u32,
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
    /// The state was lost, acting is switched off for this run, or a change was given up whose outcome nobody knows.
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
    let verdict = Verdict::Exhausted {
        sample,
        stage: record.stage,
        reminded,
    };
    (Some(record), verdict)
}
