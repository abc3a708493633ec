//! Pages of datapoints, made from indices: no list of points ever exists.

use std::fmt::Write as _;

use crate::{
    dimensions::{Metric, Run},
    group::Group,
    model::{MINUTE_MS, Model, topic_share},
    publication::Moment,
};

/// In which order the points of a window are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum PointOrder {
    /// Minute by minute, every series within a minute: the vendor's tokens carry a timestamp.
    #[default]
    TimeMajor,
    /// Series by series, every minute of a series together.
    GroupMajor,
}

/// What faults change about the points themselves.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Distortion {
    pub(crate) negative: bool,
    pub(crate) no_statistic: bool,
    pub(crate) shift_ms: i64,
}

/// All points of one query, addressed by number.
#[derive(Debug)]
pub(crate) struct Points<'m> {
    pub(crate) model: &'m Model,
    pub(crate) metric: Metric,
    pub(crate) runs: Vec<Run>,
    pub(crate) times: Vec<Moment>,
    pub(crate) period_ms: i64,
    pub(crate) order: PointOrder,
    /// Only so many of the newest points of each series.
    pub(crate) newest: Option<usize>,
}

/// Where the next page begins: the number of its first point and that point's timestamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Next {
    pub(crate) index: usize,
    pub(crate) timestamp: i64,
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) points: usize,
    pub(crate) next: Option<Next>,
}

/// One point, found but not written.
struct Point<'m> {
    timestamp: i64,
    run: &'m Run,
    within: usize,
    /// Messages, or hundredths of a percent for the disk.
    value: u64,
}

