//! One row of the table: what is said of a group in each column.

use super::{
    Scene,
    asked::Asked,
    chart::{self, Minutes},
    html::{Esc, Name, Time, put},
    overview::tag,
    view::Entry,
    words::{Words, fill},
};
use jiff::SignedDuration;
use lag_core::{Condition, Lag, LagSample, Reading, digits, recommend::Advice};

/// Characters of a number that stays in one piece.
const LONG: usize = "999,999,999".len();

/// The word and the symbol of a condition.
pub(super) fn condition(scene: &Scene<'_>, condition: Condition) -> String {
    let words = scene.words;
    let (class, symbol, word) = match condition {
        Condition::Above => ("bad", "▲", words.c_above),
        Condition::Failed => ("bad", "✕", words.c_failed),
        Condition::Absent => ("bad", "∅", words.c_absent),
        Condition::Stale => ("bad", "◌", words.c_stale),
        Condition::Growing => ("warn", "↗", words.c_growing),
        Condition::Standing => ("quiet", "→", words.c_standing),
        Condition::Draining => ("well", "↘", words.c_draining),
        Condition::CaughtUp => ("well", "✔", words.c_caught_up),
    };
    tag(class, symbol, word)
}

pub(super) fn write(html: &mut String, scene: &Scene<'_>, entry: &Entry, minutes: &Minutes) {
    let words = scene.words;
    let reading = entry.reading(scene.now, scene.max_age);
    let (instance, group) = (entry.instance.as_str(), entry.group.as_str());
    put!(html, "<tr data-key=\"{} {}\"", Esc(instance), Esc(group));
    if let Reading::Fresh(sample) = reading {
        let until = sample.at.saturating_add(scene.max_age);
        let until = until.map_or(i64::MAX, |until| until.as_millisecond());
        put!(html, " data-until=\"{until}\"");
    }
    let link = Asked {
        language: scene.asked.language,
        one: Some((instance.to_owned(), group.to_owned())),
        ..Asked::default()
    };
    put!(
        html,
        "><th scope=\"row\" class=\"group\"><a href=\"{}\">{}</a><small class=\"narrow-only\">{}</small></th>\
         <td class=\"instance wide-only\">{}</td><td class=\"state\">{}",
        Esc(&link.link()),
        Name(group),
        Name(instance),
        Name(instance),
        condition(scene, entry.trouble.condition()),
    );
    put!(html, "<small class=\"narrow-only\">");
    age(html, scene, &reading);
    html.push_str("</small></td>");
    numbers(html, scene, entry, &reading, minutes);
    html.push_str("<td class=\"age-col wide-only\">");
    age(html, scene, &reading);
    html.push_str("</td>");
    match entry.limit {
        Some(limit) => {
            put!(html, "<td class=\"num wide-only\">{}</td>", number(limit));
        }
        None => dash(html, words.none, "num wide-only"),
    }
    match scene.board.advice(&entry.key(), scene.now, scene.max_age) {
        None => dash(html, words.none, "replicas wide-only"),
        Some(advice) => put!(
            html,
            "<td class=\"replicas wide-only\">{} <small>{}</small></td>",
            replicas(scene, &advice),
            Esc(&(words.why)(advice.why()))
        ),
    }
    html.push_str("</tr>\n");
}

/// A number of replicas, or that there is none.
pub(super) fn replicas(scene: &Scene<'_>, advice: &Advice) -> String {
    match advice {
        Advice::Replicas { replicas, .. } => format!("<b>{replicas}</b>"),
        Advice::Silent(_) => format!("<span class=\"none\">{}</span>", Esc(scene.words.no_number)),
    }
}

/// Nothing, said aloud.
fn dash(html: &mut String, word: &str, class: &str) {
    put!(
        html,
        "<td class=\"{class}\"><span class=\"none\" aria-hidden=\"true\">–</span><span class=\"sr\">{}</span></td>",
        Esc(word)
    );
}

