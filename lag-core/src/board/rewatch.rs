//! Another configuration over the same board: what stays configured keeps what is known of it.

use super::{Board, Instance, InstanceBoard, SourceBoard};
use crate::{
    GroupFilter, InstanceId, SeriesName,
    recommend::{AdviceBoard, RecommendBook},
};
use jiff::Timestamp;
use std::{collections::BTreeMap, sync::Arc};

/// What of an instance outlasts another configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Everything: it is asked the same.
    All,
    /// What is known. More may be asked now, so what is missing is not known to be absent until it was answered.
    Samples,
    /// The same without lags by topic: those of before mean something else.
    Totals,
    /// Nothing: the numbers of before mean something else.
    Nothing,
}

/// A source as it is configured from now on.
#[derive(Debug, Clone)]
pub struct Rewatched {
    /// Its name.
    pub name: String,
    /// Its instances, and what stays known of each.
    pub instances: Vec<(Instance, Keep)>,
    /// Which groups are asked for; expected ones always are.
    pub filter: GroupFilter,
    /// Whether lags by topic are asked for.
    pub topics: bool,
}

impl Board {
    /// The board under another configuration. What is not configured any more is gone, samples of what is stay, and a board
    /// that was ready stays so. What policies have said is kept for groups that `book` has a rule for; call
    /// [`Board::recommending`] after it, so that they look at it by their new words.
    #[must_use]
    pub fn rewatched(
        &self,
        sources: impl IntoIterator<Item = Rewatched>,
        book: &RecommendBook,
        now: Timestamp,
    ) -> Self {
        let mut next = Self {
            instances: BTreeMap::new(),
            sources: BTreeMap::new(),
            advice: Arc::default(),
            was_tried: self.is_tried(),
        };
        for source in sources {
            let known = self.sources.get(source.name.as_str()).cloned();
            let known = known.unwrap_or_else(SourceBoard::default);
            next.sources.insert(source.name.as_str().into(), known);
            for (instance, keep) in source.instances {
                let id = instance.id.clone();
                let known = self.instances.get(&id).filter(|_| keep != Keep::Nothing);
                let board = match known {
                    Some(known) => {
                        let mut known = InstanceBoard::clone(known);
                        known.rewatch(instance, now, keep, (&source.filter, source.topics));
                        known
                    }
                    None => InstanceBoard::watched(&instance.region, instance.expected, now),
                };
                next.instances.insert(id, Arc::new(board));
            }
        }
        let has_sample = |instance: &InstanceId| next.instances.contains_key(instance);
        let said = self.advice.0.iter();
        let said = said.filter(|(key, _)| has_sample(&key.instance) && book.of(key).is_some());
        let said = said.map(|(key, said)| (key.clone(), said.clone()));
        next.advice = Arc::new(AdviceBoard(said.collect()));
        next
    }
}

impl InstanceBoard {
    fn rewatch(
        &mut self,
        instance: Instance,
        now: Timestamp,
        keep: Keep,
        (filter, topics): (&GroupFilter, bool),
    ) {
        let mut expected = instance.expected;
        expected.sort();
        expected.dedup();
        self.region = instance.region.as_str().into();
        self.expected = expected.into();
        let topics = match keep {
            Keep::All => topics,
            Keep::Samples => {
                self.unanswered_since = Some(now);
                topics
            }
            Keep::Totals | Keep::Nothing => {
                self.unanswered_since = Some(now);
                false
            }
        };
        let expected = &self.expected;
        let is_asked = |series: &SeriesName| {
            let is_expected = expected.iter().any(|other| other.group == series.group);
            (filter.accepts(&series.group) || is_expected) && (topics || series.topic.is_none())
        };
        self.samples.retain(|(series, _)| is_asked(series));
    }
}
