//! The verdict over everything, the instances, the calls, the replica.

use super::{
    Scene,
    html::{Esc, Name, Time, put},
    page,
    words::fill,
};
use jiff::{SignedDuration, Timestamp};
use lag_core::{BudgetReport, Finding, InstanceBoard, InstanceId, Lag, digits};

/// Instances that are listed: those in trouble first, the rest is in the JSON.
const LISTED: usize = 6;

/// Columns of the table of instances.
const INSTANCE_COLUMNS: usize = 5;

/// The verdict in words.
pub(super) struct Verdict {
    sentences: Vec<String>,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Well,
    Bad,
    Unknown,
}

impl Verdict {
    /// Says at a glance, and without colour, what the sentences say.
    pub(super) fn symbol(&self) -> &'static str {
        match self.kind {
            Kind::Well => "✔",
            Kind::Bad => "▲",
            Kind::Unknown => "…",
        }
    }

    fn class(&self) -> &'static str {
        match self.kind {
            Kind::Well => "well",
            Kind::Bad => "bad",
            Kind::Unknown => "unknown",
        }
    }

    /// The sentence that matters most.
    pub(super) fn first(&self) -> &str {
        self.sentences.first().map_or("", String::as_str)
    }
}

/// Judges the board.
pub(super) fn verdict(scene: &Scene<'_>) -> Verdict {
    let findings = Finding::all(scene.board, &scene.view.tally, scene.now, scene.max_age);
    let kind = match findings.first() {
        Some(Finding::Well { .. }) => Kind::Well,
        Some(Finding::Untried) | None => Kind::Unknown,
        Some(_) => Kind::Bad,
    };
    let sentences = findings.iter().map(|finding| sentence(scene, finding));
    Verdict {
        sentences: sentences.collect(),
        kind,
    }
}

fn sentence(scene: &Scene<'_>, finding: &Finding) -> String {
    let words = scene.words;
    let counted = |one, many, n: usize| {
        let text = if n == 1 { one } else { many };
        fill(text, &[("n", &count(n))])
    };
    match *finding {
        Finding::Untried => words.v_untried.to_owned(),
        Finding::Unread {
            instances,
            of,
            since,
        } => {
            let text = if instances == of {
                words.v_unread_all.to_owned()
            } else {
                counted(words.v_unread_one, words.v_unread_many, instances)
            };
            let text = fill(&text, &[("of", &count(of))]);
            let end = since.map_or(words.v_end.to_owned(), |since| {
                fill(words.v_since, &[("time", &time(scene, since).text())])
            });
            text + &end
        }
        Finding::Silent { instances } => {
            counted(words.v_silent_one, words.v_silent_many, instances)
        }
        Finding::Above { groups } => counted(words.v_above_one, words.v_above_many, groups),
        Finding::Blind { groups, of } => {
            let text = counted(words.v_blind_one, words.v_blind_many, groups);
            fill(&text, &[("of", &count(of))])
        }
        Finding::Cut { series } => fill(words.v_cut, &[("n", &series.to_string())]),
        Finding::Well { groups: 0, .. } => words.v_well_none.to_owned(),
        Finding::Well {
            groups,
            within: true,
        } => counted(words.v_within_one, words.v_within_many, groups),
        Finding::Well {
            groups,
            within: false,
        } => counted(words.v_well_one, words.v_well_many, groups),
    }
}

/// The verdict, and when that was.
pub(super) fn write(html: &mut String, scene: &Scene<'_>, verdict: &Verdict) {
    put!(
        html,
        "<section class=\"verdict {}\">\n<h1 id=\"verdict\" aria-live=\"polite\"><span aria-hidden=\"true\">{}</span> \
         <span>{}</span></h1>\n",
        verdict.class(),
        verdict.symbol(),
        Esc(&verdict.sentences.join(" "))
    );
    let tally = &scene.view.tally;
    if tally.groups > 0 && tally.limited == 0 {
        put!(
            html,
            "<p class=\"remark\">{}</p>\n",
            Esc(scene.words.no_limit)
        );
    }
    page::as_of(html, scene);
    html.push_str("</section>\n");
    if let Some(refused) = scene.exporter.refused() {
        let when = time(scene, refused.at).text();
        put!(
            html,
            "<p class=\"notice\" id=\"not-loaded\"><span aria-hidden=\"true\">▲</span> {} <span lang=\"en\">{}</span></p>\n",
            Esc(&fill(scene.words.not_loaded, &[("time", &when)])),
            Esc(&refused.words)
        );
    }
}

