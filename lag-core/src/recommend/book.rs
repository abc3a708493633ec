//! Which policy is for which group, and what the policies have said of a board.

use super::{Memory, Policy, Recommendation, Running, Why, recommend};
use crate::{GroupKey, LagSample, Matcher, Reading, Row, target::Workload};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// A policy for some groups.
#[derive(Debug, Clone, PartialEq)]
pub struct RecommendRule {
    /// Groups it is for; any of them.
    pub groups: Vec<Matcher>,
    /// Instances it is for; empty for all.
    pub instances: Vec<Matcher>,
    /// What it says.
    pub policy: Policy,
    /// Whose replicas are counted, where a policy needs to know how many consume.
    pub workload: Option<Workload>,
}

/// All policies. The first that fits a group counts; groups that none fits have no recommendation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RecommendBook {
    /// In order.
    pub rules: Vec<RecommendRule>,
}

impl RecommendBook {
    /// The rule of a group. Topics have none: replicas consume all topics of their group.
    #[must_use]
    pub fn of(&self, key: &GroupKey) -> Option<&RecommendRule> {
        let any = |list: &[Matcher], name: &str| list.iter().any(|matcher| matcher.accepts(name));
        let fits = |rule: &&RecommendRule| {
            any(&rule.groups, key.group.as_str())
                && (rule.instances.is_empty() || any(&rule.instances, key.instance.as_str()))
        };
        if key.topic.is_some() {
            return None;
        }
        self.rules.iter().find(fits)
    }
}

/// How many replicas a group should have, as far as that may be said now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Advice {
    /// So many.
    Replicas {
        /// An absolute number.
        replicas: u32,
        /// The sample it follows from, fresh.
        sample: LagSample,
        /// Why this number.
        why: Why,
    },
    /// Nothing: whoever scales should leave the workload as it is.
    Silent(Why),
}

/// What the policies said of the newest sample of each group, and what they remember.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct AdviceBoard(pub(crate) BTreeMap<GroupKey, Said>);

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Said {
    pub(crate) recommendation: Recommendation,
    /// Time of the fresh sample it was said of.
    pub(crate) of: Option<Timestamp>,
}

impl AdviceBoard {
    /// After the policies have seen these rows. Groups without a row are forgotten.
    pub(crate) fn follow<'b>(
        &self,
        book: &RecommendBook,
        rows: impl Iterator<Item = Row<'b>>,
        running: impl Fn(&Workload) -> Option<Running>,
    ) -> Self {
        if book.rules.is_empty() {
            return Self::default();
        }
        let said = rows.filter_map(|row| {
            let key = GroupKey {
                instance: row.instance.clone(),
                group: row.series.group.clone(),
                topic: row.series.topic.clone(),
            };
            let rule = book.of(&key)?;
            let running = rule.workload.as_ref().and_then(&running);
            let kept = self
                .0
                .get(&key)
                .and_then(|said| said.recommendation.memory.clone());
            // In the middle of a backlog the number that runs is the last number.
            let memory = kept.or_else(|| running.map(|found| Memory::starting_at(found.replicas)));
            let recommendation = recommend(&rule.policy, memory.as_ref(), &row.reading, running);
            let of = match row.reading {
                Reading::Fresh(sample) => Some(sample.at),
                Reading::Stale { .. } | Reading::Absent | Reading::Failed { .. } => None,
            };
            Some((key, Said { recommendation, of }))
        });
        Self(said.collect())
    }

    /// What was said of a group, if that is what its reading asks for.
    pub(crate) fn of(&self, key: &GroupKey, reading: &Reading) -> Option<Advice> {
        let said = self.0.get(key)?;
        Some(match *reading {
            Reading::Fresh(sample) => match said.recommendation.replicas {
                Some(replicas) if said.of == Some(sample.at) => Advice::Replicas {
                    replicas,
                    sample,
                    why: said.recommendation.why,
                },
                _ => Advice::Silent(said.recommendation.why),
            },
            Reading::Stale { age, .. } => Advice::Silent(Why::Stale { age }),
            Reading::Absent => Advice::Silent(Why::Absent),
            Reading::Failed { since } => Advice::Silent(Why::Failed { since }),
        })
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &GroupKey> {
        self.0.keys()
    }
}
