//! Numbers and times for people.

use jiff::{SignedDuration, Timestamp};
use lag_core::Lag;

/// What stands where there is no number.
pub(crate) const NONE: &str = "-";

/// `150,001`; a lag that is no whole number keeps one decimal.
pub(crate) fn lag(lag: Lag) -> String {
    let value = lag.as_f64();
    if value.fract() == 0.0 {
        grouped(&format!("{value:.0}"))
    } else {
        let text = format!("{value:.1}");
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, "0"));
        format!("{}.{fraction}", grouped(whole))
    }
}

/// `43,200`.
pub(crate) fn count(number: u64) -> String {
    grouped(&number.to_string())
}

fn grouped(digits: &str) -> String {
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `+1.2k/s`, `-300/s`, or `steady` when nothing would be seen to move within minutes.
pub(crate) fn rate(per_second: f64) -> String {
    const UNITS: [(f64, &str); 4] = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
    let size = per_second.abs();
    if size < 0.005 {
        return "steady".to_owned();
    }
    // 999.6 is shown as 1.0k, never as 1000.
    if let Some((unit, letter)) = UNITS.iter().find(|(unit, _)| size >= unit * 0.9995) {
        let value = per_second / unit;
        return if value.abs() < 99.95 {
            format!("{value:+.1}{letter}/s")
        } else {
            format!("{value:+.0}{letter}/s")
        };
    }
    if size < 0.995 {
        format!("{per_second:+.2}/s")
    } else if size < 9.95 {
        format!("{per_second:+.1}/s")
    } else {
        format!("{per_second:+.0}/s")
    }
}

/// `9,999`, `56.0k`, `1.25M`: three digits that count, for the side of a plot.
pub(crate) fn short(value: f64) -> String {
    const UNITS: [(f64, &str); 4] = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
    let unit = UNITS
        .iter()
        .find(|(unit, _)| value >= *unit && value >= 10_000.0);
    let Some((unit, letter)) = unit else {
        return grouped(&format!("{value:.0}"));
    };
    let scaled = value / unit;
    if scaled >= 1e6 {
        return format!("{value:.1e}");
    }
    let text = match scaled {
        _ if scaled < 10.0 => format!("{scaled:.2}"),
        _ if scaled < 100.0 => format!("{scaled:.1}"),
        _ => format!("{scaled:.0}"),
    };
    let text = match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => &text,
    };
    format!("{text}{letter}")
}

/// `0:00`, `12:30`, `1:05:00`: time since a beginning.
pub(crate) fn clock(since: SignedDuration) -> String {
    let seconds = since.as_secs().max(0);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

/// `45s`, `1m23s`, `2h05m`, `3d4h`: the two largest units.
pub(crate) fn duration(duration: SignedDuration) -> String {
    let seconds = duration.as_secs().unsigned_abs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m{:02}s", seconds % 60),
        (0, _, _) => format!("{hours}h{minutes:02}m"),
        _ => format!("{days}d{hours}h"),
    }
}

/// `2026-01-15 08:30:00 UTC`.
pub(crate) fn moment(at: Timestamp) -> String {
    format!("{} UTC", bare_moment(at))
}

/// `2026-01-15 08:30:00`.
pub(crate) fn bare_moment(at: Timestamp) -> String {
    let second = Timestamp::from_second(at.as_second()).unwrap_or(at);
    second.to_string().replace('T', " ").replace('Z', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped_by_three() {
        let shown = |value: f64| lag(Lag::try_from(value).unwrap());
        assert_eq!(
            [0.0, 7.0, 999.0, 1000.0, 150_001.0, 12.34, 1234.56].map(shown),
            ["0", "7", "999", "1,000", "150,001", "12.3", "1,234.6"]
        );
        assert_eq!(count(1_000_000), "1,000,000");
    }

    #[test]
    fn a_rate_is_short_and_signed() {
        for (value, text) in [
            (0.0, "steady"),
            (0.004, "steady"),
            (-0.02, "-0.02/s"),
            (0.999, "+1.0/s"),
            (-4.25, "-4.2/s"),
            (-300.0, "-300/s"),
            (999.6, "+1.0k/s"),
            (1234.0, "+1.2k/s"),
            (123_456.0, "+123k/s"),
            (2.5e6, "+2.5M/s"),
            (999_960.0, "+1.0M/s"),
        ] {
            assert_eq!(rate(value), text, "{value}");
        }
    }

    #[test]
    fn a_short_number_has_three_digits_and_a_clock_has_no_units() {
        assert_eq!(
            [0.0, 9999.0, 10_000.0, 56_500.0, 100_000.0, 1.25e6, 4e12].map(short),
            ["0", "9,999", "10k", "56.5k", "100k", "1.25M", "4T"]
        );
        assert_eq!(short(1e300), "1.0e300");
        let shown = |seconds| clock(SignedDuration::from_secs(seconds));
        assert_eq!(
            [0, 75, 3600, 90_061].map(shown),
            ["0:00", "1:15", "1:00:00", "25:01:01"]
        );
    }

    #[test]
    fn a_duration_has_two_units() {
        let shown = |seconds| duration(SignedDuration::from_secs(seconds));
        assert_eq!(
            [0, 59, 83, 3600, 7500, 90_000, 864_000].map(shown),
            ["0s", "59s", "1m23s", "1h00m", "2h05m", "1d1h", "10d0h"]
        );
    }

    #[test]
    fn a_moment_is_utc_to_the_second() {
        let at = "2026-01-15T08:30:00.75Z".parse().unwrap();
        assert_eq!(moment(at), "2026-01-15 08:30:00 UTC");
    }
}