fn time(scene: &Scene<'_>, at: Timestamp) -> Time {
    Time { at, now: scene.now }
}

/// A moment with its age, which goes on counting.
pub(super) fn ago(html: &mut String, scene: &Scene<'_>, at: Timestamp) {
    let age = scene.now.duration_since(at).max(SignedDuration::ZERO);
    put!(
        html,
        "{} <small>(<span class=\"age\" data-at=\"{}\">{}</span>)</small>",
        time(scene, at),
        at.as_millisecond(),
        scene.words.age(age)
    );
}

/// Digits in groups of three.
pub(super) fn count(number: usize) -> String {
    let number = u32::try_from(number).unwrap_or(u32::MAX);
    digits::grouped(Lag::try_from(f64::from(number)).unwrap_or(Lag::ZERO))
}

/// The instances, those in trouble first.
pub(super) fn instances(html: &mut String, scene: &Scene<'_>) {
    let words = scene.words;
    let is_bad = |one: &InstanceBoard| {
        !one.is_up() || one.is_silent() || one.unasked(scene.now, scene.max_age).is_some()
    };
    let (bad, well): (Vec<_>, Vec<_>) = scene.board.instances().partition(|(_, one)| is_bad(one));
    let all = bad.len() + well.len();
    put!(
        html,
        "<section><h2 id=\"h-instances\">{}</h2>\n<div class=\"wide\" tabindex=\"0\" \
         role=\"region\" aria-labelledby=\"h-instances\"><table class=\"facts instances\">\n<thead><tr>",
        Esc(words.instances)
    );
    for (head, class) in [
        (words.instance, ""),
        (words.state, ""),
        (words.region, " class=\"wide-only\""),
        (words.last_success, ""),
        (words.failures, " class=\"num\""),
    ] {
        put!(html, "<th scope=\"col\"{class}>{}</th>", Esc(head));
    }
    html.push_str("</tr></thead>\n<tbody>\n");
    for (id, one) in bad.into_iter().chain(well).take(LISTED) {
        instance(html, scene, id, one);
    }
    html.push_str("</tbody></table></div>\n");
    if all > LISTED {
        let more = fill(words.more_instances, &[("n", &count(all - LISTED))]);
        put!(html, "<p><a href=\"api/v1/lag\">{}</a></p>\n", Esc(&more));
    }
    html.push_str("</section>\n");
}

fn instance(html: &mut String, scene: &Scene<'_>, id: &InstanceId, one: &InstanceBoard) {
    let words = scene.words;
    let trouble = one.trouble(scene.now, scene.max_age);
    let (class, symbol, state) = if one.last_attempt.is_none() && trouble.is_none() {
        ("quiet", "…", words.not_yet)
    } else if trouble.is_some() || !one.is_up() {
        ("bad", "✕", words.down)
    } else if one.is_silent() {
        ("warn", "∅", words.silent)
    } else {
        ("well", "✔", words.up)
    };
    let help = match trouble {
        Some(trouble) => Some((trouble, " lang=\"en\"")),
        None if one.is_silent() => Some((words.silent_help.to_owned(), "")),
        None => None,
    };
    let told = help.as_ref().map_or("", |_| " class=\"told\"");
    put!(
        html,
        "<tr data-key=\"{0}\"{told}><th scope=\"row\">{1}</th><td>{2}</td><td class=\"wide-only\">{3}</td><td>",
        Esc(id.as_str()),
        Name(id.as_str()),
        tag(class, symbol, state),
        Esc(&one.region),
    );
    match one.last_success {
        Some(at) => ago(html, scene, at),
        None => put!(html, "{}", Esc(words.never)),
    }
    put!(
        html,
        "</td><td class=\"num\">{}</td></tr>\n",
        one.consecutive_failures
    );
    let Some((help, lang)) = help else {
        return;
    };
    // Below the row, so that it has the whole width of even a small screen.
    put!(
        html,
        "<tr data-key=\"error-{}\" class=\"more\"><td colspan=\"{INSTANCE_COLUMNS}\" class=\"error\"><div><span class=\"sr\">{}: \
         </span><span{lang}>{}</span></div></td></tr>\n",
        Esc(id.as_str()),
        Esc(words.last_error),
        Esc(&help)
    );
}

