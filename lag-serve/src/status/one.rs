//! One group: its hour at a size that can be read, and where else it is to be found.

use super::{
    Scene,
    asked::RESERVED,
    chart::{self, Minutes},
    html::{Esc, Name, Time, put},
    page, row,
    words::fill,
};
use http::StatusCode;
use lag_core::{Reading, alias, digits, is_label_value, names};
use percent_encoding::utf8_percent_encode;

/// The part of the page about one group.
pub(super) fn write(
    html: &mut String,
    scene: &Scene<'_>,
    instance: &str,
    group: &str,
) -> StatusCode {
    let words = scene.words;
    put!(
        html,
        "<p class=\"back\"><a href=\"{}\">← {}</a></p>\n<section id=\"groups\" tabindex=\"-1\"><h2>{} <small>{}</small></h2>\n",
        Esc(&page::home(scene)),
        Esc(words.back),
        Name(group),
        Name(instance)
    );
    let Some(entry) = scene.view.find(instance, group) else {
        put!(html, "<p>{}</p></section>\n", Esc(words.one_unknown));
        return StatusCode::NOT_FOUND;
    };
    let minutes: Minutes = {
        let history = scene.exporter.history();
        let hour = history.of(instance, group);
        hour.map_or_else(Vec::new, |hour| hour.until(scene.now).collect())
    };
    html.push_str("<dl class=\"facts\">\n");
    facts(html, scene, entry);
    html.push_str("</dl>\n");
    put!(html, "<h3>{}</h3>\n", Esc(words.chart));
    if let [(first, _), .., (last, _)] = &minutes[..] {
        let says = fill(
            words.chart_from,
            &[
                ("from", &chart::clock(*first)),
                ("to", &chart::clock(*last)),
            ],
        );
        put!(html, "<p class=\"hint\">{}</p>\n", Esc(&says));
    }
    chart::chart(html, &minutes, entry.limit, words);
    minutes_table(html, scene, &minutes);
    topics(html, scene, instance, group);
    elsewhere(html, scene, instance, group);
    html.push_str("</section>\n");
    StatusCode::OK
}

fn facts(html: &mut String, scene: &Scene<'_>, entry: &super::view::Entry) {
    let words = scene.words;
    let reading = entry.reading(scene.now, scene.max_age);
    let mut fact = |name: &str, value: &str| {
        put!(html, "<div><dt>{}</dt><dd>{value}</dd></div>\n", Esc(name));
    };
    let none = |word: &str| format!("<span class=\"none\">{}</span>", Esc(word));
    let mut age = String::new();
    row::age(&mut age, scene, &reading);
    let state = row::condition(scene, entry.trouble.condition());
    fact(words.state, &format!("{state} <small>{age}</small>"));
    match reading {
        Reading::Fresh(sample) => {
            let until = sample.at.saturating_add(scene.max_age);
            let until = until.map_or(i64::MAX, |until| until.as_millisecond());
            let lag = row::number(sample.lag);
            fact(
                words.lag,
                &format!("<b class=\"big\" data-until=\"{until}\">{lag}</b>"),
            );
            let trend = sample.trend.map_or_else(
                || none(words.dash_unknown),
                |trend| digits::pace(trend.per_second()).unwrap_or_else(|| "0/s".into()),
            );
            fact(words.trend, &trend);
            let drain = sample.trend.and_then(|trend| trend.drain(sample.lag));
            let missing = row::missing_drain(Some(sample), words);
            let drain = drain.map_or_else(|| none(missing), |drain| words.span(drain));
            fact(words.drain, &drain);
            datum(&mut fact, scene, sample.at);
        }
        Reading::Stale { last, .. } => {
            let says = fill(words.last_known, &[("lag", &digits::grouped(last.lag))]);
            fact(
                words.lag,
                &format!("{} <small>{}</small>", none(words.no_number), Esc(&says)),
            );
            datum(&mut fact, scene, last.at);
        }
        Reading::Absent | Reading::Failed { .. } => fact(words.lag, &none(words.no_number)),
    }
    let key = entry.key();
    let limit = entry
        .limit
        .map_or_else(|| none(words.none), digits::grouped);
    fact(words.limit, &limit);
    let steps = scene.limits.steps(&key);
    if !steps.is_empty() {
        let steps: Vec<_> = steps.into_iter().map(digits::grouped).collect();
        fact(words.steps, &steps.join(", "));
    }
    let advice = scene.board.advice(&key, scene.now, scene.max_age);
    let advice = advice.map_or_else(
        || none(words.why_none),
        |advice| {
            let why = (words.why)(advice.why());
            format!(
                "{} <small>{}</small>",
                row::replicas(scene, &advice),
                Esc(&why)
            )
        },
    );
    fact(words.replicas, &advice);
}

