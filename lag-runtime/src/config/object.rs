//! Objects of a cluster, as written: names, kinds, workloads.

use lag_core::{Workload, WorkloadKind};

use super::{ConfigError, pick::Found};

/// Whether a namespace can be called so.
pub(super) fn is_namespace(text: &str) -> bool {
    is_name(text) && text.len() <= 63 && !text.contains('.')
}

/// Whether an object can be called so.
pub(super) fn is_name(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
    let end = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.chars().all(plain) && text.starts_with(end) && text.ends_with(end) && text.len() <= 253
}

/// `NAMESPACE/KIND/NAME` of something that has replicas.
pub(super) fn workload(found: &Found) -> Result<Workload, ConfigError> {
    let parts = found.text.split_once('/').and_then(|(namespace, rest)| {
        let (kind, name) = rest.rsplit_once('/')?;
        (is_namespace(namespace) && is_name(name)).then_some((namespace, kind, name))
    });
    let Some((namespace, written, name)) = parts else {
        let problem = format!(
            "{:?} names no workload: write NAMESPACE/KIND/NAME, such as orders/Deployment/consumer",
            found.text
        );
        return Err(found.wrong(problem));
    };
    let kind = kind(&Found {
        place: found.place.clone(),
        text: written.to_owned(),
    })?;
    if !kind.can_scale() {
        let kind = kind.as_str();
        return Err(found.wrong(format!("a {kind} has no number of replicas")));
    }
    Ok(Workload {
        namespace: namespace.to_owned(),
        kind,
        name: name.to_owned(),
    })
}

/// A kind that is known, or `GROUP/VERSION/KIND/PLURAL`.
pub(super) fn kind(found: &Found) -> Result<WorkloadKind, ConfigError> {
    let known = |kind: &str| match kind {
        "Deployment" => Some(WorkloadKind::Deployment),
        "StatefulSet" => Some(WorkloadKind::StatefulSet),
        "DaemonSet" => Some(WorkloadKind::DaemonSet),
        "ReplicaSet" => Some(WorkloadKind::ReplicaSet),
        _ => None,
    };
    if let Some(kind) = known(&found.text) {
        return Ok(kind);
    }
    let unknown = || {
        found.wrong(format!(
            "{:?} is not known: use Deployment, StatefulSet, DaemonSet, ReplicaSet, or GROUP/VERSION/KIND/PLURAL such as \
             argoproj.io/v1alpha1/Rollout/rollouts",
            found.text
        ))
    };
    let parts: Vec<_> = found.text.split('/').collect();
    let [group, version, kind, plural] = parts.as_slice() else {
        return Err(unknown());
    };
    let lower = |text: &str| {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
        !text.is_empty() && text.chars().all(plain)
    };
    let is_kind = kind.starts_with(|c: char| c.is_ascii_uppercase())
        && kind.chars().all(|c| c.is_ascii_alphanumeric());
    if !(lower(group) && lower(version) && is_kind && lower(plural)) {
        return Err(unknown());
    }
    // Else what is known of the kind (no rollout, no replicas) would be forgotten.
    if *group == "apps" && known(kind).is_some() {
        return Err(found.wrong(format!("write {kind} alone")));
    }
    Ok(WorkloadKind::Custom {
        group: (*group).to_owned(),
        version: (*version).to_owned(),
        kind: (*kind).to_owned(),
        plural: (*plural).to_owned(),
    })
}
