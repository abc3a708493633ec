//! What the stand-in knows: instances, their groups and topics, and the lag of each at any moment.

use jiff::Timestamp;

use crate::{
    group::Group,
    mix::{mix, mix_text},
    progress::Progress,
    scenario::Scenario,
};

pub(crate) const MINUTE_MS: i64 = 60_000;

const TOPIC_NAMES: [&str; 8] = [
    "orders",
    "order-refunds",
    "payments",
    "shipments",
    "invoices",
    "stock-changes",
    "notifications",
    "audit-log",
];

/// All series, in the order in which they are served.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) instances: Vec<Instance>,
    pub(crate) topics: Vec<Topic>,
    pub(crate) user_id: String,
    seed: u64,
}

/// A Kafka instance; groups are sorted by name.
#[derive(Debug)]
pub(crate) struct Instance {
    pub(crate) id: String,
    /// The dimensions of a datapoint as they stand inside the escaped text, written once.
    pub(crate) fragment: String,
    pub(crate) groups: Vec<Group>,
}

/// A topic, consumed by every group.
#[derive(Debug)]
pub(crate) struct Topic {
    pub(crate) name: String,
    pub(crate) fragment: String,
}

impl Model {
    pub(crate) fn new(user_id: String, topics: usize, seed: u64) -> Self {
        let topics = (0..topics)
            .map(|number| {
                let name = TOPIC_NAMES
                    .get(number)
                    .map_or_else(|| format!("topic-{:04}", number + 1), ToString::to_string);
                let fragment = fragment("topic", &name);
                Topic { name, fragment }
            })
            .collect();
        Self {
            instances: Vec::new(),
            topics,
            user_id,
            seed,
        }
    }

    /// Adds the instance when it is new; returns its position.
    pub(crate) fn instance(&mut self, id: &str) -> usize {
        if let Some(index) = self.find_instance(id) {
            return index;
        }
        let fragment = fragment("userId", &self.user_id) + &fragment("instanceId", id);
        self.instances.push(Instance {
            id: id.to_owned(),
            fragment,
            groups: Vec::new(),
        });
        self.instances.len() - 1
    }

    /// Gives a group a scenario from the minute of `now` on; what was before stays. A new group has it since ever.
    pub(crate) fn set(&mut self, instance: &str, group: &str, scenario: Scenario, now: Timestamp) {
        self.group_mut(instance, group).set(scenario, now);
    }

    /// Gives a group a lag, or no lag, from now on; with a point of this very moment, that is seen at once.
    pub(crate) fn set_lag(
        &mut self,
        instance: &str,
        group: &str,
        lag: Option<u64>,
        now: Timestamp,
    ) {
        self.group_mut(instance, group).set_lag(lag, now);
    }

    /// Replaces a group's points by these, each so many seconds before `now`.
    pub(crate) fn script(
        &mut self,
        instance: &str,
        group: &str,
        points: &[(i64, u64)],
        now: Timestamp,
    ) {
        self.group_mut(instance, group).script(points, now);
    }

    /// What the Kafka service says of a group; one that is new has no points.
    pub(crate) fn set_progress(&mut self, instance: &str, group: &str, progress: Progress) {
        self.group_mut(instance, group).progress = progress;
    }

    /// The group, added when it is new.
    fn group_mut(&mut self, instance: &str, group: &str) -> &mut Group {
        let index = self.instance(instance);
        let groups = &mut self.instances[index].groups;
        let found = groups.binary_search_by(|known| known.name.as_str().cmp(group));
        let place = found.unwrap_or_else(|place| {
            groups.insert(place, Group::new(group, fragment("consumerGroup", group)));
            place
        });
        &mut groups[place]
    }

    /// Forgets a group together with its past; `false` when there was none.
    pub(crate) fn remove(&mut self, instance: &str, group: &str) -> bool {
        let Some(index) = self.find_instance(instance) else {
            return false;
        };
        let groups = &mut self.instances[index].groups;
        let found = groups.binary_search_by(|known| known.name.as_str().cmp(group));
        found.map(|place| groups.remove(place)).is_ok()
    }

    pub(crate) fn find_instance(&self, id: &str) -> Option<usize> {
        self.instances.iter().position(|known| known.id == id)
    }

    pub(crate) fn group(&self, instance: &str, group: &str) -> Option<&Group> {
        self.instances[self.find_instance(instance)?].find(group)
    }

    pub(crate) fn group_count(&self) -> usize {
        self.instances.iter().map(|known| known.groups.len()).sum()
    }