/// A state: a symbol and a word; the colour only repeats them.
pub(super) fn tag(class: &str, symbol: &str, word: &str) -> String {
    format!(
        "<span class=\"tag {class}\"><span aria-hidden=\"true\">{symbol}</span> {}</span>",
        Esc(word)
    )
}

/// What the cloud is asked, and what that costs.
pub(super) fn calls(html: &mut String, scene: &Scene<'_>) {
    let words = scene.words;
    let budgets = scene.exporter.budgets();
    let reports = budgets.reports(scene.now);
    if reports.is_empty() {
        return;
    }
    put!(
        html,
        "<section><h2 id=\"h-calls\">{}</h2>\n<div class=\"wide\" tabindex=\"0\" role=\"region\" \
         aria-labelledby=\"h-calls\"><table class=\"facts\">\n<thead><tr>",
        Esc(words.calls)
    );
    for (head, class) in [
        (words.account, ""),
        (words.calls_month, " class=\"num\""),
        (words.calls_projected, " class=\"num\""),
        (words.calls_budget, " class=\"num\""),
        (words.calls_stretch, ""),
    ] {
        put!(html, "<th scope=\"col\"{class}>{}</th>", Esc(head));
    }
    html.push_str("</tr></thead>\n<tbody>\n");
    for (account, report) in &reports {
        spending(html, scene, account, report);
    }
    html.push_str("</tbody></table></div>\n<p>");
    let intervals = budgets.intervals(scene.now);
    let listed = intervals.iter().take(LISTED).map(|(source, interval)| {
        let interval = SignedDuration::try_from(*interval).unwrap_or(SignedDuration::MAX);
        format!("{} <b>{}</b>", Name(source), words.span(interval))
    });
    let listed: Vec<_> = listed.collect();
    put!(
        html,
        "{}: {}</p>\n</section>\n",
        Esc(words.calls_interval),
        listed.join(", ")
    );
}

fn spending(html: &mut String, scene: &Scene<'_>, account: &str, report: &BudgetReport) {
    let words = scene.words;
    let limit = report
        .limit
        .map_or(words.calls_unlimited.to_owned(), calls_of);
    put!(
        html,
        "<tr data-key=\"{}\"><th scope=\"row\">{}</th><td class=\"num\">{}</td><td class=\"num\">{}</td><td class=\"num\">{}</td><td>",
        Esc(account),
        Name(account),
        calls_of(report.used),
        calls_of(report.projected),
        Esc(&limit),
    );
    if let Some(until) = report.stopped_until {
        let until = time(scene, until).text();
        let text = fill(words.calls_stopped_until, &[("time", &until)]);
        put!(html, "{}", tag("bad", "✕", &text));
    } else if report.stretch > 1.0 {
        let times = fill(words.times, &[("n", &format!("{:.2}", report.stretch))]);
        put!(html, "{}", tag("warn", "▲", &times));
    } else {
        put!(html, "<span class=\"none\">{}</span>", Esc(words.none));
    }
    html.push_str("</td></tr>\n");
}

fn calls_of(calls: u64) -> String {
    usize::try_from(calls).map_or_else(|_| calls.to_string(), count)
}

/// How this replica stands, when it is one of several.
pub(super) fn replica(html: &mut String, scene: &Scene<'_>) {
    let words = scene.words;
    let Some(stand) = scene.exporter.stand() else {
        return;
    };
    put!(
        html,
        "<section aria-labelledby=\"h-replica\"><h2 id=\"h-replica\">{}</h2>\n<p>",
        Esc(words.replica)
    );
    match stand.followed_at {
        _ if stand.leads => put!(html, "{}", Esc(words.leads)),
        Some(at) => {
            put!(html, "{} ", Esc(words.follows));
            ago(html, scene, at);
        }
        None => put!(html, "{}", Esc(words.follows_nobody)),
    }
    html.push_str("</p>\n</section>\n");
}
