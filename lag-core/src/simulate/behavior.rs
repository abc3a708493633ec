//! How fast, and how soon: `spec.behavior` of an HPA.

use super::number::replicas;
use jiff::SignedDuration;

/// `behavior` as the API server completes it: the default is what an HPA gets that sets any part of it.
///
/// An HPA without `behavior` follows older rules, see [`Hpa::behavior`](super::Hpa::behavior).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Behavior {
    /// Rules for more replicas.
    pub scale_up: Rules,
    /// Rules for fewer replicas.
    pub scale_down: Rules,
}

/// The rules of one direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// How long a past recommendation counts: up takes the lowest of them, down the highest. At most an hour in Kubernetes.
    pub stabilization_window: SignedDuration,
    /// Which policy wins.
    pub select: Select,
    /// How much may change in which time. None at all allows nothing.
    pub policies: Vec<Policy>,
    /// In thousandths, inclusive; without it the cluster's, see [`Hpa::tolerance_milli`](super::Hpa::tolerance_milli).
    /// Kubernetes reads it from 1.35 on.
    pub tolerance_milli: Option<u32>,
}

/// `selectPolicy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Select {
    /// The policy that allows the largest change.
    Max,
    /// The policy that allows the smallest change.
    Min,
    /// No change in this direction.
    Disabled,
}

/// One entry of `policies`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// What `value` counts.
    pub kind: PolicyKind,
    /// The most that may change within `period`.
    pub value: u32,
    /// `periodSeconds`; 1 s to 30 min in Kubernetes.
    pub period: SignedDuration,
}

/// `type` of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyKind {
    /// Replicas.
    Pods,
    /// Percent of the replicas at the beginning of the period.
    Percent,
}

const PERIOD: SignedDuration = SignedDuration::from_secs(15);

impl Rules {
    /// Kubernetes' `scaleUp`: at once, by 100 % or 4 pods in 15 s, whichever is more.
    #[must_use]
    pub fn scale_up() -> Self {
        Self {
            stabilization_window: SignedDuration::ZERO,
            policies: vec![
                Policy {
                    kind: PolicyKind::Pods,
                    value: 4,
                    period: PERIOD,
                },
                Policy {
                    kind: PolicyKind::Percent,
                    value: 100,
                    period: PERIOD,
                },
            ],
            select: Select::Max,
            tolerance_milli: None,
        }
    }

    /// Kubernetes' `scaleDown`: to the highest recommendation of the last 5 minutes, down to nothing in 15 s.
    #[must_use]
    pub fn scale_down() -> Self {
        Self {
            stabilization_window: SignedDuration::from_mins(5),
            policies: vec![Policy {
                kind: PolicyKind::Percent,
                value: 100,
                period: PERIOD,
            }],
            select: Select::Max,
            tolerance_milli: None,
        }
    }

    /// The longest time for which a change must be remembered.
    pub(super) fn longest_period(&self) -> SignedDuration {
        let periods = self.policies.iter().map(|policy| policy.period);
        periods.max().unwrap_or_default()
    }

    /// The most replicas that may be asked for, at least the current ones.
    pub(super) fn ceiling(&self, current: u32, begin: impl Fn(SignedDuration) -> u32) -> u32 {
        let proposals = self.policies.iter().map(|policy| {
            let begin = begin(policy.period);
            match policy.kind {
                PolicyKind::Pods => begin.saturating_add(policy.value),
                // Up, or a small workload would never grow.
                PolicyKind::Percent => {
                    replicas((f64::from(begin) * (1.0 + f64::from(policy.value) / 100.0)).ceil())
                }
            }
        });
        let limit = match self.select {
            Select::Max => proposals.max(),
            Select::Min => proposals.min(),
            Select::Disabled => None,
        };
        limit.map_or(current, |limit| limit.max(current))
    }

    /// The fewest replicas that may be asked for, at most the current ones.
    pub(super) fn floor(&self, current: u32, begin: impl Fn(SignedDuration) -> u32) -> u32 {
        let proposals = self.policies.iter().map(|policy| {
            let begin = begin(policy.period);
            match policy.kind {
                PolicyKind::Pods => begin.saturating_sub(policy.value),
                PolicyKind::Percent => {
                    replicas(f64::from(begin) * (1.0 - f64::from(policy.value) / 100.0))
                }
            }
        });
        let limit = match self.select {
            Select::Max => proposals.min(),
            Select::Min => proposals.max(),
            Select::Disabled => None,
        };
        limit.map_or(current, |limit| limit.min(current))
    }
}

impl Default for Behavior {
    fn default() -> Self {
        Self {
            scale_up: Rules::scale_up(),
            scale_down: Rules::scale_down(),
        }
    }
}
