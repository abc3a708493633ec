//! Pictures of numbers over time: one file, no script, readable on a light and on a dark page.

use super::number;
use std::fmt::Write as _;
use unicode_width::UnicodeWidthChar as _;

const WIDTH: f64 = 860.0;
const LEFT: f64 = 72.0;
const RIGHT: f64 = 24.0;
/// Above a panel, for its title.
const HEAD: f64 = 30.0;
const LINE: f64 = 18.0;
const FOOT: f64 = 34.0;
/// Columns of a line of text: a letter takes about 6.4 units, a Chinese character two columns.
const COLUMNS: usize = 124;
/// Colours that can be told apart, also by people who see fewer; six are enough.
const COLOURS: [(&str, &str); 6] = [
    ("#0072b2", "#56b4e9"),
    ("#d55e00", "#ff9a52"),
    ("#009e73", "#3ddcab"),
    ("#a6468a", "#e79bd0"),
    ("#8a6d00", "#f0e442"),
    ("#555555", "#bbbbbb"),
];

/// Panels below each other over the same time.
#[derive(Debug, Default)]
pub(crate) struct Picture {
    /// Lines of text above, cut when they are too long.
    pub(crate) words: Vec<String>,
    /// Names of the colours, if there are several.
    pub(crate) legend: Vec<String>,
    /// Seconds from left to right.
    pub(crate) seconds: f64,
    /// Where time is told, and how.
    pub(crate) times: Vec<(f64, String)>,
    /// From when to when there was no number.
    pub(crate) gaps: Vec<(f64, f64)>,
    /// From the top.
    pub(crate) panels: Vec<Panel>,
}

/// One pair of axes, from 0 to `top`.
#[derive(Debug, Default)]
pub(crate) struct Panel {
    pub(crate) title: String,
    pub(crate) height: f64,
    pub(crate) top: f64,
    /// Heights that have a number and a line.
    pub(crate) scale: Vec<f64>,
    /// Heights at which something is decided, with a word.
    pub(crate) marks: Vec<(f64, String)>,
    pub(crate) curves: Vec<Curve>,
}

/// A line, broken where there is no number.
#[derive(Debug, Default)]
pub(crate) struct Curve {
    /// Which colour; [`Picture::legend`] names it.
    pub(crate) colour: usize,
    pub(crate) dashed: bool,
    /// Seconds and value; a value holds up to the next one, or goes straight to it.
    pub(crate) points: Vec<(f64, Option<f64>)>,
    pub(crate) holds: bool,
}

