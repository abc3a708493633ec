//! A recorded lag: lines of CSV or of JSON, or one list of JSON.

use anyhow::{Context as _, anyhow, bail};
use jiff::{SignedDuration, Timestamp};
use lag_core::{Lag, Reading};
use serde_json::Value;

/// What a file holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Series {
    /// In order of time, at least one.
    pub(super) points: Vec<(Timestamp, Option<Lag>)>,
    /// Whether times are seconds from some beginning.
    pub(super) is_relative: bool,
}

/// Smaller numbers are seconds from a beginning, larger ones since 1970.
const EPOCH_SECONDS: f64 = 1e9;
/// From here on they are milliseconds.
const EPOCH_MILLISECONDS: f64 = 1e12;

const EXAMPLE: &str = "write lines such as 2026-01-15T08:30:00Z,56000";

pub(super) fn parse(text: &str) -> anyhow::Result<Series> {
    let mut points: Vec<(Timestamp, Option<Lag>)> = Vec::new();
    let (mut columns, mut is_relative) = (None, false);
    let text = text.trim_start_matches('\u{feff}');
    if text.trim_start().starts_with('[') {
        return array(text);
    }
    refuse_listing(text)?;
    for (index, line) in text.lines().enumerate() {
        let (number, line) = (index + 1, line.trim());
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let read = if line.starts_with('{') {
            object(line)
        } else {
            let cells: Vec<_> = line.split([',', ';', '\t']).map(unquoted).collect();
            let is_title = columns.is_none() && time(cells.first().unwrap_or(&"")).is_err();
            let places = *columns.get_or_insert_with(|| places(&cells, is_title));
            if is_title {
                continue;
            }
            row(&cells, places)
        };
        let (at, lag, relative) = read.with_context(|| format!("line {number}"))?;
        if points.is_empty() {
            is_relative = relative;
        }
        if points.last().is_some_and(|(before, _)| at < *before) {
            bail!("line {number}: {at} lies before the line above it: sort the lines by time");
        }
        points.push((at, lag));
    }
    if points.is_empty() {
        bail!("there is no line with a time and a lag: {EXAMPLE}");
    }
    Ok(Series {
        points,
        is_relative,
    })
}

fn unquoted(cell: &str) -> &str {
    cell.trim().trim_matches('"').trim()
}

/// Where time and lag stand: by the names of a title, or first and second.
fn places(cells: &[&str], is_title: bool) -> (usize, usize) {
    let named = |names: &[&str]| {
        let is = |cell: &&str| names.contains(&cell.to_ascii_lowercase().as_str());
        cells.iter().position(is).filter(|_| is_title)
    };
    let at = named(&["timestamp", "time", "seconds", "at"]).unwrap_or(0);
    let other = usize::from(at == 0);
    (at, named(&["lag", "value"]).unwrap_or(other))
}

type Read = (Timestamp, Option<Lag>, bool);

fn row(cells: &[&str], (at, lag): (usize, usize)) -> anyhow::Result<Read> {
    let (at, relative) = time(cells.get(at).unwrap_or(&""))?;
    let cell = cells.get(lag);
    let cell = cell
        .ok_or_else(|| anyhow!("there is no lag: write TIME,LAG, and TIME, where there is none"))?;
    Ok((at, value(cell)?, relative))
}

/// A list of objects, each as a line would have it.
fn array(text: &str) -> anyhow::Result<Series> {
    let items: Vec<Value> =
        serde_json::from_str(text).map_err(|error| anyhow!("this is no list in JSON: {error}"))?;
    let (mut points, mut is_relative) = (Vec::new(), false);
    for (index, item) in items.iter().enumerate() {
        let read = point(item).with_context(|| format!("entry {}", index + 1))?;
        let (at, lag, relative) = read;
        match points.last() {
            None => is_relative = relative,
            Some((before, _)) if at < *before => bail!(
                "entry {}: {at} lies before the entry above it: sort them by time",
                index + 1
            ),
            Some(_) => {}
        }
        points.push((at, lag));
    }
    if points.is_empty() {
        bail!("the list is empty: {EXAMPLE}");
    }
    Ok(Series {
        points,
        is_relative,
    })
}

/// The answer of `/api/v1/lag` holds many groups at one moment.
fn refuse_listing(text: &str) -> anyhow::Result<()> {
    let whole: Option<Value> = serde_json::from_str(text).ok();
    if whole.is_some_and(|whole| whole.get("groups").is_some() || whole.get("instances").is_some())
    {
        bail!(
            "this is the listing of all groups at one moment, and a series is one group at many: record it with \
             --record http://HOST:9876/api/v1/lag/INSTANCE/GROUP, or {EXAMPLE}"
        );
    }
    Ok(())
}

fn object(line: &str) -> anyhow::Result<Read> {
    let found: Value =
        serde_json::from_str(line).map_err(|error| anyhow!("this is not JSON: {error}"))?;
    point(&found)
}

fn point(found: &Value) -> anyhow::Result<Read> {
    let keys = ["timestamp", "time", "at", "seconds"];
    let at = keys.iter().find_map(|key| found.get(key));
    let (at, relative) = match at {
        Some(Value::String(text)) => time(text)?,
        Some(Value::Number(number)) => time(&number.to_string())?,
        _ => bail!("there is no timestamp"),
    };
    let lag = match found.get("lag") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => value(text)?,
        Some(other) => value(&other.to_string())?,
    };
    Ok((at, lag, relative))
}

