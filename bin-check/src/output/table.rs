//! Columns aligned by how wide a terminal shows them: Chinese characters take two columns.

use std::{borrow::Cow, collections::BTreeSet, fmt::Write as _};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Between two columns.
const GAP: &str = "  ";
/// What a column that may be cut keeps at least.
const LEAST: usize = 8;
/// What is left of an id before names are cut.
const SHORT_ID: usize = 14;

/// How a column is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    /// Text.
    Left,
    /// Numbers.
    Right,
    /// Names, which are cut in the middle when the screen is too narrow.
    Name,
    /// Ids, which are cut before names are: little of them tells them apart.
    Id,
}

/// A table of text.
#[derive(Debug)]
pub(crate) struct Table<'t> {
    columns: Vec<Column>,
    rows: Vec<Vec<Cow<'t, str>>>,
}

impl<'t> Table<'t> {
    /// A table with titles and no rows.
    pub(crate) fn new(columns: &[(&'t str, Column)]) -> Self {
        Self {
            columns: columns.iter().map(|(_, column)| *column).collect(),
            rows: vec![
                columns
                    .iter()
                    .map(|(title, _)| Cow::Borrowed(*title))
                    .collect(),
            ],
        }
    }

    /// Adds a row, which has as many cells as the table has columns.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = Cow<'t, str>>) {
        self.rows.push(cells.into_iter().map(visible).collect());
    }

    /// Whether cutting for this width would make two different names or ids look the same.
    pub(crate) fn collides(&self, width: Option<usize>) -> bool {
        let Some(limit) = width else { return false };
        let mut widths = self.widths();
        self.narrow(&mut widths, limit);
        (0..widths.len()).any(|column| self.looks_the_same(column, widths[column]))
    }

    /// The table, one line per row; nothing without rows. With a width, names are cut so that the lines fit, as far as
    /// different ones stay different.
    pub(crate) fn render(&self, width: Option<usize>) -> String {
        if self.rows.len() < 2 {
            return String::new();
        }
        let mut widths = self.widths();
        if let Some(limit) = width {
            let whole = widths.clone();
            self.narrow(&mut widths, limit);
            for (column, whole) in whole.into_iter().enumerate() {
                while widths[column] < whole && self.looks_the_same(column, widths[column]) {
                    widths[column] += 1;
                }
            }
        }
        let mut out = String::new();
        for row in &self.rows {
            let begin = out.len();
            for (index, cell) in row.iter().enumerate() {
                if index > 0 {
                    out += GAP;
                }
                let cell = cut(cell, widths[index]);
                let fill = widths[index].saturating_sub(cell.width());
                let _ = match self.columns[index] {
                    Column::Right => write!(out, "{:fill$}{cell}", ""),
                    Column::Left | Column::Name | Column::Id => write!(out, "{cell}{:fill$}", ""),
                };
            }
            out.truncate(begin + out[begin..].trim_end().len());
            out.push('\n');
        }
        out
    }

    /// What each column needs for its widest cell.
    fn widths(&self) -> Vec<usize> {
        let mut widths = vec![0; self.columns.len()];
        for row in &self.rows {
            for (cell, width) in row.iter().zip(&mut widths) {
                *width = cell.width().max(*width);
            }
        }
        widths
    }

    /// Whether two different cells of a column are the same text when they are cut to this width.
    fn looks_the_same(&self, column: usize, width: usize) -> bool {
        let cells: BTreeSet<&str> = self.rows.iter().map(|row| &*row[column]).collect();
        let cuts: BTreeSet<_> = cells.iter().map(|cell| cut(cell, width)).collect();
        matches!(self.columns[column], Column::Id | Column::Name) && cuts.len() < cells.len()
    }

    /// Takes from ids first, then from whatever is widest among ids and names, until all fits.
    fn narrow(&self, widths: &mut [usize], limit: usize) {
        let gaps = GAP.len() * widths.len().saturating_sub(1);
        let mut too_wide = (widths.iter().sum::<usize>() + gaps).saturating_sub(limit);
        let ids: &[Column] = &[Column::Id];
        for (kinds, least) in [(ids, SHORT_ID), (&[Column::Id, Column::Name], LEAST)] {
            while too_wide > 0 {
                let cells = self.columns.iter().zip(widths.iter_mut());
                let cells = cells.filter(|(kind, width)| kinds.contains(kind) && **width > least);
                let Some((_, widest)) = cells.max_by_key(|(_, width)| **width) else {
                    break;
                };
                *widest -= 1;
                too_wide -= 1;
            }
        }
    }
}

/// The text with everything that a terminal would obey instead of show written as an escape.
pub(crate) fn visible(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.chars().all(is_shown) {
        return text;
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_shown(c) {
            out.push(c);
        } else {
            out.extend(c.escape_unicode());
        }
    }
    Cow::Owned(out)
}

/// Controls, and characters that turn the direction of text or join into nothing.
fn is_shown(c: char) -> bool {
    let formats = ['\u{ad}', '\u{61c}', '\u{feff}', '\u{2028}', '\u{2029}'];
    let ranges = [
        '\u{200b}'..='\u{200f}',
        '\u{202a}'..='\u{202e}',
        '\u{2060}'..='\u{206f}',
    ];
    !c.is_control() && !formats.contains(&c) && !ranges.iter().any(|range| range.contains(&c))
}

/// Keeps both ends: what tells names apart is often the end.
fn cut(text: &str, width: usize) -> Cow<'_, str> {
    if text.width() <= width {
        return Cow::Borrowed(text);
    }
    let room = width.saturating_sub(1);
    let (mut head, mut used) = (0, 0);
    for (at, c) in text.char_indices() {
        let wide = c.width().unwrap_or(0);
        if used + wide > room.div_ceil(2) {
            break;
        }
        used += wide;
        head = at + c.len_utf8();
    }
    let mut tail = text.len();
    for (at, c) in text.char_indices().rev() {
        let wide = c.width().unwrap_or(0);
        if used + wide > room || at < head {
            break;
        }
        used += wide;
        tail = at;
    }
    Cow::Owned(format!("{}…{}", &text[..head], &text[tail..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table<'static> {
        let mut table = Table::new(&[
            ("GROUP", Column::Name),
            ("LAG", Column::Right),
            ("STATE", Column::Left),
        ]);
        let row = |name: &'static str, lag: &'static str| [name.into(), lag.into(), "fresh".into()];
        table.row(row("订单中心_消费组", "150,001"));
        table.row(row("a", "0"));
        table
    }

    #[test]
    fn chinese_names_are_two_columns_wide() {
        let expected = "\
GROUP                LAG  STATE
订单中心_消费组  150,001  fresh
a                      0  fresh
";
        assert_eq!(table().render(None), expected);
        assert_eq!(table().render(Some(80)), expected);
    }

    #[test]
    fn names_are_cut_in_the_middle_and_only_as_much_as_needed() {
        let text = table().render(Some(26));
        assert!(text.contains("订单…费组"), "{text}");
        assert!(text.contains("150,001"), "{text}");
        for line in text.lines() {
            assert!(line.width() <= 26, "{line}");
        }
        let text = table().render(Some(5));
        assert!(text.contains("150,001"), "numbers are never cut: {text}");
    }

    #[test]
    fn different_names_are_never_cut_to_the_same_text() {
        let mut table = Table::new(&[("GROUP", Column::Name), ("LAG", Column::Right)]);
        let names = [
            "orders-region-a-billing-consumer",
            "orders-region-b-billing-consumer",
        ];
        for name in names {
            table.row([name.into(), "5".into()]);
        }
        assert!(table.collides(Some(20)) && !table.collides(Some(60)) && !table.collides(None));
        let text = table.render(Some(20));
        let lines: BTreeSet<_> = text.lines().collect();
        assert_eq!(lines.len(), 3, "{text}");
    }

    #[test]
    fn without_rows_there_is_no_title() {
        assert_eq!(Table::new(&[("GROUP", Column::Name)]).render(None), "");
    }

    #[test]
    fn a_cut_name_is_never_wider_than_its_room() {
        for width in 1..20 {
            for name in [
                "订单中心_消费组",
                "group-000001_docking_analog",
                "a订b单c中",
            ] {
                let cut = cut(name, width);
                assert!(cut.width() <= width, "{cut} in {width}");
            }
        }
    }

    #[test]
    fn what_a_terminal_would_obey_is_escaped() {
        let shown = visible("a\u{1b}[2Jb\u{202e}c\nd".into());
        assert_eq!(shown, "a\\u{1b}[2Jb\\u{202e}c\\u{a}d");
        assert_eq!(visible("订单 ok".into()), "订单 ok");
    }
}
