//! What one replica tells another, so that only one of them has to ask the cloud.
//!
//! The document holds a board as it is, with absolute times: samples, failures, and what the policies for replicas have
//! said and remember. Whoever adopts it judges ages by its own clock, from the samples' own times, so nothing gets younger
//! on the way. Numbers keep every bit.

mod adopt;
mod read;
mod wire;
mod write;

use crate::{Board, InstanceId, Stand};
use jiff::Timestamp;

/// The form of the document. Any change that an older program would misread needs a new number, also a new word in a
/// closed list.
const VERSION: u64 = 1;

/// The replica that writes a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Writer {
    /// The name under which it takes part, unique for every process.
    pub identity: String,
    /// Whether it asks the cloud itself.
    pub leads: bool,
}

impl Writer {
    /// The replica of this name that stands so.
    #[must_use]
    pub fn new(identity: &str, stand: Stand) -> Self {
        Self {
            identity: identity.to_owned(),
            leads: stand.leads,
        }
    }
}

/// A board as another process has told it.
#[derive(Debug, Clone, PartialEq)]
pub struct Handover {
    /// When it was written, by the clock of the writer.
    pub written_at: Timestamp,
    /// Who wrote it; `None` for a process that is no replica, and asks the cloud for itself.
    pub writer: Option<Writer>,
    /// Without the series that the writer expected: that is a matter of each one's configuration.
    board: Board,
}

impl Handover {
    /// Whether whoever wrote it asks the cloud.
    #[must_use]
    pub fn is_from_leader(&self) -> bool {
        self.writer.as_ref().is_none_or(|writer| writer.leads)
    }

    /// Instances of this board that the document says nothing of, sorted: whoever wrote it does not watch them.
    pub fn left_out<'b>(&'b self, board: &'b Board) -> impl Iterator<Item = &'b InstanceId> {
        let own = board.instances.keys();
        own.filter(|id| !self.board.instances.contains_key(*id))
    }
}

/// A document that cannot be adopted. Nothing is taken from it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HandoverError {
    /// Another form.
    #[error(
        "the handover has version {found}, and this program reads version {VERSION}: run the same version in all replicas"
    )]
    Version {
        /// The version it names.
        found: u64,
    },
    /// Not a handover, or a part of one.
    #[error("the handover cannot be read: {reason}")]
    Malformed {
        /// What is wrong, and where.
        reason: String,
    },
}
