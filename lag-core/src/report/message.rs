//! A digest, and how it is made to fit.

use std::borrow::Cow;

/// Language of a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Chinese (simplified).
    Chinese,
}

/// How names are protected in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Markup {
    /// As they are; control characters made visible.
    Plain,
    /// As code spans, so that `_`, `*` and `#` in names mean nothing.
    Markdown,
}

/// A digest: one message for one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Shown in lists and notifications: plain text without line breaks.
    pub title: String,
    /// One paragraph for each note.
    pub lines: Vec<String>,
}

impl Message {
    /// Lines joined by `separator`, cut at a whole line so that the result has at most `most` bytes of UTF-8, with a notice of how
    /// many lines were left out. A single line that is too long is cut at a character.
    #[must_use]
    pub fn fit(&self, separator: &str, most: usize, language: Language) -> String {
        let all = self.lines.join(separator);
        if all.len() <= most {
            return all;
        }
        let ending = |left_out: usize| match left_out {
            0 => String::new(),
            lines => format!("{separator}{}", notice(lines, language)),
        };
        let mut kept = String::new();
        let mut best = None;
        for (index, line) in self.lines.iter().enumerate() {
            if index > 0 {
                kept.push_str(separator);
            }
            kept.push_str(line);
            if kept.len() > most {
                break;
            }
            let end = ending(self.lines.len() - index - 1);
            if kept.len() + end.len() <= most {
                best = Some(format!("{kept}{end}"));
            }
        }
        best.unwrap_or_else(|| {
            let first = self.lines.first().map_or("", String::as_str);
            let end = ending(self.lines.len().saturating_sub(1));
            let cut = match most.checked_sub(end.len()) {
                Some(room) if room > CUT.len() => format!("{}{end}", clip(first, room)),
                _ => first.to_owned(),
            };
            clip(&cut, most).into_owned()
        })
    }
}

const CUT: &str = "…";

/// At most so many bytes; the mark of a cut counts among them.
pub(super) fn clip(text: &str, most: usize) -> Cow<'_, str> {
    if text.len() <= most {
        return Cow::Borrowed(text);
    }
    match most.checked_sub(CUT.len()) {
        Some(room) => Cow::Owned(format!("{}{CUT}", &text[..text.floor_char_boundary(room)])),
        None => Cow::Borrowed(""),
    }
}

fn notice(lines: usize, language: Language) -> String {
    match language {
        Language::English if lines == 1 => "1 more line left out".to_owned(),
        Language::English => format!("{lines} more lines left out"),
        Language::Chinese => format!("另有 {lines} 行未显示"),
    }
}
