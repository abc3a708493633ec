//! What may be changed: a workload, how far, and how.

use std::fmt;

/// What kind of object is restarted or scaled.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WorkloadKind {
    /// `apps/v1` Deployment.
    Deployment,
    /// `apps/v1` StatefulSet.
    StatefulSet,
    /// `apps/v1` DaemonSet: it can be restarted, and has no number of replicas.
    DaemonSet,
    /// `apps/v1` ReplicaSet: it can be scaled, and has no rollout.
    ReplicaSet,
    /// Any other kind with a scale subresource, for example an Argo Rollout.
    Custom {
        /// API group, for example `argoproj.io`.
        group: String,
        /// API version, for example `v1alpha1`.
        version: String,
        /// Kind, for example `Rollout`.
        kind: String,
        /// Name in URLs, for example `rollouts`.
        plural: String,
    },
}

impl WorkloadKind {
    /// The kind as in a manifest, for example `Deployment`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Deployment => "Deployment",
            Self::StatefulSet => "StatefulSet",
            Self::DaemonSet => "DaemonSet",
            Self::ReplicaSet => "ReplicaSet",
            Self::Custom { kind, .. } => kind,
        }
    }

    /// Group and version as in a manifest, for example `apps/v1`.
    #[must_use]
    pub fn api_version(&self) -> String {
        match self {
            Self::Deployment | Self::StatefulSet | Self::DaemonSet | Self::ReplicaSet => {
                "apps/v1".to_owned()
            }
            Self::Custom { group, version, .. } => format!("{group}/{version}"),
        }
    }

    /// Whether a rolling restart exists for this kind.
    #[must_use]
    pub fn can_restart(&self) -> bool {
        matches!(self, Self::Deployment | Self::StatefulSet | Self::DaemonSet)
    }

    /// Whether a number of replicas exists for this kind.
    #[must_use]
    pub fn can_scale(&self) -> bool {
        !matches!(self, Self::DaemonSet)
    }
}

/// One object of a cluster. Shown as `namespace/Kind/name`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Workload {
    /// Its namespace.
    pub namespace: String,
    /// Its kind.
    pub kind: WorkloadKind,
    /// Its name.
    pub name: String,
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.namespace, self.kind.as_str(), self.name)
    }
}

/// The fewest and the most replicas that we may ask for, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    min: u32,
    max: u32,
}

/// Bounds between which there is no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no number lies between {min} and {max}: the smaller one comes first")]
pub struct EmptyBounds {
    min: u32,
    max: u32,
}

impl Bounds {
    /// The fewest replicas.
    #[must_use]
    pub fn min(self) -> u32 {
        self.min
    }

    /// The most replicas.
    #[must_use]
    pub fn max(self) -> u32 {
        self.max
    }

    /// The same bounds with a maximum of at most `most`, which wins over the minimum.
    #[must_use]
    pub fn at_most(self, most: u32) -> Self {
        let max = self.max.min(most);
        Self {
            min: self.min.min(max),
            max,
        }
    }
}

impl TryFrom<(u32, u32)> for Bounds {
    type Error = EmptyBounds;

    fn try_from((min, max): (u32, u32)) -> Result<Self, EmptyBounds> {
        if min <= max {
            Ok(Self { min, max })
        } else {
            Err(EmptyBounds { min, max })
        }
    }
}

/// A wanted number of replicas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replicas {
    /// So many more, or fewer.
    By(i32),
    /// Exactly so many.
    To(u32),
}

impl Replicas {
    /// The number to ask for. A workload at zero was switched off by somebody and stays at zero.
    #[must_use]
    pub fn resolve(self, current: u32, within: Bounds) -> u32 {
        if current == 0 {
            return 0;
        }
        let wanted = match self {
            Self::By(more) => current.saturating_add_signed(more),
            Self::To(number) => number,
        };
        wanted.clamp(within.min, within.max)
    }
}

/// How a workload is restarted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RestartWay {
    /// A rolling restart, as `kubectl rollout restart` does.
    #[default]
    Rollout,
    /// Eviction of its pods one by one, which respects disruption budgets; pods are found by owner, never by name.
    Evict,
}

/// What to do about a workload that an HPA or a KEDA ScaledObject scales.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnAutoscaler {
    /// Do not scale, and say who owns the number.
    #[default]
    Refuse,
    /// Raise the autoscaler's own minimum, never above its maximum.
    RaiseMin,
}

