//! Charts out of characters.

use super::number;
use std::fmt::Write as _;

/// Room for the numbers at the side.
const SIDE: usize = 7;
const EIGHTHS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// How many columns a chart has on a screen so wide.
pub(crate) fn columns(width: usize) -> usize {
    width.saturating_sub(SIDE + 2).max(10)
}

/// So many columns out of any number of entries: each column shows what `of` makes of its entries.
pub(crate) fn fold<T, V>(entries: &[T], columns: usize, of: impl Fn(&[T]) -> V) -> Vec<V> {
    let count = entries.len();
    if count == 0 {
        return Vec::new();
    }
    let column = |index: usize| {
        let from = (index * count / columns).min(count - 1);
        let to = ((index + 1) * count / columns).clamp(from + 1, count);
        of(&entries[from..to])
    };
    (0..columns).map(column).collect()
}

/// Bars from 0 to `top`. A zero is a thin line, and nothing at all is nothing.
pub(crate) fn chart(title: &str, values: &[Option<f64>], top: f64, rows: usize) -> String {
    let mut text = format!("{:>SIDE$}  {title}\n", "");
    for row in (0..rows).rev() {
        let label = match row {
            _ if row + 1 == rows => number::short(top),
            0 => "0".to_owned(),
            _ => String::new(),
        };
        let mut line = format!("{label:>SIDE$} │");
        line.extend(values.iter().map(|value| cell(*value, top, row, rows)));
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

fn cell(value: Option<f64>, top: f64, row: usize, rows: usize) -> char {
    let Some(value) = value else { return ' ' };
    let rows = u32::try_from(rows).map_or(1.0, f64::from);
    let height = (value / top * rows * 8.0).round().max(1.0);
    let above = height - u32::try_from(row).map_or(0.0, f64::from) * 8.0;
    let full = (1..=8_u32)
        .rev()
        .find(|eighths| above >= f64::from(*eighths));
    let index = usize::try_from(full.unwrap_or(0)).unwrap_or(0);
    EIGHTHS[index]
}

/// A line of marks under a chart, where something holds; nothing when it never does.
pub(crate) fn marks(title: &str, holds: &[bool]) -> String {
    if !holds.contains(&true) {
        return String::new();
    }
    let marks = holds.iter().map(|holds| if *holds { '░' } else { ' ' });
    let marks: String = marks.collect();
    format!("{title:>SIDE$} │{}\n", marks.trim_end())
}

/// The line at the bottom: where the time begins and ends.
pub(crate) fn time(from: &str, to: &str, columns: usize) -> String {
    let gap = columns.saturating_sub(from.chars().count() + to.chars().count());
    format!(
        "{:>SIDE$} └{}\n{:>SIDE$}  {from}{:gap$}{to}\n",
        "",
        "─".repeat(columns),
        "",
        ""
    )
}

/// The smallest of 1, 2, 5, 10, 20, 50 … that is not below a value: a distance on a scale.
pub(crate) fn step(value: f64) -> f64 {
    smallest(value, &[1.0, 2.0, 5.0])
}

/// The end of a scale that holds a value and leaves little room above it.
pub(crate) fn top(value: f64) -> f64 {
    smallest(value, &[1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0])
}

fn smallest(value: f64, factors: &[f64]) -> f64 {
    let mut unit = 1.0;
    while unit < 1e300 {
        let found = factors.iter().find(|factor| unit * **factor >= value);
        if let Some(factor) = found {
            return unit * factor;
        }
        unit *= 10.0;
    }
    f64::MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_have_eighths_and_a_gap_is_no_zero() {
        let values = [Some(0.0), None, Some(5.0), Some(10.0), Some(20.0)];
        let text = chart("lag", &values, 20.0, 2);
        assert_eq!(text, "         lag\n     20 │    █\n      0 │▁ ▄██\n");
        assert_eq!(marks("none", &[false, true]), "   none │ ░\n");
        assert_eq!(marks("none", &[false]), "");
    }

    #[test]
    fn every_entry_is_in_a_column_and_every_column_has_an_entry() {
        let max = |part: &[u32]| *part.iter().max().unwrap();
        assert_eq!(fold(&[1, 2, 3, 4, 5, 6], 3, max), [2, 4, 6]);
        assert_eq!(fold(&[1, 2], 4, max), [1, 1, 2, 2]);
        assert_eq!(fold(&[1, 2, 3, 9, 5], 2, max), [2, 9]);
        assert!(fold(&[], 4, max).is_empty());
    }

    #[test]
    fn a_scale_ends_at_a_round_number() {
        let values = [0.0, 1.0, 3.0, 56_000.0, 100_000.0];
        assert_eq!(values.map(step), [1.0, 1.0, 5.0, 1e5, 1e5]);
        assert_eq!(values.map(top), [1.0, 1.0, 3.0, 6e4, 1e5]);
        assert_eq!(top(f64::MAX), f64::MAX);
    }
}
