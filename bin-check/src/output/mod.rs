//! How answers look.

pub(crate) mod check_json;
pub(crate) mod json;
pub(crate) mod nagios;
pub(crate) mod number;
pub(crate) mod plot;
pub(crate) mod progress;
pub(crate) mod svg;
pub(crate) mod table;
pub(crate) mod textfile;

use std::io::{self, ErrorKind, IsTerminal as _, Write as _};

/// Writes to stdout. A reader that went away, as `head` does, is no error.
pub(crate) fn write(bytes: &[u8]) -> io::Result<()> {
    write_unless_gone(bytes).map(|_| ())
}

/// Writes to stdout; false when nobody reads any more.
pub(crate) fn write_unless_gone(bytes: &[u8]) -> io::Result<bool> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error),
    }
}

/// Columns and lines of the terminal that stdout is; `None` when it is none.
pub(crate) fn screen() -> Option<(usize, usize)> {
    if !io::stdout().is_terminal() {
        return None;
    }
    let size = terminal_size::terminal_size_of(io::stdout());
    let (columns, lines) = size.map_or((80, 24), |(width, height)| (width.0, height.0));
    // A terminal that does not know its size says 0.
    let or = |number: u16, usual: usize| if number == 0 { usual } else { number.into() };
    Some((or(columns, 80), or(lines, 24)))
}
