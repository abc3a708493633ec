//! `simulate`: what an autoscaler would do with a lag.

mod autoscalers;
mod document;
mod picture;
mod policy;
mod record;
mod scenario;
mod series;
mod text;
mod words;

use anyhow::{Context as _, bail};
use jiff::{SignedDuration, Timestamp};
use lag_core::{
    Lag, PromDuration,
    simulate::{Autoscaler, Input, Summary, Tick, Timing, play},
};
use std::{io::Read as _, path::Path};

use crate::{
    cli::{Code, Output, SimulateArgs},
    output::{self, json, number},
};

/// More syncs than this are a mistake: at 15 s, it is half a year.
const MOST_SYNCS: i64 = 1_000_000;

/// Everything there is to tell.
#[derive(Debug)]
struct Story {
    /// The lag in words.
    about: String,
    begin: Timestamp,
    /// Whether times are counted from the beginning: there is no calendar in a scenario.
    is_relative: bool,
    /// Whether the lag follows from the replicas, so that each autoscaler has its own.
    is_load: bool,
    above: Lag,
    timing: Timing,
    ways: Vec<Way>,
}

/// One autoscaler and what it did.
#[derive(Debug)]
struct Way {
    /// Short and unlike all others.
    label: String,
    /// What it is, in words.
    about: String,
    notes: Vec<String>,
    /// Lags at which it decides, with what happens there.
    marks: Vec<(f64, String)>,
    autoscaler: Autoscaler,
    ticks: Vec<Tick>,
    summary: Summary,
}

/// The lag, where it comes from, and how its times are meant.
#[derive(Debug)]
struct Source {
    about: String,
    input: Input,
    is_relative: bool,
    /// Times that this kind of lag has unless flags say otherwise.
    delay: SignedDuration,
    period: SignedDuration,
}

impl Story {
    /// A moment as it is shown.
    fn when(&self, at: Timestamp) -> String {
        match self.is_relative {
            true => number::clock(at.duration_since(self.begin)),
            false => number::bare_moment(at),
        }
    }
}

pub(crate) async fn run(args: SimulateArgs) -> anyhow::Result<Code> {
    let above = flag_lag("--above", &args.above)?;
    let mut timing = Timing {
        sync: duration("--sync-period", &args.sync_period)?,
        start_up: duration("--start-up", &args.start_up)?,
        max_age: duration("--max-age", &args.max_age)?,
        ..Timing::default()
    };
    let second = SignedDuration::from_secs(1);
    let day = SignedDuration::from_hours(24);
    if !(second..=day).contains(&timing.sync) {
        bail!("--sync-period {}: write 1s to 1d", args.sync_period);
    }
    let delay = optional("--delay", args.delay.as_deref())?;
    let period = optional("--period", args.period.as_deref())?;
    if delay.is_some_and(|delay| delay > day) {
        bail!("--delay: write at most 1d");
    }
    if period.is_some_and(|period| !(second..=day).contains(&period)) {
        bail!("--period: write 1s to 1d");
    }
    // Three points make a trend, as in a query of the exporter.
    timing.trend_over = period.map_or(timing.trend_over, |period| {
        timing.trend_over.max(period.saturating_mul(3))
    });
    // Mistakes in manifests are told before anything is asked or waited for.
    let autoscalers = autoscalers::read(&args, timing.trend_over)?;
    let source = source(&args, &timing, (delay, period)).await?;
    timing.delay = delay.unwrap_or(source.delay);
    timing.period = period.unwrap_or(source.period);
    let (begin, end) = match &source.input {
        Input::Series { begin, end, .. } => (*begin, *end),
        Input::Load(load) => {
            let begin = Timestamp::UNIX_EPOCH;
            (begin, begin.saturating_add(load.lasts)?)
        }
    };
    // A load passes second by second.
    let year = SignedDuration::from_hours(366 * 24);
    if matches!(source.input, Input::Load(_)) && end.duration_since(begin) > year {
        bail!("{}: write at most 366d", source.about);
    }
    let syncs = end.duration_since(begin).as_secs() / timing.sync.as_secs().max(1);
    if syncs > MOST_SYNCS {
        bail!(
            "{}: that is {syncs} syncs: simulate at most {MOST_SYNCS}, or use a longer --sync-period",
            source.about
        );
    }
    let way = |named: autoscalers::Named| {
        let first = args.replicas.unwrap_or(named.autoscaler.bounds().min());
        let ticks = play(&named.autoscaler, first, &source.input, &timing);
        let summary =
            Summary::of(&ticks, timing.sync, above).context("there is no sync to show")?;
        anyhow::Ok(Way {
            label: named.label,
            about: named.about,
            notes: named.notes,
            marks: named.marks,
            autoscaler: named.autoscaler,
            ticks,
            summary,
        })
    };
    let ways: Vec<Way> = autoscalers
        .into_iter()
        .map(way)
        .collect::<anyhow::Result<_>>()?;
    let story = Story {
        is_load: matches!(source.input, Input::Load(_)),
        about: source.about,
        begin,
        is_relative: source.is_relative,
        above,
        timing,
        ways,
    };
    if let Some(path) = &args.svg {
        std::fs::write(path, picture::svg(&story))
            .with_context(|| format!("--svg {} cannot be written", path.display()))?;
    }
    let text = match args.out.output {
        Output::Text => text::render(
            &story,
            output::screen().map(|screen| screen.0),
            args.svg.is_none(),
        ),
        Output::Json => json::pretty(&document::Document::new(&story))?,
    };
    output::write(text.as_bytes())?;
    Ok(Code::Done)
}

