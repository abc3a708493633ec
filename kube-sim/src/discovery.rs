//! What the server says it can do.

use serde_json::{Value, json};

use crate::{
    resource::{RESOURCES, Route},
    world::World,
};

pub(crate) fn version() -> Value {
    json!({ "major": "1", "minor": "36", "gitVersion": "v1.36.0-kube-sim" })
}

/// The resources of a group and version; `None` when there are none.
pub(crate) fn group(world: &World, route: &Route<'_>) -> Option<Value> {
    let verbs = json!([
        "create", "delete", "get", "list", "patch", "update", "watch"
    ]);
    let served = RESOURCES.iter().filter(|known| {
        known.group == route.group && known.version == route.version && world.is_served(known)
    });
    let mut resources = Vec::new();
    for known in served {
        resources.push(json!({
            "name": known.plural,
            "singularName": known.kind.to_lowercase(),
            "namespaced": true,
            "kind": known.kind,
            "verbs": verbs,
        }));
        if known.has_scale {
            resources.push(json!({
                "name": format!("{}/scale", known.plural),
                "singularName": "",
                "namespaced": true,
                "group": "autoscaling",
                "version": "v1",
                "kind": "Scale",
                "verbs": ["get", "patch", "update"],
            }));
        }
    }
    let group_version = if route.group.is_empty() {
        route.version.to_owned()
    } else {
        format!("{}/{}", route.group, route.version)
    };
    (!resources.is_empty()).then(|| {
        json!({
            "kind": "APIResourceList",
            "apiVersion": "v1",
            "groupVersion": group_version,
            "resources": resources,
        })
    })
}
