//! A consumer group and its points: by the minute from scenarios, or one by one from a script.

use jiff::Timestamp;

use crate::{
    model::MINUTE_MS,
    progress::Progress,
    scenario::{MAX_LAG, Scenario},
};

/// A consumer group and what was decided about its lag, oldest first.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) fragment: String,
    pub(crate) progress: Progress,
    phases: Vec<Phase>,
    /// Points at any moment, seen from that moment on; sorted.
    single: Vec<(i64, u64)>,
    /// Whether it is more than a name yet.
    is_decided: bool,
}

/// A scenario and the minute from which it holds; the first of a group holds since ever.
#[derive(Debug)]
struct Phase {
    since: i64,
    anchor: i64,
    scenario: Scenario,
}

impl Group {
    /// A group without points.
    pub(crate) fn new(name: &str, fragment: String) -> Self {
        Self {
            name: name.to_owned(),
            fragment,
            progress: Progress::default(),
            phases: Vec::new(),
            single: Vec::new(),
            is_decided: false,
        }
    }

    /// A scenario from the minute of `now` on; what was before stays. A group that is new has it since ever.
    pub(crate) fn set(&mut self, scenario: Scenario, now: Timestamp) {
        let anchor = now.as_millisecond();
        let since = if self.is_decided {
            anchor - anchor.rem_euclid(MINUTE_MS)
        } else {
            i64::MIN
        };
        self.phases.retain(|old| old.since < since);
        self.single.retain(|(at, _)| *at < anchor);
        self.is_decided = true;
        self.phases.push(Phase {
            since,
            anchor,
            scenario,
        });
    }

    /// The same lag, or none, from now on.
    pub(crate) fn set_lag(&mut self, lag: Option<u64>, now: Timestamp) {
        let nothing = Scenario::Steps {
            values: vec![None],
            step_minutes: 1,
            repeat: false,
            start: None,
        };
        self.set(lag.map_or(nothing, Scenario::constant), now);
        let point = lag.map(|lag| (now.as_millisecond(), lag.min(MAX_LAG)));
        self.single.extend(point);
    }

    /// These points and no others, each so many seconds before `now`.
    pub(crate) fn script(&mut self, points: &[(i64, u64)], now: Timestamp) {
        self.phases.clear();
        self.is_decided = true;
        let now = now.as_millisecond();
        let moment = |before: i64| now.saturating_sub(before.saturating_mul(1000));
        self.single = points
            .iter()
            .map(|(before, lag)| (moment(*before), (*lag).min(MAX_LAG)))
            .collect();
        self.single.sort_by_key(|(at, _)| *at);
        // Of two points at one moment the later one in the list stays.
        self.single.reverse();
        self.single.dedup_by_key(|(at, _)| *at);
        self.single.reverse();
    }

    /// The lag at a moment, `None` when the group has none then. Where only a script speaks, its newest point holds.
    pub(crate) fn lag_at(&self, at: i64) -> Option<u64> {
        if self.phases.iter().any(|phase| phase.since <= at) {
            return self.minute_at(at);
        }
        let newest = self.single.iter().rfind(|(moment, _)| *moment <= at)?;
        Some(newest.1)
    }

    /// The value of the point of the minute that begins at `at`.
    pub(crate) fn minute_at(&self, at: i64) -> Option<u64> {
        let phase = self.phases.iter().rfind(|phase| phase.since <= at)?;
        phase.scenario.lag_at(phase.anchor, at)
    }

    /// The value of the single point at exactly this moment.
    pub(crate) fn single_at(&self, at: i64) -> Option<u64> {
        let place = self
            .single
            .binary_search_by_key(&at, |(moment, _)| *moment)
            .ok()?;
        Some(self.single[place].1)
    }

    /// The single points, oldest first.
    pub(crate) fn single(&self) -> &[(i64, u64)] {
        &self.single
    }

    pub(crate) fn scenario(&self) -> Option<&Scenario> {
        self.phases.last().map(|phase| &phase.scenario)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::Group;
    use crate::scenario::Scenario;

    const T: i64 = 1_768_465_800_000;

    fn now() -> Timestamp {
        Timestamp::from_millisecond(T + 20_000).unwrap()
    }

    fn group() -> Group {
        Group::new("g", String::new())
    }

    #[test]
    fn a_script_has_its_points_and_nothing_between_them() {
        let mut group = group();
        group.set(Scenario::constant(7), now());
        group.script(&[(20, 5), (200, 3), (20, 6)], now());
        assert_eq!(group.single(), [(T - 180_000, 3), (T, 6)]);
        assert_eq!(
            (group.single_at(T), group.single_at(T + 1)),
            (Some(6), None)
        );
        assert_eq!(group.minute_at(T), None);
        assert_eq!(
            (group.lag_at(T - 1), group.lag_at(T + 1)),
            (Some(3), Some(6))
        );
        assert_eq!(group.lag_at(T - 180_001), None);
    }

    #[test]
    fn a_lag_set_now_holds_from_this_minute_on_and_leaves_the_past_alone() {
        let mut group = group();
        group.script(&[(200, 3)], now());
        group.set_lag(Some(9), now());
        assert_eq!(group.single(), [(T - 180_000, 3), (T + 20_000, 9)]);
        assert_eq!(
            (group.minute_at(T - 60_000), group.minute_at(T)),
            (None, Some(9))
        );
        group.set_lag(None, now());
        assert_eq!(group.single(), [(T - 180_000, 3)]);
        assert_eq!((group.minute_at(T), group.lag_at(T + 20_000)), (None, None));
    }
}
