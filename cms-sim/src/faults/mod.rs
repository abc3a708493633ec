//! The fault catalogue: what can go wrong, where, how often.

mod book;
mod kind;

use std::fmt;

use serde::{Deserialize, Serialize};

pub(crate) use self::book::{FaultBook, GatewayFaults, RequestFacts, Step};
pub use self::kind::FaultKind;

/// A fault to inject: a kind, and optionally where, how many times and how likely.
///
/// ```
/// use cms_sim::{Fault, FaultKind};
///
/// let twice = Fault::new(FaultKind::Throttling).on_action("DescribeMetricList").times(2);
/// let named = Fault::named("slow").unwrap().probability(0.1);
/// # let _ = (twice, named);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fault {
    #[serde(flatten)]
    kind: FaultKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<u32>,
    /// Replies left.
    #[serde(skip_serializing_if = "Option::is_none")]
    times: Option<u32>,
    probability: f64,
}

impl Fault {
    /// The fault on every reply, until it is cleared.
    #[must_use]
    pub fn new(kind: FaultKind) -> Self {
        Self {
            kind,
            action: None,
            instance: None,
            page: None,
            times: None,
            probability: 1.0,
        }
    }

    /// The fault by the name of the control API, with the default for its number if it has one.
    ///
    /// # Errors
    /// When there is no fault of that name; the error lists all names.
    pub fn named(name: &str) -> Result<Self, UnknownFault> {
        FaultKind::named(name)
            .map(Self::new)
            .ok_or_else(|| UnknownFault(name.to_owned()))
    }

    /// Only replies to this action.
    #[must_use]
    pub fn on_action(mut self, action: impl Into<String>) -> Self {
        self.action = Some(action.into());
        self
    }

    /// Only requests whose `Dimensions` name this instance.
    #[must_use]
    pub fn on_instance(mut self, instance: impl Into<String>) -> Self {
        self.instance = Some(instance.into());
        self
    }

    /// Only this page of a query; the first is 1.
    #[must_use]
    pub fn on_page(mut self, page: u32) -> Self {
        self.page = Some(page);
        self
    }

    /// Only so many replies.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// Each fitting reply with this probability, `0.0..=1.0`; drawn from the seed of the configuration.
    #[must_use]
    pub fn probability(mut self, probability: f64) -> Self {
        self.probability = probability;
        self
    }

    /// What goes wrong.
    #[must_use]
    pub fn kind(&self) -> FaultKind {
        self.kind
    }
}

/// A name that is not in the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownFault(String);

impl fmt::Display for UnknownFault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = FaultKind::names().collect();
        write!(
            out,
            "unknown fault `{}`; allowed: {}",
            self.0,
            names.join(", ")
        )
    }
}

impl std::error::Error for UnknownFault {}

/// The JSON form of the control API.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FaultSpec {
    fault: String,
    ms: Option<u64>,
    seconds: Option<i64>,
    action: Option<String>,
    instance: Option<String>,
    page: Option<u32>,
    times: Option<u32>,
    probability: Option<f64>,
}

impl FaultSpec {
    /// The fault, or a sentence that says which key is wrong.
    pub(crate) fn into_fault(self) -> Result<Fault, String> {
        let mut fault = Fault::named(&self.fault).map_err(|unknown| unknown.to_string())?;
        fault.kind = fault.kind.with_number(self.ms, self.seconds)?;
        fault.action = self.action;
        fault.instance = self.instance;
        fault.page = self.page;
        fault.times = self.times;
        fault.probability = self.probability.unwrap_or(1.0);
        if !(0.0..=1.0).contains(&fault.probability) {
            return Err("`probability` must lie between 0 and 1".into());
        }
        if fault.times == Some(0) {
            return Err("`times` must be at least 1; leave it out for a fault without end".into());
        }
        if fault.page == Some(0) {
            return Err("`page` counts from 1".into());
        }
        Ok(fault)
    }
}
