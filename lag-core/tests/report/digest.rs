//! The digest as it is read.

use crate::notes::{at, every_kind, failed, note, outcome, story};
use lag_core::{Effect, Event, Language, Markup, Message, News, Note, compose};

fn digest(notes: &[Note], dropped: u64, language: Language, markup: Markup) -> Message {
    let notes: Vec<_> = notes.iter().collect();
    compose(&notes, dropped, language, markup, at("11:21:35"))
}

fn text(language: Language, markup: Markup) -> String {
    let message = digest(&every_kind(), 3, language, markup);
    format!("{}\n\n{}", message.title, message.lines.join("\n\n"))
}

#[test]
fn every_kind_of_news_in_english() {
    insta::assert_snapshot!(text(Language::English, Markup::Plain));
}

#[test]
fn every_kind_of_news_in_english_markdown() {
    insta::assert_snapshot!(text(Language::English, Markup::Markdown));
}

#[test]
fn every_kind_of_news_in_chinese() {
    insta::assert_snapshot!(text(Language::Chinese, Markup::Plain));
}

#[test]
fn every_kind_of_news_in_chinese_markdown() {
    insta::assert_snapshot!(text(Language::Chinese, Markup::Markdown));
}

fn last_stage(before: Vec<lag_core::Outcome>) -> Note {
    note(
        "cust",
        3,
        260_000,
        News::Stage {
            outcomes: vec![],
            before,
            last: true,
        },
    )
}

fn english(note: Note) -> String {
    digest(&[note], 0, Language::English, Markup::Plain).lines[0].clone()
}

fn chinese(note: Note) -> String {
    digest(&[note], 0, Language::Chinese, Markup::Plain).lines[0].clone()
}

#[test]
fn the_last_stage_says_what_was_done_and_asks_people_to_look() {
    let line = english(last_stage(story()));
    assert!(
        line.contains("Restarted and scaled, still above 150,000, please look."),
        "{line}"
    );
    let line = chinese(last_stage(story()));
    assert!(
        line.contains("已滚动重启、已扩容，仍高于阈值 150,000，请人工处理。"),
        "{line}"
    );
}

#[test]
fn a_restart_that_failed_is_never_called_a_restart() {
    let before = vec![
        outcome(1, "11:00:05", failed("restart: forbidden", true)),
        outcome(2, "11:10:02", Effect::Scaled { from: 2, to: 4 }),
    ];
    let line = english(last_stage(before.clone()));
    assert!(
        line.contains("Scaled (1 try failed), still above") && !line.contains("estarted"),
        "{line}"
    );
    assert!(
        line.contains("failed and given up: restart: forbidden"),
        "{line}"
    );
    let line = chinese(last_stage(before));
    assert!(
        line.contains("已扩容（1 次尝试失败），仍高于") && !line.contains("已滚动重启"),
        "{line}"
    );

    let nothing = english(last_stage(vec![outcome(1, "11:00:05", failed("no", true))]));
    assert!(
        nothing.contains("Nothing could be changed (1 try failed)"),
        "{nothing}"
    );
    let nothing = english(last_stage(vec![]));
    assert!(
        nothing.contains("Nothing was changed, still above"),
        "{nothing}"
    );
}

#[test]
fn a_repeat_is_known_by_episode_and_stage() {
    let one = english(last_stage(story()));
    assert!(
        one.ends_with("(episode 2026-11-22T11:18Z stage 3)"),
        "{one}"
    );
    let other = chinese(last_stage(story()));
    assert!(
        other.ends_with("（事件 2026-11-22T11:18Z 阶段 3）"),
        "{other}"
    );
}

#[test]
fn a_note_of_an_earlier_run_says_when_it_happened_and_comes_last() {
    let mut late = last_stage(story());
    late.at = at("10:50:03");
    let lines = digest(
        &[late, note("x", 3, 1, News::Reminder { before: vec![] })],
        0,
        Language::English,
        Markup::Plain,
    )
    .lines;
    assert!(
        lines[1].starts_with("Delayed from 10:50:03 UTC (31 min ago): cust"),
        "{lines:?}"
    );
    assert!(lines[0].starts_with("x ("), "{lines:?}");
}

