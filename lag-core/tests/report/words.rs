//! Effects and events in plain words.

use crate::notes::{at, effects, every_kind, failed, lag, note, outcome, refusals};
use lag_core::{Event, Language, News};
use std::fmt::Write;

#[test]
fn every_effect_has_words() {
    let mut all = String::new();
    for effect in effects() {
        writeln!(all, "{}", effect.in_words(Language::English)).unwrap();
        writeln!(all, "{}", effect.in_words(Language::Chinese)).unwrap();
    }
    insta::assert_snapshot!(all);
}

#[test]
fn only_a_refusal_that_passes_promises_another_try() {
    for refusal in refusals() {
        let (english, chinese) = (
            refusal.in_words(Language::English),
            refusal.in_words(Language::Chinese),
        );
        assert_eq!(
            english.contains("tries again"),
            refusal.passes(),
            "{english}"
        );
        assert_eq!(chinese.contains("再试"), refusal.passes(), "{chinese}");
    }
}

#[test]
fn an_event_in_one_line_has_no_age_and_no_line_break() {
    let mut all = String::new();
    for note in every_kind() {
        for language in [Language::English, Language::Chinese] {
            let line = note.event.one_line(language);
            assert!(!line.contains('\n') && line.len() <= 1024, "{line}");
            assert!(
                !line.contains(" old") && !line.contains('前') || line.contains("此前"),
                "{line}"
            );
            writeln!(all, "{line}").unwrap();
        }
    }
    insta::assert_snapshot!(all);
}

#[test]
fn an_event_in_one_line_is_cut_at_1024_bytes() {
    let long = note(
        "cust",
        1,
        5,
        News::Retry {
            outcomes: vec![outcome(1, "11:00:00", failed(&"长".repeat(1000), false))],
        },
    );
    for language in [Language::English, Language::Chinese] {
        let line = long.event.one_line(language);
        assert!(line.len() <= 1024 && line.len() > 1000 && line.ends_with('…'));
    }
}

#[test]
fn a_number_of_another_day_carries_its_date() {
    let mut old = note("cust", 1, 5, News::Disputed { total: lag(1) });
    if let Event::Group { sample, .. } = &mut old.event {
        sample.at = "2026-11-21T10:00:00Z".parse().unwrap();
    }
    let lines = |language| {
        lag_core::compose(
            &[&old],
            0,
            language,
            lag_core::Markup::Plain,
            at("11:21:35"),
        )
        .lines
    };
    assert!(lines(Language::English)[0].contains("as of 2026-11-21 10:00:00 UTC, 25 h 21 min old"));
    assert!(
        lines(Language::Chinese)[0].contains("2026-11-21 18:00:00（北京时间，25 小时 21 分钟前）")
    );
}