fn datum(fact: &mut impl FnMut(&str, &str), scene: &Scene<'_>, at: jiff::Timestamp) {
    let time = Time { at, now: scene.now };
    fact(scene.words.datum, &time.to_string());
}

fn minutes_table(html: &mut String, scene: &Scene<'_>, minutes: &Minutes) {
    let words = scene.words;
    if minutes.is_empty() {
        return;
    }
    put!(
        html,
        "<details><summary>{}</summary><table class=\"facts\"><thead><tr><th scope=\"col\">{}</th><th scope=\"col\">{}</th></tr>\
         </thead><tbody>\n",
        Esc(words.minutes),
        Esc(words.minute_utc),
        Esc(words.lag)
    );
    for (at, lag) in minutes.iter().rev() {
        let lag = lag.map_or_else(
            || format!("<span class=\"none\">{}</span>", Esc(words.no_point)),
            digits::grouped,
        );
        put!(
            html,
            "<tr><th scope=\"row\"><time datetime=\"{at:.0}\">{}</time></th><td class=\"num\">{lag}</td></tr>\n",
            chart::clock(*at)
        );
    }
    html.push_str("</tbody></table></details>\n");
}

/// Lags by topic, when they are collected.
fn topics(html: &mut String, scene: &Scene<'_>, instance: &str, group: &str) {
    let words = scene.words;
    let Some(board) = scene.board.instance(instance) else {
        return;
    };
    let rows = board.rows_of(group, scene.now, scene.max_age);
    let mut rows = rows.filter_map(|(series, reading)| Some((series.topic.as_ref()?, reading)));
    let Some(first) = rows.next() else {
        return;
    };
    put!(
        html,
        "<h3>{}</h3>\n<table class=\"facts\"><thead><tr><th scope=\"col\">{}</th><th scope=\"col\">{}</th><th scope=\"col\">{}</th>\
         </tr></thead><tbody>\n",
        Esc(words.topics),
        Esc(words.topic),
        Esc(words.lag),
        Esc(words.age)
    );
    for (topic, reading) in std::iter::once(first).chain(rows) {
        let lag = match reading {
            Reading::Fresh(sample) => digits::grouped(sample.lag),
            Reading::Stale { .. } | Reading::Absent | Reading::Failed { .. } => {
                format!("<span class=\"none\">{}</span>", Esc(words.no_number))
            }
        };
        put!(
            html,
            "<tr data-key=\"{}\"><th scope=\"row\">{}</th><td class=\"num\">{lag}</td><td>",
            Esc(topic.as_str()),
            Name(topic.as_str())
        );
        row::age(html, scene, &reading);
        html.push_str("</td></tr>\n");
    }
    html.push_str("</tbody></table>\n");
}

/// The names under which programs find the same.
fn elsewhere(html: &mut String, scene: &Scene<'_>, instance: &str, group: &str) {
    let words = scene.words;
    let query = format!(
        "{}{{{}={}, {}={}}}",
        names::LAG,
        names::INSTANCE_ID,
        quoted(instance),
        names::CONSUMER_GROUP,
        quoted(group)
    );
    // A selector cannot hold what is no label value; the alias can.
    let mut selector = match alias(group) {
        Some(alias) => format!("{}={alias}", names::CONSUMER_GROUP_ALIAS),
        None => format!("{}={group}", names::CONSUMER_GROUP),
    };
    if is_label_value(instance) {
        selector += &format!(",{}={instance}", names::INSTANCE_ID);
    }
    let command = format!(
        "kubectl get --raw \"/apis/external.metrics.k8s.io/v1beta1/namespaces/default/{}?labelSelector={}\"",
        names::LAG,
        percent(&selector)
    );
    let json = format!("api/v1/lag/{}/{}", percent(instance), percent(group));
    put!(
        html,
        "<h3>{}</h3>\n<dl class=\"code\">\n",
        Esc(words.use_it)
    );
    let mut code = |name: &str, text: &str, note: &str| {
        put!(html, "<dt>{}", Esc(name));
        if !note.is_empty() {
            put!(html, " <small>{}</small>", Esc(note));
        }
        put!(html, "</dt><dd><code>{}</code></dd>\n", Esc(text));
    };
    let metrics = [
        names::LAG,
        names::LAG_TIMESTAMP,
        names::LAG_CHANGE,
        names::LAG_DRAIN,
        names::RECOMMENDED,
    ];
    code(words.metric, &metrics.join(" "), "");
    code(words.promql, &query, "");
    code(words.kubectl, &command, words.kubectl_note);
    put!(
        html,
        "<dt>{}</dt><dd><a href=\"{}\">{}</a></dd>\n</dl>\n",
        Esc(words.json),
        Esc(&json),
        Esc(&format!("/{json}"))
    );
}

fn percent(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// As a label's value stands in PromQL.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
