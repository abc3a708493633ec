//! Which workload a group belongs to: explicit rules, templates that are expanded and checked, and an allow-list.

use crate::{Bounds, GroupKey, Matcher, OnAutoscaler, RestartWay, Target, Workload, WorkloadKind};
use std::{fmt, str::FromStr};

/// A name with places to fill: `{group}`, `{instance}`, each with filters, as in
/// `{group|strip_suffix:_docking_analog|replace:_:-}-consumer`. Filters: `strip_prefix:TEXT`, `strip_suffix:TEXT`,
/// `replace:FROM:TO`, `lower`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    written: String,
}

/// Text that is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("template {written:?}: {problem}")]
pub struct InvalidTemplate {
    written: String,
    problem: String,
}

impl Template {
    /// The name for this group.
    ///
    /// # Errors
    /// [`InvalidTemplate`] when a filter does not fit (`strip_suffix` of a suffix that is not there), or nothing is left.
    pub fn expand(&self, key: &GroupKey) -> Result<String, InvalidTemplate> {
        let _ = key;
        unimplemented!("helper core-rest")
    }
}

impl FromStr for Template {
    type Err = InvalidTemplate;

    fn from_str(written: &str) -> Result<Self, InvalidTemplate> {
        Ok(Self {
            written: written.to_owned(),
        })
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

/// Workloads that may be touched at all: `namespace/Kind/name`, each part a name or a glob (`*`, `?`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedWorkload {
    written: String,
}

/// Text that is no entry of an allow-list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} does not name workloads: write NAMESPACE/KIND/NAME, for example orders/Deployment/cust-*"
)]
pub struct InvalidAllowed(String);

impl AllowedWorkload {
    /// Whether this workload is meant.
    #[must_use]
    pub fn accepts(&self, workload: &Workload) -> bool {
        let _ = workload;
        unimplemented!("helper core-rest")
    }
}

impl FromStr for AllowedWorkload {
    type Err = InvalidAllowed;

    fn from_str(written: &str) -> Result<Self, InvalidAllowed> {
        Ok(Self {
            written: written.to_owned(),
        })
    }
}

impl fmt::Display for AllowedWorkload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

/// One rule of the map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetRule {
    /// Where the rule stands, for messages, for example `check.yaml line 12: targets[0]`.
    pub place: String,
    /// Groups it is for; any of them.
    pub groups: Vec<Matcher>,
    /// Instances it is for; empty for all.
    pub instances: Vec<Matcher>,
    /// Namespace of the workload.
    pub namespace: Template,
    /// Kind of the workload.
    pub kind: WorkloadKind,
    /// Name of the workload.
    pub name: Template,
    /// Bounds of its replicas.
    pub bounds: Bounds,
    /// Partitions of the topic, where known.
    pub partitions: Option<u32>,
    /// How it is restarted.
    pub restart: RestartWay,
    /// What happens when something else scales it.
    pub autoscaler: OnAutoscaler,
}

/// The whole map. The first rule that fits a group counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TargetMap {
    /// Rules, in order.
    pub rules: Vec<TargetRule>,
    /// What may be touched. `None` when no list is given: then rules without templates are their own list, and
    /// templates are refused by [`TargetMap::check`].
    pub allowed: Option<Vec<AllowedWorkload>>,
}

/// A group whose workload cannot be told. The whole run is refused: a policy error never leads to half a run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct MappingError {
    /// Where the rule stands.
    pub place: String,
    /// What is wrong with it, for which group, and what to do.
    pub problem: String,
}

impl TargetMap {
    /// What can be checked without knowing any group.
    ///
    /// # Errors
    /// [`MappingError`] for templates without an allow-list, and for fixed workloads outside of it.
    pub fn check(&self) -> Result<(), MappingError> {
        unimplemented!("helper core-rest")
    }

    /// The workload of a group; `None` when no rule is for it.
    ///
    /// # Errors
    /// [`MappingError`] when a template does not fit, gives no valid name (RFC 1123 label or subdomain), or the workload is not allowed.
    pub fn resolve(&self, key: &GroupKey) -> Result<Option<Target>, MappingError> {
        let any = |list: &[Matcher], name: &str| list.iter().any(|matcher| matcher.accepts(name));
        let fits = |rule: &&TargetRule| {
            any(&rule.groups, key.group.as_str())
                && (rule.instances.is_empty() || any(&rule.instances, key.instance.as_str()))
        };
        let Some(rule) = self.rules.iter().find(fits) else {
            return Ok(None);
        };
        if rule.name.written.contains('{') {
            return Err(MappingError {
                place: rule.place.clone(),
                problem: format!("cannot expand {} for {key}", rule.name),
            });
        }
        Ok(Some(Target {
            workload: Workload {
                namespace: rule.namespace.written.clone(),
                kind: rule.kind.clone(),
                name: rule.name.written.clone(),
            },
            bounds: rule.bounds,
            partitions: rule.partitions,
            restart: rule.restart,
            autoscaler: rule.autoscaler,
        }))
    }
}
