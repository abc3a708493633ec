//! `Period`, `StartTime` and `EndTime`.

use jiff::{Timestamp, civil::DateTime, tz};

use crate::{errors::Refusal, params::Incoming};

const PERIODS: [u32; 4] = [60, 300, 900, 3600];
const HOUR_MS: i64 = 3_600_000;
const MOST_MS: i64 = 31 * 24 * HOUR_MS;

/// The vendor does not state the zone of the plain text form; its console runs in this one.
const PLAIN_ZONE: tz::Offset = tz::Offset::constant(8);

/// What is asked for: `(start, end]` in steps of `period_ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) period_ms: i64,
}

impl Window {
    /// Reads the three parameters. The vendor's default window is not documented: here it is the hour before `now`.
    pub(crate) fn read(incoming: &Incoming<'_>, now: i64) -> Result<Self, Refusal> {
        let time = |name: &'static str| {
            incoming
                .non_empty(name)
                .map(|text| parse_time(text).ok_or_else(|| Refusal::invalid_parameter(name)))
                .transpose()
        };
        let end = time("EndTime")?;
        let start = time("StartTime")?;
        if let (Some(start), Some(end)) = (start, end)
            && start >= end
        {
            return Err(Refusal::invalid_parameter("StartTime"));
        }
        let end = end.unwrap_or(now);
        let start = start.unwrap_or(end - HOUR_MS);
        if end - start > MOST_MS {
            return Err(Refusal::invalid_parameter("StartTime"));
        }
        Ok(Self {
            start,
            end,
            period_ms: period(incoming)?,
        })
    }

    /// The window of `DescribeMetricLast`: back from the end by a span that depends on the period, or further when asked.
    pub(crate) fn for_last(self, has_start: bool) -> Self {
        let span = if self.period_ms >= HOUR_MS {
            48 * HOUR_MS
        } else {
            2 * HOUR_MS
        };
        let back = self.end - span;
        Self {
            start: if has_start {
                back.min(self.start)
            } else {
                back
            },
            ..self
        }
    }
}

fn period(incoming: &Incoming<'_>) -> Result<i64, Refusal> {
    let text = incoming.non_empty("Period").unwrap_or("60");
    let period = text
        .parse::<u32>()
        .ok()
        .filter(|period| PERIODS.contains(period));
    period
        .map(|seconds| i64::from(seconds) * 1000)
        .ok_or_else(|| Refusal::invalid_parameter("Period"))
}

/// Milliseconds, `YYYY-MM-DD hh:mm:ss` or ISO text.
fn parse_time(text: &str) -> Option<i64> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        // Keeps sums with any delay or span far from the end of i64.
        return text.parse().ok().filter(|ms| *ms < 100_000_000_000_000);
    }
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment.as_millisecond());
    }
    let plain = DateTime::strptime("%Y-%m-%d %H:%M:%S", text).ok()?;
    Some(PLAIN_ZONE.to_timestamp(plain).ok()?.as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::parse_time;

    #[test]
    fn the_three_forms_of_a_time_mean_the_same() {
        let expected = Some(1_768_465_500_000);
        assert_eq!(parse_time("1768465500000"), expected);
        assert_eq!(parse_time("2026-01-15T08:25:00Z"), expected);
        assert_eq!(parse_time("2026-01-15 16:25:00"), expected);
        assert_eq!(parse_time("yesterday"), None);
        assert_eq!(parse_time("99999999999999999999"), None);
    }
}
