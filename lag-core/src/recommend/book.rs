//! Which policy is for which group, and what the policies have said of a board.

use super::{Policy, Recommendation, ReplicaCount, Why, recommend};
use crate::{GroupKey, LagSample, Matcher, Reading, Row, target::Workload};
use std::collections::{BTreeMap, BTreeSet};

/// A policy for some groups.
#[derive(Debug, Clone, PartialEq)]
pub struct RecommendRule {
    /// Groups it is for; any of them.
    pub groups: Vec<Matcher>,
    /// Instances it is for; empty for all.
    pub instances: Vec<Matcher>,
    /// What it says.
    pub policy: Policy,
    /// Whose replicas are counted: a drain policy needs to know how many consume, and any policy begins with the number
    /// that is set.
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
        if key.topic.is_some() {
            return None;
        }
        let any = |list: &[Matcher], name: &str| list.iter().any(|matcher| matcher.accepts(name));
        let fits = |rule: &&RecommendRule| {
            any(&rule.groups, key.group.as_str())
                && (rule.instances.is_empty() || any(&rule.instances, key.instance.as_str()))
        };
        self.rules.iter().find(fits)
    }

    /// Every workload whose replicas are counted, once.
    #[must_use]
    pub fn workloads(&self) -> BTreeSet<&Workload> {
        let rules = self.rules.iter();
        rules.filter_map(|rule| rule.workload.as_ref()).collect()
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

impl Advice {
    /// Why this number, or why none.
    #[must_use]
    pub fn why(&self) -> Why {
        match self {
            Self::Replicas { why, .. } | Self::Silent(why) => *why,
        }
    }
}

/// What the policies said of the newest sample of each group, and what they remember.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct AdviceBoard(pub(crate) BTreeMap<GroupKey, Said>);

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Said {
    pub(crate) recommendation: Recommendation,
    /// The fresh sample it was said of.
    pub(crate) of: Option<LagSample>,
}

impl AdviceBoard {
    /// After the policies have seen these rows. Groups without a row are forgotten.
    pub(crate) fn follow<'b>(
        &self,
        book: &RecommendBook,
        rows: impl Iterator<Item = Row<'b>>,
        replicas: impl Fn(&Workload) -> Option<ReplicaCount>,
    ) -> Self {
        let said = rows.filter_map(|row| {
            let key = row.key();
            let rule = book.of(&key)?;
            let count = rule.workload.as_ref().and_then(&replicas);
            let before = self
                .0
                .get(&key)
                .and_then(|said| said.recommendation.memory.as_ref());
            let (memory, of) = match row.reading {
                Reading::Fresh(sample) => {
                    let mut memory = before.cloned().unwrap_or_default();
                    // In the middle of a backlog the number somebody has set is the last number.
                    memory.held = memory.held.or(count.map(|count| count.wanted));
                    (Some(memory), Some(sample))
                }
                Reading::Stale { .. } | Reading::Absent | Reading::Failed { .. } => {
                    (before.cloned(), None)
                }
            };
            let running = count.map(|count| count.running);
            let mut recommendation =
                recommend(&rule.policy, memory.as_ref(), &row.reading, running);
            if rule.workload.is_some() && count.is_none() && recommendation.why == Why::Undecided {
                recommendation.why = Why::NoReplicas;
            }
            Some((key, Said { recommendation, of }))
        });
        Self(said.collect())
    }

    pub(crate) fn of(&self, key: &GroupKey) -> Option<&Said> {
        self.0.get(key)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&GroupKey, &Said)> {
        self.0.iter()
    }
}

impl Said {
    /// What was said, if that is what the reading of now asks for.
    pub(crate) fn now(&self, reading: &Reading) -> Advice {
        let why = self.recommendation.why;
        match *reading {
            Reading::Fresh(sample) if self.of == Some(sample) => {
                let said = self.recommendation.replicas;
                said.map_or(Advice::Silent(why), |replicas| Advice::Replicas {
                    replicas,
                    sample,
                    why,
                })
            }
            Reading::Fresh(_) => Advice::Silent(Why::Unseen),
            Reading::Stale { age, .. } => Advice::Silent(Why::Stale { age }),
            Reading::Absent => Advice::Silent(Why::Absent),
            Reading::Failed { since } => Advice::Silent(Why::Failed { since }),
        }
    }
}
