//! Pods that need time before they work.

use jiff::{SignedDuration, Timestamp};

/// Pods in the order in which they were asked for.
#[derive(Debug)]
pub(super) struct Pods {
    /// When they are ready, and how many of them.
    batches: Vec<(Timestamp, u32)>,
    start_up: SignedDuration,
}

impl Pods {
    /// So many that are ready.
    pub(super) fn ready_ones(count: u32, start_up: SignedDuration) -> Self {
        Self {
            batches: vec![(Timestamp::MIN, count)],
            start_up,
        }
    }

    pub(super) fn ready(&self, at: Timestamp) -> u32 {
        let ready = self.batches.iter().filter(|(from, _)| *from <= at);
        ready.fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }

    /// The newest go first, as a ReplicaSet does it: pods that are not ready before those that are.
    pub(super) fn scale(&mut self, at: Timestamp, from: u32, to: u32) {
        if to > from {
            let ready_at = at.saturating_add(self.start_up).unwrap_or(Timestamp::MAX);
            self.batches.push((ready_at, to - from));
        }
        let mut surplus = from.saturating_sub(to);
        while let Some((_, count)) = self.batches.last_mut().filter(|_| surplus > 0) {
            let gone = surplus.min(*count);
            *count -= gone;
            surplus -= gone;
            if *count == 0 {
                self.batches.pop();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_counts_once_it_has_started_and_the_newest_goes_first() {
        let second = |s| Timestamp::from_second(s).unwrap();
        let mut pods = Pods::ready_ones(2, SignedDuration::from_secs(30));
        pods.scale(second(0), 2, 5);
        assert_eq!((pods.ready(second(29)), pods.ready(second(30))), (2, 5));
        pods.scale(second(10), 5, 3);
        assert_eq!((pods.ready(second(29)), pods.ready(second(30))), (2, 3));
        pods.scale(second(40), 3, 0);
        assert_eq!(pods.ready(second(50)), 0);
        pods.scale(second(50), 0, 1);
        assert_eq!((pods.ready(second(79)), pods.ready(second(80))), (0, 1));
    }
}
