//! Which values answer a selector, or why none may.

use super::{
    ExternalConfig,
    aliases::ByAlias,
    doubt::{self, Cause, Named, Place, cut},
    ground::Wanted,
    list::Item,
    metric::Metric,
    quantity::Quantity,
    status::Status,
};
use http::StatusCode;
use jiff::Timestamp;
use lag_core::{
    Board, GroupKey, InstanceBoard, InstanceId, LagSample, Reading, Selector, SeriesName, names,
    recommend::Advice,
};
use std::collections::BTreeSet;

/// What is asked, of what.
pub(super) struct Question<'b> {
    pub(super) board: &'b Board,
    /// Needed only if the selector names aliases of groups.
    pub(super) aliases: &'b ByAlias,
    pub(super) now: Timestamp,
    pub(super) config: &'b ExternalConfig,
    pub(super) namespace: &'b str,
    pub(super) metric: Metric,
    pub(super) selector: &'b Selector,
}

/// What has been found so far.
#[derive(Default)]
struct Found<'b> {
    items: Vec<Item<'b>>,
    /// The series without a value that says most, and how many there are.
    doubt: Option<(Place<'b>, Cause)>,
    doubts: usize,
    forbidden: usize,
    without_policy: usize,
    /// Groups that are named, each once for every instance that does not show it.
    unseen: usize,
}

