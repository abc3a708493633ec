//! Which absolute number a scaling comes to.

use super::{Change, ResolvedScale, ScaleSubject};
use crate::{Bounds, Refusal, Replicas, Target, port::Scalable};
use std::cmp::Ordering;

/// What to write, given what is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScaleDecision {
    /// Remember this, then write it.
    Write(ResolvedScale),
    /// It is so already: an earlier run, or somebody else, was here.
    Already {
        /// The number found.
        at: u32,
    },
    /// It must not be done.
    Refuse(Refusal),
}

/// Works out the absolute number for a change, never lowering what a `By(+n)` or a repeat finds raised further, and
/// taking back only what nobody else has changed since. [`Change::Restart`] is no scaling and is refused.
#[must_use]
pub fn decide_scale(change: &Change, found: &Scalable, target: &Target) -> ScaleDecision {
    if let Some(by) = &found.owner {
        return ScaleDecision::Refuse(Refusal::Autoscaled { by: by.clone() });
    }
    if found.replicas == 0 {
        return ScaleDecision::Refuse(Refusal::AtZero);
    }
    let limits = target.limits();
    let room = Room {
        found,
        target,
        limits: found.most.map_or(limits, |most| limits.at_most(most)),
    };
    match change {
        Change::Restart { .. } => {
            let kind = target.workload.kind.as_str().to_owned();
            ScaleDecision::Refuse(Refusal::Kind(kind))
        }
        Change::Scale {
            wanted,
            resolved: None,
        } => room.first(*wanted),
        Change::Scale {
            resolved: Some(earlier),
            ..
        } => room.repeat(earlier),
        Change::ScaleBack(added) => room.back(added),
    }
}

struct Room<'s> {
    found: &'s Scalable,
    target: &'s Target,
    limits: Bounds,
}

impl Room<'_> {
    fn write(&self, from: u32, to: u32) -> ScaleDecision {
        ScaleDecision::Write(ResolvedScale {
            subject: self.found.subject.clone(),
            from,
            to,
        })
    }

    fn already(&self) -> ScaleDecision {
        ScaleDecision::Already { at: self.found.at }
    }

    fn changed_since(&self) -> ScaleDecision {
        ScaleDecision::Refuse(Refusal::ChangedSince { at: self.found.at })
    }

    fn full(&self, at: u32) -> ScaleDecision {
        let most = self.limits.max();
        let by_partitions = self.target.partitions == Some(most) && most < self.target.bounds.max();
        ScaleDecision::Refuse(if by_partitions {
            Refusal::AtPartitions { at }
        } else {
            Refusal::AtMaximum { at }
        })
    }

    /// The bounds could turn a wish for more into less, and the other way round; neither is ever written.
    fn first(&self, wanted: Replicas) -> ScaleDecision {
        let (at, replicas) = (self.found.at, self.found.replicas);
        let to = wanted.resolve(replicas, self.limits);
        let direction = match wanted {
            Replicas::By(more) => more.cmp(&0),
            Replicas::To(number) => number.cmp(&at),
        };
        match (direction, wanted) {
            (Ordering::Greater, Replicas::By(_)) if to <= replicas => self.full(replicas),
            (Ordering::Greater, Replicas::To(_)) if to < at => self.full(at),
            (Ordering::Greater, _) if to > at => self.write(at, to),
            (Ordering::Less, _) if to < at => self.write(at, to),
            (Ordering::Less | Ordering::Equal | Ordering::Greater, _) => self.already(),
        }
    }

    fn repeat(&self, earlier: &ResolvedScale) -> ScaleDecision {
        if earlier.subject != self.found.subject {
            return self.changed_since();
        }
        let at = self.found.at;
        let to = earlier.to.clamp(self.limits.min(), self.limits.max());
        match earlier.to.cmp(&earlier.from) {
            Ordering::Greater if at < earlier.to && to > at => self.write(earlier.from, to),
            Ordering::Less if at > earlier.to && to < at => self.write(earlier.from, to),
            Ordering::Less | Ordering::Equal | Ordering::Greater => self.already(),
        }
    }

    fn back(&self, added: &ResolvedScale) -> ScaleDecision {
        let at = self.found.at;
        if added.subject != self.found.subject {
            return self.changed_since();
        }
        if at == added.from {
            return self.already();
        }
        if at != added.to {
            return self.changed_since();
        }
        let to = added.from.max(self.limits.min());
        if to >= at {
            self.already()
        } else if to > self.limits.max() {
            // Taking back more than was added, to fit bounds that were made smaller, is nobody's wish.
            self.full(at)
        } else {
            self.write(added.to, to)
        }
    }
}

impl ResolvedScale {
    pub(super) fn is_increase(&self) -> bool {
        self.to > self.from
    }
}

impl ScaleSubject {
    /// The subject that an effect names, for example `HorizontalPodAutoscaler/cust`.
    pub(super) fn of_autoscaler(shown: &str) -> Self {
        match shown.split_once('/') {
            Some(("ScaledObject", name)) => Self::ScaledObjectMin(name.to_owned()),
            Some((_, name)) => Self::HpaMin(name.to_owned()),
            None => Self::HpaMin(shown.to_owned()),
        }
    }
}
