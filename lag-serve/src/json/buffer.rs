//! JSON in pieces: one text of a large board would double its way through memory.

use crate::{
    body::SharedBody,
    exposition::writer::{PIECE, Pieces, Sink},
};
use bytes::Bytes;
use std::io;

/// Takes text and keeps it in pieces.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    text: Vec<u8>,
    full: Pieces,
}

impl Buffer {
    /// A body of what was written.
    pub(crate) fn into_body(mut self) -> SharedBody {
        self.full.take(&mut self.text);
        SharedBody::new(Bytes::new(), self.full.into_pieces().into(), Bytes::new())
    }
}

impl io::Write for Buffer {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(text);
        if self.text.len() >= PIECE {
            self.full.take(&mut self.text);
        }
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