/// Why something that the selector names gives no value.
#[derive(Clone, Copy)]
enum Missing<'b> {
    /// No instance knows it.
    Unknown(Named<'b>),
    /// It is listed beside others, and nothing of it matches the rest of the selector.
    Unseen(Named<'b>),
    /// It is known, and the rest of the selector keeps it out.
    Unmatched,
    /// No policy is for it.
    WithoutPolicy,
}

impl<'b> Question<'b> {
    /// Every value that the selector matches; all of them fresh, and at least one.
    ///
    /// # Errors
    /// A refusal, whenever a value is missing or might be.
    pub(super) fn answer(&self) -> Result<Vec<Item<'b>>, Status> {
        let wanted = self.wanted();
        self.check_scope(wanted.as_deref())?;
        let instances = self.instances()?;
        let (now, max_age) = (self.now, self.config.max_age);
        let is_cut = instances.iter().any(|(_, instance)| instance.is_cut());
        if is_cut && (wanted.is_none() || self.is_by_topic()) {
            return Err(self.is_cut());
        }
        let mut found = Found::default();
        let mut missing = None;
        if let Some(wanted) = &wanted {
            for wanted in wanted {
                let is_missing = self.look_for(wanted, &instances, &mut found);
                // What is named and not there must not count as zero beside what is.
                missing = missing.or(is_missing);
            }
        } else {
            for (id, instance) in &instances {
                for (series, reading) in instance.rows(now, max_age) {
                    self.look(&mut found, id, series, reading);
                }
            }
        }
        if let Some((place, cause)) = found.doubt {
            let instance = instances.iter().find(|(id, _)| *id == place.instance);
            let (_, instance) = instance.expect("a doubt is about an instance that was looked at");
            return Err(cause.refusal(place, instance, (now, max_age), found.doubts - 1));
        }
        if found.items.is_empty() && found.forbidden > 0 {
            return Err(self.forbids("any group that the selector matches"));
        }
        // A group that some instance does not show may be among what it left out.
        if is_cut && found.unseen > 0 {
            return Err(self.is_cut());
        }
        let none = found.items.is_empty().then_some(Missing::Unmatched);
        if let Some(missing) = missing.or(none).or_else(|| self.unseen(&found.items)) {
            let missing = if found.without_policy > 0 {
                Missing::WithoutPolicy
            } else {
                missing
            };
            return Err(self.misses(missing, &instances));
        }
        self.check_sum(&found.items)?;
        Ok(found.items)
    }

    /// Looks at the series of one thing that is named.
    fn look_for(
        &self,
        wanted: &Wanted<'b>,
        instances: &[(&'b str, &'b InstanceBoard)],
        found: &mut Found<'b>,
    ) -> Option<Missing<'b>> {
        let (before, without_policy) = (found.count(), found.without_policy);
        let mut is_known = false;
        for (id, instance) in instances {
            let mut shows_total = false;
            for group in &wanted.groups {
                for (series, reading) in instance.rows_of(group, self.now, self.config.max_age) {
                    is_known = true;
                    shows_total |= series.topic.is_none();
                    self.look(found, id, series, reading);
                }
            }
            found.unseen += usize::from(!shows_total);
        }
        if found.count() > before {
            None
        } else if found.without_policy > without_policy {
            Some(Missing::WithoutPolicy)
        } else if is_known || instances.is_empty() {
            Some(Missing::Unmatched)
        } else {
            Some(Missing::Unknown(wanted.named))
        }
    }

    fn misses(&self, missing: Missing<'_>, instances: &[(&str, &InstanceBoard)]) -> Status {
        let selector = cut(&self.selector.to_string(), 120);
        let moment = (self.now, self.config.max_age);
        // What is not known to be absent is no 404.
        let uncertain = match missing {
            Missing::Unknown(named) | Missing::Unseen(named) => {
                doubt::unasked(named, instances, moment)
                    .or_else(|| doubt::failing(named, instances))
            }
            Missing::Unmatched => doubt::unasked(format_args!("'{selector}'"), instances, moment),
            Missing::WithoutPolicy => None,
        };
        if let Some(uncertain) = uncertain {
            return uncertain;
        }
        let text = match missing {
            Missing::Unknown(named) => return doubt::unknown(named),
            Missing::Unseen(named) => {
                format!("no series with {named} matches the selector '{selector}'")
            }
            Missing::WithoutPolicy => format!(
                "no policy recommends replicas for {selector}: add one under recommend in the configuration"
            ),
            Missing::Unmatched if self.asks_for_topics() && !self.config.topics => {
                format!(
                    "no series matches {selector}: topics are not collected; set collect.topics"
                )
            }
            Missing::Unmatched => format!(
                "no series matches the selector '{selector}': the labels are instance_id, consumer_group and topic"
            ),
        };
        Status::new(StatusCode::NOT_FOUND, text)
    }

    /// An instance or topic that the selector names beside others, and that no value is of.
    fn unseen(&self, items: &[Item<'b>]) -> Option<Missing<'b>> {
        [names::INSTANCE_ID, names::TOPIC, names::TOPIC_ALIAS]
            .into_iter()
            .find_map(|label| {
                let values = self.selector.values_of(label)?;
                if values.len() == 1 {
                    return None; // whatever matched has it
                }
                let seen: BTreeSet<_> = items
                    .iter()
                    .filter_map(|item| item.place.label(label))
                    .collect();
                let mut named = values
                    .iter()
                    .filter(|value| self.selector.allows(label, Some(value)));
                let unseen = named.find(|value| !seen.contains(value.as_str()))?;
                Some(Missing::Unseen(Named(label, unseen)))
            })
    }

    /// Autoscalers add the values up in 64 bits; beyond them the sum would be negative.
    fn check_sum(&self, items: &[Item<'_>]) -> Result<(), Status> {
        let mut values = items.iter().map(|item| item.value);
        let sum = values.try_fold(Quantity::ZERO, Quantity::plus);
        if sum.is_some() {
            return Ok(());
        }
        let selector = cut(&self.selector.to_string(), 120);
        let text = format!(
            "the values that '{selector}' matches add up to more than an autoscaler can hold: narrow the selector"
        );
        Err(Status::new(StatusCode::SERVICE_UNAVAILABLE, text))
    }

    fn asks_for_topics(&self) -> bool {
        self.selector.requires(names::TOPIC) || self.selector.requires(names::TOPIC_ALIAS)
    }

    /// Whether this metric has a value for such a series. Totals and topics are never in one answer: their sum would
    /// count every message twice.
    fn takes(&self, series: &SeriesName) -> bool {
        series.topic.is_some() == self.is_by_topic()
    }

    fn is_by_topic(&self) -> bool {
        match self.metric {
            Metric::Lag => self.asks_for_topics(),
            Metric::TopicLag => true,
            Metric::Recommended => false,
        }
    }

    fn is_cut(&self) -> Status {
        let selector = cut(&self.selector.to_string(), 120);
        doubt::is_cut(&format!("'{selector}'"))
    }

    fn matches(&self, place: Place<'_>) -> bool {
        // An alias is worked out only where it is asked for.
        let other_name = |label: &str| {
            let is_asked = self.selector.mentions(label);
            is_asked.then(|| place.label(label)).flatten()
        };
        let group_alias = other_name(names::CONSUMER_GROUP_ALIAS);
        let topic_alias = other_name(names::TOPIC_ALIAS);
        self.selector.matches(&|label| match label {
            names::CONSUMER_GROUP_ALIAS => group_alias.as_deref(),
            names::TOPIC_ALIAS => topic_alias.as_deref(),
            _ => place.name(label),
        })
    }

    /// Takes the value of a series, or notes why it has none.
    fn look(
        &self,
        found: &mut Found<'b>,
        instance: &'b str,
        series: &'b SeriesName,
        reading: Reading,
    ) {
        let place = Place { instance, series };
        if !self.takes(series) || !self.matches(place) {
            return;
        }
        let scopes = self.config.scopes.as_ref();
        if !scopes.is_none_or(|scopes| scopes.may_read(self.namespace, series.group.as_str())) {
            found.forbidden += 1;
            return;
        }
        let sample = fresh(reading);
        let value = match self.metric {
            Metric::Lag | Metric::TopicLag => sample.and_then(|sample| {
                let value = Quantity::of(sample.lag).ok_or(Cause::Large)?;
                Ok((sample.at, value))
            }),
            Metric::Recommended => match self.advice(place) {
                None => {
                    found.without_policy += 1;
                    return;
                }
                Some(Advice::Silent(why)) => sample.and(Err(Cause::Silent(why))),
                Some(Advice::Replicas {
                    replicas, sample, ..
                }) => Ok((sample.at, Quantity::count(replicas))),
            },
        };
        match value {
            Ok((at, value)) => found.items.push(Item { place, at, value }),
            Err(cause) => found.doubt(place, cause),
        }
    }

    fn advice(&self, place: Place<'_>) -> Option<Advice> {
        let instance = InstanceId::new(place.instance).ok()?;
        let key = GroupKey::total(instance, place.series.group.clone());
        self.board.advice(&key, self.now, self.config.max_age)
    }
}

/// The sample, if it is one to act on.
fn fresh(reading: Reading) -> Result<LagSample, Cause> {
    match reading {
        Reading::Fresh(sample) => Ok(sample),
        Reading::Stale { age, .. } => Err(Cause::Stale(age)),
        Reading::Failed { since } => Err(Cause::Failed(since)),
        Reading::Absent => Err(Cause::Absent),
    }
}

impl<'b> Found<'b> {
    /// Series that were asked for, with a value or without.
    fn count(&self) -> usize {
        self.items.len() + self.doubts + self.forbidden
    }

    /// The first one is told, but what may pass before what is not there.
    fn doubt(&mut self, place: Place<'b>, cause: Cause) {
        self.doubts += 1;
        let says_more = |(_, known): &(_, Cause)| {
            known.code() == StatusCode::NOT_FOUND && cause.code() != StatusCode::NOT_FOUND
        };
        if self.doubt.as_ref().is_none_or(says_more) {
            self.doubt = Some((place, cause));
        }
    }
}