fn time(text: &str) -> anyhow::Result<(Timestamp, bool)> {
    let wrong = || anyhow!("{text:?} is no time: write 2026-01-15T08:30:00Z, or seconds");
    if let Ok(number) = text.parse::<f64>() {
        let seconds = match number {
            _ if number.abs() >= EPOCH_MILLISECONDS => number / 1000.0,
            _ => number,
        };
        let since = SignedDuration::try_from_secs_f64(seconds).map_err(|_| wrong())?;
        let at = Timestamp::from_duration(since).map_err(|_| wrong())?;
        return Ok((at, number.abs() < EPOCH_SECONDS));
    }
    let zoned = text.parse();
    // As this program itself prints moments.
    let bare = || format!("{}Z", text.replace(' ', "T")).parse();
    let at: Timestamp = zoned
        .or_else(|_: jiff::Error| bare())
        .map_err(|_| wrong())?;
    Ok((at, false))
}

/// A lag, or no value: never 0 for what is none.
fn value(text: &str) -> anyhow::Result<Option<Lag>> {
    let lower = text.to_ascii_lowercase();
    let none = ["", "null", "nan", "none", "-"];
    if none.contains(&lower.as_str()) || Reading::STATES[1..].contains(&lower.as_str()) {
        return Ok(None);
    }
    Ok(Some(super::lag(text)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lags(text: &str) -> Vec<Option<f64>> {
        let series = parse(text).unwrap();
        series
            .points
            .iter()
            .map(|(_, lag)| lag.map(Lag::as_f64))
            .collect()
    }

    #[test]
    fn csv_is_read_with_and_without_a_title() {
        let expected = [Some(5.0), Some(0.0)];
        for text in [
            "0,5\n15,0\n",
            "seconds,lag\n0,5\n15,0\n",
            "group,lag,time\na,5,2026-01-15T08:30:00Z\na,0,2026-01-15T08:31:00Z",
            "\u{feff}\"time\";\"lag\"\n\"2026-01-15 08:30:00\";\"5\"\n2026-01-15T16:31:00+08:00;0\n",
            "# from the console\n1768465800,5\n\n1768465815.5,0",
            "1768465800000\t5\n1768465815000\t0",
        ] {
            assert_eq!(lags(text), expected, "{text}");
        }
        assert!(parse("0,5").unwrap().is_relative);
        let absolute = parse("1768465800000,5").unwrap();
        assert!(!absolute.is_relative);
        assert_eq!(absolute.points[0].0.to_string(), "2026-01-15T08:30:00Z");
    }

    #[test]
    fn lines_of_json_are_read_as_the_exporter_answers_them() {
        let fresh = r#"{"consumer_group":"a","state":"fresh","lag":13915,"timestamp":"2026-01-15T08:30:00Z"}"#;
        let null = r#"{"timestamp":1768465860,"lag":null}"#;
        let none = r#"{"time":"2026-01-15T08:32:00Z"}"#;
        assert_eq!(
            lags(&format!("{fresh}\n{null}\n{none}\n")),
            [Some(13_915.0), None, None]
        );
    }

    #[test]
    fn a_list_of_json_is_read_as_lines_are() {
        let text = r#"[
  {"timestamp": "2026-01-15T08:30:00Z", "lag": 13915},
  {"timestamp": "2026-01-15T08:31:00Z", "state": "stale", "lag": null}
]"#;
        assert_eq!(lags(text), [Some(13_915.0), None]);
        for (text, part) in [
            ("[]", "the list is empty"),
            ("[5]", "entry 1: there is no timestamp"),
            ("[{\"at\":5,\"lag\":1},{\"at\":0,\"lag\":1}]", "entry 2"),
            ("[{", "no list in JSON"),
            (r#"{"instances":[],"groups":[{"lag":5}]}"#, "--record"),
            ("{\n  \"groups\": []\n}", "listing of all groups"),
        ] {
            let error = format!("{:#}", parse(text).unwrap_err());
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn what_is_no_number_is_never_zero() {
        for none in [
            "", " ", "null", "NaN", "nan", "None", "stale", "absent", "failed", "-",
        ] {
            assert_eq!(lags(&format!("0,{none}")), [None], "{none}");
        }
        assert_eq!(lags("0,0"), [Some(0.0)]);
        assert!(
            parse("0,fresh").is_err(),
            "fresh is no number and no excuse"
        );
    }

    #[test]
    fn a_mistake_is_told_with_its_line() {
        for (text, parts) in [
            ("", ["no line", "2026-01-15T08:30:00Z,56000"]),
            ("time,lag\n", ["no line", "such as"]),
            ("0,5\nx,5", ["line 2", "\"x\" is no time"]),
            ("0,5\n15,x", ["line 2", "\"x\" is not a number"]),
            ("0,5\n15,-5", ["line 2", "not negative"]),
            ("0,5\n15", ["line 2", "there is no lag"]),
            ("15,5\n0,5", ["line 2", "sort the lines"]),
            ("{\"lag\":5}", ["line 1", "there is no timestamp"]),
            ("{\"lag\"", ["line 1", "not JSON"]),
            ("1e300,5\n1e300,5", ["line 2", "no time"]),
        ] {
            let error = format!("{:#}", parse(text).unwrap_err());
            for part in parts {
                assert!(
                    error.to_lowercase().contains(&part.to_lowercase()),
                    "{text:?}: {error}"
                );
            }
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "[0-9a-zTZ:.,;{}\\[\\]\" \n-]{0,80}") {
            let _ = parse(&text);
        }

        #[test]
        fn only_digits_become_a_number(cell in "[a-zA-Z]{0,8}") {
            if let Ok(lag) = value(&cell) {
                prop_assert_eq!(lag, None, "{}", cell);
            }
        }
    }
}
