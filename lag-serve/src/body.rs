//! A body of shared pieces: the cached board is sent without being copied.

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use tokio::sync::OwnedSemaphorePermit;

/// Something in front, the shared pieces of a board, something behind.
#[derive(Debug, Clone)]
pub(crate) struct SharedBody {
    head: Bytes,
    board: Arc<[Bytes]>,
    next: usize,
    tail: Bytes,
}

impl SharedBody {
    pub(crate) fn new(head: Bytes, board: Arc<[Bytes]>, tail: Bytes) -> Self {
        Self {
            head,
            board,
            next: 0,
            tail,
        }
    }

    /// What is left, in one piece.
    pub(crate) fn concat(self) -> Bytes {
        let mut whole = Vec::with_capacity(self.remaining());
        whole.extend_from_slice(&self.head);
        for piece in &self.board[self.next..] {
            whole.extend_from_slice(piece);
        }
        whole.extend_from_slice(&self.tail);
        whole.into()
    }

    fn remaining(&self) -> usize {
        let board: usize = self.board[self.next..].iter().map(Bytes::len).sum();
        self.head.len() + board + self.tail.len()
    }

    fn next_piece(&mut self) -> Option<Bytes> {
        if !self.head.is_empty() {
            return Some(std::mem::take(&mut self.head));
        }
        if let Some(piece) = self.board.get(self.next) {
            self.next += 1;
            return Some(piece.clone());
        }
        (!self.tail.is_empty()).then(|| std::mem::take(&mut self.tail))
    }
}

impl Body for SharedBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.next_piece().map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.remaining() == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(u64::try_from(self.remaining()).unwrap_or(u64::MAX))
    }
}

/// A body that holds a place, if it needs one, among those that may be under way at once, until it was sent or given up.
#[derive(Debug)]
pub(crate) struct Placed {
    pub(crate) body: SharedBody,
    pub(crate) _place: Option<OwnedSemaphorePermit>,
}

impl Body for Placed {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
