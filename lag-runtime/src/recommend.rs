//! The policies for replicas, in the hands of a collector.

use jiff::{SignedDuration, Timestamp};
use lag_core::{
    Board, Workload,
    recommend::{RecommendBook, ReplicaCount},
};
use std::{fmt, sync::Arc};

/// Says how many replicas a workload has, where that is known at this time.
pub type Replicas = Arc<dyn Fn(&Workload, Timestamp) -> Option<ReplicaCount> + Send + Sync>;

/// Lets the policies look at a board after each collection. The default has none, and costs nothing.
#[derive(Clone, Default)]
pub struct Recommender {
    /// The policies.
    pub book: Arc<RecommendBook>,
    /// Age up to which a lag is a number.
    pub max_age: SignedDuration,
    /// Whom to ask for replicas; nobody knows them without.
    pub replicas: Option<Replicas>,
}

impl fmt::Debug for Recommender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recommender")
            .field("book", &self.book)
            .field("max_age", &self.max_age)
            .finish_non_exhaustive()
    }
}

impl Recommender {
    /// The board with what the policies say of it.
    #[must_use]
    pub fn follow(&self, board: Board, now: Timestamp) -> Board {
        if self.book.rules.is_empty() {
            return board;
        }
        board.recommending(&self.book, now, self.max_age, |workload| {
            self.replicas.as_ref()?(workload, now)
        })
    }
}
