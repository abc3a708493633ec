//! `show`: the lag of all groups, what has no number first.

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use lag_core::{Board, InstanceBoard, Listing, PromDuration, Reading, Row};
use lag_runtime::config::{Config, ConfigError, ScheduleKind};
use std::{borrow::Cow, fmt::Write as _, time::Duration};
use unicode_width::UnicodeWidthStr as _;

use super::{query::Looker, watch};
use crate::{
    cli::{self, Code, Output, ShowArgs, Sort},
    cloud,
    output::{
        self, json, number,
        table::{Column, Table, visible},
    },
};

/// What is shown, and how.
#[derive(Debug, Clone, Copy)]
pub(super) struct View {
    pub(super) output: Output,
    order: Listing,
    top: usize,
    max_age: SignedDuration,
}

pub(crate) async fn run(args: ShowArgs) -> anyhow::Result<Code> {
    let mut config = super::configure(args.read)?;
    if let Some(Some(interval)) = &args.watch {
        config.collect.interval = watch_interval(interval)?;
        config.collect.schedule = ScheduleKind::Fixed;
    }
    let view = View {
        output: args.out.output,
        order: match args.sort {
            Sort::Lag => Listing::Trouble,
            Sort::Name => Listing::Name,
            Sort::Age => Listing::Age,
        },
        top: args.top.unwrap_or(usize::MAX),
        max_age: SignedDuration::try_from(config.lag.max_age)?,
    };
    let cloud = cloud::open(config)?;
    cloud.check_credentials().await?;
    let mut looker = Looker::new(&cloud, &cloud.config.sources)?;
    if args.watch.is_some() {
        return watch::run(&cloud, &mut looker, view).await;
    }
    looker.look(&cloud).await?;
    let now = (cloud.now)();
    let all_up = looker.board.instances().all(|(_, board)| board.is_up());
    let is_empty = looker.board.rows(now, view.max_age).next().is_none();
    if all_up && is_empty && view.output == Output::Text {
        cli::complain(
            "no group was found: CloudMonitor answers, but has no usable points of any group; kafka-lag doctor says why",
        );
        for remark in leftovers(&looker.board) {
            cli::complain(&remark);
        }
        return Ok(Code::Failed);
    }
    let text = match view.output {
        Output::Text => view.text(
            &looker.board,
            now,
            output::screen().map(|screen| screen.0),
            None,
        ),
        Output::Json => json::pretty(&view.document(&looker.board, &cloud.config, now))?,
    };
    output::write(text.as_bytes())?;
    Ok(if all_up && !is_empty {
        Code::Done
    } else {
        Code::Failed
    })
}

fn watch_interval(text: &str) -> anyhow::Result<Duration> {
    let interval: PromDuration = text.parse().context("--watch")?;
    let interval = interval.as_std();
    if interval < Duration::from_secs(1) || interval > Duration::from_hours(6) {
        let problem = format!(
            "{} is out of range: use 1s to 6h",
            PromDuration::from(interval)
        );
        return Err(ConfigError::new("--watch", problem).into());
    }
    Ok(interval)
}

impl View {
    /// Rows in order, and how many more there are.
    fn rows<'b>(&self, board: &'b Board, now: Timestamp, most: usize) -> (Vec<Row<'b>>, usize) {
        let mut rows: Vec<_> = board.rows(now, self.max_age).collect();
        self.order.arrange(&mut rows);
        let all = rows.len();
        rows.truncate(most.min(self.top));
        let left = all - rows.len();
        (rows, left)
    }

    pub(super) fn document<'b>(
        &self,
        board: &'b Board,
        config: &'b Config,
        now: Timestamp,
    ) -> json::Document<'b> {
        let (rows, left) = self.rows(board, now, usize::MAX);
        json::Document::new(board, config, now, rows, left)
    }

    /// The table and what is to be said about it; with `lines`, no longer than the screen.
    pub(super) fn text(
        &self,
        board: &Board,
        now: Timestamp,
        width: Option<usize>,
        lines: Option<usize>,
    ) -> String {
        let down: Vec<_> = board
            .instances()
            .filter(|(_, board)| is_down(board))
            .collect();
        let down: Vec<_> = down.into_iter().map(|(id, _)| id.as_str()).collect();
        let words = remarks(board);
        // The title, an empty line, the counts, one line for what is left out, and the cursor's own.
        let free = lines.map_or(usize::MAX, |lines| lines.saturating_sub(5));
        let all = down.len() + board.rows(now, self.max_age).count().min(self.top);
        let (words, taken) = fitting(&words, free.saturating_sub(all).max(free / 2), width);
        let free = free.saturating_sub(taken).max(3);
        let shown_down = down.len().min(free.saturating_sub(3).max(1));
        let room = free.saturating_sub(shown_down).max(3);
        let (rows, left) = self.rows(board, now, room);
        let left = left + down.len() - shown_down;
        let mut text = table(board, &down[..shown_down], &rows, now, width);
        if left > 0 {
            let _ = writeln!(text, "… and {} more", number::count(left as u64));
        }
        if !text.is_empty() {
            text.push('\n');
        }
        let _ = writeln!(text, "{}", counts(board, now, self.max_age));
        text + &words
    }
}

