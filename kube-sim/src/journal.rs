//! The requests that came, and what was answered.

use jiff::Timestamp;
use serde::Serialize;

/// One request as it came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SeenRequest {
    /// For example `PATCH`.
    pub method: String,
    /// Without the query.
    pub path: String,
    /// The query as sent; empty when there is none.
    pub query: String,
    /// The header `Content-Type`; empty when there is none.
    pub content_type: String,
    /// The body as text.
    pub body: String,
    /// When it was read whole.
    pub at: Timestamp,
    /// The status that was answered; `None` while there is no answer, and for ever when a fault kept it back.
    pub answered: Option<u16>,
    /// Whether it changed a stored object, also when the client never learned.
    pub stored: bool,
}

/// Requests in the order of their arrival.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    seen: Vec<SeenRequest>,
    /// How many were forgotten by resets: numbers of requests in flight stay good.
    forgotten: usize,
}

impl Journal {
    /// Keeps a request; the number is its name until it is answered.
    pub(crate) fn arrived(&mut self, request: SeenRequest) -> usize {
        self.seen.push(request);
        self.forgotten + self.seen.len() - 1
    }

    fn entry(&mut self, number: usize) -> Option<&mut SeenRequest> {
        self.seen.get_mut(number.checked_sub(self.forgotten)?)
    }

    pub(crate) fn stored(&mut self, number: usize) {
        if let Some(entry) = self.entry(number) {
            entry.stored = true;
        }
    }

    pub(crate) fn answered(&mut self, number: usize, status: u16) {
        if let Some(entry) = self.entry(number) {
            entry.answered = Some(status);
        }
    }

    pub(crate) fn all(&self) -> &[SeenRequest] {
        &self.seen
    }

    pub(crate) fn reset(&mut self) {
        self.forgotten += self.seen.len();
        self.seen.clear();
    }
}