impl Picture {
    pub(crate) fn render(&self) -> String {
        let legend = if self.legend.len() > 1 { LINE } else { 0.0 };
        let lines = u32::try_from(self.words.len()).map_or(0.0, f64::from) * LINE;
        let mut y = 14.0 + lines + legend;
        let body = self
            .panels
            .iter()
            .map(|panel| HEAD + panel.height)
            .sum::<f64>();
        let gap_note = if self.gaps.is_empty() { 0.0 } else { LINE };
        let height = y + body + FOOT + gap_note;
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" role=\"img\">\n"
        );
        let title = self.words.first().map_or("", |title| title);
        let _ = writeln!(out, "<title>{}</title>", escape(title));
        out += &style();
        let _ = writeln!(
            out,
            "<rect class=\"page\" width=\"{WIDTH}\" height=\"{height}\"/>"
        );
        for (index, words) in self.words.iter().enumerate() {
            let class = if index == 0 { "title" } else { "text" };
            let at = 20.0 + u32::try_from(index).map_or(0.0, f64::from) * LINE;
            let _ = writeln!(
                out,
                "<text class=\"{class}\" x=\"16\" y=\"{at}\">{}</text>",
                escape(&cut(words))
            );
        }
        if self.legend.len() > 1 {
            self.legend(&mut out, lines + 18.0);
        }
        for panel in &self.panels {
            y += HEAD;
            self.panel(&mut out, panel, y);
            y += panel.height;
        }
        for (at, label) in &self.times {
            let x = self.x(*at);
            let _ = writeln!(
                out,
                "<text class=\"text\" x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                y + 18.0,
                escape(label)
            );
        }
        if !self.gaps.is_empty() {
            let _ = writeln!(
                out,
                "<rect class=\"gap\" x=\"{LEFT}\" y=\"{:.1}\" width=\"14\" height=\"10\"/>",
                y + 28.0
            );
            let _ = writeln!(
                out,
                "<text class=\"text\" x=\"{}\" y=\"{:.1}\">no number: nothing is known of the lag</text>",
                LEFT + 20.0,
                y + 37.0
            );
        }
        out + "</svg>\n"
    }

    fn x(&self, seconds: f64) -> f64 {
        LEFT + seconds / self.seconds.max(1.0) * (WIDTH - LEFT - RIGHT)
    }

    fn legend(&self, out: &mut String, y: f64) {
        let mut x = 16.0;
        for (index, name) in self.legend.iter().enumerate() {
            let colour = index % COLOURS.len();
            let _ = writeln!(out, "<path class=\"c{colour}\" d=\"M{x} {y}h22\"/>");
            let _ = writeln!(
                out,
                "<text class=\"text\" x=\"{}\" y=\"{}\">{}</text>",
                x + 28.0,
                y + 4.0,
                escape(name)
            );
            x += 52.0 + u32::try_from(name.chars().count()).map_or(0.0, f64::from) * 7.0;
        }
    }

    fn panel(&self, out: &mut String, panel: &Panel, top: f64) {
        let bottom = top + panel.height;
        let right = WIDTH - RIGHT;
        let y = |value: f64| bottom - (value / panel.top).min(1.0) * panel.height;
        let _ = writeln!(
            out,
            "<text class=\"head\" x=\"{LEFT}\" y=\"{:.1}\">{}</text>",
            top - 8.0,
            escape(&panel.title)
        );
        for (from, to) in &self.gaps {
            let (from, to) = (self.x(*from), self.x(*to));
            let _ = writeln!(
                out,
                "<rect class=\"gap\" x=\"{from:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{:.1}\"/>",
                (to - from).max(0.5),
                panel.height
            );
        }
        for value in &panel.scale {
            let at = y(*value);
            let _ = writeln!(out, "<path class=\"grid\" d=\"M{LEFT} {at:.1}H{right}\"/>");
            let _ = writeln!(
                out,
                "<text class=\"text\" x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                LEFT - 8.0,
                at + 4.0,
                number::short(*value)
            );
        }
        for (at, _) in &self.times {
            let x = self.x(*at);
            let _ = writeln!(
                out,
                "<path class=\"grid\" d=\"M{x:.1} {top:.1}V{bottom:.1}\"/>"
            );
        }
        for (value, word) in panel.marks.iter().filter(|(value, _)| *value <= panel.top) {
            let at = y(*value);
            let _ = writeln!(out, "<path class=\"mark\" d=\"M{LEFT} {at:.1}H{right}\"/>");
            let _ = writeln!(
                out,
                "<text class=\"note\" x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{} {}</text>",
                right - 4.0,
                at - 4.0,
                escape(word),
                number::short(*value)
            );
        }
        for curve in &panel.curves {
            let path = self.path(curve, y);
            let dashed = if curve.dashed { " dashed" } else { "" };
            let _ = writeln!(
                out,
                "<path class=\"c{}{dashed}\" d=\"{path}\"/>",
                curve.colour % COLOURS.len()
            );
        }
    }

    fn path(&self, curve: &Curve, y: impl Fn(f64) -> f64) -> String {
        let mut path = String::new();
        let mut is_open = false;
        for (index, (at, value)) in curve.points.iter().enumerate() {
            let x = self.x(*at);
            if is_open && curve.holds {
                let _ = write!(path, "H{x:.1}");
            }
            match value {
                None => is_open = false,
                Some(value) if is_open && curve.holds => {
                    let _ = write!(path, "V{:.1}", y(*value));
                }
                Some(value) => {
                    let command = if is_open { 'L' } else { 'M' };
                    let _ = write!(path, "{command}{x:.1} {:.1}", y(*value));
                    is_open = true;
                }
            }
            // The last number counts up to the end.
            if is_open && curve.holds && index + 1 == curve.points.len() {
                let _ = write!(path, "H{:.1}", self.x(self.seconds));
            }
        }
        path
    }
}

