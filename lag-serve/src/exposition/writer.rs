//! Writes families and samples in either format, piece by piece.

use super::{Format, number};
use bytes::Bytes;
use jiff::Timestamp;
use std::mem;

/// A piece is handed on when it has grown to this. A multiple of the pages of memory, and small enough for a cheap
/// allocation.
pub(crate) const PIECE: usize = 64 * 1024;

/// Room for the line that crosses the border: three names of 512 bytes, all escaped, and the rest of a sample.
const LONGEST_LINE: usize = 4 * 1024;

/// Where finished text goes.
pub(crate) trait Sink {
    /// Takes the text and leaves the buffer empty.
    fn take(&mut self, text: &mut Vec<u8>);
}

/// Keeps the text as it is.
#[derive(Debug, Default)]
pub(crate) struct Pieces(Vec<Bytes>);

impl Pieces {
    pub(crate) fn into_pieces(self) -> Vec<Bytes> {
        self.0
    }
}

impl Sink for Pieces {
    fn take(&mut self, text: &mut Vec<u8>) {
        let more = text.len() >= PIECE;
        let next = Vec::with_capacity(if more { PIECE + LONGEST_LINE } else { 0 });
        let mut full = mem::replace(text, next);
        if !more {
            full.shrink_to_fit();
        }
        if !full.is_empty() {
            self.0.push(full.into());
        }
    }
}

/// What a number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Gauge,
    Counter,
}

/// A number of a sample.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Value {
    Float(f64),
    Integer(u64),
    /// Unix time in seconds.
    Moment(Timestamp),
}

impl From<bool> for Value {
    fn from(yes: bool) -> Self {
        Self::Integer(u64::from(yes))
    }
}

/// Writes an exposition into a sink.
#[derive(Debug)]
pub(crate) struct Writer<S> {
    format: Format,
    text: Vec<u8>,
    sink: S,
}

impl<S: Sink> Writer<S> {
    pub(crate) fn new(format: Format, sink: S) -> Self {
        Self {
            format,
            text: Vec::new(),
            sink,
        }
    }

    /// Starts a family. Its HELP and TYPE are written with its first sample: a family without samples is not there.
    pub(crate) fn family<'w>(
        &'w mut self,
        name: &'w str,
        kind: Kind,
        help: &'w str,
    ) -> Family<'w, S> {
        Family {
            writer: self,
            name,
            kind,
            help,
            begun: false,
        }
    }

    /// Writes the end of the exposition, where the format has one.
    pub(crate) fn end(&mut self) {
        if self.format == Format::OpenMetrics {
            self.text.extend_from_slice(b"# EOF\n");
        }
    }

    /// Hands on what is left.
    pub(crate) fn finish(mut self) -> S {
        self.sink.take(&mut self.text);
        self.sink
    }
}

/// One family that is being written.
#[derive(Debug)]
pub(crate) struct Family<'w, S> {
    writer: &'w mut Writer<S>,
    name: &'w str,
    kind: Kind,
    help: &'w str,
    begun: bool,
}

impl<S: Sink> Family<'_, S> {
    /// Writes one sample without a timestamp.
    pub(crate) fn sample(&mut self, labels: &[(&str, &str)], value: Value) {
        self.sample_at(labels, value, None);
    }

    /// Writes one sample, with the time of its datum if that is given.
    pub(crate) fn sample_at(
        &mut self,
        labels: &[(&str, &str)],
        value: Value,
        at: Option<Timestamp>,
    ) {
        self.begin();
        let format = self.writer.format;
        let out = &mut self.writer.text;
        out.extend_from_slice(self.name.as_bytes());
        let mut border = b'{';
        for (name, value) in labels {
            out.push(border);
            border = b',';
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b"=\"");
            escape(out, value, true);
            out.push(b'"');
        }
        if !labels.is_empty() {
            out.push(b'}');
        }
        out.push(b' ');
        match value {
            Value::Float(value) => number::float(out, value),
            Value::Integer(value) => number::integer(out, value),
            Value::Moment(at) => number::seconds(out, at),
        }
        if let Some(at) = at {
            out.push(b' ');
            match format {
                Format::Text => number::milliseconds(out, at),
                Format::OpenMetrics => number::seconds(out, at),
            }
        }
        out.push(b'\n');
        if out.len() >= PIECE {
            self.writer.sink.take(&mut self.writer.text);
        }
    }

    fn begin(&mut self) {
        if mem::replace(&mut self.begun, true) {
            return;
        }
        let open_metrics = self.writer.format == Format::OpenMetrics;
        let family = match self.kind {
            // OpenMetrics names the family without the suffix that its samples carry.
            Kind::Counter if open_metrics => self.name.strip_suffix("_total").unwrap_or(self.name),
            Kind::Counter | Kind::Gauge => self.name,
        };
        let kind = match self.kind {
            Kind::Gauge => "gauge",
            Kind::Counter => "counter",
        };
        let out = &mut self.writer.text;
        for part in ["# HELP ", family, " "] {
            out.extend_from_slice(part.as_bytes());
        }
        escape(out, self.help, open_metrics);
        for part in ["\n# TYPE ", family, " ", kind, "\n"] {
            out.extend_from_slice(part.as_bytes());
        }
    }
}

