//! Names and foreign texts, so that they neither break a line nor mean anything to a renderer.

use super::Markup;

impl Markup {
    /// A name or a foreign text, protected.
    pub(super) fn protect(self, text: &str) -> String {
        match self {
            Self::Plain => visible(text),
            Self::Markdown => code_span(&visible(text)),
        }
    }
}

/// Control characters, line breaks of all kinds and characters that turn the direction of text become their escapes.
pub(super) fn visible(text: &str) -> String {
    let is_hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_hidden(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// A code span ends at a run of as many backticks as it began with, so it begins with one more than the text holds in a row.
fn code_span(text: &str) -> String {
    let longest = text
        .split(|c| c != '`')
        .map(str::len)
        .max()
        .unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    let touches = text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']);
    let pad = if touches { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_markdown_is_a_code_span_whatever_it_holds() {
        for (name, span) in [
            ("cust_docking_*#", "`cust_docking_*#`"),
            ("a`b", "``a`b``"),
            ("a``b`c", "```a``b`c```"),
            ("`a", "`` `a ``"),
            ("a ", "` a  `"),
        ] {
            assert_eq!(Markup::Markdown.protect(name), span);
        }
    }

    #[test]
    fn what_would_break_or_turn_a_line_becomes_visible() {
        let text = "a\nb\u{202e}c\u{2028}\u{feff}\u{7}订单";
        assert_eq!(
            Markup::Plain.protect(text),
            r"a\nb\u{202e}c\u{2028}\u{feff}\u{7}订单"
        );
    }
}