impl Points<'_> {
    fn series(&self) -> usize {
        self.runs.last().map_or(0, |run| run.offset + run.series)
    }

    /// Numbers in use; not every number has a point.
    pub(crate) fn len(&self) -> usize {
        self.series() * self.newest.unwrap_or(self.times.len())
    }

    /// Writes up to `length` points from number `index` on, as the inside of a JSON string.
    pub(crate) fn write(
        &self,
        out: &mut String,
        index: usize,
        length: usize,
        how: Distortion,
    ) -> Written {
        let mut points = 0;
        out.push('[');
        for number in index..self.len() {
            let Some(point) = self.at(number) else {
                continue;
            };
            if points == length {
                out.push(']');
                let next = Next {
                    index: number,
                    timestamp: point.timestamp,
                };
                return Written {
                    points,
                    next: Some(next),
                };
            }
            if points > 0 {
                out.push(',');
            }
            self.write_point(out, &point, how);
            points += 1;
        }
        out.push(']');
        Written { points, next: None }
    }

    fn at(&self, number: usize) -> Option<Point<'_>> {
        if let Some(newest) = self.newest {
            return self.newest_of(number / newest, newest - number % newest);
        }
        let (series, time) = match self.order {
            PointOrder::TimeMajor => (number % self.series(), number / self.series()),
            PointOrder::GroupMajor => (number / self.times.len(), number % self.times.len()),
        };
        self.point(series, *self.times.get(time)?)
    }

    /// The newest point of a series for `rank` 1, the one before for 2.
    fn newest_of(&self, series: usize, rank: usize) -> Option<Point<'_>> {
        let backwards = self.times.iter().rev();
        backwards
            .filter_map(|time| self.point(series, *time))
            .nth(rank - 1)
    }

    /// Adds the single points of the selected groups in `(start, end]` that were made by `now`.
    pub(crate) fn add_single(&mut self, start: i64, end: i64, now: i64) {
        if self.metric == Metric::DiskCapacity {
            return;
        }
        let mut found = Vec::new();
        for run in &self.runs {
            let groups = &self.model.instances[run.instance].groups;
            for group in &groups[run.first_group..run.first_group + run.groups] {
                let moments = group.single().iter().map(|(at, _)| *at);
                found.extend(moments.filter(|at| (start + 1..=end.min(now)).contains(at)));
            }
        }
        if found.is_empty() {
            return;
        }
        self.times.extend(found.into_iter().map(Moment::single));
        // A published period stays in front of a single point at the same moment, which then adds no timestamp.
        self.times
            .sort_by_key(|moment| (moment.at, !moment.is_published));
        self.times.dedup_by_key(|moment| moment.at);
    }

    /// The lag of a group's point at this timestamp, if it has one.
    fn lag(&self, group: &Group, moment: Moment) -> Option<u64> {
        let single = group.single_at(moment.at);
        single.or_else(|| {
            // A period is reported as it ended: the value of its last minute.
            let last = moment.at + self.period_ms - MINUTE_MS;
            moment.is_published.then(|| group.minute_at(last)).flatten()
        })
    }

    fn point(&self, series: usize, moment: Moment) -> Option<Point<'_>> {
        let run = &self.runs[self.runs.partition_point(|run| run.offset <= series) - 1];
        let within = series - run.offset;
        let timestamp = moment.at;
        let instance = &self.model.instances[run.instance];
        let value = match self.metric {
            Metric::DiskCapacity => {
                let last = timestamp + self.period_ms - MINUTE_MS;
                self.model.disk_at(instance, last)
            }
            Metric::Accumulation => self.lag(&instance.groups[run.first_group + within], moment)?,
            Metric::AccumulationOneTopic => {
                let (group, topic) = self.split(run, within);
                let lag = self.lag(&instance.groups[group], moment)?;
                topic_share(lag, topic, self.model.topics.len())
            }
        };
        Some(Point {
            timestamp,
            run,
            within,
            value,
        })
    }

    fn split(&self, run: &Run, within: usize) -> (usize, usize) {
        match run.topic {
            Some(topic) => (run.first_group + within, topic),
            None => {
                let topics = self.model.topics.len();
                (run.first_group + within / topics, within % topics)
            }
        }
    }

    fn write_point(&self, out: &mut String, point: &Point<'_>, how: Distortion) {
        let instance = &self.model.instances[point.run.instance];
        let sign = if how.negative { "-" } else { "" };
        let value = point.value + u64::from(how.negative);
        // Writing to a String cannot fail.
        let _ = write!(
            out,
            "{{\\\"timestamp\\\":{}",
            point.timestamp + how.shift_ms
        );
        out.push_str(&instance.fragment);
        if self.metric == Metric::DiskCapacity {
            if !how.no_statistic {
                let _ = write!(
                    out,
                    ",\\\"Maximum\\\":{sign}{}.{:02}",
                    value / 100,
                    value % 100
                );
            }
            out.push('}');
            return;
        }
        let (group, topic) = match self.metric {
            Metric::AccumulationOneTopic => {
                let (group, topic) = self.split(point.run, point.within);
                (group, Some(topic))
            }
            _ => (point.run.first_group + point.within, None),
        };
        out.push_str(&instance.groups[group].fragment);
        if !how.no_statistic {
            let _ = write!(out, ",\\\"Value\\\":{sign}{value}.0");
        }
        if let Some(topic) = topic {
            out.push_str(&self.model.topics[topic].fragment);
        }
        out.push('}');
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{Distortion, PointOrder, Points};
    use crate::{
        dimensions::{Filter, Metric, select},
        model::Model,
        publication::Moment,
        scenario::Scenario,
    };

    const MINUTE: i64 = 60_000;

    fn model() -> Model {
        let mut model = Model::new("42".into(), 2, 1);
        let at = Timestamp::UNIX_EPOCH;
        for (group, scenario) in [
            ("a", Scenario::constant(1)),
            (
                "b",
                Scenario::vanish(2, Timestamp::from_millisecond(2 * MINUTE).unwrap()),
            ),
            ("c", Scenario::constant(3)),
        ] {
            model.set("i", group, scenario, at);
        }
        model
    }

    fn points(model: &Model, order: PointOrder) -> Points<'_> {
        Points {
            runs: select(model, Metric::Accumulation, &[Filter::default()]),
            model,
            metric: Metric::Accumulation,
            times: [0, MINUTE, 2 * MINUTE].map(Moment::published).to_vec(),
            period_ms: MINUTE,
            order,
            newest: None,
        }
    }

    /// All pages as (timestamp, value), and how many pages it took.
    fn all(points: &Points<'_>, length: usize) -> (Vec<(i64, f64)>, usize) {
        let (mut found, mut pages, mut index) = (Vec::new(), 0, 0);
        loop {
            let mut out = String::from("\"");
            let written = points.write(&mut out, index, length, Distortion::default());
            let text: String = serde_json::from_str(&(out + "\"")).unwrap();
            let list: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
            assert_eq!(list.len(), written.points);
            pages += 1;
            found.extend(list.iter().map(|point| {
                (
                    point["timestamp"].as_i64().unwrap(),
                    point["Value"].as_f64().unwrap(),
                )
            }));
            match written.next {
                Some(next) => index = next.index,
                None => return (found, pages),
            }
        }
    }

    #[test]
    fn every_page_length_gives_the_same_points_in_the_same_order() {
        let model = model();
        let expected = [
            (0, 1.0),
            (0, 2.0),
            (0, 3.0),
            (1, 1.0),
            (1, 2.0),
            (1, 3.0),
            (2, 1.0),
            (2, 3.0),
        ];
        let expected = expected
            .map(|(minute, value)| (minute * MINUTE, value))
            .to_vec();
        for length in 1..=9 {
            let (found, pages) = all(&points(&model, PointOrder::TimeMajor), length);
            assert_eq!(found, expected, "pages of {length}");
            assert_eq!(pages, expected.len().div_ceil(length), "no empty last page");
        }
    }

    #[test]
    fn group_major_order_keeps_a_series_together() {
        let model = model();
        let (found, _) = all(&points(&model, PointOrder::GroupMajor), 2);
        let values: Vec<f64> = found.iter().map(|point| point.1).collect();
        assert_eq!(values, [1.0, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 3.0]);
    }

    #[test]
    fn the_newest_points_of_a_vanished_group_are_its_last_ones() {
        let model = model();
        let mut points = points(&model, PointOrder::TimeMajor);
        points.newest = Some(1);
        let (found, _) = all(&points, 10);
        assert_eq!(found, [(2 * MINUTE, 1.0), (MINUTE, 2.0), (2 * MINUTE, 3.0)]);
    }
}
