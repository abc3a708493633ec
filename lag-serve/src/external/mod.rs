//! `external.metrics.k8s.io/v1beta1`: what an HPA reads, answered from memory.
//!
//! A value leaves here only as a fresh sample with its own time. If any series that a selector matches has none, the whole
//! answer is an error: an autoscaler adds values up, and a sum of some of them would scale down. Who may ask is decided
//! in front of these routes, not in them.

mod aliases;
mod answer;
mod auth;
mod documents;
mod doubt;
mod ground;
mod list;
mod metric;
mod parameters;
mod quantity;
mod routes;
pub(crate) mod status;

pub use auth::{AuthMode, Guard, InvalidAuthMode};

use crate::{BuildInfo, Now};
use aliases::Aliases;
use jiff::{SignedDuration, Timestamp};
use lag_core::{Board, BoardCell, NamespaceScopes};
use std::{fmt, sync::Arc};
use tokio::sync::Semaphore;

/// Answers about whole boards under way at once; each holds a text of its own until it was sent.
const LARGE_ANSWERS: usize = 2;

/// How the board is served to autoscalers.
#[derive(Debug, Clone)]
pub struct ExternalConfig {
    /// Age up to which a number is fresh.
    pub max_age: SignedDuration,
    /// Whether lags by topic are collected, and so a metric of their own.
    pub topics: bool,
    /// Whether policies recommend replicas, and so whether that metric exists.
    pub recommends: bool,
    /// Which namespaces may read which groups; `None` for all of them all.
    pub scopes: Option<NamespaceScopes>,
    /// For `/version`.
    pub build: BuildInfo,
}

/// The external metrics API over a board. Clones share everything.
#[derive(Clone)]
pub struct ExternalMetrics(Arc<Inner>);

struct Inner {
    board: Arc<BoardCell>,
    now: Now,
    config: ExternalConfig,
    aliases: Aliases,
    large_answers: Arc<Semaphore>,
}

impl fmt::Debug for ExternalMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExternalMetrics")
            .field("config", &self.0.config)
            .finish_non_exhaustive()
    }
}

impl ExternalMetrics {
    /// An API over whatever the cell holds at the time of each request.
    #[must_use]
    pub fn new(board: Arc<BoardCell>, now: Now, config: ExternalConfig) -> Self {
        Self(Arc::new(Inner {
            board,
            now,
            config,
            aliases: Aliases::default(),
            large_answers: Arc::new(Semaphore::new(LARGE_ANSWERS)),
        }))
    }

    /// The routes, without authentication: whoever reaches them may read what the scopes allow.
    pub fn router(&self) -> axum::Router {
        routes::router(self.clone())
    }

    /// The board and the time, in this order: a board is never looked at from before it was made.
    fn moment(&self) -> (Arc<Board>, Timestamp) {
        let board = self.0.board.load();
        (board, (self.0.now)())
    }
}
