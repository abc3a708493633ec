//! The lag of a scenario at a moment.

use jiff::Timestamp;

use super::{MAX_LAG, Scenario};
use crate::{
    mix::{to_f64, whole},
    model::MINUTE_MS,
};

impl Scenario {
    /// The lag at `at`, or `None` when the group has no point then. `anchor` stands in for a missing `start`.
    pub(crate) fn lag_at(&self, anchor: i64, at: i64) -> Option<u64> {
        let since =
            |start: &Option<Timestamp>| at - start.map_or(anchor, |moment| moment.as_millisecond());
        let lag = match self {
            Self::Constant { lag } => *lag,
            Self::Ramp {
                from,
                per_minute,
                max,
                start,
            } => from
                .saturating_add(moved(*per_minute, since(start)))
                .min(max.unwrap_or(MAX_LAG)),
            Self::Spike {
                base,
                peak,
                minutes,
                every_minutes,
                start,
            } => {
                let elapsed = since(start);
                let within = match every_minutes {
                    Some(every) => elapsed.rem_euclid(minutes_ms((*every).max(1))),
                    None => elapsed,
                };
                if elapsed >= 0 && within < minutes_ms(*minutes) {
                    *peak
                } else {
                    *base
                }
            }
            Self::Sine {
                mean,
                amplitude,
                period_minutes,
                phase_minutes,
            } => {
                let period = minutes_ms((*period_minutes).max(1));
                let into = (at + minutes_ms(*phase_minutes)).rem_euclid(period);
                let share = to_f64(into.unsigned_abs()) / to_f64(period.unsigned_abs());
                whole(to_f64(*mean) + to_f64(*amplitude) * (share * std::f64::consts::TAU).sin())
            }
            Self::Drain {
                from,
                per_minute,
                start,
            } => from.saturating_sub(moved(*per_minute, since(start))),
            Self::Vanish {
                lag,
                after_minutes,
                start,
            } => {
                if since(start) >= minutes_ms(*after_minutes) {
                    return None;
                }
                *lag
            }
            Self::Zero => 0,
            Self::Steps {
                values,
                step_minutes,
                repeat,
                start,
            } => step(
                values,
                minutes_ms((*step_minutes).max(1)),
                *repeat,
                since(start),
            )?,
        };
        Some(lag.min(MAX_LAG))
    }
}

fn minutes_ms(minutes: u32) -> i64 {
    i64::from(minutes) * MINUTE_MS
}

/// Messages moved in `elapsed` milliseconds; nothing before the start.
fn moved(per_minute: u64, elapsed: i64) -> u64 {
    let elapsed = u128::try_from(elapsed).unwrap_or(0);
    let total = u128::from(per_minute) * elapsed / 60_000;
    u64::try_from(total).unwrap_or(u64::MAX)
}

fn step(values: &[Option<u64>], step_ms: i64, repeat: bool, elapsed: i64) -> Option<u64> {
    let last = values.len().checked_sub(1)?;
    let number = usize::try_from(elapsed.div_euclid(step_ms).max(0)).unwrap_or(usize::MAX);
    let index = if repeat {
        number % values.len()
    } else {
        number.min(last)
    };
    values[index]
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{MINUTE_MS, Scenario};

    const T: i64 = 1_768_465_800_000;

    fn at(minutes: i64) -> i64 {
        T + minutes * MINUTE_MS
    }

    fn start() -> Timestamp {
        Timestamp::from_millisecond(T).unwrap()
    }

    fn series(scenario: &Scenario, minutes: std::ops::Range<i64>) -> Vec<Option<u64>> {
        minutes.map(|m| scenario.lag_at(T, at(m))).collect()
    }

    #[test]
    fn ramp_and_drain_move_by_the_minute_and_hold_before_their_start() {
        let up = series(&Scenario::ramp(10, 60), -1..3);
        assert_eq!(up, [Some(10), Some(10), Some(70), Some(130)]);
        let down = series(&Scenario::drain(100, 60), -1..3);
        assert_eq!(down, [Some(100), Some(100), Some(40), Some(0)]);
    }

    #[test]
    fn a_ramp_ends_at_its_maximum() {
        let scenario = Scenario::Ramp {
            from: 0,
            per_minute: 100,
            max: Some(150),
            start: None,
        };
        assert_eq!(
            series(&scenario, 0..4),
            [Some(0), Some(100), Some(150), Some(150)]
        );
    }

    #[test]
    fn a_spike_holds_for_its_minutes_and_may_come_back() {
        let once = Scenario::spike(1, 9, start(), 2);
        assert_eq!(series(&once, -1..4), [1, 9, 9, 1, 1].map(Some));
        let again = Scenario::Spike {
            base: 1,
            peak: 9,
            minutes: 1,
            every_minutes: Some(3),
            start: Some(start()),
        };
        assert_eq!(series(&again, -1..5), [1, 9, 1, 1, 9, 1].map(Some));
    }

    #[test]
    fn a_sine_swings_around_its_mean_and_never_goes_below_zero() {
        let values = series(&Scenario::sine(100, 300, 60), 0..60);
        assert_eq!(values.iter().flatten().max(), Some(&400));
        assert_eq!(values.iter().flatten().min(), Some(&0));
    }

    #[test]
    fn a_vanished_group_has_no_point_and_a_caught_up_group_has_zero() {
        let gone = Scenario::vanish(7, start());
        assert_eq!(series(&gone, -1..2), [Some(7), None, None]);
        assert_eq!(series(&Scenario::Zero, 0..1), [Some(0)]);
    }

    #[test]
    fn steps_follow_the_list_with_gaps_and_keep_or_repeat_the_end() {
        let list = Scenario::steps([Some(1), None, Some(3)], start());
        assert_eq!(
            series(&list, -1..5),
            [Some(1), Some(1), None, Some(3), Some(3), Some(3)]
        );
        let looped = Scenario::Steps {
            values: vec![Some(1), Some(2)],
            step_minutes: 1,
            repeat: true,
            start: Some(start()),
        };
        assert_eq!(series(&looped, 0..4), [1, 2, 1, 2].map(Some));
    }
}
