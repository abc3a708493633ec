//! How bad it is, in the four words of monitoring plugins.

use crate::{
    LagSample, Range, Threshold,
    escalate::{GroupVerdict, Verdict},
};

/// State of a check. The order of badness is not that of the codes: a known breach is worse than not knowing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Severity {
    /// Looked, and all is well.
    Ok,
    /// Above the warning range.
    Warning,
    /// Above the critical range, or something that should have been done was not.
    Critical,
    /// Could not look.
    Unknown,
}

impl Severity {
    /// Every state, in the order of the codes.
    pub const ALL: [Self; 4] = [Self::Ok, Self::Warning, Self::Critical, Self::Unknown];

    /// Exit code of a monitoring plugin.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Warning => 1,
            Self::Critical => 2,
            Self::Unknown => 3,
        }
    }

    /// As it stands in the status line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Warning => "WARNING",
            Self::Critical => "CRITICAL",
            Self::Unknown => "UNKNOWN",
        }
    }

    fn badness(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Unknown => 1,
            Self::Warning => 2,
            Self::Critical => 3,
        }
    }

    /// The worse of two: CRITICAL, then WARNING, then UNKNOWN, then OK.
    #[must_use]
    pub fn worst(self, other: Self) -> Self {
        if other.badness() > self.badness() {
            other
        } else {
            self
        }
    }
}

/// What is alerted.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Range whose alert is a warning.
    pub warning: Option<Range>,
    /// Range whose alert is critical; without one, the policy's threshold.
    pub critical: Option<Range>,
    /// What a group without a number is.
    pub on_unknown: Severity,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            warning: None,
            critical: None,
            on_unknown: Severity::Unknown,
        }
    }
}

impl Limits {
    /// How bad one group is.
    #[must_use]
    pub fn judge(&self, group: &GroupVerdict) -> Severity {
        let Some(sample) = group.verdict.sample() else {
            return self.on_unknown;
        };
        let lag = sample.lag.as_f64();
        let is_critical = match &self.critical {
            Some(range) => range.alerts(lag),
            None => Threshold::is_breach(group.threshold, sample.lag),
        };
        match (is_critical, &self.warning) {
            (true, _) => Severity::Critical,
            (false, Some(range)) if range.alerts(lag) => Severity::Warning,
            (false, _) => Severity::Ok,
        }
    }
}

impl Verdict {
    /// The number, if there is one.
    #[must_use]
    pub fn sample(&self) -> Option<LagSample> {
        match self {
            Self::Ok(sample)
            | Self::Escalated { sample, .. }
            | Self::Retried { sample, .. }
            | Self::Held { sample, .. }
            | Self::Exhausted { sample, .. }
            | Self::Recovered { sample, .. } => Some(*sample),
            Self::Unknown { .. } => None,
        }
    }

    /// The verdict as a word, for labels and JSON.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Ok(_) => "ok",
            Self::Escalated { .. } => "escalated",
            Self::Retried { .. } => "retried",
            Self::Held { .. } => "held",
            Self::Exhausted { .. } => "exhausted",
            Self::Recovered { .. } => "recovered",
            Self::Unknown { .. } => "unknown",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{GroupKey, Lag};
    use jiff::Timestamp;

    fn group(lag: Option<f64>) -> GroupVerdict {
        let lag_of = |value: f64| Lag::try_from(value).unwrap();
        let verdict = match lag {
            Some(lag) => Verdict::Ok(LagSample {
                at: Timestamp::UNIX_EPOCH,
                lag: lag_of(lag),
                trend: None,
            }),
            None => Verdict::Unknown {
                state: "absent",
                age: None,
                stage: None,
            },
        };
        GroupVerdict {
            key: GroupKey::total("i".parse().unwrap(), "g".parse().unwrap()),
            verdict,
            threshold: Threshold::new(lag_of(150_000.0), lag_of(100_000.0)).unwrap(),
            workload: None,
        }
    }

    #[test]
    fn a_worse_state_is_never_overwritten_by_a_later_one() {
        use Severity::{Critical, Ok, Unknown, Warning};
        for (one, other, worst) in [
            (Critical, Ok, Critical),
            (Critical, Unknown, Critical),
            (Warning, Unknown, Warning),
            (Unknown, Ok, Unknown),
            (Ok, Ok, Ok),
        ] {
            assert_eq!(one.worst(other), worst);
            assert_eq!(other.worst(one), worst);
        }
    }

    #[test]
    fn without_ranges_the_threshold_counts_and_exactly_there_is_well() {
        let limits = Limits::default();
        assert_eq!(limits.judge(&group(Some(150_000.0))), Severity::Ok);
        assert_eq!(limits.judge(&group(Some(150_001.0))), Severity::Critical);
        assert_eq!(limits.judge(&group(Some(0.0))), Severity::Ok);
    }

    #[test]
    fn no_number_is_never_ok_unless_somebody_says_so() {
        assert_eq!(Limits::default().judge(&group(None)), Severity::Unknown);
        let limits = Limits {
            on_unknown: Severity::Ok,
            ..Limits::default()
        };
        assert_eq!(limits.judge(&group(None)), Severity::Ok);
    }

    #[test]
    fn ranges_replace_the_threshold_and_critical_wins() {
        let limits = Limits {
            warning: Some("100".parse().unwrap()),
            critical: Some("200".parse().unwrap()),
            on_unknown: Severity::Unknown,
        };
        for (lag, severity) in [
            (100.0, Severity::Ok),
            (101.0, Severity::Warning),
            (201.0, Severity::Critical),
        ] {
            assert_eq!(limits.judge(&group(Some(lag))), severity, "{lag}");
        }
    }
}
