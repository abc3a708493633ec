//! The answer as a picture.

use jiff::{SignedDuration, Timestamp};
use lag_core::{
    Lag,
    simulate::{MetricTarget, Tick},
};

use super::{Story, Way, words};
use crate::output::{
    number, plot,
    svg::{Curve, Panel, Picture},
};

/// More points than this are not seen.
const POINTS: usize = 1500;
/// Distances of times at the bottom, in seconds.
const STEPS: [i64; 14] = [
    60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 604_800, 2_592_000,
];

pub(super) fn svg(story: &Story) -> String {
    let Some(first) = story.ways.first() else {
        return Picture::default().render();
    };
    let mut about = vec![story.about.clone()];
    about.extend(story.ways.iter().map(|way| match story.ways.len() {
        1 => way.about.clone(),
        _ => format!("{}: {}", way.label, way.about),
    }));
    let timing = &story.timing;
    if !timing.delay.is_zero() {
        about.push(format!(
            "points every {}, seen {} later; pods ready after {}",
            words::seconds(timing.period),
            words::seconds(timing.delay),
            words::seconds(timing.start_up)
        ));
    }
    let seconds = first.summary.lasts.as_secs_f64();
    let picture = Picture {
        words: about,
        legend: story.ways.iter().map(|way| way.label.clone()).collect(),
        seconds,
        times: times(story, first.summary.lasts),
        gaps: gaps(story, first),
        panels: vec![lag_panel(story), replica_panel(story)],
    };
    picture.render()
}

fn since(story: &Story, at: Timestamp) -> f64 {
    at.duration_since(story.begin).as_secs_f64()
}

fn lag_panel(story: &Story) -> Panel {
    let mut curves = Vec::new();
    // One series for all, unless each has a lag of its own.
    let shown = if story.is_load { story.ways.len() } else { 1 };
    for (colour, way) in story.ways.iter().take(shown).enumerate() {
        let colour = if story.is_load { colour } else { 5 };
        curves.push(Curve {
            colour,
            holds: !story.is_load,
            ..curve(story, way, |tick| tick.lag)
        });
        if story.ways.len() == 1 && !story.timing.delay.is_zero() {
            curves.push(Curve {
                colour: 2,
                dashed: true,
                ..curve(story, way, |tick| tick.seen.map(|sample| sample.lag))
            });
        }
    }
    let mut marks = Vec::new();
    let single = match story.ways.as_slice() {
        [way] => Some(way),
        _ => None,
    };
    if let Some(way) = single {
        marks = way.marks.clone();
        curves.extend(per_replica(story, way));
    }
    let lags = curves.iter().flat_map(|curve| curve.points.iter());
    let highest = lags.filter_map(|(_, lag)| *lag).fold(1.0, f64::max);
    let (top, scale) = scale(marks.iter().map(|(mark, _)| *mark).fold(highest, f64::max));
    let title = match (single.is_some(), story.timing.delay.is_zero()) {
        (true, false) => "lag, and as the autoscaler sees it (dashed)",
        (true, true) if curves.len() > 1 => "lag, and target × replicas (dashed)",
        _ => "lag",
    };
    Panel {
        title: title.to_owned(),
        height: 210.0,
        top,
        scale,
        marks,
        curves,
    }
}

/// What an AverageValue compares the lag with.
fn per_replica(story: &Story, way: &Way) -> Option<Curve> {
    let MetricTarget::AverageValue(target) = way.autoscaler.hpa().target else {
        return None;
    };
    if !story.timing.delay.is_zero() || way.ticks.iter().any(|tick| tick.advice.is_some()) {
        return None;
    }
    let target = words::whole(target.get());
    let compared = |tick: &Tick| {
        let lag = target * f64::from(tick.before);
        Lag::try_from(lag).ok()
    };
    Some(Curve {
        colour: 0,
        dashed: true,
        ..curve(story, way, compared)
    })
}

