//! Lags that are made up.

use anyhow::{anyhow, bail};
use jiff::{SignedDuration, Timestamp};
use lag_core::{
    Lag,
    simulate::{Input, Load, Span, Timing},
};

use super::{MOST_SYNCS, Source, duration, lag};

/// A scenario as it is written.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Scenario {
    /// Lags one after the other, whatever the replicas do.
    Phases(Vec<Phase>),
    /// A lag that follows from the replicas.
    Load(Load),
}

/// A lag for a time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Phase {
    course: Course,
    lasts: SignedDuration,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Course {
    From(Lag, Lag),
    Outage,
}

const KINDS: &str = "steady:56000/30m, ramp:0..300000/30m, spike:20000,400000/10m, steps:100001,49000/10m, outage/20m or \
     load:1200/s,rate:500/s,for:2h";

pub(super) fn parse(text: &str) -> anyhow::Result<Scenario> {
    if let Some(rest) = text.trim().strip_prefix("load:") {
        return Ok(Scenario::Load(load(rest)?));
    }
    let mut phases = Vec::new();
    for part in text.split(';').map(str::trim) {
        phases.extend(phase(part)?);
    }
    Ok(Scenario::Phases(phases))
}

fn phase(text: &str) -> anyhow::Result<Vec<Phase>> {
    let (what, lasts) = match text.split_once('/') {
        Some((what, lasts)) => (what, Some(some_time(lasts)?)),
        None => (text, None),
    };
    let (kind, numbers) = what.split_once(':').unwrap_or((what, ""));
    let or = |usual: i64| lasts.unwrap_or(SignedDuration::from_mins(usual));
    let level = |value: Lag, lasts| Phase {
        course: Course::From(value, value),
        lasts,
    };
    let lags = || -> anyhow::Result<Vec<Lag>> { numbers.split(',').map(lag).collect() };
    Ok(match kind {
        "steady" => vec![level(lag(numbers)?, or(30))],
        "ramp" => {
            let (from, to) = numbers
                .split_once("..")
                .ok_or_else(|| anyhow!("{text:?}: write it as ramp:0..300000/30m"))?;
            let course = Course::From(lag(from)?, lag(to)?);
            vec![Phase {
                course,
                lasts: or(30),
            }]
        }
        "spike" => match lags()?.as_slice() {
            [low, high] => [*low, *high, *low]
                .map(|value| level(value, or(10)))
                .to_vec(),
            _ => bail!("{text:?}: write it as spike:20000,400000/10m"),
        },
        "steps" => lags()?
            .into_iter()
            .map(|value| level(value, or(10)))
            .collect(),
        "outage" if numbers.is_empty() => vec![Phase {
            course: Course::Outage,
            lasts: or(10),
        }],
        _ => bail!("{text:?} is no scenario: write {KINDS}"),
    })
}

fn some_time(text: &str) -> anyhow::Result<SignedDuration> {
    let time = duration("duration", text)?;
    if time.as_secs() < 1 {
        bail!("{text}: write at least 1s");
    }
    Ok(time)
}

fn load(text: &str) -> anyhow::Result<Load> {
    let mut parts = text.split(',').map(str::trim);
    let inflow = per_second(parts.next().unwrap_or_default())?;
    let (mut rate, mut lasts, mut spans) = (None, None, Vec::new());
    let mut load = Load {
        inflow,
        peaks: Vec::new(),
        rate: 0.0,
        lag: Lag::ZERO,
        partitions: None,
        outages: Vec::new(),
        lasts: SignedDuration::ZERO,
    };
    for part in parts {
        let (key, value) = part.split_once(':').unwrap_or((part, ""));
        match key {
            "rate" => rate = Some(per_second(value)?),
            "for" => lasts = Some(some_time(value)?),
            "lag" => load.lag = lag(value)?,
            "partitions" => load.partitions = Some(partitions(value)?),
            "peak" => {
                let (inflow, span) = value
                    .split_once('@')
                    .ok_or_else(|| anyhow!("{part:?}: write it as peak:3000/s@30m+20m"))?;
                let span = some_span(span)?;
                spans.push((part, span));
                load.peaks.push((per_second(inflow)?, span));
            }
            "outage" => {
                let span = value.strip_prefix('@');
                let span = span.ok_or_else(|| anyhow!("{part:?}: write it as outage:@1h+10m"))?;
                let span = some_span(span)?;
                spans.push((part, span));
                load.outages.push(span);
            }
            _ => bail!("{part:?}: use rate:, for:, peak:, outage:, lag: or partitions:"),
        }
    }
    load.rate = rate.ok_or_else(|| {
        anyhow!("rate: is missing: write what a busy replica consumes, such as rate:500/s")
    })?;
    load.lasts =
        lasts.ok_or_else(|| anyhow!("for: is missing: write how long it lasts, such as for:2h"))?;
    if let Some((part, _)) = spans.iter().find(|(_, span)| span.from >= load.lasts) {
        bail!(
            "{part:?} begins when all is over: let it begin before the end, or write a longer for:"
        );
    }
    Ok(load)
}

