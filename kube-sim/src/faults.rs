//! Faults: what goes wrong, for which requests, how often.

use serde::{Deserialize, Serialize};

/// What goes wrong. The name in JSON is the variant in snake case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
#[non_exhaustive]
pub enum FaultKind {
    /// A refusal instead of the answer; nothing is stored.
    Status {
        /// For example 503.
        code: u16,
        /// For example `ServiceUnavailable`.
        #[serde(default)]
        reason: String,
        /// The text for people.
        #[serde(default)]
        message: String,
        /// Seconds for the header `Retry-After`.
        #[serde(default)]
        retry_after: Option<u64>,
    },
    /// 429 with cause `DisruptionBudget`: not now. Meant for evictions.
    DisruptionBudget,
    /// Nothing is stored and the request is never answered.
    Hang,
    /// Nothing is stored and the connection is reset.
    Reset,
    /// The request waits before it is looked at; a client that goes away meanwhile has changed nothing.
    Delay {
        /// Milliseconds.
        ms: u64,
    },
    /// The request is carried out, and the client never gets an answer.
    ApplyThenHang,
    /// The request is carried out, then the connection is reset.
    ApplyThenReset,
    /// The request is carried out at once, and answered late.
    ApplyThenDelay {
        /// Milliseconds.
        ms: u64,
    },
    /// The request is carried out, and answered with a failure, as by a proxy that lost its patience.
    ApplyThenStatus {
        /// For example 504.
        code: u16,
        /// For example `Timeout`.
        #[serde(default)]
        reason: String,
        /// The text for people.
        #[serde(default)]
        message: String,
    },
}

impl FaultKind {
    /// A refusal with this status, reason and message.
    pub fn status(code: u16, reason: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Status {
            code,
            reason: reason.into(),
            message: message.into(),
            retry_after: None,
        }
    }

    /// A code below 200 ends no request, and one above 599 is no status.
    fn complaint(&self) -> Option<&'static str> {
        match self {
            Self::Status { code, .. } | Self::ApplyThenStatus { code, .. }
                if !(200..=599).contains(code) =>
            {
                Some("`code` must be a status from 200 to 599")
            }
            _ => None,
        }
    }
}

/// A fault with the requests it strikes. Without conditions it strikes all, for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    #[serde(flatten)]
    kind: FaultKind,
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    prefix: Option<String>,
    #[serde(default)]
    suffix: Option<String>,
    #[serde(default)]
    nth: Option<u64>,
    #[serde(default)]
    times: Option<u64>,
    #[serde(default, skip_deserializing)]
    matched: u64,
}

impl From<FaultKind> for Fault {
    fn from(kind: FaultKind) -> Self {
        Self::new(kind)
    }
}

impl Fault {
    /// Strikes every request.
    #[must_use]
    pub fn new(kind: FaultKind) -> Self {
        Self {
            kind,
            method: None,
            prefix: None,
            suffix: None,
            nth: None,
            times: None,
            matched: 0,
        }
    }

    /// Only requests of this method.
    #[must_use]
    pub fn method(mut self, method: impl Into<String>) -> Self {
        self.method = Some(method.into());
        self
    }

    /// Only paths that begin so.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = Some(prefix.into());
        self
    }

    /// Only paths that end so.
    #[must_use]
    pub fn suffix(mut self, suffix: impl Into<String>) -> Self {
        self.suffix = Some(suffix.into());
        self
    }

    /// Begins with the nth request that matches, counted from 1; once, unless [`times`](Self::times) says more.
    #[must_use]
    pub fn nth(mut self, nth: u64) -> Self {
        self.nth = Some(nth);
        self
    }

    /// Strikes so often.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// What is wrong with a fault from outside.
    pub(crate) fn complaint(&self) -> Option<&'static str> {
        if self.nth == Some(0) {
            return Some("`nth` counts from 1");
        }
        self.kind.complaint()
    }

    fn matches(&self, method: &str, path: &str) -> bool {
        let or_any = |condition: &Option<String>, holds: &dyn Fn(&str) -> bool| {
            condition.as_deref().is_none_or(holds)
        };
        or_any(&self.method, &|wanted| wanted.eq_ignore_ascii_case(method))
            && or_any(&self.prefix, &|prefix| path.starts_with(prefix))
            && or_any(&self.suffix, &|suffix| path.ends_with(suffix))
    }

    /// The range of matching requests that are struck, counted from 1.
    fn is_struck(&self, number: u64) -> bool {
        let first = self.nth.unwrap_or(1);
        let times = self.times.or(self.nth.map(|_| 1));
        number >= first && times.is_none_or(|times| number - first < times)
    }
}

/// The faults in the order of their injection.
#[derive(Debug, Default)]
pub(crate) struct FaultBook(Vec<Fault>);

impl FaultBook {
    pub(crate) fn new(faults: Vec<Fault>) -> Self {
        Self(faults)
    }

    pub(crate) fn inject(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    pub(crate) fn clear(&mut self) -> usize {
        std::mem::take(&mut self.0).len()
    }

    pub(crate) fn all(&self) -> &[Fault] {
        &self.0
    }

    /// The fault that strikes this request. All that match count it; the one injected first wins.
    pub(crate) fn strike(&mut self, method: &str, path: &str) -> Option<FaultKind> {
        let mut struck = None;
        for fault in &mut self.0 {
            if fault.matches(method, path) {
                fault.matched += 1;
                if struck.is_none() && fault.is_struck(fault.matched) {
                    struck = Some(fault.kind.clone());
                }
            }
        }
        struck
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, FaultBook, FaultKind};

    #[test]
    fn a_fault_strikes_the_nth_match_only() {
        let fault = Fault::new(FaultKind::Hang).method("PATCH").suffix("/scale");
        let mut book = FaultBook::new(vec![fault.nth(2)]);
        let path = "/apis/apps/v1/namespaces/demo/deployments/consumer/scale";
        assert_eq!(book.strike("GET", path), None);
        assert_eq!(book.strike("PATCH", "/else"), None);
        assert_eq!(book.strike("PATCH", path), None);
        assert_eq!(book.strike("PATCH", path), Some(FaultKind::Hang));
        assert_eq!(book.strike("PATCH", path), None);
    }

    #[test]
    fn the_first_of_two_wins_and_times_run_out() {
        let first = Fault::new(FaultKind::Hang).prefix("/api/").times(1);
        let mut book = FaultBook::new(vec![first, Fault::new(FaultKind::Reset)]);
        assert_eq!(book.strike("GET", "/api/v1"), Some(FaultKind::Hang));
        assert_eq!(book.strike("GET", "/api/v1"), Some(FaultKind::Reset));
    }

    #[test]
    fn a_fault_from_outside_must_make_sense() {
        let fault = Fault::new(FaultKind::status(99, "", ""));
        assert!(fault.complaint().unwrap().contains("code"));
        let fault = Fault::new(FaultKind::Reset).nth(0);
        assert!(fault.complaint().unwrap().contains("nth"));
    }
}
