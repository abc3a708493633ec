//! Why there is no value, in words that stand in the condition of an HPA.

use super::status::Status;
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use lag_core::{InstanceBoard, PromDuration, SeriesName, alias, names, recommend::Why};
use std::{borrow::Cow, fmt, time::Duration};

/// About as many characters as a condition shows well.
const LONGEST: usize = 600;
/// Names from the cloud or from a request are cut to this many characters.
const LONGEST_NAME: usize = 64;

/// A series of an instance.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'b> {
    pub(super) instance: &'b str,
    pub(super) series: &'b SeriesName,
}

impl<'b> Place<'b> {
    /// A label of the series that is one of its names.
    pub(super) fn name(self, label: &str) -> Option<&'b str> {
        match label {
            names::INSTANCE_ID => Some(self.instance),
            names::CONSUMER_GROUP => Some(self.series.group.as_str()),
            names::TOPIC => self.series.topic.as_ref().map(|topic| topic.as_str()),
            _ => None,
        }
    }

    /// Any label of the series.
    pub(super) fn label(self, label: &str) -> Option<Cow<'b, str>> {
        match label {
            names::CONSUMER_GROUP_ALIAS => alias(self.series.group.as_str()).map(Cow::Owned),
            names::TOPIC_ALIAS => alias(self.series.topic.as_ref()?.as_str()).map(Cow::Owned),
            _ => self.name(label).map(Cow::Borrowed),
        }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let group = Named(names::CONSUMER_GROUP, self.series.group.as_str());
        let instance = Named(names::INSTANCE_ID, self.instance);
        write!(f, "{group},{instance}")?;
        match &self.series.topic {
            Some(topic) => write!(f, ",{}", Named(names::TOPIC, topic.as_str())),
            None => Ok(()),
        }
    }
}

/// A label with its value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named<'b>(pub(super) &'static str, pub(super) &'b str);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.0, cut(self.1, LONGEST_NAME))
    }
}

/// Why a series that a selector matches has no value now.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cause {
    /// Its last point is too old.
    Stale(SignedDuration),
    /// The cloud has not answered since, and nothing was known before.
    Failed(Timestamp),
    /// It is expected, and the cloud knows nothing of it.
    Absent,
    /// Its number is too large for an autoscaler.
    Large,
    /// Its policy says nothing.
    Silent(Why),
}

impl Cause {
    /// Absence is 404, everything that may pass is 503.
    pub(super) fn code(self) -> StatusCode {
        match self {
            Self::Absent => StatusCode::NOT_FOUND,
            Self::Stale(_) | Self::Failed(_) | Self::Large | Self::Silent(_) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
        }
    }

    /// The refusal about one series. `more` others have no value either.
    pub(super) fn refusal(
        self,
        place: Place<'_>,
        of: &InstanceBoard,
        (now, max_age): (Timestamp, SignedDuration),
        more: usize,
    ) -> Status {
        let trouble = of.trouble(now, max_age);
        let trouble = trouble.as_deref();
        let others = if more == 0 {
            String::new()
        } else {
            format!("; {more} more series have no value")
        };
        let (head, detail) = match self {
            Self::Stale(age) => (
                format!(
                    "no point of {place} newer than {} (last {} ago): ",
                    prom(max_age),
                    prom(age)
                ),
                trouble.unwrap_or(
                    "CloudMonitor answers without a newer one: kafka-lag doctor looks further",
                ),
            ),
            Self::Failed(since) => (
                format!("no lag of {place}: no collection has worked since {since:.0}: "),
                trouble.unwrap_or("none has ended yet"),
            ),
            Self::Absent => {
                let head = format!("no lag of {place}: ");
                let Some(unasked) = of.unasked(now, max_age) else {
                    return Status::new(self.code(), bounded(&head, UNKNOWN, &others));
                };
                return unavailable(bounded(&head, &unasked, &others));
            }
            Self::Large => (
                format!("the lag of {place} is no number for an autoscaler: "),
                "it is larger than 9.2e15",
            ),
            Self::Silent(why) => {
                let why = why.to_string();
                let head = format!("no replicas are recommended for {place}: ");
                return Status::new(self.code(), bounded(&head, &why, &others));
            }
        };
        Status::new(self.code(), bounded(&head, detail, &others))
    }
}