fn per_second(text: &str) -> anyhow::Result<f64> {
    let number = text
        .trim()
        .strip_suffix("/s")
        .and_then(|number| lag(number).ok());
    match number {
        Some(number) => Ok(number.as_f64()),
        None => bail!("{text:?}: write messages a second, such as 1200/s"),
    }
}

fn partitions(text: &str) -> anyhow::Result<u32> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => bail!("partitions:{text}: write a whole number above 0"),
    }
}

/// `30m+20m`: from when and for how long.
fn some_span(text: &str) -> anyhow::Result<Span> {
    let (from, lasts) = text
        .split_once('+')
        .ok_or_else(|| anyhow!("{text:?}: write from when and for how long, such as 30m+20m"))?;
    Ok(Span {
        from: duration("duration", from)?,
        lasts: some_time(lasts)?,
    })
}

impl Scenario {
    pub(super) fn source(
        self,
        text: &str,
        timing: &Timing,
        delay: Option<SignedDuration>,
        period: Option<SignedDuration>,
    ) -> anyhow::Result<Source> {
        let minute = SignedDuration::from_mins(1);
        let (input, delay, period) = match self {
            Self::Load(load) => (Input::Load(load), SignedDuration::from_secs(90), minute),
            Self::Phases(phases) => {
                let delay = delay.unwrap_or_default();
                let step = period.unwrap_or(timing.sync);
                (series(&phases, timing, delay, step)?, delay, step)
            }
        };
        Ok(Source {
            about: text.to_owned(),
            input,
            is_relative: true,
            delay,
            period,
        })
    }
}

/// Points `step` apart. Before the beginning, as far as a delay reaches, the lag was what it is there.
fn series(
    phases: &[Phase],
    timing: &Timing,
    delay: SignedDuration,
    step: SignedDuration,
) -> anyhow::Result<Input> {
    let total = phases.iter().fold(SignedDuration::ZERO, |sum, phase| {
        sum.saturating_add(phase.lasts)
    });
    if (total.as_secs() + delay.as_secs()) / step.as_secs().max(1) > MOST_SYNCS {
        bail!("that is more than {MOST_SYNCS} points: write shorter durations");
    }
    let begin = Timestamp::UNIX_EPOCH;
    let mut points = Vec::new();
    if let Some(first) = at(phases, SignedDuration::ZERO) {
        let mut back = step;
        while !delay.is_zero() && back < delay.saturating_add(step) {
            points.push((begin.saturating_sub(back)?, Some(first)));
            back = back.saturating_add(step);
        }
        points.reverse();
    }
    let mut since = SignedDuration::ZERO;
    while since < total {
        if let Some(lag) = at(phases, since) {
            points.push((begin.saturating_add(since)?, Some(lag)));
        }
        since = since.saturating_add(step);
    }
    let last = total.saturating_sub(timing.sync).max(SignedDuration::ZERO);
    Ok(Input::Series {
        points,
        begin,
        end: begin.saturating_add(last)?,
    })
}

