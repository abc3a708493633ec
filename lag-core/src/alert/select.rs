//! Which of the allowed workloads an alert means. Labels select among them and never outside.

use super::{Action, Alert, AlertPolicy, AllowedTarget, LabelNames, Reason};
use crate::mapping::NameKind;

/// The entry that an alert means, and what it asks for; allowed or not.
pub(super) fn select<'p>(
    policy: &'p AlertPolicy,
    alert: &Alert,
) -> Result<(&'p AllowedTarget, Action), Reason> {
    let action = alert.labels.get(&policy.labels.action);
    let action = action.ok_or(Reason::NoAction)?;
    let action = Action::parse(action).ok_or_else(|| Reason::UnknownAction(short(action)))?;
    let named = Named::read(&policy.labels, alert);
    let fits = |target: &&AllowedTarget| {
        if target.matchers.is_empty() {
            named.as_ref().is_ok_and(|named| named.is(target))
        } else {
            target.matchers.iter().all(|one| one.accepts(alert))
        }
    };
    let mut fitting = policy.targets.iter().filter(fits);
    match (fitting.next(), fitting.next()) {
        (Some(one), None) => Ok((one, action)),
        (Some(one), Some(two)) => Err(Reason::Ambiguous {
            places: [one.place.clone(), two.place.clone()],
        }),
        (None, _) => Err(match named {
            Ok(named) => Reason::NotAllowed(named.shown()),
            Err(reason) => reason,
        }),
    }
}

fn short(text: &str) -> String {
    text.chars().take(80).collect()
}

/// The workload that labels name; the names are such as a cluster accepts.
struct Named<'a> {
    namespace: &'a str,
    /// Each with the kind that it must have; all of them must agree.
    names: Vec<(&'a str, Option<&'a str>)>,
}

impl<'a> Named<'a> {
    fn read(labels: &LabelNames, alert: &'a Alert) -> Result<Self, Reason> {
        let label = |name: &String| alert.labels.get(name).map(String::as_str);
        let namespace = label(&labels.namespace).ok_or(Reason::NoTarget)?;
        let kinds = [
            (&labels.deployment, "Deployment"),
            (&labels.stateful_set, "StatefulSet"),
        ];
        let mut names: Vec<(&str, Option<&str>)> = kinds
            .into_iter()
            .filter_map(|(of, kind)| label(of).map(|name| (name, Some(kind))))
            .collect();
        if names.is_empty() {
            let any = labels.workload.iter().find_map(label);
            names.extend(any.map(|name| (name, label(&labels.kind))));
        }
        if names.is_empty() {
            return Err(Reason::NoTarget);
        }
        let invalid = |name: &str| Reason::InvalidName(short(name));
        NameKind::Namespace
            .check(namespace)
            .map_err(|_| invalid(namespace))?;
        for (name, _) in &names {
            NameKind::Workload.check(name).map_err(|_| invalid(name))?;
        }
        Ok(Self { namespace, names })
    }

    fn is(&self, target: &AllowedTarget) -> bool {
        let workload = &target.target.workload;
        let agrees = |(name, kind): &(&str, Option<&str>)| {
            *name == workload.name
                && kind.is_none_or(|kind| kind.eq_ignore_ascii_case(workload.kind.as_str()))
        };
        self.namespace == workload.namespace && self.names.iter().all(agrees)
    }

    fn shown(&self) -> String {
        let (name, kind) = self.names.first().copied().unwrap_or_default();
        format!(
            "{}/{}/{name}",
            self.namespace,
            short(&visible(kind.unwrap_or("*")))
        )
    }
}

/// A kind is not checked, so it must not break the line that it is shown in.
fn visible(text: &str) -> String {
    text.escape_debug().collect()
}