/// The remarks that fit, a line with how many more there are, and the lines that all this takes.
fn fitting(remarks: &[String], room: usize, width: Option<usize>) -> (String, usize) {
    let wrapped = |line: &str| line.width().div_ceil(width.unwrap_or(usize::MAX)).max(1);
    let all = remarks.iter().map(|line| wrapped(line)).sum::<usize>();
    let (mut text, mut taken) = (String::new(), 0);
    for (index, remark) in remarks.iter().enumerate() {
        let needs = wrapped(remark);
        if all > room && taken + needs + 1 > room {
            let more = number::count((remarks.len() - index) as u64);
            let _ = writeln!(text, "… {more} more: kafka-lag doctor");
            return (text, taken + 1);
        }
        let _ = writeln!(text, "{remark}");
        taken += needs;
    }
    (text, taken)
}

fn is_down(board: &InstanceBoard) -> bool {
    board.last_error.is_some()
}

/// The rows, below one for each instance that could not be read. Columns that can be done without go before two names
/// would look the same.
fn table(
    board: &Board,
    down: &[&str],
    rows: &[Row<'_>],
    now: Timestamp,
    width: Option<usize>,
) -> String {
    let several = board.instances().len() > 1;
    // What the other columns need at least; the time to drain follows from lag and trend.
    let drains = width.is_none_or(|width| width >= if several { 68 } else { 58 });
    let with = |drains, trend| table_with(several, (drains, trend), down, rows, now);
    let mut table = with(drains, true);
    for (drains, trend) in [(false, true), (false, false)] {
        if !table.collides(width) {
            break;
        }
        table = with(drains, trend);
    }
    table.render(width)
}

fn table_with<'b>(
    several: bool,
    (drains, trend): (bool, bool),
    down: &[&'b str],
    rows: &[Row<'b>],
    now: Timestamp,
) -> Table<'b> {
    let topics = rows.iter().any(|row| row.series.topic.is_some());
    let columns = [
        (several, "INSTANCE", Column::Id),
        (true, "GROUP", Column::Name),
        (topics, "TOPIC", Column::Name),
        (true, "LAG", Column::Right),
        (trend, "TREND", Column::Right),
        (drains, "DRAINS IN", Column::Right),
        (true, "AGE", Column::Right),
        (true, "STATE", Column::Left),
    ];
    let used = columns.map(|(used, _, _)| used);
    let titles = columns.iter().filter(|(used, _, _)| *used);
    let titles: Vec<_> = titles.map(|(_, title, column)| (*title, *column)).collect();
    let mut table = Table::new(&titles);
    let mut add = |cells: [Cow<'b, str>; 8]| {
        let cells = cells.into_iter().zip(used).filter(|(_, used)| *used);
        table.row(cells.map(|(cell, _)| cell));
    };
    let none = || Cow::Borrowed(number::NONE);
    for id in down {
        add([
            (*id).into(),
            none(),
            none(),
            none(),
            none(),
            none(),
            none(),
            "failed".into(),
        ]);
    }
    for row in rows {
        let [lag, trend, drain, age] = numbers(&row.reading, now);
        let topic = row.series.topic.as_ref();
        let topic = topic.map_or(Cow::Borrowed(""), |topic| topic.as_str().into());
        let (id, group) = (
            row.instance.as_str().into(),
            row.series.group.as_str().into(),
        );
        add([
            id,
            group,
            topic,
            lag,
            trend,
            drain,
            age,
            row.reading.state().into(),
        ]);
    }
    table
}

/// Lag, trend, time to drain, age. Only a fresh reading has the first three.
fn numbers(reading: &Reading, now: Timestamp) -> [Cow<'static, str>; 4] {
    let none = || Cow::Borrowed(number::NONE);
    match reading {
        Reading::Fresh(sample) => {
            let trend = sample
                .trend
                .map_or("?".into(), |trend| number::rate(trend.per_second()).into());
            let drain = sample.trend.and_then(|trend| trend.drain(sample.lag));
            let drain = drain.map_or(Cow::Borrowed(""), |drain| number::duration(drain).into());
            let age = number::duration(sample.age(now)).into();
            [number::lag(sample.lag).into(), trend, drain, age]
        }
        Reading::Stale { age, .. } => [none(), none(), none(), number::duration(*age).into()],
        Reading::Absent | Reading::Failed { .. } => [none(), none(), none(), none()],
    }
}

/// How many there are of each kind, and when that was.
fn counts(board: &Board, now: Timestamp, max_age: SignedDuration) -> String {
    let mut of = [0_u64; 4];
    for row in board.rows(now, max_age) {
        let state = row.reading.state();
        let place = Reading::STATES.iter().position(|known| *known == state);
        of[place.unwrap_or_default()] += 1;
    }
    let parts = Reading::STATES
        .iter()
        .zip(of)
        .filter(|(_, count)| *count > 0);
    let parts: Vec<_> = parts
        .map(|(state, count)| format!("{} {state}", number::count(count)))
        .collect();
    let parts = if parts.is_empty() {
        "no groups".to_owned()
    } else {
        parts.join(", ")
    };
    format!("{parts}; read at {}", number::moment(now))
}

/// One line for everything that is not as it should be, with what to do.
fn remarks(board: &Board) -> Vec<String> {
    let mut failed: Vec<(Cow<'_, str>, Vec<&str>)> = Vec::new();
    let mut silent = Vec::new();
    for (id, instance) in board.instances() {
        if let Some(failure) = &instance.last_error {
            let reason = without_request(&failure.detail);
            match failed.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, ids)) => ids.push(id.as_str()),
                None => failed.push((reason, vec![id.as_str()])),
            }
        } else if instance.is_silent() {
            silent.push(id.as_str());
        }
    }
    let mut remarks: Vec<_> = failed
        .iter()
        .map(|(reason, ids)| {
            // The request's id helps the vendor's support, but only where it is that of the instance.
            let of_one = match &**ids {
                [id] => board
                    .instance(id)
                    .and_then(|board| board.last_error.as_ref()),
                _ => None,
            };
            let detail = of_one.map_or(&**reason, |failure| &*failure.detail);
            format!("{} could not be read: {}", few(ids), visible(detail.into()))
        })
        .collect();
    if !silent.is_empty() {
        remarks.push(format!(
            "{}: CloudMonitor answers, but has no usable points: check id and region, the group filters, and that a \
             group consumes from the instance; kafka-lag doctor tells them apart",
            few(&silent)
        ));
    }
    remarks.extend(leftovers(board));
    remarks
}

