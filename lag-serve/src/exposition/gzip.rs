//! One gzip member from two parts that are compressed apart: the cached board and the fresh rest.
//!
//! The first part is deflate blocks closed by a full flush, so they end on the border of a byte and whatever follows
//! refers to nothing in them. The second part is final blocks of its own. Header and trailer are written by hand; the
//! checksum of the whole comes from those of the parts. See RFC 1951 section 2.3 and RFC 1952 section 2.3.

use super::{
    BoardPart,
    writer::{Pieces, Sink, Writer},
};
use bytes::Bytes;
use crc32fast::Hasher;
use flate2::{Compress, Compression, FlushCompress, Status};
use std::mem;

/// Deflate, no name, no time, "fastest", system unknown: the same bytes everywhere.
pub(crate) const HEADER: &[u8] = &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255];

/// Compressed text is kept in pieces of this size.
const PIECE: usize = 64 * 1024;

/// Compresses what it takes.
pub(crate) struct Deflate {
    state: Compress,
    checksum: Hasher,
    text_len: u64,
    out: Vec<u8>,
    full: Pieces,
}

impl Default for Deflate {
    fn default() -> Self {
        Self {
            state: Compress::new(Compression::fast(), false),
            checksum: Hasher::new(),
            text_len: 0,
            out: Vec::new(),
            full: Pieces::default(),
        }
    }
}

impl Deflate {
    /// Compresses `input` and goes on until nothing more comes out.
    fn push(&mut self, mut input: &[u8], flush: FlushCompress) {
        loop {
            if self.out.len() >= PIECE {
                self.full.take(&mut self.out);
            }
            // `Vec` hands out more than asked for at times; that only makes a piece longer.
            self.out
                .reserve((PIECE - self.out.len()).min(input.len() / 2 + 1024));
            let before = self.state.total_in();
            let status = self
                .state
                .compress_vec(input, &mut self.out, flush)
                .unwrap_or(Status::StreamEnd); // refuses only calls after the end, and there are none
            let taken = usize::try_from(self.state.total_in() - before).unwrap_or(input.len());
            input = &input[taken..];
            let has_room = self.out.len() < self.out.capacity();
            let is_done = match status {
                Status::StreamEnd => true,
                Status::Ok | Status::BufError => {
                    flush != FlushCompress::Finish && input.is_empty() && has_room
                }
            };
            if is_done {
                return;
            }
        }
    }

    /// Closes the board's part so that another stream can follow.
    pub(crate) fn into_board_part(mut self) -> BoardPart {
        self.push(&[], FlushCompress::Full);
        self.out.shrink_to_fit();
        let mut pieces = self.full.into_pieces();
        pieces.push(self.out.into());
        BoardPart {
            pieces: pieces.into(),
            checksum: self.checksum,
            text_len: self.text_len,
        }
    }

    /// The end of the member: the last blocks, and the trailer over `board` and them.
    fn into_tail(mut self, board: &BoardPart) -> Bytes {
        self.push(&[], FlushCompress::Finish);
        let mut checksum = board.checksum.clone();
        checksum.combine(&self.checksum);
        // RFC 1952: the length modulo 2^32, so the low four bytes of it.
        let len = board.text_len.wrapping_add(self.text_len).to_le_bytes();
        let mut pieces = self.full.into_pieces();
        pieces.push(self.out.into());
        pieces.push(checksum.finalize().to_le_bytes().to_vec().into());
        pieces.push(len[..4].to_vec().into());
        pieces.concat().into()
    }
}

impl Sink for Deflate {
    fn take(&mut self, text: &mut Vec<u8>) {
        self.checksum.update(text);
        self.text_len += u64::try_from(text.len()).unwrap_or(u64::MAX);
        let input = mem::take(text);
        self.push(&input, FlushCompress::None);
        *text = input;
        text.clear();
    }
}

/// Compresses the fresh rest of an exposition and ends the member that `board` began.
pub(crate) fn tail(board: &BoardPart, rest: Writer<Deflate>) -> Bytes {
    rest.finish().into_tail(board)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::GzDecoder;
    use proptest::prelude::*;
    use std::io::Read;

    fn member(board: &[&str], rest: &[&str]) -> Vec<u8> {
        let deflate = |texts: &[&str]| {
            let mut sink = Deflate::default();
            for text in texts {
                sink.take(&mut text.as_bytes().to_vec());
            }
            sink
        };
        let board = deflate(board).into_board_part();
        let tail = deflate(rest).into_tail(&board);
        [HEADER, &board.pieces.concat(), &tail].concat()
    }

    fn decoded(member: &[u8]) -> String {
        let mut decoder = GzDecoder::new(member);
        let mut text = String::new();
        decoder.read_to_string(&mut text).unwrap();
        assert!(
            decoder.into_inner().is_empty(),
            "one member, nothing behind it"
        );
        text
    }

    #[test]
    fn two_parts_are_one_member() {
        assert_eq!(
            decoded(&member(&["lag 1\nlag 2\n"], &["up 1\n"])),
            "lag 1\nlag 2\nup 1\n"
        );
    }

    #[test]
    fn either_part_may_be_empty() {
        assert_eq!(decoded(&member(&[], &["up 1\n"])), "up 1\n");
        assert_eq!(decoded(&member(&["lag 1\n"], &[])), "lag 1\n");
        assert_eq!(decoded(&member(&[], &[])), "");
    }

    #[test]
    fn a_part_of_many_pieces_is_whole() {
        // Hard to compress, so that the output does not fit one piece.
        let noise: String = (0_u64..60_000)
            .map(|n| {
                let mixed = n.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
                format!("{:x}\n", mixed.wrapping_mul(mixed))
            })
            .collect();
        let member = member(&[&noise, &noise[..1000]], &[&noise]);
        assert!(member.len() > 4 * PIECE);
        assert_eq!(
            decoded(&member),
            [&noise, &noise[..1000], &noise[..]].concat()
        );
    }

    proptest! {
        #[test]
        fn any_two_parts_are_one_member(
            board in proptest::collection::vec("(\\PC|\n){0,40}", 0..6),
            rest in proptest::collection::vec("(\\PC|\n){0,40}", 0..6),
        ) {
            let texts = |texts: &[String]| texts.iter().map(String::as_str).collect::<Vec<_>>().concat();
            let parts: (Vec<_>, Vec<_>) = (
                board.iter().map(String::as_str).collect(),
                rest.iter().map(String::as_str).collect(),
            );
            prop_assert_eq!(decoded(&member(&parts.0, &parts.1)), texts(&board) + &texts(&rest));
        }
    }
}
