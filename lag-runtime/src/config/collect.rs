//! When lag is collected, and what of it counts as a number.

use lag_core::{InvalidWindow, Lag, PromDuration, WindowPolicy};
use std::time::Duration;

use super::{
    ConfigError, File,
    file::Text,
    pick::{Picker, between, boolean, flag_place, number},
};
use crate::args::ReadArgs;

/// When lag is collected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CollectConfig {
    /// Time between collections.
    pub interval: Duration,
    /// How the moments are chosen.
    pub schedule: ScheduleKind,
    /// How far back to ask, in which steps.
    pub window: WindowPolicy,
    /// Whether lag per topic is collected too.
    pub topics: bool,
}

/// How the moments of collection are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScheduleKind {
    /// Soon after a minute is published.
    Aligned,
    /// Every interval.
    Fixed,
}

/// What counts as a number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LagConfig {
    /// Older data is no number.
    pub max_age: Duration,
    /// How long a vanished group is remembered as stale.
    pub forget_after: Duration,
    /// Series per source at most.
    pub max_series: usize,
    /// Above this a group is in trouble; for people and graphs, nothing acts on it.
    pub threshold: Option<Lag>,
}

pub(super) fn resolve(
    args: &ReadArgs,
    file: &File,
    picker: Picker<'_>,
) -> Result<CollectConfig, ConfigError> {
    let (args, file) = (&args.collect, &file.collect);
    let one = |flag: &str, given: &Option<String>, key: &str, text: &Text| {
        picker.one(flag, given.as_deref(), key, text)
    };
    let interval = one(
        "--collect.interval",
        &args.interval,
        "collect.interval",
        &file.interval,
    )?;
    let schedule = one(
        "--collect.schedule",
        &args.schedule,
        "collect.schedule",
        &file.schedule,
    )?;
    let period = one(
        "--collect.period",
        &args.period,
        "collect.period",
        &file.period,
    )?;
    let window = one(
        "--collect.window",
        &args.window,
        "collect.window",
        &file.window,
    )?;
    let topics = one(
        "--collect.topics",
        &args.topics,
        "collect.topics",
        &file.topics,
    )?;

    let schedule = schedule.map_or(Ok(ScheduleKind::Aligned), |found| {
        found.choose(&[
            ("aligned", ScheduleKind::Aligned),
            ("fixed", ScheduleKind::Fixed),
        ])
    })?;
    let period_place = period.as_ref().map(|found| found.place.clone());
    let period_std = between(period, PromDuration::from_secs(60), "1m", "1d")?;
    let interval_place = interval.as_ref().map(|found| found.place.clone());
    let interval = between(
        interval,
        PromDuration::from_secs(period_std.as_secs()),
        "1s",
        "6h",
    )?;
    if let (ScheduleKind::Aligned, Some(place), true) =
        (schedule, interval_place, interval < period_std)
    {
        let problem = format!(
            "{} is shorter than the period of the metric, and CMS has one point per period: use at least {}, or \
             --collect.schedule fixed",
            PromDuration::from_secs(interval.as_secs()),
            PromDuration::from_secs(period_std.as_secs()),
        );
        return Err(ConfigError::new(place, problem));
    }
    let default_window = period_std.saturating_mul(5);
    let window_place = window.as_ref().map(|found| found.place.clone());
    let span = window.map_or(Ok(default_window), |found| {
        found.read::<PromDuration>().map(Into::into)
    })?;
    let window = WindowPolicy::new(period_std, span, 1440).map_err(|error| {
        let place = match error {
            InvalidWindow::Period(_) => {
                period_place.unwrap_or_else(|| flag_place("--collect.period"))
            }
            _ => window_place.unwrap_or_else(|| flag_place("--collect.window")),
        };
        ConfigError::new(place, error.to_string())
    })?;
    Ok(CollectConfig {
        interval,
        schedule,
        window,
        topics: boolean(topics)?,
    })
}

pub(super) fn resolve_lag(
    args: &ReadArgs,
    file: &File,
    picker: Picker<'_>,
    collect: CollectConfig,
) -> Result<LagConfig, ConfigError> {
    let (args, file) = (&args.lag, &file.lag);
    let max_age = picker.one(
        "--lag.max-age",
        args.max_age.as_deref(),
        "lag.max_age",
        &file.max_age,
    )?;
    let forget = picker.one(
        "--lag.forget-after",
        args.forget_after.as_deref(),
        "lag.forget_after",
        &file.forget_after,
    )?;
    let series = picker.one(
        "--lag.max-series",
        args.max_series.as_deref(),
        "lag.max_series",
        &file.max_series,
    )?;
    let threshold = picker.one(
        "--lag.threshold",
        args.threshold.as_deref(),
        "lag.threshold",
        &file.threshold,
    )?;
    let default_age = (collect.interval * 3).max(Duration::from_mins(5));
    let max_age_place = max_age
        .as_ref()
        .map_or_else(|| flag_place("--lag.max-age"), |found| found.place.clone());
    // Just before the next point appears, the newest is two minutes old and the publication delay: a shorter limit
    // would call every number stale once a minute.
    let max_age = between(
        max_age,
        PromDuration::from_secs(default_age.as_secs()),
        "2m30s",
        "1d",
    )?;
    if max_age < collect.interval.saturating_add(Duration::from_mins(2)) {
        let problem = format!(
            "{} cannot work with an interval of {}: a datum is two minutes old before the next one is read, so every \
             number would be stale for a while; use at least {}",
            PromDuration::from(max_age),
            PromDuration::from(collect.interval),
            PromDuration::from(collect.interval + Duration::from_mins(2)),
        );
        return Err(ConfigError::new(max_age_place, problem));
    }
    let forget_after = between(
        forget,
        PromDuration::from_secs(3600.max(max_age.as_secs())),
        "1m",
        "31d",
    )?;
    let max_series = series.map_or(Ok(100_000), |found| number(&found, 1, 10_000_000, "series"))?;
    let threshold = threshold
        .map(|found| number::<u32>(&found, 0, u32::MAX, "messages, a whole number"))
        .transpose()?
        .and_then(|messages| Lag::try_from(f64::from(messages)).ok());
    Ok(LagConfig {
        threshold,
        max_age,
        forget_after: forget_after.max(max_age),
        max_series,
    })
}
