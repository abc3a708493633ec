//! The line that a locked phone shows.

use super::{Effect, Event, Language, News, Note, markup::visible, message::clip};
use crate::GroupKey;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// How a group stands after its newest note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    Above,
    Lower,
    Disputed,
    Silent,
    Recovered,
    ScaledBack,
}

pub(super) fn of(notes: &[&Note], dropped: u64, language: Language) -> String {
    let mut groups: BTreeMap<&GroupKey, (Timestamp, Standing)> = BTreeMap::new();
    let mut changed: BTreeSet<&String> = BTreeSet::new();
    let (mut failed, mut state_lost) = (0_usize, false);
    for note in notes {
        let (key, news, is_above) = match &note.event {
            Event::Group {
                key,
                news,
                sample,
                breach_above,
                ..
            } => (key, news, sample.lag > *breach_above),
            Event::Alert { outcome, .. } => {
                if outcome.effect.worked() {
                    changed.insert(&outcome.workload);
                } else {
                    failed += 1;
                }
                continue;
            }
            Event::StateLost { .. } => {
                state_lost = true;
                continue;
            }
        };
        failed += failures(news);
        let standing = standing(news, is_above);
        let seen = groups.entry(key).or_insert((note.at, standing));
        // Taking replicas back belongs to the recovery, which is the greater news.
        if note.at >= seen.0 && (seen.1, standing) != (Standing::Recovered, Standing::ScaledBack) {
            *seen = (note.at, standing);
        }
    }
    let mut counts: BTreeMap<Standing, usize> = BTreeMap::new();
    for (_, standing) in groups.values() {
        *counts.entry(*standing).or_default() += 1;
    }
    let mut parts: Vec<String> = counts
        .iter()
        .enumerate()
        .map(|(index, (standing, count))| count_in_words(*standing, *count, index == 0, language))
        .collect();
    let only = match groups.first_key_value() {
        Some((key, _)) if groups.len() == 1 => {
            let name = visible(key.group.as_str());
            Some(clip(&name, 80).into_owned())
        }
        _ => None,
    };
    if let (Some(name), Some(first)) = (only, parts.first_mut()) {
        first.push_str(&match language {
            Language::English => format!(" ({name})"),
            Language::Chinese => format!("（{name}）"),
        });
    }
    let more = [
        (!changed.is_empty(), changed_in_words(&changed, language)),
        (failed > 0, failed_in_words(failed, language)),
        (
            state_lost,
            pick(language, "state lost", "状态丢失").to_owned(),
        ),
        (dropped > 0, dropped_in_words(dropped, language)),
    ];
    parts.extend(
        more.into_iter()
            .filter_map(|(is_so, part)| is_so.then_some(part)),
    );
    match language {
        Language::English => format!("Kafka lag: {}", parts.join(", ")),
        Language::Chinese => format!("Kafka 堆积：{}", parts.join("，")),
    }
}

fn pick(language: Language, english: &'static str, chinese: &'static str) -> &'static str {
    match language {
        Language::English => english,
        Language::Chinese => chinese,
    }
}

fn standing(news: &News, is_above: bool) -> Standing {
    match news {
        News::Stage { .. }
        | News::Retry { .. }
        | News::Reminder { .. }
        | News::Stuck { .. }
        | News::Unconfirmed { .. } => {
            if is_above {
                Standing::Above
            } else {
                Standing::Lower
            }
        }
        News::Disputed { .. } => Standing::Disputed,
        News::Recovered { .. } => Standing::Recovered,
        News::ScaledBack { .. } => Standing::ScaledBack,
        News::Lost { .. } => Standing::Silent,
    }
}

fn failures(news: &News) -> usize {
    match news {
        News::Stage { outcomes, .. } | News::Retry { outcomes } | News::ScaledBack { outcomes } => {
            outcomes
                .iter()
                .filter(|outcome| matches!(outcome.effect, Effect::Failed { .. }))
                .count()
        }
        News::Reminder { .. }
        | News::Stuck { .. }
        | News::Disputed { .. }
        | News::Unconfirmed { .. }
        | News::Recovered { .. }
        | News::Lost { .. } => 0,
    }
}

fn count_in_words(standing: Standing, count: usize, is_first: bool, language: Language) -> String {
    let (english, chinese) = match standing {
        Standing::Above => ("above", "超过阈值"),
        Standing::Lower => ("not recovered", "尚未恢复"),
        Standing::Disputed => ("disputed", "数据存疑"),
        Standing::Silent => ("without data", "无数据"),
        Standing::Recovered => ("recovered", "已恢复"),
        Standing::ScaledBack => ("scaled back", "恢复后缩容"),
    };
    match (language, is_first, count) {
        (Language::English, true, 1) => format!("1 group {english}"),
        (Language::English, true, _) => format!("{count} groups {english}"),
        (Language::English, false, _) => format!("{count} {english}"),
        (Language::Chinese, true, _) => format!("{count} 个消费组{chinese}"),
        (Language::Chinese, false, _) => format!("{count} 个{chinese}"),
    }
}

fn changed_in_words(workloads: &BTreeSet<&String>, language: Language) -> String {
    let one = match workloads.first() {
        Some(one) if workloads.len() == 1 => visible(one),
        _ => String::new(),
    };
    let one = clip(&one, 80);
    match (language, workloads.len()) {
        (Language::English, 1) => format!("alert changed {one}"),
        (Language::English, count) => format!("alerts changed {count} workloads"),
        (Language::Chinese, 1) => format!("告警已变更 {one}"),
        (Language::Chinese, count) => format!("告警已变更 {count} 个工作负载"),
    }
}

fn failed_in_words(count: usize, language: Language) -> String {
    match (language, count) {
        (Language::English, 1) => "1 change failed".to_owned(),
        (Language::English, _) => format!("{count} changes failed"),
        (Language::Chinese, _) => format!("{count} 项变更失败"),
    }
}

fn dropped_in_words(count: u64, language: Language) -> String {
    match (language, count) {
        (Language::English, 1) => "1 message lost".to_owned(),
        (Language::English, _) => format!("{count} messages lost"),
        (Language::Chinese, _) => format!("{count} 条消息丢失"),
    }
}