/// Lag, the last hour, trend, drain. Only a fresh reading has a lag.
fn numbers(
    html: &mut String,
    scene: &Scene<'_>,
    entry: &Entry,
    reading: &Reading,
    minutes: &Minutes,
) {
    let words = scene.words;
    let fresh = match reading {
        Reading::Fresh(sample) => Some(*sample),
        Reading::Stale { .. } | Reading::Absent | Reading::Failed { .. } => None,
    };
    let trend = fresh.and_then(|sample| sample.trend);
    let pace = trend.map(|trend| digits::pace(trend.per_second()).unwrap_or_else(|| "0/s".into()));
    let drain = fresh.and_then(|sample| trend?.drain(sample.lag));
    let drain = drain.map(|drain| words.span(drain));
    match fresh {
        Some(sample) => {
            let class = match entry.trouble.condition() {
                Condition::Above => "num lag over",
                _ => "num lag",
            };
            put!(
                html,
                "<td class=\"{class}\"><b>{}</b><small class=\"narrow-only\">{}</small></td>",
                number(sample.lag),
                pace.as_deref().unwrap_or_default()
            );
        }
        None => {
            put!(
                html,
                "<td class=\"num lag\"><span class=\"none\" aria-hidden=\"true\">–</span><span class=\"sr\">{}</span>",
                Esc(words.no_number)
            );
            if let Reading::Stale { last, .. } = reading {
                let says = fill(words.last_known, &[("lag", &digits::grouped(last.lag))]);
                put!(html, "<small class=\"last\">{}</small>", Esc(&says));
            }
            html.push_str("</td>");
        }
    }
    html.push_str("<td class=\"hour\">");
    chart::sparkline(html, minutes, words);
    html.push_str("</td>");
    for (number, missing) in [
        (pace, words.dash_unknown),
        (drain, missing_drain(fresh, words)),
    ] {
        match number {
            Some(text) => put!(html, "<td class=\"num wide-only\">{}</td>", Esc(&text)),
            None => dash(html, missing, "num wide-only"),
        }
    }
}

/// What is said where there is no time to drain.
pub(super) fn missing_drain(fresh: Option<LagSample>, words: &'static Words) -> &'static str {
    match fresh {
        Some(sample) if sample.lag == Lag::ZERO => words.dash_drained,
        Some(sample) if sample.trend.is_some() => words.dash_no_drain,
        Some(_) | None => words.dash_unknown,
    }
}

/// A lag in groups of three digits; between them a very large one may be broken, so that it cannot widen the page.
pub(super) fn number(lag: Lag) -> String {
    let digits = digits::grouped(lag);
    if digits.len() <= LONG {
        return digits;
    }
    format!(
        "<span class=\"long\">{}</span>",
        digits.replace(',', ",<wbr>")
    )
}

/// How old the datum is, and what that makes of it.
pub(super) fn age(html: &mut String, scene: &Scene<'_>, reading: &Reading) {
    let words = scene.words;
    let counted = |html: &mut String, at: jiff::Timestamp, word: &str| {
        let age = scene.now.duration_since(at).max(SignedDuration::ZERO);
        let (before, behind) = words.around_age(word);
        put!(
            html,
            "{}<span class=\"age\" data-at=\"{}\">{}</span><span class=\"word\">{}</span>",
            Esc(before),
            at.as_millisecond(),
            words.age(age),
            Esc(&behind)
        );
    };
    match reading {
        Reading::Fresh(sample) => counted(html, sample.at, words.s_fresh),
        Reading::Stale { last, .. } => counted(html, last.at, words.s_stale),
        Reading::Absent => put!(html, "{}", Esc(words.s_absent)),
        Reading::Failed { since } => {
            let time = Time {
                at: *since,
                now: scene.now,
            };
            let says = fill(words.failed_since, &[("time", &time.text())]);
            put!(html, "{}", Esc(&says));
        }
    }
}
