//! Which workload a group's reaction may change.

use lag_core::{Bounds, OnAutoscaler, RestartWay, TargetMap, TargetRule, WorkloadKind};

use super::wire::Target;
use crate::config::{
    ConfigError, File,
    entry::Entry,
    file::Text,
    object::kind,
    pick::{Found, Picker, number},
};

const MOST_REPLICAS: u32 = 10_000;
const MOST_PARTITIONS: u32 = 1_000_000;

pub(super) fn resolve(file: &File, picker: Picker<'_>) -> Result<TargetMap, ConfigError> {
    let rule = |(index, written): (usize, &serde_saphyr::Spanned<Target>)| {
        let entry = Entry {
            picker,
            name: format!("targets[{index}]"),
            line: written.referenced.line(),
        };
        rule(&written.value, &entry)
    };
    let rules = file.targets.iter().enumerate().map(rule);
    let rules = rules.collect::<Result<Vec<_>, _>>()?;
    let allowed = picker.many_in_file("allow", &file.allow)?;
    let allowed = allowed.iter().map(Found::read).collect::<Result<_, _>>()?;
    let map = TargetMap {
        rules,
        allowed: file.allow.as_ref().map(|_| allowed),
    };
    map.check()
        .map_err(|error| ConfigError::new(error.place, error.problem))?;
    Ok(map)
}

fn rule(keys: &Target, entry: &Entry<'_>) -> Result<TargetRule, ConfigError> {
    let groups = entry.groups(&keys.groups)?;
    let instances = entry.patterns("instances", &keys.instances)?;
    let namespace = entry.needed("namespace", &keys.namespace, "name the workload's")?;
    let kind = kind(&entry.needed("kind", &keys.kind, "write Deployment, for example")?)?;
    let name = entry.needed(
        "name",
        &keys.name,
        "write the workload's, or a template such as \"{group|strip_suffix:_docking_analog|replace:_:-}\"",
    )?;
    let replicas = [&keys.min_replicas, &keys.max_replicas, &keys.partitions];
    let bounds = bounds(replicas, &kind, entry)?;
    let partitions = entry
        .one("partitions", &keys.partitions)?
        .map(|found| number(&found, 1, MOST_PARTITIONS, "partitions"));
    let restart = entry.one("restart", &keys.restart)?;
    let way = restart.as_ref().map(|found| {
        found.choose(&[
            ("rollout", RestartWay::Rollout),
            ("evict", RestartWay::Evict),
        ])
    });
    let way = way.transpose()?;
    let is_possible = match (way, &kind) {
        (Some(RestartWay::Rollout), kind) => kind.can_restart(),
        (Some(RestartWay::Evict), WorkloadKind::Custom { .. }) => false,
        (Some(RestartWay::Evict) | None, _) => true,
    };
    if let (false, Some(found)) = (is_possible, restart) {
        let instead = match kind {
            WorkloadKind::Custom { .. } => "leave this out and let the stages scale",
            _ => "use evict, or leave this out and let the stages scale",
        };
        let problem = format!("{} cannot be restarted so: {instead}", kind.as_str());
        return Err(found.wrong(problem));
    }
    let autoscaler = entry.one("autoscaler", &keys.autoscaler)?.map(|found| {
        found.choose(&[
            ("refuse", OnAutoscaler::Refuse),
            ("raise-min", OnAutoscaler::RaiseMin),
        ])
    });
    Ok(TargetRule {
        place: entry.place(),
        groups,
        instances,
        namespace: namespace.read()?,
        kind,
        name: name.read()?,
        bounds,
        partitions: partitions.transpose()?,
        restart: way.unwrap_or_default(),
        autoscaler: autoscaler.transpose()?.unwrap_or_default(),
    })
}

/// A kind that can be restarted only has no number, and so no bounds: those it gets are never looked at.
pub(in crate::config) fn bounds(
    [min, max, partitions]: [&Text; 3],
    kind: &WorkloadKind,
    entry: &Entry<'_>,
) -> Result<Bounds, ConfigError> {
    let min = entry.one("min_replicas", min)?;
    let max = entry.one("max_replicas", max)?;
    if !kind.can_scale() {
        let partitions = entry.one("partitions", partitions)?;
        if let Some(found) = min.or(max).or(partitions) {
            let problem = format!(
                "a {} has no number of replicas: leave this out",
                kind.as_str()
            );
            return Err(found.wrong(problem));
        }
        return Bounds::try_from((1, 1)).map_err(|error| entry.lacks("kind", error.to_string()));
    }
    let what = "replicas; a workload at 0 was switched off by somebody and stays so";
    let min = min.map_or(Ok(1), |found| number(&found, 1, MOST_REPLICAS, what))?;
    let Some(max) = max else {
        let problem =
            "nothing limits how far it is scaled: write the most replicas it may have, such as 10";
        return Err(entry.lacks("max_replicas", problem));
    };
    let most = number(&max, 1, MOST_REPLICAS, "replicas")?;
    Bounds::try_from((min, most)).map_err(|error| max.wrong(error.to_string()))
}