fn style() -> String {
    let mut out = String::from(
        "<style>\n\
         text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans','Noto Sans CJK SC',sans-serif;font-size:12px;fill:#333}\n\
         .title{font-size:14px;font-weight:600}.head{font-weight:600}.note{font-size:11px;fill:#666}\n\
         .page{fill:#fff}.grid{stroke:#000;stroke-opacity:.1;fill:none}.gap{fill:#b00020;fill-opacity:.14}\n\
         .mark{stroke:#666;stroke-dasharray:2 4;fill:none}\n",
    );
    for (index, (light, _)) in COLOURS.iter().enumerate() {
        let _ = writeln!(
            out,
            ".c{index}{{stroke:{light};stroke-width:2;stroke-linejoin:round;fill:none}}"
        );
    }
    out += ".dashed{stroke-dasharray:6 4;stroke-width:1.4}\n@media (prefers-color-scheme:dark){\n\
            text{fill:#ddd}.note{fill:#aaa}.page{fill:#16181d}.grid{stroke:#fff;stroke-opacity:.14}.mark{stroke:#aaa}\n\
            .gap{fill:#ff6b81;fill-opacity:.2}\n";
    for (index, (_, dark)) in COLOURS.iter().enumerate() {
        let _ = writeln!(out, ".c{index}{{stroke:{dark}}}");
    }
    out + "}\n</style>\n"
}

fn cut(text: &str) -> String {
    let mut width = 0;
    let end = text.char_indices().find(|(_, c)| {
        width += c.width().unwrap_or(0);
        width > COLUMNS
    });
    match end {
        None => text.to_owned(),
        Some((at, _)) => format!("{}…", &text[..at]),
    }
}

/// Text as XML; what XML cannot hold is left out.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture() -> Picture {
        let curve = |colour, points: &[(f64, Option<f64>)], holds| Curve {
            colour,
            points: points.to_vec(),
            holds,
            dashed: colour == 1,
        };
        Picture {
            words: vec![
                "a lag <made> up & \"quoted\" \u{1}".to_owned(),
                "订单".repeat(40),
            ],
            legend: vec!["value".to_owned(), "average".to_owned()],
            seconds: 600.0,
            times: vec![(0.0, "0:00".to_owned()), (300.0, "5:00".to_owned())],
            gaps: vec![(120.0, 180.0)],
            panels: vec![Panel {
                title: "lag".to_owned(),
                height: 100.0,
                top: 100_000.0,
                scale: vec![0.0, 50_000.0, 100_000.0],
                marks: vec![
                    (50_000.0, "target".to_owned()),
                    (1e9, "too high".to_owned()),
                ],
                curves: vec![
                    curve(
                        0,
                        &[
                            (0.0, Some(0.0)),
                            (120.0, None),
                            (180.0, Some(5e4)),
                            (240.0, Some(1e5)),
                        ],
                        true,
                    ),
                    curve(1, &[(0.0, Some(1e5)), (600.0, Some(0.0))], false),
                ],
            }],
        }
    }

    #[test]
    fn a_picture_as_it_is_written() {
        insta::assert_snapshot!(picture().render());
    }

    #[test]
    fn no_number_leaves_a_hole_in_the_line() {
        let svg = picture().render();
        assert!(
            svg.contains("H224.8M301.2 ") || svg.contains("H224.8M"),
            "{svg}"
        );
    }

    #[test]
    fn an_empty_picture_is_one() {
        let svg = Picture::default().render();
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
}