/// Why the cloud may know nothing.
const UNKNOWN: &str = "the last answer held nothing usable of it: see that the cloud knows the name, and that no filter or \
                       --lag.max-series leaves it out";

/// Nobody asks for an instance that was looked at.
pub(super) fn unasked(
    what: impl fmt::Display,
    looked_at: &[(&str, &InstanceBoard)],
    (now, max_age): (Timestamp, SignedDuration),
) -> Option<Status> {
    let (id, why) = looked_at
        .iter()
        .find_map(|(id, instance)| Some((id, instance.unasked(now, max_age)?)))?;
    let head = format!("no lag of {what}: {}: ", Named(names::INSTANCE_ID, id));
    Some(unavailable(bounded(&head, &why, "")))
}

/// An instance that was looked at fails, and may know by now what it did not know before.
pub(super) fn failing(
    what: impl fmt::Display,
    looked_at: &[(&str, &InstanceBoard)],
) -> Option<Status> {
    let (id, since, failure) = looked_at.iter().find_map(|(id, instance)| {
        let since = instance.failing_since?;
        Some((id, since, instance.last_error.as_ref()?))
    })?;
    let id = Named(names::INSTANCE_ID, id);
    let head = format!("no lag of {what}: no collection of {id} has worked since {since:.0}: ");
    Some(unavailable(bounded(&head, &failure.detail, "")))
}

fn unavailable(text: String) -> Status {
    Status::new(StatusCode::SERVICE_UNAVAILABLE, text)
}

/// No instance that was looked at knows something that the selector names, and all of them were asked.
pub(super) fn unknown(named: Named<'_>) -> Status {
    let head = format!("no lag of {named}: ");
    Status::new(StatusCode::NOT_FOUND, bounded(&head, UNKNOWN, ""))
}

/// Series were left out, and what is asked for may be among them.
pub(super) fn is_cut(what: &str) -> Status {
    let tail = ": series beyond --lag.max-series were left out, so what is left may be a part only: raise it, leave groups \
                out by a filter, or name groups and instance_id";
    unavailable(bounded("no lag of ", what, tail))
}

/// An instance that has never answered may know series that the selector matches. `avoidable` when it does not name it.
pub(super) fn unanswered(
    id: &str,
    instance: &InstanceBoard,
    (now, max_age): (Timestamp, SignedDuration),
    avoidable: bool,
) -> Status {
    let id = Named(names::INSTANCE_ID, id);
    let head = match instance.failing_since {
        Some(since) => format!("no lag of {id}: no collection has worked since {since:.0}: "),
        None => format!("no lag of {id}: "),
    };
    let trouble = instance.trouble(now, max_age);
    let detail = trouble.as_deref().unwrap_or("no collection has ended yet");
    let tail = if avoidable {
        "; a selector with instance_id looks at that instance only"
    } else {
        ""
    };
    unavailable(bounded(&head, detail, tail))
}

/// One text of at most [`LONGEST`] characters. The middle of the detail gives way: what to do stands at its end.
pub(super) fn bounded(head: &str, detail: &str, tail: &str) -> String {
    let taken = head.chars().count() + tail.chars().count();
    let room = LONGEST.saturating_sub(taken);
    let length = detail.chars().count();
    if length <= room {
        return cut(&format!("{head}{detail}{tail}"), LONGEST);
    }
    let end = room / 2;
    let begin = cut(detail, room - end);
    let end: String = detail.chars().skip(length - end).collect();
    cut(&format!("{head}{begin}{end}{tail}"), LONGEST)
}

/// A text on one line, with an ellipsis where it was cut.
pub(super) fn cut(text: &str, longest: usize) -> String {
    let line = |character: char| {
        if character.is_control() {
            ' '
        } else {
            character
        }
    };
    if text.chars().count() <= longest {
        return text.chars().map(line).collect();
    }
    let kept = text.chars().take(longest.saturating_sub(1)).map(line);
    kept.chain(['…']).collect()
}

/// Whole seconds, as Prometheus writes them.
fn prom(duration: SignedDuration) -> PromDuration {
    PromDuration::from(Duration::from_secs(duration.as_secs().unsigned_abs()))
}
