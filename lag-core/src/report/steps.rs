//! Outcomes, arranged for a sentence.

use super::{Effect, Outcome};
use jiff::Timestamp;

/// So many outcomes of earlier stages are told; before them come only tries that failed and were told.
const MOST: usize = 10;

/// Whether an effect is told as news, or as something of earlier stages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tense {
    /// It has just happened, and may happen again.
    Now,
    /// It happened before; what would come next has come.
    Before,
}

/// One effect, and how often it came in a row.
pub(super) struct Step<'o> {
    pub(super) effect: &'o Effect,
    /// The last time.
    pub(super) at: Timestamp,
    pub(super) times: u32,
}

/// What happened to one workload in a row.
pub(super) struct Steps<'o> {
    pub(super) workload: &'o str,
    pub(super) steps: Vec<Step<'o>>,
}

/// The newest outcomes in order, those of one workload together, repeats counted.
pub(super) fn arrange(outcomes: &[Outcome]) -> Vec<Steps<'_>> {
    let mut all: Vec<Steps<'_>> = Vec::new();
    for outcome in outcomes.iter().skip(outcomes.len().saturating_sub(MOST)) {
        let step = Step {
            effect: &outcome.effect,
            at: outcome.at,
            times: 1,
        };
        match all.last_mut() {
            Some(last) if last.workload == outcome.workload => match last.steps.last_mut() {
                Some(same) if *same.effect == outcome.effect => {
                    same.times += 1;
                    same.at = outcome.at;
                }
                _ => last.steps.push(step),
            },
            _ => all.push(Steps {
                workload: &outcome.workload,
                steps: vec![step],
            }),
        }
    }
    all
}

/// What came of all stages, in one sentence's worth.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) restarted: bool,
    pub(super) evicted: bool,
    pub(super) scaled_up: bool,
    pub(super) scaled_down: bool,
    pub(super) minimum: bool,
    pub(super) already: bool,
    pub(super) failed: u32,
    pub(super) refused: u32,
}

impl Tally {
    pub(super) fn of(outcomes: &[Outcome]) -> Self {
        let mut tally = Self::default();
        for outcome in outcomes {
            match &outcome.effect {
                Effect::Restarted | Effect::AlreadyRestarted => tally.restarted = true,
                Effect::Evicted { .. } => tally.evicted = true,
                Effect::Scaled { from, to } if to < from => tally.scaled_down = true,
                Effect::Scaled { .. } => tally.scaled_up = true,
                Effect::MinimumChanged { .. } => tally.minimum = true,
                Effect::AlreadyScaled { .. } => tally.already = true,
                Effect::Refused(_) => tally.refused += 1,
                Effect::Failed { .. } => tally.failed += 1,
            }
        }
        tally
    }

    /// Those of the words whose thing happened.
    pub(super) fn pick(&self, words: [&'static str; 6]) -> Vec<&'static str> {
        let [restarted, evicted, scaled_up, scaled_down, minimum, already] = words;
        [
            (self.restarted, restarted),
            (self.evicted, evicted),
            (self.scaled_up, scaled_up),
            (self.scaled_down, scaled_down),
            (self.minimum, minimum),
            (self.already, already),
        ]
        .into_iter()
        .filter_map(|(happened, word)| happened.then_some(word))
        .collect()
    }
}
