//! The `Dimensions` parameter: JSON text, an object or an array of objects, and which series it selects.

use serde_json::Value;

use crate::model::Model;

/// At most so many instances in one request.
const MOST: usize = 50;

/// One object of the parameter: every key given must fit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(crate) instance: Option<String>,
    pub(crate) group: Option<String>,
    pub(crate) topic: Option<String>,
    user: Option<String>,
    /// Keys no metric here has: they fit nothing.
    unknown_key: bool,
}

/// The series a metric has per instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Metric {
    Accumulation,
    AccumulationOneTopic,
    DiskCapacity,
}

impl Metric {
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        match name {
            "message_accumulation" => Some(Self::Accumulation),
            "message_accumulation_onetopic" => Some(Self::AccumulationOneTopic),
            "instance_disk_capacity" => Some(Self::DiskCapacity),
            _ => None,
        }
    }
}

/// Neighbouring series of one instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) instance: usize,
    pub(crate) first_group: usize,
    pub(crate) groups: usize,
    /// `None`: every topic of the metric.
    pub(crate) topic: Option<usize>,
    /// Series before this run.
    pub(crate) offset: usize,
    pub(crate) series: usize,
}

/// Parses the parameter; `None` when it is not what the vendor accepts. Absent or empty means everything.
pub(crate) fn parse(text: Option<&str>) -> Option<Vec<Filter>> {
    let text = match text {
        None | Some("") => return Some(vec![Filter::default()]),
        Some(text) => text,
    };
    let objects = match serde_json::from_str(text).ok()? {
        Value::Array(items) => items,
        object @ Value::Object(_) => vec![object],
        _ => return None,
    };
    if objects.len() > MOST {
        return None;
    }
    if objects.is_empty() {
        return Some(vec![Filter::default()]);
    }
    objects.iter().map(filter).collect()
}

fn filter(object: &Value) -> Option<Filter> {
    let mut filter = Filter::default();
    for (key, value) in object.as_object()? {
        let value = Some(value.as_str()?.to_owned());
        match key.as_str() {
            "instanceId" => filter.instance = value,
            "consumerGroup" => filter.group = value,
            "topic" => filter.topic = value,
            "userId" => filter.user = value,
            _ => filter.unknown_key = true,
        }
    }
    Some(filter)
}

impl Filter {
    /// Everything `other` selects is selected by `self` too.
    fn covers(&self, other: &Self) -> bool {
        let fits =
            |mine: &Option<String>, theirs: &Option<String>| mine.is_none() || mine == theirs;
        !self.unknown_key
            && fits(&self.instance, &other.instance)
            && fits(&self.group, &other.group)
            && fits(&self.topic, &other.topic)
            && fits(&self.user, &other.user)
    }

    fn fits(&self, model: &Model, metric: Metric) -> bool {
        let foreign = match metric {
            Metric::Accumulation => self.topic.is_some(),
            Metric::AccumulationOneTopic => false,
            Metric::DiskCapacity => self.topic.is_some() || self.group.is_some(),
        };
        !self.unknown_key
            && !foreign
            && self.user.as_ref().is_none_or(|user| *user == model.user_id)
    }
}

/// The runs of series the filters select, each series once.
pub(crate) fn select(model: &Model, metric: Metric, filters: &[Filter]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (position, filter) in filters.iter().enumerate() {
        let repeated = filters.iter().enumerate().any(|(other, known)| {
            other != position && known.covers(filter) && (other < position || !filter.covers(known))
        });
        if repeated || !filter.fits(model, metric) {
            continue;
        }
        for instance in 0..model.instances.len() {
            if let Some(mut run) = run_of(model, metric, filter, instance) {
                run.offset = runs.last().map_or(0, |last| last.offset + last.series);
                runs.push(run);
            }
        }
    }
    runs
}

