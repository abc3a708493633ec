//! What has happened to objects lately, for watches.

use std::collections::VecDeque;

use serde_json::Value;
use tokio::sync::watch;

use crate::world::Key;

/// Events kept. The real server keeps them for minutes; a watch that starts before them has to list again.
const MOST: usize = 1_000;

/// One change of one object.
#[derive(Debug)]
pub(crate) struct Event {
    /// `ADDED`, `MODIFIED` or `DELETED`.
    pub(crate) kind: &'static str,
    pub(crate) revision: u64,
    pub(crate) key: Key,
    pub(crate) object: Value,
}

/// The last events, oldest first.
#[derive(Debug, Default)]
pub(crate) struct History {
    events: VecDeque<Event>,
    /// The version of the last event that is not kept any more.
    forgotten: u64,
    told: watch::Sender<u64>,
}

impl History {
    pub(crate) fn note(&mut self, event: Event) {
        let revision = event.revision;
        self.events.push_back(event);
        if self.events.len() > MOST {
            self.forget(1);
        }
        self.told.send_replace(revision);
    }

    /// Forgets the oldest events.
    pub(crate) fn forget(&mut self, count: usize) {
        for event in self.events.drain(..count.min(self.events.len())) {
            self.forgotten = event.revision;
        }
    }

    /// Forgets all of them, as etcd does when it is compacted.
    pub(crate) fn compact(&mut self) {
        self.forget(self.events.len());
    }

    /// What has happened after a version; `None` when that is not known any more.
    pub(crate) fn after(&self, version: u64) -> Option<impl Iterator<Item = &Event>> {
        let is_later = move |event: &&Event| event.revision > version;
        (version >= self.forgotten).then(|| self.events.iter().filter(is_later))
    }

    /// Tells when something has happened.
    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        self.told.subscribe()
    }
}
