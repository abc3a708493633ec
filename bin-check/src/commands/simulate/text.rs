//! The answer for people: what changed and why, a summary, and charts.

use jiff::SignedDuration;
use lag_core::{
    Lag,
    simulate::{Tick, Why},
};
use std::borrow::Cow;
use std::fmt::Write as _;

use super::{Story, Way, words};
use crate::output::{
    number, plot,
    table::{Column, Table, visible},
};

/// More changes than this are for a program to read.
const MOST_ROWS: usize = 40;
const LAG_ROWS: usize = 8;
const REPLICA_ROWS: u32 = 6;

/// With charts, unless there is a picture.
pub(super) fn render(story: &Story, width: Option<usize>, with_charts: bool) -> String {
    let mut text = heading(story);
    text.push('\n');
    text += &match story.ways.as_slice() {
        [way] => changes(story, way),
        ways => comparison(story, ways),
    };
    text.push('\n');
    text += &summary(story);
    if with_charts {
        text.push('\n');
        text += &charts(story, width.unwrap_or(80).clamp(40, 120));
    }
    text
}

fn heading(story: &Story) -> String {
    let timing = &story.timing;
    let mut text = format!("lag: {}\n", visible(story.about.as_str().into()));
    if !timing.delay.is_zero() {
        let _ = writeln!(
            text,
            "  points every {}, seen {} later, a number up to an age of {}",
            words::seconds(timing.period),
            words::seconds(timing.delay),
            words::seconds(timing.max_age)
        );
    }
    for way in &story.ways {
        let _ = writeln!(
            text,
            "{}: {}",
            way.label,
            visible(way.about.as_str().into())
        );
        for note in &way.notes {
            let _ = writeln!(text, "  note: {note}");
        }
    }
    let _ = writeln!(
        text,
        "a sync every {}, pods ready after {}",
        words::seconds(timing.sync),
        words::seconds(timing.start_up)
    );
    text
}

fn lag(lag: Option<Lag>) -> Cow<'static, str> {
    lag.map_or(Cow::Borrowed(number::NONE), |lag| number::lag(lag).into())
}

fn seen(tick: &Tick) -> Cow<'static, str> {
    lag(tick.seen.map(|sample| sample.lag))
}

/// Whether a sync is worth a line: the replicas changed, or the data came or went.
fn is_news(before: Option<&Tick>, tick: &Tick) -> bool {
    let had = before.map(|before| before.seen.is_some());
    had != Some(tick.seen.is_some()) || tick.before != tick.point.replicas
}

fn step(tick: &Tick) -> Cow<'static, str> {
    let (before, after) = (tick.before, tick.point.replicas);
    match before == after {
        true => after.to_string().into(),
        false => format!("{before} -> {after}").into(),
    }
}

fn changes(story: &Story, way: &Way) -> String {
    let mut table = Table::new(&[
        ("TIME", Column::Right),
        ("LAG SEEN", Column::Right),
        ("REPLICAS", Column::Left),
        ("WHY", Column::Left),
    ]);
    let ticks = &way.ticks;
    let before = std::iter::once(None).chain(ticks.iter().map(Some));
    let news = before
        .zip(ticks)
        .filter(|(before, tick)| is_news(*before, tick));
    let news: Vec<_> = news.map(|(_, tick)| tick).collect();
    for tick in news.iter().take(MOST_ROWS) {
        table.row([
            story.when(tick.point.at).into(),
            seen(tick),
            step(tick),
            words::why(tick, &way.autoscaler).into(),
        ]);
    }
    table.render(None) + &left_out(news.len())
}

fn left_out(all: usize) -> String {
    match all.saturating_sub(MOST_ROWS) {
        0 => String::new(),
        more => format!("… and {more} more; -o json has every sync\n"),
    }
}

