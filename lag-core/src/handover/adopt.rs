//! Taking over what another replica has told.

use super::Handover;
use crate::{
    Board, InstanceBoard,
    recommend::{AdviceBoard, RecommendBook, Said},
};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

impl Board {
    /// The board after `handover` was heard of, at `now` by our own clock. Only instances and sources that this board
    /// watches itself are taken.
    ///
    /// Of each series the newer sample stays; one of the future by our clock is left out, as a collection would leave it
    /// out. How collections fare is told by whoever makes them, so of a leader that is taken as it is: what fails there,
    /// fails here.
    /// What no longer is in the document stays until it is older than `forget_after`. An instance that a leader says
    /// nothing of is not up here either.
    ///
    /// What the policies said is taken for groups that `book` has a rule for, cut to the limits of that rule; what they
    /// remember is taken as it is.
    #[must_use]
    pub fn adopt(
        &self,
        handover: &Handover,
        book: &RecommendBook,
        now: Timestamp,
        forget_after: SignedDuration,
    ) -> Self {
        let told = &handover.board;
        let mut next = self.clone();
        for (name, source) in &mut next.sources {
            match told.sources.get(name) {
                Some(other) if other.attempts > 0 => source.clone_from(other),
                _ => {}
            }
        }
        for (id, instance) in &mut next.instances {
            if let Some(other) = told.instances.get(id) {
                let instance = Arc::make_mut(instance);
                if handover.is_from_leader() && other.last_attempt.is_some() {
                    instance.fare(other);
                }
                instance.adopt(other, now, forget_after);
            } else if handover.is_from_leader() {
                Arc::make_mut(instance).leave_out(now);
            }
        }
        let mut advice = self.advice.0.clone();
        for (key, said) in &told.advice.0 {
            let Some(rule) = book.of(key) else { continue };
            let is_older = advice.get(key).is_some_and(|own| seen(own) > seen(said));
            if next.instances.contains_key(&key.instance) && !is_older {
                let mut said = said.clone();
                let limits = rule.policy.limits();
                let number = &mut said.recommendation.replicas;
                *number = number.map(|number| number.clamp(limits.min(), limits.max()));
                advice.insert(key.clone(), said);
            }
        }
        next.advice = Arc::new(AdviceBoard(advice));
        next
    }
}

/// Time of the newest sample that the policy knows.
fn seen(said: &Said) -> Option<Timestamp> {
    said.recommendation.memory.as_ref()?.seen
}

impl InstanceBoard {
    /// Collections fare as they do there. Not the later of the two attempts: that would compare the clocks of two
    /// machines.
    fn fare(&mut self, other: &Self) {
        // A leader that has asked since then has asked what it is configured for, and all replicas should be configured alike.
        if other.last_success > self.unanswered_since {
            self.unanswered_since = None;
        }
        self.last_attempt = other.last_attempt;
        self.last_success = other.last_success;
        self.failing_since = other.failing_since;
        self.consecutive_failures = other.consecutive_failures;
        self.last_error.clone_from(&other.last_error);
        self.answered = other.answered;
        self.is_cut = other.is_cut;
    }

    fn adopt(&mut self, other: &Self, now: Timestamp, forget_after: SignedDuration) {
        self.watched_since = self.watched_since.min(other.watched_since);
        let known = other.samples();
        let usable =
            known.filter(|(_, sample)| sample.at <= now && sample.age(now) <= forget_after);
        let usable = usable.map(|(series, sample)| (series.clone(), *sample));
        self.merge(usable.collect(), now, forget_after);
    }
}
