//! The text of `/metrics`: one writer for both formats, what it says, and how it is compressed.

pub(crate) mod board;
mod compat;
pub(crate) mod gzip;
pub(crate) mod number;
pub(crate) mod own;
mod recommended;
mod validity;
pub(crate) mod writer;

use crate::exposition::{
    board::Facts,
    gzip::Deflate,
    writer::{Pieces, Writer},
};
use bytes::Bytes;
use crc32fast::Hasher;
use jiff::Timestamp;
use lag_core::Board;
use std::sync::Arc;

pub(crate) use validity::Validity;

/// How metrics are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// The text format of Prometheus, version 0.0.4.
    Text,
    /// OpenMetrics 1.0.0.
    OpenMetrics,
}

impl Format {
    /// The media type with its version, which Prometheus 3 insists on.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// How a body travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// As it is.
    Identity,
    /// One gzip member.
    Gzip,
}

/// The part of an exposition that comes from the board, ready to be sent any number of times.
#[derive(Debug, Clone)]
pub(crate) struct BoardPart {
    /// Text, or blocks of a deflate stream that end on the border of a byte and are not the last.
    pub(crate) pieces: Arc<[Bytes]>,
    /// Checksum of the text. Only kept when it is compressed.
    pub(crate) checksum: Hasher,
    /// Bytes of the text. Only kept when it is compressed.
    pub(crate) text_len: u64,
}

/// Writes the board's part, and says how long it stays true.
pub(crate) fn board_part(
    board: &Board,
    now: Timestamp,
    facts: &Facts,
    format: Format,
    encoding: Encoding,
) -> (BoardPart, Validity) {
    match encoding {
        Encoding::Identity => {
            let mut writer = Writer::new(format, Pieces::default());
            let validity = board::write(board, now, facts, &mut writer);
            let part = BoardPart {
                pieces: writer.finish().into_pieces().into(),
                checksum: Hasher::new(),
                text_len: 0,
            };
            (part, validity)
        }
        Encoding::Gzip => {
            let mut writer = Writer::new(format, Deflate::default());
            let validity = board::write(board, now, facts, &mut writer);
            (writer.finish().into_board_part(), validity)
        }
    }
}