/// Where a value begins and ends to be what it is; many points become fewer, the highest of each few.
fn curve(story: &Story, way: &Way, of: impl Fn(&Tick) -> Option<Lag>) -> Curve {
    let columns = way.ticks.len().min(POINTS);
    let highest = |part: &[Tick]| {
        let at = part.first().map_or(story.begin, |tick| tick.point.at);
        let lag = part.iter().filter_map(&of).reduce(Lag::max);
        (since(story, at), lag.map(Lag::as_f64))
    };
    Curve {
        points: thin(&plot::fold(&way.ticks, columns, highest)),
        holds: true,
        ..Curve::default()
    }
}

/// Without points that lie between two of the same value.
fn thin(points: &[(f64, Option<f64>)]) -> Vec<(f64, Option<f64>)> {
    let last = points.len().saturating_sub(1);
    let needed = |index: usize| {
        let value = |index: usize| points.get(index).map(|(_, value)| *value);
        let before = index.checked_sub(1).and_then(value);
        index == last || before != value(index) || value(index + 1) != value(index)
    };
    let kept = (0..points.len()).filter(|index| needed(*index));
    kept.filter_map(|index| points.get(index).copied())
        .collect()
}

fn replica_panel(story: &Story) -> Panel {
    let most = story
        .ways
        .iter()
        .map(|way| way.summary.most)
        .max()
        .unwrap_or(1);
    let (top, scale) = scale(f64::from(most.max(1)));
    let curves = story.ways.iter().enumerate().map(|(colour, way)| {
        let mut points: Vec<(f64, Option<f64>)> = Vec::new();
        for tick in &way.ticks {
            let replicas = f64::from(tick.point.replicas);
            if points
                .last()
                .is_none_or(|(_, last)| *last != Some(replicas))
            {
                points.push((since(story, tick.point.at), Some(replicas)));
            }
        }
        Curve {
            colour,
            points,
            holds: true,
            dashed: false,
        }
    });
    Panel {
        title: "replicas".to_owned(),
        height: 130.0,
        top,
        scale,
        marks: Vec::new(),
        curves: curves.collect(),
    }
}

/// A top that is not below a value, and four or five heights up to it; whole numbers only.
fn scale(value: f64) -> (f64, Vec<f64>) {
    let step = plot::step(value / 5.0).max(1.0);
    let count = (value / step).ceil().clamp(1.0, 5.0);
    let heights = (0..=5_u32).map(f64::from).take_while(|n| *n <= count);
    (step * count, heights.map(|n| n * step).collect())
}

fn gaps(story: &Story, way: &Way) -> Vec<(f64, f64)> {
    let mut gaps: Vec<(f64, f64)> = Vec::new();
    let every = story.timing.sync.as_secs_f64();
    for tick in way.ticks.iter().filter(|tick| tick.seen.is_none()) {
        let at = since(story, tick.point.at);
        match gaps.last_mut() {
            Some((_, end)) if at - *end < every / 2.0 => *end = at + every,
            _ => gaps.push((at, at + every)),
        }
    }
    gaps
}

fn times(story: &Story, lasts: SignedDuration) -> Vec<(f64, String)> {
    let seconds = lasts.as_secs();
    let step = STEPS.iter().copied().find(|step| seconds / step <= 8);
    let step = step.unwrap_or(seconds.max(1));
    let label = |since: i64| {
        let since = SignedDuration::from_secs(since);
        if story.is_relative {
            return number::clock(since);
        }
        let moment = story.begin.saturating_add(since).map(number::bare_moment);
        let moment = moment.unwrap_or_default();
        // The day where it is needed, and never the seconds.
        let from = if step < 86_400 { 11 } else { 5 };
        moment.get(from..16).unwrap_or_default().to_owned()
    };
    let count = seconds / step;
    (0..=count)
        .map(|n| {
            (
                SignedDuration::from_secs(n * step).as_secs_f64(),
                label(n * step),
            )
        })
        .collect()
}
