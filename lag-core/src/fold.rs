//! Many pages of points become one sample per series: the newest point, and the trend of the last few.

use crate::{
    DatapointError, DropReason, Dropped, Earlier, GroupName, InstanceId, Lag, LagSample,
    LagSnapshot, SeriesName, SnapshotRules, TopicName, Trend,
    datapoint::{self, Datapoint},
};
use jiff::Timestamp;
use std::collections::{BTreeMap, HashMap};

/// Points remembered per series while pages arrive; enough for a trend, and a bound on memory.
pub(crate) const RECENT: usize = 6;

/// Folds pages into a [`LagSnapshot`]. Neither the order of pages nor that of points matters: per series the newest
/// timestamp wins, and of two points with one timestamp the larger lag. Memory grows with series, not with points.
/// Only what is beyond [`SnapshotRules::max_series`] depends on who came first.
#[derive(Debug)]
pub struct SnapshotBuilder<'r> {
    rules: &'r SnapshotRules,
    taken_at: Timestamp,
    latest_ms: i64,
    instances: Vec<InstanceFold>,
    room: Room,
    received: u64,
    dropped: BTreeMap<DropReason, u64>,
}

/// How many series may still be added, and how many were refused.
#[derive(Debug)]
struct Room {
    left: usize,
    refused: u64,
}

#[derive(Debug)]
struct InstanceFold {
    id: InstanceId,
    index: HashMap<GroupName, usize>,
    groups: Vec<GroupFold>,
    series: Vec<(SeriesName, Recent)>,
}

/// Where the series of a group are in [`InstanceFold::series`].
#[derive(Debug)]
struct GroupFold {
    name: GroupName,
    wanted: bool,
    total: Option<Slot>,
    topics: HashMap<TopicName, Slot>,
}

#[derive(Debug, Clone, Copy)]
enum Slot {
    At(usize),
    NoRoom,
}

impl<'r> SnapshotBuilder<'r> {
    /// Starts a snapshot of these instances. Points of other instances will be dropped.
    #[must_use]
    pub fn new(
        rules: &'r SnapshotRules,
        instances: impl IntoIterator<Item = InstanceId>,
        taken_at: Timestamp,
    ) -> Self {
        let mut ids: Vec<_> = instances.into_iter().collect();
        ids.sort();
        ids.dedup();
        let fold = |id| InstanceFold {
            id,
            index: HashMap::new(),
            groups: Vec::new(),
            series: Vec::new(),
        };
        let latest = taken_at
            .checked_add(rules.future_tolerance)
            .unwrap_or(Timestamp::MAX);
        Self {
            rules,
            taken_at,
            latest_ms: latest.as_millisecond(),
            instances: ids.into_iter().map(fold).collect(),
            room: Room {
                left: rules.max_series,
                refused: 0,
            },
            received: 0,
            dropped: BTreeMap::new(),
        }
    }

    /// Takes one page, all of it or nothing. Points that cannot be believed are dropped one by one and counted.
    ///
    /// # Errors
    /// [`DatapointError`] when the text is not an array of points.
    pub fn page(&mut self, json: &str) -> Result<(), DatapointError> {
        let points = datapoint::parse(json, self.rules.statistic)?;
        self.received = self.received.saturating_add(points.len() as u64);
        let mut instance = 0; // most pages are of one instance: look where the last point was first
        for point in &points {
            if let Err(reason) = self.point(point, &mut instance) {
                *self.dropped.entry(reason).or_default() += 1;
            }
        }
        Ok(())
    }

    fn point(&mut self, point: &Datapoint<'_>, at: &mut usize) -> Result<(), DropReason> {
        let id = point.instance.as_deref().ok_or(DropReason::Instance)?;
        if self
            .instances
            .get(*at)
            .is_none_or(|fold| fold.id.as_str() != id)
        {
            let found = self
                .instances
                .binary_search_by(|fold| fold.id.as_str().cmp(id));
            *at = found.map_err(|_| DropReason::Instance)?;
        }
        let group = point.group.as_deref().ok_or(DropReason::Group)?;
        if point.timestamp_ms > self.latest_ms
            || Timestamp::from_millisecond(point.timestamp_ms).is_err()
        {
            return Err(DropReason::Timestamp);
        }
        let value = point.value.ok_or(DropReason::Statistic)?;
        let lag = Lag::try_from(value).map_err(|_| DropReason::Value)?;
        let fold = &mut self.instances[*at];
        let topic = point.topic.as_deref();
        if let Some(Slot::At(slot)) = fold.slot(group, topic, self.rules, &mut self.room)? {
            fold.series[slot].1.insert(point.timestamp_ms, lag);
        }
        Ok(())
    }

