//! Which of several replicas this one is, for metrics and probes.

use jiff::Timestamp;
use std::sync::{Mutex, PoisonError};

/// Whether this replica is the one that asks the cloud, and how following the other goes.
#[derive(Debug, Default)]
pub struct Standing(Mutex<Stand>);

/// A look at a [`Standing`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stand {
    /// It asks the cloud itself.
    pub leads: bool,
    /// It has tried to read the leader's board, whatever came of it.
    pub has_tried: bool,
    /// When the leader last answered, also when nothing was new.
    pub followed_at: Option<Timestamp>,
}

impl Standing {
    /// How it is now.
    #[must_use]
    pub fn look(&self) -> Stand {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes whether this replica leads from now on.
    pub fn lead(&self, leads: bool) {
        self.change(|stand| stand.leads = leads);
    }

    /// Notes an answer of the leader, or `None` for a try that brought none.
    pub fn followed(&self, at: Option<Timestamp>) {
        self.change(|stand| {
            stand.has_tried = true;
            stand.followed_at = at.or(stand.followed_at);
        });
    }

    fn change(&self, change: impl FnOnce(&mut Stand)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}
