//! The board that all readers share.

use super::Board;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// The board of the process: one immutable value, swapped whole, read by any number of threads.
#[derive(Debug, Default)]
pub struct BoardCell {
    board: RwLock<Arc<Board>>,
    updating: Mutex<()>,
}

impl BoardCell {
    /// A cell that holds this board.
    #[must_use]
    pub fn new(board: Board) -> Self {
        Self {
            board: RwLock::new(Arc::new(board)),
            updating: Mutex::new(()),
        }
    }

    /// The board of this moment.
    #[must_use]
    pub fn load(&self) -> Arc<Board> {
        self.board
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Replaces the board by what `next` makes of it. Readers do not wait for `next`; two updates do not run at once.
    pub fn update(&self, next: impl FnOnce(&Board) -> Board) {
        let _one = self.updating.lock().unwrap_or_else(PoisonError::into_inner);
        let board = Arc::new(next(&self.load()));
        *self.board.write().unwrap_or_else(PoisonError::into_inner) = board;
    }
}
