//! A lag that follows from the replicas: what comes in, less what busy replicas consume.

use crate::Lag;
use jiff::SignedDuration;

/// A stretch of time, from the beginning of the load.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span {
    /// Its beginning.
    pub from: SignedDuration,
    /// Its length.
    pub lasts: SignedDuration,
}

impl Span {
    pub(super) fn holds(&self, since: SignedDuration) -> bool {
        since >= self.from && since.saturating_sub(self.from) < self.lasts
    }
}

/// Messages come in, and each replica that is ready consumes so many while there is a backlog.
///
/// The backlog is taken to be spread evenly over the partitions, and a change of members to stop nobody: a real rebalance
/// makes every change of replicas dearer than it is here.
#[derive(Debug, Clone, PartialEq)]
pub struct Load {
    /// Messages a second that come in.
    pub inflow: f64,
    /// Other inflows for a time; the last one that holds counts.
    pub peaks: Vec<(f64, Span)>,
    /// Messages a second that one busy replica consumes.
    pub rate: f64,
    /// The lag at the beginning, and before it.
    pub lag: Lag,
    /// Replicas beyond this number consume nothing.
    pub partitions: Option<u32>,
    /// When no new points are published.
    pub outages: Vec<Span>,
    /// Length of the whole.
    pub lasts: SignedDuration,
}

impl Load {
    /// The backlog a second later.
    pub(super) fn after_a_second(&self, backlog: f64, since: SignedDuration, ready: u32) -> f64 {
        let peak = self.peaks.iter().rfind(|(_, span)| span.holds(since));
        let inflow = peak.map_or(self.inflow, |(inflow, _)| *inflow);
        let busy = self.partitions.map_or(ready, |most| ready.min(most));
        (backlog + inflow - self.rate * f64::from(busy)).max(0.0)
    }

    pub(super) fn is_published(&self, since: SignedDuration) -> bool {
        !self.outages.iter().any(|span| span.holds(since))
    }
}

/// Whole messages, as the cloud counts them.
pub(super) fn whole(backlog: f64) -> Option<Lag> {
    Lag::try_from(backlog.round()).ok()
}
