//! Numbers and times as people read them, the same in all languages.

use crate::Lag;
use jiff::{Timestamp, tz::Offset};

/// All digits, in groups of three: `182,340`.
#[must_use]
pub fn grouped(lag: Lag) -> String {
    let value = lag.as_f64();
    if value >= 1e15 {
        return format!("{value:e}");
    }
    let text = if value.fract() == 0.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.1}")
    };
    let (whole, part) = match text.split_once('.') {
        Some((whole, part)) => (whole, format!(".{part}")),
        None => (text.as_str(), String::new()),
    };
    let mut shown = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown + &part
}

/// Messages per second with its sign: `+1.2k/s`. `None` when it rounds to nothing.
#[must_use]
pub fn pace(per_second: f64) -> Option<String> {
    let size = per_second.abs();
    let text = match size {
        _ if size < 0.05 => return None,
        _ if size < 9.95 => format!("{per_second:+.1}"),
        _ if size < 999.5 => format!("{per_second:+.0}"),
        _ if size < 999_950.0 => format!("{:+.1}k", per_second / 1e3),
        _ if size < 1e12 => format!("{:+.1}M", per_second / 1e6),
        _ => format!("{per_second:+e}"),
    };
    Some(text + "/s")
}

/// Time of day, with the date when it is another day than that of `today`.
#[must_use]
pub fn clock(at: Timestamp, today: Timestamp, zone: Offset) -> String {
    let (at, today) = (zone.to_datetime(at), zone.to_datetime(today));
    let time = at.strftime("%H:%M:%S").to_string();
    if at.date() == today.date() {
        time
    } else {
        format!("{} {time}", at.date())
    }
}

/// An episode's beginning, which names it: to the minute, as the samples are.
#[must_use]
pub fn episode(since: Timestamp) -> String {
    let format = if since.as_second() % 60 == 0 {
        "%Y-%m-%dT%H:%MZ"
    } else {
        "%Y-%m-%dT%H:%M:%SZ"
    };
    since.strftime(format).to_string()
}

/// A duration in its two largest units, each with its name: seconds below two minutes, minutes below two hours, and so on.
#[must_use]
pub fn span(seconds: i64, units: [&str; 4], gap: &str) -> String {
    let [day, hour, minute, second] = units;
    let unit = |number: i64, name: &str| format!("{number}{gap}{name}");
    let pair = |large: (i64, &str), small: (i64, &str)| {
        let first = unit(large.0, large.1);
        match small.0 {
            0 => first,
            rest => format!("{first}{gap}{}", unit(rest, small.1)),
        }
    };
    let seconds = seconds.max(0);
    match seconds {
        0..120 => unit(seconds, second),
        120..7_200 => unit(seconds / 60, minute),
        7_200..172_800 => pair((seconds / 3_600, hour), (seconds / 60 % 60, minute)),
        _ => pair((seconds / 86_400, day), (seconds / 3_600 % 24, hour)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_written_out_in_groups_of_three() {
        for (value, text) in [
            (0.0, "0"),
            (999.0, "999"),
            (1_000.0, "1,000"),
            (182_340.0, "182,340"),
            (1_234_567.5, "1,234,567.5"),
            (1e15, "1e15"),
        ] {
            assert_eq!(grouped(Lag::try_from(value).unwrap()), text);
        }
    }

    #[test]
    fn a_pace_is_short_and_signed() {
        for (value, text) in [
            (0.04, None),
            (-0.5, Some("-0.5/s")),
            (12.4, Some("+12/s")),
            (999.9, Some("+1.0k/s")),
            (1_234.0, Some("+1.2k/s")),
            (-2_500_000.0, Some("-2.5M/s")),
        ] {
            assert_eq!(pace(value).as_deref(), text, "{value}");
        }
    }

    #[test]
    fn a_span_has_two_units_at_most() {
        for (seconds, text) in [
            (-5, "0 s"),
            (95, "95 s"),
            (120, "2 min"),
            (7_199, "119 min"),
            (12_000, "3 h 20 min"),
            (86_400, "24 h"),
            (180_000, "2 d 2 h"),
        ] {
            assert_eq!(span(seconds, ["d", "h", "min", "s"], " "), text);
        }
    }

    #[test]
    fn another_day_is_named() {
        let at: Timestamp = "2026-11-21T23:50:03Z".parse().unwrap();
        let now: Timestamp = "2026-11-22T00:10:00Z".parse().unwrap();
        assert_eq!(clock(at, now, Offset::UTC), "2026-11-21 23:50:03");
        assert_eq!(clock(at, now, Offset::constant(8)), "07:50:03");
        assert_eq!(episode(at), "2026-11-21T23:50:03Z");
        assert_eq!(episode(now), "2026-11-22T00:10Z");
    }

    proptest! {
        #[test]
        fn grouping_loses_no_digit(value: u32) {
            let text = grouped(Lag::try_from(f64::from(value)).unwrap());
            prop_assert_eq!(text.replace(',', ""), value.to_string());
        }
    }
}
