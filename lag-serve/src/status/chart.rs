//! Pictures of the last hour. What is not known is not drawn: a line ends at a gap and begins again behind it.

use super::html::{Esc, put};
use super::words::{Words, fill};
use jiff::{Timestamp, tz::Offset};
use lag_core::{Lag, digits};

/// The lag of each of the last sixty minutes, oldest first.
pub(super) type Minutes = Vec<(Timestamp, Option<Lag>)>;

/// The smallest and the largest lag; `None` when there is none.
pub(super) fn range(minutes: &Minutes) -> Option<(Lag, Lag)> {
    let mut lags = minutes.iter().filter_map(|(_, lag)| *lag);
    let first = lags.next()?;
    Some(lags.fold((first, first), |(low, high), lag| {
        (if lag < low { lag } else { low }, high.max(lag))
    }))
}

/// A picture as small as a word, from zero to the largest lag of the hour.
pub(super) fn sparkline(html: &mut String, minutes: &Minutes, words: &Words) {
    let Some((low, high)) = range(minutes) else {
        put!(
            html,
            "<span class=\"none\">{}</span>",
            Esc(words.no_history)
        );
        return;
    };
    let (low, top) = (digits::grouped(low), high.as_f64());
    let says = fill(
        words.history,
        &[("low", &low), ("high", &digits::grouped(high))],
    );
    put!(
        html,
        "<svg class=\"spark\" viewBox=\"0 0 120 26\" width=\"120\" height=\"26\" role=\"img\" aria-label=\"{}\"><path d=\"",
        Esc(&says)
    );
    let frame = Frame {
        left: 1.0,
        step: 2.0,
        top: 2.0,
        height: 22.0,
    };
    line(html, minutes, &frame, top);
    html.push_str("\"/></svg>");
}

/// Where a line is drawn.
struct Frame {
    left: f64,
    /// Between two minutes.
    step: f64,
    top: f64,
    height: f64,
}

impl Frame {
    fn x(&self, minute: u32) -> f64 {
        self.left + self.step * f64::from(minute)
    }

    /// Of a lag, when `high` is at the top.
    fn y(&self, lag: f64, high: f64) -> f64 {
        let part = if high > 0.0 {
            (lag / high).min(1.0)
        } else {
            0.0
        };
        self.top + self.height * (1.0 - part)
    }
}

/// The commands of a path. A minute between two gaps is a dot.
fn line(html: &mut String, minutes: &Minutes, frame: &Frame, high: f64) {
    let mut was_known = false;
    for ((_, lag), minute) in minutes.iter().zip(0_u32..) {
        if let Some(lag) = lag {
            let (x, y) = (frame.x(minute), frame.y(lag.as_f64(), high));
            let next = usize::try_from(minute)
                .ok()
                .and_then(|at| minutes.get(at + 1));
            let is_alone = !was_known && next.is_none_or(|(_, lag)| lag.is_none());
            let command = if was_known { 'L' } else { 'M' };
            put!(html, "{command}{x:.0} {y:.1}");
            if is_alone {
                html.push_str("h0");
            }
        }
        was_known = lag.is_some();
    }
}