/// One column for each; with a load each has a lag of its own.
fn comparison(story: &Story, ways: &[Way]) -> String {
    let mut titles = vec![("TIME".to_owned(), Column::Right)];
    if !story.is_load {
        titles.push(("LAG SEEN".to_owned(), Column::Right));
    }
    for way in ways {
        if story.is_load {
            titles.push(("LAG SEEN".to_owned(), Column::Right));
        }
        titles.push((way.label.clone(), Column::Left));
    }
    let titles: Vec<_> = titles
        .iter()
        .map(|(title, column)| (title.as_str(), *column))
        .collect();
    let mut table = Table::new(&titles);
    let syncs = ways.iter().map(|way| way.ticks.len()).min().unwrap_or(0);
    let is_new = |index: usize| {
        ways.iter().any(|way| {
            let before = index
                .checked_sub(1)
                .and_then(|before| way.ticks.get(before));
            is_news(before, &way.ticks[index])
        })
    };
    let news: Vec<usize> = (0..syncs).filter(|index| is_new(*index)).collect();
    for index in news.iter().take(MOST_ROWS) {
        let mut row = Vec::new();
        for (place, way) in ways.iter().enumerate() {
            let tick = &way.ticks[*index];
            if place == 0 {
                row.push(story.when(tick.point.at).into());
            }
            if place == 0 || story.is_load {
                row.push(seen(tick));
            }
            row.push(step(tick));
        }
        table.row(row);
    }
    table.render(None) + &left_out(news.len())
}

fn summary(story: &Story) -> String {
    let mut titles = vec![("", Column::Left)];
    titles.extend(
        story
            .ways
            .iter()
            .map(|way| (way.label.as_str(), Column::Right)),
    );
    let mut table = Table::new(&titles);
    let lasts = story
        .ways
        .first()
        .map_or(SignedDuration::ZERO, |way| way.summary.lasts);
    let above = format!(
        "lag above {}, of {}",
        number::lag(story.above),
        number::duration(lasts)
    );
    let mut row = |title: &str, cell: &dyn Fn(&Way) -> String| {
        let cells = story.ways.iter().map(|way| cell(way).into());
        table.row(std::iter::once(title.to_owned().into()).chain(cells));
    };
    row("fewest and most replicas", &|way| {
        format!("{} to {}", way.summary.fewest, way.summary.most)
    });
    row("replicas in the mean", &|way| {
        format!("{:.2}", way.summary.mean)
    });
    row("changes", &|way| way.summary.changes.to_string());
    row("changes of direction", &|way| way.summary.turns.to_string());
    row("highest lag", &|way| lag(way.summary.worst).into_owned());
    row("lag at the end", &|way| {
        lag(way.ticks.last().and_then(|tick| tick.lag)).into_owned()
    });
    row(&above, &|way| number::duration(way.summary.above));
    row("without a number", &|way| {
        number::duration(way.summary.without_data)
    });
    let missing = |way: &Way| {
        let missing = way
            .ticks
            .iter()
            .filter(|tick| tick.point.why == Why::FailedGetExternalMetric);
        missing.count().to_string()
    };
    row("syncs without a metric", &missing);
    table.render(None)
}

fn charts(story: &Story, width: usize) -> String {
    let columns = plot::columns(width);
    let mut text = String::new();
    for (place, way) in story.ways.iter().enumerate() {
        if place == 0 || story.is_load {
            let title = match story.is_load && story.ways.len() > 1 {
                true => format!("lag with {}", way.label),
                false => "lag".to_owned(),
            };
            let highest = |part: &[Tick]| {
                let known = part.iter().filter_map(|tick| tick.lag);
                known.reduce(Lag::max).map(Lag::as_f64)
            };
            let lags = plot::fold(&way.ticks, columns, highest);
            let top = lags
                .iter()
                .flatten()
                .fold(1.0, |top: f64, lag| top.max(*lag));
            text += &plot::chart(&title, &lags, plot::top(top), LAG_ROWS);
            let dark = |part: &[Tick]| part.iter().all(|tick| tick.seen.is_none());
            text += &plot::marks("no num.", &plot::fold(&way.ticks, columns, dark));
        }
        let title = match story.ways.len() {
            1 => "replicas".to_owned(),
            _ => format!("replicas of {}", way.label),
        };
        let last = |part: &[Tick]| part.last().map(|tick| f64::from(tick.point.replicas));
        let most = way.summary.most.max(1);
        let rows = usize::try_from(most.min(REPLICA_ROWS)).unwrap_or(1);
        text += &plot::chart(
            &title,
            &plot::fold(&way.ticks, columns, last),
            f64::from(most),
            rows,
        );
    }
    let ends = story.ways.first().map(|way| {
        let last = way.ticks.last().map_or(story.begin, |tick| tick.point.at);
        (story.when(story.begin), story.when(last))
    });
    let (from, to) = ends.unwrap_or_default();
    text + &plot::time(&from, &to, columns)
}