    /// The snapshot of all pages taken so far.
    #[must_use]
    pub fn finish(self) -> LagSnapshot {
        let mut earlier = BTreeMap::new();
        let instances = self.instances.into_iter().map(|fold| {
            let totals = fold.series.iter().filter(|(name, _)| name.topic.is_none());
            let mut before: Vec<_> = totals
                .map(|(name, recent)| (name.group.clone(), recent.earlier()))
                .collect();
            before.sort_by(|a, b| a.0.cmp(&b.0));
            earlier.insert(fold.id.clone(), before);
            let samples = fold
                .series
                .into_iter()
                .map(|(name, recent)| (name, recent.sample()));
            let mut samples: Vec<_> = samples.collect();
            // Stable and adaptive: a vendor that answers in the order of names costs nothing here.
            samples.sort_by(|a, b| a.0.cmp(&b.0));
            (fold.id, samples)
        });
        LagSnapshot {
            taken_at: self.taken_at,
            instances: instances.collect(),
            earlier,
            received: self.received,
            dropped: Dropped {
                points: self.dropped,
                series: self.room.refused,
            },
        }
    }
}

impl InstanceFold {
    /// The place of a series, made if it is new; `None` when the filter does not want its group.
    fn slot(
        &mut self,
        group: &str,
        topic: Option<&str>,
        rules: &SnapshotRules,
        room: &mut Room,
    ) -> Result<Option<Slot>, DropReason> {
        let position = match self.index.get(group) {
            Some(position) => *position,
            None => {
                let name = GroupName::new(group).map_err(|_| DropReason::Group)?;
                let wanted = rules.filter.accepts(&name);
                self.index.insert(name.clone(), self.groups.len());
                self.groups.push(GroupFold {
                    name,
                    wanted,
                    total: None,
                    topics: HashMap::new(),
                });
                self.groups.len() - 1
            }
        };
        let entry = &mut self.groups[position];
        if !entry.wanted {
            return Ok(None);
        }
        let known = match topic {
            None => entry.total,
            Some(topic) => entry.topics.get(topic).copied(),
        };
        if known.is_some() {
            return Ok(known);
        }
        let topic = topic
            .map(TopicName::new)
            .transpose()
            .map_err(|_| DropReason::Topic)?;
        let slot = if room.left == 0 && !rules.always.contains(&entry.name) {
            room.refused += 1;
            Slot::NoRoom
        } else {
            room.left = room.left.saturating_sub(1);
            let name = SeriesName {
                group: entry.name.clone(),
                topic: topic.clone(),
            };
            self.series.push((name, Recent::default()));
            Slot::At(self.series.len() - 1)
        };
        match topic {
            None => entry.total = Some(slot),
            Some(topic) => _ = entry.topics.insert(topic, slot),
        }
        Ok(Some(slot))
    }
}

/// The newest moments of one series, newest first, each once.
#[derive(Debug, Default)]
struct Recent {
    points: [(i64, Lag); RECENT],
    len: usize,
}

impl Recent {
    fn insert(&mut self, at: i64, lag: Lag) {
        let position = self.points[..self.len].partition_point(|(other, _)| *other > at);
        if position == RECENT {
            return;
        }
        if position < self.len && self.points[position].0 == at {
            self.points[position].1 = self.points[position].1.max(lag);
            return;
        }
        self.len = (self.len + 1).min(RECENT);
        self.points[position..self.len].rotate_right(1);
        self.points[position] = (at, lag);
    }

    fn earlier(&self) -> Earlier {
        Earlier::of(&self.points[..self.len])
    }

    fn sample(&self) -> LagSample {
        let (at, lag) = self.points[0]; // a series is made for its first point, so there is one
        LagSample {
            at: Timestamp::from_millisecond(at).unwrap_or(Timestamp::UNIX_EPOCH),
            lag,
            trend: Trend::fit(&self.points[..self.len]),
        }
    }
}