fn run_of(model: &Model, metric: Metric, filter: &Filter, index: usize) -> Option<Run> {
    let instance = &model.instances[index];
    if filter
        .instance
        .as_ref()
        .is_some_and(|id| *id != instance.id)
    {
        return None;
    }
    let (first_group, groups) = match (&filter.group, metric) {
        (_, Metric::DiskCapacity) => (0, 1),
        (None, _) => (0, instance.groups.len()),
        (Some(name), _) => (instance.position(name)?, 1),
    };
    let topic = match &filter.topic {
        None => None,
        Some(name) => Some(model.topics.iter().position(|topic| topic.name == *name)?),
    };
    let series = match (metric, topic) {
        (Metric::AccumulationOneTopic, None) => groups * model.topics.len(),
        _ => groups,
    };
    Some(Run {
        instance: index,
        first_group,
        groups,
        topic,
        offset: 0,
        series,
    })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{Metric, parse, select};
    use crate::{model::Model, scenario::Scenario};

    fn model() -> Model {
        let mut model = Model::new("42".into(), 2, 1);
        for (instance, group) in [("a", "x"), ("a", "y"), ("b", "x")] {
            model.set(instance, group, Scenario::Zero, Timestamp::UNIX_EPOCH);
        }
        model
    }

    fn count(metric: Metric, text: &str) -> usize {
        let filters = parse(Some(text)).unwrap();
        select(&model(), metric, &filters)
            .iter()
            .map(|run| run.series)
            .sum()
    }

    #[test]
    fn objects_and_arrays_select_by_any_part_of_the_dimensions() {
        let groups = |text| count(Metric::Accumulation, text);
        assert_eq!(groups("{}"), 3);
        assert_eq!(groups("[]"), 3);
        assert_eq!(groups(r#"{"instanceId":"a"}"#), 2);
        assert_eq!(groups(r#"[{"instanceId":"a"},{"instanceId":"b"}]"#), 3);
        assert_eq!(groups(r#"{"consumerGroup":"x"}"#), 2);
        assert_eq!(groups(r#"{"instanceId":"a","consumerGroup":"y"}"#), 1);
        assert_eq!(groups(r#"{"instanceId":"unknown"}"#), 0);
        assert_eq!(groups(r#"{"userId":"42"}"#), 3);
        assert_eq!(groups(r#"{"userId":"43"}"#), 0);
        assert_eq!(groups(r#"{"instance":"a"}"#), 0);
        assert_eq!(groups(r#"{"topic":"orders"}"#), 0);
    }

    #[test]
    fn the_other_metrics_have_their_own_series() {
        assert_eq!(count(Metric::AccumulationOneTopic, "{}"), 6);
        assert_eq!(
            count(Metric::AccumulationOneTopic, r#"{"topic":"orders"}"#),
            3
        );
        assert_eq!(
            count(Metric::AccumulationOneTopic, r#"{"topic":"none"}"#),
            0
        );
        assert_eq!(count(Metric::DiskCapacity, "{}"), 2);
        assert_eq!(count(Metric::DiskCapacity, r#"{"consumerGroup":"x"}"#), 0);
    }

    #[test]
    fn overlapping_filters_select_a_series_once() {
        let text =
            r#"[{"instanceId":"a","consumerGroup":"y"},{"instanceId":"a"},{"instanceId":"a"}]"#;
        assert_eq!(count(Metric::Accumulation, text), 2);
        assert_eq!(count(Metric::Accumulation, r#"[{},{"instanceId":"a"}]"#), 3);
    }

    #[test]
    fn what_the_vendor_cannot_parse_is_refused() {
        for text in ["{", "7", r#""a""#, r#"[["a"]]"#, r#"{"instanceId":7}"#] {
            assert_eq!(parse(Some(text)), None, "{text}");
        }
        let many = |n: usize| format!("[{}]", vec![r#"{"instanceId":"a"}"#; n].join(","));
        assert!(parse(Some(&many(50))).is_some());
        assert_eq!(parse(Some(&many(51))), None);
    }
}
