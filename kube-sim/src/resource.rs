//! The resources that exist here, and how a path names them.

use std::cmp::Ordering;

/// What the simulator does with objects of a resource beyond storing them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Has a pod template that rolls out, and pods.
    Workload,
    ReplicaSet,
    Pod,
    Autoscaler,
    ScaledObject,
    ConfigMap,
    Lease,
    Event,
}

/// One row of the table of resources.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Resource {
    pub(crate) group: &'static str,
    pub(crate) version: &'static str,
    pub(crate) plural: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) role: Role,
    /// Comes with an add-on: exists only once one of its objects was put.
    pub(crate) is_custom: bool,
    pub(crate) has_scale: bool,
}

const fn builtin(
    group: &'static str,
    version: &'static str,
    plural: &'static str,
    kind: &'static str,
    role: Role,
    has_scale: bool,
) -> Resource {
    Resource {
        group,
        version,
        plural,
        kind,
        role,
        is_custom: false,
        has_scale,
    }
}

/// Plural names are unique in it: they are the keys of the store.
pub(crate) static RESOURCES: [Resource; 11] = [
    builtin(
        "apps",
        "v1",
        "deployments",
        "Deployment",
        Role::Workload,
        true,
    ),
    builtin(
        "apps",
        "v1",
        "statefulsets",
        "StatefulSet",
        Role::Workload,
        true,
    ),
    builtin(
        "apps",
        "v1",
        "daemonsets",
        "DaemonSet",
        Role::Workload,
        false,
    ),
    builtin(
        "apps",
        "v1",
        "replicasets",
        "ReplicaSet",
        Role::ReplicaSet,
        true,
    ),
    builtin("", "v1", "pods", "Pod", Role::Pod, false),
    builtin("", "v1", "configmaps", "ConfigMap", Role::ConfigMap, false),
    builtin(
        "autoscaling",
        "v2",
        "horizontalpodautoscalers",
        "HorizontalPodAutoscaler",
        Role::Autoscaler,
        false,
    ),
    builtin(
        "coordination.k8s.io",
        "v1",
        "leases",
        "Lease",
        Role::Lease,
        false,
    ),
    builtin("events.k8s.io", "v1", "events", "Event", Role::Event, false),
    Resource {
        group: "keda.sh",
        version: "v1alpha1",
        plural: "scaledobjects",
        kind: "ScaledObject",
        role: Role::ScaledObject,
        is_custom: true,
        has_scale: false,
    },
    Resource {
        group: "argoproj.io",
        version: "v1alpha1",
        plural: "rollouts",
        kind: "Rollout",
        role: Role::Workload,
        is_custom: true,
        has_scale: true,
    },
];

impl Resource {
    pub(crate) fn by_plural(plural: &str) -> Option<&'static Self> {
        RESOURCES.iter().find(|known| known.plural == plural)
    }

    pub(crate) fn by_kind(api_version: &str, kind: &str) -> Option<&'static Self> {
        RESOURCES
            .iter()
            .find(|known| known.kind == kind && known.api_version() == api_version)
    }

    pub(crate) fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_owned()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// `deployments.apps`, as most messages name it.
    pub(crate) fn qualified(&self) -> String {
        qualified(self.plural, self.group)
    }

    /// `Lease.coordination.k8s.io`, as messages of validation name it.
    pub(crate) fn qualified_kind(&self) -> String {
        qualified(self.kind, self.group)
    }

    /// Whether a change of `spec` counts `metadata.generation` up.
    pub(crate) fn has_generation(&self) -> bool {
        self.is_custom || matches!(self.role, Role::Workload | Role::ReplicaSet)
    }

    /// Whether `status` is left alone by writes to the object itself.
    pub(crate) fn has_status(&self) -> bool {
        !matches!(self.role, Role::ConfigMap | Role::Lease | Role::Event)
    }
}

/// By the plural name, which is unique.
impl PartialOrd for Resource {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Resource {
    fn cmp(&self, other: &Self) -> Ordering {
        self.plural.cmp(other.plural)
    }
}

pub(crate) fn qualified(name: &str, group: &str) -> String {
    if group.is_empty() {
        name.to_owned()
    } else {
        format!("{name}.{group}")
    }
}

/// A path below `/api/v1` or `/apis/<group>/<version>`, in its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Route<'a> {
    pub(crate) group: &'a str,
    pub(crate) version: &'a str,
    /// Empty when the path asks for the resources of the group.
    pub(crate) plural: &'a str,
    pub(crate) namespace: Option<&'a str>,
    pub(crate) name: Option<&'a str>,
    pub(crate) subresource: Option<&'a str>,
}

impl<'a> Route<'a> {
    pub(crate) fn parse(path: &'a str) -> Option<Self> {
        let parts: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
        let (group, version, rest) = match parts.as_slice() {
            ["api", version, rest @ ..] => ("", *version, rest),
            ["apis", group, version, rest @ ..] => (*group, *version, rest),
            _ => return None,
        };
        let (namespace, rest) = match rest {
            ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (Some(*namespace), rest),
            rest => (None, rest),
        };
        let (plural, name, subresource) = match rest {
            [] => ("", None, None),
            [plural] => (*plural, None, None),
            [plural, name] => (*plural, Some(*name), None),
            [plural, name, subresource] => (*plural, Some(*name), Some(*subresource)),
            _ => return None,
        };
        let route = Self {
            group,
            version,
            plural,
            namespace,
            name,
            subresource,
        };
        let is_whole = !rest.contains(&"") && !group.contains(' ') && namespace != Some("");
        is_whole.then_some(route)
    }

    /// The row of the table, whether or not its add-on is installed.
    pub(crate) fn resource(&self) -> Option<&'static Resource> {
        Resource::by_plural(self.plural)
            .filter(|known| known.group == self.group && known.version == self.version)
    }

    /// `deployments` or `deployments/scale`, as access rules name it.
    pub(crate) fn full_resource(&self) -> String {
        match self.subresource {
            Some(subresource) => format!("{}/{subresource}", self.plural),
            None => self.plural.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{RESOURCES, Route};

    #[test]
    fn a_path_is_taken_apart() {
        let route = Route::parse("/apis/apps/v1/namespaces/demo/deployments/consumer/scale");
        let expected = Route {
            group: "apps",
            version: "v1",
            plural: "deployments",
            namespace: Some("demo"),
            name: Some("consumer"),
            subresource: Some("scale"),
        };
        assert_eq!(route, Some(expected));
        let route = Route::parse("/api/v1/namespaces/demo/pods").unwrap();
        assert_eq!((route.group, route.plural, route.name), ("", "pods", None));
        let route = Route::parse("/apis/apps/v1").unwrap();
        assert_eq!((route.group, route.plural), ("apps", ""));
        for path in [
            "/",
            "/healthz",
            "/apis/apps",
            "/api/v1/namespaces/demo/pods/",
        ] {
            assert_eq!(Route::parse(path), None, "{path}");
        }
    }

    #[test]
    fn plural_names_are_unique() {
        let names: BTreeSet<_> = RESOURCES.iter().map(|known| known.plural).collect();
        assert_eq!(names.len(), RESOURCES.len());
    }
}
