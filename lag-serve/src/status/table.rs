//! The table of groups.

use super::{
    Scene,
    asked::{Asked, SIZES, Sort},
    chart::Minutes,
    html::{Esc, put},
    overview::count,
    row,
    view::{Entry, Slice},
    words::fill,
};
use lag_core::Language;

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
        row::write(html, scene, entry, minutes);
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
