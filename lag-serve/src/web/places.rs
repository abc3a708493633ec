//! The places of a listener. When all are taken, a new connection gets that of one which does nothing: who only holds a
//! place must not keep others out, least of all those who have shown who they are.

use super::idle::Activity;
use std::{collections::HashMap, time::Duration};
use tokio::{
    task::{AbortHandle, Id, JoinError, JoinSet},
    time::Instant,
};
use tracing::warn;

/// How often it is said that connections are cut.
const TOLD_EVERY: Duration = Duration::from_secs(60);

/// Connections that are open.
#[derive(Debug)]
pub(super) struct Places {
    most: usize,
    tasks: JoinSet<()>,
    /// Those that have not been cut.
    taken: HashMap<Id, (Activity, AbortHandle)>,
    told: Option<Instant>,
}

impl Places {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            tasks: JoinSet::new(),
            taken: HashMap::new(),
            told: None,
        }
    }

    /// Whether one more connection has a place, its own or that of another.
    pub(super) fn has_room(&self) -> bool {
        self.taken.len() < self.most || self.idlest().is_some()
    }

    /// Runs a connection.
    pub(super) fn take(
        &mut self,
        activity: Activity,
        connection: impl Future<Output = ()> + Send + 'static,
    ) {
        while self.taken.len() >= self.most {
            let Some(idlest) = self.idlest() else {
                break; // it has begun to answer since we looked
            };
            self.cut(idlest);
        }
        let handle = self.tasks.spawn(connection);
        self.taken.insert(handle.id(), (activity, handle));
    }

    fn idlest(&self) -> Option<Id> {
        let now = Instant::now();
        let ranks = self
            .taken
            .iter()
            .filter_map(|(id, (activity, _))| Some((activity.rank(now)?, *id)));
        ranks.min_by_key(|(rank, _)| *rank).map(|(_, id)| id)
    }

    fn cut(&mut self, id: Id) {
        if let Some((_, handle)) = self.taken.remove(&id) {
            handle.abort();
        }
        let now = Instant::now();
        let is_due = |told: Instant| now.duration_since(told) >= TOLD_EVERY;
        if self.told.is_none_or(is_due) {
            self.told = Some(now);
            warn!(
                connections = self.most,
                "all connections of a port are taken: new ones take the places of those that do nothing"
            );
        }
    }

    /// Waits for a connection to end; `false` when there is none. Cancel-safe.
    pub(super) async fn ended(&mut self) -> bool {
        let Some(ended) = self.tasks.join_next_with_id().await else {
            return false;
        };
        let id = ended.map_or_else(|error: JoinError| error.id(), |(id, ())| id);
        self.taken.remove(&id);
        true
    }

    /// Connections that have not ended.
    pub(super) fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Cuts all that are left.
    pub(super) async fn shutdown(mut self) {
        self.tasks.shutdown().await;
    }
}
