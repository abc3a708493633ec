//! `show`: the lag of all groups, what has no number first.

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use lag_core::{Board, InstanceBoard, Listing, PromDuration, Reading, Row};
use lag_runtime::config::{Config, ConfigError, ScheduleKind};
use std::{borrow::Cow, fmt::Write as _, time::Duration};
use unicode_width::UnicodeWidthStr as _;

use super::{query::Looker, watch};
use crate::{
    cli::{Code, Output, ShowArgs, Sort},
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
    let all_up = looker.board.instances().all(|(_, board)| board.is_up());
    Ok(if all_up { Code::Done } else { Code::Failed })
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
        let words = remarks(board);
        let failed = board
            .instances()
            .filter(|(_, board)| is_down(board))
            .count();
        let wrapped = |line: &str| line.width().div_ceil(width.unwrap_or(usize::MAX)).max(1);
        // The title, an empty line, the counts, one line for what is left out, and the cursor's own.
        let taken = words.lines().map(wrapped).sum::<usize>() + failed + 5;
        let room = lines.map_or(usize::MAX, |lines| lines.saturating_sub(taken).max(3));
        let (rows, left) = self.rows(board, now, room);
        let mut text = table(board, &rows, now, width).render(width);
        if left > 0 {
            let _ = writeln!(text, "… and {} more", number::count(left as u64));
        }
        let _ = writeln!(text, "\n{}", counts(board, now, self.max_age));
        text + &words
    }
}

fn is_down(board: &InstanceBoard) -> bool {
    board.last_error.is_some()
}

/// The rows, below one for each instance that could not be read.
fn table<'b>(
    board: &'b Board,
    rows: &[Row<'b>],
    now: Timestamp,
    width: Option<usize>,
) -> Table<'b> {
    let several = board.instances().len() > 1;
    // What the other columns need at least; the time to drain follows from lag and trend.
    let drains = width.is_none_or(|width| width >= if several { 68 } else { 58 });
    let topics = rows.iter().any(|row| row.series.topic.is_some());
    let columns = [
        (several, "INSTANCE", Column::Id),
        (true, "GROUP", Column::Name),
        (topics, "TOPIC", Column::Name),
        (true, "LAG", Column::Right),
        (true, "TREND", Column::Right),
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
    for (id, _) in board.instances().filter(|(_, board)| is_down(board)) {
        let id = id.as_str().into();
        add([
            id,
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
fn remarks(board: &Board) -> String {
    let mut text = String::new();
    for (id, instance) in board.instances() {
        if let Some(failure) = &instance.last_error {
            let detail = visible(failure.detail.as_ref().into());
            let _ = writeln!(text, "{id} could not be read: {detail}");
        } else if instance.is_silent() {
            let _ = writeln!(
                text,
                "{id}: CloudMonitor answers, but has no usable points: check id and region, the group filters, and \
                 that a group consumes from the instance; kafka-lag doctor tells them apart"
            );
        }
    }
    let dropped: u64 = board
        .sources()
        .flat_map(|(_, source)| source.dropped.points.values())
        .sum();
    if dropped > 0 {
        let _ = writeln!(
            text,
            "{dropped} points could not be used; kafka-lag inspect GROUP says why"
        );
    }
    let series: u64 = board
        .sources()
        .map(|(_, source)| source.dropped.series)
        .sum();
    if series > 0 {
        let _ = writeln!(
            text,
            "{series} series are beyond --lag.max-series and not shown: raise it, or use --group.include"
        );
    }
    text
}

#[cfg(test)]
#[path = "show_tests.rs"]
mod tests;
