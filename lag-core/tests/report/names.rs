//! Names of others in our texts.

use crate::notes::{at, failed, note, outcome};
use lag_core::{Language, Markup, News, Note, compose};
use proptest::prelude::*;

fn about(group: &str, reason: &str, workload: &str) -> Note {
    let mut outcome = outcome(1, "11:00:00", failed(reason, false));
    outcome.workload = workload.to_owned();
    note(
        group,
        1,
        200_000,
        News::Retry {
            outcomes: vec![outcome],
        },
    )
}

fn markdown(note: &Note, language: Language) -> String {
    compose(&[note], 0, language, Markup::Markdown, at("11:21:35"))
        .lines
        .join("\n")
}

/// The text without its code spans, as CommonMark finds them: a run of backticks up to the next run of the same length.
fn outside_of_code(text: &str) -> String {
    let mut outside = String::new();
    let mut rest = text;
    while let Some(start) = rest.find('`') {
        outside.push_str(&rest[..start]);
        let run = rest[start..]
            .find(|c| c != '`')
            .unwrap_or(rest.len() - start);
        let after = &rest[start + run..];
        let mut search = 0;
        let end = loop {
            let Some(at) = after[search..].find('`').map(|at| at + search) else {
                break None;
            };
            let length = after[at..].find(|c| c != '`').unwrap_or(after.len() - at);
            if length == run {
                break Some(at + length);
            }
            search = at + length;
        };
        let end = end.unwrap_or_else(|| panic!("an open code span in {text}"));
        outside.push('·');
        rest = &after[end..];
    }
    outside + rest
}

#[test]
fn nothing_outside_of_code_spans_means_anything_to_markdown() {
    for language in [Language::English, Language::Chinese] {
        let line = outside_of_code(&markdown(&about("a_*b", "c_#d", "e/f/g_h"), language));
        assert!(
            !line.contains(['_', '*', '#', '[', ']', '<', '>', '\\', '~']),
            "{line}"
        );
    }
}

proptest! {
    #[test]
    fn no_name_changes_the_text_around_it(
        group in "[^\\p{C}]{1,20}|[`_*# a]{1,9}",
        reason in ".{1,30}|[`_*#\n ]{1,9}",
        workload in "[`a_/]{1,12}",
    ) {
        for language in [Language::English, Language::Chinese] {
            let strange = outside_of_code(&markdown(&about(&group, &reason, &workload), language));
            prop_assert_eq!(strange, outside_of_code(&markdown(&about("x", "y", "z"), language)));
        }
    }

    #[test]
    fn no_name_breaks_a_line_or_a_title(group in "[^\\p{Cc}]{1,20}", reason in "(.|\n|\r|\u{2028}){1,30}", workload in "(.|\n){0,12}") {
        let note = about(&group, &reason, &workload);
        for language in [Language::English, Language::Chinese] {
            for markup in [Markup::Plain, Markup::Markdown] {
                let message = compose(&[&note], 0, language, markup, at("11:21:35"));
                for text in message.lines.iter().chain([&message.title]) {
                    prop_assert!(!text.contains(|c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202e}')), "{:?}", text);
                }
            }
        }
    }
}
