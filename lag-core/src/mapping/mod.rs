//! Which workload a group belongs to: explicit rules, templates that are expanded and checked, and an allow-list.

mod allowed;
mod kube_name;
mod template;

pub use allowed::{AllowedWorkload, InvalidAllowed};
pub(crate) use kube_name::NameKind;
pub use template::{InvalidTemplate, Template};

use crate::{Bounds, GroupKey, Matcher, OnAutoscaler, RestartWay, Target, Workload, WorkloadKind};

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

impl TargetRule {
    fn is_for(&self, key: &GroupKey) -> bool {
        let any = |list: &[Matcher], name: &str| list.iter().any(|matcher| matcher.accepts(name));
        any(&self.groups, key.group.as_str())
            && (self.instances.is_empty() || any(&self.instances, key.instance.as_str()))
    }

    fn has_template(&self) -> bool {
        self.namespace.is_open() || self.name.is_open()
    }

    fn error(&self, problem: impl Into<String>) -> MappingError {
        MappingError {
            place: self.place.clone(),
            problem: problem.into(),
        }
    }

    fn workload(&self, key: &GroupKey) -> Result<Workload, MappingError> {
        let part = |template: &Template, kind: NameKind| {
            let name = template
                .expand(key)
                .map_err(|error| self.error(error.to_string()))?;
            kind.check(&name)
                .map_err(|problem| self.error(blame(template, key, &problem)))?;
            Ok(name)
        };
        Ok(Workload {
            namespace: part(&self.namespace, NameKind::Namespace)?,
            kind: self.kind.clone(),
            name: part(&self.name, NameKind::Workload)?,
        })
    }
}

/// Names the group only where it has a part in the fault.
fn blame(template: &Template, key: &GroupKey, problem: &str) -> String {
    if template.is_open() {
        format!("group {key}, template \"{template}\": {problem}")
    } else {
        problem.to_owned()
    }
}

impl TargetMap {
    /// What can be checked without knowing any group.
    ///
    /// # Errors
    /// [`MappingError`] for templates without an allow-list, for fixed workloads outside of it or with names that cannot
    /// exist, and for rules without groups.
    pub fn check(&self) -> Result<(), MappingError> {
        for rule in &self.rules {
            if rule.groups.is_empty() {
                return Err(rule.error("it is for no group: name at least one"));
            }
            self.check_list(rule)?;
            for (template, kind) in [
                (&rule.namespace, NameKind::Namespace),
                (&rule.name, NameKind::Workload),
            ] {
                if let Some(name) = template.fixed() {
                    kind.check(name).map_err(|problem| rule.error(problem))?;
                }
            }
            if let (Some(namespace), Some(name)) = (rule.namespace.fixed(), rule.name.fixed()) {
                self.check_allowed(
                    rule,
                    &Workload {
                        namespace: namespace.to_owned(),
                        kind: rule.kind.clone(),
                        name: name.to_owned(),
                    },
                )?;
            }
        }
        Ok(())
    }

    /// The workload of a group; `None` when no rule is for it.
    ///
    /// # Errors
    /// [`MappingError`] when a template does not fit, gives no valid name (RFC 1123 label or subdomain), or the workload is not allowed.
    pub fn resolve(&self, key: &GroupKey) -> Result<Option<Target>, MappingError> {
        let Some(rule) = self.rules.iter().find(|rule| rule.is_for(key)) else {
            return Ok(None);
        };
        self.check_list(rule)?;
        let workload = rule.workload(key)?;
        self.check_allowed(rule, &workload)?;
        Ok(Some(Target {
            workload,
            bounds: rule.bounds,
            partitions: rule.partitions,
            restart: rule.restart,
            autoscaler: rule.autoscaler,
        }))
    }

    fn check_list(&self, rule: &TargetRule) -> Result<(), MappingError> {
        if rule.has_template() && self.allowed.is_none() {
            return Err(rule.error(
                "a template may come to any workload, so an allow-list is needed: list what may be changed, \
                 for example orders/Deployment/cust-*",
            ));
        }
        Ok(())
    }

    fn check_allowed(&self, rule: &TargetRule, workload: &Workload) -> Result<(), MappingError> {
        let outside = |list: &Vec<AllowedWorkload>| !list.iter().any(|one| one.accepts(workload));
        if self.allowed.as_ref().is_some_and(outside) {
            return Err(rule.error(format!(
                "{workload} is not in the allow-list: add it there, or correct this rule"
            )));
        }
        Ok(())
    }
}
