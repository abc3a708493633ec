//! From notes to one digest.

use super::{
    Event, Language, Markup, Message, News, Note, chinese, english, title, writer::Writer,
};
use jiff::Timestamp;

/// Puts notes into words: what happened, not what was meant; with number, age of the number, threshold, workload, and episode and stage,
/// by which a repeat is known. What somebody must look at comes first, so that a digest that is cut keeps it; notes of earlier
/// runs come last, in their order, and say when they happened.
#[must_use]
pub fn compose(
    notes: &[&Note],
    dropped: u64,
    language: Language,
    markup: Markup,
    now: Timestamp,
) -> Message {
    let writer = Writer::new(language, markup, now);
    let mut ordered = notes.to_vec();
    ordered.sort_by_key(|note| {
        if writer.is_late(note) {
            (Urgency::Late, note.at)
        } else {
            (urgency(&note.event), Timestamp::UNIX_EPOCH)
        }
    });
    let mut lines = Vec::new();
    if dropped > 0 {
        // First, because it is told once: a cut must not swallow it.
        lines.push(match language {
            Language::English => english::lost_messages(dropped),
            Language::Chinese => chinese::lost_messages(dropped),
        });
    }
    lines.extend(ordered.into_iter().map(|note| writer.note(note)));
    Message {
        title: title::of(notes, dropped, language),
        lines,
    }
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Urgency {
    Look,
    Acted,
    Over,
    Late,
}

fn urgency(event: &Event) -> Urgency {
    let news = match event {
        Event::Group { news, .. } => news,
        Event::Alert { outcome, .. } if outcome.effect.worked() => return Urgency::Acted,
        Event::Alert { .. } | Event::StateLost { .. } => return Urgency::Look,
    };
    match news {
        News::Stage { last: true, .. }
        | News::Reminder { .. }
        | News::Stuck { .. }
        | News::Unconfirmed { .. }
        | News::Lost { .. } => Urgency::Look,
        News::Stage { outcomes, .. } | News::Retry { outcomes } => {
            if outcomes.iter().all(|outcome| outcome.effect.worked()) {
                Urgency::Acted
            } else {
                Urgency::Look
            }
        }
        News::Disputed { .. } => Urgency::Acted,
        News::Recovered { .. } | News::ScaledBack { .. } => Urgency::Over,
    }
}
