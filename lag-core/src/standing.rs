//! Which of several replicas this one is, for metrics and probes.

use jiff::{SignedDuration, Timestamp};
use std::sync::{Mutex, PoisonError};

/// Whether this replica is the one that asks the cloud, and how following the other goes.
#[derive(Debug, Default)]
pub struct Standing {
    identity: String,
    stand: Mutex<Stand>,
}

/// A look at a [`Standing`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stand {
    /// It asks the cloud itself.
    pub leads: bool,
    /// When it was last known to lead.
    pub led_at: Option<Timestamp>,
    /// It has tried to read the leader's board, whatever came of it.
    pub has_tried: bool,
    /// When a leader last answered, also when nothing was new.
    pub followed_at: Option<Timestamp>,
}

impl Standing {
    /// Of the replica that takes part under this name, unique for every process.
    #[must_use]
    pub fn of(identity: impl Into<String>) -> Self {
        Self {
            identity: identity.into(),
            stand: Mutex::default(),
        }
    }

    /// Under which name it takes part.
    #[must_use]
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// How it is now.
    #[must_use]
    pub fn look(&self) -> Stand {
        *self.stand.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes whether this replica leads from `now` on.
    pub fn lead(&self, leads: bool, now: Timestamp) {
        self.change(|stand| {
            if leads || stand.leads {
                stand.led_at = Some(now);
            }
            stand.leads = leads;
        });
    }

    /// Notes an answer of a leader, or `None` for a try that brought none.
    pub fn followed(&self, at: Option<Timestamp>) {
        self.change(|stand| {
            stand.has_tried = true;
            stand.followed_at = at.or(stand.followed_at);
        });
    }

    fn change(&self, change: impl FnOnce(&mut Stand)) {
        change(&mut self.stand.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Stand {
    /// Since when nobody is known to ask the cloud, when that is longer ago than `grace`, in which one leader may follow
    /// another. A replica that has never led nor followed counts from when it `began`.
    #[must_use]
    pub fn unattended_since(
        &self,
        began: Timestamp,
        now: Timestamp,
        grace: SignedDuration,
    ) -> Option<Timestamp> {
        let last = self.led_at.max(self.followed_at).unwrap_or(began);
        (!self.leads && now.duration_since(last) > grace).then_some(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: SignedDuration = SignedDuration::from_secs(30);

    fn at(second: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(second)
    }

    #[test]
    fn nobody_asks_when_it_has_neither_led_nor_followed_for_longer_than_the_grace() {
        let standing = Standing::of("one-1");
        let since = |now| standing.look().unattended_since(at(0), at(now), GRACE);
        assert_eq!((since(30), since(31)), (None, Some(at(0))));
        standing.followed(None);
        assert_eq!(since(31), Some(at(0)), "a try that brought nothing is none");
        standing.followed(Some(at(40)));
        assert_eq!((since(70), since(71)), (None, Some(at(40))));
        standing.lead(true, at(80));
        assert_eq!(since(900), None);
        standing.lead(false, at(900));
        standing.lead(false, at(920));
        assert_eq!((since(930), since(931)), (None, Some(at(900))));
    }
}
