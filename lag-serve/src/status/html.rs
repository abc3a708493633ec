//! Text that cannot leave its place in a page.

use jiff::{Timestamp, tz::Offset};
use lag_core::digits;
use std::fmt;

/// Appends to a page. A `String` takes everything, so there is no error to handle.
macro_rules! put {
    ($html:expr, $($part:tt)*) => {{
        use std::fmt::Write as _;
        let _ = write!($html, $($part)*);
    }};
}
pub(super) use put;

/// A text from elsewhere, for an element or a quoted attribute.
pub(super) struct Esc<'t>(pub(super) &'t str);

impl fmt::Display for Esc<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
            let (plain, special) = rest.split_at(at);
            let (one, after) = special.split_at(1);
            write!(f, "{plain}&#{};", one.as_bytes()[0])?;
            rest = after;
        }
        f.write_str(rest)
    }
}

/// A name from elsewhere, in an element: its direction does not reach beyond it.
pub(super) struct Name<'t>(pub(super) &'t str);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<bdi>{}</bdi>", Esc(self.0))
    }
}

/// A moment, as the time of day in UTC, with its date when that is not today's.
pub(super) struct Time {
    pub(super) at: Timestamp,
    pub(super) now: Timestamp,
}

impl Time {
    /// The same without markup.
    pub(super) fn text(&self) -> String {
        format!("{} UTC", digits::clock(self.at, self.now, Offset::UTC))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "<time datetime=\"{:.0}\">{}</time>",
            self.at,
            self.text()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_cannot_leave_its_place_in_the_page() {
        assert_eq!(
            Esc("/a\"><b>'&").to_string(),
            "/a&#34;&#62;&#60;b&#62;&#39;&#38;"
        );
    }

    proptest! {
        #[test]
        fn no_text_holds_markup_and_all_of_it_is_there(text in "(\\PC|[<>&\"'])*") {
            let escaped = Esc(&text).to_string();
            prop_assert!(!escaped.contains(['<', '>', '"', '\'']));
            let back = ["&#60;", "&#62;", "&#34;", "&#39;", "&#38;"].iter().zip(["<", ">", "\"", "'", "&"]);
            let back = back.fold(escaped, |text, (code, plain)| text.replace(code, plain));
            prop_assert_eq!(back, text);
        }
    }
}
