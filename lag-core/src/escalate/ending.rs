//! How episodes end: by recovery, or because nothing is known for too long.

use super::{
    Change, GroupState, Pending, ResolvedScale, Verdict,
    gates::{Case, Run},
    retry::attempt,
    step::Next,
};
use crate::{Effect, LagSample, News, Reading};

pub(super) fn missing(
    case: &Case<'_>,
    run: &mut Run,
    prior: Option<GroupState>,
    seen: &Reading,
) -> Next {
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

pub(super) fn recover(
    case: &Case<'_>,
    run: &mut Run,
    mut record: GroupState,
    sample: LagSample,
) -> Next {
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

impl GroupState {
    /// Nothing, once it has recovered and nothing is left to do.
    pub(super) fn if_open(self) -> Option<Self> {
        (!self.recovered || !self.pending.is_empty()).then_some(self)
    }
}