/// Escapes backslash and line feed, and the quote where the grammar wants it: label values, and HELP of OpenMetrics.
fn escape(out: &mut Vec<u8>, text: &str, quotes: bool) {
    let special = |byte: u8| byte == b'\\' || byte == b'\n' || (quotes && byte == b'"');
    // Looks at every byte rather than stop at the first: names are short, and this way several go in one step.
    if !text.bytes().fold(false, |any, byte| any | special(byte)) {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    for byte in text.bytes() {
        match byte {
            b'\n' => out.extend_from_slice(b"\\n"),
            byte if special(byte) => out.extend_from_slice(&[b'\\', byte]),
            byte => out.push(byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(format: Format, write: impl Fn(&mut Writer<Pieces>)) -> String {
        let mut writer = Writer::new(format, Pieces::default());
        write(&mut writer);
        String::from_utf8(writer.finish().into_pieces().concat()).unwrap()
    }

    #[test]
    fn labels_and_help_are_escaped() {
        let write = |writer: &mut Writer<Pieces>| {
            let mut family = writer.family("m", Kind::Gauge, "a \"b\" \\ c\nd");
            family.sample(&[("l", "q\" b\\ n\n u\u{4f60}")], Value::Integer(1));
            writer.end();
        };
        let sample = "m{l=\"q\\\" b\\\\ n\\n u\u{4f60}\"} 1\n";
        assert_eq!(
            written(Format::Text, write),
            format!("# HELP m a \"b\" \\\\ c\\nd\n# TYPE m gauge\n{sample}")
        );
        assert_eq!(
            written(Format::OpenMetrics, write),
            format!("# HELP m a \\\"b\\\" \\\\ c\\nd\n# TYPE m gauge\n{sample}# EOF\n")
        );
    }

    #[test]
    fn a_counter_family_of_openmetrics_has_no_total_in_its_name() {
        let write = |writer: &mut Writer<Pieces>| {
            let mut family = writer.family("calls_total", Kind::Counter, "h");
            family.sample(&[], Value::Integer(3));
        };
        assert_eq!(
            written(Format::Text, write),
            "# HELP calls_total h\n# TYPE calls_total counter\ncalls_total 3\n"
        );
        assert_eq!(
            written(Format::OpenMetrics, write),
            "# HELP calls h\n# TYPE calls counter\ncalls_total 3\n"
        );
    }

    #[test]
    fn timestamps_are_milliseconds_in_text_and_seconds_in_openmetrics() {
        let write = |writer: &mut Writer<Pieces>| {
            let at = "2026-01-15T08:28:00.5Z".parse().unwrap();
            let mut family = writer.family("m", Kind::Gauge, "h");
            family.sample_at(&[], Value::Float(2.5), Some(at));
        };
        assert!(written(Format::Text, write).ends_with("m 2.5 1768465680500\n"));
        assert!(written(Format::OpenMetrics, write).ends_with("m 2.5 1768465680.5\n"));
    }

    #[test]
    fn a_family_without_samples_is_not_there() {
        let write = |writer: &mut Writer<Pieces>| {
            writer.family("m", Kind::Gauge, "h");
        };
        assert_eq!(written(Format::Text, write), "");
    }

    #[test]
    fn pieces_hold_whole_lines_and_nothing_is_lost() {
        let mut writer = Writer::new(Format::Text, Pieces::default());
        let mut family = writer.family("m", Kind::Gauge, "h");
        for n in 0..20_000 {
            family.sample(&[("l", "abcdefgh")], Value::Integer(n));
        }
        let pieces = writer.finish().into_pieces();
        assert!(pieces.len() > 3);
        assert!(pieces.iter().all(|piece| piece.ends_with(b"\n")));
        let text = String::from_utf8(pieces.concat()).unwrap();
        assert_eq!(text.lines().count(), 20_002);
        assert!(text.ends_with("m{l=\"abcdefgh\"} 19999\n"));
    }
}
