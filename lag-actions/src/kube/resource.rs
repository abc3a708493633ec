//! Resources of the API: where they lie, and which rule of a Role opens them.

use std::fmt;

use lag_core::{
    Workload, WorkloadKind,
    port::{PortError, PortErrorKind},
};

/// A resource in a namespace: one object when it has a name, else all of its kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Resource {
    pub(super) namespace: String,
    pub(super) group: String,
    version: String,
    plural: String,
    name: Option<String>,
    sub: Option<&'static str>,
}

impl Resource {
    fn all(group: &str, version: &str, plural: &str, namespace: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            group: group.to_owned(),
            version: version.to_owned(),
            plural: plural.to_owned(),
            name: None,
            sub: None,
        }
    }

    pub(super) fn named(self, name: &str) -> Self {
        Self {
            name: Some(name.to_owned()),
            ..self
        }
    }

    pub(super) fn sub(self, sub: &'static str) -> Self {
        Self {
            sub: Some(sub),
            ..self
        }
    }

    pub(super) fn workload(workload: &Workload) -> Self {
        let apps = |plural| Self::all("apps", "v1", plural, &workload.namespace);
        let all = match &workload.kind {
            WorkloadKind::Deployment => apps("deployments"),
            WorkloadKind::StatefulSet => apps("statefulsets"),
            WorkloadKind::DaemonSet => apps("daemonsets"),
            WorkloadKind::ReplicaSet => apps("replicasets"),
            WorkloadKind::Custom {
                group,
                version,
                plural,
                ..
            } => Self::all(group, version, plural, &workload.namespace),
        };
        all.named(&workload.name)
    }

    pub(super) fn scale(workload: &Workload) -> Self {
        Self::workload(workload).sub("scale")
    }

    pub(super) fn replica_sets(namespace: &str) -> Self {
        Self::all("apps", "v1", "replicasets", namespace)
    }

    pub(super) fn pods(namespace: &str) -> Self {
        Self::all("", "v1", "pods", namespace)
    }

    pub(super) fn autoscalers(namespace: &str) -> Self {
        Self::all("autoscaling", "v2", "horizontalpodautoscalers", namespace)
    }

    pub(super) fn scaled_objects(namespace: &str) -> Self {
        Self::all("keda.sh", "v1alpha1", "scaledobjects", namespace)
    }

    pub(super) fn events(namespace: &str) -> Self {
        Self::all("events.k8s.io", "v1", "events", namespace)
    }

    pub(super) fn config_maps(namespace: &str) -> Self {
        Self::all("", "v1", "configmaps", namespace)
    }

    pub(super) fn leases(namespace: &str) -> Self {
        Self::all("coordination.k8s.io", "v1", "leases", namespace)
    }

    /// What access reviews ask for: group, resource, subresource, name.
    pub(super) fn attributes(&self) -> (&str, &str, Option<&'static str>, Option<&str>) {
        (&self.group, &self.plural, self.sub, self.name.as_deref())
    }

    /// The path in URLs. Names come from configuration and templates: one that would change the meaning of the path
    /// is refused.
    pub(super) fn path(&self) -> Result<String, PortError> {
        let segments = [&self.namespace, &self.version, &self.plural];
        let group = (!self.group.is_empty()).then_some(&self.group);
        for segment in segments.into_iter().chain(group).chain(self.name.as_ref()) {
            check(segment)?;
        }
        let mut path = match group {
            Some(group) => format!("/apis/{group}/{}", self.version),
            None => format!("/api/{}", self.version),
        };
        path = format!("{path}/namespaces/{}/{}", self.namespace, self.plural);
        for part in self.name.as_deref().into_iter().chain(self.sub) {
            path.push('/');
            path.push_str(part);
        }
        Ok(path)
    }

    /// The rule of a Role that allows `verbs`, in one line to paste.
    pub(super) fn rule<'a>(&'a self, verbs: &'a [&'static str]) -> Rule<'a> {
        Rule(self, verbs)
    }
}

fn check(segment: &str) -> Result<(), PortError> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    let begins = segment.starts_with(|c: char| c.is_ascii_alphanumeric());
    if begins && segment.chars().all(plain) {
        return Ok(());
    }
    Err(PortError::new(
        PortErrorKind::Invalid,
        format!("{segment:?} cannot be the name of a Kubernetes object: use a-z, 0-9, '-' and '.'"),
    ))
}

/// A rule of a Role.
pub(super) struct Rule<'a>(&'a Resource, &'a [&'static str]);

impl fmt::Display for Rule<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(resource, verbs) = self;
        let group = match resource.group.as_str() {
            "" => "\"\"",
            group => group,
        };
        write!(
            f,
            "- {{apiGroups: [{group}], resources: [{}",
            resource.plural
        )?;
        if let Some(sub) = resource.sub {
            write!(f, "/{sub}")?;
        }
        f.write_str("]")?;
        // An RBAC rule cannot pin the name of what does not exist yet, nor of a list; names of pods do not last.
        let pins = !verbs.contains(&"create") && !verbs.contains(&"list");
        if let Some(name) = resource.name.as_ref().filter(|_| pins) {
            write!(f, ", resourceNames: [{name}]")?;
        }
        write!(
            f,
            ", verbs: [{}]}} # Role in namespace {}",
            verbs.join(", "),
            resource.namespace
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_would_change_the_path_is_refused() {
        for name in ["", "a/b", "a?x", "..", ".", "../x", "A", "a b", "a%2f", "é"] {
            let error = Resource::pods("orders").named(name).path().unwrap_err();
            assert_eq!(error.kind, PortErrorKind::Invalid, "{name}");
            let error = Resource::pods(name).path().unwrap_err();
            assert_eq!(error.kind, PortErrorKind::Invalid, "{name}");
        }
    }

    #[test]
    fn paths_are_those_of_the_api() {
        let path = |resource: Resource| resource.path().unwrap();
        assert_eq!(
            path(Resource::pods("orders").named("p-0").sub("eviction")),
            "/api/v1/namespaces/orders/pods/p-0/eviction"
        );
        assert_eq!(
            path(Resource::autoscalers("orders")),
            "/apis/autoscaling/v2/namespaces/orders/horizontalpodautoscalers"
        );
    }

    #[test]
    fn a_rule_is_one_line_of_yaml() {
        let resource = Resource::pods("orders").named("p-0").sub("eviction");
        assert_eq!(
            resource.rule(&["create"]).to_string(),
            "- {apiGroups: [\"\"], resources: [pods/eviction], verbs: [create]} # Role in namespace orders"
        );
    }
}
