//! What people are to be told goes to the outbox.

use super::{CheckState, EscalationPolicy, GroupState};
use crate::{Effect, Event, GroupKey, LagSample, News, Note, Outcome, Target};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// Notes kept for notifiers that do not answer; a message with more would be cut anyway.
const MOST_NOTES: usize = 500;

/// The group that is spoken of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Topic<'r> {
    pub(super) key: &'r GroupKey,
    pub(super) policy: &'r EscalationPolicy,
    pub(super) now: Timestamp,
}

impl Topic<'_> {
    /// Puts a note about the record's episode into the outbox.
    pub(super) fn tell(
        &self,
        state: &mut CheckState,
        record: &GroupState,
        sample: LagSample,
        news: News,
    ) {
        state.outbox.push(Note {
            at: self.now,
            event: Event::Group {
                key: self.key.clone(),
                episode: record.since,
                stage: record.stage,
                sample,
                breach_above: self.policy.threshold.breach_above(),
                news,
            },
            sent_to: BTreeSet::new(),
        });
        if let Some(beyond) = state.outbox.len().checked_sub(MOST_NOTES) {
            state.outbox.drain(..beyond);
            let beyond = u64::try_from(beyond).unwrap_or(u64::MAX);
            state.dropped_notes = state.dropped_notes.saturating_add(beyond);
        }
    }

    /// The same, and notes that people know how the stage stands. A clock that was put back does not undo that.
    pub(super) fn tell_stage(
        &self,
        state: &mut CheckState,
        record: &mut GroupState,
        sample: LagSample,
        news: News,
    ) {
        self.tell(state, record, sample, news);
        record.told_at = record.stage_at.max(Some(self.now));
    }

    /// News of the stage that began last, with what is already known of it in `done`.
    pub(super) fn stage_news(&self, record: &GroupState, also: &[Outcome]) -> News {
        let is_last =
            usize::try_from(record.stage).is_ok_and(|begun| begun >= self.policy.stages.len());
        let (mut outcomes, before): (Vec<_>, Vec<_>) = record
            .done
            .iter()
            .cloned()
            .partition(|outcome| outcome.stage == record.stage);
        outcomes.extend_from_slice(also);
        News::Stage {
            outcomes,
            before,
            last: is_last,
        }
    }

    /// An outcome that no adapter has reported. Without a target, the workload has no name.
    pub(super) fn outcome(&self, stage: u32, target: Option<&Target>, effect: Effect) -> Outcome {
        Outcome {
            stage,
            at: self.now,
            workload: target.map_or_else(String::new, |target| target.workload.to_string()),
            effect,
        }
    }
}