/// What a group's reaction may change, and how far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The object.
    pub workload: Workload,
    /// Bounds of its replicas.
    pub bounds: Bounds,
    /// Partitions of the topic: more consumers than that stay idle.
    pub partitions: Option<u32>,
    /// How it is restarted.
    pub restart: RestartWay,
    /// What happens when something else scales it.
    pub autoscaler: OnAutoscaler,
}

impl Target {
    /// The bounds, and never more replicas than partitions.
    #[must_use]
    pub fn limits(&self) -> Bounds {
        self.partitions
            .map_or(self.bounds, |most| self.bounds.at_most(most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bounds(min: u32, max: u32) -> Bounds {
        Bounds::try_from((min, max)).unwrap()
    }

    #[test]
    fn bounds_the_wrong_way_round_are_refused() {
        let error = Bounds::try_from((5, 2)).unwrap_err().to_string();
        assert!(
            error.contains("between 5 and 2") && error.contains("comes first"),
            "{error}"
        );
        assert_eq!(Bounds::try_from((2, 2)).map(Bounds::max), Ok(2));
    }

    #[test]
    fn a_workload_at_zero_stays_at_zero() {
        for wanted in [Replicas::By(2), Replicas::By(i32::MAX), Replicas::To(4)] {
            assert_eq!(wanted.resolve(0, bounds(1, 10)), 0, "{wanted:?}");
        }
    }

    #[test]
    fn a_wanted_number_is_held_within_its_bounds_and_never_wraps() {
        for (wanted, current, expected) in [
            (Replicas::By(2), 2, 4),
            (Replicas::By(2), 9, 10),
            (Replicas::By(-5), 3, 1),
            (Replicas::To(7), 2, 7),
            (Replicas::To(99), 2, 10),
            (Replicas::To(0), 2, 1),
            (Replicas::By(i32::MAX), u32::MAX, 10),
            (Replicas::By(i32::MIN), u32::MAX, 10),
            (Replicas::By(i32::MIN), 1, 1),
        ] {
            assert_eq!(
                wanted.resolve(current, bounds(1, 10)),
                expected,
                "{wanted:?} from {current}"
            );
        }
        assert_eq!(
            Replicas::By(1).resolve(u32::MAX, bounds(0, u32::MAX)),
            u32::MAX
        );
    }

    #[test]
    fn partitions_win_over_the_minimum() {
        let target = Target {
            workload: Workload {
                namespace: "orders".into(),
                kind: WorkloadKind::Deployment,
                name: "cust".into(),
            },
            bounds: bounds(4, 10),
            partitions: Some(3),
            restart: RestartWay::Rollout,
            autoscaler: OnAutoscaler::Refuse,
        };
        assert_eq!(target.limits(), bounds(3, 3));
        assert_eq!(bounds(1, 10).at_most(6), bounds(1, 6));
        assert_eq!(bounds(1, 10).at_most(20), bounds(1, 10));
        let free = Target {
            partitions: None,
            ..target
        };
        assert_eq!(free.limits(), bounds(4, 10));
        assert_eq!(free.workload.to_string(), "orders/Deployment/cust");
    }

    #[test]
    fn what_a_kind_can_do_is_known() {
        let rollout = WorkloadKind::Custom {
            group: "argoproj.io".into(),
            version: "v1alpha1".into(),
            kind: "Rollout".into(),
            plural: "rollouts".into(),
        };
        for (kind, restarts, scales) in [
            (WorkloadKind::Deployment, true, true),
            (WorkloadKind::StatefulSet, true, true),
            (WorkloadKind::DaemonSet, true, false),
            (WorkloadKind::ReplicaSet, false, true),
            (rollout.clone(), false, true),
        ] {
            assert_eq!(
                (kind.can_restart(), kind.can_scale()),
                (restarts, scales),
                "{kind:?}"
            );
        }
        assert_eq!(rollout.api_version(), "argoproj.io/v1alpha1");
        assert_eq!(WorkloadKind::DaemonSet.api_version(), "apps/v1");
    }

    proptest! {
        #[test]
        fn no_wish_leaves_the_bounds(current in 1_u32.., more: i32, to: u32, a: u32, b: u32) {
            let within = bounds(a.min(b), a.max(b));
            for wanted in [Replicas::By(more), Replicas::To(to)] {
                let number = wanted.resolve(current, within);
                prop_assert!(number >= within.min() && number <= within.max());
            }
        }
    }
}