async fn source(
    args: &SimulateArgs,
    timing: &Timing,
    (delay, period): (Option<SignedDuration>, Option<SignedDuration>),
) -> anyhow::Result<Source> {
    if let Some(text) = &args.scenario {
        let scenario = scenario::parse(text).with_context(|| format!("--scenario {text}"))?;
        return scenario.source(text, timing, delay, period);
    }
    if let Some(url) = &args.record {
        let plan = record::Plan {
            lasts: duration("--for", &args.lasts)?,
            every: duration("--every", &args.every)?,
            save: args.save.clone(),
        };
        let points = record::ask(url, &plan).await?;
        return Ok(series_source(format!("recorded from {url}"), points, false));
    }
    let path = args.series.as_deref().unwrap_or(Path::new("-"));
    let (name, text) = read(path)?;
    let series = series::parse(&text).with_context(|| format!("--series {name}"))?;
    Ok(series_source(name, series.points, series.is_relative))
}

fn series_source(
    about: String,
    points: Vec<(Timestamp, Option<Lag>)>,
    is_relative: bool,
) -> Source {
    let end = |point: Option<&(Timestamp, _)>| point.map_or(Timestamp::UNIX_EPOCH, |(at, _)| *at);
    Source {
        about,
        is_relative,
        delay: SignedDuration::ZERO,
        period: SignedDuration::from_mins(1),
        input: Input::Series {
            begin: end(points.first()),
            end: end(points.last()),
            points,
        },
    }
}

/// A file, or stdin for `-`, and its name for messages.
fn read(path: &Path) -> anyhow::Result<(String, String)> {
    if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin()
            .read_to_string(&mut text)
            .context("stdin cannot be read")?;
        return Ok(("stdin".to_owned(), text));
    }
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).with_context(|| format!("{name} cannot be read"))?;
    Ok((name, text))
}

fn duration(flag: &str, text: &str) -> anyhow::Result<SignedDuration> {
    let duration: PromDuration = text.parse().with_context(|| flag.to_owned())?;
    SignedDuration::try_from(duration.as_std())
        .with_context(|| format!("{flag} {text} is too long"))
}

fn optional(flag: &str, text: Option<&str>) -> anyhow::Result<Option<SignedDuration>> {
    text.map(|text| duration(flag, text)).transpose()
}

fn flag_lag(flag: &str, text: &str) -> anyhow::Result<Lag> {
    lag(text).with_context(|| format!("{flag} {text}"))
}

/// A number of messages.
fn lag(text: &str) -> anyhow::Result<Lag> {
    let number: f64 = match text.trim().parse() {
        Ok(number) => number,
        Err(_) => bail!("{text:?} is not a number of messages"),
    };
    Ok(Lag::try_from(number)?)
}
