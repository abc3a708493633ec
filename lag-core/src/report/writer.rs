//! Puts one note into one paragraph.

use super::{Event, Language, Markup, Note, chinese, digits, english};
use crate::{GroupKey, Lag, LagSample};
use jiff::{SignedDuration, Timestamp, tz::Offset};

/// From this age on a note was not told by the run that made it.
const LATE: SignedDuration = SignedDuration::from_mins(1);

/// Whom and when a text is for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Writer {
    language: Language,
    markup: Markup,
    pub(super) now: Timestamp,
    with_age: bool,
}

/// What every text about a group says.
#[derive(Debug)]
pub(super) struct About<'n> {
    pub(super) key: &'n GroupKey,
    pub(super) episode: Timestamp,
    pub(super) stage: u32,
    pub(super) sample: &'n LagSample,
    pub(super) breach_above: Lag,
}

impl About<'_> {
    /// A retry acts on the current number, which may have fallen below the threshold since the stage began.
    pub(super) fn is_above(&self) -> bool {
        self.sample.lag > self.breach_above
    }
}

impl Writer {
    pub(super) fn new(language: Language, markup: Markup, now: Timestamp) -> Self {
        Self {
            language,
            markup,
            now,
            with_age: true,
        }
    }

    /// For plain texts that are told at once: no number has an age.
    pub(super) fn at_once(language: Language, now: Timestamp) -> Self {
        Self {
            with_age: false,
            ..Self::new(language, Markup::Plain, now)
        }
    }

    pub(super) fn is_late(&self, note: &Note) -> bool {
        self.now.duration_since(note.at) >= LATE
    }

    pub(super) fn note(&self, note: &Note) -> String {
        let event = self.event(&note.event);
        match self.language {
            _ if !self.is_late(note) => event,
            Language::English => format!("{}{event}", english::late(self, note.at)),
            Language::Chinese => format!("{}{event}", chinese::late(self, note.at)),
        }
    }

    pub(super) fn event(&self, event: &Event) -> String {
        match (event, self.language) {
            (Event::StateLost { moved_to }, Language::English) => {
                english::state_lost(&self.name(moved_to))
            }
            (Event::StateLost { moved_to }, Language::Chinese) => {
                chinese::state_lost(&self.name(moved_to))
            }
            (
                Event::Alert {
                    alerts,
                    outcome,
                    truncated,
                },
                language,
            ) => {
                let name = |text: &str| self.name(text);
                match language {
                    Language::English => english::alert(alerts, outcome, *truncated, &name),
                    Language::Chinese => chinese::alert(alerts, outcome, *truncated, &name),
                }
            }
            (
                Event::Group {
                    key,
                    episode,
                    stage,
                    sample,
                    breach_above,
                    news,
                },
                language,
            ) => {
                let about = About {
                    key,
                    episode: *episode,
                    stage: *stage,
                    sample,
                    breach_above: *breach_above,
                };
                match language {
                    Language::English => english::news(self, &about, news),
                    Language::Chinese => chinese::news(self, &about, news),
                }
            }
        }
    }

    /// A name or a foreign text.
    pub(super) fn name(&self, text: &str) -> String {
        self.markup.protect(text)
    }

    pub(super) fn clock(&self, at: Timestamp, zone: Offset) -> String {
        digits::clock(at, self.now, zone)
    }

    /// Seconds since then, where ages are told.
    pub(super) fn age(&self, at: Timestamp) -> Option<i64> {
        self.with_age.then(|| self.now.duration_since(at).as_secs())
    }
}