fn at(phases: &[Phase], since: SignedDuration) -> Option<Lag> {
    let mut rest = since;
    for phase in phases {
        if rest < phase.lasts {
            return match phase.course {
                Course::Outage => None,
                Course::From(from, to) => {
                    let part = rest.as_secs_f64() / phase.lasts.as_secs_f64();
                    let lag = from.as_f64() + (to.as_f64() - from.as_f64()) * part;
                    Lag::try_from(lag.round()).ok()
                }
            };
        }
        rest = rest.saturating_sub(phase.lasts);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Lags a minute apart.
    fn lags(text: &str) -> Vec<Option<f64>> {
        let Scenario::Phases(phases) = parse(text).unwrap() else {
            panic!("{text} is a load")
        };
        let total: i64 = phases.iter().map(|phase| phase.lasts.as_secs()).sum();
        let minutes = (0..total / 60).map(SignedDuration::from_mins);
        minutes
            .map(|since| at(&phases, since).map(Lag::as_f64))
            .collect()
    }

    #[test]
    fn phases_follow_each_other() {
        assert_eq!(lags("steady:5/2m"), [Some(5.0); 2]);
        assert_eq!(lags("steady:5").len(), 30);
        assert_eq!(lags("ramp:0..40/4m"), [0.0, 10.0, 20.0, 30.0].map(Some));
        assert_eq!(lags("spike:1,9/1m"), [1.0, 9.0, 1.0].map(Some));
        assert_eq!(lags("steps:3,2,1/1m"), [3.0, 2.0, 1.0].map(Some));
        assert_eq!(
            lags("steady:5/1m; outage/1m; steady:0/1m"),
            [Some(5.0), None, Some(0.0)]
        );
    }

    #[test]
    fn a_load_is_read_whole() {
        let text =
            "load:1200/s,rate:500/s,for:2h,peak:3000/s@30m+20m,outage:@1h+10m,lag:7,partitions:12";
        let Scenario::Load(load) = parse(text).unwrap() else {
            panic!("no load")
        };
        assert_eq!(
            (load.inflow, load.rate, load.partitions),
            (1200.0, 500.0, Some(12))
        );
        assert_eq!(
            (load.lag.as_f64(), load.lasts),
            (7.0, SignedDuration::from_hours(2))
        );
        assert_eq!(load.peaks[0].0, 3000.0);
        assert_eq!(load.peaks[0].1.from, SignedDuration::from_mins(30));
        assert_eq!(load.outages[0].lasts, SignedDuration::from_mins(10));
    }

    #[test]
    fn a_delay_does_not_begin_in_the_dark() {
        let timing = Timing::default();
        let minute = SignedDuration::from_mins(1);
        let source =
            parse("steady:5/5m")
                .unwrap()
                .source("", &timing, Some(minute * 2), Some(minute));
        let Input::Series { points, begin, .. } = source.unwrap().input else {
            panic!("no series")
        };
        assert!(points.is_sorted());
        assert_eq!(points.iter().filter(|(at, _)| *at < begin).count(), 2);
    }

    #[test]
    fn a_mistake_is_told_with_what_to_write() {
        for (text, part) in [
            ("", "write steady:56000/30m"),
            ("flat:5", "\"flat:5\" is no scenario"),
            ("steady:x", "\"x\" is not a number of messages"),
            ("steady:-5", "not negative"),
            ("steady:5/10", "such as 30s"),
            ("steady:5/0s", "at least 1s"),
            ("ramp:5/10m", "ramp:0..300000/30m"),
            ("spike:5/10m", "spike:20000,400000/10m"),
            ("outage:5", "is no scenario"),
            ("load:1200,rate:5/s,for:1h", "such as 1200/s"),
            ("load:1200/s,for:1h", "rate: is missing"),
            ("load:1200/s,rate:5/s", "for: is missing"),
            ("load:1/s,rate:5/s,for:1h,peak:3/s", "peak:3000/s@30m+20m"),
            ("load:1/s,rate:5/s,for:1h,peak:3/s@30m", "30m+20m"),
            ("load:1/s,rate:5/s,for:1h,outage:1h", "outage:@1h+10m"),
            ("load:1/s,rate:5/s,for:1h,partitions:0", "above 0"),
            ("load:1/s,rate:5/s,for:1h,speed:3", "use rate:, for:"),
            (
                "load:1/s,rate:5/s,peak:3000/s@3h+20m,for:2h",
                "\"peak:3000/s@3h+20m\" begins when all is over",
            ),
            (
                "load:1/s,rate:5/s,for:1h,outage:@1h+10m",
                "\"outage:@1h+10m\" begins when all is over",
            ),
        ] {
            let error = format!("{:#}", parse(text).unwrap_err());
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(
            text in "(load|steady|ramp|spike|steps|outage)?[:0-9a-z/,.;@+ -]{0,40}",
        ) {
            let _ = parse(&text);
        }
    }
}
