//! The rendered board, kept for as long as it is true.

use crate::exposition::{BoardPart, Encoding, Format, Validity};
use jiff::{SignedDuration, Timestamp};
use lag_core::Board;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// What nobody has asked for in this time is not rendered ahead: longer than any usual interval between scrapes.
const WANTED_FOR: SignedDuration = SignedDuration::from_mins(5);

/// Every kind of part, in the order of the slots.
const VARIANTS: [(Format, Encoding); 4] = [
    (Format::Text, Encoding::Identity),
    (Format::Text, Encoding::Gzip),
    (Format::OpenMetrics, Encoding::Identity),
    (Format::OpenMetrics, Encoding::Gzip),
];

/// Parts of one board, by format and encoding; those of an older board are let go before new ones are made.
#[derive(Debug)]
pub(crate) struct Cache {
    slots: Mutex<Slots>,
    asked: Mutex<[Option<Timestamp>; 4]>,
    /// Whoever renders for a scrape holds this, so that scrapes at the same time share one rendering.
    pub(crate) turn: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Slots {
    /// Weak: an old board is freed when it is replaced, not at the next scrape. While this is held, its address is
    /// not given to another board, so comparing addresses is enough.
    board: Weak<Board>,
    validity: Validity,
    parts: [Option<BoardPart>; 4],
}

impl Slots {
    fn new(board: &Arc<Board>, validity: Validity) -> Self {
        Self {
            board: Arc::downgrade(board),
            validity,
            parts: Default::default(),
        }
    }

    fn is_of(&self, board: &Arc<Board>) -> bool {
        std::ptr::eq(self.board.as_ptr(), Arc::as_ptr(board))
    }

    fn holds(&self, board: &Arc<Board>, now: Timestamp) -> bool {
        self.is_of(board) && self.validity.holds_at(now)
    }
}

impl Default for Cache {
    fn default() -> Self {
        Self {
            slots: Mutex::new(Slots {
                board: Weak::new(),
                validity: Validity::ALWAYS,
                parts: Default::default(),
            }),
            asked: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        }
    }
}

impl Cache {
    /// A part of this very board that is true now.
    pub(crate) fn get(
        &self,
        board: &Arc<Board>,
        now: Timestamp,
        format: Format,
        encoding: Encoding,
    ) -> Option<BoardPart> {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let part = slots.parts[slot(format, encoding)].clone();
        part.filter(|_| slots.holds(board, now))
    }

    /// Lets go of parts that `get` would not give for this board any more, before new ones need their room.
    pub(crate) fn make_room(&self, board: &Arc<Board>, now: Timestamp) {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if !slots.holds(board, now) {
            *slots = Slots::new(board, Validity::ALWAYS);
        }
    }

    /// Keeps a part beside others of the same board and validity, or in place of all others.
    pub(crate) fn put(
        &self,
        board: &Arc<Board>,
        validity: Validity,
        format: Format,
        encoding: Encoding,
        part: BoardPart,
    ) {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if !slots.is_of(board) || slots.validity != validity {
            *slots = Slots::new(board, validity);
        }
        slots.parts[slot(format, encoding)] = Some(part);
    }

    /// Notes that a scrape asked for this.
    pub(crate) fn ask(&self, now: Timestamp, format: Format, encoding: Encoding) {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked[slot(format, encoding)] = Some(now);
    }

    /// What scrapes have asked for lately.
    pub(crate) fn wanted(&self, now: Timestamp) -> Vec<(Format, Encoding)> {
        let asked = *self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let recent =
            |at: &Option<Timestamp>| at.is_some_and(|at| now.duration_since(at) <= WANTED_FOR);
        let with_time = VARIANTS.into_iter().zip(asked);
        with_time
            .filter_map(|(variant, at)| recent(&at).then_some(variant))
            .collect()
    }
}

fn slot(format: Format, encoding: Encoding) -> usize {
    VARIANTS
        .iter()
        .position(|variant| *variant == (format, encoding))
        .expect("every format in every encoding is in the table")
}
