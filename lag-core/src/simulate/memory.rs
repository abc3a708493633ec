//! What the controller remembers between two syncs: recommendations, and changes it made.

use super::{Behavior, Rules};
use jiff::{SignedDuration, Timestamp};

/// `--horizontal-pod-autoscaler-downscale-stabilization`.
const DOWNSCALE_STABILIZATION: SignedDuration = SignedDuration::from_mins(5);

/// Number and time.
type Entry = (Timestamp, u32);

#[derive(Debug, Default)]
pub(super) struct Memory {
    recommendations: Vec<Entry>,
    added: Vec<Entry>,
    removed: Vec<Entry>,
}

impl Memory {
    /// The controller starts with the replicas it finds as its first recommendation.
    pub(super) fn begin(&mut self, at: Timestamp, current: u32) {
        if self.recommendations.is_empty() {
            self.recommendations.push((at, current));
        }
    }

    /// Between the lowest recommendation of the way up and the highest of the way down the replicas stay.
    pub(super) fn stabilize(
        &mut self,
        behavior: &Behavior,
        at: Timestamp,
        current: u32,
        desired: u32,
    ) -> u32 {
        let up = behavior.scale_up.stabilization_window;
        let down = behavior.scale_down.stabilization_window;
        let within = |window| {
            let recent = self.recommendations.iter();
            recent
                .filter(move |(then, _)| at.duration_since(*then) < window)
                .map(|(_, count)| *count)
        };
        let lowest = within(up).min().map_or(desired, |low| low.min(desired));
        let highest = within(down).max().map_or(desired, |high| high.max(desired));
        remember(&mut self.recommendations, up.max(down), (at, desired));
        current.max(lowest).min(highest)
    }

    /// The same for an HPA without `behavior`, where the end of the window still counts.
    pub(super) fn stabilize_without_behavior(&mut self, at: Timestamp, desired: u32) -> u32 {
        let recent = self.recommendations.iter();
        let highest = recent
            .filter(|(then, _)| at.duration_since(*then) <= DOWNSCALE_STABILIZATION)
            .map(|(_, count)| *count)
            .max();
        remember(
            &mut self.recommendations,
            DOWNSCALE_STABILIZATION,
            (at, desired),
        );
        highest.map_or(desired, |high| high.max(desired))
    }

    /// Replicas at the beginning of the period that ends now.
    pub(super) fn at_begin(&self, at: Timestamp, period: SignedDuration, current: u32) -> u32 {
        let sum = |changes: &[Entry]| {
            let recent = changes
                .iter()
                .filter(|(then, _)| at.duration_since(*then) < period);
            recent.fold(0_u32, |sum, (_, count)| sum.saturating_add(*count))
        };
        current
            .saturating_add(sum(&self.removed))
            .saturating_sub(sum(&self.added))
    }

    /// The replicas were changed.
    pub(super) fn changed(&mut self, behavior: &Behavior, at: Timestamp, before: u32, after: u32) {
        let (changes, rules): (_, &Rules) = if after > before {
            (&mut self.added, &behavior.scale_up)
        } else {
            (&mut self.removed, &behavior.scale_down)
        };
        remember(
            changes,
            rules.longest_period(),
            (at, after.abs_diff(before)),
        );
    }
}

/// Takes the place of the last entry that is too old, as the controller does: an old change may still count for a longer
/// period of the other direction.
fn remember(entries: &mut Vec<Entry>, keep: SignedDuration, entry: Entry) {
    let old = entries
        .iter_mut()
        .rfind(|(then, _)| entry.0.duration_since(*then) > keep);
    match old {
        Some(old) => *old = entry,
        None => entries.push(entry),
    }
}