/// A large picture with its numbers, and the limit where it fits.
pub(super) fn chart(html: &mut String, minutes: &Minutes, limit: Option<Lag>, words: &Words) {
    let Some((low, high)) = range(minutes) else {
        put!(html, "<p>{}</p>", Esc(words.no_history));
        return;
    };
    // A limit far above would press everything to the ground.
    let limit = limit.filter(|limit| limit.as_f64() <= high.as_f64() * 4.0);
    let top = round_up(limit.map_or(high, |limit| limit.max(high)).as_f64());
    let says = fill(
        words.history,
        &[
            ("low", &digits::grouped(low)),
            ("high", &digits::grouped(high)),
        ],
    );
    put!(
        html,
        "<div class=\"chart-box\"><svg class=\"chart\" viewBox=\"0 0 720 240\" role=\"img\" aria-label=\"{}\">",
        Esc(&says)
    );
    let frame = Frame {
        left: 88.0,
        step: 10.4,
        top: 12.0,
        height: 196.0,
    };
    let right = frame.x(59);
    for part in 0..=4_u32 {
        let value = top * f64::from(part) / 4.0;
        let y = frame.y(value, top);
        put!(
            html,
            "<path class=\"grid\" d=\"M{:.0} {y:.1}H{right:.0}\"/><text class=\"y\" x=\"80\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            frame.left,
            y + 4.0,
            Lag::try_from(value)
                .map(digits::grouped)
                .unwrap_or_default()
        );
    }
    for ((at, _), minute) in minutes.iter().zip(0_u32..) {
        if minute % 15 == 0 || minute == 59 {
            let (anchor, class) = match minute {
                0 => ("middle", " class=\"first\""),
                59 => ("end", ""),
                _ => ("middle", ""),
            };
            let x = frame.x(minute);
            put!(
                html,
                "<text{class} x=\"{x:.0}\" y=\"230\" text-anchor=\"{anchor}\">{}</text>",
                clock(*at)
            );
        }
    }
    if let Some(limit) = limit {
        let y = frame.y(limit.as_f64(), top);
        put!(
            html,
            "<path class=\"limit\" d=\"M{:.0} {y:.1}H{right:.0}\"/><text class=\"limit\" x=\"{right:.0}\" y=\"{:.1}\" \
             text-anchor=\"end\">{} {}</text>",
            frame.left,
            y - 5.0,
            Esc(words.limit),
            digits::grouped(limit)
        );
    }
    html.push_str("<path class=\"lag\" d=\"");
    line(html, minutes, &frame, top);
    html.push_str("\"/>");
    for ((at, lag), minute) in minutes.iter().zip(0_u32..) {
        if let Some(lag) = lag {
            put!(
                html,
                "<circle cx=\"{:.0}\" cy=\"{:.1}\" r=\"2.5\"><title>{} {}</title></circle>",
                frame.x(minute),
                frame.y(lag.as_f64(), top),
                clock(*at),
                digits::grouped(*lag)
            );
        }
    }
    html.push_str("</svg></div>");
}

/// Hours and minutes.
pub(super) fn clock(at: Timestamp) -> String {
    Offset::UTC.to_datetime(at).strftime("%H:%M").to_string()
}

/// The next number that four parts of can be read: 4, 8, 20, 40, 80 and so on; at least 4.
fn round_up(value: f64) -> f64 {
    let mut scale = 4.0;
    while scale < value && scale < 1e300 {
        for factor in [1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0] {
            if scale * factor >= value {
                return scale * factor;
            }
        }
        scale *= 10.0;
    }
    scale
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minutes(lags: &[Option<f64>]) -> Minutes {
        let of = |lag: &Option<f64>| {
            let lag = lag.map(|lag| Lag::try_from(lag).unwrap());
            (Timestamp::UNIX_EPOCH, lag)
        };
        lags.iter().map(of).collect()
    }

    fn path(lags: &[Option<f64>]) -> String {
        let mut html = String::new();
        let frame = Frame {
            left: 0.0,
            step: 1.0,
            top: 0.0,
            height: 10.0,
        };
        line(&mut html, &minutes(lags), &frame, 10.0);
        html
    }

    #[test]
    fn a_line_ends_at_a_gap_and_a_lonely_minute_is_a_dot() {
        let lags = [
            Some(0.0),
            Some(10.0),
            None,
            Some(5.0),
            None,
            None,
            Some(1.0),
            Some(2.0),
        ];
        assert_eq!(path(&lags), "M0 10.0L1 0.0M3 5.0h0M6 9.0L7 8.0");
        assert_eq!(path(&[None, None]), "");
    }

    #[test]
    fn zeros_are_a_line_on_the_ground_and_nothing_is_no_picture() {
        let draw = |lags: &[Option<f64>]| {
            let mut html = String::new();
            sparkline(&mut html, &minutes(lags), &super::super::words::ENGLISH);
            html
        };
        assert!(draw(&[Some(0.0), Some(0.0)]).contains("M1 24.0L3 24.0"));
        assert!(draw(&[Some(0.0)]).contains("last hour: 0 to 0"));
        let nothing = draw(&[None, None]);
        assert!(!nothing.contains("svg") && nothing.contains("nothing in the last hour"));
    }

    #[test]
    fn the_top_of_a_chart_can_be_read() {
        for (value, top) in [
            (0.0, 4.0),
            (3.0, 4.0),
            (7.0, 8.0),
            (150_001.0, 160_000.0),
            (4e5, 4e5),
        ] {
            assert!(
                (round_up(value) - top).abs() < 1e-9,
                "{value}: {}",
                round_up(value)
            );
        }
        assert!(round_up(f64::MAX).is_finite());
    }
}
