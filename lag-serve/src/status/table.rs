//! The table of groups.

use super::{
    Scene,
    asked::{Asked, SIZES, Sort},
    chart::{self, Minutes},
    html::{Esc, Name, Time, put},
    overview::{count, tag},
    view::{Entry, Slice},
    words::{Words, fill},
};
use jiff::SignedDuration;
use lag_core::{Condition, Lag, LagSample, Language, Reading, digits, recommend::Advice};

/// Columns in their order: what they sort by, or their name alone; and whether they are of numbers.
const COLUMNS: [(Option<Sort>, &str); 10] = [
    (Some(Sort::Group), "group"),
    (Some(Sort::Instance), "instance wide-only"),
    (Some(Sort::Trouble), "state"),
    (Some(Sort::Lag), "num"),
    (None, "hour"),
    (Some(Sort::Trend), "num wide-only"),
    (Some(Sort::Drain), "num wide-only"),
    (Some(Sort::Age), "age-col wide-only"),
    (None, "num wide-only"),
    (None, "replicas wide-only"),
];

/// Characters of a number that stays in one piece.
const LONG: usize = "999,999,999".len();

/// Search, table and paging.
pub(super) fn write(html: &mut String, scene: &Scene<'_>) {
    let words = scene.words;
    let slice = scene.view.slice(scene.asked);
    put!(
        html,
        "<section id=\"groups\" aria-labelledby=\"h-groups\" tabindex=\"-1\"><h2 id=\"h-groups\">{} <small>{}</small></h2>\n",
        Esc(words.groups),
        Esc(&counted(scene, &slice))
    );
    form(html, scene);
    if slice.entries.is_empty() {
        let text = match scene.asked.search.is_empty() {
            true => words.no_groups,
            false => words.found_none,
        };
        put!(html, "<p class=\"empty\">{}</p>\n</section>\n", Esc(text));
        return;
    }
    html.push_str("<table class=\"groups\">\n<thead><tr>");
    heads(html, scene);
    html.push_str("</tr></thead>\n<tbody>\n");
    // Read at once, so that updates wait as little as possible.
    let hours: Vec<Minutes> = {
        let history = scene.exporter.history();
        let hour = |entry: &&Entry| {
            let hour = history.of(entry.instance.as_str(), entry.group.as_str());
            hour.map_or_else(Vec::new, |hour| hour.until(scene.now).collect())
        };
        slice.entries.iter().map(hour).collect()
    };
    for (entry, minutes) in slice.entries.iter().zip(&hours) {
        row(html, scene, entry, minutes);
    }
    html.push_str("</tbody></table>\n");
    pager(html, scene, &slice);
    html.push_str("</section>\n");
}

/// How many groups there are, and how many of them a search has found.
fn counted(scene: &Scene<'_>, slice: &Slice<'_>) -> String {
    let all = count(scene.view.tally.groups);
    if scene.asked.search.is_empty() {
        return all;
    }
    fill(
        scene.words.found_of,
        &[("n", &count(slice.found)), ("of", &all)],
    )
}

fn form(html: &mut String, scene: &Scene<'_>) {
    let (words, asked) = (scene.words, scene.asked);
    put!(
        html,
        "<form method=\"get\" action=\"./\" role=\"search\" id=\"search-form\" data-form>\n\
         <label for=\"q\">{}</label> <input type=\"search\" id=\"q\" name=\"q\" maxlength=\"256\" value=\"{}\" placeholder=\"{}\" \
         autocomplete=\"off\" spellcheck=\"false\">\n<label for=\"size\">{}</label> <select id=\"size\" name=\"size\">",
        Esc(words.search),
        Esc(&asked.search),
        Esc(words.search_hint),
        Esc(words.size),
    );
    for size in SIZES {
        let selected = if size == asked.size { " selected" } else { "" };
        put!(html, "<option value=\"{size}\"{selected}>{size}</option>");
    }
    html.push_str("</select>\n");
    let order = if asked.falling { "desc" } else { "asc" };
    put!(
        html,
        "<input type=\"hidden\" name=\"sort\" value=\"{}\"><input type=\"hidden\" name=\"order\" value=\"{order}\">",
        asked.sort.name()
    );
    if let Some(language) = asked.language {
        let lang = match language {
            Language::English => "en",
            Language::Chinese => "zh",
        };
        put!(
            html,
            "<input type=\"hidden\" name=\"lang\" value=\"{lang}\">"
        );
    }
    put!(
        html,
        "<button type=\"submit\">{}</button>\n</form>\n",
        Esc(words.apply)
    );
    if asked.sort == Sort::Trouble && !asked.falling {
        put!(html, "<p class=\"hint\">{}</p>\n", Esc(words.shown));
    }
}

