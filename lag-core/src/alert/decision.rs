//! What alerts lead to, as values.

use super::{Action, Hold, Key, Reason, StepState};
use crate::Target;
use jiff::Timestamp;
use std::fmt;

/// What one alert leads to.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// A change, to be begun.
    Step(Intent),
    /// It was done before.
    Repeat {
        /// The stage that was done last.
        key: Key,
        /// How it ended.
        state: StepState,
        /// When the next stage is due if it still fires then.
        next: Option<Timestamp>,
    },
    /// Not now. It acts when it is delivered again.
    Wait {
        /// Not before this; `None` where nobody can tell.
        until: Option<Timestamp>,
        /// What it waits for.
        why: Hold,
    },
    /// It wants what it may not have.
    Refused(Reason),
    /// It wants nothing.
    Ignored(Reason),
}

/// A change that was decided and is not begun.
#[derive(Debug, Clone, PartialEq)]
pub struct Intent {
    /// Stages of alerts that it is for; none when it scales back.
    pub keys: Vec<Key>,
    /// The workload, an allowed one, with its bounds.
    pub target: Target,
    /// What to do.
    pub wish: Wish,
    /// The change in the ledger that it takes up again, because nobody knows how it ended.
    pub resumes: Option<u64>,
}

/// What is wished for; the number comes from what is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// More replicas: the most that one of these comes to.
    Out(Vec<Amount>),
    /// Fewer replicas: the most that one of these leaves.
    In(Vec<Amount>),
    /// This many replicas.
    Set(u32),
    /// A restart.
    Restart,
    /// So many replicas fewer, on the way back.
    Back(u32),
}

/// How far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    /// So many replicas.
    By(u32),
    /// So many hundredths of the replicas found.
    Percent(u32),
    /// To this number.
    To(u32),
}

impl Decision {
    /// Refused or ignored, as the reason says.
    #[must_use]
    pub fn no(reason: Reason) -> Self {
        if reason.is_ignored() {
            Self::Ignored(reason)
        } else {
            Self::Refused(reason)
        }
    }

    /// The decision as a word, for labels and JSON.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Step(_) => "step",
            Self::Repeat { .. } => "repeat",
            Self::Wait { .. } => "wait",
            Self::Refused(_) => "refused",
            Self::Ignored(_) => "ignored",
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Step(intent) => write!(f, "{} {}", intent.wish, intent.target.workload),
            Self::Repeat { key, state, next } => {
                write!(
                    f,
                    "stage {} was here before ({})",
                    key.stage,
                    state.as_str()
                )?;
                next.map_or(Ok(()), |at| write!(f, ", the next one is due at {at}"))
            }
            Self::Wait { until, why } => {
                write!(f, "{why}")?;
                until.map_or(Ok(()), |at| write!(f, ": not before {at}"))
            }
            Self::Refused(reason) | Self::Ignored(reason) => write!(f, "{reason}"),
        }
    }
}

impl fmt::Display for Wish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Out(_) => "scale out",
            Self::In(_) => "scale in",
            Self::Set(number) => return write!(f, "set {number} replicas of"),
            Self::Restart => "restart",
            Self::Back(_) => "scale back",
        })
    }
}

impl Wish {
    /// The action that wishes for it; none for the way back.
    #[must_use]
    pub fn action(&self) -> Option<Action> {
        match self {
            Self::Out(_) => Some(Action::ScaleOut),
            Self::In(_) => Some(Action::ScaleIn),
            Self::Set(_) => Some(Action::Set),
            Self::Restart => Some(Action::Restart),
            Self::Back(_) => None,
        }
    }
}
