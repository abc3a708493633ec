//! What happens to the others when a query of several instances fails.
//!
//! One wrong id must not hide fifty right ones. A failure that can be a single instance's fault is searched by halves;
//! the instance that fails alone then rests, longer each time, and is asked on its own.

use crate::InstanceId;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// Instances in one request, the vendor's limit.
pub const BATCH: usize = 50;
const FIRST_REST: SignedDuration = SignedDuration::from_mins(5);
const LONGEST_REST: SignedDuration = SignedDuration::from_hours(1);

/// A failed query, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueryFault<'a> {
    /// An answer came, and could not be read or used.
    Answer,
    /// The request was refused as wrong, with the vendor's code.
    Refused {
        /// Such as `InvalidParameter`; empty when somebody else answered.
        code: &'a str,
    },
    /// Keys, rights, limits, outages.
    Other,
}

impl QueryFault<'_> {
    /// Whether a single instance among several can be the reason. Keys, rights, limits and outages concern all, and
    /// so do refusals of what is the same for every instance: the time, the signature, the action.
    #[must_use]
    pub fn may_be_one_instance(self) -> bool {
        const ABOUT_ALL: [&str; 5] = [
            "Missing",
            "InvalidTimeStamp",
            "IllegalTimestamp",
            "Unsupported",
            "InvalidSignature",
        ];
        match self {
            Self::Answer => true,
            Self::Refused { code } => {
                !code.ends_with("NotFound")
                    && !ABOUT_ALL.iter().any(|start| code.starts_with(start))
            }
            Self::Other => false,
        }
    }
}

/// The instances that are refused by themselves, and until when they rest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rests(BTreeMap<InstanceId, Rest>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rest {
    until: Timestamp,
    length: SignedDuration,
}

impl Rests {
    /// Instances in groups of fifty, in their order, then those whose rest is over, each on its own.
    #[must_use]
    pub fn batches(&self, instances: &[InstanceId], now: Timestamp) -> Vec<Vec<InstanceId>> {
        let (mut healthy, mut alone) = (Vec::new(), Vec::new());
        for id in instances {
            match self.0.get(id) {
                None => healthy.push(id.clone()),
                Some(rest) if rest.until <= now => alone.push(vec![id.clone()]),
                Some(_) => {}
            }
        }
        let groups = healthy.chunks(BATCH).map(<[_]>::to_vec);
        groups.chain(alone).collect()
    }

    /// Lets an instance rest, twice as long as the last time, and says until when.
    pub fn begin(&mut self, instance: &InstanceId, now: Timestamp) -> Timestamp {
        let length = self
            .0
            .get(instance)
            .map_or(FIRST_REST, |rest| (rest.length * 2).min(LONGEST_REST));
        let until = now.checked_add(length).unwrap_or(Timestamp::MAX);
        self.0.insert(instance.clone(), Rest { until, length });
        until
    }

    /// These have answered.
    pub fn end(&mut self, answered: &[InstanceId]) {
        self.0.retain(|id, _| !answered.contains(id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(range: std::ops::Range<usize>) -> Vec<InstanceId> {
        range
            .map(|n| format!("alikafka_pre-cn-{n:03}").parse().unwrap())
            .collect()
    }

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + minutes * 60).unwrap()
    }

    #[test]
    fn only_what_differs_between_instances_is_searched() {
        let refused = |code| QueryFault::Refused { code };
        for fault in [
            QueryFault::Answer,
            refused("InvalidParameter"),
            refused("ParameterInvalid"),
            refused("400"),
        ] {
            assert!(fault.may_be_one_instance(), "{fault:?}");
        }
        for code in [
            "MissingMetricName",
            "InvalidTimeStamp.Expired",
            "IllegalTimestamp",
            "UnsupportedHTTPMethod",
            "InvalidSignatureMethod",
            "InvalidAction.NotFound",
            "ResourceNotFound",
        ] {
            assert!(!refused(code).may_be_one_instance(), "{code}");
        }
        assert!(!QueryFault::Other.may_be_one_instance());
    }

    #[test]
    fn no_request_names_more_than_fifty_instances() {
        let sizes = |count| -> Vec<usize> {
            let batches = Rests::default().batches(&ids(0..count), at(0));
            batches.iter().map(Vec::len).collect()
        };
        assert_eq!(sizes(0), [0; 0]);
        assert_eq!(sizes(50), [50]);
        assert_eq!(sizes(101), [50, 50, 1]);
    }

    #[test]
    fn a_refused_instance_rests_five_minutes_then_twice_as_long_and_at_most_an_hour() {
        let (all, mut rests) = (ids(0..3), Rests::default());
        let bad = &all[1];
        assert_eq!(rests.begin(bad, at(0)), at(5));
        assert_eq!(
            rests.batches(&all, at(4)),
            [vec![all[0].clone(), all[2].clone()]]
        );
        let alone = rests.batches(&all, at(5));
        assert_eq!(
            alone,
            [vec![all[0].clone(), all[2].clone()], vec![bad.clone()]]
        );
        let lengths: Vec<i64> = (0..5)
            .map(|_| rests.begin(bad, at(0)).duration_since(at(0)).as_mins())
            .collect();
        assert_eq!(lengths, [10, 20, 40, 60, 60]);
    }

    #[test]
    fn an_answer_ends_the_rest() {
        let (all, mut rests) = (ids(0..2), Rests::default());
        rests.begin(&all[0], at(0));
        rests.begin(&all[1], at(0));
        rests.end(&all[..1]);
        assert_eq!(rests.batches(&all, at(1)), [vec![all[0].clone()]]);
        assert_eq!(rests.begin(&all[0], at(1)), at(6), "it starts short again");
    }
}