/// The first few names, and how many more there are.
fn few(ids: &[&str]) -> String {
    const SHOWN: usize = 3;
    let shown = ids[..ids.len().min(SHOWN)].join(", ");
    match ids.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {} more", number::count(more as u64)),
    }
}

/// The detail of a failure without the id that the vendor gave the request.
fn without_request(detail: &str) -> Cow<'_, str> {
    const BEFORE: &str = "request ";
    for (at, _) in detail.match_indices(BEFORE) {
        let rest = &detail[at + BEFORE.len()..];
        let is_id = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let id = &rest[..rest.find(|c| !is_id(c)).unwrap_or(rest.len())];
        let rest = &rest[id.len()..];
        // As the client writes it: (HTTP 403, request ID), or (request ID).
        if let (Some(head), true) = (detail[..at].strip_suffix(", "), rest.starts_with(')')) {
            return format!("{head}{rest}").into();
        }
        if let (Some(head), Some(tail)) = (detail[..at].strip_suffix(" ("), rest.strip_prefix(')'))
        {
            return format!("{head}{tail}").into();
        }
    }
    detail.into()
}

/// What came and is not shown.
fn leftovers(board: &Board) -> Vec<String> {
    let mut remarks = Vec::new();
    let dropped: u64 = board
        .sources()
        .flat_map(|(_, source)| source.dropped.points.values())
        .sum();
    if dropped > 0 {
        remarks.push(format!(
            "{dropped} points could not be used; kafka-lag inspect GROUP says why"
        ));
    }
    let series: u64 = board
        .sources()
        .map(|(_, source)| source.dropped.series)
        .sum();
    if series > 0 {
        remarks.push(format!(
            "{series} series are beyond --lag.max-series and not shown: raise it, or use --group.include"
        ));
    }
    remarks
}

#[cfg(test)]
#[path = "show_tests.rs"]
mod tests;