    /// Used disk in hundredths of a percent: a level of its own per instance, with a little noise per minute.
    pub(crate) fn disk_at(&self, instance: &Instance, at: i64) -> u64 {
        let level = 1500 + mix_text(self.seed, &instance.id) % 6000;
        level + mix(level, at.div_euclid(MINUTE_MS).cast_unsigned()) % 100
    }
}

impl Instance {
    pub(crate) fn find(&self, group: &str) -> Option<&Group> {
        self.position(group).map(|place| &self.groups[place])
    }

    pub(crate) fn position(&self, group: &str) -> Option<usize> {
        self.groups
            .binary_search_by(|known| known.name.as_str().cmp(group))
            .ok()
    }
}

/// The part of `lag` that topic `index` of `count` holds: larger for the first ones, and all parts sum to `lag`.
pub(crate) fn topic_share(lag: u64, index: usize, count: usize) -> u64 {
    let wide = |number: usize| u128::try_from(number).unwrap_or(u128::MAX);
    let (index, count) = (wide(index), wide(count));
    let weight = |topics: u128| topics * (2 * count + 1 - topics) / 2;
    let up_to = |topics: u128| u128::from(lag) * weight(topics) / weight(count).max(1);
    u64::try_from(up_to(index + 1) - up_to(index)).unwrap_or(u64::MAX)
}

/// `,"key":"value"` as it stands inside a JSON string: escaped twice, because the value is itself JSON text.
fn fragment(key: &str, value: &str) -> String {
    let value = serde_json::Value::from(value).to_string();
    escape(&format!(",\"{key}\":{value}"))
}

/// The text as the inside of a JSON string.
pub(crate) fn escape(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::{Model, fragment, topic_share};
    use crate::scenario::Scenario;

    fn now() -> Timestamp {
        "2026-01-15T08:30:20Z".parse().unwrap()
    }

    fn model() -> Model {
        Model::new("1".into(), 3, 1)
    }

    #[test]
    fn the_lags_of_the_topics_sum_to_the_lag_of_the_group() {
        for lag in [0, 1, 2, 7, 150_001, 1 << 53] {
            for count in [1, 2, 3, 10, 101] {
                let sum: u64 = (0..count).map(|index| topic_share(lag, index, count)).sum();
                assert_eq!(sum, lag, "{count} topics");
            }
        }
        assert!(topic_share(100, 0, 3) > topic_share(100, 2, 3));
    }

    #[test]
    fn names_are_escaped_for_json_inside_a_json_string() {
        let name = "订单 \"x\" \\ \u{1}";
        let outer = format!("\"{}\"", fragment("consumerGroup", name));
        let inner: String = serde_json::from_str(&outer).unwrap();
        let parsed: serde_json::Value =
            serde_json::from_str(&format!("{{{}}}", &inner[1..])).unwrap();
        assert_eq!(parsed["consumerGroup"], name);
    }

    #[test]
    fn a_new_scenario_leaves_the_past_alone_and_a_new_group_has_one() {
        let mut model = model();
        model.set("i", "g", Scenario::constant(5), now());
        let later = now() + SignedDuration::from_mins(10);
        model.set("i", "g", Scenario::constant(9), later);
        let group = model.group("i", "g").unwrap();
        let at = |minutes: i64| {
            let moment = now() + SignedDuration::from_mins(minutes);
            group.lag_at(moment.as_millisecond())
        };
        assert_eq!(at(-100), Some(5));
        assert_eq!(at(9), Some(5));
        assert_eq!(at(10), Some(9));
    }

    #[test]
    fn a_scenario_set_after_the_clock_went_back_replaces_what_was_planned() {
        let mut model = model();
        let minute = |minutes| now() + SignedDuration::from_mins(minutes);
        for (minutes, lag) in [(0, 5), (10, 9), (4, 7)] {
            model.set("i", "g", Scenario::constant(lag), minute(minutes));
        }
        let group = model.group("i", "g").unwrap();
        let at = |minutes| group.lag_at(minute(minutes).as_millisecond());
        assert_eq!((at(3), at(4), at(20)), (Some(5), Some(7), Some(7)));
    }

    #[test]
    fn groups_stay_sorted_and_can_be_removed() {
        let mut model = model();
        for name in ["b", "c", "a"] {
            model.set("i", name, Scenario::Zero, now());
        }
        let names: Vec<_> = model.instances[0]
            .groups
            .iter()
            .map(|g| g.name.as_str())
            .collect();
        assert_eq!(names, ["a", "b", "c"]);
        assert!(model.remove("i", "b"));
        assert!(!model.remove("i", "b"));
        assert!(!model.remove("other", "b"));
        assert_eq!(model.group_count(), 2);
    }
}