fn heads(html: &mut String, scene: &Scene<'_>) {
    let (words, asked) = (scene.words, scene.asked);
    let names = [
        words.group,
        words.instance,
        words.state,
        words.lag,
        words.hour,
        words.trend,
        words.drain,
        words.age,
        words.limit,
        words.replicas,
    ];
    for (name, (sort, class)) in names.into_iter().zip(COLUMNS) {
        let Some(sort) = sort else {
            put!(
                html,
                "<th scope=\"col\" class=\"{class}\">{}</th>",
                Esc(name)
            );
            continue;
        };
        let is_sorted = sort == asked.sort;
        let falling = if is_sorted {
            !asked.falling
        } else {
            sort.falls()
        };
        let link = Asked {
            sort,
            falling,
            page: 1,
            ..asked.clone()
        };
        // For trouble the worst are the greatest, though they come first.
        let falls = asked.falling != (sort == Sort::Trouble);
        let (aria, arrow) = match (is_sorted, falls) {
            (false, _) => ("", ""),
            (true, true) => (" aria-sort=\"descending\"", " ▼"),
            (true, false) => (" aria-sort=\"ascending\"", " ▲"),
        };
        let by = if sort == Sort::Trouble {
            words.trouble
        } else {
            name
        };
        put!(
            html,
            "<th scope=\"col\" class=\"{class}\"{aria}><a data-live href=\"{}\" title=\"{}\">{}<span aria-hidden=\"true\">{arrow}</span></a></th>",
            Esc(&link.link()),
            Esc(&fill(words.sort_by, &[("name", by)])),
            Esc(name),
        );
    }
}

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

fn row(html: &mut String, scene: &Scene<'_>, entry: &Entry, minutes: &Minutes) {
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

fn pager(html: &mut String, scene: &Scene<'_>, slice: &Slice<'_>) {
    let words = scene.words;
    let last = slice.first + slice.entries.len() - 1;
    let found = fill(
        words.found,
        &[
            ("first", &count(slice.first)),
            ("last", &count(last)),
            ("n", &count(slice.found)),
        ],
    );
    put!(
        html,
        "<nav class=\"pager\" aria-label=\"{}\"><span>{}</span>",
        Esc(words.pages),
        Esc(&found)
    );
    if slice.pages > 1 {
        let to = |page| Asked {
            page,
            ..scene.asked.clone()
        };
        let mut step = |word: &str, rel: &str, page: Option<usize>| match page {
            Some(page) => put!(
                html,
                " <a data-live rel=\"{rel}\" href=\"{}\">{}</a>",
                Esc(&to(page).link()),
                Esc(word)
            ),
            None => put!(html, " <span class=\"off\">{}</span>", Esc(word)),
        };
        step(
            words.previous,
            "prev",
            (slice.page > 1).then(|| slice.page - 1),
        );
        step(
            words.next,
            "next",
            (slice.page < slice.pages).then(|| slice.page + 1),
        );
        let of = fill(
            words.page_of,
            &[("page", &count(slice.page)), ("pages", &count(slice.pages))],
        );
        put!(html, " <span>{of}</span>");
    }
    html.push_str("</nav>\n");
}
