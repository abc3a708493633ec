//! The frame of the page, and what stands in its main part.

use super::{
    Scene,
    asked::Asked,
    html::{Esc, Time, put},
    one, overview,
    policy::{SCRIPT, STYLE},
    table,
    words::{self, fill},
};
use http::StatusCode;
use lag_core::Language;

/// Seconds between two looks of the live view.
const EVERY: &str = "5";

/// A bar chart, for the tab.
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath fill='%23227fd4' \
                    d='M1 9h3v6H1zm5-4h3v10H6zm5-4h3v14h-3z'/%3E%3C/svg%3E";

/// The whole page.
pub(super) fn write(scene: &Scene<'_>) -> (StatusCode, String) {
    let words = scene.words;
    let config = scene.exporter.config();
    let build = &config.build;
    let mut main = String::with_capacity(64 * 1024);
    let verdict = overview::verdict(scene);
    let mut status = StatusCode::OK;
    overview::write(&mut main, scene, &verdict);
    match &scene.asked.one {
        Some((instance, group)) => status = one::write(&mut main, scene, instance, group),
        None => {
            overview::instances(&mut main, scene);
            table::write(&mut main, scene);
            overview::calls(&mut main, scene);
            overview::replica(&mut main, scene);
        }
    }
    let mut html = String::with_capacity(main.len() + STYLE.len() + SCRIPT.len() + 8 * 1024);
    put!(
        html,
        "<!DOCTYPE html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{} {} · {}</title>\n<link rel=\"icon\" href=\"{ICON}\">\n\
         <style>{STYLE}</style>\n</head>\n",
        words.lang,
        verdict.symbol(),
        Esc(&title(scene, &verdict)),
        Esc(build.program),
    );
    put!(
        html,
        "<body data-build=\"{} {}\" data-every=\"{EVERY}\" data-units=\"{}\" data-gap=\"{}\" data-live=\"{}\" \
         data-paused=\"{}\" data-unreachable=\"{}\" data-refused=\"{}\" data-expired=\"{}\" data-last=\"{}\" data-stale=\"{}\" data-old=\"{}\">\n",
        Esc(build.version),
        Esc(build.revision),
        words.units.join("|"),
        words.gap,
        Esc(&fill(words.live, &[("n", EVERY)])),
        Esc(words.paused),
        Esc(words.unreachable),
        Esc(words.refused),
        Esc(words.expired),
        Esc(words.last_known),
        Esc(words.c_stale),
        Esc(&words.around_age(words.s_stale).1),
    );
    header(&mut html, scene);
    put!(
        html,
        "<main id=\"live\" data-now=\"{}\">\n{main}</main>\n",
        scene.now.as_millisecond()
    );
    footer(&mut html, scene);
    put!(html, "<script>{SCRIPT}</script>\n</body>\n</html>\n");
    (status, html)
}

fn title(scene: &Scene<'_>, verdict: &overview::Verdict) -> String {
    match &scene.asked.one {
        Some((_, group)) => group.clone(),
        None => verdict.first().to_owned(),
    }
}

fn header(html: &mut String, scene: &Scene<'_>) {
    let words = scene.words;
    let config = scene.exporter.config();
    let telemetry = config.telemetry_path.trim_start_matches('/');
    put!(
        html,
        "<a class=\"skip\" href=\"#groups\">{}</a>\n<header>\n<p class=\"brand\"><a href=\"{}\">{}</a> <span>{}</span></p>\n\
         <nav aria-label=\"{}\"><a href=\"./{}\">{}</a> <a href=\"api/v1/lag\">JSON</a> <a href=\"{}{}\" rel=\"noreferrer\">{}</a> \
         <a href=\"{}\" lang=\"{}\" hreflang=\"{}\">{}</a></nav>\n</header>\n",
        Esc(words.skip),
        Esc(&home(scene)),
        Esc(words.heading),
        Esc(config.build.program),
        Esc(config.build.program),
        Esc(telemetry),
        Esc(words.metrics_link),
        env!("CARGO_PKG_REPOSITORY"),
        words.docs_path,
        Esc(words.docs),
        Esc(&other_language(scene).link()),
        words.switch_lang,
        words.switch_lang,
        words.switch_to,
    );
}

/// Everything in its first order, in the language that was asked for.
pub(super) fn home(scene: &Scene<'_>) -> String {
    let language = scene.asked.language;
    let home = Asked {
        language,
        ..Asked::default()
    };
    home.link()
}

fn other_language(scene: &Scene<'_>) -> Asked {
    let is_english = scene.words.lang == words::of(Language::English).lang;
    Asked {
        language: Some(if is_english {
            Language::Chinese
        } else {
            Language::English
        }),
        ..scene.asked.clone()
    }
}

fn footer(html: &mut String, scene: &Scene<'_>) {
    let words = scene.words;
    let config = scene.exporter.config();
    let build = &config.build;
    let facts = fill(
        words.facts,
        &[
            ("version", build.version),
            ("revision", build.revision),
            ("metric", &config.metric),
        ],
    );
    put!(
        html,
        "<footer><p>{}</p><p><a href=\"api/v1/lag\">{}</a> · <a href=\"healthz\">/healthz</a> · <a href=\"readyz\">/readyz</a></p>\
         <noscript><p>{}</p></noscript></footer>\n",
        Esc(&facts),
        Esc(words.json_link),
        Esc(words.no_script),
    );
}

/// When the page was drawn, and whether it still moves.
pub(super) fn as_of(html: &mut String, scene: &Scene<'_>) {
    let time = Time {
        at: scene.now,
        now: scene.now,
    };
    put!(
        html,
        "<p class=\"asof\">{} {time} <span id=\"link\"></span></p>\n",
        Esc(scene.words.as_of)
    );
}
