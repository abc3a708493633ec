//! Why nothing was done, in one line, and as a word from a closed list.

use super::Action;
use crate::{Language, Refusal};
use jiff::SignedDuration;
use std::fmt;

/// Why an alert changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// It is resolved; that alone never scales.
    Resolved,
    /// Its end was delivered already: this is an old copy.
    Ended,
    /// A firing scale-in alert where only scaling back takes replicas away: it is the proof for that.
    Confirms,
    /// Its status is neither firing nor resolved.
    UnknownStatus,
    /// It asks for nothing.
    NoAction,
    /// It asks for something that does not exist.
    UnknownAction(String),
    /// Its labels name no workload.
    NoTarget,
    /// A label holds what can be no name.
    InvalidName(String),
    /// The workload is not in the allow-list.
    NotAllowed(String),
    /// Several entries of the allow-list fit.
    Ambiguous {
        /// Places of two of them.
        places: [String; 2],
    },
    /// The workload may be changed, and not in this way.
    ActionNotAllowed {
        /// What was asked for.
        action: Action,
        /// Where the workload is allowed.
        place: String,
    },
    /// It does not say when it began, so that nobody could tell a repeat from a new one.
    NoStart,
    /// It begins in the future.
    InFuture,
    /// It began before what is remembered reaches back.
    TooOld,
    /// The step needs a value, and there is none.
    NoValue,
    /// The step needs a value, and this is none that can be used.
    UnusableValue(String),
    /// The value must have a time, and has none.
    NoValueTime,
    /// The value is too old.
    OldValue(SignedDuration),
    /// Another alert for the workload asks for something else, which goes first.
    Contradicted {
        /// What the other asks for.
        by: Action,
    },
    /// Too many alerts share one step.
    Crowded,
    /// What was found at the workload stands against it.
    Workload(Refusal),
}

/// What an alert waits for. It acts when it is delivered again after that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// The last change is not long ago.
    Cooldown,
    /// The workload has been changed often enough today (UTC).
    DailyCap,
    /// A change is under way.
    Unfinished,
    /// A rollout is going on.
    Rollout,
}

impl Reason {
    /// Whether the alert wants nothing that could be refused.
    #[must_use]
    pub fn is_ignored(&self) -> bool {
        matches!(
            self,
            Self::Resolved
                | Self::Ended
                | Self::Confirms
                | Self::UnknownStatus
                | Self::NoAction
                | Self::UnknownAction(_)
        )
    }

    /// The reason as a word, for labels and JSON.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Resolved => "resolved",
            Self::Ended => "ended",
            Self::Confirms => "confirms",
            Self::UnknownStatus => "unknown_status",
            Self::NoAction => "no_action",
            Self::UnknownAction(_) => "unknown_action",
            Self::NoTarget => "no_target",
            Self::InvalidName(_) => "invalid_name",
            Self::NotAllowed(_) => "not_allowed",
            Self::Ambiguous { .. } => "ambiguous",
            Self::ActionNotAllowed { .. } => "action_not_allowed",
            Self::NoStart => "no_start",
            Self::InFuture => "in_future",
            Self::TooOld => "too_old",
            Self::NoValue => "no_value",
            Self::UnusableValue(_) => "unusable_value",
            Self::NoValueTime => "no_value_time",
            Self::OldValue(_) => "old_value",
            Self::Contradicted { .. } => "contradicted",
            Self::Crowded => "crowded",
            Self::Workload(refusal) => match refusal {
                Refusal::NoTarget => "no_target",
                Refusal::Paused => "paused",
                Refusal::RollingOut => "rolling_out",
                Refusal::OnDelete => "on_delete",
                Refusal::Kind(_) => "kind",
                Refusal::Autoscaled { .. } => "autoscaled",
                Refusal::AtMaximum { .. } => "at_maximum",
                Refusal::AtPartitions { .. } => "at_partitions",
                Refusal::AtZero => "at_zero",
                Refusal::Disruption => "disruption",
                Refusal::ChangedSince { .. } => "changed_since",
                Refusal::Stuck => "stuck",
                Refusal::DailyCap { .. } => "daily_cap",
            },
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resolved => f.write_str("resolved: noted, and nothing is scaled on that alone"),
            Self::Ended => f.write_str("its end was delivered already: an old copy"),
            Self::Confirms => f.write_str("noted as the proof that scaling back waits for"),
            Self::UnknownStatus => f.write_str("its status is neither firing nor resolved"),
            Self::NoAction => f.write_str(
                "it has no label for the action: write scale-out, scale-in, set or restart into the rule",
            ),
            Self::UnknownAction(action) => write!(
                f,
                "{action:?} is no action: write scale-out, scale-in, set or restart into the rule"
            ),
            Self::NoTarget => f.write_str(
                "its labels name no workload: write namespace and deployment into the rule",
            ),
            Self::InvalidName(name) => write!(f, "{name:?} can be no name of a workload"),
            Self::NotAllowed(workload) => write!(
                f,
                "{workload} is not in the allow-list: add it there, or correct the rule"
            ),
            Self::Ambiguous { places: [one, two] } => write!(
                f,
                "{one} and {two} both fit: let the rule name the kind, or give them other matchers"
            ),
            Self::ActionNotAllowed { action, place } => {
                write!(f, "{place} does not allow {}", action.as_str())
            }
            Self::NoStart => f.write_str("it does not say when it began: startsAt cannot be read"),
            Self::InFuture => f.write_str("it begins in the future: compare the clocks"),
            Self::TooOld => f.write_str(
                "it has been firing for longer than what is remembered: it acts when it fires anew",
            ),
            Self::NoValue => f.write_str(
                "the step needs a value: write {{ $value }} into annotation value of the rule",
            ),
            Self::UnusableValue(value) => write!(
                f,
                "{value:?} cannot be used as the value: write {{{{ $value }}}} without humanize into annotation value of the rule; set wants a whole number from 0 on"
            ),
            Self::NoValueTime => f.write_str(
                "the value has no time that can be read: write it into annotation value_time, or do without max_value_age",
            ),
            Self::OldValue(age) => write!(f, "the value is {}s old", age.as_secs()),
            Self::Contradicted { by } => write!(
                f,
                "another alert asks for {} of the same workload, which goes first",
                by.as_str()
            ),
            Self::Crowded => write!(
                f,
                "more than {} alerts share one step: aggregate in the rule",
                super::MAX_SHARED
            ),
            Self::Workload(refusal) => f.write_str(&refusal.in_words(Language::English)),
        }
    }
}

impl Hold {
    /// The hold as a word, for labels and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cooldown => "cooldown",
            Self::DailyCap => "daily_cap",
            Self::Unfinished => "unfinished",
            Self::Rollout => "rollout",
        }
    }
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cooldown => "the last change is not long ago",
            Self::DailyCap => "it has been changed often enough today (UTC)",
            Self::Unfinished => "a change is under way",
            Self::Rollout => "a rollout is going on",
        })
    }
}