#[test]
fn what_needs_a_look_stands_before_what_is_over() {
    let lines = digest(
        &[
            note("over", 1, 5, News::ScaledBack { outcomes: vec![] }),
            note("acted", 1, 5, News::Retry { outcomes: story() }),
            note(
                "look",
                1,
                5,
                News::Retry {
                    outcomes: vec![outcome(1, "11:00:00", failed("no", false))],
                },
            ),
        ],
        0,
        Language::English,
        Markup::Plain,
    )
    .lines;
    let first: Vec<_> = lines
        .iter()
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    assert_eq!(first, ["look", "acted", "over"]);
}

#[test]
fn lost_messages_are_told_first() {
    let message = digest(&[last_stage(vec![])], 1, Language::English, Markup::Plain);
    assert!(message.lines[0].starts_with("1 earlier message was lost"));
    let message = digest(&[], 2, Language::Chinese, Markup::Plain);
    assert_eq!(message.title, "Kafka 堆积：2 条消息丢失");
    assert_eq!(message.lines.len(), 1);
}

#[test]
fn a_title_counts_groups_by_their_newest_news() {
    let recovered = |group| {
        note(
            group,
            2,
            5,
            News::Recovered {
                lasted: jiff::SignedDuration::from_mins(5),
                before: vec![],
                dropped: 0,
            },
        )
    };
    let above = |group, time: &str| {
        let mut note = note(group, 3, 160_000, News::Reminder { before: vec![] });
        note.at = at(time);
        note
    };
    let title = |notes: &[Note], language| digest(notes, 0, language, Markup::Plain).title;
    let notes = [
        above("a", "11:21:35"),
        above("b", "11:21:35"),
        above("c", "11:00:00"),
        recovered("c"),
    ];
    assert_eq!(
        title(&notes, Language::English),
        "Kafka lag: 2 groups above, 1 recovered"
    );
    assert_eq!(
        title(&notes, Language::Chinese),
        "Kafka 堆积：2 个消费组超过阈值，1 个已恢复"
    );
    assert_eq!(
        title(&[recovered("c"), above("c", "11:00:00")], Language::English),
        "Kafka lag: 1 group recovered (c)"
    );
    let failed = note(
        "a",
        1,
        160_000,
        News::Retry {
            outcomes: vec![outcome(1, "11:00:00", failed("no", false))],
        },
    );
    assert_eq!(
        title(std::slice::from_ref(&failed), Language::English),
        "Kafka lag: 1 group above (a), 1 change failed"
    );
    assert_eq!(
        title(&[failed], Language::Chinese),
        "Kafka 堆积：1 个消费组超过阈值（a），1 项变更失败"
    );
}

#[test]
fn a_group_of_one_topic_names_the_topic() {
    let mut note = last_stage(vec![]);
    if let Event::Group { key, .. } = &mut note.event {
        key.topic = Some("orders".parse().unwrap());
    }
    assert!(english(note.clone()).starts_with("cust topic orders (alikafka"));
    assert!(chinese(note).starts_with("消费组 cust 的 Topic orders（实例 alikafka"));
}

#[test]
fn a_lag_that_is_not_above_is_never_called_above() {
    for news in [
        News::Retry { outcomes: story() },
        News::Reminder { before: story() },
        News::Stage {
            outcomes: vec![],
            before: story(),
            last: true,
        },
    ] {
        let note = note("cust", 3, 150_000, news);
        let message = digest(
            std::slice::from_ref(&note),
            0,
            Language::English,
            Markup::Plain,
        );
        assert_eq!(message.title, "Kafka lag: 1 group not recovered (cust)");
        let line = &message.lines[0];
        assert!(
            line.contains("lag 150,000, not recovered, though no longer above 150,000")
                && !line.contains("still above"),
            "{line}"
        );
        let line = chinese(note);
        assert!(
            line.contains("尚未恢复，但已不高于阈值 150,000") && !line.contains("仍高于"),
            "{line}"
        );
    }
}
